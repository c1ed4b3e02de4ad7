//! Exactly once: the rows of a checkpoint are an XA transaction.
//!
//! A writer prepares its transaction with the checkpoint, which then outlives connection and server;
//! the coordinator commits it once the checkpoint is durable. Committing may be asked for again after
//! a crash, and the server knows no transaction that is committed: so each one puts its own id into a
//! table of the job, beside the target ([`commits`]). An id that stands there is committed; one that is
//! neither there nor prepared is lost, which is an error and never taken for a commit. The table goes
//! at the job's end.
//!
//! The session that has prepared a transaction is kept until it is committed: MariaDB may take a commit
//! by another one for done, and leave the transaction as it is, while the first is just ending. After a
//! crash another one must do it; what it says is done is looked at.

use std::time::Duration;

use seatunnel_api::{CheckpointId, Error, Result, State};
use seatunnel_jdbc_core::errors;
use serde::{Deserialize, Serialize};

use super::details::literal;
use super::session;
use crate::ddl::QUOTE;
use crate::wire::{Connection, Failure};

/// A transaction that is ready to be committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prepared {
    /// The transaction's id.
    pub(crate) xid: String,
    /// The checkpoint that it belongs to.
    pub(crate) checkpoint: CheckpointId,
    /// The table that will say that it is committed, as statements name it.
    pub(crate) commits: String,
    /// The mark of the session that has prepared it.
    pub(crate) mark: String,
}

impl State for Prepared {}

/// What ids begin with.
pub(crate) const PREFIX: &str = "seatunnel";
/// Bytes of an id: `gtrid` of an XA transaction.
const LONGEST: usize = 64;

/// `XAER_NOTA`: there is no such transaction.
const UNKNOWN: u16 = 1397;
/// `XAER_RMFAIL`: not in this state; the connection that prepared it may still be ending.
const WRONG_STATE: u16 = 1399;
/// How often it is looked for a transaction, and how long between: the connection that prepared it
/// may still be ending.
const LOOKS: u32 = 600;
/// How often for one that the server does not list as prepared.
const LOOKS_UNLISTED: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(50);

/// The id of a transaction; `unique` tells it from all others.
pub(crate) fn xid(job: &str, unique: &str) -> String {
    let room = LONGEST - PREFIX.len() - unique.len() - 2;
    let job: String = job
        .chars()
        .filter(char::is_ascii_graphic)
        .take(room)
        .collect();
    format!("{PREFIX}_{job}_{unique}")
}

/// The table that remembers what a job has committed, as statements name it.
pub(crate) fn commits(database: &str, job: &str) -> String {
    const LONGEST: usize = 44;
    let job: Vec<char> = job.chars().filter(char::is_ascii_alphanumeric).collect();
    let job: String = job[job.len().saturating_sub(LONGEST)..].iter().collect();
    let table = format!("_{PREFIX}_commits_{job}");
    format!("{}.{}", QUOTE.name(database), QUOTE.name(&table))
}

/// Makes the table of commits.
///
/// # Errors
/// If it can't be made.
pub(crate) async fn create(connection: &mut Connection, commits: &str) -> Result<()> {
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {commits} (xid varchar(64) CHARACTER SET ascii NOT NULL \
         PRIMARY KEY, checkpoint bigint NOT NULL) ENGINE = InnoDB \
         COMMENT = 'Checkpoints that a running job of SeaTunnel has committed'"
    );
    connection
        .execute(&create)
        .await
        .map(drop)
        .map_err(|failure| {
            Error::from(failure)
                .with_context("table", commits)
                .with_help("is_exactly_once needs this table, to know what is committed")
        })
}

/// Drops the table of commits: all are committed.
///
/// # Errors
/// If it can't be dropped.
pub(crate) async fn drop_table(connection: &mut Connection, commits: &str) -> Result<()> {
    let drop = format!("DROP TABLE IF EXISTS {commits}");
    match connection.execute(&drop).await {
        Ok(_) => Ok(()),
        Err(failure) => Err(Error::from(failure).with_context("table", commits)),
    }
}

