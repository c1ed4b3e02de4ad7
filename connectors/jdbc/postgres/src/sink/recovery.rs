//! What happens when the server refuses rows, or can't take them now.

use std::time::Duration;

use seatunnel_api::{Error, Result, codes};

use super::attempt::{self, Attempt};
use super::kept::{self, Kept};
use super::session::Session;
use super::table::{Path, TableWriter, Work};
use crate::wire::Failure;

/// Rows that are tried at once after one was refused.
const CAREFUL: usize = 1_024;
/// A row has a key that another has.
const UNIQUE: &str = "23505";
/// COPY can't do it: row-level security.
const UNSUPPORTED: &str = "0A000";
/// A statement would change a row twice.
const TWICE: &str = "21000";

impl TableWriter {
    /// After the server has refused rows of the open COPY: writes them again in another way, or gives
    /// the error.
    pub(super) async fn recover(&mut self, session: &mut Session, failure: Failure) -> Result<()> {
        session.copying = None;
        let row = attempt::line_of(&failure);
        let begun = self.copied > 0 || !failure.is(UNSUPPORTED);
        if begun && !self.retains() {
            let first = self.taken - self.kept_rows as u64 - self.copied;
            return Err(self.told(failure, row.map(|row| first + row as u64 + 1)));
        }
        let mut all = std::mem::take(&mut self.sent);
        all.append(&mut self.kept);
        (self.sent_bytes, self.kept_rows, self.kept_bytes) = (0, 0, 0);
        self.apply(session, all, Some(Attempt { failure, row }))
            .await
    }

    /// Commits a flush. `backup` has its rows, if it may be tried again.
    pub(super) async fn commit(
        &mut self,
        session: &mut Session,
        backup: Option<Vec<Kept>>,
    ) -> Result<()> {
        let mut retries = 0;
        loop {
            let Err(failure) = session.commit().await else {
                self.committed();
                return Ok(());
            };
            // Whether a commit whose answer was lost has been done is not known: only rows that
            // replace themselves can be written again.
            let sure = failure.as_server().is_some() || self.replaces();
            let Some(rows) = backup.as_ref().filter(|_| sure) else {
                return Err(self.told(failure, None));
            };
            self.wait(failure, &mut retries).await?;
            session.abort().await?;
            self.apply(session, rows.clone(), None).await?;
        }
    }

    /// Waits before another try, longer each time; gives the error if there were enough.
    async fn wait(&self, failure: Failure, retries: &mut u32) -> Result<()> {
        const FIRST: Duration = Duration::from_millis(50);
        const LONGEST: Duration = Duration::from_secs(10);
        let error = self.told(failure, None);
        if !error.is_retryable() || *retries >= self.limits.retries {
            return Err(error);
        }
        let pause = FIRST.saturating_mul(1 << (*retries).min(16)).min(LONGEST);
        *retries += 1;
        tracing::warn!(
            "{error}; trying again in {} ms ({retries} of {})",
            pause.as_millis(),
            self.limits.retries
        );
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Writes rows in one go; `first` is a try of the same rows that has failed already.
    pub(super) async fn apply(
        &mut self,
        session: &mut Session,
        all: Vec<Kept>,
        first: Option<Attempt>,
    ) -> Result<()> {
        let mut failed = first;
        let mut retries = 0;
        loop {
            let attempt = match failed.take() {
                Some(attempt) => attempt,
                None => match self.attempt(session, &all).await {
                    Ok(()) => return Ok(()),
                    Err(attempt) => attempt,
                },
            };
            if attempt::is_retryable(&attempt.failure) {
                if !self.limits.commits {
                    return Err(self.told(attempt.failure, None));
                }
                // Only this flush is in the transaction.
                self.wait(attempt.failure, &mut retries).await?;
                session.abort().await?;
                continue;
            }
            if attempt.failure.as_server().is_none() {
                return Err(self.told(attempt.failure, None));
            }
            session.roll_back_to_savepoint().await?;
            if self.path == Path::Direct {
                let reason = if self.replaces() && attempt.failure.is(UNIQUE) {
                    Some("some keys are there already")
                } else if attempt.failure.is(UNSUPPORTED) {
                    Some("the table does not take COPY")
                } else {
                    None
                };
                if let Some(reason) = reason {
                    self.leave_direct(reason);
                    continue;
                }
            }
            if self.path == Path::Stage && !self.last_wins && attempt.failure.is(TWICE) {
                self.last_wins = true;
                continue;
            }
            if self.dirty.is_on() && attempt.is_of_row() {
                return self.apply_piecewise(session, &all).await;
            }
            return Err(self.of_row(attempt, &all).await);
        }
    }

    /// Writes rows in pieces, smaller and smaller about those that are refused.
    async fn apply_piecewise(&mut self, session: &mut Session, all: &[Kept]) -> Result<()> {
        let mut todo = Vec::new();
        todo.push(0..kept::count(all));
        let mut most = CAREFUL;
        while let Some(mut range) = todo.pop() {
            if range.len() > most {
                todo.push(range.start + most..range.end);
                range.end = range.start + most;
            }
            let piece = kept::slice(all, range.clone());
            let Err(attempt) = self.attempt(session, &piece).await else {
                most = most.saturating_mul(2);
                continue;
            };
            if attempt.failure.as_server().is_none() || !attempt.is_of_row() {
                return Err(self.told(attempt.failure, None));
            }
            session.roll_back_to_savepoint().await?;
            most = CAREFUL;
            let known = if range.len() == 1 {
                Some(0)
            } else {
                attempt.row
            };
            let Some(bad) = known.filter(|bad| *bad < range.len()) else {
                let middle = range.start + range.len() / 2;
                todo.push(middle..range.end);
                todo.push(range.start..middle);
                continue;
            };
            let Some((kept, row)) = kept::row(&piece, bad) else {
                continue;
            };
            let error = self.told(attempt.failure, Some(kept.number(row)));
            self.refused.push((kept.batch.clone(), row, error));
            for rest in [
                range.start + bad + 1..range.end,
                range.start..range.start + bad,
            ] {
                if !rest.is_empty() {
                    todo.push(rest);
                }
            }
        }
        Ok(())
    }

    async fn attempt(&mut self, session: &mut Session, all: &[Kept]) -> Result<(), Attempt> {
        match (&self.work, self.path) {
            (Work::Given(given), _) => attempt::given(session, given, self.index, all).await,
            (Work::Made(plan), Path::Stage) => {
                attempt::stage(session, plan, &mut self.stage, self.last_wins, all).await
            }
            (Work::Made(plan), _) => attempt::direct(session, plan, all).await,
        }
    }

    /// The error of rows that were refused, with the row where it is known.
    async fn of_row(&self, attempt: Attempt, all: &[Kept]) -> Error {
        let found = attempt.row.and_then(|row| kept::row(all, row));
        let number = found.map(|(kept, row)| kept.number(row));
        let error = self.told(attempt.failure, number);
        match found {
            Some((kept, row)) if !self.dirty.is_on() => {
                match self.dirty.reject(&kept.batch, row, error).await {
                    Err(error) => error,
                    Ok(()) => {
                        Error::new(codes::INTERNAL, "a row was rejected although none may be")
                    }
                }
            }
            _ => error,
        }
    }

    /// A failure in the user's terms.
    fn told(&self, failure: Failure, row: Option<u64>) -> Error {
        attempt::told(failure, &self.shown(), row)
    }
}
