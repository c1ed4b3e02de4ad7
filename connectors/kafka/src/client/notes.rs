//! What a client has to say besides results: log lines, and errors that explain a later failure.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The context of a client. Cloning shares it.
///
/// librdkafka goes on trying when it can't reach a broker or is refused by one, and then says only
/// that time is up. The reason was told before as an error that belongs to no call: kept here.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Option<(RDKafkaErrorCode, String)>>>);

impl Notes {
    /// The newest reason for not reaching or not being let in by brokers.
    pub(crate) fn reason(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Forgets the reason: what it was about has passed.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Keeps the reason of an error that belongs to no call.
    pub(crate) fn keep(&self, error: &KafkaError, reason: &str) {
        tracing::debug!("Kafka: {error}: {reason}");
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // That all brokers are down follows from what was told before.
        if code != RDKafkaErrorCode::AllBrokersDown || kept.is_none() {
            *kept = Some((code, reason.to_owned()));
        }
    }
}

/// A line of librdkafka's log.
fn log_line(level: RDKafkaLogLevel, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => tracing::warn!("Kafka client: {message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::debug!("Kafka client: {message}")
        }
        RDKafkaLogLevel::Debug => tracing::trace!("Kafka client: {message}"),
    }
}

impl ClientContext for Notes {
    fn log(&self, level: RDKafkaLogLevel, _facility: &str, message: &str) {
        log_line(level, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.keep(&error, reason);
    }
}

impl ConsumerContext for Notes {}
