//! A file that is written to: one connection that all writers to it share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use rusqlite::Connection;
use seatunnel_api::Result;

use crate::connection::Location;

/// A file that is written to, over one connection that its writers use in turn.
pub(crate) struct Database {
    pub(crate) location: Location,
    connection: Arc<tokio::sync::Mutex<Option<Connection>>>,
    /// Bytes of rows that its writers keep back: with many tables, each one's limit is not enough.
    pub(crate) kept: AtomicUsize,
}

/// The files being written to by this process.
static OPEN: LazyLock<Mutex<HashMap<PathBuf, Vec<Weak<Database>>>>> = LazyLock::new(Mutex::default);

impl Database {
    /// The database of a location; sinks with the same file and settings share it.
    pub(crate) fn shared(location: Location) -> Arc<Self> {
        let key = std::path::absolute(location.path()).unwrap_or(location.path().to_owned());
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, list| list.iter().any(|weak| weak.strong_count() > 0));
        let list = open.entry(key).or_default();
        let mut alive = list.iter().filter_map(Weak::upgrade);
        if let Some(found) = alive.find(|d| d.location == location) {
            return found;
        }
        let database = Arc::new(Self {
            location,
            connection: Arc::default(),
            kept: AtomicUsize::new(0),
        });
        list.push(Arc::downgrade(&database));
        database
    }

    /// Works on the connection on a thread that may block, when it is this caller's turn.
    pub(crate) async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Connection, &Location) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut turn = self.connection.clone().lock_owned().await;
        let database = self.clone();
        crate::blocking(move || {
            let connection = match &mut *turn {
                Some(connection) => connection,
                none => none.insert(database.location.open_for_writing()?),
            };
            work(connection, &database.location)
        })
        .await
    }

    /// Closes the connection, which moves what is in the WAL into the file. The next to use it opens it again.
    pub(crate) async fn close(self: &Arc<Self>) -> Result<()> {
        let mut turn = self.connection.clone().lock_owned().await;
        let database = self.clone();
        crate::blocking(move || match turn.take() {
            Some(connection) => connection
                .close()
                .map_err(|(_, error)| database.location.failure(error)),
            None => Ok(()),
        })
        .await
    }
}
