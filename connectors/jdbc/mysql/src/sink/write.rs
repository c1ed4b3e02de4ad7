//! The sink: one of all tables, with one connection for each of its writers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use seatunnel_api::erased::{DynSink, erase_sink};
use seatunnel_api::per_table::options_per_table;
use seatunnel_api::{
    Batch, CatalogTable, ChangesBecome, CheckpointId, DirtyRows, Error, Guarantee, JobContext,
    Readback, ReadbackTable, Result, Sink, SinkContext, SinkWriter, SourceContext, TablePath,
    TaskContext, codes,
};
use seatunnel_jdbc_core::catalog::{TableInfo, missing, target_missing};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::{ConnectionOptions, JdbcSinkOptions};
use seatunnel_jdbc_core::readback::source_of;
use seatunnel_jdbc_core::save_mode;
use seatunnel_jdbc_core::target::{Put, Target, target_path};
use tokio::sync::{Mutex, OnceCell};

use super::apply::{Applier, no_delete};
use super::details::{self, Details};
use super::fold::fold;
use super::groups::{Op, Piece, Rows};
use super::plan::{Plan, Upserts};
use super::prefetched::Prefetched;
use super::session::{Session, Ways};
use super::steps::{Step, only_puts, steps};
use super::xa::{self, Prepared};
use crate::catalog::MyCatalog;
use crate::wire::Settings;

/// Bytes of changes that are folded together.
const FOLDED: usize = 8 << 20;
/// Bytes of rows that are kept to be written again after a conflict, where the user asks for that.
const REPLAYED: usize = 16 << 20;

/// Makes a sink for all tables of the context.
///
/// # Errors
/// If the options make no sense together.
pub(crate) fn create(options: &JdbcSinkOptions, context: &SinkContext) -> Result<Arc<dyn DynSink>> {
    let settings = Settings::parse(&options.connection)?;
    let mut tables = Vec::with_capacity(context.tables.len());
    for (table, own) in options_per_table::<JdbcSinkOptions>("Jdbc", context)? {
        let elsewhere = Settings::parse(&own.connection)?;
        if elsewhere.place() != settings.place() {
            return Err(Error::new(
                errors::OPTION,
                format!(
                    "the tables of one sink must be on one server: {} and {}",
                    settings.place(),
                    elsewhere.place()
                ),
            ));
        }
        let mut path = target_path(&own, context, &table, false);
        if path.database.is_none() {
            path.database = elsewhere.database().map(str::to_owned);
        }
        let target = Target::new(&own, &table, path)?;
        if target.query.is_none() && target.path.database.is_none() {
            return Err(Error::new(
                errors::OPTION,
                format!(
                    "it is not said which database the table `{}` is in",
                    target.path
                ),
            )
            .with_help("name it in the url, or set the option `database`"));
        }
        tables.push(Table {
            rows: table,
            target,
        });
    }
    if options.is_exactly_once && options.max_retries > 0 {
        return Err(Error::new(
            errors::OPTION,
            "is_exactly_once needs max_retries = 0: a transaction that may be prepared is not repeated",
        ));
    }
    Ok(erase_sink(MySqlSink(Arc::new(Shared {
        options: options.connection.clone(),
        settings,
        job: context.job.clone(),
        ways: Ways::parse(&options.connection)?,
        tables,
        plans: OnceCell::new(),
        spare: Mutex::new(None),
        limits: Limits {
            rows: options.batch_size,
            interval: (options.batch_interval_ms > 0)
                .then(|| Duration::from_millis(options.batch_interval_ms)),
            retries: options.max_retries,
            commit_attempts: options.max_commit_attempts,
        },
        exactly_once: options.is_exactly_once,
        commits: Mutex::default(),
    }))))
}

/// One table and what the options say about it.
struct Table {
    rows: Arc<CatalogTable>,
    target: Target,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Rows of a transaction, where the user says how many.
    rows: Option<usize>,
    interval: Option<Duration>,
    retries: u32,
    commit_attempts: u32,
}

struct Shared {
    options: ConnectionOptions,
    settings: Settings,
    job: JobContext,
    ways: Ways,
    tables: Vec<Table>,
    plans: OnceCell<Arc<[Arc<Plan>]>>,
    /// A connection that is not in use: the one that prepared the tables writes the first rows.
    spare: Mutex<Option<Session>>,
    limits: Limits,
    exactly_once: bool,
    /// Tables of commits, to be dropped at the end.
    commits: Mutex<Vec<String>>,
}

