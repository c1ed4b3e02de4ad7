//! What a server refuses, and what goes wrong on the way to it.

use std::fmt;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{ErrorFields, ErrorResponseBody, NoticeResponseBody};
use seatunnel_api::{Error, ErrorCode};
use seatunnel_jdbc_core::{errors, net};

/// Why a call on a connection failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server refused.
    Server(Box<ServerError>),
    /// Anything else: the connection broke, the login failed, a file of certificates is missing.
    Other(Box<Error>),
}

/// An error as the server reports it (PostgreSQL docs, Error and Notice Message Fields).
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerError {
    /// What the server is called in messages.
    pub(crate) place: String,
    /// `ERROR`, `FATAL`, `PANIC`
    pub(crate) severity: String,
    /// The five characters that tell errors apart.
    pub(crate) sqlstate: String,
    /// What went wrong.
    pub(crate) message: String,
    /// More about it.
    pub(crate) detail: Option<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// Where in the statement, in characters from 1.
    pub(crate) position: Option<String>,
    /// Where it happened: `COPY t, line 17, column a: "x"`
    pub(crate) context: Option<String>,
    /// The schema of the table.
    pub(crate) schema: Option<String>,
    /// The table.
    pub(crate) table: Option<String>,
    /// The column.
    pub(crate) column: Option<String>,
    /// The type.
    pub(crate) data_type: Option<String>,
    /// The constraint that was violated.
    pub(crate) constraint: Option<String>,
}

impl Failure {
    /// Reads what the server says.
    pub(crate) fn server(place: &str, body: &ErrorResponseBody) -> Self {
        let mut error = ServerError::read(body.fields());
        place.clone_into(&mut error.place);
        Self::Server(Box::new(error))
    }

    /// What the server said, if it was the server.
    pub(crate) fn as_server(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error) => Some(error),
            Self::Other(_) => None,
        }
    }

    /// Whether the server's error is this one.
    pub(crate) fn is(&self, sqlstate: &str) -> bool {
        self.as_server().is_some_and(|e| e.sqlstate == sqlstate)
    }
}

impl ServerError {
    fn read(mut fields: ErrorFields<'_>) -> Self {
        let mut error = Self::default();
        while let Ok(Some(field)) = fields.next() {
            let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                // `V` is never translated, and comes after `S`.
                b'S' | b'V' => error.severity = text,
                b'C' => error.sqlstate = text,
                b'M' => error.message = text,
                b'D' => error.detail = Some(text),
                b'H' => error.hint = Some(text),
                b'P' => error.position = Some(text),
                b'W' => error.context = Some(text),
                b's' => error.schema = Some(text),
                b't' => error.table = Some(text),
                b'c' => error.column = Some(text),
                b'd' => error.data_type = Some(text),
                b'n' => error.constraint = Some(text),
                _ => {}
            }
        }
        error
    }

    /// Whether trying again may help: the server went down, a deadlock, too many connections.
    pub(crate) fn is_retryable(&self) -> bool {
        let state = self.sqlstate.as_str();
        state == "55P03"
            || state == "53300"
            || ["08", "40"].iter().any(|class| state.starts_with(class))
            || (state.starts_with("57P") && state != "57P04")
    }

    fn code(&self) -> ErrorCode {
        let state = self.sqlstate.as_str();
        BY_STATE
            .iter()
            .find(|(begin, _)| state.starts_with(begin))
            .map_or(errors::STATEMENT_FAILED, |(_, code)| *code)
    }
}

/// Codes by how SQL states begin; the first that fits.
const BY_STATE: &[(&str, ErrorCode)] = &[
    ("08", errors::CONNECTION_LOST),
    ("22", errors::VALUE_UNFIT),
    ("23", errors::CONSTRAINT),
    ("28", errors::LOGIN_REFUSED),
    ("3D000", errors::CONNECT_FAILED),
    ("40", errors::CONFLICT),
    ("42501", errors::FORBIDDEN),
    ("42703", errors::COLUMN_MISSING),
    ("42P01", errors::TABLE_MISSING),
    ("53100", errors::STORAGE),
    ("53300", errors::BUSY),
    ("55P03", errors::CONFLICT),
    ("57P", errors::CONNECTION_LOST),
    ("58030", errors::STORAGE),
];

/// What to do about errors that the server gives no hint for.
const HELP: &[(&str, &str)] = &[
    ("28P01", "check `username` and `password`"),
    (
        "28000",
        "the server's pg_hba.conf must let this user in from this machine",
    ),
    (
        "3D000",
        "the database stands behind the last `/` of the url",
    ),
    ("42501", "grant the user the right, or log in as another"),
    (
        "53300",
        "lower `parallelism`, or raise max_connections of the server",
    ),
    (
        "57014",
        "the server's statement_timeout may be too short for this statement; \
         `options=-c%20statement_timeout=0` in the url turns it off for the job",
    ),
];

impl From<ServerError> for Error {
    fn from(server: ServerError) -> Self {
        let mut error = Self::new(server.code(), &server.message)
            .with_context("server", &server.place)
            .with_sql_state(&server.sqlstate);
        if ["22", "23"]
            .iter()
            .any(|class| server.sqlstate.starts_with(class))
        {
            error = error.of_row();
        }
        if server.is_retryable() {
            error = error.retryable();
        }
        let own = HELP
            .iter()
            .find(|(state, _)| *state == server.sqlstate)
            .map(|(_, help)| (*help).to_owned());
        if let Some(help) = server.hint.or(own) {
            error = error.with_help(help);
        }
        let table = match (server.schema, server.table) {
            (Some(schema), Some(table)) => Some(format!("{schema}.{table}")),
            (_, table) => table,
        };
        for (what, value) in [
            ("detail", server.detail),
            ("table", table),
            ("column", server.column),
            ("type", server.data_type),
            ("constraint", server.constraint),
            ("where", server.context),
            ("position in the statement", server.position),
        ] {
            if let Some(value) = value {
                error = error.with_context(what, value);
            }
        }
        error
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Server(error) => (*error).into(),
            Failure::Other(error) => *error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(Box::new(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => write!(f, "{} ({})", error.message, error.sqlstate),
            Self::Other(error) => error.fmt(f),
        }
    }
}

/// The connection broke.
pub(crate) fn lost(place: &str, why: impl fmt::Display) -> Failure {
    net::lost(place, why).into()
}

/// The server does not speak as the protocol says.
pub(crate) fn violated(place: &str, why: impl fmt::Display) -> Failure {
    net::violated(place, why, "a PostgreSQL").into()
}

/// Passes on what the server remarks.
pub(crate) fn remark(place: &str, body: &NoticeResponseBody) {
    let notice = ServerError::read(body.fields());
    tracing::debug!(
        server = place,
        state = notice.sqlstate,
        "{}: {}",
        notice.severity,
        notice.message
    );
}
