//! Rows of updates and what they change.

use arrow_ord::ord::make_comparator;
use arrow_schema::SortOptions;
use seatunnel_api::{Batch, Result, RowKind};

/// Whether the row after a row is its update and has the same key, so that it takes its place; `keys`
/// are the places of the key's columns. Where keys don't change, it always does.
///
/// # Errors
/// If keys can't be compared: a bug.
pub fn same_key_as_next(
    batch: &Batch,
    keys: impl Iterator<Item = usize>,
    keys_change: bool,
) -> Result<Box<dyn Fn(usize) -> bool + '_>> {
    if !keys_change {
        return Ok(Box::new(|_| true));
    }
    let mut comparators = Vec::new();
    for key in keys {
        let column = batch.records().column(key).as_ref();
        comparators.push(make_comparator(column, column, SortOptions::default())?);
    }
    Ok(Box::new(move |row| {
        row + 1 < batch.num_rows()
            && batch.kinds().get(row + 1) == RowKind::UpdateAfter
            && comparators
                .iter()
                .all(|compare| compare(row, row + 1).is_eq())
    }))
}
