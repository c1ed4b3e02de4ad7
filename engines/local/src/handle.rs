//! What the outside sees of a running job, and how it stops it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use seatunnel_api::Metrics;
use seatunnel_api::plan::{JobPlan, NodeKind};
use tokio_util::sync::CancellationToken;

use crate::checkpoint::{CheckpointStats, JobEnd, Restored, StatsCell, takes_checkpoints};

/// A job's counters and its stop buttons. Made from a plan before the job runs, shared with whoever
/// shows progress.
#[derive(Debug)]
pub struct JobHandle {
    nodes: Vec<NodeProgress>,
    cancel: CancellationToken,
    savepoint: CancellationToken,
    takes_checkpoints: bool,
    checkpoints: StatsCell,
    discarded: AtomicBool,
    started: Mutex<Option<Instant>>,
    counted: Mutex<Counted>,
}

/// The counters of one node of the plan.
#[derive(Clone, Debug)]
pub struct NodeProgress {
    /// What the node is called.
    pub name: String,
    /// Whether it is a source, a transform or a sink.
    pub role: NodeRole,
    /// What it has done so far.
    pub metrics: Metrics,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRole {
    /// It reads.
    Source,
    /// It changes.
    Transform,
    /// It writes.
    Sink,
}

/// What a finished job has done; counts begin where the job began, also if an earlier process has
/// done a part of it.
#[derive(Clone, Debug)]
pub struct JobReport {
    /// When it started.
    pub started: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// Rows that all sources handed on.
    pub rows_read: u64,
    /// Rows that all sinks took, without those they rejected.
    pub rows_written: u64,
    /// Bytes that all sources handed on.
    pub bytes_read: u64,
    /// Bytes that all sinks took.
    pub bytes_written: u64,
    /// Rows that could not be read or written and were set aside; a row that a filter drops is none.
    pub rows_failed: u64,
    /// How it ended.
    pub end: JobEnd,
    /// The checkpoints it took.
    pub checkpoints: CheckpointStats,
}

impl NodeProgress {
    /// Rows that passed; of a sink without those it rejected.
    pub fn rows(&self) -> u64 {
        let rows = self.metrics.rows().get();
        match self.role {
            // A batch counts when it is taken, a row of it may be rejected before.
            NodeRole::Sink => rows.saturating_sub(self.metrics.failed_rows().get()),
            _ => rows,
        }
    }
}

impl JobHandle {
    /// A handle for one run of a plan.
    pub fn new(plan: &JobPlan) -> Self {
        let nodes = plan
            .nodes
            .iter()
            .map(|node| NodeProgress {
                name: node.name.clone(),
                role: match node.kind {
                    NodeKind::Source { .. } => NodeRole::Source,
                    NodeKind::Transform(_) => NodeRole::Transform,
                    NodeKind::Sink(_) => NodeRole::Sink,
                },
                metrics: Metrics::new(),
            })
            .collect();
        Self {
            nodes,
            cancel: CancellationToken::new(),
            savepoint: CancellationToken::new(),
            takes_checkpoints: takes_checkpoints(plan),
            checkpoints: StatsCell::default(),
            discarded: AtomicBool::new(false),
            started: Mutex::new(None),
            counted: Mutex::default(),
        }
    }

    /// The counters of all nodes, in the order of the plan.
    pub fn nodes(&self) -> &[NodeProgress] {
        &self.nodes
    }

    /// How long the job has been running.
    pub fn elapsed(&self) -> Duration {
        let started = *self.started.lock().unwrap_or_else(PoisonError::into_inner);
        started.map_or(Duration::ZERO, |s| s.elapsed())
    }

    /// Asks the job to stop. What is not in a durable checkpoint is thrown away.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Asks the job to stop with a savepoint: what it has read is committed, and it can go on from
    /// there. A job that takes no checkpoints while it runs ([`takes_checkpoints`]) is cancelled.
    pub fn savepoint(&self) {
        match self.takes_checkpoints {
            true => self.savepoint.cancel(),
            false => self.cancel.cancel(),
        }
    }

    /// Whether the job was asked to stop with a savepoint.
    pub fn is_savepoint_asked(&self) -> bool {
        self.savepoint.is_cancelled()
    }

    /// The checkpoints so far.
    pub fn checkpoints(&self) -> CheckpointStats {
        self.checkpoints.get()
    }

