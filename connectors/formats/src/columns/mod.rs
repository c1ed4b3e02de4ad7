//! Columns that are filled row by row, and from which a row that turns out broken is taken back.

mod column;
mod parts;
mod unique;

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use seatunnel_api::{Batch, CatalogTable, Result, RowKind, RowKinds};

pub use column::Column;
pub use parts::{Fixed, Lists, Maps, Rows, Variable, Vectors};

/// The rows of one table under construction.
///
/// A decoder pushes one value into each [`Column`] and calls [`RowColumns::end_row`], or
/// [`RowColumns::rollback`] if the row can't be had: then nothing of it stays.
pub struct RowColumns {
    table: Arc<CatalogTable>,
    columns: Vec<Column>,
    kinds: Vec<RowKind>,
}

impl RowColumns {
    /// No row yet of this table.
    pub fn new(table: Arc<CatalogTable>) -> Self {
        let columns = table.columns();
        Self {
            columns: columns.iter().map(|c| Column::new(&c.data_type)).collect(),
            kinds: Vec::new(),
            table,
        }
    }

    /// The table.
    pub fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    /// The columns in the order of the table.
    pub fn columns_mut(&mut self) -> &mut [Column] {
        &mut self.columns
    }

    /// Rows that are complete.
    pub fn rows(&self) -> usize {
        self.kinds.len()
    }

    /// About how many bytes the rows take.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum()
    }

    /// Completes a row; columns that got no value get a null.
    pub fn end_row(&mut self, kind: RowKind) {
        self.kinds.push(kind);
        let rows = self.kinds.len();
        for column in &mut self.columns {
            if column.len() < rows {
                column.push_null();
            }
            debug_assert_eq!(column.len(), rows, "one value a row");
        }
    }

    /// Forgets what was pushed since the last complete row.
    pub fn rollback(&mut self) {
        let rows = self.kinds.len();
        self.truncate(rows);
    }

    /// Keeps the first `rows` rows only.
    pub fn truncate(&mut self, rows: usize) {
        self.kinds.truncate(rows);
        for column in &mut self.columns {
            column.truncate(rows);
        }
    }

    /// The rows as a batch; the columns are empty then.
    ///
    /// # Errors
    /// If a column is larger than 2 GiB.
    pub fn finish(&mut self) -> Result<Batch> {
        self.rollback();
        let options = RecordBatchOptions::new().with_row_count(Some(self.kinds.len()));
        let kinds = RowKinds::from_kinds(std::mem::take(&mut self.kinds));
        let columns = self.columns.iter_mut().zip(self.table.columns());
        let arrays = columns
            .map(|(column, declared)| column.finish(&declared.data_type))
            .collect::<Result<Vec<_>>>()?;
        let records =
            RecordBatch::try_new_with_options(self.table.arrow_schema().clone(), arrays, &options)?;
        Ok(Batch::new(self.table.clone(), records, kinds))
    }
}
