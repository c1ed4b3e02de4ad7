//! A producer of librdkafka: records go into its queue, and what became of them is known at the latest after a flush.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use seatunnel_api::{Error, Result};

use super::errors;
use crate::client::Notes;
use crate::codes;
use crate::transaction::Witness;

/// How long to wait before looking again whether the queue has room, or is empty.
const PAUSE: Duration = Duration::from_millis(1);

/// One record, all of it borrowed: it is copied into the queue.
pub(crate) struct Record<'a> {
    pub(crate) topic: &'a str,
    /// Chosen by the client where not given.
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    /// Milliseconds since 1970; now where not given.
    pub(crate) timestamp: Option<i64>,
    pub(crate) headers: Option<OwnedHeaders>,
    /// Number of the row among all that the writer has written, from 1.
    pub(crate) row: u64,
}

/// What became of [`Producer::queue`].
pub(crate) enum Queued<'a> {
    /// It is on its way.
    Yes,
    /// There is no room; here it is back.
    Full(Record<'a>),
}

/// A producer with a thread of its own that hears what became of records. Dropping it throws away
/// what is not sent; closing it takes a moment, which nobody waits for.
pub(crate) struct Producer {
    /// Taken out when it is dropped.
    inner: Option<ThreadedProducer<Feedback>>,
}

impl Producer {
    /// Connects in the background.
    ///
    /// # Errors
    /// If a setting is not known or has a value that it can't have.
    pub(crate) fn open(config: &ClientConfig) -> Result<Self> {
        let feedback = Feedback::default();
        let notes = feedback.notes.clone();
        let inner = config
            .create_with_context(feedback)
            .map_err(|e| errors::client(e, "the producer can't be made", &notes))?;
        Ok(Self { inner: Some(inner) })
    }

    /// The producer itself.
    pub(crate) fn inner(&self) -> &ThreadedProducer<Feedback> {
        self.inner.as_ref().expect("only dropping takes it out")
    }

