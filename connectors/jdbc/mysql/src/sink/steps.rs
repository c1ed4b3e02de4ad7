//! What the kinds of rows ask for.

use std::ops::Range;

use arrow_ord::ord::make_comparator;
use arrow_schema::SortOptions;
use seatunnel_api::{Batch, Result, RowKind, RowKinds};

use super::groups::Op;
use super::plan::Plan;

/// What is done with some consecutive rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Do(Op),
    /// The row after it takes its place.
    Skip,
    /// Its kind can't be applied.
    Refuse(RowKind),
}

/// Consecutive rows with the same thing to be done, in order.
///
/// # Errors
/// If keys can't be compared: a bug.
pub(crate) fn steps(plan: &Plan, batch: &Batch) -> Result<Vec<(Step, Range<usize>)>> {
    let all = 0..batch.num_rows();
    if only_puts(batch) {
        return Ok(vec![(Step::Do(Op::Put), all)]);
    }
    let same_key = same_key_as_next(plan, batch)?;
    let mut steps: Vec<(Step, Range<usize>)> = Vec::new();
    for row in all {
        let step = match batch.kinds().get(row) {
            RowKind::Insert | RowKind::UpdateAfter => Step::Do(Op::Put),
            RowKind::UpdateBefore if plan.given => Step::Skip,
            RowKind::UpdateBefore if plan.updates_in_place && same_key(row) => Step::Skip,
            kind if plan.delete.is_none() => Step::Refuse(kind),
            _ => Step::Do(Op::Delete),
        };
        match steps.last_mut() {
            Some((last, rows)) if *last == step => rows.end = row + 1,
            _ => steps.push((step, row..row + 1)),
        }
    }
    Ok(steps)
}

/// Whether all rows are to be put, told without looking at rows where possible.
pub(crate) fn only_puts(batch: &Batch) -> bool {
    let puts = |kind| matches!(kind, RowKind::Insert | RowKind::UpdateAfter);
    match batch.kinds() {
        RowKinds::All(kind) => puts(*kind),
        RowKinds::Each(bytes) => bytes.iter().all(|b| puts(RowKind::from_byte(*b))),
    }
}

/// Whether the row after a row is its update and has the same key, so that it takes its place.
fn same_key_as_next<'a>(plan: &Plan, batch: &'a Batch) -> Result<Box<dyn Fn(usize) -> bool + 'a>> {
    if !plan.keys_change {
        return Ok(Box::new(|_| true));
    }
    let mut comparators = Vec::with_capacity(plan.keys.len());
    for key in &plan.keys {
        let column = batch.records().column(plan.fields[*key].place).as_ref();
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
