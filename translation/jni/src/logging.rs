//! Logs: to stderr, which engines keep with their own logs.

use std::sync::Once;

use tracing_subscriber::filter::LevelFilter;

static STARTED: Once = Once::new();

/// Starts logging. `SEATUNNEL_LOG_LEVEL` says how much: `info` if not given.
pub(crate) fn start() {
    STARTED.call_once(|| {
        let level = std::env::var("SEATUNNEL_LOG_LEVEL").ok();
        let level = level.and_then(|text| text.parse().ok());
        let builder = tracing_subscriber::fmt()
            .with_max_level(level.unwrap_or(LevelFilter::INFO))
            .with_target(false)
            .with_ansi(false)
            .with_writer(std::io::stderr);
        // Another library in this process may have been first.
        let _ = builder.try_init();
    });
}
