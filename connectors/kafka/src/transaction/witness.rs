//! What the log says of a transaction that the coordinator has forgotten.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use seatunnel_api::{Error, Result};

use super::Witness;
use crate::codes;

/// How long open transactions before the row are waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The settings of a producer that a consumer needs too: how brokers are reached.
const SHARED: [&str; 6] = [
    "bootstrap.servers",
    "client.id",
    "security.",
    "sasl.",
    "ssl.",
    "enable.ssl.",
];

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It can be read by those who read only what is committed.
    Committed,
    /// They pass over it.
    Aborted,
    /// The partition no longer goes back so far, or is gone.
    Expired,
    /// Another transaction before it is open.
    Pending,
}

/// What became of the row at this place.
///
/// # Errors
/// If the partition can't be read; retryable.
pub(super) async fn ask(config: &ClientConfig, witness: &Witness) -> Result<Verdict> {
    let mut consumer_config = ClientConfig::new();
    for (key, value) in config.config_map() {
        if SHARED.iter().any(|s| key.starts_with(s)) {
            consumer_config.set(key, value);
        }
    }
    consumer_config
        .set("group.id", "seatunnel-witness")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed");
    let witness = witness.clone();
    tokio::task::spawn_blocking(move || look(&consumer_config, &witness))
        .await
        .map_err(|e| {
            Error::new(seatunnel_api::codes::INTERNAL, "looking at the log failed").with_cause(e)
        })?
}

fn look(config: &ClientConfig, witness: &Witness) -> Result<Verdict> {
    let failed = |e: KafkaError| {
        Error::new(
            codes::TRANSACTION_FAILED,
            "the rows of a transaction can't be looked at",
        )
        .with_context("topic", &witness.topic)
        .with_context("partition", witness.partition)
        .with_cause(e)
        .retryable()
    };
    let consumer: BaseConsumer = config.create().map_err(failed)?;
    let deadline = Instant::now() + PATIENCE;
    // A consumer that reads only what is committed is told the last stable offset as the end: all
    // before it is decided.
    loop {
        let range =
            consumer.fetch_watermarks(&witness.topic, witness.partition, Duration::from_secs(10));
        match range {
            Ok((start, _)) if start > witness.offset => return Ok(Verdict::Expired),
            Ok((_, decided)) if decided > witness.offset => break,
            Ok(_) if Instant::now() >= deadline => return Ok(Verdict::Pending),
            Ok(_) => std::thread::sleep(Duration::from_millis(100)),
            Err(error) if is_gone(&error) => return Ok(Verdict::Expired),
            Err(error) => return Err(failed(error)),
        }
    }
    let mut place = TopicPartitionList::new();
    place
        .add_partition_offset(
            &witness.topic,
            witness.partition,
            Offset::Offset(witness.offset),
        )
        .map_err(failed)?;
    consumer.assign(&place).map_err(failed)?;
    while Instant::now() < deadline {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) if message.offset() == witness.offset => {
                return Ok(Verdict::Committed);
            }
            // Behind the row, without having seen it.
            Some(Ok(_)) | Some(Err(KafkaError::PartitionEOF(_))) => return Ok(Verdict::Aborted),
            Some(Err(error)) if is_gone(&error) => return Ok(Verdict::Expired),
            Some(Err(error)) => return Err(failed(error)),
        }
    }
    Ok(Verdict::Pending)
}

fn is_gone(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::OffsetOutOfRange
                | RDKafkaErrorCode::AutoOffsetReset
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
        )
    )
}
