//! The tables that a query can read, and how DataFusion reads them.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion_expr::Expr;
use futures_util::stream;
use seatunnel_api::config::nearest;
use seatunnel_api::{
    Batch, BatchStream, CatalogTable, Error, RelationContext, RelationInputs, Result, TablePath,
};
use sqlparser::ast::{ObjectName, Spanned};

use crate::codes;
use crate::errors::{refuse, to_datafusion};

/// The tables of all inputs, and what a query may call them.
pub(crate) struct Tables {
    tables: Vec<InputTable>,
    first: OnceLock<TablePath>,
}

struct InputTable {
    /// Position of the input.
    input: usize,
    table: Arc<CatalogTable>,
    /// What it may be called, the name that messages use first.
    names: Vec<String>,
    used: AtomicBool,
}

impl Tables {
    pub(super) fn new(context: &RelationContext) -> Self {
        let mut tables = Vec::new();
        for (input, brought) in context.inputs.iter().enumerate() {
            let alone = brought.tables.len() == 1;
            for table in &brought.tables {
                let path = table.path();
                let mut names = Vec::new();
                if let Some(name) = &brought.name {
                    if alone {
                        names.push(name.clone());
                    }
                    names.push(format!("{name}.{}", path.table));
                }
                names.push(path.table.clone());
                names.push(path.to_string());
                if let Some(schema) = &path.schema {
                    names.push(format!("{schema}.{}", path.table));
                }
                if let Some(database) = &path.database {
                    names.push(format!("{database}.{}", path.table));
                }
                tables.push(InputTable {
                    input,
                    table: table.clone(),
                    names,
                    used: AtomicBool::new(false),
                });
            }
        }
        Self {
            tables,
            first: OnceLock::new(),
        }
    }

    /// The table that a query calls so: its input and itself.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub(super) fn find(&self, name: &ObjectName) -> Result<(usize, &Arc<CatalogTable>)> {
        let parts = name.0.iter().map(|part| match part.as_ident() {
            Some(ident) => ident.value.clone(),
            None => part.to_string(),
        });
        let wanted = parts.collect::<Vec<_>>().join(".");
        let called = |table: &&InputTable, at: usize| {
            let mut names = table.names.iter();
            match at {
                // What the job file calls an input goes before what a table is called elsewhere.
                0 => names
                    .next()
                    .is_some_and(|n| n.eq_ignore_ascii_case(&wanted)),
                _ => names.any(|n| n.eq_ignore_ascii_case(&wanted)),
            }
        };
        let mut found: Vec<&InputTable> = Vec::new();
        for at in 0..2 {
            found = self.tables.iter().filter(|t| called(t, at)).collect();
            if !found.is_empty() {
                break;
            }
        }
        // As in a query over one table, where any name will do.
        if let ([], [only]) = (found.as_slice(), self.tables.as_slice())
            && wanted.eq_ignore_ascii_case("dual")
        {
            found.push(only);
        }
        match found.as_slice() {
            [table] => {
                table.used.store(true, Ordering::Relaxed);
                self.first.get_or_init(|| table.table.path().clone());
                Ok((table.input, &table.table))
            }
            [] => {
                let known: Vec<&str> = self.tables.iter().map(|t| t.names[0].as_str()).collect();
                let error = refuse(
                    codes::SQL_UNKNOWN,
                    name.span(),
                    format!("there is no table `{wanted}`"),
                );
                Err(match nearest(&wanted, known.iter().copied()) {
                    Some(near) => error.with_help(format!("did you mean `{near}`?")),
                    None => error.with_help(format!(
                        "tables are called as in plugin_input: {}",
                        known.join(", ")
                    )),
                })
            }
            several => {
                let names: Vec<&str> = several.iter().map(|t| t.names[0].as_str()).collect();
                Err(refuse(
                    codes::SQL_UNKNOWN,
                    name.span(),
                    format!("`{wanted}` may be any of {}", names.join(", ")),
                )
                .with_help("write the longer name"))
            }
        }
    }

    /// The table that the query named first.
    pub(super) fn first_used(&self) -> Option<TablePath> {
        self.first.get().cloned()
    }

    pub(super) fn warn_of_unused(&self) {
        for table in &self.tables {
            if !table.used.load(Ordering::Relaxed) {
                tracing::warn!(
                    "Sql: the query does not read `{}`, which comes in",
                    table.names[0]
                );
            }
        }
    }
}

