//! What outlives a process: a ledger that a sink writes to, and the storage of checkpoints.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use async_trait::async_trait;
use seatunnel_api::plan::NodeKind;
use seatunnel_api::{
    Batch, CheckpointId, Error, ErrorCode, Guarantee, JobContext, Result, Sink, SinkWriter, State,
    TaskContext, codes, erase_sink,
};
use seatunnel_state::{CheckpointKind, CheckpointStorage, MemoryStorage, StoredCheckpoint};
use serde::{Deserialize, Serialize};

use crate::fate::Fate;

const LOST: ErrorCode = ErrorCode::new("TEST-02", "a prepared transaction is gone");

/// A database with transactions, as far as a sink needs one.
#[derive(Default)]
pub struct Ledger {
    pub prepared: Mutex<BTreeMap<String, Vec<i64>>>,
    /// The transactions that were committed, in their order.
    pub committed: Mutex<Vec<(String, Vec<i64>)>>,
    /// Rows that writers were given, whether committed or not.
    pub seen: AtomicU64,
    pub prepares: AtomicU32,
    pub finishes: AtomicU32,
    pub aborted_writers: AtomicU32,
    /// Ids of jobs whose leftovers were discarded.
    pub discarded: Mutex<Vec<String>>,
    /// How many commits fail before one succeeds.
    pub failing_commits: AtomicU32,
    unique: AtomicU64,
}

impl Ledger {
    pub fn rows(&self) -> Vec<i64> {
        let committed = self.committed.lock().unwrap();
        let mut rows: Vec<i64> = committed
            .iter()
            .flat_map(|(_, rows)| rows)
            .copied()
            .collect();
        rows.sort_unstable();
        rows
    }

    pub fn open_transactions(&self) -> usize {
        self.prepared.lock().unwrap().len()
    }
}

/// A sink of one process that writes to a ledger, exactly once.
pub struct LedgerSink {
    pub ledger: Arc<Ledger>,
    pub fate: Arc<Fate>,
    pub pause: Duration,
    /// A writer hangs in its part of this checkpoint so long.
    pub slow_part: Option<(CheckpointId, Duration)>,
    pub guarantee: Guarantee,
}

impl LedgerSink {
    pub fn new(ledger: &Arc<Ledger>, fate: &Arc<Fate>) -> Self {
        Self {
            ledger: ledger.clone(),
            fate: fate.clone(),
            pause: Duration::ZERO,
            slow_part: None,
            guarantee: Guarantee::ExactlyOnce("always"),
        }
    }

    pub fn node(self) -> NodeKind {
        NodeKind::Sink(erase_sink(self))
    }
}

#[derive(Serialize, Deserialize)]
pub struct Transaction(String);
impl State for Transaction {}

#[async_trait]
impl Sink for LedgerSink {
    type Committable = Transaction;
    type Writer = LedgerWriter;

