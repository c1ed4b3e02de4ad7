//! How long a checkpoint may take, and how many may fail.

use std::time::SystemTime;

use seatunnel_api::{CheckpointId, Error, Result};
use seatunnel_state::{CheckpointKind, codes as state_codes};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::settings::Settings;
use super::stats::{CheckpointRecord, StatsCell};
use crate::codes;

/// Watches over the checkpoints of one attempt.
pub(crate) struct Patience<'a> {
    settings: Settings,
    stats: &'a StatsCell,
    stop: CancellationToken,
    /// How many failures there were since the last success.
    failures: u32,
    id: CheckpointId,
    kind: CheckpointKind,
    started: (SystemTime, Instant),
    /// When the checkpoint counts as late, once more.
    deadline: Instant,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(settings: Settings, stats: &'a StatsCell, stop: CancellationToken) -> Self {
        let now = Instant::now();
        Self {
            settings,
            stats,
            stop,
            failures: 0,
            id: 0,
            kind: CheckpointKind::Checkpoint,
            started: (SystemTime::now(), now),
            deadline: now,
        }
    }

    /// A checkpoint begins.
    pub(crate) fn begin(&mut self, id: CheckpointId, kind: CheckpointKind) {
        let now = Instant::now();
        self.id = id;
        self.kind = kind;
        self.started = (SystemTime::now(), now);
        self.deadline = now + self.settings.timeout;
        self.stats.begin(id);
    }

    /// Waits for something of the checkpoint. Each time it takes longer than it may, that counts as
    /// a failure; it goes on being waited for, and succeeds when it comes.
    ///
    /// # Errors
    /// If the job stops, or there were too many failures in a row.
    pub(crate) async fn wait<T>(
        &mut self,
        what: impl Future<Output = T>,
        waited_for: impl Fn() -> String,
    ) -> Result<T> {
        let mut what = std::pin::pin!(what);
        let stop = self.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(Error::cancelled()),
                done = &mut what => return Ok(done),
                () = sleep_until(self.deadline) => {}
            }
            self.deadline = Instant::now() + self.settings.timeout;
            let why = format!(
                "it is not there after {:.1} s; waited for: {}",
                self.started.1.elapsed().as_secs_f64(),
                waited_for()
            );
            self.failed(&why, None, true)?;
        }
    }

    /// Waits, whatever becomes of it, unless the job stops.
    pub(crate) async fn pause(&self, duration: std::time::Duration) -> Result<()> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Error::cancelled()),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }

    /// The checkpoint is durable and committed.
    pub(crate) fn succeeded(&mut self, bytes: u64) {
        self.failures = 0;
        self.stats.record(self.record(bytes, None), false);
    }

    /// The checkpoint could not be stored.
    ///
    /// # Errors
    /// The cause, if there were too many failures in a row.
    pub(crate) fn not_stored(&mut self, error: Error, bytes: u64) -> Result<()> {
        if error.code() == state_codes::RUNNING {
            // The job is another process's by now: no later checkpoint will do.
            return Err(error);
        }
        let why = format!("it can't be stored: {error}");
        self.stats.given_up();
        self.failed(&why, Some((error, bytes)), false)
    }

    fn failed(&mut self, why: &str, cause: Option<(Error, u64)>, goes_on: bool) -> Result<()> {
        self.failures += 1;
        let bytes = cause.as_ref().map_or(0, |(_, bytes)| *bytes);
        let record = self.record(bytes, Some(why.to_owned()));
        self.stats.record(record, goes_on);
        let tolerable = self.settings.tolerable;
        if self.failures <= tolerable {
            warn!(
                "checkpoint {} failed ({} in a row, {tolerable} are tolerated): {why}",
                self.id, self.failures
            );
            return Ok(());
        }
        let message = format!(
            "{} checkpoints failed in a row, and {tolerable} are tolerated; the last, {}: {why}",
            self.failures, self.id
        );
        let error = Error::new(codes::CHECKPOINTS_FAIL, message).with_help(
            "checkpoint.timeout and checkpoint.tolerable-failed-checkpoints in env allow more",
        );
        Err(match cause {
            Some((cause, _)) => error.with_cause(cause),
            None => error,
        }
        .retryable())
    }

    fn record(&self, bytes: u64, failure: Option<String>) -> CheckpointRecord {
        CheckpointRecord {
            id: self.id,
            kind: self.kind,
            started: self.started.0,
            duration: self.started.1.elapsed(),
            bytes,
            failure,
        }
    }
}
