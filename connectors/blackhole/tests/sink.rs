//! Blackhole as engines see it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use seatunnel_api::config::{ConfigValue, Kind, Span};
use seatunnel_api::{
    BatchBuilder, CatalogTable, Column, DataType, Guarantee, JobContext, JobMode, Metrics,
    Registry, RowKind, SinkContext, TablePath, TableSchema, TaskContext, Value,
};

#[tokio::test]
async fn rows_go_in_and_nothing_is_left_to_commit() {
    let registry = seatunnel_connector_blackhole::register(Registry::new());
    let factory = registry.find_sink("blackhole").unwrap();
    assert!(matches!(factory.guarantee(), Guarantee::ExactlyOnce(_)));
    let schema = TableSchema::new(vec![Column::new("a", DataType::Int)]);
    let table = Arc::new(CatalogTable::new("Test", TablePath::table("t"), schema));
    let job = JobContext {
        id: "1".into(),
        name: "test".into(),
        mode: JobMode::Batch,
    };
    let context = SinkContext {
        job: job.clone(),
        tables: vec![table.clone()],
        config: ConfigValue::new(Kind::Object(Default::default()), Span::none()),
    };
    let sink = factory.create(context).await.unwrap();
    let context = TaskContext {
        job,
        subtask: 0,
        parallelism: 1,
        metrics: Metrics::new(),
        dirty: seatunnel_api::DirtyRows::off(),
    };
    let mut writer = sink.writer(context).await.unwrap();
    let mut builder = BatchBuilder::new(table);
    builder.push(RowKind::Insert, &[Value::Int(1)]).unwrap();
    writer.write(builder.finish()).await.unwrap();
    assert!(writer.prepare_commit(1).await.unwrap().is_empty());
    sink.finish().await.unwrap();
}
