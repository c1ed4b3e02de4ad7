//! Runs the source as an engine does: readers side by side that take splits from one queue.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSource, SplitBytes};
use seatunnel_api::options::Options;
use seatunnel_api::{Batch, BatchSize, Emitter, Error, Result, SourceContext, TaskContext, Value};
use seatunnel_jdbc_core::dialect::Dialect;
use seatunnel_jdbc_core::options::JdbcSourceOptions;
use seatunnel_jdbc_postgres::Postgres;
pub(crate) use seatunnel_jdbc_testkit::drive::splits;
use seatunnel_jdbc_testkit::{Database, drive};
use serde_json::{Value as Json, json};

pub(crate) fn task(subtask: usize, parallelism: usize) -> TaskContext {
    TaskContext {
        subtask,
        parallelism,
        ..drive::task()
    }
}

/// Options for a database, with more of them.
pub(crate) fn of(db: &Database, more: Json) -> Json {
    let mut options = json!({"url": db.jdbc_url(), "user": db.user, "password": db.password});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    options
}

pub(crate) async fn source(options: Json) -> Result<Arc<dyn DynSource>> {
    let context = SourceContext {
        job: drive::job(),
        plugin_output: None,
        parallelism: 1,
    };
    let config = ConfigValue::from_json(&options);
    let options = JdbcSourceOptions::from_config("Jdbc", &config)?;
    Postgres.source(options, context).await
}

/// What a reader gave.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) batches: Vec<Batch>,
    pub(crate) positions: Vec<Vec<u8>>,
    pub(crate) rows_per_batch: usize,
    pub(crate) stop_after: Option<usize>,
    pub(crate) no_positions: bool,
}

#[async_trait]
impl Emitter for Collected {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        let most = self.stop_after.unwrap_or(usize::MAX);
        if self.batches.len() >= most {
            return Err(Error::cancelled());
        }
        self.batches.push(batch);
        self.positions.extend(position);
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        !self.no_positions
    }

    fn batch_size(&self) -> BatchSize {
        let rows = match self.rows_per_batch {
            0 => BatchSize::default().rows,
            rows => rows,
        };
        BatchSize {
            rows,
            ..BatchSize::default()
        }
    }
}

impl Collected {
    pub(crate) fn rows(&self) -> Vec<Vec<Value>> {
        let rows = self.batches.iter().flat_map(|b| b.rows());
        rows.map(|row| row.values()).collect()
    }
}

/// Reads splits by so many readers at once; `wants_positions` says whether their positions are kept.
pub(crate) async fn read_splits(
    source: &Arc<dyn DynSource>,
    splits: Vec<SplitBytes>,
    parallelism: usize,
    wants_positions: bool,
) -> Result<Vec<Vec<Value>>> {
    let queue = Arc::new(Mutex::new(VecDeque::from(splits)));
    let mut tasks: Vec<tokio::task::JoinHandle<Result<Vec<Vec<Value>>>>> = Vec::new();
    for subtask in 0..parallelism {
        let (source, queue) = (source.clone(), queue.clone());
        tasks.push(tokio::spawn(async move {
            let mut reader = source.reader(task(subtask, parallelism)).await?;
            let mut collected = Collected {
                no_positions: !wants_positions,
                ..Collected::default()
            };
            loop {
                let next = queue.lock().unwrap().pop_front();
                let Some(split) = next else {
                    return Ok(collected.rows());
                };
                reader.read(&split.bytes, &mut collected).await?;
            }
        }));
    }
    let mut rows = Vec::new();
    for task in tasks {
        rows.extend(task.await.unwrap()?);
    }
    Ok(rows)
}

/// Reads everything, by so many readers.
pub(crate) async fn read(options: Json, parallelism: usize) -> Result<Vec<Vec<Value>>> {
    let source = source(options).await?;
    let splits = splits(&source, parallelism).await;
    read_splits(&source, splits, parallelism, false).await
}

/// The same, each row as text: what `Value` looks like as JSON, with commas between.
pub(crate) async fn texts(options: Json, parallelism: usize) -> Result<Vec<String>> {
    let source = source(options).await?;
    let types: Vec<_> = source.tables()[0]
        .columns()
        .iter()
        .map(|c| c.data_type.clone())
        .collect();
    let splits = splits(&source, parallelism).await;
    let rows = read_splits(&source, splits, parallelism, false).await?;
    let mut texts: Vec<String> = rows
        .iter()
        .map(|row| {
            let values: Vec<_> = row.iter().zip(&types).map(|(v, t)| v.to_json(t)).collect();
            values.join(",")
        })
        .collect();
    texts.sort();
    Ok(texts)
}

/// The first column of rows, sorted.
pub(crate) fn ids(rows: &[Vec<Value>]) -> Vec<i64> {
    let mut ids: Vec<i64> = rows
        .iter()
        .map(|row| match row[0] {
            Value::Int(id) => id.into(),
            Value::BigInt(id) => id,
            ref other => panic!("{other:?} is no id"),
        })
        .collect();
    ids.sort_unstable();
    ids
}

/// The error, or a panic if there is none.
pub(crate) fn error<T>(result: Result<T>) -> Error {
    match result {
        Ok(_) => panic!("there should be an error"),
        Err(error) => error,
    }
}
