//! fake connector.
