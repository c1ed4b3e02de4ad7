//! The source: parts of tables and queries, read on a blocking thread, as columns.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use rusqlite::Connection;
use seatunnel_api::{
    Batch, BatchSize, CatalogTable, Error, Output, Result, Source, SourceReader, TaskContext, codes,
};
use tokio::sync::mpsc;

use crate::connection::Location;
use crate::decode::{ColumnReader, show};
use crate::split::{Key, SqliteSplit, plan, predicate, register_hash};
use seatunnel_jdbc_core::errors;

/// A table or query to read.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its rows' table.
    pub(crate) table: Arc<CatalogTable>,
    /// The quoted columns.
    pub(crate) columns: String,
    /// What stands behind `FROM`.
    pub(crate) from: String,
    /// The query, if it is one and not a table.
    pub(crate) query: Option<String>,
    /// What rows must fulfil.
    pub(crate) condition: Option<String>,
    /// What divides it.
    pub(crate) key: Key,
}

impl Part {
    /// The statement that reads a split. By rowid, rows come in its order and it is the last column.
    fn statement(&self, split: &SqliteSplit) -> String {
        let Self { columns, from, .. } = self;
        let rowid = match self.key {
            Key::Rowid(name) => Some(name),
            _ => None,
        };
        let mut sql = match rowid {
            Some(name) => format!("SELECT {columns}, {name} FROM {from}"),
            None => format!("SELECT {columns} FROM {from}"),
        };
        let condition = self.condition.as_ref().map(|c| format!("({c}\n)"));
        let terms: Vec<String> = [predicate(split, &self.key), condition]
            .into_iter()
            .flatten()
            .collect();
        if let (Some(query), true) = (&self.query, terms.is_empty()) {
            return query.clone();
        }
        if !terms.is_empty() {
            sql.push_str(&format!(" WHERE {}", terms.join(" AND ")));
        }
        if let Some(name) = rowid {
            sql.push_str(&format!(" ORDER BY {name}"));
        }
        sql
    }
}

/// Reads tables and queries of a SQLite file.
pub(crate) struct SqliteSource {
    pub(crate) location: Arc<Location>,
    pub(crate) parts: Arc<[Part]>,
    pub(crate) split_size: u64,
}

#[async_trait]
impl Source for SqliteSource {
    type Split = SqliteSplit;
    type Reader = SqliteReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.parts.iter().map(|p| p.table.clone()).collect()
    }

    async fn splits(&self, parallelism: usize) -> Result<Vec<SqliteSplit>> {
        let (parts, split_size) = (self.parts.clone(), self.split_size);
        crate::reading(self.location.clone(), move |connection, location| {
            let mut splits = Vec::new();
            for (table, part) in parts.iter().enumerate() {
                let ranges = plan(connection, part, split_size, parallelism)
                    .map_err(|e| location.failure(e).with_context("table", part.table.path()))?;
                let ranges = ranges.into_iter().enumerate();
                splits.extend(ranges.map(|(number, range)| SqliteSplit {
                    table,
                    number,
                    range,
                    after: None,
                    rows: 0,
                }));
            }
            Ok(splits)
        })
        .await
    }

    async fn reader(&self, _context: TaskContext) -> Result<SqliteReader> {
        Ok(SqliteReader {
            location: self.location.clone(),
            parts: self.parts.clone(),
            connection: None,
        })
    }

    async fn check(&self) -> Result<()> {
        crate::reading(self.location.clone(), |_, _| Ok(())).await
    }
}

/// Reads splits over one connection, opened for the first.
pub(crate) struct SqliteReader {
    location: Arc<Location>,
    parts: Arc<[Part]>,
    connection: Option<Connection>,
}

/// Batches that wait between the thread that reads and the task that hands them on.
const BATCHES_AHEAD: usize = 2;

#[async_trait]
impl SourceReader for SqliteReader {
    type Split = SqliteSplit;