impl Shared {
    async fn try_commit(&self, prepared: &[Prepared]) -> Result<()> {
        let mut session = self.session().await?;
        for one in prepared {
            xa::commit(&mut session.connection, one).await?;
            self.remember(&one.commits).await;
        }
        if let Some(last) = prepared.last() {
            xa::forget(&mut session.connection, last).await?;
        }
        self.give_back(session).await;
        Ok(())
    }

    async fn remember(&self, commits: &str) {
        let mut known = self.commits.lock().await;
        if !known.iter().any(|known| known == commits) {
            known.push(commits.to_owned());
        }
    }

    async fn connect(&self) -> Result<Session> {
        Session::open(&self.settings, self.ways).await
    }

    async fn session(&self) -> Result<Session> {
        match self.spare.lock().await.take() {
            Some(session) => Ok(session),
            None => self.connect().await,
        }
    }

    async fn give_back(&self, session: Session) {
        if session.connection.is_usable() && !session.in_transaction() {
            *self.spare.lock().await = Some(session);
        }
    }

    /// The database that the table of commits is in.
    fn database(&self) -> Result<&str> {
        let mut of_tables = self
            .tables
            .iter()
            .filter_map(|t| t.target.path.database.as_deref());
        of_tables
            .next()
            .or(self.settings.database())
            .ok_or_else(|| {
                Error::new(
                    errors::OPTION,
                    "is_exactly_once needs a database in the url",
                )
            })
    }

    /// How each table is written, made when it is first needed.
    async fn plans(&self, session: &mut Session) -> Result<Arc<[Arc<Plan>]>> {
        let plans = self.plans.get_or_try_init(|| async {
            let paths: Vec<TablePath> = self.made().map(|t| t.target.path.clone()).collect();
            let infos = self.look_up(session, &paths).await?;
            self.plan(session, infos).await
        });
        plans.await.cloned()
    }

    /// Tables as they are, in one round trip.
    async fn look_up(
        &self,
        session: &mut Session,
        paths: &[TablePath],
    ) -> Result<Vec<Option<TableInfo>>> {
        match paths.is_empty() {
            true => Ok(Vec::new()),
            false => MyCatalog::new(&mut session.connection).tables(paths).await,
        }
    }

    /// The tables whose statements are made.
    fn made(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|t| t.target.query.is_none())
    }

    /// Plans for the tables as they are.
    async fn plan(
        &self,
        session: &mut Session,
        infos: Vec<Option<TableInfo>>,
    ) -> Result<Arc<[Arc<Plan>]>> {
        let paths: Vec<&TablePath> = infos.iter().flatten().map(|info| &info.path).collect();
        let mut all = match paths.is_empty() {
            true => Default::default(),
            false => details::read(&session.connection.rows(&details::query(&paths)).await?),
        };
        let upserts = Upserts::of(session.connection.server());
        let mut infos = infos.into_iter();
        let mut plans = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let plan = match &table.target.query {
                Some(query) => Plan::given(&table.target, query, &table.rows)?,
                None => {
                    let Some(info) = infos.next().flatten() else {
                        let catalog = MyCatalog::new(&mut session.connection);
                        return Err(target_missing(&catalog, &table.target.path));
                    };
                    let database = info.path.database.clone().unwrap_or_default();
                    let details = all.remove(&(database, info.path.table.clone()));
                    let details: Details = details.unwrap_or_default();
                    if let Some(engine) = &details.engine_without_transactions {
                        tracing::warn!(
                            "{}: the engine {engine} has no transactions: rows are visible at once and \
                             stay when the job fails",
                            info.path
                        );
                    }
                    Plan::new(&table.target, &info, &details, &table.rows, upserts)?
                }
            };
            plans.push(Arc::new(plan));
        }
        Ok(plans.into())
    }
}

/// Writes all tables of a job that go to one server.
struct MySqlSink(Arc<Shared>);

#[async_trait]
impl Sink for MySqlSink {
    type Committable = Prepared;
    type Writer = MySqlWriter;

