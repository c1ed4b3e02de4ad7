//! Errors of the source.

use seatunnel_api::ErrorCode;

/// A file or folder could not be read.
pub(crate) const READ_FAILED: ErrorCode = ErrorCode::new("FILE-01", "file not read");
/// The path leads nowhere.
pub(crate) const NOT_FOUND: ErrorCode = ErrorCode::new("FILE-02", "path not found");
/// A file is not what its format says.
pub(crate) const MALFORMED: ErrorCode = ErrorCode::new("FILE-03", "file malformed");
/// A value is not of its column's type.
pub(crate) const VALUE_INVALID: ErrorCode = ErrorCode::new("FILE-04", "value not of its type");
/// A format or compression that is not built in, or not for this format.
pub(crate) const UNSUPPORTED: ErrorCode = ErrorCode::new("FILE-05", "not supported");