    async fn prepare(&self) -> Result<()> {
        self.fate.point().await?;
        self.ledger.prepares.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn writer(&self, context: TaskContext) -> Result<LedgerWriter> {
        Ok(LedgerWriter {
            ledger: self.ledger.clone(),
            fate: self.fate.clone(),
            pause: self.pause,
            slow_part: self.slow_part,
            name: format!("{}/{}", context.job.id, context.subtask),
            rows: Vec::new(),
        })
    }

    async fn commit(&self, committables: Vec<Transaction>) -> Result<()> {
        for Transaction(name) in committables {
            self.fate.point().await?;
            let again = self.ledger.failing_commits.fetch_update(
                Ordering::SeqCst,
                Ordering::SeqCst,
                |left| left.checked_sub(1),
            );
            if again.is_ok() {
                return Err(Error::new(crate::BROKEN, "the server is away").retryable());
            }
            {
                let mut prepared = self.ledger.prepared.lock().unwrap();
                let mut committed = self.ledger.committed.lock().unwrap();
                match prepared.remove(&name) {
                    Some(rows) => committed.push((name, rows)),
                    None if committed.iter().any(|(done, _)| *done == name) => {}
                    None => return Err(Error::new(LOST, format!("{name} is not there"))),
                }
            }
            self.fate.point().await?;
        }
        Ok(())
    }

    async fn abort(&self, committables: Vec<Transaction>) -> Result<()> {
        for Transaction(name) in committables {
            self.ledger.prepared.lock().unwrap().remove(&name);
        }
        Ok(())
    }

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        let own = format!("{}/", job.id);
        let mut prepared = self.ledger.prepared.lock().unwrap();
        prepared.retain(|name, _| !name.starts_with(&own));
        self.ledger
            .discarded
            .lock()
            .unwrap()
            .push(job.id.to_string());
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        self.fate.point().await?;
        self.ledger.finishes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn guarantee(&self) -> Guarantee {
        self.guarantee
    }
}

pub struct LedgerWriter {
    ledger: Arc<Ledger>,
    fate: Arc<Fate>,
    pause: Duration,
    slow_part: Option<(CheckpointId, Duration)>,
    name: String,
    rows: Vec<i64>,
}

#[async_trait]
impl SinkWriter for LedgerWriter {
    type Committable = Transaction;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        self.fate.point().await?;
        tokio::time::sleep(self.pause).await;
        let column = batch.records().column(0).as_primitive::<Int64Type>();
        self.rows.extend(column.values());
        let rows = batch.num_rows() as u64;
        self.ledger.seen.fetch_add(rows, Ordering::SeqCst);
        Ok(())
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Transaction>> {
        self.fate.point().await?;
        if let Some((_, pause)) = self.slow_part.filter(|(slow, _)| *slow == checkpoint) {
            tokio::time::sleep(pause).await;
        }
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let unique = self.ledger.unique.fetch_add(1, Ordering::SeqCst);
        let name = format!("{}/{checkpoint}/{unique}", self.name);
        let rows = std::mem::take(&mut self.rows);
        self.ledger
            .prepared
            .lock()
            .unwrap()
            .insert(name.clone(), rows);
        self.fate.point().await?;
        Ok(vec![Transaction(name)])
    }

    async fn abort(&mut self) -> Result<()> {
        self.ledger.aborted_writers.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A storage that a process may be killed in, and that may be full.
#[derive(Clone)]
pub struct Disk {
    pub memory: MemoryStorage,
    pub fate: Arc<Fate>,
    /// What becomes of the next calls of `store`; all is well when it is empty.
    pub trouble: Arc<Mutex<VecDeque<Option<Trouble>>>>,
    pub stored: Arc<Mutex<Vec<(u64, CheckpointKind)>>>,
    pub damaged: Arc<Mutex<BTreeSet<u64>>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    Full,
    /// It is stored, and says it is not.
    Lies,
}

impl Disk {
    pub fn new() -> Self {
        Self {
            memory: MemoryStorage::default(),
            fate: Fate::kind(),
            trouble: Arc::default(),
            stored: Arc::default(),
            damaged: Arc::default(),
        }
    }

    /// As a new process sees it.
    pub fn seen_by(&self, fate: &Arc<Fate>) -> Self {
        Self {
            fate: fate.clone(),
            ..self.clone()
        }
    }

    pub async fn ids(&self) -> Vec<u64> {
        self.memory.list().await.unwrap()
    }

    pub fn kinds(&self) -> Vec<CheckpointKind> {
        let stored = self.stored.lock().unwrap();
        stored.iter().map(|(_, kind)| *kind).collect()
    }
}

#[async_trait]
impl CheckpointStorage for Disk {
    async fn store(&self, id: u64, kind: CheckpointKind, bytes: &[u8]) -> Result<()> {
        self.fate.point().await?;
        let trouble = self.trouble.lock().unwrap().pop_front().flatten();
        if trouble != Some(Trouble::Full) {
            self.memory.store(id, kind, bytes).await?;
            self.stored.lock().unwrap().push((id, kind));
        }
        if trouble.is_some() {
            return Err(Error::new(crate::BROKEN, "no space left on device"));
        }
        self.fate.point().await
    }

    async fn list(&self) -> Result<Vec<u64>> {
        self.memory.list().await
    }

    async fn load(&self, id: u64) -> Result<StoredCheckpoint> {
        if self.damaged.lock().unwrap().contains(&id) {
            return Err(Error::new(
                codes::STATE_INVALID,
                format!("checkpoint {id} is damaged"),
            ));
        }
        self.memory.load(id).await
    }

    async fn remove(&self, id: u64) -> Result<()> {
        self.memory.remove(id).await
    }
}