    async fn prepare(&self) -> Result<()> {
        let shared = &self.0;
        let mut session = shared.session().await?;
        let mut infos = Vec::with_capacity(shared.tables.len());
        let paths: Vec<TablePath> = shared.made().map(|t| t.target.path.clone()).collect();
        let known = shared.look_up(&mut session, &paths).await?;
        let known: HashMap<_, _> = paths.into_iter().zip(known).collect();
        let mut catalog = Prefetched {
            catalog: MyCatalog::new(&mut session.connection),
            known,
        };
        for table in &shared.tables {
            let info = save_mode::prepare(&table.target, &mut catalog, &table.rows).await?;
            if table.target.query.is_none() {
                infos.push(info);
            }
        }
        if shared.exactly_once {
            xa::warn_of_leftovers(&mut session.connection).await;
            if session.forgetful {
                tracing::warn!(
                    "the server does not flush its log at each commit \
                     (innodb_flush_log_at_trx_commit): a power cut may take what is committed, \
                     is_exactly_once or not"
                );
            }
        }
        let plans = shared.plan(&mut session, infos).await?;
        // A restored job has plans already; prepare is not called then.
        let _ = shared.plans.set(plans);
        shared.give_back(session).await;
        Ok(())
    }

    async fn writer(&self, context: TaskContext) -> Result<MySqlWriter> {
        let shared = self.0.clone();
        let mut session = shared.session().await?;
        let plans = shared.plans(&mut session).await?;
        shared.give_back(session).await;
        let parallel = context.parallelism > 1;
        let dirty = context.dirty.clone();
        let writer = MySqlWriter {
            applier: None,
            dirty,
            parallel,
            xids: Xids {
                job: context.job.clone(),
                subtask: context.subtask,
                nonce: nonce(),
                number: 0,
            },
            changes: Changes::default(),
            replay: (shared.limits.retries > 0).then(Vec::new),
            replay_bytes: 0,
            rows: 0,
            in_transaction: 0,
            since: Instant::now(),
            last: None,
            plans,
            shared,
        };
        Ok(writer)
    }

