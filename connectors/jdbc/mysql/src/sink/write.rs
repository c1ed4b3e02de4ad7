//! The sink: one of all tables, with one connection for each of its writers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::erased::{DynSink, erase_sink};
use seatunnel_api::per_table::options_per_table;
use seatunnel_api::{
    ChangesBecome, Error, Guarantee, JobContext, Readback, ReadbackTable, Result, Sink,
    SinkContext, SourceContext, TablePath, TaskContext,
};
use seatunnel_jdbc_core::catalog::{Prefetched, missing};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::JdbcSinkOptions;
use seatunnel_jdbc_core::readback::source_of;
use seatunnel_jdbc_core::save_mode;
use seatunnel_jdbc_core::target::{Put, Target, target_path};
use tokio::sync::{Mutex, OnceCell};

use super::plan::Plan;
use super::session::Ways;
use super::shared::{Limits, Shared, Table};
use super::writer::MySqlWriter;
use super::xa::{self, Prepared};
use crate::catalog::MyCatalog;
use crate::wire::Settings;

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
        prepared: Mutex::default(),
        commits: Mutex::default(),
    }))))
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
        let server = session.connection.server();
        if shared.exactly_once && !server.keeps_prepared() {
            return Err(Error::new(
                errors::OPTION,
                "this server can't do is_exactly_once: it rolls a prepared XA transaction back when its session ends",
            )
            .with_context("server", format!("{} {}", session.connection.place(), server.version))
            .with_help(
                "it takes MySQL 5.7.7 or MariaDB 10.5, or newer ones; with is_exactly_once = false and a primary key, \
                 rows that are written twice replace themselves",
            ));
        }
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
        Ok(MySqlWriter::new(shared, plans, context))
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
        let mut result = Ok(());
        for one in &prepared {
            let (mut session, is_own) = self.0.session_of(one).await?;
            result = result.and(xa::abort(&mut session.connection, one, is_own).await);
            self.0.give_back(session).await;
        }
        result
    }

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        if self.0.exactly_once {
            let mut session = self.0.session().await?;
            xa::discard(&mut session.connection, &job.id).await?;
            self.0.give_back(session).await;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        // A server may have been busy with the last words of a killed process when the job went on.
        self.discard_leftovers(&self.0.job).await?;
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
        let replaces = |(place, table): (usize, &Table)| {
            let plan = self.0.plans.get().and_then(|plans| plans.get(place));
            // What the table is like counts, where that is known.
            table.target.query.is_none()
                && plan.map_or(table.target.put != Put::Insert, |p| p.updates_in_place)
        };
        if self.0.tables.iter().enumerate().all(replaces) {
            Guarantee::Idempotent("rows replace the row of their key")
        } else {
            Guarantee::AtLeastOnce
        }
    }
}
