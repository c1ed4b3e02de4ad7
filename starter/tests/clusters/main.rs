//! Jobs on real clusters of Spark and Flink, through the launcher of a package as it is shipped.
//!
//! `scripts/test.sh` makes the package first (`scripts/package.sh --profile dev`).

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod flink;
mod flink_application;
mod joins;
mod processes;
mod spark;
mod spark_stream;
mod support;
