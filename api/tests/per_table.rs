//! Sinks that know one table, in jobs that have many.

#![allow(
    clippy::unwrap_used,
    reason = "test code, outside of #[test] functions"
)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::Options;
use seatunnel_api::per_table::{fill_placeholders, per_table};
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, CheckpointId, Column, DataType, JobContext, JobMode,
    Metrics, PrimaryKey, Result, RowKind, Sink, SinkContext, SinkWriter, State, TablePath,
    TableSchema, TaskContext, Value,
};
use serde::{Deserialize, Serialize};

fn table(path: &str) -> Arc<CatalogTable> {
    let mut schema = TableSchema::new(vec![
        Column::new("id", DataType::BigInt),
        Column::new("line", DataType::Int),
    ]);
    schema.primary_key = Some(PrimaryKey {
        name: "pk".into(),
        columns: vec!["id".into(), "line".into()],
    });
    Arc::new(CatalogTable::new(
        "test",
        TablePath::parse(path, false),
        schema,
    ))
}

#[test]
fn placeholders_are_filled_and_others_left_alone() {
    let config = ConfigValue::from_json(&serde_json::json!({
        "path": "/x/${database_name}/${table_name}/${now}",
        "schema": "${schema_name:public}",
        "primary_keys": ["${primary_key}"],
        "nested": {"sql": "insert into ${table_full_name} (${field_names})"},
        "unique": "${unique_key}",
    }));
    let filled = fill_placeholders(&config, &table("shop.orders")).to_json();
    assert_eq!(
        filled,
        serde_json::json!({
            "path": "/x/shop/orders/${now}",
            "schema": "public",
            "primary_keys": ["id", "line"],
            "nested": {"sql": "insert into shop.orders (id,line)"},
            "unique": "${unique_key}",
        })
    );
}

/// A target.
#[derive(Debug, Options)]
struct Target {
    /// Its name.
    name: String,
}

struct Store {
    name: String,
    committed: Arc<Mutex<Vec<String>>>,
}

struct StoreWriter {
    name: String,
    rows: usize,
}

#[derive(Serialize, Deserialize)]
struct Count(String, usize);
impl State for Count {}

#[async_trait]
impl Sink for Store {
    type Committable = Count;
    type Writer = StoreWriter;

    async fn writer(&self, _context: TaskContext) -> Result<StoreWriter> {
        Ok(StoreWriter {
            name: self.name.clone(),
            rows: 0,
        })
    }

    async fn commit(&self, committables: Vec<Count>) -> Result<()> {
        for Count(name, rows) in committables {
            assert_eq!(
                name, self.name,
                "a committable came to another table's sink"
            );
            self.committed
                .lock()
                .unwrap()
                .push(format!("{name}={rows}"));
        }
        Ok(())
    }
}

#[async_trait]
impl SinkWriter for StoreWriter {
    type Committable = Count;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        self.rows += batch.num_rows();
        Ok(())
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<Count>> {
        Ok(vec![Count(self.name.clone(), self.rows)])
    }
}

#[tokio::test]
async fn each_tables_rows_and_committables_come_to_its_own_sink() {
    let tables = vec![table("shop.orders"), table("shop.lines")];
    let job = JobContext {
        id: "1".into(),
        name: "test".into(),
        mode: JobMode::Batch,
    };
    let context = SinkContext {
        job: job.clone(),
        tables: tables.clone(),
        config: ConfigValue::from_json(&serde_json::json!({"name": "to_${table_name}"})),
    };
    let committed = Arc::<Mutex<Vec<String>>>::default();
    let sink = per_table("Store", &context, |options: Target, _| {
        Ok(Store {
            name: options.name,
            committed: committed.clone(),
        })
    })
    .unwrap();
    let mut writer = sink
        .writer(TaskContext {
            job,
            subtask: 0,
            parallelism: 1,
            metrics: Metrics::new(),
            dirty: seatunnel_api::DirtyRows::off(),
        })
        .await
        .unwrap();
    for (table, rows) in [(0, 2), (1, 3), (0, 1)] {
        let mut builder = BatchBuilder::new(tables[table].clone());
        for id in 0..rows {
            let row = [Value::BigInt(id), Value::Int(0)];
            builder.push(RowKind::Insert, &row).unwrap();
        }
        writer.write(builder.finish()).await.unwrap();
    }
    let committables = writer.prepare_commit(1).await.unwrap();
    sink.commit(committables).await.unwrap();
    let mut committed = committed.lock().unwrap().clone();
    committed.sort();
    assert_eq!(committed, ["to_lines=3", "to_orders=3"]);
}
