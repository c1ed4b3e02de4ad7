//! Error codes of kept state. What is there and can't be understood is
//! [`seatunnel_api::codes::STATE_INVALID`].

use seatunnel_api::ErrorCode;

/// State can't be written: no space, no permission.
pub const NOT_WRITTEN: ErrorCode = ErrorCode::new("STATE-01", "state not written");
/// State that may be there can't be reached.
pub const NOT_READ: ErrorCode = ErrorCode::new("STATE-02", "state not read");