    /// Whether the leftovers of the runs that were to be discarded are gone from all sinks.
    pub fn is_discarded(&self) -> bool {
        self.discarded.load(Ordering::Acquire)
    }

    pub(crate) fn set_discarded(&self) {
        self.discarded.store(true, Ordering::Release);
    }

    /// Whether the job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    pub(crate) async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.cancel
    }

    pub(crate) fn metrics(&self, node: usize) -> &Metrics {
        &self.nodes[node].metrics
    }

    pub(crate) fn all_metrics(&self) -> Vec<Metrics> {
        self.nodes.iter().map(|n| n.metrics.clone()).collect()
    }

    pub(crate) fn start(&self) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(crate) async fn savepoint_asked(&self) {
        self.savepoint.cancelled().await;
    }

    pub(crate) fn checkpoint_stats(&self) -> &StatsCell {
        &self.checkpoints
    }

    /// The job is started, perhaps again: what attempts before had counted is thrown away but for
    /// what the checkpoint holds that it goes on from.
    pub(crate) fn start_attempt(&self, restored: Option<&Restored>) {
        let mut base = Totals::default();
        if let Some(restored) = restored {
            let content = restored.content();
            let (read, written) = (content.read(), content.written());
            base = Totals {
                rows_read: read.rows,
                bytes_read: read.bytes,
                // Rows a sink took and rejected are in both counts of the checkpoint.
                rows_written: written.rows.saturating_sub(content.rejected_rows),
                bytes_written: written.bytes,
                rows_failed: content.failed_rows,
                rows_rejected: content.rejected_rows,
            };
            self.checkpoints.restored_from(restored.id());
        }
        let before = self.totals();
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Counted { before, base };
    }

    /// What the job has done since it began, without what was thrown away.
    fn since_start(&self) -> Totals {
        let Counted { before, base } = *self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.totals();
        Totals {
            rows_read: base.rows_read + now.rows_read - before.rows_read,
            rows_written: base.rows_written + now.rows_written - before.rows_written,
            bytes_read: base.bytes_read + now.bytes_read - before.bytes_read,
            bytes_written: base.bytes_written + now.bytes_written - before.bytes_written,
            rows_failed: base.rows_failed + now.rows_failed - before.rows_failed,
            rows_rejected: base.rows_rejected + now.rows_rejected - before.rows_rejected,
        }
    }

    /// Rows set aside since the job began.
    pub(crate) fn failed_rows(&self) -> u64 {
        self.since_start().rows_failed
    }

    /// Those of them that sinks had taken.
    pub(crate) fn rejected_rows(&self) -> u64 {
        self.since_start().rows_rejected
    }

    pub(crate) fn report(&self, started: SystemTime, end: JobEnd) -> JobReport {
        let all = self.since_start();
        JobReport {
            started,
            ended: SystemTime::now(),
            elapsed: self.elapsed(),
            rows_read: all.rows_read,
            rows_written: all.rows_written,
            bytes_read: all.bytes_read,
            bytes_written: all.bytes_written,
            rows_failed: all.rows_failed,
            end,
            checkpoints: self.checkpoints(),
        }
    }

    fn totals(&self) -> Totals {
        let sum = |role: NodeRole, value: fn(&NodeProgress) -> u64| {
            let of_role = self.nodes.iter().filter(|n| n.role == role);
            of_role.map(value).sum::<u64>()
        };
        let failed = self.nodes.iter().map(|n| n.metrics.failed_rows().get());
        Totals {
            rows_read: sum(NodeRole::Source, NodeProgress::rows),
            rows_written: sum(NodeRole::Sink, NodeProgress::rows),
            bytes_read: sum(NodeRole::Source, |n| n.metrics.bytes().get()),
            bytes_written: sum(NodeRole::Sink, |n| n.metrics.bytes().get()),
            rows_failed: failed.sum(),
            rows_rejected: sum(NodeRole::Sink, |n| n.metrics.failed_rows().get()),
        }
    }
}

/// What to add to the counters, and what to take off.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    /// What attempts that failed had counted.
    before: Totals,
    /// What was done up to the checkpoint that the job goes on from.
    base: Totals,
}

/// Counters of all sources and all sinks. They only grow.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    rows_read: u64,
    rows_written: u64,
    bytes_read: u64,
    bytes_written: u64,
    rows_failed: u64,
    /// Those of them that sinks had taken.
    rows_rejected: u64,
}
