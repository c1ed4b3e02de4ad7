//! Rows that a writer keeps, to write them or to be able to write them again.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::BooleanArray;
use seatunnel_api::{Batch, Result, RowKind};

/// Rows of a table and the numbers they have among all of the writer's.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) batch: Batch,
    /// Number of the first row, from 1.
    first: u64,
    /// How far each row's number is from the first, where rows between have been rejected.
    offsets: Option<Arc<[u32]>>,
}

impl Kept {
    pub(crate) fn new(batch: Batch, first: u64) -> Self {
        Self {
            batch,
            first,
            offsets: None,
        }
    }

    /// The number of a row, from 1.
    pub(crate) fn number(&self, row: usize) -> u64 {
        let offset = match &self.offsets {
            Some(offsets) => offsets.get(row).map_or(0, |o| u64::from(*o)),
            None => row as u64,
        };
        self.first + offset
    }

    /// The rows but for some, which are in ascending order.
    pub(crate) fn without(&self, rows: &[usize]) -> Result<Self> {
        let all = 0..self.batch.num_rows();
        let stays = |row: &usize| rows.binary_search(row).is_err();
        let mask: BooleanArray = all.clone().map(|row| Some(stays(&row))).collect();
        let offsets = all
            .filter(stays)
            .map(|row| (self.number(row) - self.first) as u32);
        Ok(Self {
            first: self.first,
            offsets: Some(offsets.collect()),
            batch: self.batch.filter(&mask)?,
        })
    }

    fn slice(&self, range: Range<usize>) -> Self {
        Self {
            batch: self.batch.slice(range.start, range.len()),
            first: match &self.offsets {
                Some(_) => self.first,
                None => self.first + range.start as u64,
            },
            offsets: self.offsets.as_ref().map(|offsets| offsets[range].into()),
        }
    }
}

/// How many rows these are.
pub(crate) fn count(all: &[Kept]) -> usize {
    all.iter().map(|kept| kept.batch.num_rows()).sum()
}

/// Rows of a range, counted through all.
pub(crate) fn slice(all: &[Kept], range: Range<usize>) -> Vec<Kept> {
    let mut start = 0;
    let mut found = Vec::new();
    for kept in all {
        let end = start + kept.batch.num_rows();
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            found.push(kept.slice(from - start..to - start));
        }
        start = end;
    }
    found
}

/// The row with this index, counted through all.
pub(crate) fn row(all: &[Kept], index: usize) -> Option<(&Kept, usize)> {
    let mut start = 0;
    for kept in all {
        let rows = kept.batch.num_rows();
        if index < start + rows {
            return Some((kept, index - start));
        }
        start += rows;
    }
    None
}

/// Whether the last row is one before an update, whose other half is still to come.
pub(crate) fn ends_within_update(all: &[Kept]) -> bool {
    all.last().is_some_and(|kept| {
        let rows = kept.batch.num_rows();
        rows > 0 && kept.batch.kinds().get(rows - 1) == RowKind::UpdateBefore
    })
}

#[cfg(test)]
mod tests {
    use seatunnel_api::{
        BatchBuilder, CatalogTable, Column, DataType, TablePath, TableSchema, Value,
    };

    use super::*;

    #[test]
    fn rows_keep_their_numbers_when_others_are_rejected() {
        let columns = vec![Column::new("k", DataType::Int)];
        let table = CatalogTable::new("t", TablePath::table("t"), TableSchema::new(columns));
        let mut builder = BatchBuilder::new(Arc::new(table));
        for number in 1..=6 {
            builder
                .push(RowKind::Insert, &[Value::Int(number)])
                .unwrap();
        }
        let all = [Kept::new(builder.finish(), 1)];
        let rest = [all[0].without(&[1, 3]).unwrap()];
        let rest = slice(&rest, 1..4);
        assert_eq!(count(&rest), 3);
        for (index, number) in [(0, 3), (1, 5), (2, 6)] {
            let (kept, row) = row(&rest, index).unwrap();
            assert_eq!(kept.number(row), number);
            assert_eq!(kept.batch.row(row).values(), [Value::Int(number as i32)]);
        }
        assert!(row(&rest, 3).is_none());
        let twice = rest[0].without(&[0]).unwrap();
        assert_eq!(twice.number(0), 5);
    }
}
