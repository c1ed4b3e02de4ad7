//! Error codes of kept state. What is there and can't be understood is
//! [`seatunnel_api::codes::STATE_INVALID`].

use seatunnel_api::ErrorCode;

/// State can't be written: no space, no permission.
pub const NOT_WRITTEN: ErrorCode = ErrorCode::new("STATE-01", "state not written");
/// State that may be there can't be reached.
pub const NOT_READ: ErrorCode = ErrorCode::new("STATE-02", "state not read");
/// Another process works on the job.
pub const RUNNING: ErrorCode = ErrorCode::new("STATE-03", "job is running already");
/// No run has this number.
pub const UNKNOWN_RUN: ErrorCode = ErrorCode::new("STATE-04", "run not known");
/// There is nothing to go on from.
pub const NOTHING_TO_RESTORE: ErrorCode = ErrorCode::new("STATE-05", "nothing to go on from");
/// A running job can't be reached.
pub const UNREACHABLE: ErrorCode = ErrorCode::new("STATE-06", "job not reached");
