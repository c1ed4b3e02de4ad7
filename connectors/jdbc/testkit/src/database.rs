//! One database on a server, and SQL on it through the server's own client.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::programs::{command, run};

/// What a query is waited for to give comes sooner.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database of its own for a test. Stays valid while its server lives; nothing needs to be dropped.
#[derive(Clone, Debug)]
pub struct Database {
    /// The address of the server: 127.0.0.1.
    pub host: String,
    /// The server's TCP port.
    pub port: u16,
    /// A superuser.
    pub user: String,
    /// That user's password.
    pub password: String,
    /// The server's unix socket: the file for MariaDB, the folder with it for PostgreSQL, as each one's clients want it.
    pub socket: PathBuf,
    pub(crate) name: String,
    pub(crate) scheme: &'static str,
    /// Command line of the client that reads SQL from its standard input.
    pub(crate) client: Vec<OsString>,
}

impl Database {
    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's unix socket: the file for MariaDB, the folder with it for PostgreSQL.
    pub fn socket_path(&self) -> &Path {
        &self.socket
    }

    /// The database's address over TCP, without user and password.
    pub fn jdbc_url(&self) -> String {
        format!(
            "jdbc:{}://{}:{}/{}",
            self.scheme, self.host, self.port, self.name
        )
    }

    /// Runs statements, each in a transaction of its own, through `psql -AtX` or `mariadb -N -B`. Gives the rows, one a
    /// line, without the last line's end. Panics with the client's error text when a statement fails.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> String {
        self.try_sql(statements).unwrap_or_else(|error| {
            let shown: String = statements.chars().take(500).collect();
            panic!("{error}\nin {}: {shown}", self.name)
        })
    }

    /// Waits a generous while until a query gives this, as what servers tell of their sessions is true a moment later.
    #[track_caller]
    pub fn wait_for(&self, query: &str, expected: &str) {
        let begin = Instant::now();
        loop {
            let found = self.sql(query);
            if found == expected {
                return;
            }
            let waited = begin.elapsed();
            assert!(waited < PATIENCE, "{found} after {waited:?}: {query}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The same as [`Database::sql`], with the client's error text as the error. Statements before the failing one have been done.
    #[track_caller]
    pub fn try_sql(&self, statements: &str) -> Result<String, String> {
        run(&mut command(&self.client), statements)
    }
}
