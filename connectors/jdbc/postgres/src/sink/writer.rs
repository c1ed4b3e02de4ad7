//! Writes the rows of all tables of one task, over one connection for each server.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::{Batch, CatalogTable, CheckpointId, Error, Result, SinkWriter, codes};

use super::attempt;
use super::session::Session;
use super::state::{Ready, What};
use super::table::{Path, Stage, TableWriter, WORTHWHILE, Work};

/// Bytes of rows that are kept back for all tables together, about.
const KEPT: usize = 24 << 20;

/// Writes the batches of one task.
pub(crate) struct PgWriter {
    /// One for each server.
    sessions: Vec<Session>,
    /// Each table and its session.
    tables: Vec<(TableWriter, usize)>,
    by_name: HashMap<String, usize>,
    /// The table of the last batch, since most batches come from one table.
    last: Option<(Arc<CatalogTable>, usize)>,
    /// What prepared transactions are called, if rows wait in them for their checkpoint.
    transactions: Option<String>,
    /// Tells stages from each other.
    stages: u64,
}

impl PgWriter {
    pub(crate) fn new(
        sessions: Vec<Session>,
        tables: Vec<(TableWriter, usize)>,
        transactions: Option<String>,
    ) -> Self {
        let names = tables.iter().map(|(t, _)| t.table.path().to_string());
        Self {
            sessions,
            by_name: names.zip(0..).collect(),
            tables,
            last: None,
            transactions,
            stages: 0,
        }
    }

    fn index_of(&mut self, table: &Arc<CatalogTable>) -> Result<usize> {
        if let Some((last, index)) = &self.last
            && Arc::ptr_eq(last, table)
        {
            return Ok(*index);
        }
        let name = table.path().to_string();
        let index = *self.by_name.get(&name).ok_or_else(|| {
            Error::new(
                codes::INTERNAL,
                "rows came for a table that was not announced",
            )
            .with_context("table", &name)
        })?;
        self.last = Some((table.clone(), index));
        Ok(index)
    }

    /// Ends another table's COPY on the connection that a table needs.
    async fn free(&mut self, index: usize) -> Result<()> {
        let session = self.tables[index].1;
        let Some(other) = self.sessions[session].copying.filter(|o| *o != index) else {
            return Ok(());
        };
        let (table, _) = &mut self.tables[other];
        if table.limits.commits {
            table.flush(&mut self.sessions[session]).await
        } else {
            table.finish_copy(&mut self.sessions[session]).await
        }
    }

    async fn flush(&mut self, index: usize) -> Result<()> {
        self.free(index).await?;
        let (table, session) = &mut self.tables[index];
        table.flush(&mut self.sessions[*session]).await
    }

    /// Writes out what is kept back where that is too much altogether, the most first.
    async fn bound_memory(&mut self) -> Result<()> {
        loop {
            let kept = self.tables.iter().map(|(table, _)| table.kept_bytes());
            if kept.clone().sum::<usize>() <= KEPT {
                return Ok(());
            }
            let most = kept.enumerate().max_by_key(|(_, bytes)| *bytes);
            let Some((index, _)) = most else {
                return Ok(());
            };
            self.flush(index).await?;
        }
    }

    /// Ends the transaction of a session so that its rows wait for their checkpoint.
    async fn prepare_transaction(
        &mut self,
        session: usize,
        checkpoint: CheckpointId,
        name: &str,
    ) -> Result<Option<Ready>> {
        if !self.sessions[session].in_transaction() {
            return Ok(None);
        }
        let mut drops = String::new();
        for (table, of) in &mut self.tables {
            if let Stage::OfTransaction(name) = &mut table.stage
                && *of == session
                && table.path == Path::Stage
            {
                drops.push_str(&format!("DROP TABLE IF EXISTS {name}; "));
                // The next transaction would have to wait for this one to make a table of that name.
                self.stages += 1;
                *name = next_stage(name, self.stages);
            }
        }
        let session = &mut self.sessions[session];
        let failed = |failure| attempt::told(failure, "", None);
        if !drops.is_empty() {
            let connection = session.connection().await.map_err(failed)?;
            connection.simple(&drops).await.map_err(failed)?;
        }
        let name = format!("{name}_{checkpoint}");
        let number = session.prepare(&name).await.map_err(failed)?;
        Ok(Some(Ready {
            server: session.server.settings.place(),
            checkpoint,
            what: What::Prepared { name, number },
        }))
    }
}

