//! Files of each format that are being written.

mod binary;
mod changes;
mod dictionaries;
mod int96;
mod parquet_file;
mod rows;
mod whole_file;

pub(crate) use binary::BinaryEncoder;
pub(crate) use changes::{ChangeEncoder, Changed};
pub(crate) use int96::Int96Columns;
pub(crate) use parquet_file::{MEMORY, ParquetFile, ParquetSettings, is_supported};
pub(crate) use rows::{LineEncoder, LineStyle};
pub(crate) use whole_file::{WholeFile, WholeSettings};

pub(crate) use seatunnel_formats::cells::{Delimited, Json, TimeText};
