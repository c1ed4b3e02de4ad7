//! A connection that writes: how its session is set, what the server allows, and its transaction.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seatunnel_api::Result;
use seatunnel_jdbc_core::options::ConnectionOptions;
use seatunnel_jdbc_core::url::ServerUrl;

use super::details::literal;
use super::plan::{Plan, Purpose};
use crate::wire::{self, Connection, Done, Failure, Settings};

/// How rows get to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// One prepared statement for one row, executed for many at once: MariaDB's bulk command.
    Bulk,
    /// `LOAD DATA LOCAL INFILE`.
    Load,
    /// Prepared statements for several rows.
    Rows,
}

#[derive(Debug, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// `XA START` was given with this id.
    Xa(String),
}

/// A connection that writes.
pub(crate) struct Session {
    pub(crate) connection: Connection,
    /// A lock of this name is held as long as the server works for the connection.
    pub(crate) mark: String,
    /// Bytes of the largest command.
    pub(crate) largest: usize,
    /// Whether the server takes files from clients.
    pub(crate) infile: bool,
    /// Whether the server has the bulk command.
    pub(crate) bulk: bool,
    /// Whether a load waits until another one's end where the server numbers rows.
    pub(crate) loads_wait: bool,
    /// Whether a power cut may take what is committed.
    pub(crate) forgetful: bool,
    statements: HashMap<(usize, Purpose), u32>,
    transaction: Transaction,
}

/// What the url allows; the names are those of the Java drivers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ways {
    /// `allowLoadLocalInfile`, `allowLocalInfile`
    infile: bool,
    /// `useBulkStmts`
    bulk: bool,
}

impl Ways {
    /// Reads the parameters of the connection.
    ///
    /// # Errors
    /// If one says neither yes nor no.
    pub(crate) fn parse(options: &ConnectionOptions) -> Result<Self> {
        let url = ServerUrl::parse(options, 3306)?;
        let infile = url.flag(&["allowLoadLocalInfile", "allowLocalInfile"])?;
        Ok(Self {
            infile: infile.unwrap_or(true),
            bulk: url.flag(&["useBulkStmts"])?.unwrap_or(true),
        })
    }
}

const VARIABLES: &str = "SET SESSION max_error_count = 1024, autocommit = 1; \
    DO GET_LOCK('{mark}', 0); SHOW VARIABLES WHERE Variable_name IN ('binlog_format', 'innodb_autoinc_lock_mode', \
    'innodb_flush_log_at_trx_commit')";

/// `ER_BAD_DB_ERROR`
const UNKNOWN_DATABASE: u16 = 1049;

