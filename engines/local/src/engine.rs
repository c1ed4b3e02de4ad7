//! Runs a job, again where that may help.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use seatunnel_api::plan::JobPlan;
use seatunnel_api::{BatchSize, CheckpointId, Error, Guarantee, Result};
use seatunnel_state::{CheckpointStorage, MemoryStorage};
use seatunnel_translation::DirtySinks;
use tracing::{info, warn};

use crate::attempt::Attempt;
use crate::checkpoint::{
    JobEnd, LeftOver, Restored, Settings, Store, exactly, newest, takes_checkpoints,
};
use crate::handle::{JobHandle, JobReport};
use seatunnel_translation::commit::{abort, commit, discard_leftovers, finish, prepare, sinks};

/// What bounds the engine's memory: readers x sinks x `channel_depth` x `batch_size.bytes`, and
/// what connectors hold themselves.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// Batches that wait between a reader and a writer.
    pub channel_depth: usize,
    /// How large batches should be.
    pub batch_size: BatchSize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            channel_depth: 2,
            batch_size: BatchSize::default(),
        }
    }
}

/// Where a run keeps its checkpoints, and what it begins with.
#[derive(Clone)]
pub struct RunState {
    /// Keeps the checkpoints of this run.
    pub storage: Arc<dyn CheckpointStorage>,
    /// Whether the storage outlives the process. Then what a failed run could not commit is left
    /// there for the next process that goes on with it; otherwise it is taken back.
    pub lasting: bool,
    /// What the run begins with.
    pub start: Start,
    /// [`seatunnel_api::JobContext::id`] of other runs of this job that nobody will go on with: what they left
    /// behind is taken back first.
    pub discard: Vec<Arc<str>>,
}

/// What a run begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// No process has begun the run before.
    New,
    /// A process may have: it goes on from the newest checkpoint that can be read. If there is none
    /// at all it starts from the beginning, after what was left behind is taken back.
    Resume,
    /// It goes on from this very checkpoint.
    From(CheckpointId),
}

impl RunState {
    /// Nothing outlives the process.
    pub fn in_memory() -> Self {
        Self {
            storage: Arc::new(MemoryStorage::default()),
            lasting: false,
            start: Start::New,
            discard: Vec::new(),
        }
    }
}

/// Restarts of a failed job when the job file doesn't say: SeaTunnel's default.
const DEFAULT_RETRIES: u32 = 3;
/// An attempt that took checkpoints for so long has got over the failure before it: restarts are
/// counted anew.
const RECOVERED: Duration = Duration::from_secs(60);

/// The embedded engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalEngine {
    options: EngineOptions,
}

impl LocalEngine {
    /// An engine with other bounds than the default ones.
    pub fn new(options: EngineOptions) -> Self {
        Self { options }
    }

    /// Runs a job to its end, on the caller's tokio runtime (a multi-threaded one: readers and
    /// writers compute). Checkpoints don't outlive the process; see [`LocalEngine::run_with`].
    ///
    /// # Errors
    /// The first cause, when a source, transform or sink failed and trying again did not help, or
    /// was not allowed; [`seatunnel_api::codes::CANCELLED`] when the job was cancelled. What writers had written
    /// but not committed is thrown away then.
    pub async fn run(&self, plan: &JobPlan, handle: &JobHandle) -> Result<JobReport> {
        self.run_with(plan, handle, &RunState::in_memory()).await
    }

    /// Runs a job to its end, or goes on with one that a process has left unfinished. Dropping the
    /// future is as killing the process: the job may go on from its checkpoints.
    ///
    /// # Errors
    /// As [`LocalEngine::run`]; also if checkpoints can't be read or stored, or if the job file does
    /// not fit the checkpoint that the job would go on from.
    pub async fn run_with(
        &self,
        plan: &JobPlan,
        handle: &JobHandle,
        state: &RunState,
    ) -> Result<JobReport> {
        let started = SystemTime::now();
        handle.start();
        let mut run = Run {
            options: self.options,
            plan,
            handle,
            state,
            dirty: DirtySinks::open(plan)?,
            store: Store::new(state.storage.clone(), Settings::of(plan).retained),
            restored: None,
            attempts: 0,
            prepared: false,
            left: LeftOver::default(),
        };
        let end = run.run_to_its_end().await?;
        for summary in run.dirty.summaries() {
            warn!("{summary}");
        }
        Ok(handle.report(started, end))
    }
}

/// A job, over all its attempts.
struct Run<'a> {
    options: EngineOptions,
    plan: &'a JobPlan,
    handle: &'a JobHandle,
    state: &'a RunState,
    dirty: DirtySinks,
    store: Store,
    restored: Option<Restored>,
    attempts: u32,
    /// Whether the targets are ready.
    prepared: bool,
    left: LeftOver,
}

