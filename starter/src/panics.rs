//! What is shown of a panic. The engine reports a panic in a task as that connector's bug; this says
//! where it happened, in one line, instead of a backtrace that helps nobody but who builds this.

use std::backtrace::{Backtrace, BacktraceStatus};

use crate::terminal;

/// Makes panics show one line; all of it with `RUST_BACKTRACE=1`.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or_else(String::new, |l| format!(" at {l}"));
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let message = message.lines().next().unwrap_or_default();
        terminal::eprint(&format!(
            "bug: a task panicked{place}: {message} (RUST_BACKTRACE=1 shows more)\n"
        ));
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            terminal::eprint(&format!("{backtrace}\n"));
        }
    }));
}