/// Locks of rows alone: writers beside each other don't wait for gaps between keys.
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// If the server can't be reached or refuses.
    pub(crate) async fn open(settings: &Settings, ways: Ways) -> Result<Self> {
        let mark = mark();
        let opened = Connection::open(settings, wire::Purpose::Sink).await;
        let mut connection = match opened {
            // It may be created with its tables, whose statements name it.
            Err(failure) if failure.errno() == Some(UNKNOWN_DATABASE) => {
                Connection::open(&settings.without_database(), wire::Purpose::Sink).await?
            }
            other => other?,
        };
        let variables: HashMap<String, String> = connection
            .rows(&VARIABLES.replace("{mark}", &mark))
            .await?
            .into_iter()
            .filter_map(|row| {
                let mut row = row.into_iter().flatten();
                Some((row.next()?.to_ascii_lowercase(), row.next()?))
            })
            .collect();
        let is = |name: &str, value: &str| variables.get(name).is_some_and(|v| v == value);
        if !is("binlog_format", "STATEMENT") {
            connection.execute(ISOLATION).await?;
        }
        Ok(Self {
            largest: connection.server().max_allowed_packet,
            infile: connection.server().local_infile && ways.infile,
            bulk: connection.can_bulk() && ways.bulk,
            loads_wait: !is("innodb_autoinc_lock_mode", "2"),
            forgetful: !is("innodb_flush_log_at_trx_commit", "1"),
            connection,
            mark,
            statements: HashMap::new(),
            transaction: Transaction::None,
        })
    }

    /// How the rows of a plan are put.
    pub(crate) fn method(&self, plan: &Plan) -> Method {
        if self.bulk {
            Method::Bulk
        } else if self.infile && plan.load.is_some() && plan.atomic {
            Method::Load
        } else {
            Method::Rows
        }
    }

    /// Begins a transaction if there is none: an XA transaction with the id that `xid` makes, where
    /// it makes one.
    pub(crate) async fn begin(
        &mut self,
        xid: impl FnOnce() -> Option<String>,
    ) -> Result<(), Failure> {
        if self.transaction != Transaction::None {
            return Ok(());
        }
        self.transaction = match xid() {
            Some(xid) => {
                let start = format!("XA START {}", literal(&xid));
                self.connection.execute(&start).await?;
                Transaction::Xa(xid)
            }
            None => {
                self.connection.execute("START TRANSACTION").await?;
                Transaction::Open
            }
        };
        Ok(())
    }

    /// Whether anything is written that is not committed.
    pub(crate) fn in_transaction(&self) -> bool {
        self.transaction != Transaction::None
    }

    /// The id of the XA transaction, if one is open.
    pub(crate) fn xid(&self) -> Option<&str> {
        match &self.transaction {
            Transaction::Xa(xid) => Some(xid),
            _ => None,
        }
    }

    /// Commits the transaction.
    pub(crate) async fn commit(&mut self) -> Result<(), Failure> {
        if self.in_transaction() {
            self.connection.execute("COMMIT").await?;
            self.transaction = Transaction::None;
        }
        Ok(())
    }

    /// Takes the transaction back. XA transactions end with their connection.
    pub(crate) async fn rollback(&mut self) -> Result<(), Failure> {
        if self.transaction == Transaction::Open {
            self.connection.execute("ROLLBACK").await?;
            self.transaction = Transaction::None;
        }
        Ok(())
    }

    /// Ends and prepares the XA transaction: it outlives the connection then.
    pub(crate) async fn prepare(&mut self) -> Result<(), Failure> {
        let Transaction::Xa(xid) = &self.transaction else {
            return Ok(());
        };
        let quoted = literal(xid);
        self.connection.execute(&format!("XA END {quoted}")).await?;
        self.connection
            .execute(&format!("XA PREPARE {quoted}"))
            .await?;
        self.transaction = Transaction::None;
        Ok(())
    }

    /// The statement of a table for a purpose, if it is prepared.
    pub(crate) fn prepared(&self, of: (usize, Purpose)) -> Option<u32> {
        self.statements.get(&of).copied()
    }

    /// The prepared statement of a table for a purpose.
    pub(crate) async fn statement(
        &mut self,
        (table, purpose): (usize, Purpose),
        sql: impl FnOnce() -> String,
    ) -> Result<u32, Failure> {
        if let Some(id) = self.statements.get(&(table, purpose)) {
            return Ok(*id);
        }
        let prepared = self.connection.prepare(&sql()).await?;
        self.statements.insert((table, purpose), prepared.id);
        Ok(prepared.id)
    }

    /// The warnings of the last statement: level, number and text.
    pub(crate) async fn warnings(&mut self) -> Result<Vec<Warning>, Failure> {
        let rows = self.connection.rows("SHOW WARNINGS").await?;
        let warnings = rows.into_iter().map(|row| {
            let mut row = row.into_iter().map(Option::unwrap_or_default);
            let mut next = || row.next().unwrap_or_default();
            Warning {
                is_note: next() == "Note",
                number: next().parse().unwrap_or(0),
                text: next(),
            }
        });
        Ok(warnings.collect())
    }
}

/// Waits until the server has ended another session, and tells it to. A session that is dropped while
/// a statement runs would otherwise keep its locks until that is through.
///
/// # Errors
/// If the server can't be asked.
pub(crate) async fn end(connection: &mut Connection, mark: &str) -> Result<()> {
    const LOOKS: u32 = 100;
    let holder = format!("SELECT IS_USED_LOCK('{mark}')");
    for look in 0..LOOKS {
        let rows = connection.rows(&holder).await?;
        let Some(id) = rows.into_iter().flatten().flatten().next() else {
            return Ok(());
        };
        if look == 0 {
            // It may have ended by itself just now.
            match connection.execute(&format!("KILL {id}")).await {
                Err(Failure::Other(error)) => return Err(*error),
                Ok(_) | Err(Failure::Server(_)) => {}
            }
        }
        // Its lock goes before its transaction is let go.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    tracing::warn!("the server is still busy with a session that was given up; it may hold locks");
    Ok(())
}

/// A name that no other session has.
fn mark() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("seatunnel_{}_{number}", *PROCESS)
}

/// What tells the marks of this process from others.
static PROCESS: LazyLock<String> = LazyLock::new(nonce);

/// Whether a mark is of this process, which may be using the session for something else by now.
pub(crate) fn is_ours(mark: &str) -> bool {
    mark.split('_').nth(1) == Some(PROCESS.as_str())
}

/// Tells one run's names from another's, also when a job of the same id runs again.
pub(crate) fn nonce() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = now.map_or(0, |since| since.as_micros());
    format!("{:x}{micros:x}", std::process::id())
}

/// What the server says about a statement that it has carried out.
#[derive(Clone, Debug)]
pub(crate) struct Warning {
    /// Whether the result is as asked for: digits rounded as the column's type has it.
    pub(crate) is_note: bool,
    pub(crate) number: u16,
    pub(crate) text: String,
}

/// A number from the information of a finished statement: `Records: 6  Deleted: 0  Skipped: 1`.
pub(crate) fn told(done: &Done, what: &str) -> Option<u64> {
    let rest = done.info.split(what).nth(1)?;
    let digits = rest.trim_start_matches([':', ' ']);
    let end = digits.find(|c: char| !c.is_ascii_digit());
    digits[..end.unwrap_or(digits.len())].parse().ok()
}
