//! What is to be done with the rows of a batch, by their kinds.

use std::ops::Range;

use seatunnel_api::{Batch, Error, Result, RowKind};

use crate::plan::Plan;
use crate::refusal::shown;
use seatunnel_jdbc_core::changes::same_key_as_next;
use seatunnel_jdbc_core::errors;

/// What is done with some consecutive rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Put,
    Delete,
    Skip,
}

/// Consecutive rows with the same thing to do.
///
/// Rows in `without`, in ascending order, are left out.
pub(crate) fn steps(
    plan: &Plan,
    batch: &Batch,
    without: &[usize],
) -> Result<Vec<(Step, Range<usize>)>> {
    let all = 0..batch.num_rows();
    if without.is_empty() && batch.kinds().all_puts() {
        return Ok(vec![(Step::Put, all)]);
    }
    let keys = plan.keys.iter().map(|key| plan.columns[*key].0);
    let same_key = same_key_as_next(batch, keys, plan.keys_change)?;
    let mut steps: Vec<(Step, Range<usize>)> = Vec::new();
    for row in all {
        let step = match batch.kinds().get(row) {
            _ if without.binary_search(&row).is_ok() => Step::Skip,
            RowKind::Insert | RowKind::UpdateAfter => Step::Put,
            RowKind::UpdateBefore if plan.given => Step::Skip,
            RowKind::UpdateBefore if plan.updates_in_place && same_key(row) => Step::Skip,
            kind @ (RowKind::UpdateBefore | RowKind::Delete) => {
                if plan.delete.is_none() {
                    return Err(no_delete(plan, batch, row, kind));
                }
                Step::Delete
            }
        };
        match steps.last_mut() {
            Some((last, rows)) if *last == step => rows.end = row + 1,
            _ => steps.push((step, row..row + 1)),
        }
    }
    Ok(steps)
}

fn no_delete(plan: &Plan, batch: &Batch, row: usize, kind: RowKind) -> Error {
    let error = Error::new(
        errors::ROW_KIND,
        if plan.given {
            format!("the given query can't apply a row of kind {kind}")
        } else {
            format!("a row of kind {kind} can't be applied without a key")
        },
    )
    .with_context("table", &plan.table)
    .with_context("values", shown(plan, batch, row));
    error.with_help("set generate_sink_sql = true and primary_keys")
}
