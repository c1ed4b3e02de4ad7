//! assert connector.
