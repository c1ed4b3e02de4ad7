//! Ending a transaction of which only the [`Prepared`] is left. The module's comment says why it is sound.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use seatunnel_api::{Error, Result};

use super::Prepared;
use super::coordinator::{Coordinators, Described, Ended, TransactionState};
use super::witness::{self, Verdict};
use crate::codes;

/// How long markers may take to be written.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the coordinator's answer means for a prepared transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Waits for its end.
    Open,
    /// The commit is decided; consumers see the rows in a moment.
    Committing,
    /// Committed, and consumers see the rows.
    Committed,
    /// Aborted.
    Aborted,
    /// The coordinator knows nothing of it any more.
    Unknown,
}

fn standing(found: Option<&Described>, prepared: &Prepared) -> Standing {
    match found {
        Some(found) if found.producer == prepared.producer => match found.state {
            TransactionState::Ongoing if found.started == prepared.started => Standing::Open,
            TransactionState::Ongoing => Standing::Unknown,
            TransactionState::PrepareCommit => Standing::Committing,
            TransactionState::CompleteCommit => Standing::Committed,
            TransactionState::PrepareAbort
            | TransactionState::CompleteAbort
            | TransactionState::PrepareEpochFence => Standing::Aborted,
            TransactionState::Empty | TransactionState::Other => Standing::Unknown,
        },
        _ => Standing::Unknown,
    }
}

/// Commits, or finds that it was committed before; consumers see the rows when this returns.
///
/// # Errors
/// If brokers can't be asked (retryable), or the rows are lost.
pub(super) async fn commit(
    coordinators: &mut Coordinators,
    config: &ClientConfig,
    prepared: &Prepared,
) -> Result<()> {
    let id = &prepared.transactional_id;
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(1);
    loop {
        let found = coordinators.describe(id).await?;
        match standing(found.as_ref(), prepared) {
            Standing::Committed => return Ok(()),
            Standing::Aborted => return Err(lost(prepared, "the broker has aborted it")),
            Standing::Unknown => return ask_witness(config, prepared).await,
            Standing::Open => {
                // Not open any more: the next look tells why.
                let _: Ended = coordinators.end(id, prepared.producer, true).await?;
            }
            Standing::Committing => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(200));
            }
        }
        if Instant::now() >= deadline {
            return Err(Error::new(
                codes::TRANSACTION_FAILED,
                "the commit is under way, and its markers are not written in time",
            )
            .with_context("transactional id", id)
            .retryable());
        }
    }
}

/// Aborts, unless somebody has done so.
///
/// # Errors
/// If brokers can't be asked.
pub(super) async fn abort(coordinators: &mut Coordinators, prepared: &Prepared) -> Result<()> {
    let id = &prepared.transactional_id;
    let found = coordinators.describe(id).await?;
    if standing(found.as_ref(), prepared) == Standing::Open {
        coordinators.end(id, prepared.producer, false).await?;
    }
    Ok(())
}

/// How a transaction has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was committed.
    Committed,
    /// It was not, or that is not known any more.
    Other,
}

/// How a prepared transaction has ended; none if it is still open.
///
/// # Errors
/// If the coordinator can't be asked.
pub(super) async fn end(
    coordinators: &mut Coordinators,
    prepared: &Prepared,
) -> Result<Option<End>> {
    let found = coordinators.describe(&prepared.transactional_id).await?;
    Ok(match standing(found.as_ref(), prepared) {
        Standing::Open | Standing::Committing => None,
        Standing::Committed => Some(End::Committed),
        Standing::Aborted | Standing::Unknown => Some(End::Other),
    })
}

