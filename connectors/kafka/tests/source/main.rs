//! The source, against a real broker.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod batch;
mod drive;
mod restore;
mod secure;
mod start;
mod streaming;
