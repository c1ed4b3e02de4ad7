//! Reads XML.

use std::io::BufReader;
use std::path::Path;

use arrow_array::Array;
use seatunnel_api::{DirtyRows, Output, Result};
use seatunnel_file_formats::xml::{XmlRows, XmlRules};

use super::dirty::set_aside;
use super::progress::Progress;
use super::split::FileSplit;
use super::streams::Transcoder;
use super::table::FileTable;
use super::text_values::TextValues;
use super::whole::told;

/// Reads the rows of a document.
///
/// # Errors
/// If the file can't be read, is not well-formed, or a text is not of its column's type.
pub(crate) async fn read(
    table: &FileTable,
    (rules, values): (&XmlRules, &TextValues),
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
    dirty: &DirtyRows,
) -> Result<()> {
    let path = Path::new(&split.path).to_owned();
    let mut parts = table.packing.open(&table.place, &path, None)?;
    let mut progress = Progress::new(split, false);
    while let Some(stream) = parts.next(&path)? {
        let stream = match table.encoding {
            Some(encoding) => Box::new(Transcoder::new(stream, encoding)),
            None => stream,
        };
        let stream = BufReader::with_capacity(64 << 10, stream);
        let mut rows = XmlRows::new(stream, rules.clone());
        let mut before = 0;
        loop {
            let size = out.batch_size();
            let next = rows.next_rows(size.rows, size.bytes);
            let Some(columns) = next.map_err(|e| told(&path, "XML", e))? else {
                break;
            };
            let found = values.batch(table, &path, &columns, before, dirty.is_on())?;
            before += columns.first().map_or(0, |c| c.len() as u64);
            if let Some(batch) = found.batch {
                progress.emit(batch, 0, out).await?;
            }
            set_aside(found.dirty, table, dirty).await?;
        }
    }
    Ok(())
}