/// A table for DataFusion's plans.
pub(super) struct InputProvider {
    pub(super) input: usize,
    pub(super) table: Arc<CatalogTable>,
    /// Where rows come from; nothing where a plan is only checked.
    pub(super) inputs: Option<Arc<dyn RelationInputs>>,
}

impl fmt::Debug for InputProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.table.path())
    }
}

#[async_trait]
impl TableProvider for InputProvider {
    fn schema(&self) -> SchemaRef {
        self.table.arrow_schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let scan = Arc::new(Scan {
            input: self.input,
            table: self.table.clone(),
            inputs: self.inputs.clone(),
            readings: Mutex::new(Vec::new()),
        });
        let partitions = (0..scan.begin(0)).map(|partition| {
            let partition = InputPartition {
                scan: scan.clone(),
                partition,
                executed: AtomicUsize::new(0),
            };
            Arc::new(partition) as Arc<dyn PartitionStream>
        });
        let exec = StreamingTableExec::try_new(
            self.schema(),
            partitions.collect(),
            projection,
            [],
            false,
            limit,
        )?;
        Ok(Arc::new(exec))
    }
}

/// A table at one place of a plan. A join that runs out of memory begins anew, and executes what is below it
/// once more: each time the table is read from its beginning.
struct Scan {
    input: usize,
    table: Arc<CatalogTable>,
    inputs: Option<Arc<dyn RelationInputs>>,
    /// The streams of each reading that nobody has taken.
    readings: Mutex<Vec<Vec<NotTaken>>>,
}

/// A stream, until somebody takes it.
type NotTaken = Option<Box<dyn BatchStream>>;

impl Scan {
    /// Makes sure that there is a reading of this number; says how many streams it has.
    fn begin(&self, number: usize) -> usize {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        while readings.len() <= number {
            let streams = match &self.inputs {
                Some(inputs) => inputs.read(self.input, &self.table),
                None => Vec::new(),
            };
            readings.push(streams.into_iter().map(Some).collect());
        }
        readings[number].len()
    }

    fn take(&self, number: usize, partition: usize) -> Option<Box<dyn BatchStream>> {
        self.begin(number);
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        readings[number].get_mut(partition)?.take()
    }
}

/// One of the streams that share a table's rows.
struct InputPartition {
    scan: Arc<Scan>,
    partition: usize,
    /// How often it was begun.
    executed: AtomicUsize,
}

impl fmt::Debug for InputPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InputPartition")
    }
}

impl PartitionStream for InputPartition {
    fn schema(&self) -> &SchemaRef {
        self.scan.table.arrow_schema()
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let number = self.executed.fetch_add(1, Ordering::Relaxed);
        let taken = self.scan.take(number, self.partition);
        let batches = stream::unfold(taken, |taken| async {
            let mut rows = taken?;
            match rows.next().await {
                Ok(Some(batch)) => Some((records(batch), Some(rows))),
                Ok(None) => None,
                Err(error) => Some((Err(to_datafusion(error)), None)),
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(
            self.schema().clone(),
            batches,
        ))
    }
}

fn records(batch: Batch) -> Result<RecordBatch, DataFusionError> {
    let table = batch.table().clone();
    let (_, records, kinds) = batch.into_parts();
    if !kinds.all_inserts() {
        return Err(to_datafusion(
            Error::new(
                codes::SQL_UNSUPPORTED,
                format!(
                    "Sql: {} brings updates or deletes, and a join or an aggregate takes inserts only",
                    table.path()
                ),
            )
            .with_help("keep the inserts with FilterRowKind, or make columns of the kinds with RowKindExtractor"),
        ));
    }
    Ok(records)
}
