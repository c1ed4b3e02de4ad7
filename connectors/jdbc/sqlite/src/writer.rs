//! Writers: rows kept back, and written in transactions.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use seatunnel_api::{Batch, CheckpointId, DirtyRows, Result, SinkWriter, TaskContext};

use crate::apply::{apply, stage_fitting};
use crate::database::Database;
use crate::plan::Plan;
use crate::refusal::Kept;
use crate::staging::{self, Staged};

/// Bytes of rows that a writer keeps back at most, about.
const BYTES: usize = 16 << 20;
/// Bytes of rows that all writers to a file keep back, about, before each writes what it gets.
const BYTES_OF_ALL: usize = 64 << 20;

/// When rows are written, and how often that is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) rows: usize,
    pub(crate) interval: Option<Duration>,
    pub(crate) retries: u32,
    pub(crate) commit_attempts: u32,
}

/// Tells one run's names from another's, also when a job of the same id runs again.
fn nonce() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = now.map_or(0, |since| since.as_nanos());
    format!("{:x}_{:x}", std::process::id(), nanos)
}

/// Does work again when the database was busy, so many times.
pub(crate) async fn retrying<T, F: Future<Output = Result<T>>>(
    times: u32,
    work: impl Fn() -> F,
) -> Result<T> {
    let mut retries = 0;
    loop {
        match work().await {
            Err(error) if error.is_retryable() && retries < times => {
                retries += 1;
                tracing::warn!("{error}; trying again ({retries} of {times})");
            }
            other => return other,
        }
    }
}

/// The staging tables of a writer.
struct Staging {
    /// What their names end in, before the number.
    names: String,
    number: u64,
    /// The one being filled, and the statements that do it.
    current: Option<(String, Arc<Plan>)>,
}

/// Keeps rows back and writes them in transactions.
pub(crate) struct SqliteWriter {
    database: Arc<Database>,
    plan: Arc<Plan>,
    limits: Limits,
    staging: Option<Staging>,
    dirty: DirtyRows,
    kept: Vec<Kept>,
    /// Rows that it was given.
    given: u64,
    rows: usize,
    bytes: usize,
    since: Instant,
}

impl SqliteWriter {
    /// A writer; with `staged`, what it writes waits in staging tables.
    pub(crate) fn new(
        database: Arc<Database>,
        plan: Arc<Plan>,
        limits: Limits,
        staged: bool,
        context: &TaskContext,
    ) -> Self {
        let staging = staged.then(|| Staging {
            names: format!("{}_{}_{}", context.job.id, context.subtask, nonce()),
            number: 0,
            current: None,
        });
        Self {
            database,
            plan,
            limits,
            staging,
            dirty: context.dirty.clone(),
            kept: Vec::new(),
            given: 0,
            rows: 0,
            bytes: 0,
            since: Instant::now(),
        }
    }

    fn take(&mut self) -> Arc<[Kept]> {
        self.database.kept.fetch_sub(self.bytes, Ordering::Relaxed);
        (self.rows, self.bytes) = (0, 0);
        std::mem::take(&mut self.kept).into()
    }

    async fn flush(&mut self) -> Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let plan = self.statements().await?;
        let kept = self.take();
        let set_aside = self.dirty.is_on();
        // A staging table has no constraints: whether rows fit is tried on the target.
        let target = (set_aside && self.staging.is_some()).then(|| self.plan.clone());
        let refused = retrying(self.limits.retries, || {
            let (plan, kept, target) = (plan.clone(), kept.clone(), target.clone());
            self.database
                .with(move |connection, location| match target {
                    Some(target) => stage_fitting(connection, location, &target, &plan, &kept),
                    None => apply(connection, location, &plan, &kept, set_aside),
                })
        })
        .await?;
        // Not before they are known for good: each is counted once.
        for one in refused {
            let batch = &kept[one.batch].batch;
            self.dirty.reject(batch, one.row, one.error).await?;
        }
        Ok(())
    }

    /// The statements to write with: those of the target or of a staging table, made if there is none.
    async fn statements(&mut self) -> Result<Arc<Plan>> {
        let Some(staging) = &mut self.staging else {
            return Ok(self.plan.clone());
        };
        if let Some((_, plan)) = &staging.current {
            return Ok(plan.clone());
        }
        let unique = format!("{}_{}", staging.names, staging.number);
        let name = staging::name(&self.plan.table, &unique);
        staging.number += 1;
        let (plan, made) = (self.plan.clone(), name.clone());
        let plan = self
            .database
            .with(move |connection, location| staging::create(connection, location, &plan, &made))
            .await?;
        let plan = Arc::new(plan);
        staging.current = Some((name, plan.clone()));
        Ok(plan)
    }
}

#[async_trait]
impl SinkWriter for SqliteWriter {
    type Committable = Staged;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        if self.kept.is_empty() {
            self.since = Instant::now();
        }
        self.rows += batch.num_rows();
        let bytes = batch.num_bytes();
        self.bytes += bytes;
        let of_all = bytes + self.database.kept.fetch_add(bytes, Ordering::Relaxed);
        let before = self.given;
        self.given += batch.num_rows() as u64;
        self.kept.push(Kept { batch, before });
        let late = self
            .limits
            .interval
            .is_some_and(|interval| self.since.elapsed() >= interval);
        let much = self.bytes >= BYTES || of_all >= BYTES_OF_ALL;
        if self.rows >= self.limits.rows || much || late {
            self.flush().await?;
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Staged>> {
        self.flush().await?;
        let current = self.staging.as_mut().and_then(|s| s.current.take());
        Ok(current
            .map(|(table, _)| Staged { table, checkpoint })
            .into_iter()
            .collect())
    }

    async fn abort(&mut self) -> Result<()> {
        self.take();
        let current = self.staging.as_mut().and_then(|s| s.current.take());
        let Some((table, _)) = current else {
            return Ok(());
        };
        self.database
            .with(move |connection, location| staging::discard(connection, location, &[table]))
            .await
    }
}

impl Drop for SqliteWriter {
    fn drop(&mut self) {
        self.take();
    }
}
