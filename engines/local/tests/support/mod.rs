//! A source, a transform and a sink whose behaviour a test chooses.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::options::{EnvOptions, Options};
use seatunnel_api::plan::{JobPlan, Node, NodeKind};
use seatunnel_api::{
    Batch, Boundedness, CatalogTable, CheckpointId, Column, DataType, Error, ErrorCode, Guarantee,
    JobContext, JobMode, Output, Result, Sink, SinkWriter, Source, SourceReader, Split, State,
    TablePath, TableSchema, TaskContext, Transform, Value, erase_sink, erase_source,
};
use serde::{Deserialize, Serialize};

pub const BROKEN: ErrorCode = ErrorCode::new("TEST-01", "broken on purpose");

pub fn table(name: &str) -> Arc<CatalogTable> {
    Arc::new(CatalogTable::new(
        "test",
        TablePath::table(name),
        TableSchema::new(vec![Column::new("n", DataType::BigInt)]),
    ))
}

/// Numbers `from..to`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Range {
    pub from: i64,
    pub to: i64,
}

impl State for Range {}
impl Split for Range {
    fn id(&self) -> String {
        // What stays the same while the position moves.
        format!("..{}", self.to)
    }
}

/// What a reader does when it comes to a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trap {
    None,
    Fail(i64),
    /// Fails so often, in a way that may pass.
    FailTimes(i64, usize),
    Panic(i64),
    /// Never gets past this number.
    Hang(i64),
}

pub struct Numbers {
    pub table: Arc<CatalogTable>,
    pub splits: Vec<Range>,
    pub trap: Trap,
    pub failures: Arc<AtomicUsize>,
    pub unbounded: bool,
}

impl Numbers {
    pub fn new(splits: Vec<Range>) -> Self {
        Self {
            table: table("numbers"),
            splits,
            trap: Trap::None,
            failures: Arc::default(),
            unbounded: false,
        }
    }
}

#[async_trait]
impl Source for Numbers {
    type Split = Range;
    type Reader = NumbersReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.table.clone()]
    }

    fn boundedness(&self) -> Boundedness {
        if self.unbounded {
            Boundedness::Unbounded
        } else {
            Boundedness::Bounded
        }
    }

    async fn splits(&self, _parallelism: usize) -> Result<Vec<Range>> {
        Ok(self.splits.clone())
    }

    async fn reader(&self, _context: TaskContext) -> Result<NumbersReader> {
        Ok(NumbersReader {
            table: self.table.clone(),
            trap: self.trap,
            failures: self.failures.clone(),
            unbounded: self.unbounded,
        })
    }
}

pub struct NumbersReader {
    table: Arc<CatalogTable>,
    trap: Trap,
    failures: Arc<AtomicUsize>,
    unbounded: bool,
}

#[async_trait]
impl SourceReader for NumbersReader {
    type Split = Range;

