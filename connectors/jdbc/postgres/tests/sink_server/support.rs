//! Runs a sink as an engine does.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSink, DynWriter};
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, BatchSize, CatalogTable, DirtyRows, Emitter, JobContext, JobMode, Result, RowKind,
    SinkContext, SourceContext, TaskContext, Value,
};
use seatunnel_jdbc_core::dialect::Dialect;
use seatunnel_jdbc_core::options::{JdbcSinkOptions, JdbcSourceOptions};
use seatunnel_jdbc_postgres::Postgres;
pub(crate) use seatunnel_jdbc_testkit::drive::{batch, inserts, table};
use seatunnel_jdbc_testkit::{Database, drive};
use serde_json::{Value as Json, json};

pub(crate) use RowKind::{Delete as D, Insert as I, UpdateAfter as A, UpdateBefore as B};

/// An empty database on the server that tests share.
pub(crate) fn database() -> Database {
    seatunnel_jdbc_testkit::Postgres::shared().database("sink")
}

pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A sink of tables with options besides those that every job has.
pub(crate) fn sink(
    database: &Database,
    more: Json,
    tables: &[Arc<CatalogTable>],
) -> Result<Arc<dyn DynSink>> {
    sink_of_mode(database, more, tables, JobMode::Batch)
}

pub(crate) fn sink_of_mode(
    database: &Database,
    more: Json,
    tables: &[Arc<CatalogTable>],
    mode: JobMode,
) -> Result<Arc<dyn DynSink>> {
    let mut options = json!({
        "url": database.jdbc_url(),
        "driver": "org.postgresql.Driver",
        "user": database.user,
        "password": database.password,
        "generate_sink_sql": true,
        "database": database.name(),
    });
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    let config = ConfigValue::from_json(&options);
    let context = SinkContext {
        job: job(mode),
        tables: tables.to_vec(),
        config: config.clone(),
    };
    let options = JdbcSinkOptions::from_config("Jdbc", &config)?;
    Postgres.sink(&options, &context)
}

/// The table that a source on the database reads, and all its rows.
pub(crate) async fn read(database: &Database, more: Json) -> (Arc<CatalogTable>, Vec<Batch>) {
    let mut options = json!({
        "url": database.jdbc_url(),
        "user": database.user,
        "password": database.password,
    });
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    let options = JdbcSourceOptions::from_config("Jdbc", &ConfigValue::from_json(&options));
    let context = SourceContext {
        job: job(JobMode::Batch),
        plugin_output: None,
        parallelism: 1,
    };
    let source = Postgres.source(options.unwrap(), context).await.unwrap();
    let mut reader = source.reader(drive::task()).await.unwrap();
    let mut collected = Collected::default();
    for split in drive::splits(&source, 1).await {
        reader.read(&split.bytes, &mut collected).await.unwrap();
    }
    (source.tables().remove(0), collected.0)
}

#[derive(Default)]
struct Collected(Vec<Batch>);

#[async_trait]
impl Emitter for Collected {
    async fn emit(&mut self, batch: Batch, _: Option<Vec<u8>>) -> Result<()> {
        self.0.push(batch);
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        false
    }

    fn batch_size(&self) -> BatchSize {
        BatchSize::default()
    }
}

pub(crate) fn job(mode: JobMode) -> JobContext {
    JobContext {
        mode,
        ..drive::job()
    }
}

pub(crate) fn task(subtask: usize, parallelism: usize, dirty: DirtyRows) -> TaskContext {
    TaskContext {
        subtask,
        parallelism,
        dirty,
        ..drive::task()
    }
}

pub(crate) async fn writer(sink: &Arc<dyn DynSink>) -> Result<Box<dyn DynWriter>> {
    sink.writer(task(0, 1, DirtyRows::off())).await
}

/// Prepares, writes, commits and finishes, as a job without failures does.
pub(crate) async fn run(sink: &Arc<dyn DynSink>, batches: Vec<Batch>) -> Result<()> {
    run_with(sink, batches, DirtyRows::off()).await
}

pub(crate) async fn run_with(
    sink: &Arc<dyn DynSink>,
    batches: Vec<Batch>,
    dirty: DirtyRows,
) -> Result<()> {
    sink.prepare().await?;
    let mut writer = sink.writer(task(0, 1, dirty)).await?;
    for batch in batches {
        if let Err(error) = writer.write(batch).await {
            writer.abort().await.unwrap();
            return Err(error);
        }
    }
    match writer.prepare_commit(1).await {
        Ok(ready) => {
            writer.close().await?;
            sink.commit(ready).await?;
            sink.finish().await
        }
        Err(error) => {
            writer.abort().await.unwrap();
            Err(error)
        }
    }
}

/// Rows `from..to` of a table with one `int` column, or a `bigint` one.
pub(crate) fn numbers(table: &Arc<CatalogTable>, range: std::ops::Range<i64>) -> Batch {
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(range))];
    let records = RecordBatch::try_new(table.arrow_schema().clone(), columns).unwrap();
    Batch::inserts(table.clone(), records)
}

/// The same in batches of so many rows.
pub(crate) fn many_numbers(table: &Arc<CatalogTable>, rows: i64, size: i64) -> Vec<Batch> {
    (0..rows)
        .step_by(size as usize)
        .map(|from| numbers(table, from..(from + size).min(rows)))
        .collect()
}
