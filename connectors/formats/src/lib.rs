//! Formats of messages: from bytes into columns and back.

pub mod avro;
mod codes;
pub mod columns;
mod fault;

mod change;
mod decoder;
mod json;
mod options;
mod scalars;
mod text;

pub use decoder::{Decoder, Message, schema_of};
pub use options::{Format, FormatOptions, TableFilter};
pub mod registry;
