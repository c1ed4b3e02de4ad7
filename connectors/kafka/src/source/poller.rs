//! The thread that polls a consumer and decodes what comes.
//!
//! librdkafka's calls block, so that they have a thread of their own; decoding there spares copying
//! each message. Every partition has a queue of its own: messages of a partition come one after the
//! other, and events, which librdkafka tells without the name of a topic, are known to be of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as std_mpsc;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use seatunnel_api::{Batch, BatchSize, Error, Result};
use tokio::sync::mpsc;

use super::cluster::is_hopeless;
use super::decode::TableDecoder;
use super::split::KafkaSplit;
use super::tables::TopicTable;
use crate::client::{Notes, client_error, coded};
use crate::codes;

/// The longest sleep while nothing comes; whoever has something wakes the thread.
const NAP: Duration = Duration::from_millis(100);

/// Rows wait so long for more of them while messages keep coming.
const LINGER: Duration = Duration::from_millis(20);

/// Events of the consumer itself are looked for this often: a look takes a moment.
const EVENTS: Duration = Duration::from_millis(50);

/// Bytes of a message that can't be read which are kept for whoever looks at dirty rows.
const SHOWN: usize = 64 << 10;

/// What becomes of messages that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnError {
    /// The first ends the thread.
    Fail,
    /// They are handed over.
    Keep,
    /// They are counted.
    Skip,
}

/// A table and what to do with messages that are none of its rows.
pub(super) struct Decoding {
    pub(super) table: Arc<TopicTable>,
    pub(super) on_error: OnError,
}

/// Rows of one table, and how far its partitions have come with them.
pub(super) struct Polled {
    /// The table's number.
    pub(super) table: usize,
    pub(super) batch: Option<Batch>,
    /// The partitions that these rows are of, as they stand after them.
    pub(super) positions: Vec<KafkaSplit>,
    /// Those of them that are at their end.
    pub(super) finished: Vec<KafkaSplit>,
    /// Messages that can't be read: their texts, and why.
    pub(super) rejected: Vec<(String, Error)>,
    /// Messages left out.
    pub(super) skipped: u64,
}

/// The thread, as the reader sees it. Dropping it ends the thread, which nobody waits for.
pub(super) struct Poller {
    splits: std_mpsc::Sender<(usize, KafkaSplit)>,
    polled: mpsc::Receiver<Result<Polled>>,
    stop: Arc<AtomicBool>,
    thread: Thread,
}

impl Poller {
    /// Starts it. `tables` are in the order of their numbers, `depth` is how many batches may wait.
    ///
    /// # Errors
    /// If the settings make no consumer, or a table can't be decoded.
    pub(super) fn start(
        config: &ClientConfig,
        tables: Vec<Decoding>,
        size: BatchSize,
        depth: usize,
    ) -> Result<Self> {
        let notes = Notes::default();
        let consumer: BaseConsumer<Notes> = config
            .create_with_context(notes.clone())
            .map_err(|e| client_error(codes::CLIENT, "the consumer can't be made", e, &notes))?;
        let (splits, new_splits) = std_mpsc::channel();
        let (sender, polled) = mpsc::channel(depth);
        let stop = Arc::new(AtomicBool::new(false));
        let tables = tables.into_iter().map(TableState::new);
        let mut worker = Worker {
            consumer: Arc::new(consumer),
            notes,
            tables: tables.collect::<Result<_>>()?,
            partitions: Vec::new(),
            new_splits,
            out: sender,
            stop: stop.clone(),
            size,
            refusals: 0,
        };
        let thread = thread::Builder::new()
            .name("kafka-poll".to_owned())
            .spawn(move || worker.run())
            .map_err(|e| Error::new(codes::CLIENT, "no thread for the consumer").with_cause(e))?;
        Ok(Self {
            splits,
            polled,
            stop,
            thread: thread.thread().clone(),
        })
    }

    /// Has a partition read, as rows of the table of this number.
    pub(super) fn add(&self, table: usize, split: KafkaSplit) {
        // Its end is told by the other channel.
        let _ = self.splits.send((table, split));
        self.thread.unpark();
    }

    /// The next rows. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// Why the thread has ended.
    pub(super) async fn next(&mut self) -> Result<Polled> {
        match self.polled.recv().await {
            Some(polled) => polled,
            None => Err(Error::new(
                codes::CLIENT,
                "the thread of the consumer has ended",
            )),
        }
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.polled.close();
        self.thread.unpark();
    }
}

/// One partition that is being read.
struct Partition {
    table: usize,
    split: KafkaSplit,
    queue: PartitionQueue<Notes>,
    /// Whether it has come on since its position was handed over.
    moved: bool,
}

/// Rows of a table that are not handed over yet.
struct TableState {
    decoding: Decoding,
    decoder: TableDecoder,
    finished: Vec<KafkaSplit>,
    rejected: Vec<(String, Error)>,
    skipped: u64,
    /// When the first of these came.
    since: Option<Instant>,
}

impl TableState {
    fn new(decoding: Decoding) -> Result<Self> {
        Ok(Self {
            decoder: TableDecoder::new(&decoding.table)?,
            decoding,
            finished: Vec::new(),
            rejected: Vec::new(),
            skipped: 0,
            since: None,
        })
    }
}

