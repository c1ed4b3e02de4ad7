//! The sink: rows into tables by COPY, one connection for each task and server.

mod attempt;
mod columns;
mod commit;
mod fold;
mod given;
mod kept;
mod plan;
mod recovery;
mod session;
mod state;
mod table;
mod writer;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use seatunnel_api::erased::DynSink;
use seatunnel_api::per_table::options_per_table;
use seatunnel_api::{
    CatalogTable, ChangesBecome, Error, Guarantee, JobContext, JobMode, Readback, ReadbackTable,
    Result, Sink, SinkContext, SourceContext, TablePath, TaskContext, erase_sink, erase_source,
};
use seatunnel_jdbc_core::catalog::{Catalog, Prefetched, TableInfo};
use seatunnel_jdbc_core::options::{ConnectionOptions, DataSaveMode, JdbcSinkOptions};
use seatunnel_jdbc_core::readback::source_of;
use seatunnel_jdbc_core::target::{Put, Target, target_path};
use seatunnel_jdbc_core::{errors, save_mode};
use tokio::sync::OnceCell;

use crate::catalog::PgCatalog;
use crate::wire::{Connection, Settings};
use given::Given;
use plan::Plan;
use session::{Server, Session};
use state::Ready;
use table::{Limits, Stage, TableWriter, Work};
use writer::PgWriter;

/// From this version on there is `ON CONFLICT`.
const WITH_CONFLICT_CLAUSE: u32 = 90_500;

/// Makes a sink for all tables of the context.
pub(crate) fn create(context: &SinkContext) -> Result<Arc<dyn DynSink>> {
    let mut servers: Vec<(String, Arc<Server>)> = Vec::new();
    let mut tables = Vec::with_capacity(context.tables.len());
    for (table, options) in options_per_table::<JdbcSinkOptions>("Jdbc", context)? {
        let key = format!(
            "{} {:?}",
            options.connection.url, options.connection.username
        );
        let server = match servers.iter().position(|(known, _)| *known == key) {
            Some(server) => server,
            None => {
                let settings = Settings::parse(&options.connection)?;
                servers.push((key, Arc::new(Server::new(settings))));
                servers.len() - 1
            }
        };
        tables.push(SinkTable {
            target: target(&options, context, &table)?,
            limits: limits(&options, context),
            attempts: options.max_commit_attempts,
            connection: options.connection,
            table,
            server,
        });
    }
    Ok(erase_sink(PgSink {
        job: context.job.clone(),
        servers: servers.into_iter().map(|(_, server)| server).collect(),
        tables: tables.into(),
        plans: Arc::default(),
    }))
}

/// What the options say about a table, where PostgreSQL can do it.
fn target(
    options: &JdbcSinkOptions,
    context: &SinkContext,
    table: &CatalogTable,
) -> Result<Target> {
    let path = target_path(options, context, table, true);
    let mut target = Target::new(options, table, path)?;
    // Versions before 9.5, as the option says it, have no `ON CONFLICT`.
    let old = options.connection.compatible_mode.as_deref();
    if target.put == Put::Upsert && old.is_some_and(|m| m.eq_ignore_ascii_case("postgresLow")) {
        target.put = Put::UpdateOrInsert;
    }
    Ok(target)
}

fn limits(options: &JdbcSinkOptions, context: &SinkContext) -> Limits {
    let streaming = context.job.mode == JobMode::Streaming;
    let given =
        (options.batch_interval_ms > 0).then(|| Duration::from_millis(options.batch_interval_ms));
    let often = options.batch_size.is_some() || given.is_some() || options.max_retries > 0;
    Limits {
        rows: options.batch_size,
        interval: given.or(streaming.then_some(Duration::from_secs(1))),
        commits: (often || streaming) && options.auto_commit && !options.is_exactly_once,
        retries: options.max_retries,
    }
}

/// One table of a sink.
struct SinkTable {
    table: Arc<CatalogTable>,
    target: Target,
    limits: Limits,
    /// How often a commit is tried.
    attempts: u32,
    /// How its server is reached.
    connection: ConnectionOptions,
    /// Its place among the sink's servers.
    server: usize,
}

/// Writes tables.
pub(crate) struct PgSink {
    job: JobContext,
    servers: Vec<Arc<Server>>,
    tables: Arc<[SinkTable]>,
    plans: Arc<OnceCell<Vec<Work>>>,
}

