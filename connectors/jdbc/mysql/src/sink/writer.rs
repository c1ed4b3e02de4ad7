//! A writer: the rows of one task, over one connection.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, DirtyRows, Error, JobContext, Result, SinkWriter,
    TaskContext, codes,
};

use super::apply::Applier;
use super::fold::fold;
use super::groups::{Op, Piece, Rows};
use super::plan::Plan;
use super::rejected::no_delete;
use super::session::{self, nonce};
use super::shared::Shared;
use super::steps::{Step, steps};
use super::xa::{self, Prepared};

/// Bytes of changes that are folded together.
const FOLDED: usize = 8 << 20;

/// Ids of the transactions of one writer.
pub(super) struct Xids {
    job: JobContext,
    subtask: usize,
    nonce: String,
    number: u64,
}

impl Xids {
    fn next(&mut self) -> String {
        self.number += 1;
        let unique = format!("{}_{}_{}", self.subtask, self.nonce, self.number);
        xa::xid(&self.job.id, &unique)
    }
}

/// Changes of one table that are kept back to be folded.
#[derive(Default)]
pub(super) struct Changes {
    table: usize,
    /// Batches, and the number of the first row of each.
    batches: Vec<(Batch, u64)>,
    bytes: usize,
}

/// Writes the rows of one task over one connection.
pub(super) struct MySqlWriter {
    pub(super) shared: Arc<Shared>,
    pub(super) plans: Arc<[Arc<Plan>]>,
    pub(super) dirty: DirtyRows,
    pub(super) parallel: bool,
    /// None after a transaction was prepared, or the connection was lost: made anew when rows come.
    pub(super) applier: Option<Applier>,
    pub(super) xids: Xids,
    pub(super) changes: Changes,
    /// The batches of the transaction, to be written again after a conflict, while they are all kept.
    pub(super) replay: Option<Vec<Batch>>,
    pub(super) replay_bytes: usize,
    /// Rows that came so far.
    pub(super) rows: u64,
    /// Rows of the transaction.
    pub(super) in_transaction: usize,
    pub(super) since: Instant,
    /// The table of the last batch, since most batches come from one table.
    pub(super) last: Option<(Arc<CatalogTable>, usize)>,
    /// What was being prepared when the work on it was given up: it may be prepared or not.
    pub(super) in_doubt: Option<Prepared>,
}

impl MySqlWriter {
    /// A writer of a task.
    pub(super) fn new(shared: Arc<Shared>, plans: Arc<[Arc<Plan>]>, context: TaskContext) -> Self {
        Self {
            applier: None,
            parallel: context.parallelism > 1,
            xids: Xids {
                subtask: context.subtask,
                nonce: nonce(),
                number: 0,
                job: context.job,
            },
            dirty: context.dirty,
            changes: Changes::default(),
            replay: (shared.limits.retries > 0).then(Vec::new),
            replay_bytes: 0,
            rows: 0,
            in_transaction: 0,
            since: Instant::now(),
            last: None,
            in_doubt: None,
            plans,
            shared,
        }
    }

    /// The connection, in a transaction.
    async fn applier(&mut self) -> Result<&mut Applier> {
        if self.applier.is_none() {
            let mut session = self.shared.session().await?;
            if self.shared.exactly_once {
                let commits = xa::commits(self.shared.database()?, &self.xids.job.id);
                xa::create(&mut session.connection, &commits).await?;
                self.shared.remember(&commits).await;
            }
            if self.plans.iter().any(|plan| plan.instants)
                && !self.plans.iter().any(|plan| plan.wall_clocks)
            {
                // Every instant has a time of its own then, also when clocks are set back.
                let utc = "SET SESSION time_zone = '+00:00'";
                session.connection.execute(utc).await?;
            }
            self.applier = Some(Applier::new(
                session,
                self.plans.clone(),
                self.dirty.clone(),
                self.parallel,
            ));
        }
        let (exactly_once, xids) = (self.shared.exactly_once, &mut self.xids);
        let held_back = self.replay.is_some();
        let Some(applier) = &mut self.applier else {
            return Err(Error::new(codes::INTERNAL, "there is no connection"));
        };
        if !applier.session.in_transaction() {
            applier.held_back = held_back.then(Vec::new);
            applier
                .session
                .begin(|| exactly_once.then(|| xids.next()))
                .await?;
            self.since = Instant::now();
        }
        Ok(applier)
    }

    fn table_of(&mut self, batch: &Batch) -> Result<usize> {
        if let Some((table, index)) = &self.last
            && Arc::ptr_eq(table, batch.table())
        {
            return Ok(*index);
        }
        let path = batch.table().path();
        let index = self
            .plans
            .iter()
            .position(|plan| plan.table.path() == path)
            .ok_or_else(|| {
                Error::new(
                    codes::INTERNAL,
                    "rows came for a table that was not announced",
                )
                .with_context("table", path)
            })?;
        self.last = Some((batch.table().clone(), index));
        Ok(index)
    }