/// The receiver is gone: nobody wants more.
struct Gone;

/// Why polling a partition stopped.
enum Pause {
    /// There is nothing more at the moment.
    Empty,
    /// There are rows enough for a batch.
    Full,
    /// The partition is read to its end.
    End,
}

struct Worker {
    consumer: Arc<BaseConsumer<Notes>>,
    notes: Notes,
    tables: Vec<TableState>,
    partitions: Vec<Partition>,
    new_splits: std_mpsc::Receiver<(usize, KafkaSplit)>,
    out: mpsc::Sender<Result<Polled>>,
    stop: Arc<AtomicBool>,
    size: BatchSize,
    /// How often brokers have refused us since a message came.
    refusals: u32,
}

impl Worker {
    fn run(&mut self) {
        if let Err(error) = self.work() {
            // If the reader is gone, nobody asks why.
            let _ = self.out.blocking_send(Err(error));
        }
        // The consumer is closed here, where it may take its time.
    }

    /// Polls until nobody wants more.
    fn work(&mut self) -> Result<()> {
        let mut looked = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            self.take_splits()?;
            let idle = match self.round() {
                Ok(idle) => idle,
                Err(Outcome::Failed(error)) => {
                    // What was read before stays good.
                    let _ = self.flush(true);
                    return Err(error);
                }
                Err(Outcome::Gone) => return Ok(()),
            };
            if !idle {
                self.refusals = 0;
            }
            if self.flush(idle).is_err() {
                return Ok(());
            }
            if looked.elapsed() > EVENTS {
                self.serve_events()?;
                looked = Instant::now();
            }
            if idle {
                thread::park_timeout(NAP);
            }
        }
        Ok(())
    }

    /// Begins to read partitions that have come.
    fn take_splits(&mut self) -> Result<()> {
        let mut list = TopicPartitionList::new();
        while let Ok((table, split)) = self.new_splits.try_recv() {
            let name = split.topic.as_str();
            // Before it is assigned, so that no message goes elsewhere.
            let queue = self.consumer.split_partition_queue(name, split.partition);
            let Some(mut queue) = queue else {
                return Err(of(
                    &split,
                    coded(
                        codes::READ_FAILED,
                        "a partition can't be read",
                        RDKafkaErrorCode::UnknownPartition,
                    ),
                ));
            };
            let thread = thread::current();
            queue.set_nonempty_callback(move || thread.unpark());
            list.add_partition_offset(name, split.partition, Offset::Offset(split.next))
                .map_err(|e| {
                    of(
                        &split,
                        client_error(
                            codes::READ_FAILED,
                            "a partition can't be read",
                            e,
                            &self.notes,
                        ),
                    )
                })?;
            self.partitions.push(Partition {
                table,
                split,
                queue,
                moved: false,
            });
        }
        if list.count() == 0 {
            return Ok(());
        }
        self.consumer.incremental_assign(&list).map_err(|e| {
            client_error(
                codes::READ_FAILED,
                "partitions can't be read",
                e,
                &self.notes,
            )
        })
    }

    /// One turn over all partitions; true if none had anything.
    fn round(&mut self) -> Result<bool, Outcome> {
        let mut idle = true;
        let mut index = 0;
        while index < self.partitions.len() {
            let before = self.partitions[index].split.next;
            let pause = self.poll(index)?;
            idle &= self.partitions[index].split.next == before && !matches!(pause, Pause::End);
            match pause {
                Pause::Empty => index += 1,
                // The others first, so that one that is always full starves none.
                Pause::Full => {
                    let table = self.partitions[index].table;
                    self.hand_over(table)?;
                    index += 1;
                }
                Pause::End => self.finish(index),
            }
        }
        Ok(idle)
    }

    /// Polls one partition.
    fn poll(&mut self, index: usize) -> Result<Pause, Outcome> {
        let partition = &mut self.partitions[index];
        let table = &mut self.tables[partition.table];
        loop {
            if table.decoder.rows() >= self.size.rows || table.decoder.bytes() >= self.size.bytes {
                return Ok(Pause::Full);
            }
            let message = match partition.queue.poll(Duration::ZERO) {
                None => return Ok(Pause::Empty),
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(_))) => match partition.split.stop {
                    // Behind the last message are only marks of transactions, or what was thrown away.
                    Some(stop) => {
                        partition.split.next = partition.split.next.max(stop);
                        return Ok(Pause::End);
                    }
                    None => continue,
                },
                Some(Err(error)) => match failure(error, &partition.split, &self.notes) {
                    Some(error) => return Err(Outcome::Failed(error)),
                    None => continue,
                },
            };
            let offset = message.offset();
            if partition.split.stop.is_some_and(|stop| offset >= stop) {
                return Ok(Pause::End);
            }
            partition.split.next = offset + 1;
            partition.moved = true;
            if table.since.is_none() {
                table.since = Some(Instant::now());
            }
            if let Err(error) = table.decoder.push(&partition.split.topic, &message)
                && let Err(fatal) = reject(table, &message, &partition.split, error)
            {
                // Whoever goes on from here meets it again.
                partition.split.next = offset;
                return Err(fatal);
            }
            if partition.split.is_done() {
                return Ok(Pause::End);
            }
        }
    }

    /// A partition is at its end.
    fn finish(&mut self, index: usize) {
        let partition = self.partitions.swap_remove(index);
        let mut list = TopicPartitionList::new();
        list.add_partition(&partition.split.topic, partition.split.partition);
        if let Err(error) = self.consumer.incremental_unassign(&list) {
            tracing::debug!("a partition goes on being fetched: {error}");
        }
        let table = &mut self.tables[partition.table];
        table.since.get_or_insert_with(Instant::now);
        table.finished.push(partition.split);
    }

    /// Hands over rows that wait: all of them if nothing more comes, else those that have waited long.
    fn flush(&mut self, all: bool) -> Result<(), Gone> {
        for index in 0..self.tables.len() {
            let Some(since) = self.tables[index].since else {
                continue;
            };
            if all || since.elapsed() >= LINGER {
                self.hand_over(index).map_err(|_| Gone)?;
            }
        }
        Ok(())
    }

    /// Hands over the rows of a table; waits while there is no room.
    fn hand_over(&mut self, index: usize) -> Result<(), Outcome> {
        let table = &mut self.tables[index];
        let batch = match table.decoder.rows() {
            0 => None,
            _ => Some(table.decoder.finish().map_err(Outcome::Failed)?),
        };
        let mut positions = Vec::new();
        for partition in self
            .partitions
            .iter_mut()
            .filter(|p| p.table == index && p.moved)
        {
            partition.moved = false;
            positions.push(partition.split.clone());
        }
        table.since = None;
        let finished = std::mem::take(&mut table.finished);
        positions.extend(finished.iter().cloned());
        let polled = Polled {
            table: index,
            batch,
            positions,
            finished,
            rejected: std::mem::take(&mut table.rejected),
            skipped: std::mem::take(&mut table.skipped),
        };
        self.out
            .blocking_send(Ok(polled))
            .map_err(|_| Outcome::Gone)
    }

    /// Hears what belongs to no partition.
    fn serve_events(&mut self) -> Result<()> {
        // No time at all would end it with the first log line.
        while let Some(event) = self.consumer.poll(Duration::from_micros(200)) {
            let Err(error) = event else {
                return Err(Error::new(
                    codes::CLIENT,
                    "a message came past the queue of its partition",
                ));
            };
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
            // A broker that goes away in the middle of a login looks as if it refused it, once.
            self.refusals += u32::from(is_hopeless(code));
            if matches!(error, KafkaError::MessageConsumptionFatal(_)) || self.refusals > 1 {
                return Err(client_error(
                    codes::READ_FAILED,
                    "messages can't be read",
                    error,
                    &self.notes,
                ));
            }
            // Brokers that are away come back, and librdkafka has told it to the log.
            tracing::debug!("Kafka consumer: {error}");
        }
        Ok(())
    }
}

