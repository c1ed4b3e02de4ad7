//! The error codes of this crate.

use seatunnel_api::ErrorCode;

/// A transform names a column that its input doesn't have.
pub const COLUMN_UNKNOWN: ErrorCode = ErrorCode::new("TRANSFORM-01", "column not found");
/// A transform would make two columns of one name.
pub const COLUMN_TWICE: ErrorCode = ErrorCode::new("TRANSFORM-02", "column exists already");
/// A transform's options say too little, or contradict each other.
pub const RULE_INVALID: ErrorCode = ErrorCode::new("TRANSFORM-03", "transform not complete");
/// A pattern can't be understood, or is too costly to match.
pub const PATTERN_INVALID: ErrorCode = ErrorCode::new("TRANSFORM-04", "pattern not valid");
/// A transform works on text and meets a column that has no text form.
pub const NOT_TEXT: ErrorCode = ErrorCode::new("TRANSFORM-05", "column has no text form");
/// Two tables of one path would come out, with different columns.
pub const TABLE_TWICE: ErrorCode = ErrorCode::new("TRANSFORM-06", "table exists already");
/// A row doesn't keep a rule.
pub const ROW_INVALID: ErrorCode = ErrorCode::new("TRANSFORM-07", "row not valid");
/// A value is no JSON, or a path finds nothing in it.
pub const JSON_PATH: ErrorCode = ErrorCode::new("TRANSFORM-08", "nothing found by the path");
/// A value can't be encrypted or decrypted.
pub const ENCRYPTION: ErrorCode = ErrorCode::new("TRANSFORM-09", "value not encrypted");
/// A transform of SeaTunnel that can't exist here.
pub const NOT_HERE: ErrorCode = ErrorCode::new("TRANSFORM-10", "transform not possible");
/// Metadata that rows don't have.
pub const METADATA_UNKNOWN: ErrorCode = ErrorCode::new("TRANSFORM-11", "metadata not known");
