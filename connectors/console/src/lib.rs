//! console connector.
