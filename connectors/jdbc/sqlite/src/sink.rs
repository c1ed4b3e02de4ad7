//! The sink: what becomes of a table by the options, and its writers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::erased::DynSink;
use seatunnel_api::per_table::per_table;
use seatunnel_api::{
    CatalogTable, Error, Guarantee, JobContext, Readback, Result, Sink, SinkContext, TablePath,
    TaskContext,
};
use tokio::sync::OnceCell;

use crate::connection::Location;
use crate::database::Database;
use crate::plan::Plan;
use crate::readback::readback;
use crate::save_mode;
use crate::staging::{self, Staged};
use crate::writer::{Limits, SqliteWriter, retrying};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::{ConnectionOptions, JdbcSinkOptions};
use seatunnel_jdbc_core::target::{Put, Target, target_path};

/// Rows of one transaction unless `batch_size` is given.
const ROWS: usize = 20_000;

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
        Ok(SqliteWriter::new(
            self.database.clone(),
            plan,
            self.limits,
            self.target.exactly_once,
            &context,
        ))
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

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        if !self.target.exactly_once {
            return Ok(());
        }
        let job = job.id.clone();
        self.database
            .with(move |connection, location| staging::discard_of(connection, location, &job))
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
        // What the table is like counts, where that is known.
        let plan = self.plan.get();
        let replaces = plan.map_or(self.target.put != Put::Insert, |p| p.updates_in_place);
        if replaces && self.target.query.is_none() {
            Guarantee::Idempotent("rows replace the row of their key")
        } else {
            Guarantee::AtLeastOnce
        }
    }
}
