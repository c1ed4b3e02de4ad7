//! Files that are being written.

use std::io::Write;

use arrow_array::RecordBatch;

use crate::Result;

/// A file of some format that is being written.
pub trait FileWriter<W: Write>: Send {
    /// Adds rows; their columns are those that the writer was made for.
    ///
    /// # Errors
    /// If a value has no place in the format (then nothing of the rows is written), or the file can't be written.
    fn write(&mut self, rows: &RecordBatch) -> Result<()>;

    /// Bytes that it holds in memory and [`FileWriter::flush`] would write out.
    fn memory(&self) -> usize;

    /// Writes out what it can, so that nothing is held in memory.
    ///
    /// # Errors
    /// If the file can't be written.
    fn flush(&mut self) -> Result<()>;

    /// What is written to. Nothing else may write to it.
    fn inner_mut(&mut self) -> &mut W;

    /// Writes what is left.
    ///
    /// # Errors
    /// If the file can't be written.
    fn finish(self: Box<Self>) -> Result<W>;
}
