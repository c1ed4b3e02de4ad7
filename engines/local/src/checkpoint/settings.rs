//! When a job takes checkpoints.

use std::time::Duration;

use seatunnel_api::JobMode;
use seatunnel_api::plan::JobPlan;

/// Between two checkpoints of a streaming job that doesn't say.
const STREAMING_INTERVAL: Duration = Duration::from_secs(10);
/// After which a checkpoint counts as failed, if the job doesn't say.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Between two checkpoints even if the job asks for less: a timer can't wait for nothing.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// What `env` says of checkpoints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// From the start of one to the start of the next; nothing if there is only the one at the end.
    pub(crate) interval: Option<Duration>,
    /// Between the end of one and the start of the next, at least.
    pub(crate) min_pause: Duration,
    pub(crate) timeout: Duration,
    /// How many may fail in a row.
    pub(crate) tolerable: u32,
    /// How many are kept; savepoints don't count.
    pub(crate) retained: usize,
}

impl Settings {
    pub(crate) fn of(plan: &JobPlan) -> Self {
        let env = &plan.env;
        let asked = env.checkpoint_interval.map(Duration::from_millis);
        let interval = match plan.job.mode {
            JobMode::Batch => asked,
            JobMode::Streaming => asked.or(Some(STREAMING_INTERVAL)),
        };
        Self {
            interval: interval.map(|interval| interval.max(SHORTEST_INTERVAL)),
            min_pause: Duration::from_millis(env.checkpoint_min_pause.unwrap_or(0)),
            timeout: env
                .checkpoint_timeout
                .map_or(TIMEOUT, Duration::from_millis),
            tolerable: env.checkpoint_tolerable_failed,
            retained: env.checkpoint_max_retained.max(1),
        }
    }
}

/// Whether a job takes checkpoints while it runs: a streaming job, or one with an interval. Others
/// take one at their end.
pub fn takes_checkpoints(plan: &JobPlan) -> bool {
    Settings::of(plan).interval.is_some()
}
