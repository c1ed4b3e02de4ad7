//! Rows of one table as columns.

use std::sync::Arc;

use arrow_array::{Array, BooleanArray, RecordBatch};

use crate::error::Result;
use crate::row::Row;
use crate::row_kind::RowKinds;
use crate::table::CatalogTable;

/// Rows of one table as columns, and what each row does to the table.
///
/// Cloning counts references. The columns are those of [`CatalogTable::arrow_schema`].
#[derive(Clone, Debug)]
pub struct Batch {
    table: Arc<CatalogTable>,
    records: RecordBatch,
    kinds: RowKinds,
}

impl Batch {
    /// Rows that are all inserts.
    pub fn inserts(table: Arc<CatalogTable>, records: RecordBatch) -> Self {
        Self::new(table, records, RowKinds::default())
    }

    /// Rows and their kinds.
    ///
    /// # Panics
    /// In debug builds, if the columns' types are not those of the table: a bug of the connector.
    pub fn new(table: Arc<CatalogTable>, records: RecordBatch, kinds: RowKinds) -> Self {
        debug_assert!(
            records.columns().iter().map(|c| c.data_type()).eq(table
                .arrow_schema()
                .fields()
                .iter()
                .map(|f| f.data_type())),
            "batch of {} has columns {:?}, its table {:?}",
            table.path(),
            records.schema(),
            table.arrow_schema()
        );
        Self {
            table,
            records,
            kinds,
        }
    }

    /// The table whose rows these are.
    pub fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    /// The columns.
    pub fn records(&self) -> &RecordBatch {
        &self.records
    }

    /// What each row does to the table.
    pub fn kinds(&self) -> &RowKinds {
        &self.kinds
    }

    /// Takes the batch apart.
    pub fn into_parts(self) -> (Arc<CatalogTable>, RecordBatch, RowKinds) {
        (self.table, self.records, self.kinds)
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.records.num_rows()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.num_rows() == 0
    }

    /// Bytes that these rows take in their columns: what rates and limits count. Of a slice only its part.
    pub fn num_bytes(&self) -> usize {
        self.records
            .columns()
            .iter()
            .map(|c| {
                c.to_data()
                    .get_slice_memory_size()
                    .unwrap_or_else(|_| c.get_array_memory_size())
            })
            .sum()
    }

    /// The convenient view of one row.
    pub fn row(&self, index: usize) -> Row<'_> {
        Row::new(self, index)
    }

    /// The convenient view of all rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.num_rows()).map(|index| Row::new(self, index))
    }

    /// Rows `offset..offset + length`, sharing memory.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            table: self.table.clone(),
            records: self.records.slice(offset, length),
            kinds: self.kinds.slice(offset, length),
        }
    }

    /// The rows for which `keep` is true (null counts as false).
    ///
    /// # Errors
    /// If `keep` has another length than the batch.
    pub fn filter(&self, keep: &BooleanArray) -> Result<Self> {
        let records = arrow_select::filter::filter_record_batch(&self.records, keep)?;
        let kinds = self
            .kinds
            .filter(|row| keep.is_valid(row) && keep.value(row));
        Ok(Self {
            table: self.table.clone(),
            records,
            kinds,
        })
    }
}
