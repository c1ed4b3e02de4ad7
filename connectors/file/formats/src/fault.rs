//! What goes wrong with a file.

use std::fmt;
use std::io;

use arrow_schema::ArrowError;
use seatunnel_api::Error;

/// Result of reading or writing a file.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// What is wrong with a file or with rows for it. Where the file lies is for the caller to say.
#[derive(Debug)]
pub enum Fault {
    /// It can't be read or written.
    Io(io::Error),
    /// It is not what its format asks for: a sentence that goes on after "the file can't be read:".
    Malformed(String),
    /// It has something that is not built in.
    Unsupported(String),
    /// A value has no place in the format: of one row.
    Value {
        /// The row among those given at once.
        row: usize,
        /// The column's name.
        column: String,
        /// Why.
        why: String,
    },
    /// An error that says all by itself.
    Told(Error),
}

impl Fault {
    /// Something else than the format has there.
    pub fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }

    /// A value that can't be written.
    pub(crate) fn value(row: usize, column: &str, why: impl Into<String>) -> Self {
        Self::Value {
            row,
            column: column.to_owned(),
            why: why.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Malformed(what) | Self::Unsupported(what) => f.write_str(what),
            Self::Value { column, why, .. } => write!(f, "column {column:?}: {why}"),
            Self::Told(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Self::Malformed(error.to_string())
    }
}
