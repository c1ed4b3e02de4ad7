//! Private Apache Kafka brokers for tests, on Linux, with Java 17; their jars come from Maven (`scripts/kafka.sh`).
//!
//! A broker lives in a temporary folder, listens on free ports of 127.0.0.1, and ends with the test process, however
//! that ends. Most tests share the one broker of their process, each with topics of its own:
//!
//! ```no_run
//! let kafka = seatunnel_kafka_testkit::Kafka::shared();
//! let topic = kafka.topic("orders", 3);
//! kafka.produce(&topic, 0, &["a", "b"]);
//! assert_eq!(kafka.values(&topic), ["a", "b"]);
//! println!("{}", kafka.servers());
//! ```
//!
//! Tests that kill, stop or configure a broker start their own: [`Kafka::start`], [`Kafka::with`], [`Kafka::secured`].
//!
//! Everything panics when it fails: a test can't go on.

mod broker;
mod topics;
mod traffic;

pub use broker::{Kafka, PASSWORD, USER};
pub use seatunnel_jdbc_testkit::Certificates;
pub use traffic::{Record, Transaction};
