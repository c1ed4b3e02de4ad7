//! Formats of files: from bytes into columns and back, wherever the bytes lie.
//!
//! | module | reads from | writes | position of a reader |
//! |---|---|---|---|
//! | [`orc`] | random access | stripes | stripe, rows of it |
//! | [`avro`] | random access | blocks | byte of a block, rows of it |
//! | [`excel`] | random access | a sheet | rows |
//! | [`xml`] | a stream | elements | rows |
//! | [`markdown`] | a text | - | rows |
//! | [`word`] | random access | - | rows |
//! | [`packing`] | a stream | a stream | - |
//!
//! A format that has no types of its own (`excel`, `xml`) gives columns of texts: what they stand for, and which rows
//! are wrong, is for those to say who know the table.

pub mod avro;
mod cells;
pub mod excel;
mod fault;
pub mod markdown;
pub mod orc;
pub mod packing;
mod source;
mod texts;
pub mod word;
mod writer;
pub mod xml;

pub use cells::{TextRules, TimePatterns};
pub use fault::{Fault, Result};
pub use source::{ReadAt, Reading};
pub use texts::TextColumns;
pub use writer::FileWriter;
