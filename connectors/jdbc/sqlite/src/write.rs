//! The sink: rows kept back and written in transactions, over one connection to a file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rusqlite::Connection;
use seatunnel_api::erased::DynSink;
use seatunnel_api::per_table::per_table;
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, Error, Guarantee, JobContext, Readback, Result, Sink,
    SinkContext, SinkWriter, TablePath, TaskContext,
};
use tokio::sync::OnceCell;

use crate::apply::apply;
use crate::connection::Location;
use crate::plan::Plan;
use crate::readback::readback;
use crate::save_mode;
use crate::staging::{self, Staged};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::{ConnectionOptions, JdbcSinkOptions};
use seatunnel_jdbc_core::target::{Put, Target, target_path};

/// Rows of one transaction unless `batch_size` is given.
const ROWS: usize = 20_000;
/// Bytes of rows that a writer keeps back at most, about.
const BYTES: usize = 16 << 20;
/// Bytes of rows that all writers to a file keep back, about, before each writes what it gets.
const BYTES_OF_ALL: usize = 64 << 20;

/// Makes a sink for all tables of the context.
pub(crate) fn create(options: &JdbcSinkOptions, context: &SinkContext) -> Result<Arc<dyn DynSink>> {
    // Errors of the url are told before those of single tables.
    Location::parse(&options.connection)?;
    per_table("Jdbc", context, |options: JdbcSinkOptions, table| {
        let mut location = Location::parse(&options.connection)?;
        if options.is_exactly_once {
            location = location.synced();
        }
        Ok(SqliteSink {
            database: Database::shared(location),
            target: Arc::new(target(&options, context, table)?),
            table: table.clone(),
            connection: options.connection,
            job: context.job.clone(),
            plan: Arc::default(),
            limits: Limits {
                rows: options.batch_size.unwrap_or(ROWS),
                interval: (options.batch_interval_ms > 0)
                    .then(|| Duration::from_millis(options.batch_interval_ms)),
                retries: options.max_retries,
                commit_attempts: options.max_commit_attempts,
            },
        })
    })
}

/// What the rows' table is called in the target; a file has no databases and no schemas, so that
/// what stands in front is left out where it is one's name, and else part of the table's.
fn path(options: &JdbcSinkOptions, context: &SinkContext, table: &CatalogTable) -> TablePath {
    let path = target_path(options, context, table, false);
    match path.database {
        Some(name) if options.database.is_none() && !name.eq_ignore_ascii_case("main") => {
            TablePath::table(format!("{name}.{}", path.table))
        }
        _ => TablePath::table(path.table),
    }
}

/// What the options say about a table, where SQLite can do it.
fn target(
    options: &JdbcSinkOptions,
    context: &SinkContext,
    table: &CatalogTable,
) -> Result<Target> {
    let target = Target::new(options, table, path(options, context, table))?;
    if target.exactly_once && (target.query.is_some() || target.put == Put::UpdateOrInsert) {
        return Err(Error::new(
            errors::OPTION,
            "is_exactly_once needs generate_sink_sql = true and a target with a unique key",
        ));
    }
    Ok(target)
}

/// A file that is written to, over one connection that its writers use in turn.
pub(crate) struct Database {
    location: Location,
    connection: Arc<tokio::sync::Mutex<Option<Connection>>>,
    /// Bytes of rows that its writers keep back: with many tables, each one's limit is not enough.
    kept: AtomicUsize,
}

/// The files being written to by this process.
static OPEN: LazyLock<Mutex<HashMap<PathBuf, Vec<Weak<Database>>>>> = LazyLock::new(Mutex::default);

