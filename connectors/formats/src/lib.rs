//! Formats of messages: from bytes into columns and back.

pub mod avro;
pub mod cells;
mod codes;
pub mod columns;
mod fault;

mod change;
mod decoder;
mod digits;
mod encoder;
mod json;
mod native;
mod options;
pub mod protobuf;
pub mod registry;
mod scalars;
#[cfg(test)]
mod test_rows;
mod text;

pub use decoder::{Decoder, Message, Pushed, schema_of};
pub use encoder::{Encoder, Part};
pub use options::{Format, FormatOptions, TableFilter};
