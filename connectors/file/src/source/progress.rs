//! How far a reader has come in a split of lines.

use seatunnel_api::{Batch, Output, Result};

use super::split::FileSplit;

/// The position in a split: a byte of a plain file, or a number of rows where a file has to be
/// unpacked or decoded from its start.
pub(crate) struct Progress {
    position: FileSplit,
    by_bytes: bool,
    /// Rows that were read before a restart and come again now.
    known: u64,
    rows: u64,
}

impl Progress {
    pub(crate) fn new(split: FileSplit, by_bytes: bool) -> Self {
        let known = if by_bytes { 0 } else { split.rows };
        Self {
            position: split,
            by_bytes,
            known,
            rows: 0,
        }
    }

    /// Hands the rows of a document on, as many at a time as a batch should have.
    ///
    /// # Errors
    /// If the job is stopping.
    pub(crate) async fn emit_in_pieces(
        &mut self,
        batch: Batch,
        out: &mut Output<'_, FileSplit>,
    ) -> Result<()> {
        let (rows, size) = (batch.num_rows(), out.batch_size().rows);
        for from in (0..rows).step_by(size) {
            let piece = batch.slice(from, size.min(rows - from));
            self.emit(piece, 0, out).await?;
        }
        Ok(())
    }

    /// Hands rows on; `offset` is the byte of the file behind them.
    pub(crate) async fn emit(
        &mut self,
        batch: Batch,
        offset: u64,
        out: &mut Output<'_, FileSplit>,
    ) -> Result<()> {
        let rows = batch.num_rows() as u64;
        if self.by_bytes {
            self.position.start = offset;
            return out.emit(batch, &self.position).await;
        }
        self.rows += rows;
        let skipped = self.known.min(rows);
        self.known -= skipped;
        if skipped == rows {
            return Ok(());
        }
        self.position.rows = self.rows;
        let new = batch.slice(skipped as usize, (rows - skipped) as usize);
        out.emit(new, &self.position).await
    }
}