impl PgSink {
    /// The tables of a server and their places among all.
    fn of_server(&self, server: usize) -> impl Iterator<Item = (usize, &SinkTable)> {
        let all = self.tables.iter().enumerate();
        all.filter(move |(_, table)| table.server == server)
    }

    /// How rows are written, found out when it is first needed.
    async fn plans(&self) -> Result<&Vec<Work>> {
        self.plans
            .get_or_try_init(|| async {
                let mut infos: Vec<Option<TableInfo>> = vec![None; self.tables.len()];
                for (index, server) in self.servers.iter().enumerate() {
                    let mut connection = server.connect().await?;
                    for (place, info) in self.existing(index, &mut connection).await? {
                        infos[place] = info;
                    }
                    server.give_back(connection);
                }
                self.complete(self.make_plans(&infos).await?)
            })
            .await
    }

    /// All plans, or the error of a table that is not there.
    fn complete(&self, plans: Vec<Option<Work>>) -> Result<Vec<Work>> {
        plans
            .into_iter()
            .zip(self.tables.iter())
            .map(|(plan, table)| plan.ok_or_else(|| missing(&table.target.path)))
            .collect()
    }

    /// The tables of a server as they are.
    async fn existing(
        &self,
        server: usize,
        connection: &mut Connection,
    ) -> Result<Vec<(usize, Option<TableInfo>)>> {
        let mine: Vec<(usize, &TablePath)> = self
            .of_server(server)
            .filter(|(_, t)| t.target.query.is_none())
            .map(|(place, t)| (place, &t.target.path))
            .collect();
        if mine.is_empty() {
            return Ok(Vec::new());
        }
        let paths: Vec<TablePath> = mine.iter().map(|(_, path)| (*path).clone()).collect();
        let found = PgCatalog::new(connection).tables(&paths).await?;
        let infos = found.into_iter().map(|table| table.map(|t| t.info));
        Ok(mine
            .into_iter()
            .map(|(place, _)| place)
            .zip(infos)
            .collect())
    }

    /// Compares rows and tables. `infos` has what is known of each table that is there.
    async fn make_plans(&self, infos: &[Option<TableInfo>]) -> Result<Vec<Option<Work>>> {
        let mut plans: Vec<Option<Work>> = vec![None; self.tables.len()];
        for (index, server) in self.servers.iter().enumerate() {
            let mut connection = server.connect().await?;
            let utc = is_utc(&connection);
            let known: Vec<(usize, &SinkTable, &TableInfo)> = self
                .of_server(index)
                .filter_map(|(place, table)| Some((place, table, infos[place].as_ref()?)))
                .collect();
            let names: Vec<String> = known
                .iter()
                .map(|(_, _, info)| crate::ddl::qualified(&info.path))
                .collect();
            let columns = columns::of_tables(&mut connection, &names).await?;
            for ((place, table, info), columns) in known.into_iter().zip(columns) {
                let mut target = table.target.for_table(info).into_owned();
                if target.put == Put::Upsert && connection.server_version() < WITH_CONFLICT_CLAUSE {
                    target.put = Put::UpdateOrInsert;
                }
                let plan = Plan::new(&target, info, &columns, &table.table, utc)?;
                plans[place] = Some(Work::Made(Arc::new(plan)));
            }
            for (place, table) in self.of_server(index) {
                if let Some(query) = &table.target.query {
                    let given = Given::new(query, &table.table, &mut connection, utc).await?;
                    plans[place] = Some(Work::Given(Arc::new(given)));
                }
            }
            server.give_back(connection);
        }
        Ok(plans)
    }

    /// Whether rows wait for their checkpoint in prepared transactions; false if in tables.
    async fn prepares(&self, server: &Server, parallelism: usize) -> Result<bool> {
        let mut connection = server.connect().await?;
        let rows = connection.rows("SHOW max_prepared_transactions").await?;
        server.give_back(connection);
        let most = rows
            .first()
            .and_then(|row| row.first()?.as_deref()?.parse().ok());
        Ok(most.is_some_and(|most: usize| most >= parallelism.max(1)))
    }
}

fn missing(path: &TablePath) -> Error {
    Error::new(
        seatunnel_api::codes::TARGET_MISSING,
        format!("the table `{path}` does not exist"),
    )
}

/// Whether wall clocks of the session show UTC.
fn is_utc(connection: &Connection) -> bool {
    const NAMES: &[&str] = &["UTC", "GMT", "UCT", "Zulu", "Universal", "Greenwich"];
    let zone = connection.parameter("TimeZone").unwrap_or_default();
    let zone = zone.strip_prefix("Etc/").unwrap_or(zone);
    NAMES.iter().any(|name| name.eq_ignore_ascii_case(zone))
}

