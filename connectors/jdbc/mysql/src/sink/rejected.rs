//! Rows that can't be written: which ones they are, and where they go.

use seatunnel_api::{Batch, Error, Result, codes};
use seatunnel_jdbc_core::errors;

use super::apply::{Applier, halves};
use super::form::Unfit;
use super::groups::{Group, Op};
use super::plan::Plan;
use crate::wire::Failure;

/// A row that the sink can't write, and why.
pub(crate) struct Rejected {
    pub(crate) batch: Batch,
    pub(crate) row: usize,
    pub(crate) error: Error,
}

impl Applier {
    /// Finds the rows that a statement failed for and rejects them; the others are written.
    pub(super) async fn blame(&mut self, group: Group, failure: Failure) -> Result<()> {
        let plan = self.plans[group.table].clone();
        let error = self.of_table(failure, &plan);
        if !error.is_of_row() {
            return Err(error);
        }
        if group.rows == 1 {
            return self.reject_only(&group, error).await;
        }
        if !plan.atomic {
            // Some rows are in, and stay: tried again, they would be the ones that fail.
            return Err(error);
        }
        // Else the statement may have changed rows before it failed: the job ends, and the rows are
        // only tried again to name one.
        let can_repeat = group.op == Op::Delete || plan.put.many;
        let bulk = self.is_bulk(&plan, group.op);
        let mut waiting = halves(group, bulk);
        while let Some(group) = waiting.pop() {
            match self.run(&group).await? {
                Ok(_) => {}
                Err(error) if !error.is_of_row() => return Err(error),
                Err(error) if group.rows == 1 => self.reject_only(&group, error).await?,
                Err(_) => waiting.extend(halves(group, bulk)),
            }
        }
        if can_repeat { Ok(()) } else { Err(error) }
    }

    /// Writes rows each by a statement of its own.
    pub(super) async fn one_by_one(&mut self, group: Group) -> Result<()> {
        self.settle().await?;
        let mut rest = group;
        while rest.rows > 0 {
            let (one, later) = rest.split(1);
            match self.run(&one).await? {
                Ok(_) => {}
                Err(error) if error.is_of_row() => self.reject_only(&one, error).await?,
                Err(error) => return Err(error),
            }
            rest = later;
        }
        Ok(())
    }

    pub(super) async fn too_large(&mut self, group: &Group) -> Result<()> {
        let error = Error::new(
            codes::VALUE_INVALID,
            format!(
                "the row takes {} bytes, and the server takes at most {} at once",
                self.command.len(),
                self.session.largest
            ),
        )
        .with_help("raise max_allowed_packet of the server");
        let error = error.with_context("table", &self.plans[group.table].name);
        self.reject_only(group, error).await
    }

    pub(super) async fn reject_only(&mut self, group: &Group, error: Error) -> Result<()> {
        match group.place(0) {
            Some((batch, row, number)) => {
                let batch = batch.clone();
                self.reject(&batch, row, number, error).await
            }
            None => Err(error),
        }
    }

    /// Hands a row to where the rejected ones go.
    ///
    /// # Errors
    /// The row's own error, where there is no such place.
    pub(crate) async fn reject(
        &mut self,
        batch: &Batch,
        row: usize,
        number: u64,
        error: Error,
    ) -> Result<()> {
        let error = error.with_context("row", number);
        match &mut self.held_back {
            Some(held_back) if self.dirty.is_on() => {
                held_back.push(Rejected {
                    batch: batch.slice(row, 1),
                    row: 0,
                    error,
                });
                Ok(())
            }
            _ => self.dirty.reject(batch, row, error).await,
        }
    }
}

/// The error of a value that MySQL has no way to hold; `places` are the rows' columns of the statement.
pub(crate) fn unfit_error(plan: &Plan, places: &[usize], unfit: Unfit) -> Error {
    let column = places
        .get(unfit.column)
        .map(|place| &plan.table.columns()[*place].name);
    let error = Error::new(codes::VALUE_INVALID, unfit.why).with_context("table", &plan.name);
    match column {
        Some(column) => error.with_context("column", column),
        None => error,
    }
}

/// The error of a row kind that can't be applied.
pub(crate) fn no_delete(plan: &Plan, kind: seatunnel_api::RowKind) -> Error {
    let text = if plan.given {
        format!("the given query can't apply a row of kind {kind}")
    } else {
        format!("a row of kind {kind} can't be applied without a key")
    };
    Error::new(errors::ROW_KIND, text)
        .with_context("table", &plan.name)
        .with_help("set generate_sink_sql = true and primary_keys")
}
