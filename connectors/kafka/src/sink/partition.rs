//! Which partition a message goes to.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer as _;
use seatunnel_api::{Error, Result};

use super::errors::{self, topic_missing};
use super::producer::Producer;
use crate::codes;

/// How long the number of a topic's partitions is believed: that is how often Java's client asks.
const BELIEVED: Duration = Duration::from_secs(300);

/// How partitions are chosen.
#[derive(Clone, Debug)]
pub(super) enum PartitionChoice {
    /// By the client: by the key's hash, else in turns.
    Client,
    /// Always this one.
    Fixed(i32),
    /// By what the message contains.
    Content(Vec<Finder<'static>>),
}

impl PartitionChoice {
    /// From `partition` and `assign_partitions`.
    pub(super) fn new(partition: Option<i32>, words: Option<&[String]>) -> Self {
        match (partition, words) {
            (Some(partition), _) => Self::Fixed(partition),
            (None, Some(words)) if !words.is_empty() => Self::Content(
                words
                    .iter()
                    .map(|w| Finder::new(w.as_bytes()).into_owned())
                    .collect(),
            ),
            _ => Self::Client,
        }
    }
}

/// Numbers of partitions, asked for where they are needed.
#[derive(Default)]
pub(super) struct PartitionCounts {
    known: HashMap<String, (i32, Instant)>,
}

impl PartitionCounts {
    /// The partition of a message, where it is not the client that chooses.
    ///
    /// # Errors
    /// If the topic has too few partitions, or the brokers can't be asked.
    pub(super) async fn choose(
        &mut self,
        choice: &PartitionChoice,
        topic: &str,
        value: Option<&[u8]>,
        producer: &Producer,
    ) -> Result<Option<i32>> {
        match choice {
            PartitionChoice::Client => Ok(None),
            PartitionChoice::Fixed(partition) => Ok(Some(*partition)),
            PartitionChoice::Content(words) => {
                let value = value.unwrap_or_default();
                if let Some(found) = words.iter().position(|word| word.find(value).is_some()) {
                    return Ok(i32::try_from(found).ok());
                }
                let count = self.count(topic, producer).await?;
                by_hash(value, words.len(), count).map(Some).ok_or_else(|| {
                    Error::new(
                        codes::OPTION,
                        format!(
                            "`assign_partitions` has {} texts and the topic {count} partitions: none is left for other messages",
                            words.len()
                        ),
                    )
                    .with_context("topic", topic)
                })
            }
        }
    }

    async fn count(&mut self, topic: &str, producer: &Producer) -> Result<i32> {
        if let Some((count, asked)) = self.known.get(topic)
            && asked.elapsed() < BELIEVED
        {
            return Ok(*count);
        }
        let count = count_partitions(producer, topic).await?;
        self.known.insert(topic.to_owned(), (count, Instant::now()));
        Ok(count)
    }
}

/// The number of a topic's partitions. Brokers that make topics by themselves make this one.
///
/// # Errors
/// If there is no such topic, or the brokers can't be asked.
pub(super) async fn count_partitions(producer: &Producer, topic: &str) -> Result<i32> {
    let client = producer.inner().clone();
    let notes = producer.notes().clone();
    let name = topic.to_owned();
    errors::blocking(move || {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let metadata = client
                .client()
                .fetch_metadata(Some(&name), Duration::from_secs(10))
                .map_err(|e| {
                    errors::client(e, "the topic can't be looked up", &notes)
                        .with_context("topic", &name)
                })?;
            let found = metadata.topics().first();
            let error = found.and_then(|t| t.error());
            let count = found.map_or(0, |t| t.partitions().len());
            if error.is_none() && count > 0 {
                return Ok(i32::try_from(count).unwrap_or(i32::MAX));
            }
            // One that is being made is not there at once.
            if Instant::now() >= deadline {
                let why = error.map_or_else(
                    || "it has no partitions".to_owned(),
                    |e| RDKafkaErrorCode::from(e).to_string(),
                );
                return Err(topic_missing(&name, why));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    })
    .await
}

/// The partition behind the first `assigned` ones that SeaTunnel chooses for a message.
fn by_hash(value: &[u8], assigned: usize, count: i32) -> Option<i32> {
    let assigned = i32::try_from(assigned).ok()?;
    let rest = count.checked_sub(assigned).filter(|rest| *rest > 0)?;
    Some(java_hash(value).rem_euclid(rest) + assigned)
}

/// `String.hashCode` of Java, of the text that these bytes are in UTF-8.
fn java_hash(value: &[u8]) -> i32 {
    if value.is_ascii() {
        return value.iter().fold(0i32, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(i32::from(*byte))
        });
    }
    String::from_utf8_lossy(value)
        .encode_utf16()
        .fold(0i32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(i32::from(unit))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_spread_as_by_java() {
        assert_eq!(java_hash(b"hello"), 99_162_322);
        assert_eq!(java_hash("h\u{e4}llo \u{1f600}".as_bytes()), {
            let units: Vec<u16> = "h\u{e4}llo \u{1f600}".encode_utf16().collect();
            units
                .iter()
                .fold(0i32, |h, u| h.wrapping_mul(31).wrapping_add(i32::from(*u)))
        });
        assert_eq!(by_hash(b"hello", 2, 5), Some(99_162_322 % 3 + 2));
        assert_eq!(
            by_hash(b"polygenelubricants", 1, 4).map(|p| (1..4).contains(&p)),
            Some(true)
        );
        assert_eq!(by_hash(b"hello", 3, 3), None);
    }
}
