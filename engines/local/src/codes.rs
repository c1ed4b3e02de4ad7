//! Error codes of the embedded engine.

use seatunnel_api::ErrorCode;

/// Checkpoints failed more often in a row than the job tolerates.
pub const CHECKPOINTS_FAIL: ErrorCode = ErrorCode::new("ENGINE-01", "checkpoints fail");
/// The job file doesn't fit the checkpoint that the job would go on from.
pub const INCOMPATIBLE: ErrorCode = ErrorCode::new("ENGINE-02", "checkpoint does not fit the job");
/// There is no such checkpoint.
pub const NO_CHECKPOINT: ErrorCode = ErrorCode::new("ENGINE-03", "no such checkpoint");
