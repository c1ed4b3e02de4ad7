//! Carries out what is to be done with rows, in their order, over one connection.

use std::sync::Arc;

use seatunnel_api::{DirtyRows, Error, Result};
use seatunnel_jdbc_core::errors;

use super::groups::{Group, Op, Piece, Rows};
use super::load::Loading;
use super::plan::{Plan, Purpose};
use super::rejected::{Rejected, unfit_error};
use super::session::{Method, Session, told};
use crate::wire::{Done, Failure};

/// Rows of one statement in bulk: more make it no faster.
const BULK_ROWS: usize = 1_024;
/// Rows of one statement with a group of parameters for each.
const STATEMENT_ROWS: usize = 256;
/// Parameters that a statement can have.
const PARAMETERS: usize = 65_535;
/// Bytes of rows in one statement, about.
const STATEMENT_BYTES: usize = 512 << 10;

/// A buffer above this many bytes is not kept: it was for a single large row.
const LARGE: usize = 4 << 20;

/// Tables of which the log tells how they are written.
const TOLD: usize = 3;

/// What is under way on a connection.
pub(crate) struct Applier {
    pub(crate) session: Session,
    pub(crate) plans: Arc<[Arc<Plan>]>,
    pub(crate) dirty: DirtyRows,
    /// Rejected rows, where what rejected them may be done again; else they are told at once.
    pub(crate) held_back: Option<Vec<Rejected>>,
    /// Whether others write beside this one.
    pub(crate) parallel: bool,
    pub(crate) loading: Option<Loading>,
    /// Gathered and not sent.
    pending: Option<Group>,
    /// Sent; its answer is still to be read.
    outstanding: Option<Group>,
    /// The statement that is to be sent next.
    pub(super) command: Vec<u8>,
    /// A statement that is sent and answered in between.
    single: Vec<u8>,
    pub(crate) scratch: Vec<u8>,
    /// How each table's rows are put.
    pub(crate) methods: Vec<Option<Method>>,
}

