//! The error codes of this crate.

use seatunnel_api::ErrorCode;

/// A module can't be read, or is not what this program can run.
pub(crate) const MODULE: ErrorCode = ErrorCode::new("WASM-01", "module not usable");
/// The code of a module failed, or gave something else than it should.
pub(crate) const CODE: ErrorCode = ErrorCode::new("WASM-02", "code failed");