/// Puts the id of the transaction into the table of commits, as its last row.
pub(crate) async fn mark(connection: &mut Connection, prepared: &Prepared) -> Result<()> {
    let insert = format!(
        "INSERT INTO {} (xid, checkpoint) VALUES ({}, {})",
        prepared.commits,
        literal(&prepared.xid),
        prepared.checkpoint
    );
    match connection.execute(&insert).await {
        Ok(_) => Ok(()),
        Err(failure) => Err(Error::from(failure).with_context("table", &prepared.commits)),
    }
}

/// Commits a transaction; one that is committed already is left alone.
///
/// # Errors
/// If it is neither prepared nor committed, or the server can't be asked.
pub(crate) async fn commit(
    connection: &mut Connection,
    prepared: &Prepared,
    is_own: bool,
) -> Result<()> {
    if !is_own && !session::is_ours(&prepared.mark) {
        session::end(connection, &prepared.mark).await?;
    }
    let commit = format!("XA COMMIT {}", literal(&prepared.xid));
    let mut unlisted = 0;
    for _ in 0..LOOKS {
        match connection.execute(&commit).await {
            Ok(_) if is_own => return Ok(()),
            Ok(_) => {}
            Err(Failure::Server(error)) if matches!(error.errno, UNKNOWN | WRONG_STATE) => {}
            Err(failure) => {
                return Err(Error::from(failure).with_context("transaction", &prepared.xid));
            }
        }
        if is_committed(connection, prepared).await? {
            return Ok(());
        }
        if is_prepared(connection, &prepared.xid).await == Some(false) {
            unlisted += 1;
            if unlisted >= LOOKS_UNLISTED {
                break;
            }
        }
        tokio::time::sleep(BETWEEN).await;
    }
    Err(Error::new(
        errors::TRANSACTION_LOST,
        "the rows of a checkpoint are not there: their transaction is neither prepared nor committed",
    )
    .with_context("transaction", &prepared.xid)
    .with_context("checkpoint", prepared.checkpoint)
    .with_help(
        "XA RECOVER shows it if the server has it again after a restart, XA COMMIT commits it then; \
         otherwise somebody has rolled it back, or the server lost it, which must flush its log at \
         each commit (innodb_flush_log_at_trx_commit = 1): load the data again from before this \
         checkpoint",
    ))
}

/// Rolls a transaction back; one that isn't there any more is left alone.
///
/// # Errors
/// If it is committed, or the server can't be asked.
pub(crate) async fn abort(
    connection: &mut Connection,
    prepared: &Prepared,
    is_own: bool,
) -> Result<()> {
    if !is_own && !session::is_ours(&prepared.mark) {
        session::end(connection, &prepared.mark).await?;
    }
    let rollback = format!("XA ROLLBACK {}", literal(&prepared.xid));
    for look in 0..LOOKS {
        match connection.execute(&rollback).await {
            Ok(_) => return Ok(()),
            // The connection that prepared it is still ending; a moment is enough.
            Err(Failure::Server(error))
                if error.errno == WRONG_STATE || (error.errno == UNKNOWN && look < 5) => {}
            Err(Failure::Server(error)) if error.errno == UNKNOWN => break,
            Err(failure) => {
                return Err(Error::from(failure).with_context("transaction", &prepared.xid));
            }
        }
        tokio::time::sleep(BETWEEN).await;
    }
    if is_committed(connection, prepared).await? {
        return Err(Error::new(
            errors::TRANSACTION_LOST,
            "a transaction that was to be taken back is committed",
        )
        .with_context("transaction", &prepared.xid));
    }
    Ok(())
}

