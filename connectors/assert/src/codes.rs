//! The errors of this connector.

use seatunnel_api::ErrorCode;

/// Rows, counts or table names break a rule.
pub(crate) const BROKEN: ErrorCode = ErrorCode::new("ASSERT-01", "rule broken");
/// A table is not what a rule says.
pub(crate) const TABLE: ErrorCode = ErrorCode::new("ASSERT-03", "table is not as the rule says");
/// A rule can't be understood, or lacks what it needs.
pub(crate) const RULE: ErrorCode = ErrorCode::new("ASSERT-04", "rule not valid");
