//! Files of formats that are not lines: where their bytes are, and what goes wrong with them.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use seatunnel_api::{Batch, Column, Error, Output, Result, RowKinds};
use seatunnel_file_formats::{Fault, ReadAt};
use seatunnel_file_store::RandomFile;

use super::parquet_rows::{cast, missing};
use super::split::FileSplit;
use super::streams::{Parts, Stream, read_failed};
use super::table::FileTable;
use crate::codes;

/// Bytes of a file that are kept in memory at most; larger ones go through a temporary file.
const IN_MEMORY: u64 = 8 << 20;

/// A file of a store whose bytes are read here and there.
struct Placed {
    file: RandomFile,
    size: u64,
}

impl ReadAt for Placed {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.file.bytes(offset, out.len())?;
        out.copy_from_slice(&bytes);
        Ok(())
    }

    fn bytes_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        // Asked before memory is: a length out of a damaged file may be anything.
        match offset.checked_add(length as u64) {
            Some(end) if end <= self.size => self.file.bytes(offset, length),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// The bytes of a file of a table, to be read here and there.
///
/// # Errors
/// If it can't be read.
pub(crate) fn open(table: &FileTable, path: &Path) -> Result<Arc<dyn ReadAt>> {
    open_at(&table.place, path)
}

/// The bytes of a file, to be read here and there.
///
/// # Errors
/// If it can't be read.
pub(crate) fn open_at(place: &crate::place::Place, path: &Path) -> Result<Arc<dyn ReadAt>> {
    let opened = place.open(path).and_then(|file| {
        let size = file.size()?;
        Ok(Placed { file, size })
    });
    Ok(Arc::new(opened.map_err(|e| read_failed(path, e))?))
}

/// A file, or the files in it, each to be read here and there.
pub(crate) enum Contents {
    /// The file as it is.
    Plain(Option<Arc<dyn ReadAt>>),
    /// What is packed in it.
    Packed(Parts),
}

impl Contents {
    /// Those of a file of a table.
    ///
    /// # Errors
    /// If it can't be read, or is not packed as the options say.
    pub(crate) fn open(table: &FileTable, path: &Path) -> Result<Self> {
        Ok(match table.packing.is_plain() {
            true => Self::Plain(Some(open(table, path)?)),
            false => Self::Packed(table.packing.open(&table.place, path, None)?),
        })
    }

    /// The next one; none if there are no more. `path` is the file's.
    ///
    /// # Errors
    /// If it can't be read, or there is no room for a temporary file.
    pub(crate) fn next(&mut self, path: &Path) -> Result<Option<Arc<dyn ReadAt>>> {
        match self {
            Self::Plain(content) => Ok(content.take()),
            Self::Packed(parts) => {
                let content = parts.next(path)?.map(set_down).transpose();
                content.map_err(|e| read_failed(path, e))
            }
        }
    }
}

/// The content of a stream, to be read here and there.
fn set_down(mut stream: Stream) -> io::Result<Arc<dyn ReadAt>> {
    let mut content = Vec::new();
    (&mut stream)
        .take(IN_MEMORY + 1)
        .read_to_end(&mut content)?;
    if content.len() as u64 <= IN_MEMORY {
        return Ok(Arc::new(Bytes::from(content)));
    }
    let mut file = tempfile::tempfile()?;
    file.write_all(&content)?;
    io::copy(&mut stream, &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(Arc::new(file))
}

/// An error of a format, told of the file that has it.
pub(crate) fn told(path: &Path, format: &str, fault: Fault) -> Error {
    match fault {
        Fault::Io(error) => read_failed(path, error),
        Fault::Malformed(what) => Error::new(
            codes::MALFORMED,
            format!("{} can't be read as {format}: {what}", path.display()),
        )
        .with_help("check that the file was written to its end, and `file_format_type`"),
        Fault::Unsupported(what) => Error::new(
            codes::UNSUPPORTED,
            format!("{} can't be read as {format}: {what}", path.display()),
        ),
        Fault::Value { row, column, why } => Error::new(codes::VALUE_INVALID, why)
            .with_context("file", path.display())
            .with_context("row", row)
            .with_context("column", column),
        Fault::Told(error) => error.with_context("file", path.display()),
    }
}

/// For each column that is wanted its place among those of a file: by name, exactly or in another case.
///
/// # Errors
/// If one is missing.
pub(crate) fn places(table: &FileTable, schema: &SchemaRef, path: &Path) -> Result<Vec<usize>> {
    let find = |index: &usize| {
        let column = &table.file_columns[*index];
        let alike = || {
            let mut fields = schema.fields().iter();
            fields.position(|f| f.name().eq_ignore_ascii_case(&column.name))
        };
        let exact = schema.index_of(&column.name).ok();
        exact
            .or_else(alike)
            .ok_or_else(|| missing(schema, column, path))
    };
    table.wanted.iter().map(find).collect()
}

/// A batch of the table out of columns of a file: `find` gives the one for a column that is wanted.
///
/// # Errors
/// If a value can't become one of its column's type.
pub(crate) fn as_table<'a>(
    table: &FileTable,
    path: &Path,
    rows: usize,
    find: impl Fn(usize) -> &'a ArrayRef,
) -> Result<Batch> {
    let wanted = table.wanted.iter().enumerate();
    let columns = wanted.map(|(place, index)| {
        let column: &Column = &table.file_columns[*index];
        cast(find(place), column, path)
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    table.with_partitions(path, columns, rows)
}

/// The same rows with other kinds than inserts.
pub(crate) fn with_kinds(batch: Batch, kinds: RowKinds) -> Batch {
    let (table, records) = (batch.table().clone(), batch.records().clone());
    Batch::new(table, records, kinds).with_facts_of(&batch)
}

/// Hands a batch on in pieces that are no larger than batches should be; `position` is told how many rows each has.
///
/// # Errors
/// If the job is stopping.
pub(crate) async fn emit_in_pieces(
    batch: Batch,
    out: &mut Output<'_, FileSplit>,
    mut position: impl FnMut(u64) -> FileSplit,
) -> Result<()> {
    let size = out.batch_size();
    // Values that repeat take less in the file than in memory.
    let parts = batch.num_bytes().div_ceil(size.bytes);
    let part = batch.num_rows().div_ceil(parts.max(1)).clamp(1, size.rows);
    for from in (0..batch.num_rows()).step_by(part) {
        let piece = batch.slice(from, part.min(batch.num_rows() - from));
        let split = position(piece.num_rows() as u64);
        out.emit(piece, &split).await?;
    }
    Ok(())
}
