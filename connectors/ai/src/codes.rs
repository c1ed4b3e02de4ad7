//! The error codes of this crate.

use seatunnel_api::ErrorCode;

/// Options of a model say too little, or contradict each other.
pub(crate) const MODEL_OPTIONS: ErrorCode = ErrorCode::new("AI-01", "model not complete");
/// The service of a model can't be reached or is too busy.
pub(crate) const MODEL_BUSY: ErrorCode = ErrorCode::new("AI-02", "model not reached");
/// The service of a model refuses a request.
pub(crate) const MODEL_REFUSES: ErrorCode = ErrorCode::new("AI-03", "model refuses");
/// An answer is not what was asked for.
pub(crate) const ANSWER_INVALID: ErrorCode = ErrorCode::new("AI-04", "answer not usable");
