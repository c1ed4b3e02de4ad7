//! Errors of the source and of the sink.

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

/// A file could not be written.
pub(crate) const WRITE_FAILED: ErrorCode = ErrorCode::new("FILE-21", "file not written");
/// The disk, a quota or a limit is used up.
pub(crate) const DISK_FULL: ErrorCode = ErrorCode::new("FILE-22", "disk full");
/// A file or folder may not be written.
pub(crate) const NO_PERMISSION: ErrorCode = ErrorCode::new("FILE-23", "no permission to write");
/// Files could not be moved to where they belong.
pub(crate) const COMMIT_FAILED: ErrorCode = ErrorCode::new("FILE-24", "files not committed");
/// Files that nobody will commit could not be removed.
pub(crate) const LEFT_BEHIND: ErrorCode = ErrorCode::new("FILE-25", "files left behind");
