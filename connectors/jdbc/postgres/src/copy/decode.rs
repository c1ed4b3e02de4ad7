//! Rows as columns: the number of a row's fields, then each with its length in front, as COPY in binary has them and queries.
//!
//! Rows are looked at where they were read. Some of them at a time go column by column, so that each column looks once at
//! what its type is; nothing is allocated but the columns themselves.

use std::iter;
use std::ops::Range;

use arrow_array::ArrayRef;
use seatunnel_api::{BatchSize, DataType};

use super::decode_columns::Column;
use super::decode_value::Why;
use crate::types::Coding;

/// A row that can't be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// A column's value does not fit.
    Value { column: usize, why: Why },
    /// The row has not the columns it should have.
    Shape,
}

/// How much room columns are made with.
#[derive(Default)]
pub(crate) struct Room {
    rows: usize,
    /// Of each column, for values whose length is not that of their type.
    bytes: Vec<usize>,
}

impl Room {
    /// For so many rows.
    pub(crate) fn rows(rows: usize) -> Self {
        Self {
            rows,
            bytes: Vec::new(),
        }
    }
}

/// Rows on their way into columns.
pub(crate) struct Rows {
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    /// Where the values of the rows lie that are being added, column by column.
    fields: Vec<Field>,
}

/// Where a value lies.
#[derive(Clone, Copy, Default)]
struct Field {
    start: u32,
    /// Its bytes, negative if it is null.
    length: i32,
}

impl Field {
    #[inline]
    fn value(self, data: &[u8]) -> Option<&[u8]> {
        let start = self.start as usize;
        (self.length >= 0).then(|| &data[start..start + self.length as usize])
    }
}

impl Rows {
    /// For columns of these types.
    pub(crate) fn new(columns: &[(Coding, DataType)], room: &Room) -> Self {
        let column = |(place, (coding, data_type)): (usize, &(Coding, DataType))| {
            let bytes = room.bytes.get(place).copied();
            Column::new(coding, data_type, room.rows, bytes)
        };
        Self {
            columns: columns.iter().enumerate().map(column).collect(),
            rows: 0,
            bytes: 0,
            fields: Vec::new(),
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// What as many rows as these need, if they are like these: at most what a batch of this size needs.
    pub(crate) fn room(&self, size: BatchSize) -> Room {
        // A batch that needs a little more should not have to grow.
        let bytes = |column: &Column| (column.bytes() / 8 * 9).min(size.bytes);
        Room {
            rows: self.rows.max(16).min(size.rows) + 1,
            bytes: self.columns.iter().map(bytes).collect(),
        }
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
    pub(crate) fn push(&mut self, row: &[u8], more: usize) -> Result<(), Bad> {
        self.extend(row, std::slice::from_ref(&(0..row.len())), more, 0)
    }

    /// Adds rows that lie in `data`, each as [`Rows::push`] has it, with `tail` more bytes at its end.
    ///
    /// # Errors
    /// If a value does not fit, which may be that of any row; none is then added.
    #[inline]
    pub(crate) fn extend(
        &mut self,
        data: &[u8],
        rows: &[Range<usize>],
        more: usize,
        tail: usize,
    ) -> Result<(), Bad> {
        let (count, width) = (rows.len(), self.columns.len());
        if u32::try_from(data.len()).is_err() {
            return Err(Bad::Shape);
        }
        self.fields.resize(width * count, Field::default());
        for (place, row) in rows.iter().enumerate() {
            let row = row.start..row.end.saturating_sub(tail);
            let into = |column: usize, field| self.fields[column * count + place] = field;
            if !locate(data, row, width, more, into) {
                return Err(Bad::Shape);
            }
        }
        if let Err(bad) = self.add_fields(data, count) {
            self.truncate();
            return Err(bad);
        }
        self.rows += count;
        self.bytes += rows.iter().map(|row| row.len() - tail).sum::<usize>();
        Ok(())
    }

    /// Adds the values of so many rows to the columns; after an error some columns have more of them than others.
    #[inline]
    fn add_fields(&mut self, data: &[u8], count: usize) -> Result<(), Bad> {
        for (index, column) in self.columns.iter_mut().enumerate() {
            let fields = &self.fields[index * count..][..count];
            column
                .extend(fields.iter().map(|field| field.value(data)))
                .map_err(|why| Bad::Value { column: index, why })?;
        }
        Ok(())
    }

    /// Forgets what was added of rows that could not be added.
    #[cold]
    fn truncate(&mut self) {
        for column in &mut self.columns {
            column.truncate(self.rows);
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

/// Tells `into` where each value of a row lies in `data`. Gives whether the row has the form that it should have.
#[inline]
fn locate(
    data: &[u8],
    row: Range<usize>,
    width: usize,
    more: usize,
    mut into: impl FnMut(usize, Field),
) -> bool {
    let Some((count, mut rest)) = data.get(row.clone()).and_then(<[u8]>::split_first_chunk) else {
        return false;
    };
    if usize::from(u16::from_be_bytes(*count)) != width + more {
        return false;
    }
    for column in 0..width {
        let Some((length, values)) = rest.split_first_chunk::<4>() else {
            return false;
        };
        let length = i32::from_be_bytes(*length);
        let start = row.end - values.len();
        let Some(behind) = values.get(length.max(0) as usize..) else {
            return false;
        };
        into(
            column,
            Field {
                start: start as u32,
                length,
            },
        );
        rest = behind;
    }
    rest.is_empty()
}

/// One value by itself, as a column of one row; for messages.
pub(crate) fn single(coding: &Coding, data_type: &DataType, value: &[u8]) -> Option<ArrayRef> {
    let mut column = Column::new(coding, data_type, 1, None);
    column.extend(iter::once(Some(value))).ok()?;
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
