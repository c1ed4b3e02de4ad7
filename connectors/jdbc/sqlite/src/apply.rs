//! Applies kept rows to a table, in their order, in one transaction.
//!
//! SQLite runs the rows of a statement one after the other, so that of several rows of a key the last
//! one stands: they need not be reduced to one before.

use std::ops::Range;

use arrow_ord::ord::make_comparator;
use arrow_schema::SortOptions;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use seatunnel_api::{Batch, Error, Result, RowKind, RowKinds, codes};

use crate::connection::Location;
use crate::encode::{BindError, Parameters, bind};
use crate::plan::Plan;
use seatunnel_jdbc_core::errors;

/// What is done with some consecutive rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Put,
    Delete,
    Skip,
}

/// Writes batches; either all their rows or none are in the table afterwards.
pub(crate) fn apply(
    connection: &mut Connection,
    location: &Location,
    plan: &Plan,
    batches: &[Batch],
) -> Result<()> {
    let failed = |e| location.failure(e).with_context("table", &plan.table);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let work = Work {
        transaction: &transaction,
        location,
        plan,
    };
    let mut text = String::new();
    for batch in batches {
        for (step, rows) in steps(plan, batch)? {
            match step {
                Step::Put if plan.update.is_some() => {
                    work.update_or_insert(batch, rows, &mut text)?
                }
                Step::Put => work.put(batch, rows, &mut text)?,
                Step::Delete => work.delete(batch, rows, &mut text)?,
                Step::Skip => {}
            }
        }
    }
    transaction.commit().map_err(failed)
}

/// Consecutive rows with the same thing to do.
fn steps(plan: &Plan, batch: &Batch) -> Result<Vec<(Step, Range<usize>)>> {
    let all = 0..batch.num_rows();
    if let RowKinds::All(RowKind::Insert | RowKind::UpdateAfter) = batch.kinds() {
        return Ok(vec![(Step::Put, all)]);
    }
    let same_key = same_key_as_next(plan, batch)?;
    let mut steps: Vec<(Step, Range<usize>)> = Vec::new();
    for row in all {
        let step = match batch.kinds().get(row) {
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

/// Whether the row after a row is its update and has the same key, so that it takes its place.
fn same_key_as_next<'a>(plan: &Plan, batch: &'a Batch) -> Result<Box<dyn Fn(usize) -> bool + 'a>> {
    if !plan.keys_change {
        return Ok(Box::new(|_| true));
    }
    let mut comparators = Vec::with_capacity(plan.keys.len());
    for key in &plan.keys {
        let column = batch.records().column(plan.columns[*key].0).as_ref();
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
    .with_context("row", shown(plan, batch, row));
    error.with_help("set generate_sink_sql = true and primary_keys")
}

struct Work<'a> {
    transaction: &'a Transaction<'a>,
    location: &'a Location,
    plan: &'a Plan,
}

impl Work<'_> {
    fn put(&self, batch: &Batch, mut rows: Range<usize>, text: &mut String) -> Result<()> {
        for (size, sql) in &self.plan.puts {
            if rows.len() < *size {
                continue;
            }
            let columns: Vec<usize> = (0..self.plan.columns.len()).collect();
            let mut statement = self.prepare(sql)?;
            while rows.len() >= *size {
                let now = rows.start..rows.start + size;
                self.bind(&mut statement, batch, &columns, now.clone(), text)?;
                if let Err(error) = statement.raw_execute() {
                    return Err(self.blame(error, batch, now, text));
                }
                rows.start = now.end;
            }
        }
        Ok(())
    }

    fn update_or_insert(&self, batch: &Batch, rows: Range<usize>, text: &mut String) -> Result<()> {
        let Some((sql, columns)) = &self.plan.update else {
            return Ok(());
        };
        let mut update = self.prepare(sql)?;
        for row in rows {
            self.bind(&mut update, batch, columns, row..row + 1, text)?;
            let changed = update
                .raw_execute()
                .map_err(|e| self.failure(e, batch, row))?;
            if changed == 0 {
                self.put(batch, row..row + 1, text)?;
            }
        }
        Ok(())
    }

    fn delete(&self, batch: &Batch, rows: Range<usize>, text: &mut String) -> Result<()> {
        let Some(sql) = &self.plan.delete else {
            return Ok(());
        };
        let mut statement = self.prepare(sql)?;
        for row in rows {
            self.bind(&mut statement, batch, &self.plan.keys, row..row + 1, text)?;
            statement
                .raw_execute()
                .map_err(|e| self.failure(e, batch, row))?;
        }
        Ok(())
    }

    fn prepare(&self, sql: &str) -> Result<rusqlite::CachedStatement<'_>> {
        self.transaction.prepare_cached(sql).map_err(|e| {
            self.location
                .failure(e)
                .with_context("table", &self.plan.table)
        })
    }

    /// Binds rows, column by column.
    fn bind(
        &self,
        statement: &mut rusqlite::Statement<'_>,
        batch: &Batch,
        columns: &[usize],
        rows: Range<usize>,
        text: &mut String,
    ) -> Result<()> {
        for (index, column) in columns.iter().enumerate() {
            let column = &self.plan.columns[*column];
            let parameters = Parameters {
                first: index + 1,
                stride: columns.len(),
            };
            let bound = bind(
                statement,
                batch.records(),
                column,
                rows.clone(),
                parameters,
                text,
            );
            bound.map_err(|error| match error {
                BindError::Sqlite(error) => self.failure(error, batch, rows.start),
                BindError::NotANumber(row) => Error::new(
                    codes::VALUE_INVALID,
                    "SQLite can't store NaN: it would become null",
                )
                .with_context("table", &self.plan.table)
                .with_context("column", &batch.table().columns()[column.0].name)
                .with_context("row", shown(self.plan, batch, row)),
            })?;
        }
        Ok(())
    }

    /// Finds the row that a statement of many rows failed for, by putting them one by one.
    fn blame(
        &self,
        error: rusqlite::Error,
        batch: &Batch,
        rows: Range<usize>,
        text: &mut String,
    ) -> Error {
        let broken = error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation);
        if !broken || rows.len() == 1 {
            return self.failure(error, batch, rows.start);
        }
        for row in rows.clone() {
            if let Err(error) = self.put(batch, row..row + 1, text) {
                return error;
            }
        }
        self.failure(error, batch, rows.start)
    }

    fn failure(&self, error: rusqlite::Error, batch: &Batch, row: usize) -> Error {
        let of_row = error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation);
        let told = self
            .location
            .failure(error)
            .with_context("table", &self.plan.table);
        if of_row {
            told.with_context("row", shown(self.plan, batch, row))
        } else {
            told
        }
    }
}

/// A row for a message: its key, or its first columns without one.
fn shown(plan: &Plan, batch: &Batch, row: usize) -> String {
    const COLUMNS: usize = 4;
    const LONGEST: usize = 40;
    let places: Vec<usize> = if plan.keys.is_empty() {
        plan.columns.iter().map(|(p, _)| *p).take(COLUMNS).collect()
    } else {
        plan.keys.iter().map(|k| plan.columns[*k].0).collect()
    };
    let values: Vec<String> = places
        .into_iter()
        .map(|place| {
            let text = batch.row(row).get(place).to_string();
            let cut: String = text.chars().take(LONGEST).collect();
            format!("{} = {cut}", batch.table().columns()[place].name)
        })
        .collect();
    values.join(", ")
}
