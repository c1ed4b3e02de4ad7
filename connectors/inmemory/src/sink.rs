//! The sink and its ways to fail.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, Error, ErrorCode, Result, Sink, SinkWriter, TaskContext,
};

use crate::InMemorySinkOptions;

/// It failed as it was told to.
const TOLD: ErrorCode = ErrorCode::new("INMEMORY-01", "failed as told");
/// A table has not the option that was asked for.
const OPTION: ErrorCode = ErrorCode::new("INMEMORY-02", "table option is not as asked");

/// How long a checkpoint takes that then fails.
const FAILING_CHECKPOINT: Duration = Duration::from_secs(4);

pub(crate) struct InMemorySink {
    shared: Arc<Shared>,
    tables: Vec<Arc<CatalogTable>>,
}

struct Shared {
    options: InMemorySinkOptions,
    /// How many messages of the list have come; attempts of a job share it.
    thrown: AtomicUsize,
}

impl InMemorySink {
    pub(crate) fn new(
        options: InMemorySinkOptions,
        tables: Vec<Arc<CatalogTable>>,
    ) -> Result<Self> {
        if let (Some(key), Some(value)) =
            (&options.assert_options_key, &options.assert_options_value)
        {
            for table in &tables {
                let found = table.options().get(key);
                if found != Some(value) {
                    let found = found.map_or("nothing".to_owned(), |v| format!("{v:?}"));
                    return Err(Error::new(
                        OPTION,
                        format!("the table option {key:?} must be {value:?}, is {found}"),
                    )
                    .with_context("table", table.path()));
                }
            }
        }
        let thrown = AtomicUsize::new(0);
        Ok(Self {
            shared: Arc::new(Shared { options, thrown }),
            tables,
        })
    }
}

#[async_trait]
impl Sink for InMemorySink {
    type Committable = ();
    type Writer = InMemoryWriter;

    async fn prepare(&self) -> Result<()> {
        let mut out = io::stdout().lock();
        for table in &self.tables {
            for what in ["schema", "data"] {
                // Who has closed stdout doesn't want to know.
                let _ = writeln!(
                    out,
                    "handle {what} savemode with table path: {}",
                    table.path()
                );
            }
        }
        Ok(())
    }

    async fn writer(&self, _context: TaskContext) -> Result<InMemoryWriter> {
        Ok(InMemoryWriter(self.shared.clone()))
    }
}

pub(crate) struct InMemoryWriter(Arc<Shared>);

#[async_trait]
impl SinkWriter for InMemoryWriter {
    type Committable = ();

    async fn write(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let options = &self.0.options;
        if options.throw_out_of_memory {
            return Err(told("out of memory"));
        }
        if let Some(messages) = &options.throw_runtime_exception_list {
            let next = self.0.thrown.fetch_add(1, Ordering::Relaxed);
            if let Some(message) = messages.get(next) {
                return Err(told(message));
            }
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<()>> {
        if self.0.options.throw_exception {
            tokio::time::sleep(FAILING_CHECKPOINT).await;
            return Err(told("write failed"));
        }
        Ok(Vec::new())
    }
}

fn told(message: &str) -> Error {
    Error::new(TOLD, message).retryable()
}
