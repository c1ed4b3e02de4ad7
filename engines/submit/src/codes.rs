//! Codes of errors on the way to a cluster.

use seatunnel_api::ErrorCode;

/// The engine's programs are not where they should be.
pub const HOME: ErrorCode = ErrorCode::new("ENGINE-01", "engine not found");
/// The engine's version can't run our jobs.
pub const VERSION: ErrorCode = ErrorCode::new("ENGINE-02", "version of the engine not supported");
/// Our own jar is missing.
pub const JAR: ErrorCode = ErrorCode::new("ENGINE-03", "jar not found");
/// A flag makes no sense for this engine.
pub const FLAG: ErrorCode = ErrorCode::new("ENGINE-04", "flag not valid for this engine");
/// The engine's program could not be started, or says that the job failed.
pub const FAILED: ErrorCode = ErrorCode::new("ENGINE-05", "the job failed in the cluster");