impl Run<'_> {
    async fn run_to_its_end(&mut self) -> Result<JobEnd> {
        for id in &self.state.discard {
            discard_leftovers(self.plan, id).await?;
        }
        self.handle.set_discarded();
        self.find_start().await?;
        let mut restarts = 0;
        loop {
            let begun = tokio::time::Instant::now();
            let error = match self.attempt().await {
                Ok(end) => return Ok(end),
                Err(error) => error,
            };
            self.handle.checkpoint_stats().given_up();
            let last_success = self.left.last_success.take();
            let recovered = last_success.is_some_and(|at| at.duration_since(begun) >= RECOVERED);
            if recovered {
                restarts = 0;
            }
            let may_restart = self.may_restart(&error, restarts);
            self.clean_up(may_restart).await;
            if !may_restart {
                return Err(error);
            }
            restarts += 1;
            warn!(
                error = %error,
                "Restore time {restarts}, pipeline Job {}",
                self.plan.job.name
            );
            let pause = Duration::from_secs(self.plan.env.job_retry_interval_seconds);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.handle.cancelled() => return Err(Error::cancelled()),
            }
            if self.store.has_any() {
                self.restored = newest(self.store.storage(), self.plan).await?;
            }
        }
    }

    /// Finds the checkpoint that the run begins with.
    async fn find_start(&mut self) -> Result<()> {
        match self.state.start {
            Start::New => return Ok(()),
            Start::Resume => {
                self.restored = newest(self.store.storage(), self.plan).await?;
            }
            Start::From(id) => {
                self.restored = Some(exactly(self.store.storage(), self.plan, id).await?);
            }
        }
        self.store.take_stock().await
    }

    async fn attempt(&mut self) -> Result<JobEnd> {
        let first = self.attempts == 0;
        self.attempts += 1;
        self.handle.start_attempt(self.restored.as_ref());
        let restored = self.restored.as_ref();
        let nodes = 0..self.plan.nodes.len();
        let dirty_rows: Vec<u64> = nodes
            .map(|index| restored.map_or(0, |r| r.dirty_rows(index)))
            .collect();
        self.dirty.start_attempt(&dirty_rows);
        if let Some(restored) = &self.restored {
            self.prepared = true;
            if !self.store.is_committed(restored.id()) {
                self.left.not_committed = restored.committables();
                commit(self.plan, &mut self.left.not_committed).await?;
                self.store.committed(restored.id());
            }
            if restored.is_finished() {
                finish(self.plan).await?;
                return Ok(JobEnd::Finished);
            }
            self.say_what_comes_twice();
        }
        if !first || self.state.start != Start::New {
            discard_leftovers(self.plan, &self.plan.job.id).await?;
        }
        if !self.prepared {
            prepare(self.plan).await?;
            self.prepared = true;
        }
        // An older checkpoint that was asked for must be the newest from here on.
        let chosen = first && matches!(self.state.start, Start::From(_));
        let attempt = Attempt {
            plan: self.plan,
            handle: self.handle,
            options: self.options,
            dirty: &self.dirty,
            restored: self.restored.as_ref(),
            store: &mut self.store,
            checkpoint_first: takes_checkpoints(self.plan) && (self.restored.is_none() || chosen),
            left: &mut self.left,
        };
        let end = attempt.run().await;
        if let Err(lost) = self.dirty.flush().await {
            // The tasks have seen to what they need kept before a commit.
            warn!(error = %lost, "dirty rows of this attempt are not all kept");
        }
        let end = end?;
        if end == JobEnd::Finished {
            finish(self.plan).await?;
        }
        Ok(end)
    }

    /// Takes back what a failed attempt has prepared and nobody will commit.
    async fn clean_up(&mut self, goes_on: bool) {
        let not_durable = std::mem::take(&mut self.left.not_durable);
        if !not_durable.is_empty() {
            if self.store.may_hold_unsure().await {
                warn!(
                    "a checkpoint could not be stored for sure: what it holds is left to be committed or taken back when the job goes on"
                );
            } else {
                abort(self.plan, not_durable).await;
            }
        }
        let not_committed = std::mem::take(&mut self.left.not_committed);
        // Somebody who goes on from the checkpoint commits them.
        let left_to_others = goes_on || (self.state.lasting && !self.handle.is_cancelled());
        if !left_to_others {
            abort(self.plan, not_committed).await;
        }
    }

    /// A restart from a checkpoint reads on from there. One from the beginning is right if no sink
    /// has kept rows that would come twice, or if the user asked for restarts. Neither helps if the
    /// error would come again.
    fn may_restart(&self, error: &Error, restarts: u32) -> bool {
        let allowed = self.plan.env.job_retry_times;
        let left = restarts < allowed.unwrap_or(DEFAULT_RETRIES);
        if !error.is_retryable() || self.handle.is_cancelled() || !left {
            return false;
        }
        if self.store.has_any() || allowed.is_some() {
            return true;
        }
        match self.at_least_once().next() {
            Some(name) => {
                info!(
                    sink = %name,
                    "not started again: the sink has rows already that would come twice; set job.retry.times to allow it"
                );
                false
            }
            None => true,
        }
    }

    fn say_what_comes_twice(&self) {
        let names: Vec<&str> = sinks(self.plan)
            .filter(|(_, sink)| sink.guarantee() == Guarantee::AtLeastOnce)
            .map(|(node, _)| node.name.as_str())
            .collect();
        if !names.is_empty() {
            info!(
                "rows that came after the checkpoint come again: they may be twice in {}, at-least-once",
                names.join(", ")
            );
        }
    }

    /// Sinks that have rows which would come twice.
    fn at_least_once(&self) -> impl Iterator<Item = &str> {
        let sinks = sinks(self.plan).zip(self.plan.sinks());
        let with_rows = sinks.filter(|((_, sink), index)| {
            sink.guarantee() == Guarantee::AtLeastOnce
                && self.handle.metrics(*index).rows().get() > 0
        });
        with_rows.map(|((node, _), _)| node.name.as_str())
    }
}
