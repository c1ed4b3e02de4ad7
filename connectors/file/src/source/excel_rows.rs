//! Reads workbooks of Excel.

use std::path::Path;
use std::sync::Arc;

use arrow_array::Array;
use seatunnel_api::{DirtyRows, Error, Output, Result, codes as api_codes};
use seatunnel_file_formats::excel::ExcelRules;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::dirty::set_aside;
use super::progress::Progress;
use super::split::FileSplit;
use super::table::FileTable;
use super::text_values::TextValues;
use super::whole::{Contents, told};

/// Batches that are read ahead.
const AHEAD: usize = 2;

/// Reads the rows of a sheet.
///
/// # Errors
/// If the file is no workbook, has no such sheet, or a cell is not of its column's type.
pub(crate) async fn read(
    table: &FileTable,
    (rules, values): (&Arc<ExcelRules>, &TextValues),
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
    dirty: &DirtyRows,
) -> Result<()> {
    let path = Path::new(&split.path).to_owned();
    let mut progress = Progress::new(split, false);
    let mut contents = Contents::open(table, &path)?;
    while let Some(content) = contents.next(&path)? {
        // The library reads all of a sheet in one go: on a thread of its own, which waits when it is ahead.
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let (rules, size) = (rules.clone(), out.batch_size());
        let reading = spawn_blocking(move || {
            rules.read(content, size.rows, size.bytes, &mut |columns| {
                Ok(sender.blocking_send(columns).is_ok())
            })
        });
        let mut before = 0;
        while let Some(columns) = receiver.recv().await {
            let found = values.batch(table, &path, &columns, before, dirty.is_on())?;
            before += columns.first().map_or(0, |c| c.len() as u64);
            if let Some(batch) = found.batch {
                progress.emit(batch, 0, out).await?;
            }
            set_aside(found.dirty, table, dirty).await?;
        }
        let read = reading.await.map_err(|e| {
            Error::new(api_codes::INTERNAL, "reading a workbook broke off")
                .with_context("file", path.display())
                .with_cause(e)
        })?;
        read.map_err(|e| told(&path, "a workbook of Excel", e))?;
    }
    Ok(())
}
