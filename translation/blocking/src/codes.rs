//! Codes of errors that only engines in other processes meet.

use seatunnel_api::ErrorCode;

/// Bytes from another process are not what they should be.
pub(crate) const WIRE: ErrorCode = ErrorCode::new("TRANSLATION-01", "bytes not understood");
/// A task sees other tables than the process that planned the job.
pub(crate) const PLAN_DIFFERS: ErrorCode = ErrorCode::new("TRANSLATION-02", "plan differs");
/// The engine can't do what a connector needs.
pub(crate) const UNSUPPORTED: ErrorCode =
    ErrorCode::new("TRANSLATION-03", "not possible in this engine");
