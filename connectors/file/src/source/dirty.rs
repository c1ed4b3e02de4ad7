//! Lines that are no rows, where the job goes on without them.

use seatunnel_api::{Batch, DirtyRows, Error, Result};

use super::table::FileTable;

/// Bytes of a line that are kept at most.
const MOST_TEXT: usize = 1 << 20;

/// A line that is no row.
pub(crate) struct DirtyLine {
    pub(crate) error: Error,
    pub(crate) text: String,
}

impl DirtyLine {
    /// A line, with its end, and what is wrong with it.
    pub(crate) fn new(error: Error, line: &[u8]) -> Self {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let cut = &line[..line.len().min(MOST_TEXT)];
        let mut text = String::from_utf8_lossy(cut).into_owned();
        if cut.len() < line.len() {
            text.push('…');
        }
        Self { error, text }
    }
}

/// What was read of a file at a time.
pub(crate) struct Lines {
    /// The rows; none if there is no good one.
    pub(crate) batch: Option<Batch>,
    /// Bytes that they and the dirty ones took.
    pub(crate) used: usize,
    pub(crate) dirty: Vec<DirtyLine>,
}

/// Sets lines aside.
///
/// # Errors
/// If dirty rows are not allowed, or too many.
pub(crate) async fn set_aside(
    lines: Vec<DirtyLine>,
    table: &FileTable,
    dirty: &DirtyRows,
) -> Result<()> {
    for line in lines {
        let rejected = dirty.reject_text(&table.table, &line.text, line.error);
        rejected.await?;
    }
    Ok(())
}
