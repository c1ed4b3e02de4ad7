//! blackhole connector.
