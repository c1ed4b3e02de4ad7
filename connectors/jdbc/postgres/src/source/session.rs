//! Connections of readers, and the snapshot that they share.
//!
//! Splits that belong together are read as of one moment. A single reader has one transaction for
//! all of them. Of several, one exports the snapshot of its transaction, which lives as long as that
//! transaction; the others import it. Splits carry its name, so that readers in other processes than
//! the one that listed the splits import it too. After a restart there is no such snapshot any more, and
//! the first reader takes a new one: what is read then is of a later moment than what was read before.

use std::sync::{Arc, Mutex, PoisonError};

use seatunnel_api::{Error, Result};
use seatunnel_jdbc_core::errors;

use crate::wire::{Connection, Failure, Settings};

/// Begins a transaction that sees one moment. A keeper may have nothing to do for long.
const BEGIN: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL idle_in_transaction_session_timeout = 0";

/// Has the server look from time to time whether its client is still there, while a statement gives no rows: a job
/// that is killed asks nobody to stop, and the server would go on until it has something to send, perhaps for hours.
/// Not where somebody has decided otherwise, nor on systems that can't.
const WATCH: &str = "SELECT set_config('client_connection_check_interval', '10s', false) \
    WHERE current_setting('client_connection_check_interval', true) = '0' AND version() LIKE '%linux%'";

/// Opens a connection to read by.
pub(crate) async fn connect(settings: &Settings) -> Result<Connection> {
    let mut connection = Connection::open(settings).await?;
    // Before version 14 there is no such setting.
    if connection.server_version() >= 140_000 {
        match connection.simple(WATCH).await {
            // What only speaks like a PostgreSQL need not know it.
            Err(Failure::Server(error)) => {
                tracing::debug!("the server does not watch its client: {}", error.message);
            }
            result => {
                result?;
            }
        }
    }
    Ok(connection)
}

/// What all readers of a source share.
pub(crate) struct Sessions {
    pub(crate) settings: Settings,
    state: Mutex<State>,
    /// Held by the reader that exports a snapshot, so that there is one.
    exporting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// A connection that nobody uses: the one that the catalog was read by.
    idle: Option<Connection>,
    /// The snapshot that readers share.
    snapshot: Option<Arc<str>>,
    /// The connection whose transaction it is of, while no reader uses it.
    keeper: Option<Connection>,
}

