//! Rows into batches.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use seatunnel_api::{BatchSize, CatalogTable, Error, Result};
use seatunnel_jdbc_core::errors;

use super::column::{Column, Unfinished};
use super::values::{Unfit, help, show};
use crate::types::Declared;
use crate::wire::{ColumnDefinition, Fields, ZeroDates};

/// Decodes the rows of a result.
pub(crate) struct RowDecoder {
    table: Arc<CatalogTable>,
    declared: Vec<Declared>,
    columns: Vec<Column>,
    /// Bytes of a row, without the values of any length.
    width: usize,
    size: BatchSize,
    rows: usize,
    bytes: usize,
    /// Rows that have come, also those that could not be taken.
    seen: u64,
}

impl RowDecoder {
    /// For the rows of a table; `definitions` are the columns of the result, `before` the rows read
    /// already.
    ///
    /// # Errors
    /// If the columns are not those of the table any more.
    pub(crate) fn new(
        table: &Arc<CatalogTable>,
        definitions: &[ColumnDefinition],
        zero_dates: ZeroDates,
        size: BatchSize,
        before: u64,
    ) -> Result<Self> {
        let changed = |what: String| {
            Error::new(errors::STATEMENT_FAILED, what)
                .with_context("table", table.path())
                .with_help("was the table changed while the job ran? run it again")
        };
        if definitions.len() != table.columns().len() {
            return Err(changed(format!(
                "{} columns were due, and {} have come",
                table.columns().len(),
                definitions.len()
            )));
        }
        let declared: Vec<Declared> = definitions.iter().map(Declared::of).collect();
        let columns = table
            .columns()
            .iter()
            .zip(&declared)
            .map(|(column, declared)| {
                let rows = size.rows.min(1024);
                Column::new(declared, &column.data_type, zero_dates, rows).ok_or_else(|| {
                    changed(format!(
                        "the column `{}` is read as {} and comes as another type",
                        column.name, column.data_type
                    ))
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            table: table.clone(),
            width: columns.iter().map(|column| column.width).sum(),
            declared,
            columns,
            size,
            rows: 0,
            bytes: 0,
            seen: before,
        })
    }

    /// Takes a row; says whether the batch is full.
    ///
    /// # Errors
    /// If a value can't be read as the type of its column. The row is left out then, and the next
    /// may be taken.
    #[inline]
    pub(crate) fn push(&mut self, packet: &[u8]) -> Result<bool> {
        self.seen += 1;
        match self.decode(packet) {
            Ok(bytes) => {
                self.rows += 1;
                self.bytes += bytes + self.width;
                Ok(self.rows >= self.size.rows || self.bytes >= self.size.bytes)
            }
            Err((column, unfit)) => {
                for column in &mut self.columns {
                    column.truncate(self.rows);
                }
                Err(self.unfit(packet, column, unfit))
            }
        }
    }

    /// How many rows have come, also those that could not be taken.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// A row as text.
    pub(crate) fn text(&self, packet: &[u8]) -> String {
        let values = self.show(packet, self.columns.len());
        let names = self.table.schema().names();
        let pairs: Vec<String> = names.zip(values).map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join(", ")
    }

    #[inline]
    fn decode(&mut self, packet: &[u8]) -> Result<usize, (usize, Unfit)> {
        let mut row = Fields::new(packet);
        let nulls = row
            .take(1 + nulls_length(self.columns.len()))
            .ok_or((0, Unfit::Cut))?;
        let mut bytes = 0;
        for (index, column) in self.columns.iter_mut().enumerate() {
            if is_null(nulls, index) {
                column.null();
            } else {
                bytes += column.push(&mut row).map_err(|unfit| (index, unfit))?;
            }
        }
        Ok(bytes)
    }

    /// Rows taken since the last batch.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// The rows taken, as a batch.
    ///
    /// # Errors
    /// If a text is none.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch> {
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter_mut().enumerate() {
            match column.finish() {
                Ok(array) => arrays.push(array),
                Err(Unfinished::NotText(row)) => {
                    let row = self.seen - (self.rows - row) as u64 + 1;
                    return Err(self.error(index, Unfit::Text).with_context("row", row));
                }
                Err(Unfinished::Other(error)) => return Err(*error),
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let schema = self.table.arrow_schema().clone();
        let records = RecordBatch::try_new_with_options(schema, arrays, &options)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(records)
    }

    fn error(&self, column: usize, unfit: Unfit) -> Error {
        let column = &self.table.columns()[column];
        let name = &column.name;
        let message = match unfit {
            Unfit::Cut => format!("the value of the column `{name}` is cut short"),
            Unfit::NoDate => format!("the column `{name}` holds what is no date"),
            Unfit::NoTimeOfDay => format!("the column `{name}` holds what is no time of day"),
            Unfit::Digits => format!(
                "the column `{name}` holds more digits than {}",
                column.data_type
            ),
            Unfit::Text => format!("the column `{name}` holds what is not UTF-8"),
        };
        let code = match unfit {
            Unfit::Cut => errors::PROTOCOL,
            _ => errors::VALUE_UNFIT,
        };
        let error = Error::new(code, message)
            .with_context("table", self.table.path())
            .with_context("column", name);
        // What the server has cut short is the fault of no row.
        let error = match unfit {
            Unfit::Cut => error,
            _ => error.of_row(),
        };
        match help(unfit, &column.data_type) {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    /// Says which value of which row it is.
    #[cold]
    fn unfit(&self, packet: &[u8], column: usize, unfit: Unfit) -> Error {
        let shown = self.show(packet, column + 1);
        let mut error = self.error(column, unfit);
        if let Some(value) = shown.get(column) {
            error = error.with_context("value", value);
        }
        let key = self.table.schema().primary_key.as_ref();
        let key = key.map_or(&[][..], |key| &key.columns);
        let places = key.iter().map(|name| self.table.schema().index_of(name));
        let all = self.show(packet, self.columns.len());
        let values: Option<Vec<String>> = places
            .zip(key)
            .map(|(place, name)| Some(format!("{name}={}", all.get(place?)?)))
            .collect();
        match values {
            Some(values) if !values.is_empty() => error.with_context("key", values.join(", ")),
            _ => error.with_context("row", self.seen),
        }
    }

    /// The first values of a row.
    fn show(&self, packet: &[u8], count: usize) -> Vec<String> {
        let mut row = Fields::new(packet);
        let Some(nulls) = row.take(1 + nulls_length(self.columns.len())) else {
            return Vec::new();
        };
        let mut shown = Vec::new();
        for (index, declared) in self.declared.iter().enumerate().take(count) {
            let value = match is_null(nulls, index) {
                true => Some("null".to_owned()),
                false => show(&mut row, declared.kind, declared.unsigned),
            };
            match value {
                Some(value) => shown.push(value),
                None => break,
            }
        }
        shown
    }
}

/// Bytes of the bits that say which values are null; the first two bits are not used.
#[inline]
fn nulls_length(columns: usize) -> usize {
    (columns + 9) / 8
}

/// Whether a value is null; `head` is the packet's first byte and the bits behind it.
#[inline]
fn is_null(head: &[u8], column: usize) -> bool {
    let bit = column + 2;
    head[1 + bit / 8] >> (bit % 8) & 1 == 1
}