    async fn commit(&self, mut prepared: Vec<Prepared>) -> Result<()> {
        if prepared.is_empty() {
            return Ok(());
        }
        prepared.sort_by_key(|p| p.checkpoint);
        let attempts = self.0.limits.commit_attempts.max(1);
        for attempt in 1..=attempts {
            match self.0.try_commit(&prepared).await {
                Err(error) if error.is_retryable() && attempt < attempts => {
                    tracing::warn!("{error}; trying again ({attempt} of {attempts})");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                other => return other,
            }
        }
        Ok(())
    }

    async fn abort(&self, prepared: Vec<Prepared>) -> Result<()> {
        if prepared.is_empty() {
            return Ok(());
        }
        let mut session = self.0.session().await?;
        let mut result = Ok(());
        for one in &prepared {
            let aborted = xa::abort(&mut session.connection, one).await;
            result = result.and(aborted);
        }
        self.0.give_back(session).await;
        result
    }

    async fn finish(&self) -> Result<()> {
        let commits = std::mem::take(&mut *self.0.commits.lock().await);
        if !commits.is_empty() {
            let mut session = self.0.session().await?;
            for table in &commits {
                xa::drop_table(&mut session.connection, table).await?;
            }
            self.0.give_back(session).await;
        }
        drop(self.0.spare.lock().await.take());
        Ok(())
    }

    async fn check(&self) -> Result<()> {
        let mut session = self.0.connect().await?;
        for table in &self.0.tables {
            let mut catalog = MyCatalog::new(&mut session.connection);
            save_mode::check(&table.target, &mut catalog, &table.rows).await?;
            if let Some(query) = &table.target.query {
                let plan = Plan::given(&table.target, query, &table.rows)?;
                session.connection.prepare(&plan.put.sql(1)).await?;
            }
        }
        Ok(())
    }

    async fn readback(&self) -> Result<Option<Vec<Readback>>> {
        let shared = &self.0;
        if shared.made().count() < shared.tables.len() {
            // A given statement may write anywhere.
            return Ok(None);
        }
        let mut session = shared.session().await?;
        let wanted: Vec<TablePath> = shared.made().map(|t| t.target.path.clone()).collect();
        let infos = shared.look_up(&mut session, &wanted).await?;
        let mut paths: Vec<TablePath> = Vec::new();
        let mut places = Vec::with_capacity(wanted.len());
        for (path, info) in wanted.iter().zip(infos) {
            let Some(info) = info else {
                let mut catalog = MyCatalog::new(&mut session.connection);
                return Err(missing(&mut catalog, path).await);
            };
            let known = paths.iter().position(|known| *known == info.path);
            places.push(known.unwrap_or(paths.len()));
            if known.is_none() {
                paths.push(info.path);
            }
        }
        shared.give_back(session).await;
        if paths.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let context = SourceContext {
            job: shared.job.clone(),
            plugin_output: None,
            parallelism: 1,
        };
        let options = source_of(&shared.options, &paths)?;
        let source = crate::source::source(&options, &context).await?;
        let targets = source.tables();
        let tables = shared.tables.iter().zip(places);
        let tables = tables.map(|(table, place)| ReadbackTable {
            table: table.rows.path().clone(),
            target: targets[place].path().clone(),
            columns: None,
            changes: ChangesBecome::Changes,
        });
        Ok(Some(vec![Readback {
            tables: tables.collect(),
            source,
        }]))
    }

    fn guarantee(&self) -> Guarantee {
        if self.0.exactly_once {
            return Guarantee::ExactlyOnce(
                "rows are XA transactions that are committed with their checkpoint, in tables of InnoDB",
            );
        }
        let replaces = |table: &Table| {
            table.target.query.is_none()
                && matches!(table.target.put, Put::Upsert | Put::UpdateOrInsert)
        };
        if self.0.tables.iter().all(replaces) {
            Guarantee::Idempotent("rows replace the row of their key")
        } else {
            Guarantee::AtLeastOnce
        }
    }
}

/// Ids of the transactions of one writer.
struct Xids {
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

/// Tells one run's names from another's, also when a job of the same id runs again.
fn nonce() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = now.map_or(0, |since| since.as_micros());
    format!("{:x}{micros:x}", std::process::id())
}

/// Changes of one table that are kept back to be folded.
#[derive(Default)]
struct Changes {
    table: usize,
    /// Batches, and the number of the first row of each.
    batches: Vec<(Batch, u64)>,
    bytes: usize,
}

/// Writes the rows of one task over one connection.
struct MySqlWriter {
    shared: Arc<Shared>,
    plans: Arc<[Arc<Plan>]>,
    dirty: DirtyRows,
    parallel: bool,
    /// None after a transaction was prepared, or the connection was lost: made anew when rows come.
    applier: Option<Applier>,
    xids: Xids,
    changes: Changes,
    /// The batches of the transaction, to be written again after a conflict, while they are all kept.
    replay: Option<Vec<Batch>>,
    replay_bytes: usize,
    /// Rows that came so far.
    rows: u64,
    /// Rows of the transaction.
    in_transaction: usize,
    since: Instant,
    /// The table of the last batch, since most batches come from one table.
    last: Option<(Arc<CatalogTable>, usize)>,
}

impl MySqlWriter {
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
    async fn take(&mut self, batch: Batch) -> Result<()> {
        let table = self.table_of(&batch)?;
        let first = self.rows + 1;
        self.rows += batch.num_rows() as u64;
        self.in_transaction += batch.num_rows();
        if !self.changes.batches.is_empty() && self.changes.table != table {
            self.apply_changes().await?;
        }
        let folds = self.plans[table].folds;
        if !self.changes.batches.is_empty() || (folds && !only_puts(&batch)) {
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
    async fn apply_changes(&mut self) -> Result<()> {
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

    /// Sends all that is kept back and waits until it is in.
    async fn flush(&mut self) -> Result<()> {
        self.apply_changes().await?;
        match &mut self.applier {
            Some(applier) => applier.finish().await,
            None => Ok(()),
        }
    }

    async fn flush_and_commit(&mut self) -> Result<()> {
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
    async fn keep(&mut self, batch: &Batch) -> Result<()> {
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
    async fn retry(&mut self, error: Error, commit: bool) -> Result<()> {
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
        };
        xa::mark(&mut applier.session.connection, &prepared).await?;
        applier.session.prepare().await?;
        self.in_transaction = 0;
        Ok(vec![prepared])
    }

    async fn abort(&mut self) -> Result<()> {
        // What is not committed goes with the connection.
        self.changes = Changes::default();
        self.applier = None;
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        if let Some(applier) = self.applier.take() {
            self.shared.give_back(applier.session).await;
        }
        Ok(())
    }
}