    /// Puts a record into the queue, if there is room.
    ///
    /// # Errors
    /// If this record can't be sent, or an earlier one could not.
    pub(crate) fn queue<'a>(&self, record: Record<'a>) -> Result<Queued<'a>> {
        let back = match self.send(record)? {
            // Nobody else writes here: what doesn't fit now never will.
            Queued::Full(back) if self.inner().in_flight_count() == 0 => back,
            queued => return Ok(queued),
        };
        match self.send(back)? {
            Queued::Yes => Ok(Queued::Yes),
            Queued::Full(back) => Err(Error::new(
                codes::TOO_LARGE,
                "a row is larger than the memory for messages that wait to be sent",
            )
            .with_context("topic", back.topic)
            .with_context("row", back.row)
            .with_context("bytes", size(back.key, back.value))
            .with_help("raise `buffer.memory` in `kafka.config`")
            .of_row()),
        }
    }

    fn send<'a>(&self, record: Record<'a>) -> Result<Queued<'a>> {
        let feedback = self.feedback();
        if feedback.failed.load(Ordering::Relaxed) {
            self.check()?;
        }
        let row = record.row;
        let sent = BaseRecord::<[u8], [u8], usize> {
            topic: record.topic,
            partition: record.partition,
            payload: record.value,
            key: record.key,
            timestamp: record.timestamp,
            headers: record.headers,
            // Numbers of 64 bits; a row number that does not fit serves messages alone.
            delivery_opaque: row as usize,
        };
        match self.inner().send(sent) {
            Ok(()) => Ok(Queued::Yes),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                Ok(Queued::Full(Record {
                    topic: back.topic,
                    partition: back.partition,
                    key: back.key,
                    value: back.payload,
                    timestamp: back.timestamp,
                    headers: back.headers,
                    row,
                }))
            }
            Err((error, back)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
                let code = self.cause_of(code);
                let error = errors::delivery(code, back.topic, back.partition, row, self.notes());
                if error.code() == codes::TOO_LARGE {
                    return Err(error.with_context("bytes", size(back.key, back.payload)));
                }
                Err(error)
            }
        }
    }

    /// Waits for a moment in which others may make room.
    pub(crate) async fn room(&self) {
        tokio::time::sleep(PAUSE).await;
    }

    /// The first record that could not be delivered, as an error.
    ///
    /// # Errors
    /// That one.
    pub(crate) fn check(&self) -> Result<()> {
        match &*self.feedback().first_failure() {
            None => Ok(()),
            Some(failure) => Err(errors::delivery(
                self.cause_of(failure.code),
                &failure.topic,
                Some(failure.partition),
                failure.row,
                self.notes(),
            )),
        }
    }

    /// What ended the producer, for a record of which only that consequence is known: once the producer
    /// can't go on, librdkafka purges what is queued and refuses what comes.
    fn cause_of(&self, code: RDKafkaErrorCode) -> RDKafkaErrorCode {
        match code {
            RDKafkaErrorCode::PurgeQueue
            | RDKafkaErrorCode::PurgeInflight
            | RDKafkaErrorCode::State
            | RDKafkaErrorCode::Fatal => {
                let fatal = self.inner().client().fatal_error();
                fatal.map_or(code, |(cause, _)| cause)
            }
            code => code,
        }
    }

    /// Waits until all records are delivered. Blocks no thread.
    ///
    /// # Errors
    /// If one could not be delivered. `delivery.timeout.ms` is the longest wait.
    pub(crate) async fn flush(&self) -> Result<()> {
        loop {
            // Without a wait: it only tells the client not to linger.
            let flushed = self.inner().flush(Duration::ZERO);
            self.check()?;
            match flushed {
                Ok(()) => return Ok(()),
                Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => {
                    return Err(errors::client(error, "rows can't be flushed", self.notes()));
                }
            }
        }
    }

    /// Where the first record since [`Producer::forget_witness`] was delivered to.
    pub(crate) fn witness(&self) -> Option<Witness> {
        self.feedback().first_witness().clone()
    }

    /// The next record that is delivered is the next witness.
    pub(crate) fn forget_witness(&self) {
        let feedback = self.feedback();
        *feedback.first_witness() = None;
        feedback.has_witness.store(false, Ordering::Release);
    }

    /// Closes it and waits until that is done.
    pub(crate) async fn close(mut self) {
        if let Some(inner) = self.inner.take() {
            // A panic within is the client's own affair at this point.
            let _ = tokio::task::spawn_blocking(move || drop(inner)).await;
        }
    }

    /// What the client has told besides.
    pub(crate) fn notes(&self) -> &Notes {
        &self.feedback().notes
    }

    fn feedback(&self) -> &Feedback {
        self.inner().context()
    }
}

fn size(key: Option<&[u8]>, value: Option<&[u8]>) -> usize {
    key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len)
}

impl Drop for Producer {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            // Closing waits for threads of librdkafka, which must not hold up those of the engine. Where
            // there is no thread to be had it is done here after all.
            let closing = std::thread::Builder::new().name("kafka-close".to_owned());
            let _ = closing.spawn(move || drop(inner));
        }
    }
}

/// What librdkafka tells of records and of itself.
#[derive(Default)]
pub(crate) struct Feedback {
    notes: Notes,
    failed: AtomicBool,
    failure: Mutex<Option<Failure>>,
    has_witness: AtomicBool,
    witness: Mutex<Option<Witness>>,
}

struct Failure {
    code: RDKafkaErrorCode,
    topic: String,
    partition: i32,
    row: u64,
}

impl Feedback {
    fn first_failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first_witness(&self) -> MutexGuard<'_, Option<Witness>> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Feedback {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.notes.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.notes.keep(&error, reason);
    }
}

impl ProducerContext for Feedback {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, row: usize) {
        match result {
            Ok(message) => {
                if !self.has_witness.load(Ordering::Acquire) {
                    *self.first_witness() = Some(Witness {
                        topic: message.topic().to_owned(),
                        partition: message.partition(),
                        offset: message.offset(),
                    });
                    self.has_witness.store(true, Ordering::Release);
                }
            }
            Err((error, message)) => {
                let mut first = self.first_failure();
                if first.is_none() {
                    *first = Some(Failure {
                        code: error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
                        topic: message.topic().to_owned(),
                        partition: message.partition(),
                        row: row as u64,
                    });
                    self.failed.store(true, Ordering::Release);
                }
            }
        }
    }
}
