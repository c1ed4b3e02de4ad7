//! Dirty rows: those that a source can't read, a transform can't change or a sink can't write,
//! each on its own account, while the rows around them are fine.
//!
//! Where the user gave a sink a place for them (`dirty.path`, `dirty.max`), the job goes on without
//! them. A connector needs to know one call: [`DirtyRows::reject`].

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::table::CatalogTable;
use crate::value_json::{push_member, push_row, push_string, push_value};

/// Where a task puts the rows it rejects. Cloning shares the place.
///
/// That of a sink's task is the place of this sink; that of a source's task or of a transform are
/// the places of all sinks that its rows go to, and is off if one of them has none.
#[derive(Clone)]
pub struct DirtyRows {
    keepers: Arc<[Arc<dyn DirtyKeeper>]>,
    /// What rejected the row: the name of the source, transform or sink.
    stage: Arc<str>,
    /// Number of the task.
    task: usize,
    /// Counters of the source, transform or sink that rejects.
    metrics: Metrics,
}

/// The engine's side of [`DirtyRows`]: what keeps the rejected rows of one sink, shared by all its
/// tasks.
#[async_trait]
pub trait DirtyKeeper: Send + Sync {
    /// Keeps one row.
    ///
    /// # Errors
    /// If there are more than the user allows, or it can't be kept.
    async fn keep(&self, row: &DirtyRow<'_>) -> Result<()>;

    /// Makes what is kept last: called at each checkpoint and at the end.
    ///
    /// # Errors
    /// If it can't be written.
    async fn flush(&self) -> Result<()>;
}

/// A rejected row, as it is kept.
#[derive(Clone, Debug)]
pub struct DirtyRow<'a> {
    /// The table it is of.
    pub table: &'a CatalogTable,
    /// The members of a JSON object, without its braces: where, why and what.
    pub members: String,
    /// Why, in one line that names the table: for messages.
    pub reason: String,
}

impl DirtyRows {
    /// No place: a rejected row fails the job.
    pub fn off() -> Self {
        Self {
            keepers: Arc::new([]),
            stage: Arc::from(""),
            task: 0,
            metrics: Metrics::new(),
        }
    }

    /// For engines: rows that `stage` rejects go to each of `keepers`; `metrics` are those of the stage.
    pub fn new(
        keepers: Vec<Arc<dyn DirtyKeeper>>,
        stage: &str,
        task: usize,
        metrics: Metrics,
    ) -> Self {
        Self {
            keepers: keepers.into(),
            stage: Arc::from(stage),
            task,
            metrics,
        }
    }

    /// The same place, for what another stage rejects.
    #[must_use]
    pub fn of_stage(&self, stage: &str) -> Self {
        Self {
            stage: Arc::from(stage),
            ..self.clone()
        }
    }

    /// Whether a rejected row leaves the job running. Ask it before doing work only to find out
    /// which row of many is the bad one: where it is off, the first error is as good.
    pub fn is_on(&self) -> bool {
        !self.keepers.is_empty()
    }

    /// Sets a row aside because of `error`; its SQL state, its context (`("row", 1000001)`,
    /// `("column", "price")`) and its causes are kept with the row.
    ///
    /// A row counts once it is given here: a writer that repeats a transaction rejects its rows
    /// when that is through.
    ///
    /// # Errors
    /// `error` itself, with the table and the row's key, if dirty rows are not allowed or if it is
    /// retryable, thus not the row's fault. One that says so if there are too many dirty rows or if
    /// they can't be kept. The job fails then: return it.
    pub async fn reject(&self, batch: &Batch, row: usize, error: Error) -> Result<()> {
        let table = batch.table();
        if !self.is_on() || error.is_retryable() {
            return Err(located(error, batch, row));
        }
        let mut content = String::with_capacity(256);
        push_member(&mut content, "row_kind");
        push_string(&mut content, batch.row(row).kind().short());
        let mut members = self.members(table, &error, &content);
        push_member(&mut members, "row");
        push_row(&mut members, batch, row);
        self.keep(members, table, &error).await
    }

