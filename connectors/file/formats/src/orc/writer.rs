//! Writes files.

use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, RecordBatch};
use seatunnel_api::{Column, DataType};

use super::columns::{ColumnWriter, NO_PLACE, StripeParts, is_writable};
use super::proto::Message;
use super::statistics::Statistics;
use super::streams::OrcCompression;
use super::tail::{MAGIC, Stripe, tail};
use super::types::{check_column, schema};
use crate::{Fault, FileWriter, Result};

/// Bytes in memory at which a stripe is closed.
const STRIPE_BYTES: usize = 16 << 20;

/// An ORC file that is being written. Holds one stripe in memory.
pub struct OrcWriter<W> {
    out: W,
    columns: Vec<Column>,
    compression: OrcCompression,
    types: Vec<Message>,
    writers: Vec<ColumnWriter>,
    /// Rows of the stripe.
    rows: u64,
    /// Bytes written.
    offset: u64,
    stripes: Vec<Stripe>,
    totals: Vec<Statistics>,
}

impl<W: Write> OrcWriter<W> {
    /// A file of these columns.
    ///
    /// # Errors
    /// If a column has a type that ORC has no place for, or the file can't be written.
    pub fn new(mut out: W, columns: &[Column], compression: OrcCompression) -> Result<Self> {
        for column in columns {
            check_column(&column.data_type).map_err(|fault| match fault {
                Fault::Unsupported(why) => {
                    Fault::Unsupported(format!("column {:?}: {why}", column.name))
                }
                other => other,
            })?;
        }
        out.write_all(MAGIC)?;
        let writers = columns
            .iter()
            .map(|c| ColumnWriter::new(&c.data_type, compression));
        Ok(Self {
            out,
            types: schema(columns),
            writers: writers.collect(),
            columns: columns.to_vec(),
            compression,
            rows: 0,
            offset: MAGIC.len() as u64,
            stripes: Vec::new(),
            totals: Vec::new(),
        })
    }

    fn end_stripe(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let mut parts = StripeParts::default();
        // The row itself: no streams, and never null.
        let mut encoding = Message::default();
        encoding.number(1, 0);
        parts.encodings.push(encoding);
        parts.statistics.push(Statistics {
            values: rows,
            ..Statistics::default()
        });
        let mut column = 1;
        for writer in &mut self.writers {
            writer.end(&mut parts, &mut column)?;
        }
        let mut footer = Message::default();
        for stream in &parts.streams {
            footer.message(1, stream);
        }
        for encoding in &parts.encodings {
            footer.message(2, encoding);
        }
        // What a wall clock shows is written as if the clock stood in UTC.
        footer.bytes(3, b"UTC");
        let mut stored = Vec::new();
        self.compression.store(footer.as_bytes(), &mut stored)?;
        self.out.write_all(&parts.bytes)?;
        self.out.write_all(&stored)?;
        let stripe = Stripe {
            offset: self.offset,
            data: parts.bytes.len() as u64,
            footer: stored.len() as u64,
            rows,
            statistics: parts.statistics,
        };
        self.offset += stripe.data + stripe.footer;
        match self.totals.is_empty() {
            true => self.totals.clone_from(&stripe.statistics),
            false => {
                let all = self.totals.iter_mut().zip(&stripe.statistics);
                all.for_each(|(total, some)| total.add(some));
            }
        }
        self.stripes.push(stripe);
        Ok(())
    }
}

impl<W: Write + Send> FileWriter<W> for OrcWriter<W> {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        // Asked before anything is written: a row that has no place leaves nothing behind.
        check_rows(&self.columns, rows)?;
        for (writer, values) in self.writers.iter_mut().zip(rows.columns()) {
            writer.write(values)?;
        }
        self.rows += rows.num_rows() as u64;
        if self.memory() >= STRIPE_BYTES {
            self.end_stripe()?;
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        self.writers.iter().map(ColumnWriter::memory).sum()
    }

    fn flush(&mut self) -> Result<()> {
        self.end_stripe()
    }

    fn inner_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn finish(mut self: Box<Self>) -> Result<W> {
        self.end_stripe()?;
        if self.totals.is_empty() {
            let mut parts = StripeParts::default();
            let mut column = 1;
            parts.statistics.push(Statistics::default());
            for writer in &mut self.writers {
                writer.end(&mut parts, &mut column)?;
            }
            self.totals = parts.statistics;
        }
        let end = tail(&self.types, &self.stripes, &self.totals, self.compression)?;
        self.out.write_all(&end)?;
        Ok(self.out)
    }
}

/// Whether rows can be written.
///
/// # Errors
/// The first value that has no place in ORC.
pub fn check_rows(columns: &[Column], rows: &RecordBatch) -> Result<()> {
    for (column, values) in columns.iter().zip(rows.columns()) {
        if let Some(row) = unwritable(values, &column.data_type) {
            return Err(Fault::value(row, &column.name, NO_PLACE));
        }
    }
    Ok(())
}

/// The first row with a timestamp that has no place in ORC.
fn unwritable(values: &ArrayRef, data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::Timestamp | DataType::TimestampTz => {
            let column = values.as_primitive::<TimestampMicrosecondType>();
            (0..column.len()).find(|row| column.is_valid(*row) && !is_writable(column.value(*row)))
        }
        DataType::Array(item) => {
            let column = values.as_list::<i32>();
            let offsets = column.value_offsets();
            inside(column.values(), item, offsets, column)
        }
        DataType::Map(key, value) => {
            let column = values.as_map();
            let offsets = column.value_offsets();
            let keys = inside(column.keys(), key, offsets, column);
            keys.or_else(|| inside(column.values(), value, offsets, column))
        }
        DataType::Row(fields) => {
            let column = values.as_struct();
            let parts = column.columns().iter().zip(fields.iter());
            let found = parts.filter_map(|(part, field)| unwritable(part, &field.data_type));
            found.min().filter(|row| column.is_valid(*row))
        }
        _ => None,
    }
}

/// The row whose list or map has an item that has no place.
fn inside(
    items: &ArrayRef,
    data_type: &DataType,
    offsets: &[i32],
    column: &dyn Array,
) -> Option<usize> {
    if !has_times(data_type) {
        return None;
    }
    let rows = (0..column.len()).filter(|row| column.is_valid(*row));
    rows.into_iter().find(|row| {
        let (from, to) = (offsets[*row] as usize, offsets[row + 1] as usize);
        unwritable(&items.slice(from, to - from), data_type).is_some()
    })
}

fn has_times(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp | DataType::TimestampTz => true,
        DataType::Array(item) => has_times(item),
        DataType::Map(key, value) => has_times(key) || has_times(value),
        DataType::Row(fields) => fields.iter().any(|f| has_times(&f.data_type)),
        _ => false,
    }
}
