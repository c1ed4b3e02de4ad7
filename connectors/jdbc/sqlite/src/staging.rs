//! Exactly once: rows wait in a table of their own until their checkpoint is committed.
//!
//! A writer puts its rows, and what is to be done with them, into a staging table of the same file.
//! Committing moves them into the target and drops the staging table in one transaction. A staging
//! table that is gone has been committed: doing it twice is as doing it once. Transactions are then
//! synced to the disk (`synchronous = FULL`), since the engine relies on what it was told.
//!
//! With the dead-letter output, rows are tried on the target before they are staged, which finds
//! those that it refuses. What stays are rows of one checkpoint that contradict each other (the same
//! key inserted twice, by two writers or in two transactions of one): that is found when they are
//! moved, where none can be set aside any more, and fails the job.

use rusqlite::types::Value;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Statement, TransactionBehavior, params_from_iter,
};
use seatunnel_api::{CatalogTable, CheckpointId, Result, State};
use serde::{Deserialize, Serialize};

use crate::QUOTE;
use crate::connection::Location;
use crate::plan::{Plan, statement_sizes};
use crate::refusal;

/// Rows that are ready to be committed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Staged {
    /// The staging table.
    pub(crate) table: String,
    /// The checkpoint that they belong to.
    pub(crate) checkpoint: CheckpointId,
}

impl State for Staged {}

/// What names of staging tables begin with; the target's name follows.
pub(crate) const PREFIX: &str = "_seatunnel_staged_";
/// The column that says what is to be done: 0 puts, 1 deletes.
const DELETES: &str = "deletes";

/// The name of a staging table for a target; `unique` tells it from all others.
pub(crate) fn name(target: &str, unique: &str) -> String {
    format!("{PREFIX}{target}_{unique}")
}

/// Makes a staging table, and the statements that fill it in place of the target.
pub(crate) fn create(
    connection: &Connection,
    location: &Location,
    plan: &Plan,
    name: &str,
) -> Result<Plan> {
    let table = QUOTE.name(name);
    // Without a declared type, a column keeps values as they are; the target converts them later.
    let columns = columns(plan.columns.len());
    let all = columns.join(", ");
    connection
        .execute_batch(&format!("CREATE TABLE {table} ({all}, {DELETES})"))
        .map_err(|e| location.failure(e).with_context("table", name))?;
    let row = format!("({}, 0)", vec!["?"; columns.len()].join(", "));
    let puts = statement_sizes(columns.len()).into_iter().map(|rows| {
        let values = vec![row.as_str(); rows].join(", ");
        (
            rows,
            format!("INSERT INTO {table} ({all}, {DELETES}) VALUES {values}"),
        )
    });
    let delete = plan.delete.as_ref().map(|_| {
        let keys: Vec<&str> = plan.keys.iter().map(|k| columns[*k].as_str()).collect();
        let values = vec!["?"; keys.len()].join(", ");
        let keys = keys.join(", ");
        format!("INSERT INTO {table} ({keys}, {DELETES}) VALUES ({values}, 1)")
    });
    Ok(Plan {
        table: plan.table.clone(),
        columns: plan.columns.clone(),
        keys: plan.keys.clone(),
        puts: puts.collect(),
        delete,
        updates_in_place: plan.updates_in_place,
        keys_change: plan.keys_change,
        ..Plan::default()
    })
}

fn columns(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("c{i}")).collect()
}

/// Moves staged rows into the target, in their order, and drops the staging tables.
pub(crate) fn commit(
    connection: &mut Connection,
    location: &Location,
    plan: &Plan,
    rows_of: &CatalogTable,
    staged: &[Staged],
) -> Result<()> {
    let failed = |e| location.failure(e).with_context("table", &plan.table);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    for one in staged {
        if exists(&transaction, &one.table).map_err(failed)? {
            let merged = merge(&transaction, plan, &one.table);
            merged.map_err(|refused| {
                let error = refusal::failure(location, refused.error);
                let of_row = error.is_of_row();
                let mut error = error.with_context("table", &plan.table);
                if let Some(row) = refused.row {
                    let row = shown(&transaction, plan, rows_of, &one.table, row);
                    let what = if plan.keys.is_empty() {
                        "values"
                    } else {
                        "key"
                    };
                    error = error.with_context(what, row.unwrap_or_default());
                }
                if of_row {
                    error.with_help(AT_THE_COMMIT)
                } else {
                    error
                }
            })?;
        }
    }
    let end = |e| refusal::at_the_end(location, plan, e);
    transaction.commit().map_err(end)
}

const AT_THE_COMMIT: &str = "rows were found at fault when their checkpoint was committed, where \
    they can't be set aside any more; without is_exactly_once, dirty.path and dirty.max apply to all";

fn exists(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let found = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")?
        .query_row([table], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Why staged rows can't be moved.
struct Refused {
    error: rusqlite::Error,
    /// The staged row that is to blame.
    row: Option<i64>,
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self { error, row: None }
    }
}

/// Puts the staged rows of these numbers. Where they are refused, it is found out for which.
fn put_rows(
    connection: &Connection,
    put: &mut Statement<'_>,
    first: i64,
    last: i64,
    most: i64,
) -> Result<(), Refused> {
    let Err(error) = put.execute([first, last]) else {
        return Ok(());
    };
    // A rule of the table may have ended the transaction: nothing may be put outside of one.
    let searchable = !connection.is_autocommit();
    if searchable && error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
        for row in first..=last.min(most) {
            if let Err(error) = put.execute([row, row]) {
                return Err(Refused {
                    error,
                    row: Some(row),
                });
            }
        }
    }
    Err(error.into())
}

