//! Errors of librdkafka in the user's terms.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use seatunnel_api::{Error, ErrorCode};

use super::notes::Notes;
use crate::codes;

/// What an error of librdkafka stands for; `other` if it says nothing special.
pub(crate) fn code_of(code: RDKafkaErrorCode, other: ErrorCode) -> ErrorCode {
    use RDKafkaErrorCode as E;
    match code {
        E::Authentication
        | E::SaslAuthenticationFailed
        | E::UnsupportedSASLMechanism
        | E::IllegalSASLState => codes::LOGIN_REFUSED,
        E::SSL => codes::TLS_FAILED,
        E::TopicAuthorizationFailed
        | E::GroupAuthorizationFailed
        | E::ClusterAuthorizationFailed
        | E::TransactionalIdAuthorizationFailed => codes::FORBIDDEN,
        E::UnknownTopic | E::UnknownPartition | E::UnknownTopicOrPartition | E::UnknownTopicId => {
            codes::TOPIC_MISSING
        }
        E::BrokerTransportFailure
        | E::AllBrokersDown
        | E::Resolve
        | E::OperationTimedOut
        | E::TimedOutQueue => codes::CONNECT_FAILED,
        E::OffsetOutOfRange | E::AutoOffsetReset => codes::OFFSET_GONE,
        _ => other,
    }
}

/// Whether trying again may help.
pub(crate) fn is_passing(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as E;
    matches!(
        code,
        E::BrokerTransportFailure
            | E::AllBrokersDown
            | E::Resolve
            | E::OperationTimedOut
            | E::TimedOutQueue
            | E::MessageTimedOut
            | E::RequestTimedOut
            | E::LeaderNotAvailable
            | E::NotLeaderForPartition
            | E::ReplicaNotAvailable
            | E::BrokerNotAvailable
            | E::NetworkException
            | E::CoordinatorLoadInProgress
            | E::CoordinatorNotAvailable
            | E::NotCoordinator
            | E::WaitingForCoordinator
            | E::NotEnoughReplicas
            | E::NotEnoughReplicasAfterAppend
            | E::NotController
            | E::KafkaStorageError
            | E::UnstableOffsetCommit
            | E::PreferredLeaderNotAvailable
            | E::FencedLeaderEpoch
            | E::UnknownLeaderEpoch
            | E::OffsetNotAvailable
            | E::ThrottlingQuotaExceeded
    )
}

/// An error that a call gave. Where it only says that time was up or a connection was lost, `notes`
/// know why.
pub(crate) fn client_error(
    other: ErrorCode,
    message: impl Into<String>,
    error: KafkaError,
    notes: &Notes,
) -> Error {
    let Some(mut code) = error.rdkafka_error_code() else {
        return Error::new(other, message).with_cause(error);
    };
    let mut told = None;
    if code_of(code, other) == codes::CONNECT_FAILED
        && let Some((earlier, reason)) = notes.reason()
    {
        code = earlier;
        told = Some(reason);
    }
    let mut out = coded(other, message, code);
    out = match told {
        Some(reason) => out.with_cause(reason),
        None => out.with_cause(error),
    };
    out
}

/// An error of which only librdkafka's code is known.
pub(crate) fn coded(other: ErrorCode, message: impl Into<String>, code: RDKafkaErrorCode) -> Error {
    let stands_for = code_of(code, other);
    let error = Error::new(stands_for, message);
    let error = match help(stands_for) {
        Some(help) => error.with_help(help),
        None => error,
    };
    match is_passing(code) {
        true => error.retryable(),
        false => error,
    }
}

/// What to do, where that is plain from what the error stands for.
fn help(code: ErrorCode) -> Option<&'static str> {
    match code {
        codes::CONNECT_FAILED => Some(
            "check `bootstrap.servers`, whether the brokers run, and whether the addresses that they announce (`advertised.listeners`) can be reached from here",
        ),
        codes::LOGIN_REFUSED => Some(
            "check `sasl.mechanism` and `sasl.jaas.config` (or `sasl.username` and `sasl.password`) of `kafka.config`",
        ),
        codes::TLS_FAILED => Some(
            "check `security.protocol`, `ssl.truststore.location` and `ssl.keystore.location` of `kafka.config`",
        ),
        codes::FORBIDDEN => {
            Some("give the user the rights for it in the access lists of the brokers")
        }
        _ => None,
    }
}
