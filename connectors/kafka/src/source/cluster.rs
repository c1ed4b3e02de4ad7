//! What brokers know besides messages: topics, partitions, offsets. All calls block.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use seatunnel_api::{Error, ErrorCode, Result};

use crate::client::{Notes, client_error, code_of, coded, is_passing};
use crate::codes;

/// How long one try may take; between two, reasons for giving up are looked for.
const TRY: Duration = Duration::from_secs(3);

/// A partition of a topic.
pub(super) type Partition = (String, i32);

/// A connection for questions.
pub(super) struct Cluster {
    consumer: Closing,
    notes: Notes,
    limit: Duration,
}

/// What a topic is.
pub(super) struct Topic {
    pub(super) name: String,
    /// Its partitions; false where one has no leader.
    pub(super) partitions: Vec<(i32, bool)>,
}

impl Cluster {
    /// Connects in the background; `config` has the group whose offsets are asked for. A question
    /// fails if it is not answered within `limit`.
    ///
    /// # Errors
    /// If the settings make no client.
    pub(super) fn connect(config: &ClientConfig, limit: Duration) -> Result<Self> {
        let notes = Notes::default();
        let consumer = config.create_with_context(notes.clone()).map_err(|e| {
            client_error(codes::CLIENT, "the Kafka client can't be made", e, &notes)
        })?;
        Ok(Self {
            consumer: Closing(Some(consumer)),
            notes,
            limit,
        })
    }

    /// Names and partitions of all topics.
    pub(super) fn topics(&self) -> Result<Vec<Topic>> {
        let ask = |limit| self.consumer.get().fetch_metadata(None, limit);
        let known = self.ask(codes::READ_FAILED, "topics can't be listed", ask)?;
        Ok(known.topics().iter().map(topic).collect())
    }

    /// The partitions of a topic.
    ///
    /// # Errors
    /// If there is no such topic, or it may not be seen.
    pub(super) fn topic(&self, name: &str) -> Result<Topic> {
        let start = Instant::now();
        loop {
            let ask = |limit| self.consumer.get().fetch_metadata(Some(name), limit);
            let known = self.ask(codes::READ_FAILED, "a topic can't be looked up", ask)?;
            let Some(found) = known.topics().first() else {
                return Err(missing(name));
            };
            let Some(error) = found.error() else {
                return Ok(topic(found));
            };
            let code = RDKafkaErrorCode::from(error);
            if is_passing(code) && start.elapsed() < self.limit {
                std::thread::sleep(Duration::from_millis(100));
                continue;
            }
            return Err(match code_of(code, codes::READ_FAILED) {
                codes::TOPIC_MISSING => missing(name),
                _ => coded(codes::READ_FAILED, "the topic can't be read", code)
                    .with_cause(KafkaError::MetadataFetch(code))
                    .with_context("topic", name),
            });
        }
    }

    /// Where partitions begin.
    pub(super) fn begins(&self, partitions: &[Partition]) -> Result<Vec<i64>> {
        Ok(self
            .list(partitions, Offset::Beginning)?
            .into_iter()
            .map(|o| o.unwrap_or(0))
            .collect())
    }

    /// Where partitions end: the offset of the next message; with `read_committed`, that of the first
    /// message whose transaction is open.
    pub(super) fn ends(&self, partitions: &[Partition]) -> Result<Vec<i64>> {
        Ok(self
            .list(partitions, Offset::End)?
            .into_iter()
            .map(|o| o.unwrap_or(0))
            .collect())
    }

    /// The first messages that are not older than this; nothing where all are.
    pub(super) fn at(&self, partitions: &[Partition], timestamp: i64) -> Result<Vec<Option<i64>>> {
        self.list(partitions, Offset::Offset(timestamp))
    }

