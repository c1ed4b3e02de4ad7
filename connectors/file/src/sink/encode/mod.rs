//! Files of each format that are being written.

mod parquet_file;
mod rows;

pub(crate) use parquet_file::{MEMORY, ParquetFile, ParquetSettings, is_supported};
pub(crate) use rows::{LineEncoder, LineStyle};
pub(crate) use seatunnel_formats::cells::{Delimited, Json, TimeText};
