//! inmemory connector.
