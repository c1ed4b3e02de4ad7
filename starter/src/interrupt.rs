//! Ctrl-C and SIGTERM: the first ends the job in order, the second ends the process.

use std::io;

use seatunnel_engine_local::JobHandle;

use crate::exit;

/// Waits for signals until dropped.
pub(crate) async fn listen(handle: &JobHandle) {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!("Ctrl-C ends the job at once: signals can't be listened to: {error}");
            return std::future::pending().await;
        }
    };
    let name = signals.next().await;
    tracing::warn!("{name}: stopping the job, once more ends it at once");
    handle.savepoint();
    let name = signals.next().await;
    tracing::warn!("{name}: ended at once; what was not committed may lie about");
    std::process::exit(exit::FAILED.into());
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
