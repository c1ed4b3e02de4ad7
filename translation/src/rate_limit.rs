//! `read_limit.rows_per_second` and `read_limit.bytes_per_second`.

use std::time::{Duration, Instant};

use seatunnel_api::options::EnvOptions;
use seatunnel_api::{Batch, BatchSize};

/// Holds one reader back to its limits.
///
/// Time is owed for what was handed on; the debt is paid before the next batch. Time not used is
/// not saved up beyond a moment, so that a reader that waited doesn't burst.
pub struct RateLimit {
    rows_per_second: Option<u64>,
    bytes_per_second: Option<u64>,
    free_at: Instant,
}

/// Batches under a limit are of this share of a second, so that rows flow evenly.
const SHARE: u64 = 10;

impl RateLimit {
    /// The limits that a job's `env` sets.
    pub fn new(env: &EnvOptions) -> Self {
        Self {
            rows_per_second: env.read_limit_rows_per_second,
            bytes_per_second: env.read_limit_bytes_per_second,
            free_at: Instant::now(),
        }
    }

    /// How large batches should be under these limits.
    pub fn batch_size(&self, size: BatchSize) -> BatchSize {
        let share = |limit: Option<u64>, most: usize| match limit {
            Some(limit) => most.min((limit / SHARE).max(1) as usize),
            None => most,
        };
        BatchSize {
            rows: share(self.rows_per_second, size.rows),
            bytes: share(self.bytes_per_second, size.bytes),
        }
    }

    /// Waits until a batch may pass.
    pub async fn pass(&mut self, batch: &Batch) {
        if self.rows_per_second.is_none() && self.bytes_per_second.is_none() {
            return;
        }
        let now = Instant::now();
        if self.free_at > now {
            tokio::time::sleep(self.free_at - now).await;
        } else {
            self.free_at = now;
        }
        let takes = |amount: usize, limit: Option<u64>| match limit {
            Some(limit) => Duration::from_secs_f64(amount as f64 / limit as f64),
            None => Duration::ZERO,
        };
        let by_rows = takes(batch.num_rows(), self.rows_per_second);
        let by_bytes = match self.bytes_per_second {
            Some(_) => takes(batch.num_bytes(), self.bytes_per_second),
            None => Duration::ZERO,
        };
        self.free_at += by_rows.max(by_bytes);
    }
}
