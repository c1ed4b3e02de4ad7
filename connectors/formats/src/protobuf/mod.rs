//! Protocol Buffers: rows as messages of a given `.proto`.
//!
//! Source of the rules: Protocol Buffers documentation, "Encoding", "Field Presence"; Confluent Platform
//! documentation, "Wire format" for what serializers with a schema registry put in front.

mod bind;
mod decoder;
mod encoder;
mod input;
mod options;
mod plan;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod write;

pub use decoder::ProtobufDecoder;
pub use encoder::{ProtobufEncoder, ProtobufRows};
pub use options::ProtobufOptions;
