//! What the kinds of rows ask for.

use std::ops::Range;

use seatunnel_api::{Batch, Result, RowKind};
use seatunnel_jdbc_core::changes::same_key_as_next;

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
    if batch.kinds().all_puts() {
        return Ok(vec![(Step::Do(Op::Put), all)]);
    }
    let keys = plan.keys.iter().map(|key| plan.fields[*key].place);
    let same_key = same_key_as_next(batch, keys, plan.keys_change)?;
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
