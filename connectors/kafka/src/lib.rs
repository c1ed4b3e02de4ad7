//! Kafka source and sink, over librdkafka.
//!
//! A partition is a split. A reader has one consumer that reads all its partitions at once.

mod client;
mod codes;
mod options;
mod sink;
mod sink_options;
mod transaction;

pub use options::{ClientOptions, Properties};
pub use sink::KafkaSinkFactory;
pub use sink_options::{KafkaSinkOptions, Semantics};
