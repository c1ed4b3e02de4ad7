//! Rows as the columns that a DataFrame is read from.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow_array::{Array, ArrayRef, Int8Array, StructArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType as ArrowType, Field};
use seatunnel_api::erased::SplitBytes;
use seatunnel_api::{Batch, CatalogTable, DataType, Error, Result, RowKinds};

use super::{plugins, schema, schema::shape};
use crate::codes;
use crate::job::Job;
use crate::reader::{Gives, Polled, Reader};

/// A reader whose rows become columns of a DataFrame.
pub struct SparkColumns {
    reader: Reader,
    table: Arc<CatalogTable>,
    /// Splits that were read to their ends, with their last positions.
    finished: Mutex<Vec<SplitBytes>>,
}

/// What [`SparkColumns::poll`] gives.
#[derive(Debug)]
pub enum PolledColumns {
    /// Nothing in this time.
    Nothing,
    /// The reader is at its end, or has read all splits that it was given.
    End,
    /// No rows of this table, but a checkpoint may be taken.
    Safe,
    /// Rows.
    Rows {
        /// The table's columns, then one with the numbers of the rows' kinds.
        columns: StructArray,
        /// Whether there are others than inserts.
        changes: bool,
        /// Whether a checkpoint may be taken behind them.
        safe: bool,
    },
}

impl SparkColumns {
    /// Opens a reader of the source at this position of the plan, for the rows of one of the tables
    /// that [`SparkColumns::tables`] has. Splits are given to [`SparkColumns::reader`]. `positions` says whether
    /// [`SparkColumns::snapshot`] will be asked for.
    ///
    /// # Errors
    /// If there is no such source or table.
    pub fn open(
        job: &Arc<Job>,
        source: usize,
        subtask: usize,
        parallelism: usize,
        table: usize,
        positions: bool,
    ) -> Result<Self> {
        let table = Self::tables(job)?
            .get(table)
            .cloned()
            .ok_or_else(|| Error::new(codes::PLAN_DIFFERS, "the job has no such table"))?;
        Ok(Self {
            reader: Reader::open(
                job.clone(),
                source,
                (subtask, parallelism),
                Gives::Batches { positions },
            )?,
            table,
            finished: Mutex::default(),
        })
    }

    /// The tables that a job brings whose sink is a DataFrame.
    ///
    /// # Errors
    /// If it has no such sink.
    pub fn tables(job: &Job) -> Result<&[Arc<CatalogTable>]> {
        let suffix = format!(" {}", plugins::TABLE);
        let plan = job.plan();
        let sink = plan
            .sinks()
            .find(|s| plan.nodes[*s].name.ends_with(&suffix));
        sink.map(|sink| plan.nodes[sink].tables.as_slice())
            .ok_or_else(|| Error::new(codes::PLAN_DIFFERS, "the job is not read as a DataFrame"))
    }

    /// The position of the table that a name means, or of the only one; and its schema as Spark's JSON.
    ///
    /// # Errors
    /// If there is no such table, or a name is needed.
    pub fn table(job: &Job, name: Option<&str>) -> Result<(usize, String)> {
        let tables = Self::tables(job)?;
        let names = || {
            let names: Vec<String> = tables.iter().map(|t| t.path().to_string()).collect();
            names.join(", ")
        };
        let index = match name {
            None if tables.len() == 1 => 0,
            None => {
                return Err(Error::new(
                    codes::UNSUPPORTED,
                    "the job brings several tables, and a DataFrame is one",
                )
                .with_help(format!("name one by the option `table`: {}", names())));
            }
            Some(name) => {
                let exact = tables.iter().position(|t| t.path().to_string() == name);
                let short = || tables.iter().position(|t| t.path().table == name);
                exact.or_else(short).ok_or_else(|| {
                    Error::new(
                        codes::UNSUPPORTED,
                        format!("the job brings no table {name}"),
                    )
                    .with_help(format!("there are: {}", names()))
                })?
            }
        };
        Ok((index, schema::to_spark(&tables[index])))
    }

    /// The reader.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What comes next, if it comes within this time.
    ///
    /// # Errors
    /// If the reader has failed.
    pub fn poll(&self, timeout: Duration) -> Result<PolledColumns> {
        Ok(match self.reader.poll(timeout)? {
            Polled::End => PolledColumns::End,
            Polled::WantsSplit(0) => PolledColumns::End,
            Polled::Finished(split) => {
                self.finished().push(split);
                PolledColumns::Nothing
            }
            Polled::Safe => PolledColumns::Safe,
            Polled::Rows { batch, safe }
                if Arc::ptr_eq(batch.table(), &self.table)
                    || batch.table().path() == self.table.path() =>
            {
                PolledColumns::Rows {
                    changes: !batch.kinds().all_inserts(),
                    columns: columns(&batch)?,
                    safe,
                }
            }
            Polled::Rows { safe: true, .. } => PolledColumns::Safe,
            _ => PolledColumns::Nothing,
        })
    }

    /// Where it stands behind what [`SparkColumns::poll`] has given: the splits that it holds, and those that are
    /// read to their ends.
    pub fn snapshot(&self) -> (Vec<SplitBytes>, Vec<SplitBytes>) {
        (self.reader.snapshot(), self.finished().clone())
    }

    fn finished(&self) -> std::sync::MutexGuard<'_, Vec<SplitBytes>> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A batch as one column of Arrow, whose fields are those of the table in the shapes that Spark's side
/// reads, and the kinds of rows.
pub(crate) fn columns(batch: &Batch) -> Result<StructArray> {
    let mut fields = Vec::with_capacity(batch.table().columns().len() + 1);
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(fields.capacity());
    for (column, array) in batch
        .table()
        .columns()
        .iter()
        .zip(batch.records().columns())
    {
        let array = carried(array, &column.data_type)?;
        fields.push(Field::new(&column.name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let kinds = match batch.kinds() {
        RowKinds::All(kind) => Int8Array::from_value(*kind as i8, batch.num_rows()),
        RowKinds::Each(each) => each.iter().map(|kind| *kind as i8).collect(),
    };
    fields.push(Field::new(super::ROW_KIND, ArrowType::Int8, false));
    arrays.push(Arc::new(kinds));
    Ok(StructArray::try_new(fields.into(), arrays, None)?)
}

fn carried(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let shape = shape(data_type);
    if shape == *data_type {
        return Ok(array.clone());
    }
    recast(array, &shape.to_arrow())
}

/// Another Arrow type for the same values; what does not fit is an error.
pub(crate) fn recast(array: &ArrayRef, to: &ArrowType) -> Result<ArrayRef> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    Ok(cast_with_options(array, to, &strict)?)
}