async fn is_committed(connection: &mut Connection, prepared: &Prepared) -> Result<bool> {
    let select = format!(
        "SELECT 1 FROM {} WHERE xid = {}",
        prepared.commits,
        literal(&prepared.xid)
    );
    Ok(!connection.rows(&select).await?.is_empty())
}

/// Whether the server lists a transaction as prepared; none if the user may not see that.
async fn is_prepared(connection: &mut Connection, xid: &str) -> Option<bool> {
    let rows = connection.rows("XA RECOVER").await.ok()?;
    let mut known = rows.iter().filter_map(|row| row.last()?.as_deref());
    Some(known.any(|known| known == xid))
}

/// Forgets commits that can't be asked for again: those of checkpoints before this one.
///
/// # Errors
/// If the server can't be asked.
pub(crate) async fn forget(connection: &mut Connection, last: &Prepared) -> Result<()> {
    let (table, before) = (&last.commits, last.checkpoint);
    // Read without locks first: rows of transactions that are only prepared would be waited for.
    let select = format!("SELECT xid FROM {table} WHERE checkpoint < {before}");
    let known = connection.rows(&select).await?;
    let known: Vec<String> = known
        .into_iter()
        .flatten()
        .flatten()
        .map(|xid| literal(&xid))
        .collect();
    for some in known.chunks(500) {
        let delete = format!("DELETE FROM {table} WHERE xid IN ({})", some.join(", "));
        connection.execute(&delete).await?;
    }
    Ok(())
}

/// Rolls back what a job has prepared and nobody will commit.
///
/// # Errors
/// If the server can't be asked, or a session that is still there holds on to one.
pub(crate) async fn discard(connection: &mut Connection, job: &str) -> Result<()> {
    let own = xid(job, "");
    // Without the right to see them (XA_RECOVER_ADMIN) nothing can be done about them.
    let Ok(rows) = connection.rows("XA RECOVER").await else {
        return Ok(());
    };
    let left = rows
        .into_iter()
        .filter_map(|row| row.into_iter().next_back().flatten());
    for xid in left.filter(|xid| xid.starts_with(&own)) {
        let rollback = format!("XA ROLLBACK {}", literal(&xid));
        for _ in 0..LOOKS {
            match connection.execute(&rollback).await {
                Ok(_) => {}
                // The connection that prepared it is still ending.
                Err(Failure::Server(error)) if matches!(error.errno, UNKNOWN | WRONG_STATE) => {}
                Err(failure) => return Err(Error::from(failure).with_context("transaction", &xid)),
            }
            if is_prepared(connection, &xid).await != Some(true) {
                break;
            }
            tokio::time::sleep(BETWEEN).await;
        }
        tracing::info!(
            "the prepared transaction {xid} of a process that was killed is rolled back"
        );
    }
    Ok(())
}

/// Tells of prepared transactions that nobody has committed: they hold their rows locked.
pub(crate) async fn warn_of_leftovers(connection: &mut Connection) {
    // Without the right to see them (XA_RECOVER_ADMIN) there is nothing to tell.
    let Ok(rows) = connection.rows("XA RECOVER").await else {
        return;
    };
    let left: Vec<String> = rows
        .into_iter()
        .filter_map(|row| row.into_iter().next_back().flatten())
        .filter(|xid| xid.starts_with(PREFIX))
        .map(|xid| literal(&xid))
        .collect();
    if !left.is_empty() {
        tracing::warn!(
            "the server has prepared transactions of jobs that did not end, which hold their rows \
             locked: unless they are still running, XA ROLLBACK {}",
            left.join(", XA ROLLBACK ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_plain() {
        let id = xid(
            "job 'ä' with a very long name that goes on and on and on",
            "0_1_18f3a_2b4c5d6e7f",
        );
        assert!(id.len() <= LONGEST, "{id}");
        assert!(id.starts_with("seatunnel_job'"), "{id}");
        assert!(id.ends_with("_0_1_18f3a_2b4c5d6e7f"), "{id}");
    }
}