/// Whether a transaction is open, as it has to be before a checkpoint may count on it.
///
/// # Errors
/// If it isn't (retryable: its rows can be read and written again), or brokers can't be asked.
pub(super) async fn open(coordinators: &mut Coordinators, id: &str) -> Result<Described> {
    match coordinators.describe(id).await? {
        Some(found) if found.state == TransactionState::Ongoing => Ok(found),
        other => Err(Error::new(
            codes::TRANSACTION_FAILED,
            "the broker has ended the transaction before the checkpoint",
        )
        .with_context("transactional id", id)
        .with_context(
            "state",
            other.map_or_else(|| "not known".to_owned(), |f| format!("{:?}", f.state)),
        )
        .with_help(TIMEOUT_HELP)
        .retryable()),
    }
}

async fn ask_witness(config: &ClientConfig, prepared: &Prepared) -> Result<()> {
    let id = &prepared.transactional_id;
    match witness::ask(config, &prepared.witness).await? {
        Verdict::Committed => {
            tracing::info!(transactional_id = %id, "the transaction was committed before, as its rows show");
            Ok(())
        }
        Verdict::Expired => {
            tracing::warn!(
                transactional_id = %id, checkpoint = prepared.checkpoint, rows = prepared.rows,
                "whether the transaction was committed can't be told any more: its rows would be older than the topic keeps"
            );
            Ok(())
        }
        Verdict::Aborted => Err(lost(
            prepared,
            "it has timed out, or another producer has taken its transactional id",
        )),
        Verdict::Pending => Err(Error::new(
            codes::TRANSACTION_FAILED,
            "whether the transaction was committed can't be told yet: another one before it in the partition is open",
        )
        .with_context("transactional id", id)
        .with_context("topic", &prepared.witness.topic)
        .with_context("partition", prepared.witness.partition)
        .retryable()),
    }
}

/// What keeps transactions alive for longer.
pub(super) const TIMEOUT_HELP: &str = "a transaction lives for `transaction.timeout.ms` (in `kafka.config`) at most, which the brokers \
     limit by `transaction.max.timeout.ms`: raise both above the checkpoint interval and the longest time that the job may be down";

fn lost(prepared: &Prepared, why: &str) -> Error {
    Error::new(
        codes::TRANSACTION_LOST,
        format!(
            "{} rows of checkpoint {} are lost: their transaction can't be committed, {why}",
            prepared.rows, prepared.checkpoint
        ),
    )
    .with_context("transactional id", &prepared.transactional_id)
    .with_context("topic", &prepared.witness.topic)
    .with_help(format!(
        "start the job over with --fresh, or from an older savepoint, to write them again; and so that it doesn't happen again: {TIMEOUT_HELP}"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::{ProducerIdentity, Witness};
    use super::*;

    #[test]
    fn only_the_producer_that_wrote_is_believed() {
        let prepared = Prepared {
            transactional_id: "x".to_owned(),
            producer: ProducerIdentity { id: 7, epoch: 3 },
            started: 1000,
            checkpoint: 1,
            rows: 1,
            witness: Witness {
                topic: "t".to_owned(),
                partition: 0,
                offset: 0,
            },
        };
        let found = |state, epoch, started| Described {
            state,
            producer: ProducerIdentity { id: 7, epoch },
            started,
        };
        let cases = [
            (TransactionState::Ongoing, 3, 1000, Standing::Open),
            (TransactionState::Ongoing, 3, 2000, Standing::Unknown),
            (
                TransactionState::PrepareCommit,
                3,
                1000,
                Standing::Committing,
            ),
            (TransactionState::CompleteCommit, 3, -1, Standing::Committed),
            (TransactionState::CompleteAbort, 3, -1, Standing::Aborted),
            (TransactionState::Empty, 3, -1, Standing::Unknown),
            (TransactionState::CompleteCommit, 4, -1, Standing::Unknown),
            (TransactionState::CompleteAbort, 4, -1, Standing::Unknown),
            (TransactionState::Ongoing, 4, 1000, Standing::Unknown),
        ];
        for (state, epoch, started, expected) in cases {
            let standing = standing(Some(&found(state, epoch, started)), &prepared);
            assert_eq!(standing, expected, "{state:?} {epoch} {started}");
        }
        assert_eq!(standing(None, &prepared), Standing::Unknown);
    }
}
