//! Kafka source and sink, over librdkafka.
//!
//! A partition is a split. A reader has one consumer that reads all its partitions at once.

mod client;
mod codes;
mod options;

pub use options::{ClientOptions, Properties};