impl Sessions {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            state: Mutex::default(),
            exporting: tokio::sync::Mutex::new(()),
        }
    }

    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A connection without a transaction.
    pub(crate) async fn open(&self) -> Result<Connection> {
        match self.state(|state| state.idle.take()) {
            Some(connection) => Ok(connection),
            None => connect(&self.settings).await,
        }
    }

    /// Puts a connection without a transaction aside for the next that needs one.
    pub(crate) fn put_aside(&self, connection: Connection) {
        if connection.is_usable() {
            self.state(|state| state.idle = Some(connection));
        }
    }

    /// Begins a transaction and shares what it sees, for as long as the source lives or until
    /// [`Sessions::share`] is called again. False if the server can't.
    pub(crate) async fn share(&self, connection: &mut Connection) -> Result<bool> {
        let sql = format!("{BEGIN}; SELECT pg_export_snapshot()");
        match connection.rows(&sql).await {
            Ok(rows) => {
                let snapshot = rows.into_iter().flatten().next().flatten();
                let snapshot = snapshot.map(Arc::from);
                let is_shared = snapshot.is_some();
                self.state(|state| {
                    state.snapshot = snapshot;
                    state.keeper = None;
                });
                Ok(is_shared)
            }
            Err(Failure::Server(error)) if !error.is_retryable() => {
                tracing::warn!(
                    "the server shares no snapshot between connections ({}), each table is read by one reader",
                    error.message
                );
                connection.simple("ROLLBACK").await?;
                Ok(false)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The name of the snapshot that is shared.
    pub(crate) fn snapshot(&self) -> Option<String> {
        self.state(|state| state.snapshot.as_deref().map(str::to_owned))
    }

    /// Begins a transaction that sees what another process shares; false if it shares it no more.
    async fn import(&self, connection: &mut Connection, snapshot: &str) -> Result<bool> {
        // Into statements goes nothing but what a server has made.
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !snapshot.chars().all(is_name) {
            return Ok(false);
        }
        let sql = format!("{BEGIN}; SET TRANSACTION SNAPSHOT '{snapshot}'");
        match connection.simple(&sql).await {
            Ok(_) => Ok(true),
            Err(Failure::Server(error)) if !error.is_retryable() => {
                tracing::warn!(
                    "the snapshot of those who planned the reading is gone ({}): what is left is read as of now",
                    error.message
                );
                connection.simple("ROLLBACK").await?;
                Ok(false)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Puts the connection whose transaction is shared aside, for a reader to read by.
    pub(crate) fn keep(&self, connection: Connection) {
        self.state(|state| match connection.is_usable() {
            true => state.keeper = Some(connection),
            // The snapshot is gone with its transaction.
            false => state.snapshot = None,
        });
    }
}

/// A reader's connection.
pub(crate) struct Session {
    sessions: Arc<Sessions>,
    /// Whether the source has several readers.
    several: bool,
    connection: Option<Connection>,
    in_transaction: bool,
    /// Whether the transaction is the one that is shared.
    is_keeper: bool,
}

impl Session {
    pub(crate) fn new(sessions: Arc<Sessions>, several: bool) -> Self {
        Self {
            sessions,
            several,
            connection: None,
            in_transaction: false,
            is_keeper: false,
        }
    }

    /// The connection, and statements to be run before the next; `together` says that it must see
    /// what the other readers see, and `snapshot` is what they import if they are in other processes.
    pub(crate) async fn ready(
        &mut self,
        together: bool,
        snapshot: Option<&str>,
    ) -> Result<(&mut Connection, String)> {
        let before = if together {
            self.join(snapshot).await?
        } else {
            self.leave().await?;
            String::new()
        };
        match &mut self.connection {
            Some(connection) => Ok((connection, before)),
            None => Err(Error::new(errors::CONNECTION_LOST, "there is no connection").retryable()),
        }
    }

    /// Out of any transaction, so that what a statement changes stays.
    async fn leave(&mut self) -> Result<()> {
        if self.is_keeper {
            self.give_back();
        }
        match &mut self.connection {
            Some(connection) if self.in_transaction => {
                connection.simple("COMMIT").await?;
            }
            Some(_) => {}
            None => self.connection = Some(self.sessions.open().await?),
        }
        self.in_transaction = false;
        Ok(())
    }

    async fn join(&mut self, planned: Option<&str>) -> Result<String> {
        if self.in_transaction {
            return Ok(String::new());
        }
        if !self.several {
            self.connected().await?;
            self.in_transaction = true;
            return Ok(format!("{BEGIN}; "));
        }
        let shared = || {
            self.sessions
                .state(|s| (s.snapshot.clone(), s.keeper.take()))
        };
        let mut state = shared();
        if let (None, Some(planned)) = (&state.0, planned) {
            self.connected().await?;
            if let Some(connection) = &mut self.connection
                && self.sessions.import(connection, planned).await?
            {
                self.in_transaction = true;
                return Ok(String::new());
            }
        }
        if state.0.is_none() {
            let sessions = self.sessions.clone();
            // Held while the server answers: the others wait for this very answer.
            let _guard = sessions.exporting.lock().await;
            state = self
                .sessions
                .state(|s| (s.snapshot.clone(), s.keeper.take()));
            if state.0.is_none() {
                self.connected().await?;
                if let Some(connection) = &mut self.connection {
                    self.is_keeper = sessions.share(connection).await?;
                    self.in_transaction = self.is_keeper;
                }
                if !self.is_keeper {
                    self.in_transaction = true;
                    return Ok(format!("{BEGIN}; "));
                }
                return Ok(String::new());
            }
        }
        match state {
            (_, Some(keeper)) => {
                self.connection = Some(keeper);
                self.is_keeper = true;
                self.in_transaction = true;
                Ok(String::new())
            }
            (Some(snapshot), None) => {
                self.connected().await?;
                self.in_transaction = true;
                Ok(format!("{BEGIN}; SET TRANSACTION SNAPSHOT '{snapshot}'; "))
            }
            (None, None) => Ok(String::new()),
        }
    }

    async fn connected(&mut self) -> Result<()> {
        if self.connection.is_none() {
            self.connection = Some(self.sessions.open().await?);
        }
        Ok(())
    }

    fn give_back(&mut self) {
        let connection = self.connection.take();
        if let Some(connection) = connection.filter(|_| self.is_keeper) {
            self.sessions.keep(connection);
        }
        self.is_keeper = false;
        self.in_transaction = false;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.give_back();
    }
}
