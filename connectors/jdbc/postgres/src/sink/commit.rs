//! Commits what writers have prepared, or takes it back; doing it twice is as doing it once.

use std::time::Duration;

use seatunnel_api::{Error, Result};
use seatunnel_jdbc_core::errors;

use super::PgSink;
use super::attempt::{is_retryable, told};
use super::session::{Server, UNDEFINED};
use super::state::{Ready, What};
use super::table::Work;
use crate::ddl::literal;
use crate::wire::{Connection, Failure};

/// What names of prepared transactions begin with.
const PREPARED: &str = "seatunnel_";
/// What names of tables begin with in which rows wait.
pub(crate) const STAGED: &str = "_seatunnel_staged";
/// Longest name of a prepared transaction is 200 bytes; the job's part of it is cut to this.
const JOB: usize = 100;

/// What the prepared transactions of a job are called, to begin with.
pub(crate) fn transaction_name(job: &str) -> String {
    let job: String = job
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(JOB)
        .collect();
    format!("{PREPARED}{job}")
}

/// What names of tables begin with in which rows of a job wait.
pub(crate) fn waiting_name(job: &str) -> String {
    format!("{STAGED}_{}", short(job))
}

/// A job's number, or the end of its name, in no more characters than names of tables have room for.
fn short(job: &str) -> String {
    const MOST: usize = 13;
    let Ok(mut number) = job.parse::<u64>() else {
        let plain: Vec<char> = job.chars().filter(char::is_ascii_alphanumeric).collect();
        return plain[plain.len().saturating_sub(MOST)..].iter().collect();
    };
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        digits.extend(char::from_digit((number % 36) as u32, 36));
        number /= 36;
    }
    digits.iter().rev().collect()
}

/// Takes back what a job has prepared and nobody will commit.
pub(crate) async fn discard(server: &Server, job: &str) -> Result<()> {
    let mut connection = server.connect().await?;
    let sql = format!(
        "SELECT gid, NULL FROM pg_catalog.pg_prepared_xacts \
         WHERE database = current_database() AND position({prepared} IN gid) = 1 \
         UNION ALL \
         SELECT NULL, oid::regclass::text FROM pg_catalog.pg_class \
         WHERE relkind = 'r' AND position({staged} IN relname) = 1",
        prepared = literal(&format!("{}_", transaction_name(job))),
        staged = literal(&format!("{}_", waiting_name(job)))
    );
    for row in connection.rows(&sql).await? {
        let mut row = row.into_iter();
        let (transaction, table) = (row.next().flatten(), row.next().flatten());
        if let Some(name) = transaction {
            end(&mut connection, "ROLLBACK PREPARED", &name).await?;
            tracing::info!(
                "the prepared transaction {name} of a process that was killed is rolled back"
            );
        }
        if let Some(name) = table {
            connection
                .simple(&format!("DROP TABLE IF EXISTS {name}"))
                .await?;
            tracing::info!(
                "rows of a process that was killed, which waited in {name}, are removed"
            );
        }
    }
    server.give_back(connection);
    Ok(())
}

/// Commits on one server, again and again where that may help.
pub(crate) async fn commit(
    sink: &PgSink,
    server: &Server,
    ready: &[&Ready],
    attempts: u32,
) -> Result<()> {
    let mut failed = 0;
    loop {
        let failure = match try_commit(sink, server, ready).await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        failed += 1;
        let retryable = is_retryable(&failure);
        let error = told(failure, "", None);
        if !retryable || failed >= attempts {
            return Err(error);
        }
        tracing::warn!("{error}; committing again ({failed} of {})", attempts - 1);
        tokio::time::sleep(Duration::from_millis(100 << failed.min(6))).await;
    }
}

