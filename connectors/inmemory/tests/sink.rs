//! InMemory as engines see it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSink, DynWriter};
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, JobContext, JobMode, Metrics, Registry,
    Result, RowKind, SinkContext, TablePath, TableSchema, TaskContext, Value,
};
use serde_json::json;

fn table() -> Arc<CatalogTable> {
    let schema = TableSchema::new(vec![Column::new("a", DataType::Int)]);
    let table = CatalogTable::new("Test", TablePath::table("t"), schema);
    Arc::new(table.with_option("format", "csv"))
}

fn one_row() -> Batch {
    let mut builder = BatchBuilder::new(table());
    builder.push(RowKind::Insert, &[Value::Int(1)]).unwrap();
    builder.finish()
}

fn job() -> JobContext {
    JobContext {
        id: "1".into(),
        name: "test".into(),
        mode: JobMode::Batch,
    }
}

async fn sink(options: serde_json::Value) -> Result<Arc<dyn DynSink>> {
    let registry = seatunnel_connector_inmemory::register(Registry::new());
    let context = SinkContext {
        job: job(),
        tables: vec![table()],
        config: ConfigValue::from_json(&options),
    };
    registry
        .find_sink("inmemory")
        .unwrap()
        .create(context)
        .await
}

async fn writer(sink: &dyn DynSink) -> Box<dyn DynWriter> {
    let context = TaskContext {
        job: job(),
        subtask: 0,
        parallelism: 1,
        metrics: Metrics::new(),
        dirty: seatunnel_api::DirtyRows::off(),
    };
    sink.writer(context).await.unwrap()
}

#[tokio::test]
async fn it_takes_rows_where_it_is_told_nothing() {
    let sink = sink(json!({})).await.unwrap();
    sink.prepare().await.unwrap();
    let mut writer = writer(sink.as_ref()).await;
    writer.write(one_row()).await.unwrap();
    assert!(writer.prepare_commit(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn each_attempt_fails_with_the_next_message_until_none_is_left() {
    let options = json!({"throw_runtime_exception_list": ["first", "second"]});
    let sink = sink(options).await.unwrap();
    for message in ["first", "second"] {
        let error = writer(sink.as_ref()).await.write(one_row()).await;
        let error = error.unwrap_err();
        assert_eq!(error.message(), message);
        assert!(error.is_retryable());
    }
    writer(sink.as_ref()).await.write(one_row()).await.unwrap();
}

#[tokio::test]
async fn a_failing_checkpoint_takes_four_seconds() {
    let sink = sink(json!({"throw_exception": true})).await.unwrap();
    let mut writer = writer(sink.as_ref()).await;
    writer.write(one_row()).await.unwrap();
    let begin = std::time::Instant::now();
    let error = writer.prepare_commit(1).await.unwrap_err();
    assert_eq!(error.message(), "write failed");
    assert!(begin.elapsed().as_secs() >= 4);
}

#[tokio::test]
async fn no_memory_fails_the_first_row() {
    let sink = sink(json!({"throw_out_of_memory": true})).await.unwrap();
    let written = writer(sink.as_ref()).await.write(one_row()).await;
    assert_eq!(written.unwrap_err().message(), "out of memory");
}

#[tokio::test]
async fn a_table_must_have_the_option_asked_for() {
    let asked =
        |value: &str| json!({"assert_options_key": "format", "assert_options_value": value});
    assert!(sink(asked("csv")).await.is_ok());
    assert!(sink(asked("json")).await.is_err());
    assert!(sink(json!({"assert_options_key": "format"})).await.is_err());
}
