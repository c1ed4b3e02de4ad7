//! Formats of messages: from bytes into columns and back.
