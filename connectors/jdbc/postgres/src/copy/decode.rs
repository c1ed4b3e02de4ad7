//! Rows in the binary form of COPY as columns.
//!
//! A row is looked at where it was read. Each column knows its type once; a value costs one branch,
//! and nothing is allocated but the columns themselves.

use arrow_array::ArrayRef;
use seatunnel_api::DataType;

use super::decode_columns::{Column, Why};
use crate::types::Coding;

/// A row that can't be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// A column's value does not fit.
    Value { column: usize, why: Why },
    /// The row has not the columns it should have.
    Shape,
}

/// Rows on their way into columns.
pub(crate) struct Rows {
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl Rows {
    /// For columns of these types, and about so many rows.
    pub(crate) fn new(columns: &[(Coding, DataType)], capacity: usize) -> Self {
        Self {
            columns: columns
                .iter()
                .map(|(coding, data_type)| Column::new(coding, data_type, capacity))
                .collect(),
            rows: 0,
            bytes: 0,
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// How many bytes they took on the wire.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row: the number of its fields, then each with its length in front. The number counts
    /// `more` fields that have been taken off its end.
    ///
    /// # Errors
    /// If a value does not fit; the row is then not added.
    #[inline]
    pub(crate) fn push(&mut self, row: &[u8], more: usize) -> Result<(), Bad> {
        let result = self.try_push(row, more);
        match result {
            Ok(()) => {
                self.rows += 1;
                self.bytes += row.len();
            }
            Err(_) => {
                for column in &mut self.columns {
                    column.truncate(self.rows);
                }
            }
        }
        result
    }

    #[inline]
    fn try_push(&mut self, row: &[u8], more: usize) -> Result<(), Bad> {
        let Some((count, mut rest)) = row.split_first_chunk::<2>() else {
            return Err(Bad::Shape);
        };
        if usize::from(u16::from_be_bytes(*count)) != self.columns.len() + more {
            return Err(Bad::Shape);
        }
        for (index, column) in self.columns.iter_mut().enumerate() {
            let Some((length, values)) = rest.split_first_chunk::<4>() else {
                return Err(Bad::Shape);
            };
            let length = i32::from_be_bytes(*length);
            if length < 0 {
                column.push_null(self.rows);
                rest = values;
                continue;
            }
            let Some((value, values)) = values.split_at_checked(length as usize) else {
                return Err(Bad::Shape);
            };
            if let Err(why) = column.push(value) {
                return Err(Bad::Value { column: index, why });
            }
            rest = values;
        }
        if rest.is_empty() {
            Ok(())
        } else {
            Err(Bad::Shape)
        }
    }

    /// The columns, and the rows that have bytes in place of text, each with its column: these rows are
    /// there with other bytes, and are to be left out.
    pub(crate) fn finish(self) -> (Vec<ArrayRef>, Vec<(usize, usize)>) {
        let mut bad = Vec::new();
        let rows = self.rows;
        let finish = |(index, column): (usize, Column)| {
            column.finish(rows, &mut |row| bad.push((row, index)))
        };
        let arrays = self.columns.into_iter().enumerate().map(finish).collect();
        bad.sort_unstable();
        bad.dedup_by_key(|(row, _)| *row);
        (arrays, bad)
    }
}

/// One value by itself, as a column of one row; for messages.
pub(crate) fn single(coding: &Coding, data_type: &DataType, value: &[u8]) -> Option<ArrayRef> {
    let mut column = Column::new(coding, data_type, 1);
    column.push(value).ok()?;
    let mut bad = false;
    let array = column.finish(1, &mut |_| bad = true);
    (!bad).then_some(array)
}

/// The fields of a row, null or not; for messages.
pub(crate) fn fields(row: &[u8]) -> Vec<Option<&[u8]>> {
    let mut fields = Vec::new();
    let mut rest = row.get(2..).unwrap_or_default();
    while let Some((length, values)) = rest.split_first_chunk::<4>() {
        let length = i32::from_be_bytes(*length);
        let Some((value, values)) = values.split_at_checked(length.max(0) as usize) else {
            break;
        };
        fields.push((length >= 0).then_some(value));
        rest = values;
    }
    fields
}
