//! Reads as an engine does, from a real server.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::DynSource;
use seatunnel_api::options::Options;
use seatunnel_api::{Batch, BatchSize, Emitter, Error, Result, SourceContext};
use seatunnel_jdbc_core::dialect::Dialect;
use seatunnel_jdbc_core::options::JdbcSourceOptions;
use seatunnel_jdbc_mysql::MySql;
use seatunnel_jdbc_testkit::Database;
use seatunnel_jdbc_testkit::drive::job;
pub(crate) use seatunnel_jdbc_testkit::drive::{Kept, splits, task, task_keeping};
use serde_json::{Value as Json, json};

/// A source on a database; `query` is what follows the url.
pub(crate) async fn source_with(
    db: &Database,
    query: &str,
    more: Json,
) -> Result<Arc<dyn DynSource>> {
    let mut options = json!({
        "url": format!("{}{query}", db.jdbc_url()),
        "driver": "com.mysql.cj.jdbc.Driver",
        "user": db.user,
        "password": db.password,
    });
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    let options =
        JdbcSourceOptions::from_config("Jdbc", &ConfigValue::from_json(&options)).unwrap();
    let context = SourceContext {
        job: job(),
        plugin_output: None,
        parallelism: 2,
    };
    MySql.source(options, context).await
}

pub(crate) async fn source(db: &Database, more: Json) -> Result<Arc<dyn DynSource>> {
    source_with(db, "", more).await
}

/// What came, and where reading would go on.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) batches: Vec<Batch>,
    pub(crate) positions: Vec<Option<Vec<u8>>>,
    pub(crate) rows_per_batch: usize,
    pub(crate) with_positions: bool,
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
        self.positions.push(position);
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        self.with_positions
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
    /// Rows as JSON texts.
    pub(crate) fn rows(&self) -> Vec<String> {
        let rows = self.batches.iter().flat_map(|b| b.rows());
        rows.map(|row| row.to_json()).collect()
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

/// All rows, as JSON texts.
pub(crate) async fn rows(db: &Database, more: Json) -> Vec<String> {
    let source = source(db, more).await.unwrap();
    read(&source, 1).await.unwrap().0.rows()
}

/// The error that reading ends in.
pub(crate) async fn error(db: &Database, query: &str, more: Json) -> Error {
    match source_with(db, query, more).await {
        Ok(source) => match read(&source, 1).await {
            Ok((collected, _)) => panic!("{:?}", collected.rows()),
            Err(error) => error,
        },
        Err(error) => error,
    }
}

/// Names and types of a source's columns: `a int, b string`.
pub(crate) fn columns(source: &Arc<dyn DynSource>) -> String {
    let tables = source.tables();
    let columns = tables[0].columns().iter();
    let columns: Vec<String> = columns
        .map(|c| format!("{} {}", c.name, c.data_type))
        .collect();
    columns.join(", ")
}
