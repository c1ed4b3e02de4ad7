//! The source, against a real broker.

mod batch;
mod drive;
mod restore;
mod secure;
mod start;
mod streaming;
