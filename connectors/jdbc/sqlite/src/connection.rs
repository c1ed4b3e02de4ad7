//! Where a database file is, how it is opened, and what its errors mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode as Code, OpenFlags};
use seatunnel_api::{Error, Result};

use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::ConnectionOptions;

/// Parameters of urls that are settings of a connection; others are ignored with a warning.
const PRAGMAS: &[&str] = &[
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "case_sensitive_like",
    "encoding",
    "foreign_keys",
    "ignore_check_constraints",
    "journal_mode",
    "journal_size_limit",
    "locking_mode",
    "max_page_count",
    "mmap_size",
    "page_size",
    "recursive_triggers",
    "synchronous",
    "temp_store",
    "wal_autocheckpoint",
];

/// What a writer sets before the parameters of the url. WAL lets readers go on while it writes;
/// with it, `NORMAL` keeps the file sound whatever happens and may lose the last transactions only
/// when the machine loses power. The WAL goes into the file every 32 MiB, since each time costs two
/// fsyncs. Foreign keys are not enforced, as with SQLite's JDBC driver:
/// tables of a job are written in no particular order.
const WRITER_PRAGMAS: &[(&str, &str)] = &[
    ("journal_mode", "WAL"),
    ("synchronous", "NORMAL"),
    ("wal_autocheckpoint", "8192"),
    ("cache_size", "-16000"),
    ("foreign_keys", "OFF"),
];

/// Statements that a writer keeps prepared.
const CACHED_STATEMENTS: usize = 128;

/// A database file and the settings for its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    path: PathBuf,
    settings: Vec<(String, String)>,
    busy_timeout: Duration,
}

impl Location {
    /// Reads `jdbc:sqlite:PATH?name=value&…` and the properties.
    pub(crate) fn parse(options: &ConnectionOptions) -> Result<Self> {
        let invalid = |message: String| Error::new(errors::URL_INVALID, message);
        let rest = options
            .url
            .strip_prefix("jdbc:")
            .and_then(|r| r.split_once(':'))
            .map_or(options.url.as_str(), |(_, rest)| rest);
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.strip_prefix("file:").unwrap_or(path);
        let in_memory = path.is_empty() || path == ":memory:" || rest.contains("mode=memory");
        if in_memory {
            return Err(invalid(
                "the url names a database in memory, which ends with its connection".to_owned(),
            )
            .with_help("name a file: jdbc:sqlite:/path/to/file.db"));
        }
        let mut settings = Vec::new();
        let pairs = parameters.split('&').filter(|p| !p.is_empty());
        let mut all: Vec<(&str, &str)> = Vec::new();
        for pair in pairs {
            let pair = pair.split_once('=').ok_or_else(|| {
                invalid(format!("the parameter `{pair}` of the url has no value"))
            })?;
            all.push(pair);
        }
        let properties = options.properties.iter().flatten();
        all.extend(properties.map(|(k, v)| (k.as_str(), v.as_str())));
        for (name, value) in all {
            let name = name.to_ascii_lowercase();
            if !PRAGMAS.contains(&name.as_str()) {
                tracing::warn!("the parameter `{name}` has no meaning for SQLite here");
                continue;
            }
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if value.is_empty() || !value.chars().all(plain) {
                return Err(invalid(format!(
                    "the parameter `{name}` can't be `{value}`"
                )));
            }
            settings.push((name, value.to_owned()));
        }
        Ok(Self {
            path: PathBuf::from(path),
            settings,
            busy_timeout: Duration::from_secs(options.connection_check_timeout_sec),
        })
    }

    /// The same file, with every transaction synced to the disk unless the url says otherwise.
    #[must_use]
    pub(crate) fn synced(mut self) -> Self {
        if !self.settings.iter().any(|(name, _)| name == "synchronous") {
            self.settings
                .push(("synchronous".to_owned(), "FULL".to_owned()));
        }
        self
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file for reading; it must be there.
    pub(crate) fn open_for_reading(&self) -> Result<Connection> {
        if !self.path.exists() {
            return Err(Error::new(
                errors::CONNECT_FAILED,
                format!("the database file {} does not exist", self.path.display()),
            ));
        }
        self.refuse_directory()?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&self.path, flags).map_err(|e| self.failure(e))?;
        let own = self.settings.iter().filter(|(n, _)| n != "journal_mode");
        self.set_up(&connection, own.map(|(n, v)| (n.as_str(), v.as_str())))?;
        Ok(connection)
    }