    async fn read(&mut self, mut split: Range, out: &mut Output<'_, Range>) -> Result<()> {
        while split.from < split.to {
            let n = split.from;
            match self.trap {
                Trap::Fail(at) if at == n => return Err(Error::new(BROKEN, "reading broke")),
                Trap::FailTimes(at, times)
                    if at == n && self.failures.fetch_add(1, Ordering::SeqCst) < times =>
                {
                    return Err(Error::new(BROKEN, "the connection was lost").retryable());
                }
                Trap::Panic(at) if at == n => panic!("a bug at {n}"),
                Trap::Hang(at) if at == n => {
                    out.flush().await?;
                    std::future::pending::<()>().await;
                }
                _ => {}
            }
            out.row(&self.table, &[Value::BigInt(n)]).await?;
            split.from += 1;
            out.position(&split).await?;
        }
        if self.unbounded {
            out.flush().await?;
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

/// Keeps numbers that a number divides.
pub struct Multiples {
    pub of: i64,
    pub table: Arc<CatalogTable>,
}

#[async_trait]
impl Transform for Multiples {
    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.table.clone()]
    }

    async fn apply(&self, batch: Batch, out: &mut Vec<Batch>) -> Result<()> {
        let keep = batch
            .rows()
            .map(|row| matches!(row.get(0), Value::BigInt(n) if n % self.of == 0))
            .collect::<Vec<bool>>();
        out.push(batch.filter(&keep.into())?);
        Ok(())
    }
}

/// What sinks of a test have seen.
#[derive(Default)]
pub struct Seen {
    pub prepared: AtomicUsize,
    pub written: Mutex<Vec<i64>>,
    pub committed: Mutex<Vec<i64>>,
    pub aborted_writers: AtomicUsize,
    pub aborted_committables: AtomicUsize,
    pub finished: AtomicUsize,
    pub writers: AtomicUsize,
}

pub struct Collect {
    pub seen: Arc<Seen>,
    pub fail_at: Option<i64>,
    pub fail_commit: bool,
    pub guarantee: Guarantee,
    pub pause: Duration,
}

impl Collect {
    pub fn new(seen: &Arc<Seen>) -> Self {
        Self {
            seen: seen.clone(),
            fail_at: None,
            fail_commit: false,
            guarantee: Guarantee::ExactlyOnce("always"),
            pause: Duration::ZERO,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub struct Rows(Vec<i64>);
impl State for Rows {}

#[async_trait]
impl Sink for Collect {
    type Committable = Rows;
    type Writer = CollectWriter;

    async fn prepare(&self) -> Result<()> {
        self.seen.prepared.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn writer(&self, _context: TaskContext) -> Result<CollectWriter> {
        self.seen.writers.fetch_add(1, Ordering::SeqCst);
        Ok(CollectWriter {
            seen: self.seen.clone(),
            fail_at: self.fail_at,
            pause: self.pause,
            rows: Vec::new(),
        })
    }

    async fn commit(&self, committables: Vec<Rows>) -> Result<()> {
        if self.fail_commit {
            return Err(Error::new(BROKEN, "committing broke"));
        }
        let mut committed = self.seen.committed.lock().unwrap();
        committed.extend(committables.into_iter().flat_map(|c| c.0));
        Ok(())
    }

    async fn abort(&self, committables: Vec<Rows>) -> Result<()> {
        self.seen
            .aborted_committables
            .fetch_add(committables.len(), Ordering::SeqCst);
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        self.seen.finished.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn guarantee(&self) -> Guarantee {
        self.guarantee
    }
}

pub struct CollectWriter {
    seen: Arc<Seen>,
    fail_at: Option<i64>,
    pause: Duration,
    rows: Vec<i64>,
}

#[async_trait]
impl SinkWriter for CollectWriter {
    type Committable = Rows;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        tokio::time::sleep(self.pause).await;
        for row in batch.rows() {
            if let Value::BigInt(n) = row.get(0) {
                if self.fail_at == Some(n) {
                    return Err(Error::new(BROKEN, "writing broke"));
                }
                self.rows.push(n);
                self.seen.written.lock().unwrap().push(n);
            }
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<Rows>> {
        Ok(vec![Rows(std::mem::take(&mut self.rows))])
    }

    async fn abort(&mut self) -> Result<()> {
        self.seen.aborted_writers.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A plan of nodes, each with the positions that its rows go to.
pub fn plan(nodes: Vec<(NodeKind, Vec<usize>)>) -> JobPlan {
    let env = env("{}");
    JobPlan {
        job: JobContext {
            id: "1".into(),
            name: "test".into(),
            mode: JobMode::Batch,
        },
        env,
        nodes: nodes
            .into_iter()
            .enumerate()
            .map(|(index, (kind, outputs))| Node {
                name: format!("node[{index}]"),
                kind,
                outputs,
                tables: vec![table("numbers")],
                dirty: None,
            })
            .collect(),
    }
}

/// The `env` block of this JSON.
pub fn env(json: &str) -> EnvOptions {
    let json: serde_json::Value = json.parse().expect("the test gives JSON");
    EnvOptions::from_config("env", &seatunnel_api::config::ConfigValue::from_json(&json)).unwrap()
}

pub fn source(numbers: Numbers, parallelism: usize) -> NodeKind {
    NodeKind::Source {
        source: erase_source(numbers),
        parallelism,
    }
}

pub fn sink(collect: Collect) -> NodeKind {
    NodeKind::Sink(erase_sink(collect))
}

pub fn sorted(numbers: &Mutex<Vec<i64>>) -> Vec<i64> {
    let mut sorted = numbers.lock().unwrap().clone();
    sorted.sort_unstable();
    sorted
}
