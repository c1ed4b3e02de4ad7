//! A transaction whose producer lives in this process.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::Producer as _;
use seatunnel_api::{Error, Result};

use super::coordinator::{Coordinators, TransactionState};
use super::{Prepared, recover};
use crate::codes;
use crate::sink::errors::{self, blocking};
use crate::sink::producer::Producer;

/// The longest wait within one call of librdkafka.
const ONE_CALL: Duration = Duration::from_secs(10);

/// The longest wait for brokers that start, or move the coordinator.
const PATIENCE: Duration = Duration::from_secs(60);

/// Transactional ids that live producers of this process have: no two may share one.
static CLAIMED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Holds a transactional id for as long as it lives.
#[derive(Debug)]
pub(crate) struct Claim(String);

impl Claim {
    /// Nothing if somebody in this process has it.
    pub(super) fn new(id: String) -> Option<Self> {
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        // Only made when it is held: dropping it sets the id free.
        match claimed.insert(id.clone()) {
            true => Some(Self(id)),
            false => None,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.0);
    }
}

/// A producer under a transactional id, within a transaction or ready for one.
pub(crate) struct LiveTransaction {
    producer: Producer,
    claim: Claim,
}

impl LiveTransaction {
    /// Takes the id over: whatever was open under it is aborted.
    pub(super) async fn open(config: &ClientConfig, claim: Claim) -> Result<Self> {
        let begun = Instant::now();
        let mut config = config.clone();
        config.set("transactional.id", claim.id());
        let producer = blocking(move || {
            let producer = Producer::open(&config)?;
            retried("a transactional id can't be taken", &producer, || {
                producer.inner().init_transactions(ONE_CALL)
            })?;
            Ok(producer)
        })
        .await
        .map_err(|e| e.with_context("transactional id", claim.id()))?;
        tracing::debug!(
            transactional_id = claim.id(),
            ms = begun.elapsed().as_millis(),
            "transactional id taken"
        );
        Ok(Self { producer, claim })
    }

    /// Begins a transaction; costs nothing until there are rows.
    pub(super) fn begin(&self) -> Result<()> {
        self.producer.forget_witness();
        self.producer.inner().begin_transaction().map_err(|e| {
            errors::client(e, "a transaction can't be begun", self.producer.notes())
                .with_context("transactional id", self.claim.id())
        })
    }

    /// Its producer.
    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }

    /// Its transactional id.
    pub(super) fn id(&self) -> &str {
        self.claim.id()
    }

    /// Waits until all rows are written, and sees to it that they can be committed by anybody.
    pub(crate) async fn prepare(
        &self,
        coordinators: &mut Coordinators,
        checkpoint: u64,
        rows: u64,
    ) -> Result<Prepared> {
        if let Err(error) = self.producer.flush().await {
            return Err(self.explain(coordinators, error).await);
        }
        let open = recover::open(coordinators, self.id()).await?;
        let witness = self.producer.witness().ok_or_else(|| {
            Error::new(
                seatunnel_api::codes::INTERNAL,
                "rows were flushed, and none of them was delivered",
            )
        })?;
        Ok(Prepared {
            transactional_id: self.id().to_owned(),
            producer: open.producer,
            started: open.started,
            checkpoint,
            rows,
            witness,
        })
    }

    /// Commits what is prepared, through the producer that wrote it. An error says nothing of
    /// whether it is committed.
    pub(super) async fn commit(self) -> Result<Self> {
        blocking(move || {
            retried("a transaction can't be committed", &self.producer, || {
                self.producer.inner().commit_transaction(ONE_CALL)
            })?;
            Ok(self)
        })
        .await
    }

    /// Throws the rows away, and the producer with them: after an error it is of no more use.
    pub(crate) async fn abort(self) -> Result<()> {
        blocking(move || {
            let id = self.claim.id().to_owned();
            retried("a transaction can't be aborted", &self.producer, || {
                self.producer.inner().abort_transaction(ONE_CALL)
            })
            .map_err(|e| e.with_context("transactional id", id))
        })
        .await
    }

    /// Closes the producer. An open transaction stays open until somebody ends it, or it times out.
    pub(crate) async fn close(self) -> Claim {
        self.producer.close().await;
        self.claim
    }

    /// Why rows can't be written: the broker has ended the transaction, which a new attempt cures, or
    /// somebody else has taken its id, which it doesn't.
    pub(crate) async fn explain(&self, coordinators: &mut Coordinators, error: Error) -> Error {
        if error.is_retryable() || error.is_of_row() {
            return error;
        }
        let Ok(Some(found)) = coordinators.describe(self.id()).await else {
            return error;
        };
        match found.state {
            TransactionState::CompleteAbort | TransactionState::PrepareAbort | TransactionState::PrepareEpochFence => {
                Error::new(
                    codes::TRANSACTION_FAILED,
                    "the broker has aborted the transaction before the checkpoint: it was open for too long",
                )
                .with_context("transactional id", self.id())
                .with_help(recover::TIMEOUT_HELP)
                .with_cause(error)
                .retryable()
            }
            _ if error.code() == codes::TRANSACTION_FAILED => Error::new(
                codes::FENCED,
                "another producer has taken over the transactional id",
            )
            .with_context("transactional id", self.id())
            .with_help("does the same job run twice?")
            .with_cause(error),
            _ => error,
        }
    }
}

/// Calls again while librdkafka says that this may help.
fn retried(
    what: &str,
    producer: &Producer,
    call: impl Fn() -> Result<(), KafkaError>,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match call() {
            Ok(()) => return Ok(()),
            Err(KafkaError::Transaction(error))
                if error.is_retriable() && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(errors::client(error, what, producer.notes())),
        }
    }
}
