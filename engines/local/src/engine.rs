//! Runs a job, again where that may help.

use std::time::{Duration, SystemTime};

use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{BatchSize, Error, Guarantee, Result, codes};
use seatunnel_translation::DirtySinks;
use tracing::{info, warn};

use crate::attempt::{Attempt, Outcome};
use crate::commit;
use crate::handle::{JobHandle, JobReport};

/// What bounds the engine's memory: `parallelism` x sinks x `channel_depth` x `batch_size.bytes`,
/// and what connectors hold themselves.
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
            channel_depth: 3,
            batch_size: BatchSize::default(),
        }
    }
}

/// Restarts of a failed job when the job file doesn't say: SeaTunnel's default.
const DEFAULT_RETRIES: u32 = 3;

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
    /// writers compute).
    ///
    /// # Errors
    /// The first cause, when a source, transform or sink failed and trying again did not help, or
    /// was not allowed; [`codes::CANCELLED`] when a batch job was cancelled. What writers had
    /// written but not committed is thrown away then.
    pub async fn run(&self, plan: &JobPlan, handle: &JobHandle) -> Result<JobReport> {
        let started = SystemTime::now();
        handle.start();
        let dirty = DirtySinks::open(plan)?;
        let sinks = plan.sinks().collect::<Vec<_>>();
        for index in &sinks {
            if let NodeKind::Sink(sink) = &plan.nodes[*index].kind {
                let prepared = sink.prepare().await;
                prepared.map_err(|e| e.with_context("plugin", &plan.nodes[*index].name))?;
            }
        }
        let mut restarts = 0;
        loop {
            dirty.start_attempt();
            let outcome = Attempt::new(plan, handle, &dirty, self.options).run().await;
            if let Err(lost) = dirty.flush().await {
                // The tasks have seen to what they need kept before a commit.
                warn!(error = %lost, "dirty rows of this attempt are not all kept");
            }
            let error = match outcome {
                Outcome::Done(committables) => match commit::commit(plan, committables).await {
                    Ok(()) => {
                        for summary in dirty.summaries() {
                            warn!("{summary}");
                        }
                        return Ok(handle.report(started));
                    }
                    // What is committed can't be taken back, so the job can't be run again.
                    Err(error) => return Err(error),
                },
                Outcome::Failed(error, committables) => {
                    commit::abort(plan, committables).await;
                    error
                }
            };
            if !self.may_restart(plan, handle, &error, restarts) {
                return Err(error);
            }
            restarts += 1;
            handle.restart();
            warn!(
                error = %error,
                "Restore time {restarts}, pipeline Job {}",
                plan.job.name
            );
            let pause = Duration::from_secs(plan.env.job_retry_interval_seconds);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = handle.cancelled() => return Err(Error::cancelled()),
            }
        }
    }

    /// A restart reads everything again. That is right if the error may pass, and if no sink has
    /// kept rows that would come twice, or the user asked for restarts.
    fn may_restart(
        &self,
        plan: &JobPlan,
        handle: &JobHandle,
        error: &Error,
        restarts: u32,
    ) -> bool {
        let allowed = plan.env.job_retry_times.unwrap_or(DEFAULT_RETRIES);
        if !error.is_retryable() || handle.is_cancelled() || restarts >= allowed {
            return false;
        }
        let twice = plan.sinks().find(|index| {
            let NodeKind::Sink(sink) = &plan.nodes[*index].kind else {
                return false;
            };
            sink.guarantee() == Guarantee::AtLeastOnce && handle.metrics(*index).rows().get() > 0
        });
        match twice {
            Some(index) if plan.env.job_retry_times.is_none() => {
                info!(
                    sink = %plan.nodes[index].name,
                    "not started again: the sink has rows already that would come twice; set job.retry.times to allow it"
                );
                false
            }
            _ => true,
        }
    }
}

/// An error that comes from a bug: of a task that panicked.
pub(crate) fn panicked(node: &str, panic: Box<dyn std::any::Any + Send>) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Error::new(codes::INTERNAL, format!("{node} panicked: {message}"))
        .with_help("this is a bug of that connector, not of the job; please report it")
}
