//! The errors of this connector.

use seatunnel_api::ErrorCode;

/// A row of `rows` or a column's default does not fit the column's type.
pub(crate) const VALUE: ErrorCode = ErrorCode::new("FAKE-01", "declared value does not fit");
/// Ranges, templates and sizes that allow no value.
pub(crate) const CONTENT: ErrorCode = ErrorCode::new("FAKE-02", "no such value can be made");
/// A column type that can't be made up.
pub(crate) const TYPE: ErrorCode = ErrorCode::new("FAKE-03", "type can't be made up");
/// Two tables of one name.
pub(crate) const TABLES: ErrorCode = ErrorCode::new("FAKE-04", "table declared twice");
