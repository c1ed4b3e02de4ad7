//! Columns of texts under construction.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, StringArray};

/// Rows whose values are texts: what a format without types gives.
pub struct TextColumns {
    columns: Vec<StringBuilder>,
    rows: usize,
    bytes: usize,
}

impl TextColumns {
    /// No row yet of so many columns.
    pub fn new(columns: usize) -> Self {
        Self {
            columns: (0..columns).map(|_| StringBuilder::new()).collect(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Rows that are complete.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes they take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row; columns without a text are null.
    pub fn push<'a>(&mut self, values: impl Iterator<Item = Option<&'a str>>) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            self.bytes += 4 + value.map_or(0, str::len);
            column.append_option(value);
        }
        self.rows += 1;
    }

    /// The rows, and none are left.
    pub fn finish(&mut self) -> Vec<StringArray> {
        self.rows = 0;
        self.bytes = 0;
        self.columns.iter_mut().map(StringBuilder::finish).collect()
    }

    /// The rows as columns of any kind, and none are left.
    pub fn finish_arrays(&mut self) -> Vec<ArrayRef> {
        let columns = self.finish().into_iter();
        columns.map(|c| Arc::new(c) as ArrayRef).collect()
    }
}