async fn try_commit(sink: &PgSink, server: &Server, ready: &[&Ready]) -> Result<(), Failure> {
    let mut connection = server.connect().await?;
    for one in ready {
        match &one.what {
            What::Prepared { name, number } => {
                if !end(&mut connection, "COMMIT PREPARED", name).await? {
                    assure(&mut connection, name, *number).await?;
                }
            }
            What::Staged {
                table,
                stage,
                steps,
                null_keys,
            } => {
                let plans = sink.plans().await?;
                let mut tables = sink.tables.iter().zip(plans);
                let work = tables.find(|(t, _)| t.table.path().to_string() == *table);
                let Some((_, Work::Made(plan))) = work else {
                    return Err(Error::new(
                        seatunnel_api::codes::STATE_INVALID,
                        "a committable belongs to a table that this job does not write",
                    )
                    .with_context("table", table)
                    .into());
                };
                // A table that is gone has been committed.
                let there = format!("SELECT to_regclass({})", literal(stage));
                let rows = connection.rows(&there).await?;
                if rows
                    .first()
                    .is_none_or(|row| row.iter().all(Option::is_none))
                {
                    continue;
                }
                let mut sql = vec!["BEGIN".to_owned()];
                for step in 0..*steps {
                    sql.extend(plan.apply(stage, step, true, *null_keys));
                }
                sql.push(format!("DROP TABLE {stage}"));
                sql.push("COMMIT".to_owned());
                let moved = connection.simple(&sql.join(";\n")).await;
                if moved.is_err() && connection.is_usable() {
                    connection.simple("ROLLBACK").await?;
                }
                moved?;
            }
        }
    }
    server.give_back(connection);
    Ok(())
}

/// Ends a prepared transaction; false if it is not there.
async fn end(connection: &mut Connection, how: &str, name: &str) -> Result<bool, Failure> {
    match connection.simple(&format!("{how} {}", literal(name))).await {
        Err(failure) if failure.is(UNDEFINED) => Ok(false),
        other => other.map(|_| true),
    }
}

/// Makes sure that a prepared transaction that is gone has been committed, not rolled back.
async fn assure(
    connection: &mut Connection,
    name: &str,
    number: Option<u64>,
) -> Result<(), Failure> {
    let status = match number {
        Some(number) => {
            let sql = format!("SELECT txid_status({number})");
            let rows = connection.rows(&sql).await?;
            rows.into_iter()
                .next()
                .and_then(|row| row.into_iter().next()?)
        }
        None => None,
    };
    match status.as_deref() {
        Some("committed") => Ok(()),
        Some(status) => Err(Error::new(
            errors::CONFLICT,
            format!("the prepared transaction `{name}` was rolled back by someone else: its rows are lost"),
        )
        .with_context("server", connection.place())
        .with_context("status", status)
        .with_help("run the job again from before its last checkpoint, or anew")
        .into()),
        // So long ago that the server has forgotten it.
        None => {
            tracing::warn!(
                "the prepared transaction {name} is gone; it is taken for committed, since {} no longer \
                 knows what became of it",
                connection.place()
            );
            Ok(())
        }
    }
}

/// Takes back what nobody will commit.
pub(crate) async fn abort(server: &Server, ready: &[&Ready]) -> Result<()> {
    let mut connection = server.connect().await?;
    for one in ready {
        let done = match &one.what {
            What::Prepared { name, .. } => end(&mut connection, "ROLLBACK PREPARED", name)
                .await
                .map(drop),
            What::Staged { stage, .. } => {
                let sql = format!("DROP TABLE IF EXISTS {stage}");
                connection.simple(&sql).await.map(drop)
            }
        };
        done.map_err(|failure| {
            let left = match &one.what {
                What::Prepared { name, .. } => format!("the prepared transaction {name}"),
                What::Staged { stage, .. } => format!("the table {stage}"),
            };
            Error::from(failure).with_context("left behind", left)
        })?;
    }
    server.give_back(connection);
    Ok(())
}

/// Tells of what a job left that was killed between preparing and committing. Another job may be
/// about to commit it, so that it is not touched.
pub(crate) async fn warn_of_leftovers(connection: &mut Connection) -> Result<()> {
    let sql = format!(
        "SELECT 'ROLLBACK PREPARED ' || quote_literal(gid) FROM pg_catalog.pg_prepared_xacts \
         WHERE database = current_database() AND position({prepared} IN gid) = 1 \
         UNION ALL \
         SELECT 'DROP TABLE ' || oid::regclass FROM pg_catalog.pg_class \
         WHERE relkind = 'r' AND position({staged} IN relname) = 1",
        prepared = literal(PREPARED),
        staged = literal(STAGED)
    );
    let rows = connection.rows(&sql).await?;
    let left: Vec<String> = rows
        .into_iter()
        .filter_map(|row| row.into_iter().next().flatten())
        .collect();
    if !left.is_empty() {
        tracing::warn!(
            "{} has rows of a job that did not end: {}, unless it is still running",
            connection.place(),
            left.join("; ")
        );
    }
    Ok(())
}
