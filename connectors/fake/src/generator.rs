//! Makes up the rows of one table.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use seatunnel_api::{CatalogTable, Result};

use crate::columns::ColumnFiller;
use crate::options::ContentOptions;
use crate::plan::Planner;
use crate::random::Stream;

/// Makes up rows of one table, a column at a time.
///
/// What stands in a row depends on the seed and on the number of the row alone: two generators of
/// one seed give the same rows, in whatever batches they are asked for.
pub struct Generator {
    schema: SchemaRef,
    columns: Vec<ColumnFiller>,
    row_bytes: u64,
    next_row: u64,
}

impl Generator {
    /// A generator for a table, from its row 0 on. [`ContentOptions::rows`] are none of its business.
    ///
    /// # Errors
    /// If a column's type can't be made up, or its range, template or default allows no value.
    pub fn new(table: &CatalogTable, options: &ContentOptions, seed: u64) -> Result<Self> {
        let planner = Planner { options };
        let stream = Stream::new(seed);
        let mut columns = Vec::with_capacity(table.columns().len());
        let mut row_bytes = 0;
        for (column, index) in table.columns().iter().zip(0..) {
            let in_key = table
                .schema()
                .primary_key
                .as_ref()
                .is_some_and(|key| key.columns.contains(&column.name));
            let plan = planner
                .column(column, in_key && options.auto_increment_enabled)
                .map_err(|e| {
                    e.with_context("table", table.path())
                        .with_context("column", &column.name)
                })?;
            row_bytes += plan.bytes();
            columns.push(ColumnFiller::new(
                plan,
                &column.data_type,
                stream.child(index),
            ));
        }
        Ok(Self {
            schema: table.arrow_schema().clone(),
            columns,
            row_bytes,
            next_row: 0,
        })
    }

    /// About how many bytes a row takes.
    pub fn row_bytes(&self) -> u64 {
        self.row_bytes
    }

    /// Goes on at this row.
    pub fn seek(&mut self, row: u64) {
        self.next_row = row;
    }

    /// The next rows.
    ///
    /// # Errors
    /// If so many rows don't fit a batch, or a column counts beyond its type.
    pub fn fill(&mut self, rows: usize) -> Result<RecordBatch> {
        let first = self.next_row;
        let columns = self
            .columns
            .iter_mut()
            .map(|column| column.fill(first, rows))
            .collect::<Result<Vec<_>>>()?;
        self.next_row = first.wrapping_add(rows as u64);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}
