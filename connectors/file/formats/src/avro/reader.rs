//! Reads files, block by block.

use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem;
use seatunnel_api::{Batch, CatalogTable, Column, TablePath, TableSchema};
use seatunnel_formats::avro::{AvroDecoder, AvroOptions};
use seatunnel_formats::columns::RowColumns;

use super::MARK;
use super::header::{Header, block};
use super::schema::columns;
use crate::{Fault, ReadAt, Reading, Result};

/// Bytes that the lengths in front of a block take at most.
const FRONT: u64 = 20;
/// Bytes that are looked at at once for the next block.
const CHUNK: usize = 64 << 10;

/// A file whose header has been read.
pub struct AvroFile {
    from: Arc<dyn ReadAt>,
    header: Header,
}

/// Where reading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvroPosition {
    /// The byte of the file that a block starts at.
    pub block: u64,
    /// Its rows that have been read.
    pub rows: u64,
}

impl AvroFile {
    /// Reads what a file says of itself.
    ///
    /// # Errors
    /// If it is no Avro file, can't be read, or is compressed in a way that is not built in.
    pub fn open(from: Arc<dyn ReadAt>) -> Result<Self> {
        let header = Header::read(Reading::new(from.clone(), 0))?;
        Ok(Self { from, header })
    }

    /// The columns of the file.
    ///
    /// # Errors
    /// If it has one of a type that there is not.
    pub fn columns(&self) -> Result<Vec<Column>> {
        columns(&self.header.schema)
    }

    /// The byte behind its header: where the first block starts.
    pub fn start(&self) -> u64 {
        self.header.length
    }

    /// The first block that starts at this byte or behind it; the end of the file if there is none.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn block_from(&self, byte: u64) -> Result<u64> {
        let size = self.from.size();
        // A block starts behind the mark of the one before it.
        let mut at = byte
            .saturating_sub(MARK as u64)
            .max(self.header.length - MARK as u64);
        while at < size {
            let length = ((size - at) as usize).min(CHUNK);
            let chunk = self.from.bytes_at(at, length)?;
            if let Some(found) = memmem::find(&chunk, &self.header.mark) {
                return Ok(at + (found + MARK) as u64);
            }
            if length < CHUNK {
                break;
            }
            at += (CHUNK - (MARK - 1)) as u64;
        }
        Ok(size)
    }

    /// The rows of the blocks from a position to the one that starts at `end`, with these columns.
    ///
    /// # Errors
    /// If a column's type doesn't go with the file's.
    pub fn rows(&self, columns: &[Column], from: AvroPosition, end: u64) -> Result<AvroRows> {
        let schema = TableSchema::new(columns.to_vec());
        let table = CatalogTable::new("file", TablePath::unnamed(), schema);
        let table = Arc::new(table);
        let options = AvroOptions {
            avro_schema: Some(self.header.schema.clone()),
            ..AvroOptions::default()
        };
        Ok(AvroRows {
            decoder: AvroDecoder::new(table.clone(), &options, None, false)?,
            rows: RowColumns::new(table),
            from: self.from.clone(),
            codec: self.header.codec,
            mark: self.header.mark,
            position: AvroPosition {
                block: from.block,
                rows: 0,
            },
            skip: from.rows,
            next: from.block,
            end,
            left: 0,
            data: Bytes::new(),
        })
    }
}

/// The rows of some blocks.
pub struct AvroRows {
    decoder: AvroDecoder,
    rows: RowColumns,
    from: Arc<dyn ReadAt>,
    codec: super::AvroCodec,
    mark: [u8; MARK],
    position: AvroPosition,
    /// Rows of the first block that have been read before.
    skip: u64,
    /// Where the next block starts.
    next: u64,
    end: u64,
    /// Rows of the block that are to come, and their bytes.
    left: u64,
    data: Bytes,
}

impl AvroRows {
    /// The next rows, so many and about so many bytes at most, and the position behind them; none at the end.
    ///
    /// # Errors
    /// If a block is damaged.
    pub fn next_rows(
        &mut self,
        most: usize,
        bytes: usize,
    ) -> Result<Option<(Batch, AvroPosition)>> {
        while self.rows.rows() < most && self.rows.bytes() < bytes {
            if self.left == 0 && !self.next_block()? {
                break;
            }
            let all = self.data.clone();
            let mut rest = &all[..];
            while self.left > 0 && self.rows.rows() < most && self.rows.bytes() < bytes {
                rest = self.decoder.decode_first(rest, &mut self.rows)?;
                self.left -= 1;
                if self.skip > 0 {
                    self.skip -= 1;
                    self.rows.truncate(self.rows.rows() - 1);
                }
                self.position.rows += 1;
            }
            if self.left == 0 && !rest.is_empty() {
                return Err(Fault::malformed(
                    "a block has more bytes than its rows take",
                ));
            }
            self.data = all.slice(all.len() - rest.len()..);
        }
        match self.rows.rows() {
            0 => Ok(None),
            _ => Ok(Some((self.rows.finish()?, self.position))),
        }
    }

    fn next_block(&mut self) -> Result<bool> {
        let size = self.from.size();
        if self.next >= self.end.min(size) {
            return Ok(false);
        }
        let front = self
            .from
            .bytes_at(self.next, FRONT.min(size - self.next) as usize)?;
        let Some((rows, length, taken)) = block(&front)? else {
            return Ok(false);
        };
        let stored = self
            .from
            .bytes_at(self.next + taken as u64, length + MARK)?;
        let (stored, mark) = (stored.slice(..length), stored.slice(length..));
        if mark[..] != self.mark {
            return Err(Fault::malformed(
                "a block of it does not end where it should",
            ));
        }
        self.data = match self.codec {
            super::AvroCodec::Null => stored,
            codec => codec.decompress(&stored)?.into(),
        };
        self.left = rows;
        self.position = AvroPosition {
            block: self.next,
            rows: 0,
        };
        self.next += (taken + length + MARK) as u64;
        Ok(true)
    }
}