/// Tells one run's names from another's, also when a job of the same id runs again.
fn nonce() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = now.map_or(0, |since| since.as_nanos());
    // Names of tables have 63 bytes.
    let process = u64::from(std::process::id()) << 42;
    format!("{:x}", nanos as u64 ^ process)
}

#[async_trait]
impl Sink for PgSink {
    type Committable = Ready;
    type Writer = PgWriter;

    async fn prepare(&self) -> Result<()> {
        let mut infos: Vec<Option<TableInfo>> = vec![None; self.tables.len()];
        for (index, server) in self.servers.iter().enumerate() {
            let mut connection = server.connect().await?;
            if self.tables.iter().any(|table| table.target.exactly_once) {
                commit::warn_of_leftovers(&mut connection).await?;
            }
            let existing = self.existing(index, &mut connection).await?;
            let known = existing
                .into_iter()
                .map(|(place, info)| (self.tables[place].target.path.clone(), info))
                .collect();
            let mut catalog = Prefetched {
                catalog: PgCatalog::new(&mut connection),
                known,
            };
            let mine: Vec<&CatalogTable> = self.of_server(index).map(|(_, t)| &*t.table).collect();
            catalog.catalog.learn_types(&mine).await?;
            // All tables or none; what the user wrote may be something that no transaction can have.
            let custom =
                |(_, t): (usize, &SinkTable)| t.target.data_save_mode == DataSaveMode::Custom;
            let together = self.of_server(index).count() > 1 && !self.of_server(index).any(custom);
            if together {
                catalog.run("BEGIN").await?;
            }
            for (place, table) in self.of_server(index) {
                infos[place] =
                    save_mode::prepare(&table.target, &mut catalog, &table.table).await?;
            }
            if together {
                catalog.run("COMMIT").await?;
            }
            server.give_back(connection);
        }
        let plans = self.complete(self.make_plans(&infos).await?)?;
        // Nobody has asked for them before.
        let _ = self.plans.set(plans);
        Ok(())
    }

    async fn writer(&self, context: TaskContext) -> Result<PgWriter> {
        let plans = self.plans().await?;
        let unique = format!("{}_{}", context.subtask, nonce());
        let exactly_once = self.tables.iter().any(|table| table.target.exactly_once);
        let mut prepares = Vec::with_capacity(self.servers.len());
        for server in &self.servers {
            let prepared = exactly_once && self.prepares(server, context.parallelism).await?;
            prepares.push(prepared);
        }
        let mut tables = Vec::with_capacity(self.tables.len());
        for (index, (table, work)) in self.tables.iter().zip(plans).enumerate() {
            let schema = match work {
                Work::Made(plan) => plan.schema.as_str(),
                Work::Given(_) => "",
            };
            let stage = match (exactly_once, prepares[table.server]) {
                (false, _) => Stage::Temporary(format!("_seatunnel_stage_{index}")),
                (true, true) => {
                    Stage::OfTransaction(format!("{schema}\"_seatunnel_stage_{unique}_{index}_0\""))
                }
                (true, false) => Stage::Waiting {
                    name: format!(
                        "{schema}\"{}_{unique}_{index}_0\"",
                        commit::waiting_name(&context.job.id)
                    ),
                    steps: 0,
                    null_keys: false,
                },
            };
            if matches!((work, &stage), (Work::Given(_), Stage::Waiting { .. })) {
                return Err(Error::new(
                    errors::OPTION,
                    "is_exactly_once with a given query needs prepared transactions",
                )
                .with_help(format!(
                    "set max_prepared_transactions of the server to {} or more",
                    context.parallelism
                )));
            }
            let writer = TableWriter::new(
                index,
                table.table.clone(),
                work.clone(),
                stage,
                table.limits,
                context.dirty.clone(),
            );
            if context.subtask == 0 {
                writer::announce(&writer);
            }
            tables.push((writer, table.server));
        }
        let sessions = self
            .servers
            .iter()
            .zip(&prepares)
            .map(|(server, waits)| Session::new(server.clone(), *waits))
            .collect();
        let transactions = prepares
            .contains(&true)
            .then(|| format!("{}_{unique}", commit::transaction_name(&context.job.id)));
        Ok(PgWriter::new(sessions, tables, transactions))
    }

