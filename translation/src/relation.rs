//! A relation as engines see it: a source of one split, which reads what stands before it by itself.
//!
//! No engine has to know relations. What stands between the sources and a relation is taken out of the
//! job's graph and runs within the relation's reader: each reading of an input starts the readers of its
//! sources, with the transforms behind them, as tasks of their own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::erased::{DynEnumerator, DynSource, SplitBytes};
use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{
    Batch, BatchSize, BatchStream, CatalogTable, Emitter, Error, Metrics, NextDiscovery, Output,
    Relation, RelationInputs, Result, Source, SourceReader, Split, SplitAssigner, State,
    TaskContext, erase_source,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::chain::{Chain, Delivery, leads_to};
use crate::commit::panicked;
use crate::rate_limit::RateLimit;
use crate::split_board::{Passed, SplitBoard};

/// Batches that wait between a reader and the relation.
const DEPTH: usize = 2;

/// The source that stands for a relation in a job's graph. `plan` is what stands before it, `inputs` are
/// the positions of the nodes that its inputs are.
pub fn relation_source(
    relation: Arc<dyn Relation>,
    name: &str,
    plan: &JobPlan,
    inputs: &[usize],
) -> Arc<dyn DynSource> {
    erase_source(RelationSource {
        relation,
        name: Arc::from(name),
        upstream: Arc::new(Upstream {
            plan: plan.clone(),
            inputs: inputs.to_vec(),
        }),
    })
}

/// What stands before a relation.
struct Upstream {
    plan: JobPlan,
    inputs: Vec<usize>,
}

impl Upstream {
    /// The sources that rows of an input come from.
    fn sources(&self, input: usize) -> impl Iterator<Item = (usize, Arc<dyn DynSource>, usize)> {
        let leads = leads_to(&self.plan, self.inputs[input]);
        let nodes = self.plan.nodes.iter().enumerate();
        nodes.filter_map(move |(index, node)| match &node.kind {
            NodeKind::Source {
                source,
                parallelism,
            } if leads[index] => Some((index, source.clone(), (*parallelism).max(1))),
            _ => None,
        })
    }
}

struct RelationSource {
    relation: Arc<dyn Relation>,
    name: Arc<str>,
    upstream: Arc<Upstream>,
}

/// All rows of the relation.
#[derive(Clone, Serialize, Deserialize)]
struct Whole;

impl State for Whole {}

impl Split for Whole {
    fn id(&self) -> String {
        "all".to_owned()
    }
}

#[async_trait]
impl Source for RelationSource {
    type Split = Whole;
    type Reader = RelationReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.relation.tables()
    }

    async fn splits(&self, _parallelism: usize) -> Result<Vec<Whole>> {
        Ok(vec![Whole])
    }

    async fn reader(&self, context: TaskContext) -> Result<RelationReader> {
        Ok(RelationReader {
            relation: self.relation.clone(),
            name: self.name.clone(),
            inputs: Arc::new(Inputs {
                metrics: self
                    .upstream
                    .plan
                    .nodes
                    .iter()
                    .map(|_| Metrics::new())
                    .collect(),
                upstream: self.upstream.clone(),
                context,
            }),
        })
    }

    async fn check(&self) -> Result<()> {
        for input in 0..self.upstream.inputs.len() {
            for (index, source, _) in self.upstream.sources(input) {
                let name = &self.upstream.plan.nodes[index].name;
                let checked = source.check().await;
                checked.map_err(|e| e.with_context("plugin", name))?;
            }
        }
        Ok(())
    }
}

struct RelationReader {
    relation: Arc<dyn Relation>,
    name: Arc<str>,
    inputs: Arc<Inputs>,
}

#[async_trait]
impl SourceReader for RelationReader {
    type Split = Whole;

    async fn read(&mut self, _split: Whole, out: &mut Output<'_, Whole>) -> Result<()> {
        let mut rows = self.relation.rows(self.inputs.clone()).await?;
        while let Some(batch) = rows.next().await? {
            // Made anew, the rows may come in another order: there is no position between them.
            out.emit_all(batch, &[]).await?;
        }
        self.inputs.context.dirty.flush().await?;
        let nodes = self.inputs.upstream.plan.nodes.iter();
        let read: Vec<String> = nodes
            .zip(&self.inputs.metrics)
            .filter(|(node, _)| matches!(node.kind, NodeKind::Source { .. }))
            .map(|(node, metrics)| format!("{} of {}", metrics.rows().get(), node.name))
            .collect();
        tracing::info!("{} has read rows: {}", self.name, read.join(", "));
        Ok(())
    }
}

/// The inputs of a relation in its task.
struct Inputs {
    upstream: Arc<Upstream>,
    context: TaskContext,
    /// Of the nodes before the relation.
    metrics: Vec<Metrics>,
}

