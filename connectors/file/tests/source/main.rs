//! The LocalFile source as an engine drives it, with real files.
#![allow(clippy::unwrap_used)]

mod csv;
mod discovery;
mod facts;
mod formats;
mod json;
mod listing;
mod packed;
mod parquet_files;
mod round_trips;
#[path = "../sink/support.rs"]
#[allow(dead_code)]
mod sink_support;
mod splits;
mod support;
mod text;
mod update;
