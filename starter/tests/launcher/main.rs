//! The binary, from its command line to its exit code.

mod bad_files;
mod bad_jobs;
mod command_line;
mod discovery;
mod dry_run;
mod quickstart;
mod running;
mod secrets;
mod support;
