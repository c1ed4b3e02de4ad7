//! The error codes of reading a job file.

use seatunnel_api::ErrorCode;

/// The text does not follow the syntax of its format.
pub const SYNTAX: ErrorCode = ErrorCode::new("CONFIG-01", "syntax error in the job file");
/// The job file, or a file that it includes, can't be read.
pub const UNREADABLE: ErrorCode = ErrorCode::new("CONFIG-02", "job file cannot be read");
/// A `${name}` that nothing gives a value.
pub const VARIABLE_UNSET: ErrorCode = ErrorCode::new("CONFIG-03", "variable not set");
/// A `${name}` whose value is made of itself, or references that expand without end.
pub const REFERENCE: ErrorCode = ErrorCode::new("CONFIG-04", "reference cannot be resolved");
/// A `-i` argument that is no `key=value`, or names a reserved word.
pub const VARIABLE_INVALID: ErrorCode = ErrorCode::new("CONFIG-05", "variable not valid");
/// An `include` that can't be followed.
pub const INCLUDE: ErrorCode = ErrorCode::new("CONFIG-06", "include cannot be followed");
/// A key or block that is given twice, so that the first has no effect.
pub const REPEATED: ErrorCode = ErrorCode::new("CONFIG-07", "block or key given twice");
/// `shade.identifier` names no known way to encrypt, or a secret can't be decrypted.
pub const SHADE: ErrorCode = ErrorCode::new("CONFIG-08", "secret cannot be encrypted or decrypted");
/// A statement of an SQL job file that has no meaning in a job.
pub const SQL: ErrorCode = ErrorCode::new("CONFIG-09", "SQL job file not valid");
/// The text is nested deeper, or is larger, than a job file can be.
pub const TOO_LARGE: ErrorCode = ErrorCode::new("CONFIG-10", "job file too large or too deep");
/// A `source`, `transform` or `sink` that is given twice, so that a whole part of the job is lost.
pub const SECTION_REPEATED: ErrorCode = ErrorCode::new("CONFIG-11", "part of the job given twice");
