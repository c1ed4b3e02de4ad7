//! The LocalFile sink as an engine drives it, with real files.
#![allow(clippy::unwrap_used)]

mod failures;
mod formats;
mod lines;
mod names;
mod parquet_files;
mod partitions;
mod save_modes;
mod support;
mod transactions;
