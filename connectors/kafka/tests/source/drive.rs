//! Stands in for an engine: gives splits to a reader, keeps what it hands over.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynEnumerator, DynSource, SplitBytes};
use seatunnel_api::{
    Batch, DirtyRows, Emitter, Error, JobContext, JobMode, Metrics, NextDiscovery, Registry,
    Result, SourceContext, SplitAssigner, TaskContext,
};
use seatunnel_jdbc_testkit::drive::Kept;
use seatunnel_kafka_testkit::Kafka;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long anything may take that must come to pass.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A source by its options, to which the broker's address is added.
pub(crate) fn options(kafka: &Kafka, options: Json) -> Json {
    let mut options = options;
    options["bootstrap.servers"] = json!(kafka.servers());
    options
}

/// Makes the source.
pub(crate) async fn source(options: &Json, mode: JobMode) -> Result<Arc<dyn DynSource>> {
    let registry = seatunnel_connector_kafka::register(Registry::new());
    let factory = registry.find_source("kafka").expect("it is registered");
    let context = SourceContext {
        job: job(mode),
        plugin_output: None,
        parallelism: 1,
    };
    factory
        .create(&ConfigValue::from_json(options), context)
        .await
}

fn job(mode: JobMode) -> JobContext {
    JobContext {
        id: "1".into(),
        name: "test".into(),
        mode,
    }
}

/// What a reader has handed over.
#[derive(Default)]
pub(crate) struct Seen {
    /// The rows, as JSON with their kind.
    pub(crate) rows: Vec<String>,
    /// When the message of each row was sent.
    pub(crate) times: Vec<Option<i64>>,
    /// The newest position of each split, with the number of rows before it.
    pub(crate) positions: BTreeMap<String, Vec<u8>>,
    /// Splits at their end.
    pub(crate) finished: Vec<String>,
}

/// A source being read by one reader.
pub(crate) struct Reading {
    pub(crate) seen: Arc<Mutex<Seen>>,
    pub(crate) enumerator: Box<dyn DynEnumerator>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) metrics: Metrics,
    splits: Option<mpsc::UnboundedSender<SplitBytes>>,
    reader: JoinHandle<Result<()>>,
}

/// Reads a bounded source to its end; gives the rows in their order.
pub(crate) async fn read_all(options: &Json) -> Result<Vec<String>> {
    let mut reading = Reading::begin(options, JobMode::Batch, None).await?;
    reading.end().await?;
    let seen = reading.seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(seen.rows.clone())
}

impl Reading {
    /// Begins to read, or goes on from what [`Reading::checkpoint`] gave.
    pub(crate) async fn begin(
        options: &Json,
        mode: JobMode,
        from: Option<Checkpoint>,
    ) -> Result<Self> {
        Self::begin_with(options, mode, from, false).await
    }

    /// The same; `keeps` says whether dirty rows are kept.
    pub(crate) async fn begin_with(
        options: &Json,
        mode: JobMode,
        from: Option<Checkpoint>,
        keeps: bool,
    ) -> Result<Self> {
        let source = source(options, mode).await?;
        let state = from.as_ref().map(|c| c.enumerator.clone());
        let enumerator = source.enumerator(1, state.as_deref()).await?;
        let kept: Arc<Kept> = Arc::default();
        let metrics = Metrics::default();
        let dirty = match keeps {
            true => DirtyRows::new(vec![kept.clone()], "Kafka", 0, metrics.clone()),
            false => DirtyRows::off(),
        };
        let context = TaskContext {
            job: job(mode),
            subtask: 0,
            parallelism: 1,
            metrics: metrics.clone(),
            dirty,
        };
        let mut reader = source.reader(context).await?;
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (splits, given) = mpsc::unbounded_channel();
        for (id, bytes) in from.into_iter().flat_map(|c| c.positions) {
            let _ = splits.send(SplitBytes { id, bytes });
        }
        let mut keeper = Keeper(seen.clone());
        let mut assigner = Assigner {
            given,
            seen: seen.clone(),
        };
        let reader =
            tokio::spawn(async move { reader.read_assigned(&mut assigner, &mut keeper).await });
        let mut reading = Self {
            seen,
            enumerator,
            kept,
            metrics,
            splits: Some(splits),
            reader,
        };
        if reading.discover().await? == NextDiscovery::Never && mode == JobMode::Batch {
            reading.splits = None;
        }
        Ok(reading)
    }

