//! Reads Markdown.

use std::io::Read;
use std::path::Path;

use seatunnel_api::{Batch, Output, Result};
use seatunnel_file_formats::markdown;

use super::chunks;
use super::progress::Progress;
use super::split::FileSplit;
use super::streams::{Transcoder, read_failed};
use super::table::FileTable;

/// The column with the text of a part.
const TEXT: usize = 3;
/// Bytes that a document may have.
const MOST: u64 = 256 << 20;

/// Reads the parts of a document, which is held in memory; `with_chunks` adds what [`chunks`] tells of them.
///
/// # Errors
/// If the file can't be read, is no text or too long.
pub(crate) async fn read(
    table: &FileTable,
    with_chunks: bool,
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
) -> Result<()> {
    let path = Path::new(&split.path).to_owned();
    let mut parts = table.packing.open(&table.place, &path, None)?;
    let mut progress = Progress::new(split, false);
    while let Some(stream) = parts.next(&path)? {
        let stream = match table.encoding {
            Some(encoding) => Box::new(Transcoder::new(stream, encoding)),
            None => stream,
        };
        let mut text = String::new();
        let read = stream.take(MOST + 1).read_to_string(&mut text);
        let read = read.and_then(|_| match text.len() as u64 > MOST {
            true => Err(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                "a document of more than 256 MiB is too long",
            )),
            false => Ok(()),
        });
        read.map_err(|e| read_failed(&path, e))?;
        let mut columns = markdown::read(text.strip_prefix('\u{feff}').unwrap_or(&text));
        let rows = columns.first().map_or(0, |c| c.len());
        if with_chunks {
            columns.extend(chunks::of(&table.place.address(&path), &columns[TEXT]));
        }
        let wanted = table.wanted.iter().map(|index| columns[*index].clone());
        let batch: Batch = table.with_partitions(&path, wanted.collect(), rows)?;
        progress.emit_in_pieces(batch, out).await?;
    }
    Ok(())
}
