//! `seatunnel`: runs job files of Apache SeaTunnel.
//!
//! Exit codes: 0 if the job finished or the check found nothing, 1 if the job failed, was cancelled
//! or its file has errors, 2 if `verify` found differences, 234 if the command line can't be followed.

mod args;
mod argv;
mod commands;
mod control;
mod exit;
mod interrupt;
mod lifecycle;
mod logging;
mod masked;
mod panics;
mod progress;
mod statistic;
mod terminal;
mod text;

use std::process::ExitCode;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    panics::install();
    let argv::Normalised { args, jvm_options } = argv::normalise(std::env::args_os());
    if args.len() <= 1 {
        return exit::help();
    }
    match args::Cli::read(args) {
        Ok((cli, unknown)) => commands::run(cli, &jvm_options, unknown),
        Err(error) => exit::usage(&error),
    }
}
