//! `LOAD DATA LOCAL INFILE`, fed from memory.
//!
//! A statement is kept open over batches: the server reads rows while the next come. After some
//! megabytes it is finished and looked at, since the server does not stop at a bad row of a local
//! file: with `REPLACE` it is strict about values, without it skips duplicates and adjusts values.
//! Nothing of that may pass: the counts at its end tell, the rows of the statement are still here, the
//! statement is taken back (a savepoint before it) and its rows are written by prepared statements,
//! which name the row, or replace the rows that are there.

use std::sync::Arc;

use seatunnel_api::{Error, Result, codes};

use super::apply::Applier;
use super::form::View;
use super::groups::{Group, Op, Piece};
use super::plan::Plan;
use super::rejected::unfit_error;
use super::session::{Method, told};
use super::statements::Load;
use crate::infile::{Spelling, write_rows};
use crate::wire::{Done, Failure};

/// Bytes of rows kept until a statement has ended well.
const KEPT: usize = 8 << 20;
/// Bytes sent at once.
const PACKET: usize = 128 << 10;

/// Numbers of errors that say that files of clients are not taken: `ER_NOT_ALLOWED_COMMAND`,
/// `ER_CLIENT_LOCAL_FILES_DISABLED`, MariaDB's `ER_LOAD_INFILE_CAPABILITY_DISABLED`.
const NOT_ALLOWED: &[u16] = &[1148, 3948, 4166];

/// A statement that is open.
pub(crate) struct Loading {
    table: usize,
    /// Its rows.
    kept: Group,
    /// How many were sent: all but those with values that MySQL lacks.
    sent: u64,
    /// Written and not sent.
    out: Vec<u8>,
}

/// What became of a statement.
enum Outcome {
    Good(Done),
    /// Some rows did not get in as they are, and why not.
    TakeBack(String),
}