    async fn commit(&self, mut ready: Vec<Ready>) -> Result<()> {
        ready.sort_by_key(|ready| ready.checkpoint);
        for server in &self.servers {
            let place = server.settings.place();
            let own: Vec<&Ready> = ready.iter().filter(|r| r.server == place).collect();
            if own.is_empty() {
                continue;
            }
            let attempts = self.tables.iter().map(|t| t.attempts).max().unwrap_or(1);
            commit::commit(self, server, &own, attempts).await?;
        }
        Ok(())
    }

    async fn abort(&self, ready: Vec<Ready>) -> Result<()> {
        for server in &self.servers {
            let place = server.settings.place();
            let own: Vec<&Ready> = ready.iter().filter(|r| r.server == place).collect();
            if !own.is_empty() {
                commit::abort(server, &own).await?;
            }
        }
        Ok(())
    }

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        if self.tables.iter().any(|table| table.target.exactly_once) {
            for server in &self.servers {
                commit::discard(server, &job.id).await?;
            }
        }
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        // A server may have been busy with the last words of a killed process when the job went on.
        self.discard_leftovers(&self.job).await?;
        for server in &self.servers {
            server.close();
        }
        Ok(())
    }

    async fn check(&self) -> Result<()> {
        let mut infos: Vec<Option<TableInfo>> = vec![None; self.tables.len()];
        for (index, server) in self.servers.iter().enumerate() {
            let mut connection = server.connect().await?;
            for (place, info) in self.existing(index, &mut connection).await? {
                infos[place] = info;
            }
            let mut catalog = PgCatalog::new(&mut connection);
            for (_, table) in self.of_server(index) {
                save_mode::check(&table.target, &mut catalog, &table.table).await?;
            }
            server.give_back(connection);
        }
        for (info, table) in infos.iter_mut().zip(self.tables.iter()) {
            use seatunnel_jdbc_core::options::SchemaSaveMode::Recreate;
            if table.target.schema_save_mode == Recreate {
                // It will be another table.
                *info = None;
            }
        }
        self.make_plans(&infos).await.map(drop)
    }

    async fn readback(&self) -> Result<Option<Vec<Readback>>> {
        if self.tables.iter().any(|table| table.target.query.is_some()) {
            // A given statement may write anywhere.
            return Ok(None);
        }
        let mut all = Vec::with_capacity(self.servers.len());
        for (index, server) in self.servers.iter().enumerate() {
            let mut connection = server.connect().await?;
            let mut paths: Vec<TablePath> = Vec::new();
            let mut places = Vec::new();
            for (place, info) in self.existing(index, &mut connection).await? {
                let info = info.ok_or_else(|| missing(&self.tables[place].target.path))?;
                let known = paths.iter().position(|path| *path == info.path);
                places.push((place, known.unwrap_or(paths.len())));
                if known.is_none() {
                    paths.push(info.path);
                }
            }
            server.give_back(connection);
            let Some((first, _)) = places.first() else {
                continue;
            };
            let options = source_of(&self.tables[*first].connection, &paths)?;
            let context = SourceContext {
                job: self.job.clone(),
                plugin_output: None,
                parallelism: 1,
            };
            let source = erase_source(crate::source::create(options, &context).await?);
            let targets = source.tables();
            let tables = places.into_iter().map(|(place, target)| ReadbackTable {
                table: self.tables[place].table.path().clone(),
                target: targets[target].path().clone(),
                columns: None,
                changes: ChangesBecome::Changes,
            });
            all.push(Readback {
                tables: tables.collect(),
                source,
            });
        }
        Ok(Some(all))
    }

    fn guarantee(&self) -> Guarantee {
        let replaces = |(place, table): (usize, &SinkTable)| {
            let plan = self.plans.get().and_then(|plans| plans.get(place));
            match plan {
                // What the table is like counts, where that is known.
                Some(Work::Made(plan)) => plan.put != Put::Insert,
                Some(Work::Given(_)) => false,
                None => table.target.query.is_none() && table.target.put != Put::Insert,
            }
        };
        if self.tables.iter().any(|table| table.target.exactly_once) {
            Guarantee::ExactlyOnce(
                "rows become visible with their checkpoint, by a prepared transaction or from a table \
                 that is moved in one transaction",
            )
        } else if self.tables.iter().enumerate().all(replaces) {
            Guarantee::Idempotent("rows replace the row of their key")
        } else {
            Guarantee::AtLeastOnce
        }
    }
}
