//! The error codes of this crate.

use seatunnel_api::ErrorCode;

/// The query can't be parsed.
pub const SQL_SYNTAX: ErrorCode = ErrorCode::new("SQL-01", "query not understood");
/// The query uses what this transform doesn't do.
pub const SQL_UNSUPPORTED: ErrorCode = ErrorCode::new("SQL-02", "not supported in queries");
/// The query names a column or a function that isn't there.
pub const SQL_UNKNOWN: ErrorCode = ErrorCode::new("SQL-03", "name not known");
/// Types in an expression don't go together.
pub const SQL_TYPE: ErrorCode = ErrorCode::new("SQL-04", "types don't fit");
/// A query needs more memory than it may take.
pub const SQL_MEMORY: ErrorCode = ErrorCode::new("SQL-06", "not enough memory");
/// A value of a row can't be computed.
pub const SQL_VALUE: ErrorCode = ErrorCode::new("SQL-05", "value can't be computed");
