//! What a task knows of the job it belongs to.

use std::sync::Arc;

use crate::dirty::DirtyRows;
use crate::metrics::Metrics;
use crate::options::OptionEnum;

/// Whether a job ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, OptionEnum)]
pub enum JobMode {
    /// It ends when its sources are read to their end.
    #[default]
    Batch,
    /// It runs until it is stopped.
    Streaming,
}

/// The job, as connectors see it.
#[derive(Clone, Debug)]
pub struct JobContext {
    /// Unique to this run; names of temporary files and transactions carry it. A run that goes on
    /// after its process was killed keeps it.
    pub id: Arc<str>,
    /// The name the user gave it.
    pub name: Arc<str>,
    /// Whether it ends by itself.
    pub mode: JobMode,
}

/// Identifies a checkpoint within a job; grows by one from 1.
pub type CheckpointId = u64;

/// What a reader or a writer knows of its place.
#[derive(Clone, Debug)]
pub struct TaskContext {
    /// The job.
    pub job: JobContext,
    /// Number of this task among its siblings, from 0.
    pub subtask: usize,
    /// How many siblings there are.
    pub parallelism: usize,
    /// The counters of its source or sink.
    pub metrics: Metrics,
    /// Where it puts rows that it can't read or write.
    pub dirty: DirtyRows,
}