    /// Does what a batch asks for, or keeps it back to be folded.
    pub(super) async fn take(&mut self, batch: Batch) -> Result<()> {
        let table = self.table_of(&batch)?;
        let first = self.rows + 1;
        self.rows += batch.num_rows() as u64;
        self.in_transaction += batch.num_rows();
        if !self.changes.batches.is_empty() && self.changes.table != table {
            self.apply_changes().await?;
        }
        let folds = self.plans[table].folds;
        if !self.changes.batches.is_empty() || (folds && !batch.kinds().all_puts()) {
            self.changes.table = table;
            self.changes.bytes += batch.num_bytes();
            self.changes.batches.push((batch, first));
            if self.changes.bytes >= FOLDED {
                self.apply_changes().await?;
            }
            return Ok(());
        }
        self.apply_in_turn(table, batch, first).await
    }

    /// Applies the changes that are kept back: the last one of each key, where that comes to the same.
    pub(super) async fn apply_changes(&mut self) -> Result<()> {
        let changes = std::mem::take(&mut self.changes);
        if changes.batches.is_empty() {
            return Ok(());
        }
        let plan = self.plans[changes.table].clone();
        let batches: Vec<Batch> = changes
            .batches
            .iter()
            .map(|(batch, _)| batch.clone())
            .collect();
        let Some(folded) = fold(&plan, &batches)? else {
            for (batch, first) in changes.batches {
                self.apply_in_turn(changes.table, batch, first).await?;
            }
            return Ok(());
        };
        let applier = self.applier().await?;
        for (op, places) in [(Op::Delete, folded.deletes), (Op::Put, folded.puts)] {
            for of_batch in places.chunk_by(|a, b| a.0 == b.0) {
                let (batch, first) = &changes.batches[of_batch[0].0];
                let piece = Piece {
                    batch: batch.clone(),
                    first: *first,
                    rows: Rows::List(of_batch.iter().map(|(_, row)| *row).collect()),
                };
                applier.add(changes.table, op, piece).await?;
            }
        }
        Ok(())
    }

    async fn apply_in_turn(&mut self, table: usize, batch: Batch, first: u64) -> Result<()> {
        let plan = self.plans[table].clone();
        let steps = steps(&plan, &batch)?;
        let applier = self.applier().await?;
        for (step, range) in steps {
            match step {
                Step::Skip => {}
                Step::Refuse(kind) => {
                    for row in range {
                        let error = no_delete(&plan, kind);
                        applier
                            .reject(&batch, row, first + row as u64, error)
                            .await?;
                    }
                }
                Step::Do(op) => {
                    let piece = Piece {
                        batch: batch.clone(),
                        first,
                        rows: Rows::Range(range),
                    };
                    applier.add(table, op, piece).await?;
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl SinkWriter for MySqlWriter {
    type Committable = Prepared;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        self.keep(&batch).await?;
        if let Err(error) = self.take(batch).await {
            self.retry(error, false).await?;
        }
        let limits = self.shared.limits;
        let many = limits.rows.is_some_and(|rows| self.in_transaction >= rows);
        let late = limits
            .interval
            .is_some_and(|interval| self.since.elapsed() >= interval);
        if (many || late)
            && !self.shared.exactly_once
            && let Err(error) = self.flush_and_commit().await
        {
            self.retry(error, true).await?;
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Prepared>> {
        if !self.shared.exactly_once {
            if let Err(error) = self.flush_and_commit().await {
                self.retry(error, true).await?;
            }
            return Ok(Vec::new());
        }
        self.flush().await?;
        let Some(mut applier) = self.applier.take() else {
            return Ok(Vec::new());
        };
        let Some(xid) = applier.session.xid().map(str::to_owned) else {
            self.applier = Some(applier);
            return Ok(Vec::new());
        };
        let prepared = Prepared {
            xid,
            checkpoint,
            commits: xa::commits(self.shared.database()?, &self.xids.job.id),
            mark: applier.session.mark.clone(),
        };
        self.in_doubt = Some(prepared.clone());
        xa::mark(&mut applier.session.connection, &prepared).await?;
        applier.session.prepare().await?;
        let mut kept = self.shared.prepared.lock().await;
        kept.insert(prepared.xid.clone(), applier.session);
        drop(kept);
        self.in_doubt = None;
        self.in_transaction = 0;
        Ok(vec![prepared])
    }

    async fn abort(&mut self) -> Result<()> {
        // What is not committed goes with the connection.
        self.changes = Changes::default();
        // What is not committed goes with the connection; soon, if the server is not at work for it.
        let busy = match self.applier.take() {
            Some(applier) if applier.session.connection.is_usable() => None,
            Some(applier) => Some(applier.session.mark.clone()),
            None => None,
        };
        if let Some(prepared) = self.in_doubt.take() {
            let mut session = self.shared.session().await?;
            session::end(&mut session.connection, &prepared.mark).await?;
            xa::abort(&mut session.connection, &prepared, false).await?;
            self.shared.give_back(session).await;
        } else if let Some(mark) = busy {
            // A server that is down has no locks.
            if let Ok(mut session) = self.shared.session().await {
                session::end(&mut session.connection, &mark).await?;
                self.shared.give_back(session).await;
            }
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        if let Some(applier) = self.applier.take() {
            self.shared.give_back(applier.session).await;
        }
        Ok(())
    }
}