impl RelationInputs for Inputs {
    fn read(&self, input: usize, table: &Arc<CatalogTable>) -> Vec<Box<dyn BatchStream>> {
        let end = self.upstream.inputs[input];
        let mut lanes = Vec::new();
        let mut receivers = Vec::new();
        for (index, source, readers) in self.upstream.sources(input) {
            let node = &self.upstream.plan.nodes[index];
            let own = (0..readers).map(|subtask| {
                let (sender, receiver) = mpsc::channel(DEPTH);
                receivers.push(receiver);
                let metrics = self.metrics[index].clone();
                let dirty = self.context.dirty.of_stage(&node.name);
                let emitter = InputEmitter {
                    reader: subtask,
                    board: None,
                    chain: Chain::to(
                        &self.upstream.plan,
                        index,
                        end,
                        &self.metrics,
                        &self.context.dirty,
                    ),
                    limit: RateLimit::new(&self.upstream.plan.env),
                    metrics: metrics.clone(),
                    wants_positions: false,
                    table: table.clone(),
                    deliveries: Vec::new(),
                    sender,
                };
                let context = TaskContext {
                    job: self.context.job.clone(),
                    subtask,
                    parallelism: readers,
                    metrics,
                    dirty,
                };
                (context, emitter)
            });
            lanes.push(SourceReading {
                name: node.name.clone(),
                source,
                readers: own.collect(),
            });
        }
        let reading = Arc::new(Reading {
            state: Mutex::new(ReadingState {
                waiting: Some(lanes),
                task: None,
                failure: None,
            }),
            over: watch::Sender::new(false),
        });
        let streams = receivers.into_iter().map(|receiver| {
            let reading = reading.clone();
            let stream = InputStream {
                reading,
                receiver,
                ended: false,
            };
            Box::new(stream) as Box<dyn BatchStream>
        });
        streams.collect()
    }
}

/// One reading of an input; ends when nobody has a stream of it any more.
struct Reading {
    state: Mutex<ReadingState>,
    /// Whether it is known how it ended.
    over: watch::Sender<bool>,
}

struct ReadingState {
    /// What begins when the first batch is asked for.
    waiting: Option<Vec<SourceReading>>,
    task: Option<AbortHandle>,
    /// Why it ended before its time.
    failure: Option<Error>,
}

impl Reading {
    fn begin(self: &Arc<Self>) {
        let mut state = self.lock();
        let Some(sources) = state.waiting.take() else {
            return;
        };
        // Not a hold on the reading itself: it would never end.
        let told = Arc::downgrade(self);
        let work = tokio::spawn(async move {
            let mut tasks = JoinSet::new();
            for source in sources {
                tasks.spawn(async move {
                    let name = source.name.clone();
                    let read = source.run().await;
                    read.map_err(|e| e.with_context("plugin", &name))
                });
            }
            let mut failure = None;
            while let Some(joined) = tasks.join_next().await {
                failure = match joined {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => Some(error),
                    Err(join) => match join.try_into_panic() {
                        Ok(panic) => Some(panicked("a reader", panic)),
                        Err(_) => Some(Error::cancelled()),
                    },
                };
                break;
            }
            if let Some(reading) = told.upgrade() {
                reading.lock().failure = failure;
                reading.over.send_replace(true);
            }
        });
        state.task = Some(work.abort_handle());
    }

    /// Why it failed. The first stream that asks is told, and ends the relation; the others wait for that, so
    /// that none of them tells of anything else first.
    async fn failure(&self) -> Error {
        let mut over = self.over.subscribe();
        // The sender lives as long as the reading.
        let _ = over.wait_for(|over| *over).await;
        let failure = self.lock().failure.take();
        match failure {
            Some(error) => error,
            None => std::future::pending().await,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ReadingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(task) = self.lock().task.take() {
            task.abort();
        }
    }
}

/// What a reader sends to a stream.
enum Message {
    Batch(Batch),
    /// All rows have been sent. A channel that closes without it means that the reading failed.
    End,
}

struct InputStream {
    reading: Arc<Reading>,
    receiver: mpsc::Receiver<Message>,
    ended: bool,
}

#[async_trait]
impl BatchStream for InputStream {
    async fn next(&mut self) -> Result<Option<Batch>> {
        if self.ended {
            return Ok(None);
        }
        self.reading.begin();
        match self.receiver.recv().await {
            Some(Message::Batch(batch)) => Ok(Some(batch)),
            Some(Message::End) => {
                self.ended = true;
                Ok(None)
            }
            None => Err(self.reading.failure().await),
        }
    }
}

/// A source and its readers, in one reading.
struct SourceReading {
    name: String,
    source: Arc<dyn DynSource>,
    readers: Vec<(TaskContext, InputEmitter)>,
}

impl SourceReading {
    async fn run(self) -> Result<()> {
        let mut enumerator = self.source.enumerator(self.readers.len(), None).await?;
        let board = Arc::new(SplitBoard::new(self.readers.len()));
        let next = discover(enumerator.as_mut(), &board).await?;
        let mut tasks = JoinSet::new();
        let left = Arc::new(AtomicUsize::new(self.readers.len()));
        for (reader, (context, mut emitter)) in self.readers.into_iter().enumerate() {
            emitter.board = Some(board.clone());
            emitter.wants_positions = next != NextDiscovery::Never;
            let (source, board, left) = (self.source.clone(), board.clone(), left.clone());
            tasks.spawn(async move {
                let mut opened = source.reader(context).await?;
                let mut splits = InputSplits {
                    board: board.clone(),
                    reader,
                };
                match opened.read_assigned(&mut splits, &mut emitter).await {
                    Err(_) if emitter.sender.is_closed() => board.abandon(reader),
                    read => read.and_then(|()| board.end(reader))?,
                }
                if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    return Ok(Some(emitter.sender));
                }
                // Nobody waits for it where nobody wants more rows.
                let _ = emitter.sender.send(Message::End).await;
                Ok(None)
            });
        }
        let name = self.name;
        let readers = async {
            let mut last = None;
            while let Some(joined) = tasks.join_next().await {
                let sender = joined.unwrap_or_else(|join| match join.try_into_panic() {
                    Ok(panic) => Err(panicked(&name, panic)),
                    Err(_) => Err(Error::cancelled()),
                })?;
                last = sender.or(last);
            }
            Ok::<_, Error>(last)
        };
        let last = tokio::select! {
            read = readers => read?,
            failed = enumerate(enumerator.as_mut(), &board, next) => return Err(failed),
        };
        tell_of_finished(enumerator.as_mut(), &board).await?;
        // The last stream of a source ends only when nothing can fail any more.
        if let Some(last) = last {
            let _ = last.send(Message::End).await;
        }
        Ok(())
    }
}

