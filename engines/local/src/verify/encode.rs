//! Rows as hashes, and keys as bytes in their order.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_row::{RowConverter, Rows, SortField};
use seatunnel_api::{Batch, Result};
use twox_hash::XxHash3_128;

use super::unit::{Positions, Unit};

/// Makes hashes of the rows of one table. Its buffers are used again for each batch.
pub(crate) struct Encoder {
    unit: Arc<Unit>,
    positions: Positions,
    /// The key, or the whole row where there is no key.
    key: RowConverter,
    /// All other columns.
    rest: Option<RowConverter>,
    keys: Rows,
    rests: Option<Rows>,
    columns: Vec<ArrayRef>,
}

/// What stands for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowHash {
    /// Of the key: what rows are sorted into buckets by.
    pub(crate) key: u64,
    /// Of the whole row.
    pub(crate) row: u128,
}

impl Encoder {
    /// An encoder for batches that have the unit's columns at these positions.
    ///
    /// # Errors
    /// If a column has a type that can't be put in order.
    pub(crate) fn new(unit: &Arc<Unit>, positions: &Positions) -> Result<Self> {
        let fields = |columns: &[super::unit::UnitColumn]| -> Vec<SortField> {
            let types = columns.iter().flat_map(|c| c.canonical.arrow_types());
            types.map(SortField::new).collect()
        };
        let split = key_columns(unit);
        let key = RowConverter::new(fields(&unit.columns[..split]))?;
        let rest = match &unit.columns[split..] {
            [] => None,
            columns => Some(RowConverter::new(fields(columns))?),
        };
        Ok(Self {
            keys: key.empty_rows(0, 0),
            rests: rest.as_ref().map(|rest| rest.empty_rows(0, 0)),
            unit: unit.clone(),
            positions: positions.clone(),
            key,
            rest,
            columns: Vec::new(),
        })
    }

    /// The hashes of a batch's rows, in `out`.
    ///
    /// # Errors
    /// If a value can't be compared.
    pub(crate) fn hash(&mut self, batch: &Batch, out: &mut Vec<RowHash>) -> Result<()> {
        let split = key_columns(&self.unit);
        self.convert(batch, 0..split)?;
        self.keys.clear();
        self.key.append(&mut self.keys, &self.columns)?;
        if self.rest.is_some() {
            self.convert(batch, split..self.unit.columns.len())?;
        }
        if let (Some(rest), Some(rests)) = (&self.rest, &mut self.rests) {
            rests.clear();
            rest.append(rests, &self.columns)?;
        }
        out.clear();
        out.extend((0..batch.num_rows()).map(|row| {
            let key = XxHash3_128::oneshot(self.keys.row(row).as_ref());
            // The low half goes into the bucket's number; the seed ties the rest to its key.
            let row = match &self.rests {
                None => key,
                Some(rests) => {
                    XxHash3_128::oneshot_with_seed((key >> 64) as u64, rests.row(row).as_ref())
                        .wrapping_add(key)
                }
            };
            RowHash {
                key: key as u64,
                row,
            }
        }));
        Ok(())
    }

    /// The keys of a batch's rows, as bytes that sort as they do.
    ///
    /// # Errors
    /// If a value can't be compared.
    pub(crate) fn keys(&mut self, batch: &Batch) -> Result<Rows> {
        self.convert(batch, 0..key_columns(&self.unit))?;
        Ok(self.key.convert_columns(&self.columns)?)
    }

    /// Columns of the unit in their common form, in `self.columns`.
    fn convert(&mut self, batch: &Batch, columns: Range<usize>) -> Result<()> {
        self.columns.clear();
        let positions = &self.positions[columns.clone()];
        for (column, position) in self.unit.columns[columns].iter().zip(positions) {
            let canonical = &column.canonical;
            canonical.convert(batch, *position, &mut self.columns)?;
        }
        Ok(())
    }
}

/// How many columns tell rows apart: all of them where there is no key.
pub(crate) fn key_columns(unit: &Unit) -> usize {
    match unit.key {
        0 => unit.columns.len(),
        key => key,
    }
}
