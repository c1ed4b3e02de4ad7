//! Runs the sink as an engine does, against real servers.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, BatchSize, CatalogTable, Emitter, Result, SinkContext, SourceContext, TaskContext, Value,
};
use seatunnel_jdbc_core::dialect::Dialect;
use seatunnel_jdbc_core::options::{JdbcSinkOptions, JdbcSourceOptions};
use seatunnel_jdbc_mysql::MySql;
pub(crate) use seatunnel_jdbc_testkit::drive::{
    Kept as Rejected, batch, inserts, job, table as named, task, task_keeping as keeping,
};
use seatunnel_jdbc_testkit::{Database, MariaDb};
use serde_json::{Value as Json, json};

/// Parameters of the url that choose each of the ways rows are written.
pub(crate) const WAYS: [&str; 3] = [
    "",
    "useBulkStmts=false",
    "useBulkStmts=false&allowLocalInfile=false",
];

/// Options of a sink that makes its statements.
pub(crate) fn into(db: &Database, way: &str, more: Json) -> Json {
    let mut options = json!({
        "url": format!("{}?{way}", db.jdbc_url()),
        "driver": "com.mysql.cj.jdbc.Driver",
        "username": db.user,
        "password": db.password,
        "generate_sink_sql": true,
    });
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    options
}

pub(crate) fn sink(options: Json, tables: &[Arc<CatalogTable>]) -> Result<Arc<dyn DynSink>> {
    let context = SinkContext {
        job: job(),
        tables: tables.to_vec(),
        config: ConfigValue::from_json(&options),
    };
    let options = JdbcSinkOptions::from_config("Jdbc", &context.config)?;
    MySql.sink(&options, &context)
}

/// A table called `t`.
pub(crate) fn table(columns: &[(&str, &str)], key: &[&str]) -> Arc<CatalogTable> {
    named("t", columns, key)
}

/// Writes batches by one writer, to the end of the job.
pub(crate) async fn write(sink: &Arc<dyn DynSink>, batches: Vec<Batch>) -> Result<()> {
    write_in(sink, batches, task()).await
}

pub(crate) async fn write_in(
    sink: &Arc<dyn DynSink>,
    batches: Vec<Batch>,
    context: TaskContext,
) -> Result<()> {
    sink.prepare().await?;
    let mut writer = sink.writer(context).await?;
    for batch in batches {
        if let Err(error) = writer.write(batch).await {
            writer.abort().await.unwrap();
            return Err(error);
        }
    }
    let committables = match writer.prepare_commit(1).await {
        Ok(committables) => committables,
        Err(error) => {
            writer.abort().await.unwrap();
            return Err(error);
        }
    };
    sink.commit(committables).await?;
    writer.close().await?;
    sink.finish().await
}

pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A server for tests that count what it does or change its settings, one at a time.
pub(crate) async fn alone() -> tokio::sync::MutexGuard<'static, MariaDb> {
    static SERVER: LazyLock<tokio::sync::Mutex<MariaDb>> =
        LazyLock::new(|| tokio::sync::Mutex::new(MariaDb::start()));
    let server = SERVER.lock().await;
    server.admin().sql(
        "set global local_infile = 1; set global max_allowed_packet = 268435456; \
         set global sql_mode = 'STRICT_TRANS_TABLES'",
    );
    server
}

/// A row of `id` and `name`.
pub(crate) fn row(id: i32, name: &str) -> Vec<Value> {
    vec![Value::Int(id), text(name)]
}

/// All rows of `t` in the order of their ids, as `id:name` with commas between.
pub(crate) fn rows(db: &Database) -> String {
    db.sql("select group_concat(concat(id, ':', ifnull(name, 'null')) order by id) from t")
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

/// What the only target of a sink holds, read back.
pub(crate) async fn read_back(sink: &Arc<dyn DynSink>) -> Vec<Vec<Value>> {
    let mut readbacks = sink.readback().await.unwrap().unwrap();
    assert_eq!(readbacks.len(), 1);
    let readback = readbacks.remove(0);
    assert_eq!(readback.tables.len(), 1);
    let batches = read(&readback.source).await;
    let rows = batches.iter().flat_map(|batch| batch.rows());
    rows.map(|row| row.values()).collect()
}

/// All that a source brings.
pub(crate) async fn read(source: &Arc<dyn DynSource>) -> Vec<Batch> {
    let mut enumerator = source.enumerator(1, None).await.unwrap();
    let mut reader = source.reader(task()).await.unwrap();
    let mut collected = Collected::default();
    for split in enumerator.discover().await.unwrap().splits {
        reader.read(&split.bytes, &mut collected).await.unwrap();
    }
    collected.0
}

/// A source of a table or query.
pub(crate) async fn source(db: &Database, more: Json) -> Arc<dyn DynSource> {
    let mut options = into(db, "", more);
    options.as_object_mut().unwrap().remove("generate_sink_sql");
    let options = JdbcSourceOptions::from_config("Jdbc", &ConfigValue::from_json(&options));
    let context = SourceContext {
        job: job(),
        plugin_output: None,
        parallelism: 1,
    };
    MySql.source(options.unwrap(), context).await.unwrap()
}
