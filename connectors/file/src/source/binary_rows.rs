//! Reads files as they are, in pieces.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, Int64Builder, StringBuilder};
use arrow_array::{Array, ArrayRef};
use seatunnel_api::{Batch, Column, DataType, Error, Output, Result};

use super::split::FileSplit;
use super::streams::{Stream, read_failed};
use super::table::FileTable;
use crate::codes;

/// Bytes of a piece if the job file does not say.
pub(crate) const CHUNK: u64 = 1024;
/// Bytes of a piece at most: what a column holds.
const MOST: u64 = i32::MAX as u64;

/// How files are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BinaryRules {
    /// Bytes of a piece.
    pub(crate) chunk: u64,
    /// Whether a file is one piece.
    pub(crate) whole: bool,
}

/// The columns of pieces of files.
pub(crate) fn columns() -> Vec<Column> {
    vec![
        Column::new("data", DataType::Bytes),
        Column::new("relativePath", DataType::String),
        Column::new("partIndex", DataType::BigInt),
    ]
}

/// Reads a file. There is no position inside of it: what is written of its first pieces becomes visible together with
/// the last one.
///
/// # Errors
/// If it can't be read, or is to be one piece and too large for it.
pub(crate) async fn read(
    table: &FileTable,
    rules: BinaryRules,
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
) -> Result<()> {
    if split.rows > 0 {
        return Ok(());
    }
    let path = Path::new(&split.path).to_owned();
    let relative = table.relative(&path);
    let mut stream = table
        .place
        .read(&path, None)
        .map_err(|e| read_failed(&path, e))?;
    let chunk = match rules.whole {
        true => split.end.max(1),
        false => rules.chunk,
    };
    if chunk > MOST {
        return Err(Error::new(
            codes::UNSUPPORTED,
            format!(
                "{} has more than 2 GiB, too much for one row",
                path.display()
            ),
        )
        .with_help("read it with binary_complete_file_mode = false"));
    }
    let mut pieces = Pieces::default();
    let mut before: Option<Batch> = None;
    loop {
        let more = pieces
            .read(&mut stream, chunk, &relative)
            .map_err(|e| read_failed(&path, e))?;
        let size = out.batch_size();
        let full = pieces.rows >= size.rows as u64 || pieces.bytes >= size.bytes as u64;
        if more && !full {
            continue;
        }
        let batch = pieces.batch(table, &path)?;
        if let Some(batch) = before.take() {
            out.emit_all(batch, &[]).await?;
        }
        before = (batch.num_rows() > 0).then_some(batch);
        if !more {
            break;
        }
    }
    let mut position = split;
    position.rows = pieces.index as u64;
    match before {
        Some(batch) => out.emit(batch, &position).await,
        None => Ok(()),
    }
}

/// Pieces that make a batch.
#[derive(Default)]
struct Pieces {
    data: BinaryBuilder,
    paths: StringBuilder,
    indexes: Int64Builder,
    /// The next one's number.
    index: i64,
    rows: u64,
    bytes: u64,
    piece: Vec<u8>,
}

impl Pieces {
    /// Reads the next piece; gives whether there was one.
    fn read(&mut self, from: &mut Stream, chunk: u64, relative: &str) -> io::Result<bool> {
        self.piece.clear();
        from.take(chunk).read_to_end(&mut self.piece)?;
        if self.piece.is_empty() {
            return Ok(false);
        }
        self.data.append_value(&self.piece);
        self.paths.append_value(relative);
        self.indexes.append_value(self.index);
        self.index += 1;
        self.rows += 1;
        self.bytes += self.piece.len() as u64;
        Ok(true)
    }

    fn batch(&mut self, table: &FileTable, path: &Path) -> Result<Batch> {
        self.rows = 0;
        self.bytes = 0;
        let all: [ArrayRef; 3] = [
            Arc::new(self.data.finish()),
            Arc::new(self.paths.finish()),
            Arc::new(self.indexes.finish()),
        ];
        let wanted = table.wanted.iter().map(|index| all[*index].clone());
        table.with_partitions(path, wanted.collect(), all[0].len())
    }
}
