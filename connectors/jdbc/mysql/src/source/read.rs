//! The source and its readers.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, DirtyRows, Error, Output, Result, Source, SourceReader, Split,
    TaskContext, codes,
};
use seatunnel_jdbc_core::options::JdbcSourceOptions;
use tokio::sync::Mutex;

use super::cuts::plan;
use super::literal;
use super::parts::{Part, failed};
use super::splits::MySqlSplit;
use crate::decode::RowDecoder;
use crate::wire::{Arrival, Connection, Purpose, Settings};

/// All statements of a reader see one moment.
const SNAPSHOT: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
    START TRANSACTION WITH CONSISTENT SNAPSHOT";

/// Reads tables and queries of a server.
pub(crate) struct MySqlSource {
    settings: Settings,
    options: JdbcSourceOptions,
    parts: Arc<[Part]>,
    /// The connection that the schemas came over, for the splits, and then for the first reader.
    connection: Arc<Mutex<Option<Connection>>>,
}

impl MySqlSource {
    pub(super) fn new(
        settings: Settings,
        options: JdbcSourceOptions,
        parts: Vec<Part>,
        connection: Connection,
    ) -> Self {
        Self {
            settings,
            options,
            parts: parts.into(),
            connection: Arc::new(Mutex::new(Some(connection))),
        }
    }
}

#[async_trait]
impl Source for MySqlSource {
    type Split = MySqlSplit;
    type Reader = MySqlReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.parts.iter().map(|p| p.table.clone()).collect()
    }

    async fn splits(&self, parallelism: usize) -> Result<Vec<MySqlSplit>> {
        let mut held = self.connection.lock().await;
        let mut connection = match held.take() {
            Some(connection) => connection,
            None => Connection::open(&self.settings, Purpose::Source).await?,
        };
        let mut splits = Vec::new();
        for (table, part) in self.parts.iter().enumerate() {
            let plan = plan(&mut connection, part, &self.options, parallelism).await?;
            let what = match part.query {
                Some(_) => "query",
                None => "table",
            };
            tracing::info!(
                "{what} {} is read in {} split(s), as a stream of binary rows: {}",
                part.table.path(),
                plan.ranges.len(),
                plan.why
            );
            let ranges = plan.ranges.into_iter().enumerate();
            splits.extend(ranges.map(|(number, range)| MySqlSplit {
                table,
                number,
                range,
                after: None,
                rows: 0,
            }));
        }
        *held = Some(connection);
        Ok(splits)
    }

    async fn reader(&self, context: TaskContext) -> Result<MySqlReader> {
        Ok(MySqlReader {
            settings: self.settings.clone(),
            parts: self.parts.clone(),
            first: self.connection.clone(),
            connection: None,
            dirty: context.dirty,
        })
    }
}

/// Reads splits over one connection, opened for the first.
pub(crate) struct MySqlReader {
    settings: Settings,
    parts: Arc<[Part]>,
    /// A connection that one of the readers may have.
    first: Arc<Mutex<Option<Connection>>>,
    connection: Option<Connection>,
    dirty: DirtyRows,
}

#[async_trait]
impl SourceReader for MySqlReader {
    type Split = MySqlSplit;

    async fn read(&mut self, split: MySqlSplit, out: &mut Output<'_, MySqlSplit>) -> Result<()> {
        let parts = self.parts.clone();
        let Some(part) = parts.get(split.table) else {
            return Err(Error::new(
                codes::STATE_INVALID,
                "a split belongs to a table that this job does not read",
            )
            .with_context("split", split.id()));
        };
        // What a failed read leaves behind is closed, and the next one begins anew.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        read_split(&mut connection, part, split, out, self).await?;
        self.connection = Some(connection).filter(Connection::is_usable);
        Ok(())
    }
}

impl MySqlReader {
    async fn connect(&self) -> Result<Connection> {
        if let Some(mut connection) = self.first.lock().await.take() {
            // It may have been idle for long: a server that has ended it is no reason to fail.
            match connection.execute(SNAPSHOT).await {
                Ok(_) => return Ok(connection),
                Err(failure) if failure.is_lost() => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        let mut connection = Connection::open(&self.settings, Purpose::Source).await?;
        connection.execute(SNAPSHOT).await?;
        Ok(connection)
    }
}

async fn read_split(
    connection: &mut Connection,
    part: &Part,
    mut split: MySqlSplit,
    out: &mut Output<'_, MySqlSplit>,
    reader: &MySqlReader,
) -> Result<()> {
    let ordered = !part.order.is_empty() && (out.wants_positions() || split.after.is_some());
    // Where no key tells the position, the rows before it are read again and left out.
    let mut skipped = if ordered { 0 } else { split.rows };
    let sql = split.statement(part, ordered);
    let prepared = connection
        .prepare(&sql)
        .await
        .map_err(|f| failed(f, part))?;
    let definitions = connection
        .stream(&prepared)
        .await
        .map_err(|f| failed(f, part))?;
    let mut decoder = RowDecoder::new(
        &part.table,
        &definitions,
        reader.settings.behaviour.zero_dates,
        out.batch_size(),
        split.rows,
    )?;
    loop {
        let ended = match connection.arrival().map_err(|f| failed(f, part))? {
            Arrival::Row(_) if skipped > 0 => {
                skipped -= 1;
                continue;
            }
            Arrival::Row(row) => {
                let row = connection.row(row);
                match decoder.push(row) {
                    Ok(true) => false,
                    Ok(false) => continue,
                    Err(error) if error.is_of_row() && reader.dirty.is_on() => {
                        let text = decoder.text(row);
                        reader.dirty.reject_text(&part.table, &text, error).await?;
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            Arrival::Wait => {
                connection.wait().await.map_err(|f| failed(f, part))?;
                continue;
            }
            Arrival::End => true,
        };
        if decoder.len() > 0 {
            let records = decoder.finish()?;
            let last = records.num_rows() - 1;
            split.rows = decoder.seen();
            if ordered {
                let key = part.order.iter().map(|&place| {
                    let data_type = &part.table.columns()[place].data_type;
                    literal::of(records.column(place), data_type, last)
                });
                split.after = key.collect();
            }
            out.emit(Batch::inserts(part.table.clone(), records), &split)
                .await?;
        }
        if ended {
            connection.close_statement(prepared.id);
            return Ok(());
        }
    }
}
