//! The source against a real server.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;
mod failures;
mod splits;
mod types;
