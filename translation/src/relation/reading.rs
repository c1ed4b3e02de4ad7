//! One reading of an input of a relation: the readers of its sources, and the streams that their rows come by.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::erased::{DynEnumerator, DynSource, SplitBytes};
use seatunnel_api::{
    Batch, BatchSize, BatchStream, CatalogTable, Emitter, Error, Metrics, NextDiscovery, Result,
    SplitAssigner, TaskContext,
};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::chain::{Chain, Delivery};
use crate::commit::panicked;
use crate::rate_limit::RateLimit;
use crate::split_board::{Passed, SplitBoard};

/// Batches that wait between a reader and the relation.
const DEPTH: usize = 2;

/// One reading of an input; ends when nobody has a stream of it any more.
pub(super) struct Reading {
    state: Mutex<ReadingState>,
    /// Whether it is known how it ended.
    over: watch::Sender<bool>,
}

struct ReadingState {
    /// What begins when the first batch is asked for.
    waiting: Option<Vec<Waiting>>,
    task: Option<AbortHandle>,
    /// Why it ended before its time.
    failure: Option<Error>,
}

/// A source, and the ways for the rows of its readers.
type Waiting = (SourceReading, Vec<Way>);

impl Reading {
    /// The streams of a reading of these sources; rows of other tables than `table` are left out.
    pub(super) fn streams(
        sources: Vec<SourceReading>,
        table: &Arc<CatalogTable>,
    ) -> Vec<Box<dyn BatchStream>> {
        let mut receivers = Vec::new();
        let waiting = sources.into_iter().map(|source| {
            let ways = source.readers.iter().map(|_| {
                let (sender, receiver) = mpsc::channel(DEPTH);
                receivers.push(receiver);
                Way {
                    sender,
                    table: table.clone(),
                }
            });
            let ways = ways.collect();
            (source, ways)
        });
        let state = ReadingState {
            waiting: Some(waiting.collect()),
            task: None,
            failure: None,
        };
        let reading = Arc::new(Self {
            state: Mutex::new(state),
            over: watch::Sender::new(false),
        });
        let streams = receivers.into_iter().map(|receiver| {
            let stream = InputStream {
                reading: reading.clone(),
                receiver,
                ended: false,
            };
            Box::new(stream) as Box<dyn BatchStream>
        });
        streams.collect()
    }

    fn begin(self: &Arc<Self>) {
        let mut state = self.lock();
        let Some(sources) = state.waiting.take() else {
            return;
        };
        // Not a hold on the reading itself: it would never end.
        let told = Arc::downgrade(self);
        let work = tokio::spawn(async move {
            let mut tasks = JoinSet::new();
            for (source, ways) in sources {
                tasks.spawn(async move {
                    let name = source.name.clone();
                    let read = source.run(ways).await;
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
pub(super) struct SourceReading {
    pub(super) name: String,
    pub(super) source: Arc<dyn DynSource>,
    pub(super) readers: Vec<Reader>,
}

/// A reader, before it is opened.
pub(super) struct Reader {
    pub(super) context: TaskContext,
    /// The transforms between it and the relation.
    pub(super) chain: Chain,
    pub(super) limit: RateLimit,
}

/// Where rows of a reader go.
struct Way {
    sender: mpsc::Sender<Message>,
    /// The table that is read; an input may bring others.
    table: Arc<CatalogTable>,
}

impl SourceReading {
    async fn run(self, ways: Vec<Way>) -> Result<()> {
        let mut enumerator = self.source.enumerator(self.readers.len(), None).await?;
        let board = Arc::new(SplitBoard::new(self.readers.len()));
        let next = discover(enumerator.as_mut(), &board).await?;
        let mut tasks = JoinSet::new();
        let left = Arc::new(AtomicUsize::new(self.readers.len()));
        for (reader, (own, way)) in self.readers.into_iter().zip(ways).enumerate() {
            let mut emitter = InputEmitter {
                reader,
                board: board.clone(),
                chain: own.chain,
                limit: own.limit,
                metrics: own.context.metrics.clone(),
                wants_positions: next != NextDiscovery::Never,
                deliveries: Vec::new(),
                way,
            };
            let context = own.context;
            let (source, board, left) = (self.source.clone(), board.clone(), left.clone());
            tasks.spawn(async move {
                let mut opened = source.reader(context).await?;
                let mut splits = InputSplits {
                    board: board.clone(),
                    reader,
                };
                match opened.read_assigned(&mut splits, &mut emitter).await {
                    Err(_) if emitter.way.sender.is_closed() => board.abandon(reader),
                    read => read.and_then(|()| board.end(reader))?,
                }
                if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    return Ok(Some(emitter.way.sender));
                }
                // Nobody waits for it where nobody wants more rows.
                let _ = emitter.way.sender.send(Message::End).await;
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
    board: Arc<SplitBoard>,
    chain: Chain,
    limit: RateLimit,
    metrics: Metrics,
    wants_positions: bool,
    deliveries: Vec<Delivery>,
    way: Way,
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
                if batch.table().path() != self.way.table.path() {
                    continue;
                }
                let sent = self.way.sender.send(Message::Batch(batch)).await;
                // Nobody wants more, which is no failure.
                sent.map_err(|_| Error::cancelled())?;
            }
        }
        let passed = Passed::default();
        self.board.handed_on(self.reader, passed, position)
    }

    async fn positions(&mut self, positions: Vec<SplitBytes>) -> Result<()> {
        self.board.positions(self.reader, positions)
    }

    fn wants_positions(&self) -> bool {
        self.wants_positions
    }

    fn batch_size(&self) -> BatchSize {
        self.limit.batch_size(BatchSize::default())
    }
}