/// A staged row for a message: its key, or its first columns without one.
fn shown(
    connection: &Connection,
    plan: &Plan,
    rows_of: &CatalogTable,
    staging: &str,
    row: i64,
) -> rusqlite::Result<String> {
    const COLUMNS: usize = 4;
    const LONGEST: usize = 40;
    let places: Vec<usize> = match plan.keys.is_empty() {
        true => (0..plan.columns.len()).take(COLUMNS).collect(),
        false => plan.keys.clone(),
    };
    let texts: Vec<String> = places
        .iter()
        .map(|place| format!("substr(CAST(c{place} AS TEXT), 1, {LONGEST})"))
        .collect();
    let query = format!(
        "SELECT {} FROM {} WHERE rowid = ?1",
        texts.join(", "),
        QUOTE.name(staging)
    );
    connection.query_row(&query, [row], |found| {
        let values = places.iter().enumerate().map(|(index, place)| {
            let value: Option<String> = found.get(index)?;
            let name = &rows_of.columns()[plan.columns[*place].0].name;
            Ok(format!("{name}={}", value.as_deref().unwrap_or("null")))
        });
        Ok(values.collect::<rusqlite::Result<Vec<_>>>()?.join(", "))
    })
}

fn merge(connection: &Connection, plan: &Plan, staging: &str) -> Result<(), Refused> {
    let table = QUOTE.name(staging);
    let columns = columns(plan.columns.len());
    let (insert, clause) = &plan.around;
    let mut put = connection.prepare(&format!(
        "{insert} SELECT {} FROM {table} WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid{clause}",
        columns.join(", ")
    ))?;
    let mut delete = match &plan.delete {
        Some(sql) => Some(connection.prepare(sql)?),
        None => None,
    };
    let keys: String = plan
        .keys
        .iter()
        .map(|k| format!(", {}", columns[*k]))
        .collect();
    // Rows to put are moved together up to the next one to delete.
    let deletes = format!("SELECT rowid{keys} FROM {table} WHERE {DELETES} = 1 ORDER BY rowid");
    let mut first = 1_i64;
    {
        let mut statement = connection.prepare(&deletes)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let rowid: i64 = row.get(0)?;
            if rowid > first {
                put_rows(connection, &mut put, first, rowid - 1, rowid)?;
            }
            first = rowid + 1;
            if let Some(delete) = &mut delete {
                let key = (1..=plan.keys.len()).map(|i| row.get::<_, Value>(i));
                delete.execute(params_from_iter(key.collect::<rusqlite::Result<Vec<_>>>()?))?;
            }
        }
    }
    let most = format!("SELECT coalesce(max(rowid), 0) FROM {table}");
    let most = connection.query_row(&most, [], |row| row.get(0))?;
    put_rows(connection, &mut put, first, i64::MAX, most)?;
    drop((put, delete));
    Ok(connection.execute_batch(&format!("DROP TABLE {table}"))?)
}

/// Drops staging tables that nobody will commit.
pub(crate) fn discard(
    connection: &Connection,
    location: &Location,
    tables: &[String],
) -> Result<()> {
    for table in tables {
        connection
            .execute_batch(&format!("DROP TABLE IF EXISTS {}", QUOTE.name(table)))
            .map_err(|e| location.failure(e).with_context("table", table))?;
    }
    Ok(())
}

/// Drops the staging tables that killed processes of a job have left.
pub(crate) fn discard_of(connection: &Connection, location: &Location, job: &str) -> Result<()> {
    let found = connection
        .prepare(
            "SELECT name FROM sqlite_schema \
             WHERE type = 'table' AND instr(name, ?1) = 1 AND instr(name, ?2) > 0",
        )
        .and_then(|mut statement| {
            let names = statement.query_map([PREFIX, &format!("_{job}_")], |row| row.get(0))?;
            names.collect::<rusqlite::Result<Vec<String>>>()
        });
    let tables = found.map_err(|e| location.failure(e))?;
    for table in &tables {
        tracing::info!("rows of a process that was killed, which waited in {table}, are removed");
    }
    discard(connection, location, &tables)
}

/// Tells of staging tables that a job left which was killed. Another job may be filling them right
/// now, so that they are not dropped.
pub(crate) fn warn_of_leftovers(
    connection: &Connection,
    location: &Location,
    target: &str,
) -> Result<()> {
    let leftovers = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND instr(name, ?1) = 1")
        .and_then(|mut statement| {
            let names = statement.query_map([name(target, "")], |row| row.get::<_, String>(0))?;
            names.collect::<rusqlite::Result<Vec<_>>>()
        })
        .map_err(|e| location.failure(e))?;
    if !leftovers.is_empty() {
        tracing::warn!(
            "{} has rows of a job that did not end: drop {} unless it is still running",
            location.path().display(),
            leftovers.join(", ")
        );
    }
    Ok(())
}
