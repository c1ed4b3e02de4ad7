//! What the outside sees of a running job, and how it stops it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use seatunnel_api::Metrics;
use seatunnel_api::plan::{JobPlan, NodeKind};
use tokio_util::sync::CancellationToken;

/// A job's counters and its stop button. Made from a plan before the job runs, shared with whoever
/// shows progress.
#[derive(Debug)]
pub struct JobHandle {
    nodes: Vec<NodeProgress>,
    cancel: CancellationToken,
    started: Mutex<Option<Instant>>,
    /// What attempts that failed had counted.
    before: Mutex<Totals>,
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

/// What a finished job has done.
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
            started: Mutex::new(None),
            before: Mutex::default(),
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

    /// Asks the job to stop. A batch job throws away what is not committed; a streaming job
    /// commits what it has read.
    pub fn cancel(&self) {
        self.cancel.cancel();
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

    /// The job is started again: what was counted so far came from an attempt that is thrown away.
    pub(crate) fn restart(&self) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = self.totals();
    }

    /// What the attempt that succeeded has done.
    pub(crate) fn report(&self, started: SystemTime) -> JobReport {
        let before = *self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.totals();
        JobReport {
            started,
            ended: SystemTime::now(),
            elapsed: self.elapsed(),
            rows_read: now.rows_read - before.rows_read,
            rows_written: now.rows_written - before.rows_written,
            bytes_read: now.bytes_read - before.bytes_read,
            bytes_written: now.bytes_written - before.bytes_written,
            rows_failed: now.rows_failed - before.rows_failed,
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
        }
    }
}

/// Counters of all sources and all sinks. They only grow.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    rows_read: u64,
    rows_written: u64,
    bytes_read: u64,
    bytes_written: u64,
    rows_failed: u64,
}
