//! The work of a reader: reading, transforms, and rows as bytes.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use seatunnel_api::erased::{DynSource, SplitBytes};
use seatunnel_api::{
    Batch, BatchSize, Emitter, Error, Metrics, Result, SplitAssigner, TaskContext,
    codes as api_codes,
};
use seatunnel_translation::{Chain, Delivery, RateLimit};
use tokio::sync::{Notify, mpsc};

use crate::element::{self, Head};
use crate::job::Job;
use crate::reader::Gives;

/// What a reader has done.
pub(crate) enum Step {
    /// Rows, and positions that hold behind them.
    Element {
        element: Vec<u8>,
        positions: Vec<SplitBytes>,
    },
    /// Rows that a writer of this process will take, what their element says, and positions that hold
    /// behind them.
    Held {
        head: Head,
        batch: Batch,
        positions: Vec<SplitBytes>,
    },
    /// Rows, for those who want them as they are, and positions that hold behind them.
    Rows {
        batch: Batch,
        positions: Vec<SplitBytes>,
        /// Whether reading could go on behind them.
        safe: bool,
    },
    /// Positions that hold behind all rows.
    Positions(Vec<SplitBytes>),
    /// A split is read to its end.
    Finished(String),
    /// It waits for a split.
    WantsSplit,
    /// It is at its end.
    End,
    /// It has failed.
    Failed(Error),
}

/// Where steps go, and how whoever waits for them is woken.
#[derive(Clone)]
pub(crate) struct Steps {
    sender: mpsc::Sender<Step>,
    /// Told behind each step. One call is kept for somebody who begins to wait later.
    ready: Arc<Notify>,
}

impl Steps {
    /// A way for so many steps, and its other end.
    pub(crate) fn new(depth: usize) -> (Self, mpsc::Receiver<Step>, Arc<Notify>) {
        let (sender, receiver) = mpsc::channel(depth);
        let ready = Arc::new(Notify::new());
        let steps = Self {
            sender,
            ready: ready.clone(),
        };
        (steps, receiver, ready)
    }

    /// # Errors
    /// If whoever asked is gone: the reader was closed.
    pub(crate) async fn send(&self, step: Step) -> Result<()> {
        let sent = self.sender.send(step).await;
        self.ready.notify_one();
        sent.map_err(|_| Error::cancelled())
    }
}

/// The splits that were handed to a reader and that it has not taken yet.
#[derive(Default)]
pub(crate) struct Assigned {
    splits: Mutex<VecDeque<SplitBytes>>,
    /// There will be no more.
    complete: AtomicBool,
    changed: Notify,
}

impl Assigned {
    pub(crate) fn add(&self, splits: Vec<SplitBytes>) {
        self.queue().extend(splits);
        self.changed.notify_one();
    }