    /// Looks for new splits.
    pub(crate) async fn discover(&mut self) -> Result<NextDiscovery> {
        let found = self.enumerator.discover().await?;
        for split in found.splits {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.positions.insert(split.id.clone(), split.bytes.clone());
            if let Some(splits) = &self.splits {
                let _ = splits.send(split);
            }
        }
        Ok(found.next)
    }

    /// Waits until the reader has come to its end.
    pub(crate) async fn end(&mut self) -> Result<()> {
        let ended = tokio::time::timeout(LIMIT, &mut self.reader).await;
        ended
            .expect("the reader ends")
            .expect("the reader does not panic")
    }

    /// Waits until there are so many rows, and gives them.
    pub(crate) async fn rows(&mut self, count: usize) -> Vec<String> {
        let seen = self.seen.clone();
        wait_for(&format!("{count} rows"), || {
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if self.reader.is_finished() && seen.rows.len() < count {
                panic!("the reader has ended after {} rows", seen.rows.len());
            }
            seen.rows.len() >= count
        })
        .await;
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .rows
            .clone()
    }

    /// A checkpoint as things stand.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut positions = seen.positions.clone();
        positions.retain(|id, _| !seen.finished.contains(id));
        Checkpoint {
            enumerator: self.enumerator.snapshot().expect("a snapshot"),
            positions,
        }
    }

    /// Stops reading where it stands, as a killed process does.
    pub(crate) async fn kill(self) {
        self.reader.abort();
        let _ = self.reader.await;
    }
}

/// What is kept of a source.
#[derive(Clone)]
pub(crate) struct Checkpoint {
    pub(crate) enumerator: Vec<u8>,
    pub(crate) positions: BTreeMap<String, Vec<u8>>,
}

/// Waits until a condition holds.
pub(crate) async fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An error of a future, which must have one.
pub(crate) async fn error_of<T>(future: impl Future<Output = Result<T>>) -> Error {
    match tokio::time::timeout(LIMIT, future).await.expect("it ends") {
        Ok(_) => panic!("it succeeds"),
        Err(error) => error,
    }
}

struct Keeper(Arc<Mutex<Seen>>);

#[async_trait]
impl Emitter for Keeper {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        assert!(
            position.is_none(),
            "of which split it is would not be known"
        );
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for row in batch.rows() {
            seen.rows
                .push(format!("{} {}", row.kind().short(), row.to_json()));
        }
        let times = batch.fact("EventTime").expect("Kafka tells it");
        let times = times.column(batch.num_rows())?;
        seen.times.extend(times.as_primitive::<Int64Type>());
        Ok(())
    }

    async fn positions(&mut self, positions: Vec<SplitBytes>) -> Result<()> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for position in positions {
            seen.positions.insert(position.id, position.bytes);
        }
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        true
    }
}

struct Assigner {
    given: mpsc::UnboundedReceiver<SplitBytes>,
    seen: Arc<Mutex<Seen>>,
}

#[async_trait]
impl SplitAssigner for Assigner {
    async fn next(&mut self) -> Result<Option<SplitBytes>> {
        Ok(self.given.recv().await)
    }

    fn try_next(&mut self) -> Option<SplitBytes> {
        self.given.try_recv().ok()
    }

    async fn finished(&mut self, id: &str) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.finished.push(id.to_owned());
        Ok(())
    }
}
