//! A writer's connection to a server, and the transaction on it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use seatunnel_api::{Error, Result};

use crate::ddl::literal;
use crate::wire::{Connection, Failure, Settings};

/// Connections kept for the next who needs one.
const IDLE: usize = 8;

/// A server, and connections to it that nobody uses right now: preparing a job, its first writer
/// and its commit need only one.
pub(crate) struct Server {
    pub(crate) settings: Settings,
    idle: Mutex<Vec<Connection>>,
}

impl Server {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            idle: Mutex::default(),
        }
    }

    /// A connection, outside of a transaction.
    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        let idle = self.locked().pop();
        match idle {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.settings).await,
        }
    }

    /// Takes a connection back, if it is of use to others.
    pub(crate) fn give_back(&self, connection: Connection) {
        if connection.is_usable() && connection.transaction_status() == b'I' {
            let mut idle = self.locked();
            if idle.len() < IDLE {
                idle.push(connection);
            }
        }
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close(&self) {
        self.locked().clear();
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// There is no prepared transaction of that name.
pub(crate) const UNDEFINED: &str = "42704";

/// How long to wait for a process of the server to end.
const GONE: Duration = Duration::from_secs(20);

/// From this version on the server tells what became of a transaction.
const WITH_STATUS: u32 = 100_000;

/// How long a transaction waits for a lock where that may be held until it is committed itself.
const LOCK_TIMEOUT: &str = "60s";

/// The savepoint that a flush can go back to.
const SAVEPOINT: &str = "seatunnel";

/// A writer's connection, opened when it is needed.
pub(crate) struct Session {
    pub(crate) server: Arc<Server>,
    connection: Option<Connection>,
    /// Whether a transaction is open; it has a savepoint then.
    in_transaction: bool,
    /// The table whose rows are being copied, by its place among the writer's.
    pub(crate) copying: Option<usize>,
    /// Tables whose statement is prepared.
    pub(crate) prepared: HashSet<usize>,
    /// Whether transactions are prepared and wait, with their locks, for all writers.
    waits: bool,
    /// What takes back rows that wait, or may do so, and have not been handed over.
    undo: Vec<String>,
}

impl Session {
    /// `waits`: whether transactions are prepared, and committed only when all writers are ready.
    pub(crate) fn new(server: Arc<Server>, waits: bool) -> Self {
        Self {
            server,
            waits,
            connection: None,
            in_transaction: false,
            copying: None,
            prepared: HashSet::new(),
            undo: Vec::new(),
        }
    }

    /// The connection.
    pub(crate) async fn connection(&mut self) -> Result<&mut Connection, Failure> {
        // One that is lost stays, so that its loss is told, until the transaction on it is given up.
        let stays = |c: &Connection| c.is_usable() || self.in_transaction;
        let connection = match self.connection.take().filter(stays) {
            Some(connection) => connection,
            None => {
                self.prepared.clear();
                self.in_transaction = false;
                self.server.connect().await?
            }
        };
        Ok(self.connection.insert(connection))
    }

    /// Statements that must come before the next ones, with their semicolons: they begin a transaction
    /// where there is none, and set the savepoint that these can be taken back to.
    pub(crate) fn prefix(&mut self) -> String {
        let first = match (self.in_transaction, self.waits) {
            (true, _) => format!("RELEASE SAVEPOINT {SAVEPOINT}"),
            (false, false) => "BEGIN".to_owned(),
            // A writer that waited for a key that another has written would wait forever.
            (false, true) => format!("BEGIN; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"),
        };
        self.in_transaction = true;
        format!("{first}; SAVEPOINT {SAVEPOINT}; ")
    }

    /// Whether there is something to commit.
    pub(crate) fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Takes back what was done since the last savepoint, and whatever COPY is under way.
    pub(crate) async fn roll_back_to_savepoint(&mut self) -> Result<(), Failure> {
        self.copying = None;
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        if connection.is_copying() {
            connection.copy_fail("taken back").await?;
        }
        // Where not even the transaction has begun, there is nothing to go back to.
        if !self.in_transaction || connection.transaction_status() == b'I' {
            connection.simple("ROLLBACK").await?;
            self.in_transaction = false;
            return Ok(());
        }
        let sql = format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}");
        connection.simple(&sql).await.map(drop)
    }

    /// Commits.
    pub(crate) async fn commit(&mut self) -> Result<(), Failure> {
        if !self.in_transaction {
            return Ok(());
        }
        self.in_transaction = false;
        match &mut self.connection {
            Some(connection) => connection.simple("COMMIT").await.map(drop),
            None => Ok(()),
        }
    }

    /// Ends the transaction so that it waits under a name. Gives the number that the server knows it
    /// by, for later.
    pub(crate) async fn prepare(&mut self, name: &str) -> Result<Option<u64>, Failure> {
        self.in_transaction = false;
        let Some(connection) = &mut self.connection else {
            return Ok(None);
        };
        let number = if connection.server_version() < WITH_STATUS {
            ""
        } else {
            "SELECT txid_current(); "
        };
        let name = literal(name);
        self.undo.push(format!("ROLLBACK PREPARED {name}"));
        let rows = connection
            .rows(&format!("{number}PREPARE TRANSACTION {name}"))
            .await?;
        Ok(rows
            .first()
            .and_then(|row| row.first()?.as_deref()?.parse().ok()))
    }

    /// To be called before rows are committed into a table where they wait.
    pub(crate) fn undo_by(&mut self, statement: String) {
        self.undo.push(statement);
    }

    /// To be called when someone else has taken charge of the rows that wait.
    pub(crate) fn handed_over(&mut self) {
        self.undo.clear();
    }

    /// Takes back everything since the last commit. A connection that is of no more use is dropped,
    /// upon which the server does the same.
    ///
    /// # Errors
    /// If rows that wait for their checkpoint may have been left behind.
    pub(crate) async fn abort(&mut self) -> Result<()> {
        self.copying = None;
        self.in_transaction = false;
        let mut process = None;
        if let Some(mut connection) = self.connection.take() {
            process = Some(connection.process());
            if connection.is_usable()
                && (connection.transaction_status() == b'I'
                    || connection.simple("ROLLBACK").await.is_ok())
            {
                process = None;
                self.connection = Some(connection);
                self.close();
            }
        }
        let undo = std::mem::take(&mut self.undo);
        if undo.is_empty() {
            return Ok(());
        }
        self.take_back(process, &undo).await.map_err(|failure| {
            Error::from(failure).with_context("left behind, undone by", undo.join("; "))
        })
    }

    /// Runs statements that take rows back, once a process that may still be at it is gone.
    async fn take_back(&self, process: Option<i32>, undo: &[String]) -> Result<(), Failure> {
        let mut connection = self.server.connect().await?;
        if let Some(process) = process {
            connection
                .simple(&format!("SELECT pg_terminate_backend({process})"))
                .await?;
            let there = format!("SELECT 1 FROM pg_stat_activity WHERE pid = {process}");
            let begin = Instant::now();
            while begin.elapsed() < GONE && !connection.rows(&there).await?.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        for statement in undo {
            match connection.simple(statement).await {
                // It had not come that far.
                Err(failure) if failure.is(UNDEFINED) => {}
                other => drop(other?),
            }
        }
        self.server.give_back(connection);
        Ok(())
    }

    /// Leaves the connection to others, if there are no statements of this session's on it.
    pub(crate) fn close(&mut self) {
        let connection = self.connection.take();
        if let Some(connection) = connection.filter(|_| self.prepared.is_empty()) {
            self.server.give_back(connection);
        }
    }
}
