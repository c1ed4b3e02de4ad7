//! Prints how fast rows go into a SQLite file and come out of it.
//!
//! `cargo run --release -p seatunnel-connector-jdbc --example rate [rows] [directory]`

#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, Emitter, JobContext, JobMode, Metrics,
    PrimaryKey, Registry, Result, RowKind, SinkContext, SourceContext, TablePath, TableSchema,
    TaskContext, Value,
};
use serde_json::json;

const BATCH: usize = 8_192;

fn table(key: bool) -> Arc<CatalogTable> {
    let columns = [
        ("id", "int"),
        ("account", "bigint"),
        ("active", "boolean"),
        ("score", "double"),
        ("price", "decimal(12, 2)"),
        ("day", "date"),
        ("at", "timestamp"),
        ("name", "string"),
        ("city", "string"),
        ("note", "string"),
    ];
    let columns = columns
        .iter()
        .filter_map(|(name, of)| Some(Column::new(*name, DataType::parse(of).ok()?)));
    let mut schema = TableSchema::new(columns.collect());
    schema.primary_key = key.then(|| PrimaryKey {
        name: "pk".to_owned(),
        columns: vec!["id".to_owned()],
    });
    Arc::new(CatalogTable::new("rate", TablePath::table("t"), schema))
}

fn batch(table: &Arc<CatalogTable>, first: usize) -> Result<Batch> {
    let mut builder = BatchBuilder::new(table.clone());
    for i in first..first + BATCH {
        let n = i as i64;
        builder.push(
            RowKind::Insert,
            &[
                Value::Int(i as i32),
                Value::BigInt(n * 7_919),
                Value::Boolean(i % 3 == 0),
                Value::Double(i as f64 / 7.0),
                Value::Decimal(arrow_buffer::i256::from_i128(i128::from(n) * 13), 2),
                Value::Date((i % 20_000) as i32),
                Value::Timestamp(n * 1_000_003),
                Value::String(format!("name-{i}")),
                Value::String("Springfield".to_owned()),
                Value::String(format!("a note on row {i} of this table")),
            ],
        )?;
    }
    Ok(builder.finish())
}

struct Count(usize);

#[async_trait]
impl Emitter for Count {
    async fn emit(&mut self, batch: Batch, _position: Option<Vec<u8>>) -> Result<()> {
        self.0 += batch.num_rows();
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        false
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let rows: usize = arguments
        .next()
        .map_or(Ok(2_000_000), |text| text.parse())?;
    let parent = arguments.next().unwrap_or_else(|| ".".to_owned());
    let directory = tempfile::tempdir_in(parent)?;
    let registry = seatunnel_connector_jdbc::register(Registry::new());
    let job = JobContext {
        id: "rate".into(),
        name: "rate".into(),
        mode: JobMode::Batch,
    };
    let task = TaskContext {
        job: job.clone(),
        subtask: 0,
        parallelism: 1,
        metrics: Metrics::default(),
        dirty: seatunnel_api::DirtyRows::off(),
    };
    for (what, key) in [("insert", false), ("upsert by int key", true)] {
        let url = format!(
            "jdbc:sqlite:{}",
            directory.path().join(format!("{key}.db")).display()
        );
        let table = table(key);
        let context = SinkContext {
            job: job.clone(),
            tables: vec![table.clone()],
            config: ConfigValue::from_json(&json!({"url": url, "generate_sink_sql": true})),
        };
        let factory = registry.find_sink("Jdbc").ok_or("no sink")?;
        let sink = factory.create(context).await?;
        sink.prepare().await?;
        let mut writer = sink.writer(task.clone()).await?;
        let mut taken = std::time::Duration::ZERO;
        let mut written = 0;
        while written < rows {
            let batch = batch(&table, written)?;
            let start = Instant::now();
            writer.write(batch).await?;
            taken += start.elapsed();
            written += BATCH;
        }
        let start = Instant::now();
        writer.prepare_commit(1).await?;
        sink.finish().await?;
        taken += start.elapsed();
        let rate = written as f64 / taken.as_secs_f64();
        println!("{what}: {written} rows of 10 columns in {taken:.2?}, {rate:.0} rows/s");

        let options = ConfigValue::from_json(&json!({"url": url, "table_path": "t"}));
        let context = SourceContext {
            job: job.clone(),
            plugin_output: None,
            parallelism: 1,
        };
        let factory = registry.find_source("Jdbc").ok_or("no source")?;
        let start = Instant::now();
        let source = factory.create(&options, context).await?;
        let splits = source.enumerator(1, None).await?.discover().await?.splits;
        let mut reader = source.reader(task.clone()).await?;
        let mut count = Count(0);
        for split in &splits {
            reader.read(&split.bytes, &mut count).await?;
        }
        let taken = start.elapsed();
        let rate = count.0 as f64 / taken.as_secs_f64();
        println!("read: {} rows in {taken:.2?}, {rate:.0} rows/s", count.0);
    }
    Ok(())
}
