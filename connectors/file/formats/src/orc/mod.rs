//! Apache ORC.
//!
//! Reading is orc-rust's work. Writing is not: its writer has no decimals, lists, maps and structs. What this one
//! writes follows the specification of ORC v1 (encodings of version 0.12): integers in the second version of the
//! run-length encoding, no row indexes, statistics of files and stripes.

mod columns;
mod proto;
mod reader;
mod rle;
mod statistics;
mod streams;
mod tail;
mod types;
mod writer;

pub use reader::{OrcFile, OrcRows};
pub use streams::OrcCompression;
pub use types::check_column;
pub use writer::{OrcWriter, check_rows};
