//! What a server refuses, and what goes wrong on the way to it.

use std::fmt;

use seatunnel_api::{Error, ErrorCode};
use seatunnel_jdbc_core::{errors, net};

use super::packet::Fields;

/// Why a call on a connection failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server refused.
    Server(Box<ServerError>),
    /// Anything else: the connection broke, the login failed, a file of certificates is missing.
    Other(Box<Error>),
}

/// An error as the server reports it (ERR_Packet).
#[derive(Clone, Debug)]
pub(crate) struct ServerError {
    /// What the server is called in messages.
    pub(crate) place: String,
    /// The number that tells errors apart.
    pub(crate) errno: u16,
    /// The five characters of the SQL standard.
    pub(crate) sql_state: String,
    /// What went wrong.
    pub(crate) message: String,
}

impl Failure {
    /// Reads an ERR packet.
    pub(crate) fn server(place: &str, packet: &[u8]) -> Self {
        match ServerError::read(place, packet) {
            Some(error) => Self::Server(Box::new(error)),
            None => violated(place, "an error without a number"),
        }
    }

    /// The number of the server's error, if it was the server.
    pub(crate) fn errno(&self) -> Option<u16> {
        match self {
            Self::Server(error) => Some(error.errno),
            Self::Other(_) => None,
        }
    }

    /// Whether the connection is gone.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Server(error) => error.code() == errors::CONNECTION_LOST,
            Self::Other(error) => {
                [errors::CONNECTION_LOST, errors::CONNECT_FAILED].contains(&error.code())
            }
        }
    }
}

impl ServerError {
    fn read(place: &str, packet: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(packet);
        fields.u8()?;
        let errno = fields.u16()?;
        let rest = fields.rest();
        // Before the login there is no SQL state.
        let (sql_state, message) = match rest {
            [b'#', state @ ..] if state.len() >= 5 => state.split_at(5),
            message => (b"HY000".as_slice(), message),
        };
        Some(Self {
            place: place.to_owned(),
            errno,
            sql_state: String::from_utf8_lossy(sql_state).into_owned(),
            message: String::from_utf8_lossy(message).into_owned(),
        })
    }

    /// Whether trying again may help: the server went down, a deadlock, too many connections.
    pub(crate) fn is_retryable(&self) -> bool {
        [errors::CONNECTION_LOST, errors::CONFLICT, errors::BUSY].contains(&self.code())
    }

    fn code(&self) -> ErrorCode {
        let by_number = BY_NUMBER
            .iter()
            .find(|(numbers, _)| numbers.contains(&self.errno));
        let by_state = || {
            BY_STATE
                .iter()
                .find(|(begin, _)| self.sql_state.starts_with(begin))
                .map(|(_, code)| *code)
        };
        by_number
            .map(|(_, code)| *code)
            .or_else(by_state)
            .unwrap_or(errors::STATEMENT_FAILED)
    }
}

/// Codes by the server's numbers.
const BY_NUMBER: &[(&[u16], ErrorCode)] = &[
    // too many connections, of the server or of the user
    (&[1040, 1203, 1226], errors::BUSY),
    // access denied; the plugin is not there, must use TLS, account locked, password expired
    (
        &[1045, 1130, 1251, 1524, 1698, 1820, 1862, 3118, 3159, 4151],
        errors::LOGIN_REFUSED,
    ),
    // no right: on databases, statements, tables, columns, routines
    (&[1044, 1142, 1143, 1227, 1370, 1410], errors::FORBIDDEN),
    // unknown database
    (&[1049], errors::CONNECT_FAILED),
    // bad column
    (&[1054], errors::COLUMN_MISSING),
    // the server goes down; packets broken; killed; idle for too long
    (
        &[
            1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 4031,
        ],
        errors::CONNECTION_LOST,
    ),
    // unknown table
    (&[1051, 1146], errors::TABLE_MISSING),
    // lock wait, deadlock, WSREP conflict, record changed since last read
    (
        &[1020, 1205, 1206, 1213, 1637, 3101, 3572],
        errors::CONFLICT,
    ),
    // disk or file full, write error, out of space in a table
    (&[3, 28, 1021, 1026, 1114], errors::STORAGE),
    // duplicate keys, not null, foreign keys, check
    (
        &[
            1022, 1048, 1062, 1169, 1216, 1217, 1364, 1451, 1452, 1557, 1586, 1761, 1762, 3819,
            4025,
        ],
        errors::CONSTRAINT,
    ),
    // out of range, too long, truncated, wrong value
    (
        &[
            1264, 1265, 1292, 1366, 1367, 1406, 1411, 1416, 1441, 1690, 3140, 3156,
        ],
        errors::VALUE_UNFIT,
    ),
];