    async fn read(&mut self, split: SqliteSplit, out: &mut Output<'_, SqliteSplit>) -> Result<()> {
        if split.table >= self.parts.len() {
            return Err(Error::new(
                codes::STATE_INVALID,
                "a split belongs to a table that this job does not read",
            )
            .with_context("split", seatunnel_api::Split::id(&split)));
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let location = self.location.clone();
                crate::blocking(move || {
                    let connection = location.open_for_reading()?;
                    register_hash(&connection).map_err(|e| location.failure(e))?;
                    Ok(connection)
                })
                .await?
            }
        };
        let interrupt = crate::InterruptOnDrop(connection.get_interrupt_handle());
        let (sender, mut receiver) = mpsc::channel(BATCHES_AHEAD);
        let (location, parts) = (self.location.clone(), self.parts.clone());
        let size = out.batch_size();
        let reading = crate::blocking(move || {
            let part = &parts[split.table];
            let result = read_split(&connection, &location, part, split, size, &sender);
            Ok((connection, result))
        });
        while let Some((batch, position)) = receiver.recv().await {
            out.emit(batch, &position).await?;
        }
        let (connection, result) = reading.await?;
        drop(interrupt);
        self.connection = Some(connection);
        result
    }
}

/// Reads a split and sends its batches; ends early when nobody receives them any more.
fn read_split(
    connection: &Connection,
    location: &Location,
    part: &Part,
    mut split: SqliteSplit,
    size: BatchSize,
    sender: &mpsc::Sender<(Batch, SqliteSplit)>,
) -> Result<()> {
    let failed = |e| location.failure(e).with_context("table", part.table.path());
    let sql = part.statement(&split);
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let by_rowid = matches!(part.key, Key::Rowid(_));
    let width = part.table.columns().len();
    let mut columns: Vec<ColumnReader> = part
        .table
        .columns()
        .iter()
        .map(|c| ColumnReader::new(&c.data_type, size.rows.min(1024)))
        .collect();
    let mut rows = statement.raw_query();
    if !by_rowid {
        // Where no key tells the position, the rows before it are read again and left out.
        for _ in 0..split.rows {
            if rows.next().map_err(failed)?.is_none() {
                return Ok(());
            }
        }
    }
    let (mut count, mut bytes) = (0, 0);
    loop {
        let row = rows.next().map_err(failed)?;
        if let Some(row) = row {
            for (index, column) in columns.iter_mut().enumerate() {
                let value = row.get_ref(index).map_err(failed)?;
                match column.push(value) {
                    Ok(size) => bytes += size,
                    Err(_) => {
                        let rowid = by_rowid.then(|| row.get(width).ok()).flatten();
                        return Err(unfit(part, index, &show(value), rowid, split.rows + 1));
                    }
                }
            }
            if by_rowid {
                split.after = Some(row.get(width).map_err(failed)?);
            }
            split.rows += 1;
            count += 1;
        }
        let ended = row.is_none();
        if count > 0 && (ended || count >= size.rows || bytes >= size.bytes) {
            let arrays = columns.iter_mut().map(ColumnReader::finish).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(count));
            let schema = part.table.arrow_schema().clone();
            let records = RecordBatch::try_new_with_options(schema, arrays, &options)?;
            let batch = Batch::inserts(part.table.clone(), records);
            if sender.blocking_send((batch, split.clone())).is_err() {
                return Ok(());
            }
            (count, bytes) = (0, 0);
        }
        if ended {
            return Ok(());
        }
    }
}

fn unfit(part: &Part, column: usize, value: &str, rowid: Option<i64>, row: u64) -> Error {
    let column = &part.table.columns()[column];
    let error = Error::new(
        errors::VALUE_UNFIT,
        format!(
            "the column `{}` is read as {} but holds {value}",
            column.name, column.data_type
        ),
    )
    .with_context("table", part.table.path())
    .with_help(
        "read the column as what it holds by a query with CAST(… AS …) and an alias; \
         int_type_narrowing = false reads all integer columns as bigint",
    );
    match rowid {
        Some(rowid) => error.with_context("rowid", rowid),
        None => error.with_context("row", row),
    }
}
