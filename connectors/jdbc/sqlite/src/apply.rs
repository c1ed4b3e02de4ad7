//! Applies kept rows to a table, in their order, in one transaction.
//!
//! SQLite runs the rows of a statement one after the other, so that of several rows of a key the last
//! one stands: they need not be reduced to one before.
//!
//! Rows are first put by statements of many rows, without a thought of what may go wrong. Where the
//! table refuses one, all is undone and done again under savepoints, by fewer and fewer rows, which
//! finds the rows that are refused; each is refused as it would be if it came alone after the rows
//! before it. With the dead-letter output the others are written, without it nothing is.
//!
//! Constraints that a table checks at the end of a transaction (`DEFERRABLE INITIALLY DEFERRED`) and
//! those that undo all of it (`ON CONFLICT ROLLBACK`) fail the job in any case.

use std::ops::Range;

use rusqlite::{CachedStatement, Connection, Statement, Transaction, TransactionBehavior};
use seatunnel_api::{Error, Result};

use crate::connection::Location;
use crate::encode::{Parameters, bind};
use crate::plan::Plan;
use crate::refusal::{self, Kept, Refused};
use crate::steps::{Step, steps};

/// Writes batches. The rows that the table refuses are returned if they may be set aside; else
/// either all rows or none are in the table afterwards.
///
/// # Errors
/// If a row is refused that can't be set aside, or nothing can be written.
pub(crate) fn apply(
    connection: &mut Connection,
    location: &Location,
    plan: &Plan,
    kept: &[Kept],
    set_aside: bool,
) -> Result<Vec<Refused>> {
    let mut run = |care| in_transaction(connection, location, plan, kept, care, &[], true);
    match run(Care::None) {
        Err(error) if error.is_of_row() => run(Care::of(set_aside)),
        other => other,
    }
}

/// Stages batches without the rows that the target refuses, which are returned. That is found out by
/// a transaction on the target that is not committed; so a row is compared with what the target has
/// and with the rows written together with it, not with what others stage.
///
/// # Errors
/// If nothing can be written.
pub(crate) fn stage_fitting(
    connection: &mut Connection,
    location: &Location,
    target: &Plan,
    staging: &Plan,
    kept: &[Kept],
) -> Result<Vec<Refused>> {
    let mut run = |care| in_transaction(connection, location, target, kept, care, &[], false);
    let refused = match run(Care::None) {
        Err(error) if error.is_of_row() => run(Care::SetAside)?,
        other => other?,
    };
    in_transaction(
        connection,
        location,
        staging,
        kept,
        Care::None,
        &refused,
        true,
    )?;
    Ok(refused)
}

/// How much is done to find rows that are refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// The first error ends it, and names no row.
    None,
    /// The first row that is refused ends it.
    Find,
    /// Rows that are refused are set aside.
    SetAside,
}

impl Care {
    fn of(set_aside: bool) -> Self {
        if set_aside {
            Self::SetAside
        } else {
            Self::Find
        }
    }
}

fn in_transaction(
    connection: &mut Connection,
    location: &Location,
    plan: &Plan,
    kept: &[Kept],
    care: Care,
    without: &[Refused],
    commit: bool,
) -> Result<Vec<Refused>> {
    let failed = |e| location.failure(e).with_context("table", &plan.table);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let mut work = Work {
        transaction: &transaction,
        location,
        plan,
        care,
        refused: Vec::new(),
        text: String::new(),
    };
    for (number, batch) in kept.iter().enumerate() {
        let without: Vec<usize> = without
            .iter()
            .filter(|refused| refused.batch == number)
            .map(|refused| refused.row)
            .collect();
        let rows = Rows {
            number,
            kept: batch,
        };
        for (step, range) in steps(plan, &batch.batch, &without)? {
            match step {
                Step::Put if plan.update.is_some() => work.update_or_insert(rows, range)?,
                Step::Put => work.put(rows, range, &plan.puts)?,
                Step::Delete => work.delete(rows, range)?,
                Step::Skip => {}
            }
        }
    }
    let refused = work.refused;
    if commit {
        let end = |e| refusal::at_the_end(location, plan, e);
        transaction.commit().map_err(end)?;
    } else {
        transaction.rollback().map_err(failed)?;
    }
    Ok(refused)
}

/// A batch and its place among those written together.
#[derive(Clone, Copy)]
struct Rows<'a> {
    number: usize,
    kept: &'a Kept,
}

struct Work<'a> {
    transaction: &'a Transaction<'a>,
    location: &'a Location,
    plan: &'a Plan,
    care: Care,
    refused: Vec<Refused>,
    /// Scratch space.
    text: String,
}

