//! Error codes of comparisons.

use seatunnel_api::ErrorCode;

/// No sink of the job can be read back.
pub const NOT_READABLE: ErrorCode = ErrorCode::new("VERIFY-01", "target can't be read back");
/// A source has no end, or another part of the job can't be compared.
pub const NOT_COMPARABLE: ErrorCode = ErrorCode::new("VERIFY-02", "can't be compared");
