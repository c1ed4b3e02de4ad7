//! `seatunnel completions SHELL`

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::terminal;

/// Prints a script that the shell loads.
pub(crate) fn print(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "seatunnel", &mut script);
    terminal::print(&String::from_utf8_lossy(&script));
}
