//! How the program ends.

use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::Cli;
use crate::terminal;

/// The job failed, was cancelled, or its file has errors.
pub(crate) const FAILED: u8 = 1;
/// What a job's sinks hold is not what its sources bring.
pub(crate) const DIFFERENT: u8 = 2;
/// The command line can't be followed: SeaTunnel's code for it.
pub(crate) const USAGE: u8 = 234;

/// Shows the help because there was nothing on the command line.
pub(crate) fn help() -> ExitCode {
    terminal::print(&Cli::command().render_help().to_string());
    ExitCode::from(USAGE)
}

/// Shows what is wrong with the command line. Help and version, where asked for, come here too and
/// are no error.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing is left to do if stderr is closed.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        ErrorKind::InvalidSubcommand => {
            if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
                && std::path::Path::new(word).exists()
            {
                terminal::eprint(&format!("\n  tip: run a job file with `--config {word}`\n"));
            }
            ExitCode::from(USAGE)
        }
        _ => ExitCode::from(USAGE),
    }
}
