//! What the outside may know of a job's checkpoints.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use seatunnel_api::CheckpointId;
use seatunnel_state::CheckpointKind;

/// A job's checkpoints so far, those of this process.
#[derive(Clone, Debug, Default)]
pub struct CheckpointStats {
    /// How many are durable.
    pub completed: u64,
    /// How many times one was late, or could not be stored.
    pub failed: u64,
    /// The one that the job went on from last.
    pub restored_from: Option<CheckpointId>,
    /// The one that is being taken, and since when.
    pub in_progress: Option<(CheckpointId, SystemTime)>,
    /// The last one that is durable.
    pub last: Option<CheckpointRecord>,
    /// The last ones, oldest first, failures among them.
    pub history: Vec<CheckpointRecord>,
}

/// One checkpoint that was taken, or failed.
#[derive(Clone, Debug)]
pub struct CheckpointRecord {
    /// Its number.
    pub id: CheckpointId,
    /// What it was taken for.
    pub kind: CheckpointKind,
    /// When it was begun.
    pub started: SystemTime,
    /// How long it took until it was durable and committed, or had failed.
    pub duration: Duration,
    /// How large it is.
    pub bytes: u64,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// How many records are kept.
const HISTORY: usize = 32;

/// The statistics, while they change.
#[derive(Debug, Default)]
pub(crate) struct StatsCell(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stats: CheckpointStats,
    history: VecDeque<CheckpointRecord>,
}

impl StatsCell {
    pub(crate) fn get(&self) -> CheckpointStats {
        let inner = self.lock();
        CheckpointStats {
            history: inner.history.iter().cloned().collect(),
            ..inner.stats.clone()
        }
    }

    pub(crate) fn restored_from(&self, id: CheckpointId) {
        self.lock().stats.restored_from = Some(id);
    }

    pub(crate) fn begin(&self, id: CheckpointId) {
        self.lock().stats.in_progress = Some((id, SystemTime::now()));
    }

    /// The attempt has ended: none is being taken any more.
    pub(crate) fn given_up(&self) {
        self.lock().stats.in_progress = None;
    }

    /// Takes a record in. One that failed for being late is still being taken.
    pub(crate) fn record(&self, record: CheckpointRecord, still_in_progress: bool) {
        let mut inner = self.lock();
        if !still_in_progress {
            inner.stats.in_progress = None;
        }
        if record.failure.is_some() {
            inner.stats.failed += 1;
        } else {
            inner.stats.completed += 1;
            inner.stats.last = Some(record.clone());
        }
        if inner.history.len() == HISTORY {
            inner.history.pop_front();
        }
        inner.history.push_back(record);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
