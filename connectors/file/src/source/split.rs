//! What one reader reads on its own.

use seatunnel_api::{Split, State};
use serde::{Deserialize, Serialize};

/// A file, or a part of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileSplit {
    /// Which table of the source.
    pub(crate) table: usize,
    /// The file.
    pub(crate) path: String,
    /// The first byte of a file of lines, or the first row group of a Parquet file. Moves on while
    /// lines of a plain file are read.
    pub(crate) start: u64,
    /// Behind the last byte or row group.
    pub(crate) end: u64,
    /// Rows that have been read already, where the position is not a byte.
    pub(crate) rows: u64,
    /// `start` as it was at first, which names the split.
    pub(crate) first: u64,
    /// When the file was changed, in microseconds since 1970, where it may be read again after it has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<i64>,
}

impl FileSplit {
    pub(crate) fn new(table: usize, path: &std::path::Path, start: u64, end: u64) -> Self {
        Self {
            table,
            path: path.to_string_lossy().into_owned(),
            start,
            end,
            rows: 0,
            first: start,
            changed: None,
        }
    }
}

impl State for FileSplit {}

impl Split for FileSplit {
    fn id(&self) -> String {
        let Self {
            table,
            path,
            first,
            end,
            ..
        } = self;
        match self.changed {
            None => format!("{table}:{path}[{first}..{end}]"),
            Some(changed) => format!("{table}:{path}[{first}..{end}]@{changed}"),
        }
    }
}