/// Why a round ended early.
enum Outcome {
    Failed(Error),
    Gone,
}

/// What to do about a message that can't be read.
fn reject(
    table: &mut TableState,
    message: &BorrowedMessage<'_>,
    split: &KafkaSplit,
    error: Error,
) -> Result<(), Outcome> {
    // A schema registry that isn't there is no fault of the message.
    if !error.is_of_row() {
        return Err(Outcome::Failed(of(split, error)));
    }
    match table.decoding.on_error {
        OnError::Skip => {
            table.skipped += 1;
            Ok(())
        }
        OnError::Keep => {
            let value = message.payload().unwrap_or_default();
            let text = String::from_utf8_lossy(&value[..value.len().min(SHOWN)]).into_owned();
            table.rejected.push((
                text,
                of(split, error).with_context("offset", message.offset()),
            ));
            Ok(())
        }
        OnError::Fail => Err(Outcome::Failed(
            of(split, error).with_context("offset", message.offset()),
        )),
    }
}

/// What an error of a partition means; nothing if the consumer goes on by itself.
fn failure(error: KafkaError, split: &KafkaSplit, notes: &Notes) -> Option<Error> {
    let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
    if crate::client::is_passing(code) {
        return None;
    }
    let (message, help) = match crate::client::code_of(code, codes::READ_FAILED) {
        codes::OFFSET_GONE => (
            "the partition has no message at the offset to read from, nor will it have: messages were deleted before they were read, or the topic was made anew",
            Some(
                "to go on without them, set `auto.offset.reset` of `kafka.config` to `earliest` (with what is left) or `latest`, or start over with --fresh",
            ),
        ),
        codes::TOPIC_MISSING => ("the topic or partition is no longer there", None),
        _ => ("messages can't be read", None),
    };
    let mut out = client_error(codes::READ_FAILED, message, error, notes);
    if let Some(help) = help {
        out = out.with_help(help);
    }
    Some(of(split, out).with_context("offset", split.next))
}

fn of(split: &KafkaSplit, error: Error) -> Error {
    error
        .with_context("topic", &split.topic)
        .with_context("partition", split.partition)
}
