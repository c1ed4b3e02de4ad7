//! Files of each format that are being written.

mod cells;
mod delimited;
mod json;
mod number;
mod parquet_file;
mod rows;
mod time_text;

pub(crate) use delimited::Delimited;
pub(crate) use json::Json;
pub(crate) use parquet_file::{MEMORY, ParquetFile, ParquetSettings, is_supported};
pub(crate) use rows::{LineEncoder, LineStyle};
pub(crate) use time_text::TimeText;