#[async_trait]
impl SinkWriter for PgWriter {
    type Committable = Ready;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        let index = self.index_of(batch.table())?;
        let (table, session) = &mut self.tables[index];
        let session = *session;
        table.take(batch).await?;
        if table.needs_stage() {
            table.finish_copy(&mut self.sessions[session]).await?;
            if table.path == Path::Direct {
                table.leave_direct("rows are updated or deleted");
            }
        }
        if table.path == Path::Direct {
            let copying = self.sessions[session].copying;
            if copying.is_none_or(|c| c == index) || table.kept_bytes() >= WORTHWHILE {
                self.free(index).await?;
                let (table, _) = &mut self.tables[index];
                table.stream(&mut self.sessions[session]).await?;
            }
        }
        if self.tables[index].0.is_due() {
            self.flush(index).await?;
        }
        self.tables[index].0.settle().await?;
        self.bound_memory().await
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Ready>> {
        // What is open goes first: the others have to wait for it.
        for session in 0..self.sessions.len() {
            if let Some(open) = self.sessions[session].copying {
                self.flush(open).await?;
            }
        }
        for index in 0..self.tables.len() {
            self.flush(index).await?;
        }
        let mut ready = Vec::new();
        for (table, session) in &mut self.tables {
            let server = self.sessions[*session].server.settings.place();
            if let Stage::Waiting {
                name,
                steps,
                null_keys,
            } = &mut table.stage
                && *steps > 0
            {
                self.stages += 1;
                let next = next_stage(name, self.stages);
                // Should the commit not come through.
                let undo = format!("DROP TABLE IF EXISTS {name}");
                self.sessions[*session].undo_by(undo);
                ready.push(Ready {
                    server,
                    checkpoint,
                    what: What::Staged {
                        table: table.table.path().to_string(),
                        stage: std::mem::replace(name, next),
                        steps: std::mem::take(steps),
                        null_keys: std::mem::take(null_keys),
                    },
                });
            }
        }
        for session in 0..self.sessions.len() {
            match self.transactions.clone() {
                Some(name) => {
                    let prepared = self.prepare_transaction(session, checkpoint, &name).await?;
                    ready.extend(prepared);
                }
                None => {
                    let tables = self.tables.iter().filter(|(_, of)| *of == session);
                    let shown: Vec<String> = tables.map(|(t, _)| t.shown()).collect();
                    let failed = |failure| attempt::told(failure, &shown.join(", "), None);
                    self.sessions[session].commit().await.map_err(failed)?;
                }
            }
        }
        for (table, _) in &mut self.tables {
            table.committed();
        }
        for session in &mut self.sessions {
            session.handed_over();
        }
        Ok(ready)
    }

    async fn abort(&mut self) -> Result<()> {
        let mut first = Ok(());
        for session in &mut self.sessions {
            first = first.and(session.abort().await);
        }
        first
    }

    async fn close(&mut self) -> Result<()> {
        for session in &mut self.sessions {
            session.close();
        }
        Ok(())
    }
}

/// The name of the stage after this one: the number at its end is another.
fn next_stage(name: &str, number: u64) -> String {
    match name.trim_end_matches('"').rsplit_once('_') {
        Some((begin, _)) => format!("{begin}_{number}\""),
        None => name.to_owned(),
    }
}

/// How rows of a table get there, for the log.
pub(crate) fn announce(table: &TableWriter) {
    let way = match (&table.work, table.path) {
        (Work::Given(_), _) => {
            "rows are written by the given statement, one by one, which is slower than COPY".to_owned()
        }
        (_, Path::Direct) => "rows are written by COPY (binary)".to_owned(),
        (Work::Made(plan), _) if matches!(table.stage, Stage::Waiting { .. }) => format!(
            "rows wait for their checkpoint in a table beside {}, since max_prepared_transactions of \
             the server does not allow prepared transactions",
            plan.shown
        ),
        (Work::Made(plan), _) if plan.is_view => {
            "rows go through a temporary table, since a view takes no COPY".to_owned()
        }
        (Work::Made(plan), _) if plan.casts.is_empty() => {
            "rows are looked up by their key: COPY (binary) into a temporary table, then UPDATE and INSERT"
                .to_owned()
        }
        (Work::Made(plan), _) => format!(
            "rows go through a temporary table, since the server must cast {}",
            plan.casts.join(", ")
        ),
    };
    tracing::info!("{}: {way}", table.shown());
}