    /// One question for offsets of all partitions: the request takes a time, -1 for the end and -2 for
    /// the beginning, which are the numbers of these offsets.
    fn list(&self, partitions: &[Partition], time: Offset) -> Result<Vec<Option<i64>>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let start = Instant::now();
        loop {
            let list = list_of(
                partitions
                    .iter()
                    .map(|(topic, partition)| (topic.as_str(), *partition, time)),
            )?;
            let ask = |limit| self.consumer.get().offsets_for_times(list.clone(), limit);
            let known = self.ask(codes::READ_FAILED, "offsets can't be looked up", ask)?;
            match offsets(partitions, &known) {
                Err(error) if error.is_retryable() && start.elapsed() < self.limit => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                done => return done,
            }
        }
    }

    /// Where the group has committed to be, if it has.
    pub(super) fn committed(&self, partitions: &[Partition]) -> Result<Vec<Option<i64>>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let list = list_of(
            partitions
                .iter()
                .map(|(topic, partition)| (topic.as_str(), *partition, Offset::Invalid)),
        )?;
        let ask = |limit| self.consumer.get().committed_offsets(list.clone(), limit);
        let known = self.ask(
            codes::GROUP_FAILED,
            "the offsets of the group can't be read",
            ask,
        )?;
        offsets(partitions, &known)
    }

    /// Commits offsets of the group.
    pub(super) fn commit(&self, offsets: &[(Partition, i64)]) -> Result<()> {
        if offsets.is_empty() {
            return Ok(());
        }
        let each = offsets.iter();
        let list = list_of(each.map(|((topic, partition), offset)| {
            (topic.as_str(), *partition, Offset::Offset(*offset))
        }))?;
        let done = self.consumer.get().commit(&list, CommitMode::Sync);
        done.map_err(|e| {
            client_error(
                codes::GROUP_FAILED,
                "the offsets of the group can't be committed",
                e,
                &self.notes,
            )
        })
    }

    /// Asks until there is an answer, a reason not to expect one, or no time left.
    fn ask<T>(
        &self,
        other: ErrorCode,
        message: &str,
        call: impl Fn(Duration) -> KafkaResult<T>,
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            let error = match call(TRY) {
                Ok(answer) => {
                    self.notes.forget();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            // Errors that belong to no call are heard by polling, log lines before them.
            while let Some(told) = self.consumer.get().poll(Duration::from_millis(20)) {
                drop(told);
            }
            let hopeless = self
                .notes
                .reason()
                .is_some_and(|(code, _)| is_hopeless(code));
            let passing = error.rdkafka_error_code().is_none_or(is_passing);
            if hopeless || !passing || start.elapsed() >= self.limit {
                return Err(client_error(other, message, error, &self.notes));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Whether waiting does not help: who is refused now is refused later.
pub(super) fn is_hopeless(code: RDKafkaErrorCode) -> bool {
    [codes::LOGIN_REFUSED, codes::TLS_FAILED, codes::FORBIDDEN]
        .contains(&code_of(code, codes::READ_FAILED))
}

fn topic(known: &rdkafka::metadata::MetadataTopic) -> Topic {
    Topic {
        name: known.name().to_owned(),
        partitions: known
            .partitions()
            .iter()
            .map(|p| (p.id(), p.leader() >= 0))
            .collect(),
    }
}

fn missing(topic: &str) -> Error {
    Error::new(codes::TOPIC_MISSING, format!("there is no topic {topic:?}"))
        .with_help("check `topic`; a source does not make topics")
}

fn list_of<'a>(all: impl Iterator<Item = (&'a str, i32, Offset)>) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (topic, partition, offset) in all {
        list.add_partition_offset(topic, partition, offset)
            .map_err(|e| {
                Error::new(
                    codes::OPTION,
                    format!("{offset:?} can't be an offset or a time"),
                )
                .with_cause(e)
            })?;
    }
    Ok(list)
}

/// The offsets of an answer, in the order of the partitions asked for.
fn offsets(partitions: &[Partition], known: &TopicPartitionList) -> Result<Vec<Option<i64>>> {
    let find = |(topic, partition): &Partition| {
        let Some(found) = known.find_partition(topic, *partition) else {
            return Ok(None);
        };
        if let Err(error) = found.error() {
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
            return Err(
                coded(codes::READ_FAILED, "an offset can't be looked up", code)
                    .with_cause(error)
                    .with_context("topic", topic)
                    .with_context("partition", partition),
            );
        }
        Ok(match found.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        })
    };
    partitions.iter().map(find).collect()
}

/// A consumer that is closed on a thread of its own: it may take a while, and nobody has to wait.
struct Closing(Option<BaseConsumer<Notes>>);

impl Closing {
    fn get(&self) -> &BaseConsumer<Notes> {
        self.0.as_ref().expect("only dropping takes it out")
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let consumer = self.0.take();
        std::thread::spawn(move || drop(consumer));
    }
}
