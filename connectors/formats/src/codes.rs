//! Errors of formats.

use seatunnel_api::ErrorCode;

/// A message is not in the format that it should be in.
pub(crate) const UNREADABLE: ErrorCode = ErrorCode::new("FORMAT-01", "message not readable");
/// A row can't be put into the format.
pub(crate) const UNWRITABLE: ErrorCode = ErrorCode::new("FORMAT-02", "row not writable");
/// A schema of messages is not valid, or does not fit the table.
pub(crate) const SCHEMA: ErrorCode = ErrorCode::new("FORMAT-03", "schema of messages not valid");
/// The schema registry can't be reached, or fails.
pub(crate) const REGISTRY_FAILED: ErrorCode =
    ErrorCode::new("FORMAT-04", "schema registry not reached");
/// The schema registry answers and says no.
pub(crate) const REGISTRY_REFUSED: ErrorCode =
    ErrorCode::new("FORMAT-05", "schema registry refuses");