async fn discover(enumerator: &mut dyn DynEnumerator, board: &SplitBoard) -> Result<NextDiscovery> {
    let found = enumerator.discover().await?;
    board.push(found.splits);
    if found.next == NextDiscovery::Never {
        board.close();
    }
    Ok(found.next)
}

async fn tell_of_finished(enumerator: &mut dyn DynEnumerator, board: &SplitBoard) -> Result<()> {
    while let Some(last) = board.pop_finished() {
        enumerator.split_finished(&last).await?;
    }
    Ok(())
}

/// Looks for further splits as long as the readers read; returns only if that fails.
async fn enumerate(
    enumerator: &mut dyn DynEnumerator,
    board: &SplitBoard,
    mut next: NextDiscovery,
) -> Error {
    const LONG: Duration = Duration::from_secs(3_600);
    loop {
        let pause = match next {
            NextDiscovery::After(pause) => pause,
            NextDiscovery::OnSplitFinished | NextDiscovery::Never => LONG,
        };
        tokio::select! {
            () = board.some_finished() => {}
            () = tokio::time::sleep(pause) => {}
        }
        if let Err(error) = tell_of_finished(enumerator, board).await {
            return error;
        }
        if next != NextDiscovery::Never {
            match discover(enumerator, board).await {
                Ok(found) => next = found,
                Err(error) => return error,
            }
        }
    }
}

/// Gives a reader its share of the splits.
struct InputSplits {
    board: Arc<SplitBoard>,
    reader: usize,
}

#[async_trait]
impl SplitAssigner for InputSplits {
    async fn next(&mut self) -> Result<Option<SplitBytes>> {
        Ok(self.board.next(self.reader).await)
    }

    fn try_next(&mut self) -> Option<SplitBytes> {
        self.board.try_next(self.reader)
    }

    async fn finished(&mut self, id: &str) -> Result<()> {
        self.board.split_finished(self.reader, id).map(|_| ())
    }
}

/// Takes a reader's batches through the transforms to the relation.
struct InputEmitter {
    reader: usize,
    /// There once the reading has begun.
    board: Option<Arc<SplitBoard>>,
    chain: Chain,
    limit: RateLimit,
    metrics: Metrics,
    wants_positions: bool,
    /// The table that is read; an input may bring others.
    table: Arc<CatalogTable>,
    deliveries: Vec<Delivery>,
    sender: mpsc::Sender<Message>,
}

#[async_trait]
impl Emitter for InputEmitter {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        if !batch.is_empty() {
            self.limit.pass(&batch).await;
            self.metrics.rows().add(batch.num_rows() as u64);
            self.metrics.bytes().add(batch.num_bytes() as u64);
            self.chain.run(batch, &mut self.deliveries, &mut ()).await?;
            for (_, batch) in self.deliveries.drain(..) {
                if batch.table().path() != self.table.path() {
                    continue;
                }
                let sent = self.sender.send(Message::Batch(batch)).await;
                // Nobody wants more, which is no failure.
                sent.map_err(|_| Error::cancelled())?;
            }
        }
        match &self.board {
            Some(board) => board.handed_on(self.reader, Passed::default(), position),
            None => Ok(()),
        }
    }

    async fn positions(&mut self, positions: Vec<SplitBytes>) -> Result<()> {
        match &self.board {
            Some(board) => board.positions(self.reader, positions),
            None => Ok(()),
        }
    }

    fn wants_positions(&self) -> bool {
        self.wants_positions
    }

    fn batch_size(&self) -> BatchSize {
        self.limit.batch_size(BatchSize::default())
    }
}
