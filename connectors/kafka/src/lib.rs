//! Kafka source and sink, over librdkafka.
//!
//! A partition is a split. A reader has one consumer that reads all its partitions at once.

mod client;
mod codes;
mod options;
mod sink;
mod sink_options;
mod source;
mod source_options;
mod transaction;

pub use options::{ClientOptions, Properties};
pub use sink::KafkaSinkFactory;
pub use sink_options::{KafkaSinkOptions, Semantics};
pub use source::{KafkaSourceFactory, KafkaSplit};
pub use source_options::{FormatErrors, KafkaSourceOptions, KafkaTableOptions, Offsets, StartMode};

/// Adds source and sink to a registry.
pub fn register(registry: seatunnel_api::Registry) -> seatunnel_api::Registry {
    registry.source(KafkaSourceFactory).sink(KafkaSinkFactory)
}