impl Database {
    /// The database of a location; sinks with the same file and settings share it.
    fn shared(location: Location) -> Arc<Self> {
        let key = std::path::absolute(location.path()).unwrap_or(location.path().to_owned());
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, list| list.iter().any(|weak| weak.strong_count() > 0));
        let list = open.entry(key).or_default();
        let mut alive = list.iter().filter_map(Weak::upgrade);
        if let Some(found) = alive.find(|d| d.location == location) {
            return found;
        }
        let database = Arc::new(Self {
            location,
            connection: Arc::default(),
            kept: AtomicUsize::new(0),
        });
        list.push(Arc::downgrade(&database));
        database
    }

    /// Works on the connection on a thread that may block, when it is this caller's turn.
    async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Connection, &Location) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut turn = self.connection.clone().lock_owned().await;
        let database = self.clone();
        crate::blocking(move || {
            let connection = match &mut *turn {
                Some(connection) => connection,
                none => none.insert(database.location.open_for_writing()?),
            };
            work(connection, &database.location)
        })
        .await
    }

    /// Closes the connection, which moves what is in the WAL into the file. The next to use it opens it again.
    async fn close(self: &Arc<Self>) -> Result<()> {
        let mut turn = self.connection.clone().lock_owned().await;
        let database = self.clone();
        crate::blocking(move || match turn.take() {
            Some(connection) => connection
                .close()
                .map_err(|(_, error)| database.location.failure(error)),
            None => Ok(()),
        })
        .await
    }
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    rows: usize,
    interval: Option<Duration>,
    retries: u32,
    commit_attempts: u32,
}

/// Writes one table.
pub(crate) struct SqliteSink {
    database: Arc<Database>,
    target: Arc<Target>,
    table: Arc<CatalogTable>,
    connection: ConnectionOptions,
    job: JobContext,
    plan: Arc<OnceCell<Arc<Plan>>>,
    limits: Limits,
}

impl SqliteSink {
    /// The statements, made when they are first needed.
    async fn plan(&self) -> Result<Arc<Plan>> {
        let plan = self.plan.get_or_try_init(|| {
            let (target, table) = (self.target.clone(), self.table.clone());
            self.database.with(move |connection, location| {
                Plan::new(&target, connection, location, &table).map(Arc::new)
            })
        });
        plan.await.cloned()
    }
}

/// Tells one run's names from another's, also when a job of the same id runs again.
fn nonce() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = now.map_or(0, |since| since.as_nanos());
    format!("{:x}_{:x}", std::process::id(), nanos)
}

/// Does work again when the database was busy, so many times.
async fn retrying<F: Future<Output = Result<()>>>(times: u32, work: impl Fn() -> F) -> Result<()> {
    let mut retries = 0;
    loop {
        match work().await {
            Err(error) if error.is_retryable() && retries < times => {
                retries += 1;
                tracing::warn!("{error}; trying again ({retries} of {times})");
            }
            other => return other,
        }
    }
}

#[async_trait]
impl Sink for SqliteSink {
    type Committable = Staged;
    type Writer = SqliteWriter;

    async fn prepare(&self) -> Result<()> {
        let (target, table) = (self.target.clone(), self.table.clone());
        self.database
            .with(move |connection, location| {
                save_mode::prepare(&target, connection, location, &table)
            })
            .await
    }

    async fn writer(&self, context: TaskContext) -> Result<SqliteWriter> {
        let plan = self.plan().await?;
        let staging = self.target.exactly_once.then(|| Staging {
            names: format!("{}_{}_{}", context.job.id, context.subtask, nonce()),
            number: 0,
            current: None,
        });
        Ok(SqliteWriter {
            database: self.database.clone(),
            plan,
            limits: self.limits,
            staging,
            kept: Vec::new(),
            rows: 0,
            bytes: 0,
            since: Instant::now(),
        })
    }

    async fn commit(&self, mut staged: Vec<Staged>) -> Result<()> {
        if staged.is_empty() {
            return Ok(());
        }
        staged.sort_by_key(|s| s.checkpoint);
        let staged: Arc<[Staged]> = staged.into();
        let plan = self.plan().await?;
        let attempts = self.limits.commit_attempts.saturating_sub(1);
        retrying(attempts, || {
            let (plan, staged) = (plan.clone(), staged.clone());
            let table = self.table.clone();
            self.database.with(move |connection, location| {
                staging::commit(connection, location, &plan, &table, &staged)
            })
        })
        .await
    }

    async fn abort(&self, staged: Vec<Staged>) -> Result<()> {
        if staged.is_empty() {
            return Ok(());
        }
        let tables: Vec<String> = staged.into_iter().map(|s| s.table).collect();
        self.database
            .with(move |connection, location| staging::discard(connection, location, &tables))
            .await
    }

    async fn finish(&self) -> Result<()> {
        self.database.close().await
    }