    pub(crate) fn complete(&self) {
        self.complete.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<SplitBytes>> {
        self.splits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The work of a reader.
pub(crate) struct ReaderTask {
    source: Arc<dyn DynSource>,
    context: TaskContext,
    splits: Splits,
    emitter: StepEmitter,
}

impl ReaderTask {
    pub(crate) fn new(
        job: Arc<Job>,
        source: usize,
        (subtask, parallelism): (usize, usize),
        gives: Gives,
        assigned: Arc<Assigned>,
        steps: Steps,
    ) -> Result<Self> {
        let context = job.context(source, subtask, parallelism);
        let chain = Chain::new(job.plan(), source, subtask, job.metrics(), job.dirty());
        let own = Arc::new(Mutex::new(Own::default()));
        let head = Head {
            source,
            reader: subtask,
            ..Head::default()
        };
        Ok(Self {
            source: job.source(source)?.0.clone(),
            splits: Splits {
                assigned,
                steps: steps.clone(),
                own: own.clone(),
                asked: false,
            },
            emitter: StepEmitter {
                limit: RateLimit::new(&job.plan().env),
                metrics: context.metrics.clone(),
                failed_before: 0,
                deliveries: Vec::new(),
                job,
                chain,
                steps,
                gives,
                own,
                head,
            },
            context,
        })
    }

    pub(crate) async fn run(mut self) -> Result<()> {
        let mut reader = self.source.reader(self.context.clone()).await?;
        reader
            .read_assigned(&mut self.splits, &mut self.emitter)
            .await?;
        self.context.dirty.flush().await?;
        self.emitter.flush_counts().await
    }
}

/// What a reader holds, as it knows itself.
#[derive(Default)]
struct Own {
    /// The split that was given out last: positions without a name are its.
    current: Option<String>,
    held: BTreeSet<String>,
    /// Whether all rows handed on are behind a position.
    clean: bool,
}

fn lock(own: &Mutex<Own>) -> std::sync::MutexGuard<'_, Own> {
    own.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a reader its splits.
struct Splits {
    assigned: Arc<Assigned>,
    steps: Steps,
    own: Arc<Mutex<Own>>,
    /// Whether the engine knows that the reader waits.
    asked: bool,
}

#[async_trait]
impl SplitAssigner for Splits {
    async fn next(&mut self) -> Result<Option<SplitBytes>> {
        loop {
            if let Some(split) = self.try_next() {
                return Ok(Some(split));
            }
            if self.assigned.complete.load(Ordering::Acquire) {
                // What came between the two looks.
                return Ok(self.try_next());
            }
            if !self.asked {
                self.steps.send(Step::WantsSplit).await?;
                self.asked = true;
                continue;
            }
            self.assigned.changed.notified().await;
        }
    }

    fn try_next(&mut self) -> Option<SplitBytes> {
        let split = self.assigned.queue().pop_front()?;
        self.asked = false;
        let mut own = lock(&self.own);
        own.current = Some(split.id.clone());
        own.held.insert(split.id.clone());
        Some(split)
    }

    async fn finished(&mut self, id: &str) -> Result<()> {
        {
            let mut own = lock(&self.own);
            own.held.remove(id);
            // Whatever was handed on belongs to splits that are finished.
            own.clean |= own.held.is_empty();
        }
        self.steps.send(Step::Finished(id.to_owned())).await?;
        let clean = lock(&self.own).clean;
        match clean {
            true => self.steps.send(Step::Positions(Vec::new())).await,
            false => Ok(()),
        }
    }
}

/// Takes a reader's batches through the chain, and makes bytes of them.
struct StepEmitter {
    job: Arc<Job>,
    chain: Chain,
    steps: Steps,
    limit: RateLimit,
    /// Those of the reader.
    metrics: Metrics,
    failed_before: u64,
    gives: Gives,
    own: Arc<Mutex<Own>>,
    /// What the next element will have to tell.
    head: Head,
    deliveries: Vec<Delivery>,
}

#[async_trait]
impl Emitter for StepEmitter {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        let positions: Vec<SplitBytes> = {
            let mut own = lock(&self.own);
            own.clean = position.is_some();
            let id = own.current.clone();
            let position = position.zip(id).map(|(bytes, id)| SplitBytes { id, bytes });
            position.into_iter().collect()
        };
        let safe = !self.gives.positions() || !positions.is_empty();
        if !batch.is_empty() {
            self.limit.pass(&batch).await;
            let (rows, bytes) = (batch.num_rows() as u64, batch.num_bytes() as u64);
            self.metrics.rows().add(rows);
            self.metrics.bytes().add(bytes);
            self.head.rows_read += rows;
            self.head.bytes_read += bytes;
            self.chain.run(batch, &mut self.deliveries, &mut ()).await?;
        }
        let mut deliveries = std::mem::take(&mut self.deliveries);
        let last = deliveries.len().saturating_sub(1);
        if deliveries.is_empty() && !positions.is_empty() {
            return self.steps.send(Step::Positions(positions)).await;
        }
        let mut positions = Some(positions);
        for (index, (sink, batch)) in deliveries.drain(..).enumerate() {
            let safe = safe && index == last;
            let positions = match index == last {
                true => positions.take().unwrap_or_default(),
                false => Vec::new(),
            };
            let step = match self.gives {
                Gives::Batches { .. } => Step::Rows {
                    batch,
                    positions,
                    safe,
                },
                Gives::Elements { .. } => Step::Element {
                    element: element::encode(&self.head(sink, &batch, safe)?, &batch)?,
                    positions,
                },
                Gives::Held { .. } => Step::Held {
                    head: self.head(sink, &batch, safe)?,
                    batch,
                    positions,
                },
            };
            self.steps.send(step).await?;
        }
        self.deliveries = deliveries;
        Ok(())
    }

    async fn positions(&mut self, positions: Vec<SplitBytes>) -> Result<()> {
        if positions.is_empty() {
            return Ok(());
        }
        lock(&self.own).clean = true;
        self.steps.send(Step::Positions(positions)).await
    }

    fn wants_positions(&self) -> bool {
        self.gives.positions()
    }

    fn batch_size(&self) -> BatchSize {
        self.limit.batch_size(BatchSize::default())
    }
}

impl StepEmitter {
    /// What an element of these rows says.
    fn head(&mut self, sink: usize, batch: &Batch, safe: bool) -> Result<Head> {
        let tables = &self.job.plan().nodes[sink].tables;
        let table = tables
            .iter()
            .position(|table| Arc::ptr_eq(table, batch.table()))
            .or_else(|| tables.iter().position(|t| t.path() == batch.table().path()));
        let table = table.ok_or_else(|| {
            Error::new(
                api_codes::INTERNAL,
                format!(
                    "rows of {} reach a sink that does not know this table",
                    batch.table().path()
                ),
            )
        })?;
        Ok(Head {
            sink: Some(sink),
            table,
            safe,
            ..self.take_counts()
        })
    }

    /// What was read and is told of by no element yet.
    async fn flush_counts(&mut self) -> Result<()> {
        let head = self.take_counts();
        if matches!(self.gives, Gives::Batches { .. }) {
            return Ok(());
        }
        if head.rows_read + head.bytes_read + head.rows_failed == 0 {
            return Ok(());
        }
        let element = element::encode_counts(&Head { safe: true, ..head });
        let positions = Vec::new();
        self.steps.send(Step::Element { element, positions }).await
    }

    fn take_counts(&mut self) -> Head {
        let failed = self.metrics.failed_rows().get();
        let head = Head {
            rows_failed: failed - self.failed_before,
            ..self.head
        };
        self.failed_before = failed;
        self.head.rows_read = 0;
        self.head.bytes_read = 0;
        head
    }
}
