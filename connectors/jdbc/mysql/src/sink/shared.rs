//! What is known of all targets, and the connection that nobody uses right now.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use seatunnel_api::{CatalogTable, Error, JobContext, Result, TablePath};
use seatunnel_jdbc_core::catalog::{TableInfo, target_missing};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::ConnectionOptions;
use seatunnel_jdbc_core::target::Target;
use tokio::sync::{Mutex, OnceCell};

use super::details::{self, Details};
use super::plan::Plan;
use super::session::{Session, Ways};
use super::statements::Upserts;
use super::xa::{self, Prepared};
use crate::catalog::MyCatalog;
use crate::wire::Settings;

/// One table and what the options say about it.
pub(super) struct Table {
    pub(super) rows: Arc<CatalogTable>,
    pub(super) target: Target,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Rows of a transaction, where the user says how many.
    pub(super) rows: Option<usize>,
    pub(super) interval: Option<Duration>,
    pub(super) retries: u32,
    pub(super) commit_attempts: u32,
}

/// What the writers and the coordinator share.
pub(super) struct Shared {
    pub(super) options: ConnectionOptions,
    pub(super) settings: Settings,
    pub(super) job: JobContext,
    pub(super) ways: Ways,
    pub(super) tables: Vec<Table>,
    pub(super) plans: OnceCell<Arc<[Arc<Plan>]>>,
    /// A connection that is not in use: the one that prepared the tables writes the first rows.
    pub(super) spare: Mutex<Option<Session>>,
    pub(super) limits: Limits,
    pub(super) exactly_once: bool,
    /// Sessions by the transaction that they have prepared.
    pub(super) prepared: Mutex<HashMap<String, Session>>,
    /// Tables of commits, to be dropped at the end.
    pub(super) commits: Mutex<Vec<String>>,
}

impl Shared {
    pub(super) async fn try_commit(&self, prepared: &[Prepared]) -> Result<()> {
        for one in prepared {
            let (mut session, is_own) = self.session_of(one).await?;
            xa::commit(&mut session.connection, one, is_own).await?;
            self.remember(&one.commits).await;
            self.give_back(session).await;
        }
        if let Some(last) = prepared.last() {
            let mut session = self.session().await?;
            xa::forget(&mut session.connection, last).await?;
            self.give_back(session).await;
        }
        Ok(())
    }

    /// The session that has prepared a transaction, and that it is; another one if that is gone.
    pub(super) async fn session_of(&self, prepared: &Prepared) -> Result<(Session, bool)> {
        let own = self.prepared.lock().await.remove(&prepared.xid);
        match own.filter(|session| session.connection.is_usable()) {
            Some(session) => Ok((session, true)),
            None => Ok((self.session().await?, false)),
        }
    }

    pub(super) async fn remember(&self, commits: &str) {
        let mut known = self.commits.lock().await;
        if !known.iter().any(|known| known == commits) {
            known.push(commits.to_owned());
        }
    }

    pub(super) async fn connect(&self) -> Result<Session> {
        Session::open(&self.settings, self.ways).await
    }

    pub(super) async fn session(&self) -> Result<Session> {
        match self.spare.lock().await.take() {
            Some(session) => Ok(session),
            None => self.connect().await,
        }
    }

    pub(super) async fn give_back(&self, session: Session) {
        if session.connection.is_usable() && !session.in_transaction() {
            *self.spare.lock().await = Some(session);
        }
    }

    /// The database that the table of commits is in.
    pub(super) fn database(&self) -> Result<&str> {
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
    pub(super) async fn plans(&self, session: &mut Session) -> Result<Arc<[Arc<Plan>]>> {
        let plans = self.plans.get_or_try_init(|| async {
            let paths: Vec<TablePath> = self.made().map(|t| t.target.path.clone()).collect();
            let infos = self.look_up(session, &paths).await?;
            self.plan(session, infos).await
        });
        plans.await.cloned()
    }

    /// Tables as they are, in one round trip.
    pub(super) async fn look_up(
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
    pub(super) fn made(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|t| t.target.query.is_none())
    }

    /// Plans for the tables as they are.
    pub(super) async fn plan(
        &self,
        session: &mut Session,
        infos: Vec<Option<TableInfo>>,
    ) -> Result<Arc<[Arc<Plan>]>> {
        let paths: Vec<&TablePath> = infos.iter().flatten().map(|info| &info.path).collect();
        let mut all = match paths.is_empty() {
            true => Default::default(),
            false => details::read(&session.connection.rows(&details::query(&paths)).await?),
        };
        let upserts = Upserts::of(&session.connection);
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
                    let target = table.target.for_table(&info);
                    Plan::new(&target, &info, &details, &table.rows, upserts)?
                }
            };
            plans.push(Arc::new(plan));
        }
        Ok(plans.into())
    }
}