impl<'a> Work<'a> {
    /// Puts rows by statements of so many rows, largest first.
    fn put(
        &mut self,
        rows: Rows<'_>,
        mut range: Range<usize>,
        puts: &[(usize, String)],
    ) -> Result<()> {
        let columns: Vec<usize> = (0..self.plan.columns.len()).collect();
        for (place, (size, sql)) in puts.iter().enumerate() {
            if range.len() < *size {
                continue;
            }
            let mut statement = self.prepare(sql)?;
            while range.len() >= *size {
                let now = range.start..range.start + size;
                range.start = now.end;
                let done = self
                    .carefully(|work| work.execute(&mut statement, rows, &columns, now.clone()));
                match done {
                    Err(error) if self.goes_on(&error) && *size > 1 => {
                        self.put(rows, now, &puts[place + 1..])?;
                    }
                    other => self.settle(rows, now.start, other.map(|_| ()))?,
                }
            }
        }
        Ok(())
    }

    fn update_or_insert(&mut self, rows: Rows<'_>, range: Range<usize>) -> Result<()> {
        let (Some((update, columns)), Some((_, insert))) =
            (&self.plan.update, self.plan.puts.last())
        else {
            return Ok(());
        };
        let all: Vec<usize> = (0..self.plan.columns.len()).collect();
        let (mut update, mut insert) = (self.prepare(update)?, self.prepare(insert)?);
        for row in range {
            let done = self.carefully(|work| {
                if work.execute(&mut update, rows, columns, row..row + 1)? == 0 {
                    work.execute(&mut insert, rows, &all, row..row + 1)?;
                }
                Ok(())
            });
            self.settle(rows, row, done)?;
        }
        Ok(())
    }

    fn delete(&mut self, rows: Rows<'_>, range: Range<usize>) -> Result<()> {
        let Some(sql) = &self.plan.delete else {
            return Ok(());
        };
        let mut statement = self.prepare(sql)?;
        let keys = &self.plan.keys;
        for row in range {
            let done =
                self.carefully(|work| work.execute(&mut statement, rows, keys, row..row + 1));
            self.settle(rows, row, done.map(|_| ()))?;
        }
        Ok(())
    }

    /// Does something of which nothing is left if it fails and rows are searched for.
    fn carefully<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.care == Care::None {
            return work(self);
        }
        self.run("SAVEPOINT refusable")?;
        let done = work(self);
        if let Err(error) = done {
            // A full disk ends the transaction too.
            if self.transaction.is_autocommit() {
                return Err(match error.is_of_row() {
                    true => refusal::all_undone(&error),
                    false => error,
                });
            }
            self.run("ROLLBACK TO refusable")?;
            self.run("RELEASE refusable")?;
            return Err(error);
        }
        self.run("RELEASE refusable")?;
        done
    }

    fn goes_on(&self, error: &Error) -> bool {
        self.care != Care::None && error.is_of_row()
    }

    /// What comes of a row.
    fn settle(&mut self, rows: Rows<'_>, row: usize, done: Result<()>) -> Result<()> {
        match done {
            Err(error) if error.is_of_row() && self.care == Care::SetAside => {
                self.refused.push(Refused {
                    batch: rows.number,
                    row,
                    error,
                });
                Ok(())
            }
            other => other,
        }
    }

    fn run(&self, sql: &str) -> Result<()> {
        let done = self.prepare(sql)?.raw_execute();
        done.map(|_| ()).map_err(|e| self.failed(e))
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'a>> {
        let prepared = self.transaction.prepare_cached(sql);
        prepared.map_err(|e| self.failed(e))
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        let told = self.location.failure(error);
        told.with_context("table", &self.plan.table)
    }

    /// Binds rows, column by column, and runs the statement; returns how many rows it changed.
    fn execute(
        &mut self,
        statement: &mut Statement<'_>,
        rows: Rows<'_>,
        columns: &[usize],
        range: Range<usize>,
    ) -> Result<usize> {
        let Self { location, plan, .. } = *self;
        let set_aside = self.care == Care::SetAside;
        let kept = rows.kept;
        for (index, column) in columns.iter().enumerate() {
            let column = &plan.columns[*column];
            let bound = bind(
                statement,
                kept.batch.records(),
                column,
                range.clone(),
                Parameters {
                    first: index + 1,
                    stride: columns.len(),
                },
                &mut self.text,
            );
            bound.map_err(|error| {
                let place = (column.0, range.clone());
                refusal::of_binding(error, location, plan, kept, place, set_aside)
            })?;
        }
        statement.raw_execute().map_err(|error| {
            let error = refusal::failure(location, error);
            refusal::of_rows(error, plan, kept, range, set_aside)
        })
    }
}
