//! The binary, from its command line to its exit code.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod bad_files;
mod bad_jobs;
mod command_line;
mod dirty_rows;
mod discovery;
mod dry_run;
mod engines;
mod joins;
mod lives;
mod object_state;
mod quickstart;
mod running;
mod secrets;
mod support;
mod verify;
mod verify_databases;
