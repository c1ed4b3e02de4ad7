//! The end of a transaction, and doing it again after a conflict.

use std::time::Duration;

use seatunnel_api::{Batch, Error, Result};
use seatunnel_jdbc_core::errors;

use super::apply::Applier;
use super::writer::{Changes, MySqlWriter};

/// Bytes of rows that are kept to be written again after a conflict, where the user asks for that.
const REPLAYED: usize = 16 << 20;

impl MySqlWriter {
    /// Sends all that is kept back and waits until it is in.
    pub(super) async fn flush(&mut self) -> Result<()> {
        self.apply_changes().await?;
        match &mut self.applier {
            Some(applier) => applier.finish().await,
            None => Ok(()),
        }
    }

    pub(super) async fn flush_and_commit(&mut self) -> Result<()> {
        self.flush().await?;
        let Some(applier) = &mut self.applier else {
            return Ok(());
        };
        if let Err(failure) = applier.session.commit().await {
            let lost = failure.is_lost();
            let error = Error::from(failure);
            let replaces = self
                .plans
                .iter()
                .all(|plan| plan.updates_in_place && !plan.given);
            // Nobody knows whether it was committed: only rows that replace themselves can come again.
            return Err(match lost && !replaces {
                true => not_repeatable(error),
                false => error,
            });
        }
        let rejected = applier.held_back.take();
        for rejected in rejected.into_iter().flatten() {
            self.dirty
                .reject(&rejected.batch, rejected.row, rejected.error)
                .await?;
        }
        self.forget_replay();
        Ok(())
    }

    /// Begins to keep the batches of the next transaction.
    fn forget_replay(&mut self) {
        self.replay = (self.shared.limits.retries > 0).then(Vec::new);
        self.replay_bytes = 0;
        self.in_transaction = 0;
    }

    /// Keeps a batch in case it must be written again.
    pub(super) async fn keep(&mut self, batch: &Batch) -> Result<()> {
        let Some(replay) = &mut self.replay else {
            return Ok(());
        };
        self.replay_bytes += batch.num_bytes();
        if self.replay_bytes <= REPLAYED {
            replay.push(batch.clone());
            return Ok(());
        }
        // From here on a conflict ends the job: there would be too much to keep.
        self.replay = None;
        let held_back = match &mut self.applier {
            Some(applier) => applier.held_back.take(),
            None => None,
        };
        for rejected in held_back.into_iter().flatten() {
            self.dirty
                .reject(&rejected.batch, rejected.row, rejected.error)
                .await?;
        }
        Ok(())
    }

    /// Writes the transaction again, as often as the user allows, after work on it has failed.
    pub(super) async fn retry(&mut self, error: Error, commit: bool) -> Result<()> {
        let mut error = error;
        for retry in 1..=self.shared.limits.retries {
            if !error.is_retryable() || self.replay.is_none() {
                return Err(error);
            }
            tracing::warn!(
                "{error}; trying again ({retry} of {})",
                self.shared.limits.retries
            );
            let batches = self.replay.clone().unwrap_or_default();
            match self.replay_once(batches, commit).await {
                Ok(()) => return Ok(()),
                Err(again) => error = again,
            }
        }
        Err(error)
    }

    async fn replay_once(&mut self, batches: Vec<Batch>, commit: bool) -> Result<()> {
        self.changes = Changes::default();
        let usable = self.applier.take().map(|applier| applier.session);
        if let Some(mut session) = usable.filter(|s| s.connection.is_usable()) {
            // A deadlock has taken the transaction back already; doing it again does no harm.
            session.rollback().await?;
            self.applier = Some(Applier::new(
                session,
                self.plans.clone(),
                self.dirty.clone(),
                self.parallel,
            ));
        } else {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let rows: u64 = batches.iter().map(|b| b.num_rows() as u64).sum();
        self.rows = self.rows.saturating_sub(rows);
        for batch in batches {
            self.take(batch).await?;
        }
        match commit {
            true => self.flush_and_commit().await,
            false => Ok(()),
        }
    }
}

/// The same error, of which nobody may think that trying again is safe.
fn not_repeatable(error: Error) -> Error {
    Error::new(
        errors::CONNECTION_LOST,
        "the connection was lost while rows were committed, and nobody knows whether they are:          they are not written again, since they could be there twice",
    )
    .with_cause(error)
}
