//! The rows of one table on their way: which path they take, and what happens when one is refused.
//!
//! **Direct**: COPY into the table. It stays open while batches come. Rows that replace the row of
//! their key go this way too as long as no key is there already: they are kept until a savepoint
//! shows that all were new, and else written again by way of a stage, like all after them.
//! **Stage**: COPY into a table beside it, from which statements put rows into their place, flush by flush.
//! **Given**: the user's own statement, for each row.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seatunnel_api::{Batch, CatalogTable, DirtyRows, Error, Result, RowKind, codes};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::target::Put;

use super::attempt;
use super::given::Given;
use super::kept::{self, Kept};
use super::plan::Plan;
use super::session::Session;
use crate::copy::encode::{Field, Rows, Unfit};

/// Bytes of COPY data that are sent at once, about.
pub(crate) const PIECE: usize = 128 << 10;
/// Rows of a flush, about.
const FLUSH_ROWS: usize = 65_536;
/// Bytes of rows of a flush, about: what can be written again.
pub(crate) const FLUSH_BYTES: usize = 8 << 20;
/// Rows of a flush of a given statement.
const GIVEN_ROWS: usize = 16_384;
/// Bytes from which on it pays to interrupt another table's COPY.
pub(crate) const WORTHWHILE: usize = 256 << 10;

/// When rows are written and committed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Rows of a flush, if the user has said so.
    pub(crate) rows: Option<usize>,
    /// Longest time that rows are kept back while others come.
    pub(crate) interval: Option<Duration>,
    /// Whether each flush is committed at once, rather than all with the checkpoint.
    pub(crate) commits: bool,
    /// How often a flush is tried again.
    pub(crate) retries: u32,
}

/// What is known of how rows are written.
#[derive(Clone)]
pub(crate) enum Work {
    /// By statements made for the table.
    Made(Arc<Plan>),
    /// By the user's statement.
    Given(Arc<Given>),
}

/// Which way rows take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Direct,
    Stage,
    Given,
}

/// What kind of table a stage is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The session's own.
    Temporary(String),
    /// One that a transaction makes and drops: a transaction that is prepared must not touch temporary ones.
    OfTransaction(String),
    /// One that waits for its checkpoint; its rows are only gathered.
    Waiting {
        name: String,
        /// How many steps it has.
        steps: i32,
        /// Whether keys to be deleted may have nulls.
        null_keys: bool,
    },
}

/// Writes one table.
pub(crate) struct TableWriter {
    /// Its place among the writer's.
    pub(crate) index: usize,
    pub(crate) table: Arc<CatalogTable>,
    pub(crate) work: Work,
    pub(crate) path: Path,
    /// The stage, if rows need one.
    pub(crate) stage: Stage,
    /// Of several rows of a key in a stage the last counts, since the server finds more keys equal
    /// than this side does.
    pub(crate) last_wins: bool,
    pub(crate) limits: Limits,
    pub(crate) dirty: DirtyRows,
    /// Rows not yet sent.
    pub(super) kept: Vec<Kept>,
    pub(super) kept_rows: usize,
    pub(super) kept_bytes: usize,
    /// Rows sent since the savepoint, where they may have to be sent again.
    pub(super) sent: Vec<Kept>,
    pub(super) sent_bytes: usize,
    /// Rows sent in the open COPY.
    pub(super) copied: u64,
    /// Rows taken so far.
    pub(super) taken: u64,
    /// Rows written since the last commit.
    uncommitted: usize,
    /// Since when rows are kept back or not committed.
    since: Option<Instant>,
    /// Rows that were refused, to be rejected when the others are through.
    pub(super) refused: Vec<(Batch, usize, Error)>,
}

impl TableWriter {
    pub(crate) fn new(
        index: usize,
        table: Arc<CatalogTable>,
        work: Work,
        stage: Stage,
        limits: Limits,
        dirty: DirtyRows,
    ) -> Self {
        let waits = matches!(stage, Stage::Waiting { .. });
        let path = match &work {
            Work::Given(_) => Path::Given,
            Work::Made(plan) if plan.goes_direct() && !waits => Path::Direct,
            Work::Made(_) => Path::Stage,
        };
        Self {
            index,
            table,
            work,
            path,
            stage,
            last_wins: waits,
            limits,
            dirty,
            kept: Vec::new(),
            kept_rows: 0,
            kept_bytes: 0,
            sent: Vec::new(),
            sent_bytes: 0,
            copied: 0,
            taken: 0,
            uncommitted: 0,
            since: None,
            refused: Vec::new(),
        }
    }