/// Codes by how SQL states begin; the first that fits.
const BY_STATE: &[(&str, ErrorCode)] = &[
    ("08", errors::CONNECTION_LOST),
    ("22", errors::VALUE_UNFIT),
    ("23", errors::CONSTRAINT),
    ("28", errors::LOGIN_REFUSED),
    ("40", errors::CONFLICT),
    ("42S02", errors::TABLE_MISSING),
    ("42S22", errors::COLUMN_MISSING),
];

/// What to do about it.
const HELP: &[(&[u16], &str)] = &[
    (
        &[1040, 1203, 1226],
        "lower `parallelism`, or raise max_connections of the server",
    ),
    (
        &[1045, 1698],
        "check `username` and `password`, and that the user may come from this machine",
    ),
    (
        &[1130],
        "the server lets nobody in from this machine: CREATE USER name@'%' or for this host",
    ),
    (
        &[1044, 1142, 1143, 1227, 1370],
        "grant the user the right, or log in as another",
    ),
    (
        &[1049],
        "the database stands behind the last `/` of the url",
    ),
    (&[1153], "raise max_allowed_packet of the server"),
    (
        &[3159, 4151],
        "the server wants encrypted connections: sslMode=REQUIRED in the url",
    ),
    (
        &[1969, 3024],
        "the server ends statements after max_statement_time or max_execution_time; \
      sessionVariables=max_statement_time=0 in the url turns it off for the job",
    ),
];

impl From<ServerError> for Error {
    fn from(server: ServerError) -> Self {
        let mut error = Self::new(server.code(), &server.message)
            .with_context("server", &server.place)
            .with_context("error number", server.errno)
            .with_sql_state(&server.sql_state);
        if server.is_retryable() {
            error = error.retryable();
        }
        let help = HELP.iter().find(|(all, _)| all.contains(&server.errno));
        if let Some((_, help)) = help {
            error = error.with_help(*help);
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
            Self::Server(error) => write!(f, "{} ({})", error.message, error.errno),
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
    net::violated(place, why, "a MySQL or MariaDB").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(errno: u16, state: &str) -> Error {
        let mut packet = vec![0xff];
        packet.extend_from_slice(&errno.to_le_bytes());
        packet.extend_from_slice(format!("#{state}it went wrong").as_bytes());
        Failure::server("h:1", &packet).into()
    }

    #[test]
    fn numbers_and_states_give_codes() {
        assert_eq!(error(1062, "23000").code(), errors::CONSTRAINT);
        assert_eq!(error(1146, "42S02").code(), errors::TABLE_MISSING);
        assert_eq!(error(9999, "22001").code(), errors::VALUE_UNFIT);
        assert_eq!(error(9999, "HY000").code(), errors::STATEMENT_FAILED);
        assert_eq!(error(1062, "23000").sql_state(), Some("23000"));
        assert_eq!(error(1062, "23000").message(), "it went wrong");
    }

    #[test]
    fn what_may_pass_is_retryable() {
        for errno in [1040, 1053, 1205, 1213, 1927, 2006, 2013] {
            assert!(error(errno, "HY000").is_retryable(), "{errno}");
        }
        for errno in [1045, 1062, 1064, 1114, 1146] {
            assert!(!error(errno, "HY000").is_retryable(), "{errno}");
        }
    }

    #[test]
    fn an_error_before_the_login_has_no_state() {
        let failure = Failure::server("h:1", b"\xff\x6a\x04Host is not allowed");
        assert_eq!(failure.errno(), Some(1130));
        assert_eq!(failure.to_string(), "Host is not allowed (1130)");
        assert!(Failure::server("h:1", b"\xff").errno().is_none());
    }
}
