//! How many requests begin in a minute.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Spaces requests evenly; shared by all tasks of the process.
pub(crate) struct Pace {
    interval: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many in a minute; any number if not given.
    pub(crate) fn new(per_minute: Option<f64>) -> Self {
        Self {
            interval: per_minute.map_or(Duration::ZERO, |n| Duration::from_secs_f64(60.0 / n)),
            next: Mutex::new(None),
        }
    }

    /// Waits for its turn.
    pub(crate) async fn turn(&self) {
        if self.interval.is_zero() {
            return;
        }
        let turn = {
            let mut next = self.next.lock().await;
            let now = Instant::now();
            let turn = next.map_or(now, |next| next.max(now));
            *next = Some(turn + self.interval);
            turn
        };
        sleep_until(turn).await;
    }
}
