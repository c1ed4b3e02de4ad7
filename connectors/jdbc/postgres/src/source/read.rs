//! Reads splits: the rows of a statement into batches.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use seatunnel_api::{
    Batch, BatchSize, DataType, DirtyRows, Error, Output, Result, SourceReader, TaskContext, Value,
    codes,
};
use seatunnel_jdbc_core::errors;

use super::part::{Origin, Part};
use super::session::{Session, Sessions};
use super::split::{PgSplit, Tid};
use crate::copy::decode::{self, Bad, Room, Rows};
use crate::types::Coding;
use crate::wire::{Connection, Taken};

/// Reads splits over one connection.
pub(crate) struct PgReader {
    parts: Arc<[Part]>,
    session: Session,
    dirty: DirtyRows,
    fetch_size: i32,
}

impl PgReader {
    pub(super) fn new(
        parts: Arc<[Part]>,
        sessions: Arc<Sessions>,
        context: &TaskContext,
        fetch_size: i32,
    ) -> Self {
        Self {
            parts,
            session: Session::new(sessions, context.parallelism > 1),
            dirty: context.dirty.clone(),
            fetch_size,
        }
    }
}

#[async_trait]
impl SourceReader for PgReader {
    type Split = PgSplit;

    async fn read(&mut self, split: PgSplit, out: &mut Output<'_, PgSplit>) -> Result<()> {
        let part = self.parts.get(split.part).cloned().ok_or_else(|| {
            Error::new(codes::STATE_INVALID, "a split of a table that is not read")
        })?;
        let named = |e: Error| e.with_context("source table", part.table.path());
        // Where a row lies is a better position than how many came before it: rows may go and come.
        let by_tid = part.has_pages(&split) && (out.wants_positions() || split.after.is_some());
        let (connection, mut before) = self
            .session
            .ready(split.together, split.snapshot.as_deref())
            .await?;
        if by_tid {
            before.push_str(IN_ORDER);
        }
        if !before.is_empty() {
            connection
                .simple(&before)
                .await
                .map_err(|failure| named(failure.into()))?;
        }
        // Only a cursor of a statement is asked for some rows at a time: of the others the server sends
        // as much as is taken, and may read them with several processes.
        let fetch_size = match &part.origin {
            Origin::Statement(_) => self.fetch_size,
            Origin::Table { .. } | Origin::Query(_) => 0,
        };
        let sql = part.statement(&split, by_tid);
        let started = connection
            .query_start(&sql, &part.formats(by_tid), fetch_size)
            .await;
        if let Err(failure) = started {
            let is_gone = split.together && failure.is("22023");
            let error = named(failure.into());
            return Err(match is_gone {
                true => error
                    .with_help("the snapshot that readers share is gone")
                    .retryable(),
                false => error,
            });
        }
        let mut stream = Stream {
            split,
            by_tid,
            codings: part.codings(),
            part: &part,
            skip: 0,
            room: Room::rows(256),
            dirty: &self.dirty,
        };
        if stream.split.after.is_none() {
            stream.skip = stream.split.rows;
        }
        stream.run(connection, fetch_size, out).await.map_err(named)
    }
}

/// Rows come in the order in which they lie.
const IN_ORDER: &str = "SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; ";

/// Bytes at the end of a row that say where it lies: their length, the page, the number in it.
const TID: usize = 10;

struct Stream<'a> {
    split: PgSplit,
    part: &'a Part,
    codings: Vec<(Coding, DataType)>,
    /// Whether the last field of a row says where it lies.
    by_tid: bool,
    /// Rows to be left out, as they have been read before.
    skip: u64,
    /// For the rows of a batch.
    room: Room,
    dirty: &'a DirtyRows,
}