impl Applier {
    /// Puts rows by the bulk load; false if the server has none after all.
    ///
    /// # Errors
    /// If the connection fails, or a row can't be written.
    pub(crate) async fn load(
        &mut self,
        table: usize,
        plan: &Arc<Plan>,
        piece: &Piece,
    ) -> Result<bool> {
        let Some(load) = &plan.load else {
            return Ok(false);
        };
        if self.loading.as_ref().is_some_and(|l| l.table != table) {
            self.finish_load().await?;
        }
        if self.loading.is_none() && !self.start_load(table, plan, load).await? {
            return Ok(false);
        }
        // Taken out, so that a failure leaves no half-told load to be finished.
        let Some(mut loading) = self.loading.take() else {
            return Ok(false);
        };
        let records = piece.batch.records();
        let views: Vec<(View<'_>, Spelling)> = plan
            .fields
            .iter()
            .map(|field| (View::new(&field.form, records, field.place), field.spelling))
            .collect();
        let places: Vec<usize> = plan.fields.iter().map(|field| field.place).collect();
        let mut rows = piece.rows.iter();
        let mut unfit_rows = 0;
        loop {
            match write_rows(
                &mut loading.out,
                &mut self.scratch,
                &views,
                &mut rows,
                PACKET,
            ) {
                Ok(true) => {
                    let sent = self.session.connection.load_send(&loading.out).await;
                    sent.map_err(|failure| self.of_table(failure, plan))?;
                    loading.out.clear();
                    // What a single large row took.
                    loading.out.shrink_to(PACKET << 2);
                }
                Ok(false) => break,
                // Rejected when all is over, since the statement may be done again.
                Err(_) if self.dirty.is_on() => unfit_rows += 1,
                Err(unfit) => {
                    let number = piece.first + unfit.row as u64;
                    let error = unfit_error(plan, &places, unfit);
                    return self
                        .reject(&piece.batch, unfit.row, number, error)
                        .await
                        .map(|()| true);
                }
            }
        }
        loading.sent += (piece.rows.len() - unfit_rows) as u64;
        loading.kept.add(piece.clone());
        let full = loading.kept.bytes >= KEPT;
        let in_the_way = self.parallel && plan.numbers_rows && self.session.loads_wait;
        self.loading = Some(loading);
        if full || in_the_way {
            self.finish_load().await?;
        }
        Ok(true)
    }

    async fn start_load(&mut self, table: usize, plan: &Plan, load: &Load) -> Result<bool> {
        self.finish().await?;
        if !load.replace {
            let savepoint = self.session.connection.execute("SAVEPOINT seatunnel").await;
            savepoint.map_err(|failure| self.of_table(failure, plan))?;
        }
        match self.session.connection.load_start(&load.sql).await {
            Ok(()) => {
                self.loading = Some(Loading {
                    table,
                    kept: Group::new(table, Op::Put),
                    sent: 0,
                    out: Vec::with_capacity(PACKET + (PACKET >> 2)),
                });
                Ok(true)
            }
            Err(Failure::Server(error)) if NOT_ALLOWED.contains(&error.errno) => {
                tracing::info!(
                    "{}: rows are written by prepared statements of many rows, since the server \
                     takes no LOAD DATA LOCAL INFILE ({})",
                    plan.name,
                    error.message
                );
                self.session.infile = false;
                self.methods.fill(Some(Method::Rows));
                Ok(false)
            }
            Err(failure) => Err(self.of_table(failure, plan)),
        }
    }

    /// Ends the open load and sees to it that all its rows are in.
    ///
    /// # Errors
    /// If a row can't be written.
    pub(crate) async fn finish_load(&mut self) -> Result<()> {
        let Some(loading) = self.loading.take() else {
            return Ok(());
        };
        let plan = self.plans[loading.table].clone();
        let Some(load) = &plan.load else {
            return Ok(());
        };
        let connection = &mut self.session.connection;
        let answer = match connection.load_send(&loading.out).await {
            Ok(()) => connection.load_finish().await,
            Err(failure) => Err(failure),
        };
        let outcome = match answer {
            Ok(done) => self.judge(done, load, loading.sent).await?,
            Err(failure) => {
                let error = self.of_table(failure, &plan);
                if !error.is_of_row() {
                    return Err(error);
                }
                Outcome::TakeBack(error.message().to_owned())
            }
        };
        match outcome {
            Outcome::Good(done) => {
                self.look_at(&done, loading.table).await?;
                self.reject_unfit(&plan, &loading).await
            }
            Outcome::TakeBack(why) => {
                tracing::debug!("{}: a bulk load is done again row by row: {why}", plan.name);
                if !load.replace {
                    let back = "ROLLBACK TO SAVEPOINT seatunnel";
                    let back = self.session.connection.execute(back).await;
                    back.map_err(|failure| self.of_table(failure, &plan))?;
                    if plan.updates_in_place {
                        // The target has rows of these keys: the next load would end the same way.
                        tracing::info!(
                            "{}: rows are written by prepared statements of many rows, since the \
                             target has rows of the same keys",
                            plan.name
                        );
                        self.methods[loading.table] = Some(Method::Rows);
                    }
                }
                self.write_again(loading.kept).await
            }
        }
    }

    /// Whether a load has put all rows as they are.
    async fn judge(&mut self, done: Done, load: &Load, sent: u64) -> Result<Outcome> {
        let (records, skipped) = (told(&done, "Records"), told(&done, "Skipped"));
        // Rows that a check refuses are no records.
        let lost = records != Some(sent);
        if lost && (load.replace || done.warnings == 0) {
            return Err(Error::new(
                codes::INTERNAL,
                format!(
                    "the server has read other rows than were sent: {}",
                    done.info
                ),
            )
            .with_context("rows sent", sent));
        }
        if load.replace || (!lost && skipped == Some(0) && done.warnings == 0) {
            return Ok(Outcome::Good(done));
        }
        let warnings = self.session.warnings().await?;
        let all_seen = warnings.len() >= usize::from(done.warnings);
        match warnings.iter().find(|w| !w.is_note) {
            Some(warning) => Ok(Outcome::TakeBack(warning.text.clone())),
            None if !lost && skipped == Some(0) && all_seen => Ok(Outcome::Good(done)),
            None => Ok(Outcome::TakeBack(done.info)),
        }
    }

    /// Rejects the rows that were not sent, now that the others are in.
    async fn reject_unfit(&mut self, plan: &Plan, loading: &Loading) -> Result<()> {
        if loading.sent == loading.kept.rows as u64 {
            return Ok(());
        }
        let places: Vec<usize> = plan.fields.iter().map(|field| field.place).collect();
        for piece in &loading.kept.pieces {
            let records = piece.batch.records();
            let mut unfit = Vec::new();
            {
                let views: Vec<(View<'_>, Spelling)> = plan
                    .fields
                    .iter()
                    .map(|field| (View::new(&field.form, records, field.place), field.spelling))
                    .collect();
                let mut rows = piece.rows.iter();
                let mut out = Vec::new();
                loop {
                    match write_rows(&mut out, &mut self.scratch, &views, &mut rows, PACKET) {
                        Ok(true) => out.clear(),
                        Ok(false) => break,
                        Err(row) => unfit.push(row),
                    }
                }
            }
            for row in unfit {
                let number = piece.first + row.row as u64;
                let error = unfit_error(plan, &places, row);
                self.reject(&piece.batch, row.row, number, error).await?;
            }
        }
        Ok(())
    }
}