    async fn check(&self) -> Result<()> {
        let (database, target, table) = (
            self.database.clone(),
            self.target.clone(),
            self.table.clone(),
        );
        crate::blocking(move || {
            let location = &database.location;
            if location.path().exists() {
                let connection = location.open_for_reading()?;
                save_mode::check(&target, &connection, location, &table)
            } else {
                location.check_creatable()
            }
        })
        .await
    }

    async fn readback(&self) -> Result<Option<Vec<Readback>>> {
        if self.target.query.is_some() {
            // A given statement may write anywhere.
            return Ok(None);
        }
        let (table, target) = (self.table.path(), &self.target.path);
        let back = readback(&self.connection, &self.job, table, target).await?;
        Ok(Some(vec![back]))
    }

    fn guarantee(&self) -> Guarantee {
        if self.target.exactly_once {
            return Guarantee::ExactlyOnce("rows are moved into the table with their checkpoint");
        }
        match self.target.put {
            Put::Upsert | Put::UpdateOrInsert if self.target.query.is_none() => {
                Guarantee::Idempotent("rows replace the row of their key")
            }
            _ => Guarantee::AtLeastOnce,
        }
    }
}

/// The staging tables of a writer.
struct Staging {
    /// What their names end in, before the number.
    names: String,
    number: u64,
    /// The one being filled, and the statements that do it.
    current: Option<(String, Arc<Plan>)>,
}

/// Keeps rows back and writes them in transactions.
pub(crate) struct SqliteWriter {
    database: Arc<Database>,
    plan: Arc<Plan>,
    limits: Limits,
    staging: Option<Staging>,
    kept: Vec<Batch>,
    rows: usize,
    bytes: usize,
    since: Instant,
}

impl SqliteWriter {
    fn take(&mut self) -> Arc<[Batch]> {
        self.database.kept.fetch_sub(self.bytes, Ordering::Relaxed);
        (self.rows, self.bytes) = (0, 0);
        std::mem::take(&mut self.kept).into()
    }

    async fn flush(&mut self) -> Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let plan = self.statements().await?;
        let batches = self.take();
        retrying(self.limits.retries, || {
            let (plan, batches) = (plan.clone(), batches.clone());
            self.database
                .with(move |connection, location| apply(connection, location, &plan, &batches))
        })
        .await
    }

    /// The statements to write with: those of the target or of a staging table, made if there is none.
    async fn statements(&mut self) -> Result<Arc<Plan>> {
        let Some(staging) = &mut self.staging else {
            return Ok(self.plan.clone());
        };
        if let Some((_, plan)) = &staging.current {
            return Ok(plan.clone());
        }
        let unique = format!("{}_{}", staging.names, staging.number);
        let name = staging::name(&self.plan.table, &unique);
        staging.number += 1;
        let (plan, made) = (self.plan.clone(), name.clone());
        let plan = self
            .database
            .with(move |connection, location| staging::create(connection, location, &plan, &made))
            .await?;
        let plan = Arc::new(plan);
        staging.current = Some((name, plan.clone()));
        Ok(plan)
    }
}

#[async_trait]
impl SinkWriter for SqliteWriter {
    type Committable = Staged;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        if self.kept.is_empty() {
            self.since = Instant::now();
        }
        self.rows += batch.num_rows();
        let bytes = batch.num_bytes();
        self.bytes += bytes;
        let of_all = bytes + self.database.kept.fetch_add(bytes, Ordering::Relaxed);
        self.kept.push(batch);
        let late = self
            .limits
            .interval
            .is_some_and(|interval| self.since.elapsed() >= interval);
        let much = self.bytes >= BYTES || of_all >= BYTES_OF_ALL;
        if self.rows >= self.limits.rows || much || late {
            self.flush().await?;
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Staged>> {
        self.flush().await?;
        let current = self.staging.as_mut().and_then(|s| s.current.take());
        Ok(current
            .map(|(table, _)| Staged { table, checkpoint })
            .into_iter()
            .collect())
    }

    async fn abort(&mut self) -> Result<()> {
        self.take();
        let current = self.staging.as_mut().and_then(|s| s.current.take());
        let Some((table, _)) = current else {
            return Ok(());
        };
        self.database
            .with(move |connection, location| staging::discard(connection, location, &[table]))
            .await
    }
}

impl Drop for SqliteWriter {
    fn drop(&mut self) {
        self.take();
    }
}