    /// Sets something aside that did not become a row: a line of a file, a message.
    ///
    /// # Errors
    /// As [`DirtyRows::reject`].
    pub async fn reject_text(&self, table: &CatalogTable, text: &str, error: Error) -> Result<()> {
        if !self.is_on() || error.is_retryable() {
            return Err(with_table(error, table));
        }
        let mut members = self.members(table, &error, "");
        push_member(&mut members, "text");
        push_string(&mut members, text);
        self.keep(members, table, &error).await
    }

    /// For engines: makes what is kept last.
    ///
    /// # Errors
    /// If it can't be written.
    pub async fn flush(&self) -> Result<()> {
        for keeper in self.keepers.iter() {
            keeper.flush().await?;
        }
        Ok(())
    }

    async fn keep(&self, members: String, table: &CatalogTable, error: &Error) -> Result<()> {
        self.metrics.failed_rows().add(1);
        let row = DirtyRow {
            members,
            table,
            reason: format!("{}: {} {}", table.path(), error.code().id, reason(error)),
        };
        for keeper in self.keepers.iter() {
            keeper.keep(&row).await?;
        }
        Ok(())
    }

    /// Where and why.
    fn members(&self, table: &CatalogTable, error: &Error, kind: &str) -> String {
        let mut out = String::with_capacity(512);
        push_member(&mut out, "stage");
        push_string(&mut out, &self.stage);
        push_member(&mut out, "table");
        push_string(&mut out, &table.path().to_string());
        if !kind.is_empty() {
            out.push(',');
            out.push_str(kind);
        }
        push_member(&mut out, "position");
        out.push_str(&format!("{{\"task\":{}", self.task));
        for (what, value) in error.context() {
            if *what == "table" || *what == "plugin" {
                continue;
            }
            push_member(&mut out, what);
            // Numbers of rows and lines as numbers; 15 digits are exact everywhere.
            let digits = value.bytes().all(|b| b.is_ascii_digit());
            if digits
                && (1..=15).contains(&value.len())
                && (value == "0" || !value.starts_with('0'))
            {
                out.push_str(value);
            } else {
                push_string(&mut out, value);
            }
        }
        out.push('}');
        push_member(&mut out, "code");
        push_string(&mut out, error.code().id);
        push_member(&mut out, "sql_state");
        match error.sql_state() {
            Some(state) => push_string(&mut out, state),
            None => out.push_str("null"),
        }
        push_member(&mut out, "reason");
        push_string(&mut out, &reason(error));
        out
    }
}

impl Default for DirtyRows {
    fn default() -> Self {
        Self::off()
    }
}

impl fmt::Debug for DirtyRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirtyRows")
            .field("keepers", &self.keepers.len())
            .field("stage", &self.stage)
            .field("task", &self.task)
            .finish()
    }
}

/// The message and those of its causes.
fn reason(error: &Error) -> String {
    let mut text = error.message().to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

fn with_table(error: Error, table: &CatalogTable) -> Error {
    if error.context().iter().any(|(what, _)| *what == "table") {
        return error;
    }
    error.with_context("table", table.path())
}

/// The error with the table and the key of the row.
fn located(error: Error, batch: &Batch, row: usize) -> Error {
    let table = batch.table();
    let error = with_table(error, table);
    let Some(key) = &table.schema().primary_key else {
        return error;
    };
    if error.context().iter().any(|(what, _)| *what == "key") {
        return error;
    }
    let mut text = String::new();
    for name in &key.columns {
        let Some(column) = table.schema().index_of(name) else {
            continue;
        };
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(name);
        text.push('=');
        let value = batch.row(row).get(column);
        push_value(&mut text, &value, &table.columns()[column].data_type);
    }
    error.with_context("key", text)
}