impl Applier {
    pub(crate) fn new(
        session: Session,
        plans: Arc<[Arc<Plan>]>,
        dirty: DirtyRows,
        parallel: bool,
    ) -> Self {
        Self {
            session,
            methods: vec![None; plans.len()],
            plans,
            dirty,
            held_back: None,
            parallel,
            loading: None,
            pending: None,
            outstanding: None,
            command: Vec::new(),
            single: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Does something with rows, after all that was asked for before.
    pub(crate) async fn add(&mut self, table: usize, op: Op, piece: Piece) -> Result<()> {
        let plan = self.plans[table].clone();
        if op == Op::Put && plan.update.is_some() {
            return self.update_or_insert(table, &plan, piece).await;
        }
        let method = self.method(table, &plan);
        if op == Op::Put && method == Method::Load && self.load(table, &plan, &piece).await? {
            return Ok(());
        }
        self.finish_load().await?;
        let same = |group: &Group| group.table == table && group.op == op;
        if self.pending.as_ref().is_some_and(|group| !same(group)) {
            self.flush().await?;
        }
        let limit = self.limit(&plan, op);
        let mut rest = piece.rows.clone();
        let row_bytes = (piece.batch.num_bytes() / piece.batch.num_rows().max(1)).max(1);
        while rest.len() > 0 {
            let pending = self.pending.get_or_insert_with(|| Group::new(table, op));
            let by_bytes = STATEMENT_BYTES.saturating_sub(pending.bytes) / row_bytes;
            let room = (limit - pending.rows).min(by_bytes.max(1)).min(rest.len());
            let length = rest.len();
            pending.add(piece.with_rows(rest.slice(0, room)));
            rest = rest.slice(room, length);
            if pending.rows >= limit || pending.bytes >= STATEMENT_BYTES {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Sends all that is gathered and reads all answers.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        self.flush().await?;
        self.settle().await?;
        self.finish_load().await
    }

    fn method(&mut self, table: usize, plan: &Plan) -> Method {
        if let Some(method) = self.methods[table] {
            return method;
        }
        let method = self.session.method(plan);
        self.methods[table] = Some(method);
        let way = match (method, plan.given) {
            (Method::Bulk, _) => "by MariaDB's bulk command, the fastest the server has",
            (Method::Load, _) => "by LOAD DATA LOCAL INFILE",
            (Method::Rows, true) => "by the given statement",
            (Method::Rows, false) if !self.session.infile => {
                "by prepared statements of many rows, since the server or the url does not allow \
                 local_infile"
            }
            (Method::Rows, false) => "by prepared statements of many rows",
        };
        // Of many tables the first few tell enough.
        if self.methods.iter().flatten().count() <= TOLD {
            tracing::info!("{}: rows are written {way}", plan.name);
        } else {
            tracing::debug!("{}: rows are written {way}", plan.name);
        }
        method
    }

    /// Whether a statement is executed in bulk.
    pub(super) fn is_bulk(&self, plan: &Plan, op: Op) -> bool {
        self.session.bulk && (op == Op::Delete || plan.put.bulk)
    }

    /// Rows that go into one statement.
    fn limit(&self, plan: &Plan, op: Op) -> usize {
        // Where a failed statement leaves something behind, the failing row must be known.
        let single = op == Op::Put && self.dirty.is_on() && (!plan.put.many || !plan.atomic);
        if single {
            1
        } else if self.is_bulk(plan, op) {
            BULK_ROWS
        } else if op == Op::Put && !plan.put.many {
            1
        } else {
            let width = match op {
                Op::Put => plan.fields.len(),
                Op::Delete => plan.keys.len(),
            };
            let most = (PARAMETERS / width.max(1)).clamp(1, STATEMENT_ROWS);
            1 << most.ilog2()
        }
    }

    /// Sends what is gathered.
    async fn flush(&mut self) -> Result<()> {
        let Some(group) = self.pending.take() else {
            return Ok(());
        };
        let plan = self.plans[group.table].clone();
        if self.is_bulk(&plan, group.op) {
            return self.send(group).await;
        }
        // Each number of rows is a prepared statement of its own: few numbers, and powers of two.
        let nulls = group.op == Op::Delete && group.has_nulls(&group.fields(&plan));
        let mut rest = group;
        while rest.rows > 0 {
            let rows = match rest.rows {
                _ if nulls => 1,
                rows @ 64.. => 1 << rows.ilog2(),
                8.. => 8,
                _ => 1,
            };
            let (now, later) = rest.split(rows);
            self.send(now).await?;
            rest = later;
        }
        Ok(())
    }

    /// Writes rows by prepared statements and waits until they are in.
    pub(crate) async fn write_again(&mut self, group: Group) -> Result<()> {
        let limit = self.limit(&self.plans[group.table], group.op);
        let mut rest = group;
        while rest.rows > 0 {
            let (now, later) = rest.split(limit);
            self.pending = Some(now);
            self.flush().await?;
            rest = later;
        }
        self.settle().await
    }

    /// Sends a statement for all rows of a group, halved where it would be too large.
    async fn send(&mut self, group: Group) -> Result<()> {
        let mut waiting = vec![group];
        while let Some(group) = waiting.pop() {
            let Some(group) = self.encode(group).await? else {
                continue;
            };
            if self.command.len() > self.session.largest {
                if group.rows == 1 {
                    self.too_large(&group).await?;
                } else {
                    let bulk = self.is_bulk(&self.plans[group.table], group.op);
                    waiting.extend(halves(group, bulk));
                }
                continue;
            }
            self.settle().await?;
            self.session.connection.command(&self.command).await?;
            self.outstanding = Some(group);
            if self.command.capacity() > LARGE {
                self.command = Vec::new();
            }
        }
        Ok(())
    }

    /// Encodes the statement of a group; rows with values that MySQL lacks are rejected. None if no
    /// row is left, or if what is left is sent already.
    async fn encode(&mut self, mut group: Group) -> Result<Option<Group>> {
        let plan = self.plans[group.table].clone();
        loop {
            if group.rows == 0 {
                return Ok(None);
            }
            let fields = group.fields(&plan);
            let bulk = self.is_bulk(&plan, group.op);
            let purpose = group.purpose(bulk, &fields);
            let sql = || plan.sql(purpose);
            let statement = match self.session.prepared((group.table, purpose)) {
                Some(statement) => statement,
                None => {
                    self.settle().await?;
                    let prepared = self.session.statement((group.table, purpose), sql).await;
                    prepared.map_err(|failure| self.of_table(failure, &plan))?
                }
            };
            let (command, scratch) = (&mut self.command, &mut self.scratch);
            let encoded = group.encode(bulk, statement, &fields, command, scratch);
            let Err(unfit) = encoded else {
                return Ok(Some(group));
            };
            let error = unfit_error(
                &plan,
                &fields.iter().map(|f| f.place).collect::<Vec<_>>(),
                unfit,
            );
            if let Some((batch, row, number)) = group.place(unfit.row) {
                let batch = batch.clone();
                self.reject(&batch, row, number, error).await?;
            }
            group = group.without(unfit.row);
            if !bulk && group.rows > 0 {
                // Statements are prepared for certain numbers of rows.
                self.one_by_one(group).await?;
                return Ok(None);
            }
        }
    }

    /// Reads the answer to the statement that was sent.
    pub(super) async fn settle(&mut self) -> Result<()> {
        let Some(group) = self.outstanding.take() else {
            return Ok(());
        };
        match self.session.connection.answer().await {
            Ok(done) => self.look_at(&done, group.table).await,
            Err(failure) => self.blame(group, failure).await,
        }
    }

    /// Tells of values that were rounded.
    pub(crate) async fn look_at(&mut self, done: &Done, table: usize) -> Result<()> {
        if done.warnings == 0 || self.plans[table].is_warned() {
            return Ok(());
        }
        let warnings = self.session.warnings().await?;
        // VALUES() in an upsert is old-fashioned, says MySQL; MariaDB knows nothing else.
        if let Some(warning) = warnings.iter().find(|w| w.number != 1287) {
            let name = &self.plans[table].name;
            tracing::warn!("{name}: {} (told once)", warning.text);
            self.plans[table].warned();
        }
        Ok(())
    }

    /// Sends a statement and waits for its answer; the inner error is the server's.
    pub(super) async fn run(&mut self, group: &Group) -> Result<Result<Done, Error>> {
        debug_assert!(self.outstanding.is_none(), "an answer is still to be read");
        let plan = self.plans[group.table].clone();
        let fields = group.fields(&plan);
        let bulk = self.is_bulk(&plan, group.op);
        let purpose = group.purpose(bulk, &fields);
        let statement = self
            .session
            .statement((group.table, purpose), || plan.sql(purpose))
            .await
            .map_err(|failure| self.of_table(failure, &plan))?;
        let (command, scratch) = (&mut self.single, &mut self.scratch);
        let encoded = group.encode(bulk, statement, &fields, command, scratch);
        if let Err(unfit) = encoded {
            let places: Vec<usize> = fields.iter().map(|f| f.place).collect();
            return Ok(Err(unfit_error(&plan, &places, unfit)));
        }
        let sent = self.session.connection.command(&self.single).await;
        sent.map_err(|failure| self.of_table(failure, &plan))?;
        let answer = self.session.connection.answer().await;
        Ok(answer.map_err(|failure| self.of_table(failure, &plan)))
    }

    async fn update_or_insert(&mut self, table: usize, plan: &Plan, piece: Piece) -> Result<()> {
        self.finish().await?;
        let Some((sql, columns)) = &plan.update else {
            return Ok(());
        };
        let statement = self
            .session
            .statement((table, Purpose::Update), || sql.clone())
            .await
            .map_err(|failure| self.of_table(failure, plan))?;
        let fields: Vec<_> = columns.iter().map(|column| &plan.fields[*column]).collect();
        for row in piece.rows.iter() {
            let mut one = Group::new(table, Op::Put);
            one.add(piece.with_rows(Rows::Range(row..row + 1)));
            let done = match one.encode(
                false,
                statement,
                &fields,
                &mut self.single,
                &mut self.scratch,
            ) {
                Ok(()) => {
                    self.session.connection.command(&self.single).await?;
                    let answer = self.session.connection.answer().await;
                    answer.map_err(|failure| self.of_table(failure, plan))
                }
                Err(unfit) => Err(unfit_error(
                    plan,
                    &fields.iter().map(|f| f.place).collect::<Vec<_>>(),
                    unfit,
                )),
            };
            let done = match done {
                Ok(done) if told(&done, "Rows matched") == Some(0) => match self.run(&one).await? {
                    Ok(_) => continue,
                    Err(error) => Err(error),
                },
                other => other,
            };
            match done {
                Ok(done) => self.look_at(&done, table).await?,
                Err(error) if error.is_of_row() => self.reject_only(&one, error).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The error of a statement for a table.
    pub(crate) fn of_table(&self, failure: Failure, plan: &Plan) -> Error {
        let error = Error::from(failure).with_context("table", &plan.name);
        // 45: a trigger's own.
        let by_trigger = error
            .sql_state()
            .is_some_and(|state| state.starts_with("45"));
        match [errors::CONSTRAINT, errors::VALUE_UNFIT].contains(&error.code()) || by_trigger {
            true => error.of_row(),
            false => error,
        }
    }
}

/// Both halves, the first one last.
pub(super) fn halves(group: Group, bulk: bool) -> Vec<Group> {
    let half = group.rows.div_ceil(2);
    let half = if bulk { half } else { half.next_power_of_two() };
    let (first, rest) = group.split(half);
    vec![rest, first]
}