    /// Opens the file for writing; makes it, and the directories above it, where it is not there.
    pub(crate) fn open_for_writing(&self) -> Result<Connection> {
        self.refuse_directory()?;
        if let Some(parent) = self.path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|e| {
                Error::new(
                    errors::CONNECT_FAILED,
                    format!("the directory {} can't be made", parent.display()),
                )
                .with_cause(e)
            })?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&self.path, flags).map_err(|e| self.failure(e))?;
        let given = self.settings.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        self.set_up(&connection, WRITER_PRAGMAS.iter().copied().chain(given))?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        Ok(connection)
    }

    /// Whether the file, which is not there, could be made: the nearest directory above it must be one.
    pub(crate) fn check_creatable(&self) -> Result<()> {
        let above = self.path.ancestors().skip(1);
        let existing = above
            .map(|p| {
                if p.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    p
                }
            })
            .find(|p| p.exists());
        match existing {
            Some(directory) if !directory.is_dir() => Err(Error::new(
                errors::CONNECT_FAILED,
                format!("{} is not a directory", directory.display()),
            )),
            _ => Ok(()),
        }
    }

    fn refuse_directory(&self) -> Result<()> {
        if self.path.is_dir() {
            return Err(Error::new(
                errors::CONNECT_FAILED,
                format!(
                    "{} is a directory, not a database file",
                    self.path.display()
                ),
            ));
        }
        Ok(())
    }

    fn set_up<'a>(
        &self,
        connection: &Connection,
        settings: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<()> {
        connection
            .busy_timeout(self.busy_timeout)
            .map_err(|e| self.failure(e))?;
        // The first look into the file: tells whether it is a database at all.
        connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(|e| self.failure(e))?;
        for (name, value) in settings {
            // Some settings answer with a row, some don't; the answer does not matter.
            let mut statement = connection
                .prepare(&format!("PRAGMA {name} = {value}"))
                .map_err(|e| self.failure(e))?;
            let mut rows = statement.raw_query();
            while rows.next().map_err(|e| self.failure(e))?.is_some() {}
        }
        Ok(())
    }

    /// What an error of SQLite means for the user.
    pub(crate) fn failure(&self, error: rusqlite::Error) -> Error {
        let file = self.path.display();
        let text = message(&error);
        let told = match error.sqlite_error_code() {
            Some(Code::DiskFull) => Error::new(
                errors::STORAGE,
                format!("the disk is full: {file} can't grow"),
            ),
            Some(Code::ReadOnly) => {
                Error::new(errors::STORAGE, format!("the database {file} is read-only"))
                    .with_help("the file and its directory must be writable for this user")
            }
            Some(Code::SystemIoFailure) => Error::new(
                errors::STORAGE,
                format!("{file} can't be read or written: {text}"),
            ),
            Some(Code::DatabaseCorrupt) => Error::new(
                errors::STORAGE,
                format!("the database {file} is damaged: {text}"),
            ),
            Some(Code::NotADatabase) => Error::new(
                errors::CONNECT_FAILED,
                format!("{file} is not a SQLite database"),
            ),
            Some(Code::CannotOpen | Code::PermissionDenied) => Error::new(
                errors::CONNECT_FAILED,
                format!("the database {file} can't be opened: {text}"),
            ),
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Error::new(
                errors::BUSY,
                format!(
                    "another process has locked {file} for more than {} s",
                    self.busy_timeout.as_secs()
                ),
            )
            .retryable(),
            Some(Code::ConstraintViolation) => Error::new(errors::CONSTRAINT, text),
            _ => Error::new(errors::STATEMENT_FAILED, text).with_context("database", file),
        };
        match error {
            rusqlite::Error::SqlInputError { sql, .. } => {
                told.with_context("statement", shortened(&sql))
            }
            _ => told,
        }
    }
}

/// SQLite's own words.
fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// A statement for a message: on one line and not too long.
fn shortened(sql: &str) -> String {
    const LONGEST: usize = 300;
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
