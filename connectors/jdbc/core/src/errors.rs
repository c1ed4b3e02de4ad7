//! The error codes of this connector.

use seatunnel_api::ErrorCode;

/// `url` names a database that is not built in, or is no url.
pub const URL_INVALID: ErrorCode = ErrorCode::new("JDBC-01", "database url not valid");
/// The database can't be opened.
pub const CONNECT_FAILED: ErrorCode = ErrorCode::new("JDBC-02", "database can't be opened");
/// A statement is wrong, or what it names is not there.
pub const STATEMENT_FAILED: ErrorCode = ErrorCode::new("JDBC-03", "statement failed");
/// The table to read is not there.
pub const TABLE_MISSING: ErrorCode = ErrorCode::new("JDBC-04", "table does not exist");
/// A column is not there.
pub const COLUMN_MISSING: ErrorCode = ErrorCode::new("JDBC-05", "column does not exist");
/// A stored value is not of the type of its column.
pub const VALUE_UNFIT: ErrorCode = ErrorCode::new("JDBC-06", "value of another type");
/// The target has other columns or keys than the rows.
pub const TARGET_UNFIT: ErrorCode = ErrorCode::new("JDBC-07", "target does not fit");
/// A row violates a constraint of the target.
pub const CONSTRAINT: ErrorCode = ErrorCode::new("JDBC-08", "constraint violated");
/// The disk is full or can't be written to.
pub const STORAGE: ErrorCode = ErrorCode::new("JDBC-09", "storage failed");
/// Another process holds the database for too long.
pub const BUSY: ErrorCode = ErrorCode::new("JDBC-10", "database is busy");
/// A row kind that the sink can't apply as it is configured.
pub const ROW_KIND: ErrorCode = ErrorCode::new("JDBC-11", "row kind can't be applied");
/// Options that make no sense together, or that the database has no means for.
pub const OPTION: ErrorCode = ErrorCode::new("JDBC-12", "options don't fit together");
/// The connection could not be encrypted, or the server is not whom it says it is.
pub const TLS_FAILED: ErrorCode = ErrorCode::new("JDBC-13", "encryption failed");
/// The server refuses the user.
pub const LOGIN_REFUSED: ErrorCode = ErrorCode::new("JDBC-14", "login refused");
/// The connection broke; the server may have been stopped.
pub const CONNECTION_LOST: ErrorCode = ErrorCode::new("JDBC-15", "connection lost");
/// Another transaction was in the way: a deadlock, or a lock held for too long.
pub const CONFLICT: ErrorCode = ErrorCode::new("JDBC-16", "conflict between transactions");
/// The server does not speak as its protocol says.
pub const PROTOCOL: ErrorCode = ErrorCode::new("JDBC-17", "protocol violated");
/// The user may not do this.
pub const FORBIDDEN: ErrorCode = ErrorCode::new("JDBC-18", "permission denied");
/// A prepared transaction is neither there nor committed.
pub const TRANSACTION_LOST: ErrorCode = ErrorCode::new("JDBC-19", "prepared transaction lost");
