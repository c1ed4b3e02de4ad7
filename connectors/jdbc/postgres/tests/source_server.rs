//! The source against real servers.

#![allow(clippy::unwrap_used)]

mod source_server {
    mod connections;
    mod failures;
    mod plain;
    mod queries;
    mod splits;
    mod support;
    mod values;
}
