//! Reads documents of Word.

use std::path::Path;

use arrow_array::Array;
use seatunnel_api::{Output, Result};
use seatunnel_file_formats::{Reading, word};

use super::progress::Progress;
use super::split::FileSplit;
use super::table::FileTable;
use super::whole::{Contents, told};

/// Reads the paragraphs and tables of a document, whose text is held in memory.
///
/// # Errors
/// If the file is no document of Word, or can't be read.
pub(crate) async fn read(
    table: &FileTable,
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
) -> Result<()> {
    let path = Path::new(&split.path).to_owned();
    let mut progress = Progress::new(split, false);
    let mut contents = Contents::open(table, &path)?;
    while let Some(content) = contents.next(&path)? {
        let columns = word::read(Reading::new(content, 0));
        let columns = columns.map_err(|e| told(&path, "a document of Word", e))?;
        let rows = columns.first().map_or(0, |column| column.len());
        let wanted = table.wanted.iter().map(|index| columns[*index].clone());
        let batch = table.with_partitions(&path, wanted.collect(), rows)?;
        progress.emit_in_pieces(batch, out).await?;
    }
    Ok(())
}
