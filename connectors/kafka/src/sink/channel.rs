//! How a writer's records travel: straight, or in transactions.

use seatunnel_api::{CheckpointId, Error, Result};

use super::producer::Producer;
use crate::transaction::{Coordinators, LiveTransaction, Prepared, Transactions};

/// The way of one writer's records.
pub(super) enum Channel {
    /// Seen by everybody once they are written.
    Direct(Producer),
    /// Seen by those who read what is committed, once their checkpoint is.
    Transactional(Box<TransactionChannel>),
}

/// One transaction after the other.
pub(super) struct TransactionChannel {
    transactions: Transactions,
    coordinators: Coordinators,
    subtask: usize,
    /// The transaction of the coming checkpoint, begun with its first row.
    current: Option<LiveTransaction>,
    /// Rows in it.
    rows: u64,
}

impl Channel {
    /// In transactions.
    ///
    /// # Errors
    /// If they can't be set up.
    pub(super) fn transactional(transactions: Transactions, subtask: usize) -> Result<Self> {
        let coordinators = transactions.coordinators()?;
        Ok(Self::Transactional(Box::new(TransactionChannel {
            transactions,
            coordinators,
            subtask,
            current: None,
            rows: 0,
        })))
    }

    /// Sees to it that records can be queued.
    ///
    /// # Errors
    /// If a transaction is needed and can't be begun.
    pub(super) async fn ready(&mut self) -> Result<()> {
        if let Self::Transactional(channel) = self
            && channel.current.is_none()
        {
            let TransactionChannel {
                transactions,
                coordinators,
                subtask,
                ..
            } = channel.as_mut();
            channel.current = Some(transactions.begin(*subtask, coordinators).await?);
        }
        Ok(())
    }

    /// The producer to queue records with, after [`Channel::ready`].
    pub(super) fn producer(&self) -> &Producer {
        match self {
            Self::Direct(producer) => producer,
            Self::Transactional(channel) => channel
                .current
                .as_ref()
                .expect("a writer is ready before it writes")
                .producer(),
        }
    }

    /// So many records have been queued.
    pub(super) fn count(&mut self, rows: u64) {
        if let Self::Transactional(channel) = self {
            channel.rows += rows;
        }
    }

    /// What an error of a record means for the job.
    pub(super) async fn explain(&mut self, error: Error) -> Error {
        match self {
            Self::Transactional(channel) => match &channel.current {
                Some(live) => live.explain(&mut channel.coordinators, error).await,
                None => error,
            },
            Self::Direct(_) => error,
        }
    }

    /// Waits until all records are written.
    ///
    /// # Errors
    /// If one could not be, or its transaction is gone.
    pub(super) async fn prepare(&mut self, checkpoint: CheckpointId) -> Result<Vec<Prepared>> {
        match self {
            Self::Direct(producer) => {
                producer.flush().await?;
                Ok(Vec::new())
            }
            // An empty transaction is none: the broker does not know of it yet.
            Self::Transactional(channel) if channel.rows == 0 => Ok(Vec::new()),
            Self::Transactional(channel) => {
                let TransactionChannel {
                    transactions,
                    coordinators,
                    current,
                    rows,
                    subtask,
                } = channel.as_mut();
                let Some(live) = current.as_ref() else {
                    return Ok(Vec::new());
                };
                // It stays where `abort` finds it until it is prepared.
                let prepared = live.prepare(coordinators, checkpoint, *rows).await?;
                if let Some(live) = current.take() {
                    transactions.keep(live, &prepared, *subtask);
                }
                *rows = 0;
                Ok(vec![prepared])
            }
        }
    }

    /// Throws away what is not handed over.
    ///
    /// # Errors
    /// If the broker can't be told; it takes back the rows itself after `transaction.timeout.ms`.
    pub(super) async fn abort(&mut self) -> Result<()> {
        if let Self::Transactional(channel) = self {
            channel.rows = 0;
            if let Some(live) = channel.current.take() {
                return live.abort().await;
            }
        }
        Ok(())
    }

    /// Closes connections. What is prepared stays so.
    pub(super) async fn close(self) {
        match self {
            Self::Direct(producer) => producer.close().await,
            Self::Transactional(mut channel) => {
                if let Some(live) = channel.current.take() {
                    live.close().await;
                }
                channel.transactions.release(channel.subtask).await;
            }
        }
    }
}
