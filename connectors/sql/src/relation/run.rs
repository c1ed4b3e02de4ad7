//! A plan on its way: DataFusion computes it within a fixed memory, on all cores.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::optimizer::Optimizer;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use datafusion_common::DataFusionError;
use datafusion_expr::LogicalPlan;
use futures_util::StreamExt;
use seatunnel_api::{Batch, BatchStream, CatalogTable, Error, Result};

use super::memory::Pool;
use crate::codes;
use crate::errors::from_datafusion;

/// Memory that a part of the rows should have, to be sorted beside others.
const PART: usize = 64 << 20;

/// What a query may take.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Bytes of memory for rows that have to be held.
    pub(crate) memory: usize,
    /// Where the others go.
    pub(crate) folder: Option<PathBuf>,
}

/// How rows of two sides find each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joins {
    /// One side is held in memory.
    Held,
    /// Both are sorted, on disk where they are large. Batches are small.
    Sorted,
}

/// The rows of a query.
pub(super) struct Rows {
    plan: LogicalPlan,
    table: Arc<CatalogTable>,
    limits: Limits,
    query: String,
    joins: Joins,
    running: Option<SendableRecordBatchStream>,
    /// Whether rows were given: then there is no beginning anew.
    given: bool,
    done: bool,
}

impl Rows {
    pub(super) fn new(
        plan: LogicalPlan,
        table: Arc<CatalogTable>,
        limits: Limits,
        query: String,
    ) -> Self {
        Self {
            plan,
            table,
            limits,
            query,
            joins: Joins::Held,
            running: None,
            given: false,
            done: false,
        }
    }

    async fn next_records(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        let running = match &mut self.running {
            Some(running) => running,
            None => {
                let state = session(&self.limits, self.joins)?;
                // A plan goes as deep as the query; planning it must not end on the stack of a task.
                let physical = state.create_physical_plan(&self.plan).await?;
                let stream = execute_stream(physical, state.task_ctx())?;
                self.running.insert(stream)
            }
        };
        running.next().await.transpose()
    }

    fn failed(&self, error: DataFusionError) -> Error {
        if is_out_of_memory(&error) {
            let megabytes = self.limits.memory >> 20;
            return Error::new(
                codes::SQL_MEMORY,
                format!(
                    "Sql: the query needs more than {megabytes} MiB for rows that can't go to disk"
                ),
            )
            .with_help("raise `memory_mb`, or join by columns that are equal (ON a.x = b.x)")
            .with_context("query", &self.query)
            .with_context("reason", error.find_root().strip_backtrace());
        }
        from_datafusion(error)
    }

    fn batch(&self, records: RecordBatch) -> Result<Batch> {
        let schema = self.table.arrow_schema();
        let mut columns = Vec::with_capacity(records.num_columns());
        for (column, field) in records.columns().iter().zip(schema.fields()) {
            columns.push(match column.data_type() == field.data_type() {
                true => column.clone(),
                // Names of inner fields.
                false => arrow_cast::cast(column, field.data_type())?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(records.num_rows()));
        let records = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
        Ok(Batch::inserts(self.table.clone(), records))
    }
}

#[async_trait]
impl BatchStream for Rows {
    async fn next(&mut self) -> Result<Option<Batch>> {
        while !self.done {
            match self.next_records().await {
                Ok(Some(records)) if records.num_rows() == 0 => {}
                Ok(Some(records)) => {
                    self.given = true;
                    return self.batch(records).map(Some);
                }
                Ok(None) => self.done = true,
                Err(error)
                    if is_out_of_memory(&error) && self.joins == Joins::Held && !self.given =>
                {
                    tracing::info!(
                        "Sql: the query needs more than {} MiB: it begins anew and goes to disk",
                        self.limits.memory >> 20
                    );
                    self.running = None;
                    self.joins = Joins::Sorted;
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
        self.running = None;
        Ok(None)
    }
}

fn session(limits: &Limits, joins: Joins) -> Result<SessionState, DataFusionError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Each part of the rows has sorts and joins of its own, and each of these its share of the memory.
    let parts = match joins {
        Joins::Held => (limits.memory / PART).clamp(1, cores),
        // Of one part alone, DataFusion sorts nothing to join it.
        Joins::Sorted => (limits.memory / PART).clamp(1, cores).max(2),
    };
    let mut config = SessionConfig::new().with_target_partitions(parts);
    if joins == Joins::Sorted {
        // A sort needs room for some batches, of rows that may be wide.
        config = config.with_batch_size(512);
    }
    let options = config.options_mut();
    options.optimizer.prefer_hash_join = joins == Joins::Held;
    // What a merge of sorted rows keeps back for itself, in each partition: 10 MiB would be most of a small memory.
    let share = limits.memory / (32 * parts);
    options.execution.sort_spill_reservation_bytes =
        options.execution.sort_spill_reservation_bytes.min(share);
    let mode = match &limits.folder {
        Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
        None => DiskManagerMode::OsTmpDirectory,
    };
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(Pool::new(limits.memory)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(mode))
        .build_arc()?;
    // Constants are folded already, and what guards a value that can't be computed must stay in its place.
    let mut rules = Optimizer::new().rules;
    rules.retain(|rule| rule.name() != "simplify_expressions");
    Ok(SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_optimizer_rules(rules)
        .build())
}

fn is_out_of_memory(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}
