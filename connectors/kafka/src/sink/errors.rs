//! What errors of the producer mean for a job.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use seatunnel_api::{Error, Result};

use crate::client::{Notes, coded};
use crate::codes;

/// A call of the producer failed.
pub(crate) fn client(error: KafkaError, what: &str, notes: &Notes) -> Error {
    match error {
        KafkaError::ClientConfig(_, why, key, _) => Error::new(
            codes::OPTION,
            format!("{what}: `{key}` of `kafka.config`: {why}"),
        ),
        KafkaError::ClientCreation(why) => Error::new(codes::OPTION, format!("{what}: {why}")),
        KafkaError::Transaction(error) => {
            let passing = error.is_retriable() || error.txn_requires_abort();
            let made = meaning(error.code(), what, notes).with_cause(error.string());
            match passing && made.code() != codes::FENCED {
                true => made.retryable(),
                false => made,
            }
        }
        error => {
            let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
            meaning(code, what, notes).with_cause(error)
        }
    }
}

/// A record was refused at once, or could not be delivered.
pub(crate) fn delivery(
    code: Code,
    topic: &str,
    partition: Option<i32>,
    row: u64,
    notes: &Notes,
) -> Error {
    let mut error = meaning(code, "a row could not be written", notes)
        .with_cause(code)
        .with_context("topic", topic);
    if let Some(partition) = partition.filter(|p| *p >= 0) {
        error = error.with_context("partition", partition);
    }
    error.with_context("row", row)
}

/// The error that a code stands for. Where it only says that time was up, `notes` may know why.
fn meaning(code: Code, what: &str, notes: &Notes) -> Error {
    let with_help = |id, help: &str| Error::new(id, what).with_help(help);
    match code {
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge | Code::InvalidMessageSize => with_help(
            codes::TOO_LARGE,
            "larger messages are allowed by `max.request.size` in `kafka.config`, and by `max.message.bytes` of the topic",
        )
        .of_row(),
        Code::UnknownTopic | Code::UnknownTopicOrPartition => with_help(
            codes::TOPIC_MISSING,
            "create the topic, or let the brokers do so (`auto.create.topics.enable`)",
        ),
        Code::UnknownPartition => with_help(
            codes::TOPIC_MISSING,
            "the topic has fewer partitions than `partition` or `assign_partitions` ask for",
        ),
        Code::InvalidTopic => with_help(
            codes::TOPIC_MISSING,
            "letters, digits, `.`, `_` and `-` are allowed in the name of a topic",
        ),
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed | Code::TransactionalIdAuthorizationFailed => {
            with_help(
                codes::FORBIDDEN,
                "the user needs the operation Write on the topic, and with EXACTLY_ONCE also Write and Describe on \
                 transactional ids that begin with `transaction_prefix`",
            )
        }
        Code::Fenced | Code::ProducerFenced => with_help(
            codes::FENCED,
            "another process writes under the same transactional ids: does the same job run twice?",
        ),
        Code::InvalidTransactionTimeout => with_help(
            codes::OPTION,
            "`transaction.timeout.ms` of `kafka.config` must not be above `transaction.max.timeout.ms` of the brokers",
        ),
        Code::InvalidProducerEpoch
        | Code::InvalidTransactionalState
        | Code::InvalidProducerIdMapping
        | Code::UnknownProducerId => Error::new(codes::TRANSACTION_FAILED, what),
        Code::OutOfOrderSequenceNumber | Code::GaplessGuarantee | Code::ConcurrentTransactions => {
            Error::new(codes::WRITE_FAILED, what).retryable()
        }
        Code::MessageTimedOut | Code::OperationTimedOut | Code::TimedOutQueue => match notes.reason() {
            Some((earlier, reason)) => coded(codes::CONNECT_FAILED, what, earlier).with_cause(reason),
            None => coded(codes::CONNECT_FAILED, what, code),
        },
        code => coded(codes::WRITE_FAILED, what, code),
    }
}

/// The topic is missing and is not made by itself.
pub(crate) fn topic_missing(topic: &str, why: impl std::fmt::Display) -> Error {
    Error::new(
        codes::TOPIC_MISSING,
        format!("the topic can't be written to: {why}"),
    )
    .with_context("topic", topic)
    .with_help("create the topic, or let the brokers do so (`auto.create.topics.enable`)")
}

/// Runs what waits for brokers on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| {
        Error::new(
            seatunnel_api::codes::INTERNAL,
            "a call of the Kafka client failed",
        )
        .with_cause(e)
    })?
}
