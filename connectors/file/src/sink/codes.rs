//! Errors of the sink.

use seatunnel_api::ErrorCode;

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