    /// Bytes of rows that are not sent.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.kept_bytes
    }

    /// The table, for messages.
    pub(crate) fn shown(&self) -> String {
        match &self.work {
            Work::Made(plan) => plan.shown.clone(),
            Work::Given(_) => self.table.path().to_string(),
        }
    }

    pub(super) fn fields(&self) -> &[Field] {
        match &self.work {
            Work::Made(plan) => &plan.fields,
            Work::Given(given) => &given.fields,
        }
    }

    /// Takes rows, without writing them yet.
    pub(crate) async fn take(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        self.since.get_or_insert_with(Instant::now);
        let rows = batch.num_rows();
        let first = self.taken + 1;
        self.taken += rows as u64;
        self.uncommitted += rows;
        let mut kept = Kept::new(batch, first);
        if self.path == Path::Given {
            kept = self.without_deletes(kept)?;
        }
        if self.path != Path::Direct {
            // The direct path looks at rows only once, when it writes them.
            let mut unfit = Vec::new();
            drop(Rows::new(kept.batch.records(), self.fields(), &mut unfit));
            kept = self.without_unfit(kept, unfit).await?;
        }
        self.kept_rows += kept.batch.num_rows();
        self.kept_bytes += kept.batch.num_bytes();
        self.kept.push(kept);
        Ok(())
    }

    /// A given statement can only put rows; a row before an update is left to the one after it.
    fn without_deletes(&mut self, kept: Kept) -> Result<Kept> {
        if kept.batch.kinds().all_puts() {
            return Ok(kept);
        }
        let mut out = Vec::new();
        for row in 0..kept.batch.num_rows() {
            match kept.batch.kinds().get(row) {
                RowKind::Insert | RowKind::UpdateAfter => {}
                RowKind::UpdateBefore => out.push(row),
                kind @ RowKind::Delete => {
                    let error = Error::new(
                        errors::ROW_KIND,
                        format!("the given query can't apply a row of kind {kind}"),
                    )
                    .with_context("row", kept.number(row))
                    .with_help("set generate_sink_sql = true and primary_keys")
                    .of_row();
                    self.refused.push((kept.batch.clone(), row, error));
                    out.push(row);
                }
            }
        }
        kept.without(&out)
    }

    /// The rows but for those with values that have no place in their columns, which are rejected.
    async fn without_unfit(&mut self, kept: Kept, unfit: Vec<Unfit>) -> Result<Kept> {
        if unfit.is_empty() {
            return Ok(kept);
        }
        let mut out: Vec<usize> = Vec::with_capacity(unfit.len());
        for Unfit { row, field, why } in unfit {
            if out.last() == Some(&row) {
                continue;
            }
            let place = self.fields()[field].place;
            let error = Error::new(codes::VALUE_INVALID, why)
                .with_context("table", self.shown())
                .with_context("column", &self.table.columns()[place].name)
                .with_context("row", kept.number(row));
            self.dirty.reject(&kept.batch, row, error).await?;
            out.push(row);
        }
        kept.without(&out)
    }

    /// Whether rows must leave the direct path: they do more than to be put.
    pub(crate) fn needs_stage(&self) -> bool {
        let Work::Made(plan) = &self.work else {
            return false;
        };
        let Some(kept) = self.kept.last().filter(|_| self.path == Path::Direct) else {
            return false;
        };
        let kinds = kept.batch.kinds();
        match plan.put {
            Put::Upsert => !kinds.all_inserts(),
            Put::Insert | Put::UpdateOrInsert => !kinds.all_puts(),
        }
    }

    /// Leaves the direct path, on which nothing may be open.
    pub(crate) fn leave_direct(&mut self, why: &str) {
        let how = match self.stage {
            Stage::Temporary(_) => "a temporary table",
            Stage::OfTransaction(_) | Stage::Waiting { .. } => "a table beside it",
        };
        tracing::info!("{}: rows go through {how} from now on: {why}", self.shown());
        self.path = Path::Stage;
    }

    /// Whether enough is kept back to be written, and, where each flush is committed, to be committed.
    pub(crate) fn is_due(&self) -> bool {
        let limit = |default| self.limits.rows.unwrap_or(default);
        let late = || match (self.limits.interval, self.since) {
            (Some(limit), Some(since)) => since.elapsed() >= limit,
            _ => false,
        };
        let due = match self.path {
            Path::Direct => {
                self.limits.commits
                    && self.uncommitted > 0
                    && (self.uncommitted >= limit(usize::MAX)
                        || self.sent_bytes + self.kept_bytes >= FLUSH_BYTES
                        || late())
            }
            Path::Stage | Path::Given => {
                let most = if self.path == Path::Given {
                    GIVEN_ROWS
                } else {
                    FLUSH_ROWS
                };
                self.kept_rows > 0
                    && (self.kept_rows >= limit(most) || self.kept_bytes >= FLUSH_BYTES || late())
            }
        };
        due && !kept::ends_within_update(&self.kept)
    }

    /// Whether rows sent must be kept, to be sent again.
    pub(super) fn retains(&self) -> bool {
        let Work::Made(plan) = &self.work else {
            return true;
        };
        plan.put != Put::Insert
            || self.dirty.is_on()
            || (self.limits.commits && self.limits.retries > 0)
    }

    /// Sends what is kept by COPY into the table, and leaves that open. On no other path, and while no
    /// other table's COPY is open.
    pub(crate) async fn stream(&mut self, session: &mut Session) -> Result<()> {
        let Work::Made(plan) = self.work.clone() else {
            return Ok(());
        };
        while self.path == Path::Direct && !self.kept.is_empty() {
            if session.copying.is_none() {
                self.copied = 0;
                if let Err(failure) = attempt::begin_copy(session, &plan.copy).await {
                    return self.recover(session, failure).await;
                }
                session.copying = Some(self.index);
            }
            let mut kept = self.kept.remove(0);
            self.kept_rows -= kept.batch.num_rows();
            let bytes = kept.batch.num_bytes();
            self.kept_bytes -= bytes;
            loop {
                let mut unfit = Vec::new();
                let rows = Rows::new(kept.batch.records(), &plan.fields, &mut unfit);
                if !unfit.is_empty() {
                    drop(rows);
                    kept = self.without_unfit(kept, unfit).await?;
                    continue;
                }
                let sent = attempt::send(session, &rows, kept.batch.num_rows()).await;
                drop(rows);
                match sent {
                    Ok(()) => break,
                    Err(failure) => {
                        self.kept_rows += kept.batch.num_rows();
                        self.kept_bytes += bytes;
                        self.kept.insert(0, kept);
                        return self.recover(session, failure).await;
                    }
                }
            }
            if self.retains() {
                self.sent.push(kept);
                self.sent_bytes += bytes;
                // A flush that is committed by itself ends as a whole.
                if self.sent_bytes >= FLUSH_BYTES && !self.limits.commits {
                    self.finish_copy(session).await?;
                }
            } else {
                self.copied += kept.batch.num_rows() as u64;
            }
        }
        Ok(())
    }

    /// Ends this table's COPY.
    pub(crate) async fn finish_copy(&mut self, session: &mut Session) -> Result<()> {
        if session.copying != Some(self.index) {
            return Ok(());
        }
        session.copying = None;
        match attempt::finish_copy(session).await {
            Ok(()) => {
                self.sent.clear();
                self.sent_bytes = 0;
                Ok(())
            }
            Err(failure) => self.recover(session, failure).await,
        }
    }

    /// Writes all that is kept back. No other table's COPY may be open.
    pub(crate) async fn flush(&mut self, session: &mut Session) -> Result<()> {
        let again = self.limits.commits && self.limits.retries > 0;
        let backup: Option<Vec<Kept>> =
            again.then(|| self.sent.iter().chain(&self.kept).cloned().collect());
        if self.path == Path::Direct {
            self.stream(session).await?;
            self.finish_copy(session).await?;
        } else {
            let all = std::mem::take(&mut self.kept);
            (self.kept_rows, self.kept_bytes) = (0, 0);
            if !all.is_empty() {
                self.apply(session, all, None).await?;
            }
        }
        if self.limits.commits {
            self.commit(session, backup).await?;
        }
        self.settle().await
    }

    /// To be called when everything written is committed.
    pub(crate) fn committed(&mut self) {
        self.uncommitted = 0;
        self.since = None;
    }

    pub(super) fn replaces(&self) -> bool {
        matches!(&self.work, Work::Made(plan) if plan.put != Put::Insert)
    }

    /// Rejects what was refused, when the rest is through.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        for (batch, row, error) in std::mem::take(&mut self.refused) {
            self.dirty.reject(&batch, row, error).await?;
        }
        Ok(())
    }
}
