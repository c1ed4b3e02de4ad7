//! Writes files.

use std::io::Write;

use arrow_array::RecordBatch;
use seatunnel_api::{CatalogTable, Column, TablePath, TableSchema};
use seatunnel_formats::Part;
use seatunnel_formats::avro::{AvroEncoder, AvroOptions};

use super::codec::AvroCodec;
use super::header::{put_bytes, put_long};
use super::schema::of_columns;
use super::{MAGIC, MARK};
use crate::{FileWriter, Result};

/// Bytes at which a block is closed.
const BLOCK: usize = 64 << 10;

/// An Avro file that is being written.
pub struct AvroWriter<W> {
    out: W,
    encoder: AvroEncoder,
    codec: AvroCodec,
    mark: [u8; MARK],
    block: Vec<u8>,
    rows: u64,
    /// Rows of a batch, and where each ends.
    scratch: Vec<u8>,
    ends: Vec<usize>,
}

impl<W: Write> AvroWriter<W> {
    /// A file of these columns.
    ///
    /// # Errors
    /// If a column has a type or a name that Avro has no place for, or the file can't be written.
    pub fn new(mut out: W, columns: &[Column], codec: AvroCodec) -> Result<Self> {
        let schema = of_columns(columns)?;
        let table = TableSchema::new(columns.to_vec());
        let table = CatalogTable::new("file", TablePath::unnamed(), table);
        let options = AvroOptions {
            avro_schema: Some(schema.clone()),
            ..AvroOptions::default()
        };
        let encoder = AvroEncoder::new(&table, &options, None, Part::Value)?;
        let mut mark = [0; MARK];
        fastrand::fill(&mut mark);
        let mut header = MAGIC.to_vec();
        put_long(&mut header, 2);
        put_bytes(&mut header, b"avro.schema");
        put_bytes(&mut header, schema.as_bytes());
        put_bytes(&mut header, b"avro.codec");
        put_bytes(&mut header, codec.name().as_bytes());
        put_long(&mut header, 0);
        header.extend_from_slice(&mark);
        out.write_all(&header)?;
        Ok(Self {
            out,
            encoder,
            codec,
            mark,
            block: Vec::new(),
            rows: 0,
            scratch: Vec::new(),
            ends: Vec::new(),
        })
    }
}

impl AvroWriter<std::io::Sink> {
    /// Whether a file of these columns can be written.
    ///
    /// # Errors
    /// Why not.
    pub fn check(columns: &[Column]) -> Result<()> {
        AvroWriter::new(std::io::sink(), columns, AvroCodec::Null).map(|_| ())
    }
}

impl<W: Write + Send> FileWriter<W> for AvroWriter<W> {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        // Rendered as a whole before any of it joins the block: a row that has no place leaves nothing behind.
        self.scratch.clear();
        self.ends.clear();
        let encoded = self.encoder.rows(rows.columns())?;
        for row in 0..rows.num_rows() {
            encoded.write(row, &mut self.scratch)?;
            self.ends.push(self.scratch.len());
        }
        let mut start = 0;
        for end in &self.ends {
            self.block.extend_from_slice(&self.scratch[start..*end]);
            self.rows += 1;
            start = *end;
            if self.block.len() >= BLOCK {
                let rows = std::mem::take(&mut self.rows);
                put_block(&mut self.out, self.codec, &self.mark, &self.block, rows)?;
                self.block.clear();
            }
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        self.block.len()
    }

    fn flush(&mut self) -> Result<()> {
        let block = std::mem::take(&mut self.block);
        let rows = std::mem::take(&mut self.rows);
        if rows > 0 {
            put_block(&mut self.out, self.codec, &self.mark, &block, rows)?;
        }
        Ok(())
    }

    fn inner_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn finish(mut self: Box<Self>) -> Result<W> {
        self.flush()?;
        Ok(self.out)
    }
}

fn put_block(
    out: &mut impl Write,
    codec: AvroCodec,
    mark: &[u8],
    block: &[u8],
    rows: u64,
) -> Result<()> {
    let mut front = Vec::with_capacity(20);
    put_long(&mut front, rows as i64);
    match codec {
        AvroCodec::Null => {
            put_long(&mut front, block.len() as i64);
            out.write_all(&front)?;
            out.write_all(block)?;
        }
        codec => {
            let stored = codec.compress(block)?;
            put_long(&mut front, stored.len() as i64);
            out.write_all(&front)?;
            out.write_all(&stored)?;
        }
    }
    out.write_all(mark)?;
    Ok(())
}
