//! Why SQLite refuses a row, in the user's terms: the constraint, SQLite's own code, and which row.

use std::ops::Range;

use rusqlite::ErrorCode as Code;
use rusqlite::ffi;
use seatunnel_api::{Batch, Error, codes};

use crate::connection::Location;
use crate::encode::BindError;
use crate::plan::Plan;
use seatunnel_jdbc_core::errors;

/// Rows that a writer keeps back.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) batch: Batch,
    /// How many rows the writer was given before.
    pub(crate) before: u64,
}

/// A row that the table refuses.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The place of its batch among those written together.
    pub(crate) batch: usize,
    pub(crate) row: usize,
    pub(crate) error: Error,
}

/// SQLite's extended result codes for rows that it refuses, their names, and what violates it.
const CODES: &[(i32, &str, &str)] = &[
    (
        ffi::SQLITE_CONSTRAINT_CHECK,
        "SQLITE_CONSTRAINT_CHECK",
        "CHECK",
    ),
    (
        ffi::SQLITE_CONSTRAINT_DATATYPE,
        "SQLITE_CONSTRAINT_DATATYPE",
        "data type",
    ),
    (
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
        "SQLITE_CONSTRAINT_FOREIGNKEY",
        "FOREIGN KEY",
    ),
    (
        ffi::SQLITE_CONSTRAINT_FUNCTION,
        "SQLITE_CONSTRAINT_FUNCTION",
        "function",
    ),
    (
        ffi::SQLITE_CONSTRAINT_NOTNULL,
        "SQLITE_CONSTRAINT_NOTNULL",
        "NOT NULL",
    ),
    (
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        "SQLITE_CONSTRAINT_PRIMARYKEY",
        "PRIMARY KEY",
    ),
    (
        ffi::SQLITE_CONSTRAINT_ROWID,
        "SQLITE_CONSTRAINT_ROWID",
        "rowid",
    ),
    (
        ffi::SQLITE_CONSTRAINT_TRIGGER,
        "SQLITE_CONSTRAINT_TRIGGER",
        "trigger",
    ),
    (
        ffi::SQLITE_CONSTRAINT_UNIQUE,
        "SQLITE_CONSTRAINT_UNIQUE",
        "UNIQUE",
    ),
    (
        ffi::SQLITE_CONSTRAINT_VTAB,
        "SQLITE_CONSTRAINT_VTAB",
        "virtual table",
    ),
    (ffi::SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT", "constraint"),
    (ffi::SQLITE_MISMATCH, "SQLITE_MISMATCH", ""),
    (ffi::SQLITE_TOOBIG, "SQLITE_TOOBIG", ""),
];

/// What an error of SQLite means for the user. Where it is a row's own fault, it says so, and names
/// the constraint and SQLite's extended result code.
pub(crate) fn failure(location: &Location, error: rusqlite::Error) -> Error {
    let of_row = matches!(
        error.sqlite_error_code(),
        Some(Code::ConstraintViolation | Code::TypeMismatch | Code::TooBig)
    );
    let Some(sqlite) = error.sqlite_error().filter(|_| of_row) else {
        return location.failure(error);
    };
    let (code, extended) = (sqlite.code, sqlite.extended_code);
    let told = match (code, &error) {
        (Code::ConstraintViolation, _) => location.failure(error),
        (_, rusqlite::Error::SqliteFailure(_, Some(text))) => {
            Error::new(codes::VALUE_INVALID, text.clone())
        }
        _ => Error::new(codes::VALUE_INVALID, error.to_string()),
    };
    let known = CODES.iter().find(|(known, ..)| *known == extended);
    let mut told = told.of_row();
    if let Some((_, _, kind)) = known.filter(|(.., kind)| !kind.is_empty()) {
        // `UNIQUE constraint failed: people.id, people.name`
        let what = told.message().split_once(" constraint failed: ");
        let what = what.map(|(_, what)| what.to_owned());
        if let Some(what) = what.as_deref() {
            told = match what.split_once('.') {
                Some((_, column)) if extended == ffi::SQLITE_CONSTRAINT_NOTNULL => {
                    told.with_context("column", column)
                }
                _ => told,
            };
        }
        told = told.with_context(
            "constraint",
            match what {
                Some(what) => format!("{kind} {what}"),
                None => (*kind).to_owned(),
            },
        );
    }
    told = told.with_context("sqlite_code", extended);
    match known {
        Some((_, name, _)) => told.with_sql_state(*name),
        None => told,
    }
}

/// The error of a statement for some rows of a batch: it names the row where it is but one.
pub(crate) fn of_rows(
    error: Error,
    plan: &Plan,
    kept: &Kept,
    rows: Range<usize>,
    set_aside: bool,
) -> Error {
    let error = error.with_context("table", &plan.table);
    if !error.is_of_row() {
        return error;
    }
    if rows.len() != 1 {
        let (first, last) = (number(kept, rows.start), number(kept, rows.end) - 1);
        return error.with_context("rows", format!("{first} to {last}"));
    }
    let error = error.with_context("row", number(kept, rows.start));
    if !plan.keys.is_empty() {
        error.with_context("key", shown(plan, &kept.batch, rows.start))
    } else if set_aside {
        // All its values are kept anyway.
        error
    } else {
        error.with_context("values", shown(plan, &kept.batch, rows.start))
    }
}

/// The error of values that can't be handed over.
pub(crate) fn of_binding(
    error: BindError,
    location: &Location,
    plan: &Plan,
    kept: &Kept,
    (place, rows): (usize, Range<usize>),
    set_aside: bool,
) -> Error {
    let column = &kept.batch.table().columns()[place].name;
    match error {
        BindError::Sqlite(error) => {
            let error = failure(location, error).with_context("column", column);
            of_rows(error, plan, kept, rows, set_aside)
        }
        BindError::NotANumber(row) => {
            let error = Error::new(
                codes::VALUE_INVALID,
                "SQLite can't store NaN: it would become null",
            )
            .with_context("column", column);
            of_rows(error, plan, kept, row..row + 1, set_aside)
        }
    }
}

/// The error of constraints that are checked at the end of a transaction.
pub(crate) fn at_the_end(location: &Location, plan: &Plan, error: rusqlite::Error) -> Error {
    let broken = error.sqlite_error_code() == Some(Code::ConstraintViolation);
    let told = location.failure(error).with_context("table", &plan.table);
    if broken {
        told.with_help(
            "the database checks this at the end of the transaction (DEFERRABLE INITIALLY \
             DEFERRED) and does not tell for which row; nothing of the transaction was written",
        )
    } else {
        told
    }
}

/// The error of a row for which the table's own rule undoes the whole transaction: rows that were
/// fine are gone with it, so that it can't be set aside alone.
pub(crate) fn all_undone(error: &Error) -> Error {
    let mut told = Error::new(errors::CONSTRAINT, error.message());
    for (what, value) in error.context() {
        told = told.with_context(what, value);
    }
    if let Some(state) = error.sql_state() {
        told = told.with_sql_state(state);
    }
    told.with_help(
        "the table answers with ROLLBACK (ON CONFLICT ROLLBACK, or RAISE in a trigger), which \
         undoes the rows around this one too: use ABORT there to set single rows aside",
    )
}

/// The number of a row among all of its writer, from 1.
fn number(kept: &Kept, row: usize) -> u64 {
    kept.before + row as u64 + 1
}

/// A row for a message: its key, or its first columns without one.
pub(crate) fn shown(plan: &Plan, batch: &Batch, row: usize) -> String {
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
            format!("{}={cut}", batch.table().columns()[place].name)
        })
        .collect();
    values.join(", ")
}
