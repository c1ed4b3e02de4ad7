//! Errors of the source and of the sink.

use seatunnel_api::ErrorCode;

/// An option or a property of `kafka.config` is not valid.
pub(crate) const OPTION: ErrorCode = ErrorCode::new("KAFKA-01", "option not valid");
/// Asked for in a way that Java's client can do and this program can't.
pub(crate) const UNSUPPORTED: ErrorCode = ErrorCode::new("KAFKA-02", "not supported");
/// No broker could be reached, or a connection was lost.
pub(crate) const CONNECT_FAILED: ErrorCode = ErrorCode::new("KAFKA-03", "brokers not reached");
/// The brokers refuse the login.
pub(crate) const LOGIN_REFUSED: ErrorCode = ErrorCode::new("KAFKA-04", "login refused");
/// No encrypted connection came about.
pub(crate) const TLS_FAILED: ErrorCode = ErrorCode::new("KAFKA-05", "TLS failed");
/// The user may not do it.
pub(crate) const FORBIDDEN: ErrorCode = ErrorCode::new("KAFKA-06", "not allowed");
/// There is no such topic or partition.
pub(crate) const TOPIC_MISSING: ErrorCode = ErrorCode::new("KAFKA-07", "topic not found");
/// A broker answers in a way that is not understood.
pub(crate) const PROTOCOL: ErrorCode = ErrorCode::new("KAFKA-08", "protocol not understood");
/// The client library could not do what must always work.
pub(crate) const CLIENT: ErrorCode = ErrorCode::new("KAFKA-09", "client failed");

/// Messages could not be read.
pub(crate) const READ_FAILED: ErrorCode = ErrorCode::new("KAFKA-11", "messages not read");
/// The offset to read from is not there, or no longer.
pub(crate) const OFFSET_GONE: ErrorCode = ErrorCode::new("KAFKA-12", "offset out of range");
/// Offsets of a consumer group could not be read or committed.
pub(crate) const GROUP_FAILED: ErrorCode = ErrorCode::new("KAFKA-13", "group offsets failed");

/// Messages could not be written.
pub(crate) const WRITE_FAILED: ErrorCode = ErrorCode::new("KAFKA-21", "messages not written");
/// A transaction could not be begun, committed or aborted.
pub(crate) const TRANSACTION_FAILED: ErrorCode = ErrorCode::new("KAFKA-22", "transaction failed");
/// Messages of a checkpoint are gone with a transaction that the brokers have aborted.
pub(crate) const TRANSACTION_LOST: ErrorCode = ErrorCode::new("KAFKA-23", "transaction lost");
/// Another producer has taken over the transactional id.
pub(crate) const FENCED: ErrorCode = ErrorCode::new("KAFKA-24", "producer fenced");
/// A message is larger than brokers or the client take.
pub(crate) const TOO_LARGE: ErrorCode = ErrorCode::new("KAFKA-25", "message too large");
