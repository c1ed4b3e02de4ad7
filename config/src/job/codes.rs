//! Error codes of the job graph.

use seatunnel_api::ErrorCode;

/// The job file's blocks don't make a job.
pub const STRUCTURE: ErrorCode = ErrorCode::new("JOB-01", "job not complete");
/// A name of rows is claimed twice, unknown, or missing where it is needed.
pub const NAMES: ErrorCode = ErrorCode::new("JOB-02", "rows not named clearly");
/// The graph has a cycle.
pub const CYCLE: ErrorCode = ErrorCode::new("JOB-03", "cycle in the job");
/// Rows lead nowhere.
pub const UNUSED: ErrorCode = ErrorCode::new("JOB-04", "rows without a reader");
/// Tables that meet don't fit together.
pub const TABLES: ErrorCode = ErrorCode::new("JOB-05", "tables don't fit together");
/// The source or sink can't run in this mode.
pub const MODE: ErrorCode = ErrorCode::new("JOB-06", "not possible in this mode");