impl Stream<'_> {
    async fn run(
        &mut self,
        connection: &mut Connection,
        fetch_size: i32,
        out: &mut Output<'_, PgSplit>,
    ) -> Result<()> {
        let size = out.batch_size();
        loop {
            let mut rows = Rows::new(&self.codings, &self.room);
            let mut bad = Vec::new();
            let take =
                |data: &[u8], lie: &[Range<usize>]| self.take(data, lie, size, &mut rows, &mut bad);
            let more = connection.query_read(fetch_size, take).await?;
            self.room = rows.room(size);
            for (text, error) in bad {
                self.dirty
                    .reject_text(&self.part.table, &text, error)
                    .await?;
            }
            if rows.len() > 0 {
                let batch = self.batch(rows).await?;
                out.emit(batch, &self.split).await?;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Takes rows, until there are enough for a batch.
    fn take(
        &mut self,
        data: &[u8],
        lie: &[Range<usize>],
        size: BatchSize,
        rows: &mut Rows,
        bad: &mut Vec<(String, Error)>,
    ) -> Result<Taken> {
        let mut room = size.bytes.saturating_sub(rows.bytes());
        let fits = |row: &&Range<usize>| {
            let fits = room > 0;
            room = room.saturating_sub(row.len());
            fits
        };
        let most = size.rows.saturating_sub(rows.len());
        let count = lie.iter().take(most).take_while(fits).count();
        let taken = &lie[..count];
        let (more, tail) = if self.by_tid { (1, TID) } else { (0, 0) };
        if self.skip == 0 && rows.extend(data, taken, more, tail).is_ok() {
            if let Some(last) = taken.last().filter(|_| self.by_tid) {
                self.after(&data[last.clone()])?;
            }
            if self.by_tid || self.split.after.is_none() {
                self.split.rows += count as u64;
            }
        } else {
            for row in taken {
                self.take_one(&data[row.clone()], rows, bad)?;
            }
        }
        // Rows that are refused take memory, too.
        let refused: usize = bad.iter().map(|(text, _)| text.len()).sum();
        let is_batch =
            rows.len().max(bad.len()) >= size.rows || rows.bytes() + refused >= size.bytes;
        Ok(Taken {
            rows: count,
            full: count < lie.len() || is_batch,
        })
    }

    /// Notes where a row lies, and gives it without that.
    fn after<'r>(&mut self, row: &'r [u8]) -> Result<&'r [u8]> {
        let Some((row, [0, 0, 0, 6, a, b, c, d, e, f])) = row.split_last_chunk::<TID>() else {
            return Err(unreadable());
        };
        self.split.after = Some(Tid(
            u32::from_be_bytes([*a, *b, *c, *d]),
            u16::from_be_bytes([*e, *f]),
        ));
        Ok(row)
    }

    /// Takes a row.
    fn take_one(
        &mut self,
        data: &[u8],
        rows: &mut Rows,
        bad: &mut Vec<(String, Error)>,
    ) -> Result<()> {
        let mut row = data;
        if self.by_tid {
            row = self.after(row)?;
        } else if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        self.split.rows += u64::from(self.by_tid || self.split.after.is_none());
        if let Err(why) = rows.push(row, usize::from(self.by_tid)) {
            let error = self.unfit(&why, row);
            if !self.dirty.is_on() {
                return Err(error);
            }
            bad.push((self.shown(row), error));
        }
        Ok(())
    }

    async fn batch(&self, rows: Rows) -> Result<Batch> {
        let count = rows.len();
        let (arrays, bad) = rows.finish();
        let schema = self.part.table.arrow_schema().clone();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let records = RecordBatch::try_new_with_options(schema, arrays, &options).map_err(|e| {
            Error::new(
                codes::INTERNAL,
                "rows do not have the columns that were announced",
            )
            .with_cause(e)
        })?;
        let batch = Batch::inserts(self.part.table.clone(), records);
        if bad.is_empty() {
            return Ok(batch);
        }
        let mut keep = vec![true; count];
        for (row, column) in bad {
            keep[row] = false;
            let error = Error::new(errors::VALUE_UNFIT, "a value is no text in UTF-8")
                .with_context("column", &self.part.columns[column].name)
                .with_help("the database has no encoding; set handle_blob_as_string = false and read the column as bytea by a query")
                .of_row();
            self.dirty.reject(&batch, row, error).await?;
        }
        batch.filter(&BooleanArray::from(keep))
    }

    /// The error of a value that has no place here.
    #[cold]
    fn unfit(&self, bad: &Bad, row: &[u8]) -> Error {
        let Bad::Value { column, why } = bad else {
            return unreadable();
        };
        let column = &self.part.columns[*column];
        let mut error = Error::new(
            errors::VALUE_UNFIT,
            format!("a value of the column `{}` ({}) {why}", column.name, column.type_name),
        )
        .with_context("column", &column.name)
        .with_context("row", self.split.rows)
        .with_help(format!(
            "leave the row out by where_condition, or read the column by a `query` as text: \"{}\"::text",
            column.name
        ))
        .of_row();
        let key = self.part.table.schema().primary_key.as_ref();
        let fields = decode::fields(row);
        let values: Vec<String> = key
            .iter()
            .flat_map(|key| &key.columns)
            .filter_map(|name| {
                let place = self.part.table.schema().index_of(name)?;
                Some(format!(
                    "{name}={}",
                    self.text(place, fields.get(place).copied()??)?
                ))
            })
            .collect();
        if !values.is_empty() {
            error = error.with_context("key", values.join(", "));
        } else if let Some(Tid(page, number)) = self.split.after.filter(|_| self.by_tid) {
            error = error.with_context("ctid", format!("({page},{number})"));
        }
        error
    }

    /// A value as text; none if it can't be read.
    fn text(&self, place: usize, value: &[u8]) -> Option<String> {
        let (coding, data_type) = self.codings.get(place)?;
        let array = decode::single(coding, data_type, value)?;
        let value = Value::read(array.as_ref(), data_type, 0);
        Some(value.to_json(data_type).trim_matches('"').to_owned())
    }

    /// A row that can't be read, with what of it can.
    fn shown(&self, row: &[u8]) -> String {
        let fields = decode::fields(row);
        let columns = self.part.columns.iter().zip(fields).enumerate();
        let texts: Vec<String> = columns
            .map(|(place, (column, value))| {
                let text = match value {
                    None => "null".to_owned(),
                    Some(value) => self.text(place, value).unwrap_or_else(|| "?".to_owned()),
                };
                format!("{}={text}", column.name)
            })
            .collect();
        texts.join(", ")
    }
}

fn unreadable() -> Error {
    Error::new(
        errors::PROTOCOL,
        "the server's rows do not have the form that was asked for",
    )
}
