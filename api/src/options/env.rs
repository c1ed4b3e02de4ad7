//! Options of a job file's `env` block.

use indexmap::IndexMap;

use super::Options;
use crate::config::ConfigValue;
use crate::job::JobMode;

/// The `env` block: what holds for the whole job.
#[derive(Clone, Debug, Options)]
pub struct EnvOptions {
    /// Name of the job; `--name` comes first.
    #[option(key = "job.name")]
    pub job_name: Option<String>,
    /// Whether the job ends by itself.
    #[option(key = "job.mode", default = JobMode::Batch)]
    pub job_mode: JobMode,
    /// Readers of each source that doesn't say otherwise.
    #[option(default = 1, min = 1, fallback("execution.parallelism"))]
    pub parallelism: usize,
    /// Milliseconds between two checkpoints; without it a batch job takes one, at its end, and a
    /// streaming job one every 10 seconds.
    #[option(key = "checkpoint.interval", fallback("execution.checkpoint.interval"))]
    pub checkpoint_interval: Option<u64>,
    /// Milliseconds after which a checkpoint counts as failed; 60000 if not given.
    #[option(key = "checkpoint.timeout", fallback("execution.checkpoint.timeout"))]
    pub checkpoint_timeout: Option<u64>,
    /// Milliseconds that pass at least between the end of a checkpoint and the start of the next.
    #[option(
        key = "checkpoint.min-pause",
        since = "2.3.13",
        fallback("execution.checkpoint.min-pause")
    )]
    pub checkpoint_min_pause: Option<u64>,
    /// How many checkpoints may be late, or impossible to store, in a row before the job fails.
    #[option(key = "checkpoint.tolerable-failed-checkpoints", default = 3)]
    pub checkpoint_tolerable_failed: u32,
    /// How many checkpoints are kept; savepoints don't count.
    #[option(key = "checkpoint.max-retained", default = 3, min = 1)]
    pub checkpoint_max_retained: usize,
    /// Folder for what outlives the process: checkpoints, and which runs there are. If not given: what
    /// the variable `SEATUNNEL_STATE` names, else `.seatunnel` in the user's home. A URL of an object store
    /// (`s3://bucket/prefix`, `gs://`, `abfss://`) keeps it where another machine can go on; credentials
    /// come from the environment (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` and so on).
    #[option(key = "state.dir")]
    pub state_dir: Option<String>,
    /// How often a failed job is started again, where trying again may help. If not given: 3 times,
    /// and only while no at-least-once sink has rows that would come twice.
    #[option(key = "job.retry.times")]
    pub job_retry_times: Option<u32>,
    /// Seconds between a failure and the next start.
    #[option(key = "job.retry.interval.seconds", default = 3)]
    pub job_retry_interval_seconds: u64,
    /// Rows a second that each reader hands on at most.
    #[option(key = "read_limit.rows_per_second", min = 1)]
    pub read_limit_rows_per_second: Option<u64>,
    /// Bytes a second that each reader hands on at most.
    #[option(key = "read_limit.bytes_per_second", min = 1)]
    pub read_limit_bytes_per_second: Option<u64>,
    /// Accepted; save modes always run where the job runs.
    #[option(key = "savemode.execute.location")]
    pub savemode_execute_location: Option<String>,
    /// Accepted; connectors are built in.
    pub jars: Option<String>,
    /// Accepted; kept for the user's own tools.
    pub custom_parameters: Option<ConfigValue>,
    /// Accepted; there are no worker groups on one machine.
    pub tag_filter: Option<IndexMap<String, String>>,
    /// How secrets in this file are encoded: `base64`, `aes` or the name of a plugged-in one.
    #[option(key = "shade.identifier")]
    pub shade_identifier: Option<String>,
    /// Options whose values are encoded, besides the usual ones.
    #[option(key = "shade.options")]
    pub shade_options: Option<Vec<String>>,
    /// What the decoder needs, such as a key.
    #[option(key = "shade.properties")]
    pub shade_properties: Option<ConfigValue>,
    /// Settings for Flink; this engine leaves them alone.
    pub flink: Option<ConfigValue>,
    /// Settings for Spark; this engine leaves them alone.
    pub spark: Option<ConfigValue>,
    /// Older settings for Flink; this engine leaves them alone.
    pub execution: Option<ConfigValue>,
}
