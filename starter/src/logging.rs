//! Logs: to stderr, as text or as one JSON object a line.

use std::io::{self, Write};

use seatunnel_api::Error;
use tracing_subscriber::fmt::MakeWriter;

use crate::args::{LogArgs, LogFormat};
use crate::progress;
use crate::terminal;

/// Starts logging. Called once.
pub(crate) fn start(args: &LogArgs) {
    let level = args.log_level.filter();
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_writer(Stderr);
    match args.log_format {
        LogFormat::Text => builder.with_ansi(terminal::stderr_has_colours()).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}

/// Reports why a job failed: for people as it is, else as a log line like all others.
pub(crate) fn error(args: &LogArgs, error: &Error) {
    match args.log_format {
        LogFormat::Text => terminal::print_error(error),
        LogFormat::Json => tracing::error!(code = error.code().id, "{}", error.report()),
    }
}

/// Stderr, which it shares with the progress display.
struct Stderr;

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Stderr {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        progress::above_bars(|| io::stderr().write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
