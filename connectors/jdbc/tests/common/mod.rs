//! Runs sources and sinks as an engine does, against real files.

#![allow(dead_code, unused_imports, clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::{
    Batch, BatchSize, CatalogTable, Emitter, Error, Registry, Result, SinkContext, SourceContext,
    Value,
};
pub(crate) use seatunnel_jdbc_testkit::drive::{batch, inserts, job, splits, table as named, task};
use serde_json::{Value as Json, json};

pub(crate) struct Files {
    pub(crate) directory: tempfile::TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("jdbc:sqlite:{}", self.path(name).display())
    }

    pub(crate) fn open(&self, name: &str) -> Connection {
        Connection::open(self.path(name)).unwrap()
    }

    /// A database made by statements.
    pub(crate) fn database(&self, name: &str, sql: &str) -> Connection {
        let connection = self.open(name);
        connection.execute_batch(sql).unwrap();
        connection
    }
}

pub(crate) fn registry() -> Registry {
    seatunnel_connector_jdbc::register(Registry::new())
}

pub(crate) async fn source(options: Json) -> Result<Arc<dyn DynSource>> {
    let context = SourceContext {
        job: job(),
        plugin_output: None,
        parallelism: 2,
    };
    let registry = registry();
    let factory = registry.find_source("jdbc").unwrap().clone();
    factory
        .create(&ConfigValue::from_json(&options), context)
        .await
}

pub(crate) async fn sink(options: Json, tables: &[Arc<CatalogTable>]) -> Result<Arc<dyn DynSink>> {
    let context = SinkContext {
        job: job(),
        tables: tables.to_vec(),
        config: ConfigValue::from_json(&options),
    };
    let registry = registry();
    let factory = registry.find_sink("jdbc").unwrap().clone();
    factory.create(context).await
}

/// Options of a sink that makes its statements.
pub(crate) fn into(url: &str, more: Json) -> Json {
    let mut options = json!({"url": url, "driver": "org.sqlite.JDBC", "generate_sink_sql": true});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    options
}

#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) batches: Vec<Batch>,
    pub(crate) positions: Vec<Vec<u8>>,
    pub(crate) rows_per_batch: usize,
    pub(crate) stop_after: Option<usize>,
}

#[async_trait]
impl Emitter for Collected {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        if self
            .stop_after
            .is_some_and(|most| self.batches.len() >= most)
        {
            return Err(Error::cancelled());
        }
        self.batches.push(batch);
        self.positions.push(position.unwrap());
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        true
    }

    fn batch_size(&self) -> BatchSize {
        match self.rows_per_batch {
            0 => BatchSize::default(),
            rows => BatchSize {
                rows,
                ..BatchSize::default()
            },
        }
    }
}

impl Collected {
    pub(crate) fn rows(&self) -> Vec<Vec<Value>> {
        let rows = self.batches.iter().flat_map(|b| b.rows());
        rows.map(|row| row.values()).collect()
    }
}

/// Reads every split, and their number.
pub(crate) async fn read(
    source: &Arc<dyn DynSource>,
    parallelism: usize,
) -> Result<(Collected, usize)> {
    let splits = splits(source, parallelism).await;
    let mut reader = source.reader(task()).await?;
    let mut collected = Collected::default();
    for split in &splits {
        reader.read(&split.bytes, &mut collected).await?;
    }
    Ok((collected, splits.len()))
}

pub(crate) async fn read_all(options: Json) -> Result<Vec<Vec<Value>>> {
    let source = source(options).await?;
    Ok(read(&source, 1).await?.0.rows())
}

/// A table called `t`.
pub(crate) fn table(columns: &[(&str, &str)], key: &[&str]) -> Arc<CatalogTable> {
    named("t", columns, key)
}

/// Writes batches by one writer, to the end of the job.
pub(crate) async fn write(sink: &Arc<dyn DynSink>, batches: Vec<Batch>) -> Result<()> {
    sink.prepare().await?;
    let mut writer = sink.writer(task()).await?;
    for batch in batches {
        writer.write(batch).await?;
    }
    let committables = writer.prepare_commit(1).await?;
    sink.commit(committables).await?;
    writer.close().await?;
    sink.finish().await
}

/// What a query gives, each row as text between bars.
pub(crate) fn ask(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let count = row.as_ref().column_count();
        let values: Vec<String> = (0..count)
            .map(|i| match row.get_ref(i).unwrap() {
                rusqlite::types::ValueRef::Null => "null".to_owned(),
                rusqlite::types::ValueRef::Integer(v) => v.to_string(),
                rusqlite::types::ValueRef::Real(v) => format!("{v:?}"),
                rusqlite::types::ValueRef::Text(v) => String::from_utf8_lossy(v).into_owned(),
                rusqlite::types::ValueRef::Blob(v) => format!("{v:02x?}"),
            })
            .collect();
        all.push(values.join("|"));
    }
    all
}

pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}
