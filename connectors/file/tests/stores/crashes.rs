//! What becomes of uploads to S3 when processes are killed, jobs cancelled and commits repeated.

use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSink, DynWriter};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, DirtyRows, JobContext, JobMode, Metrics, Registry,
    SinkContext, TablePath, TableSchema, TaskContext,
};
use serde_json::{Value as Json, json};

use crate::fixture::Look as _;
use crate::s3::Bucket;

/// Rows of about 1 MiB.
fn batch(first: i64) -> Batch {
    let columns = vec![
        Column::new("id", DataType::BigInt),
        Column::new("text", DataType::String),
    ];
    let path = TablePath::parse("shop.orders", false);
    let table = Arc::new(CatalogTable::new("test", path, TableSchema::new(columns)));
    let ids = Int64Array::from_iter_values(first..first + 1_024);
    let texts = StringArray::from_iter_values((0..1_024).map(|_| "x".repeat(1_024)));
    let schema = table.arrow_schema().clone();
    let rows = RecordBatch::try_new(schema, vec![Arc::new(ids), Arc::new(texts)]).unwrap();
    Batch::inserts(table, rows)
}

fn job(id: &str) -> JobContext {
    JobContext {
        id: id.into(),
        name: "test".into(),
        mode: JobMode::Batch,
    }
}

fn options(bucket: &Bucket) -> Json {
    let mut options = bucket.options();
    options["path"] = json!("/out");
    options["file_format_type"] = json!("text");
    options
}

async fn sink(options: &Json, job_id: &str) -> Arc<dyn DynSink> {
    let registry = seatunnel_connector_file::register(Registry::new());
    let factory = registry.find_sink("S3File").unwrap().clone();
    let context = SinkContext {
        job: job(job_id),
        tables: vec![batch(0).table().clone()],
        config: ConfigValue::from_json(options),
    };
    factory.create(context).await.unwrap()
}

async fn writer(sink: &Arc<dyn DynSink>, job_id: &str) -> Box<dyn DynWriter> {
    let context = TaskContext {
        job: job(job_id),
        subtask: 0,
        parallelism: 1,
        metrics: Metrics::new(),
        dirty: DirtyRows::off(),
    };
    sink.writer(context).await.unwrap()
}

/// A writer that has sent two parts and holds a bit more.
async fn writing(sink: &Arc<dyn DynSink>, job_id: &str) -> Box<dyn DynWriter> {
    let mut writer = writer(sink, job_id).await;
    for number in 0..20 {
        writer.write(batch(number * 1_024)).await.unwrap();
    }
    writer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_many_parts_is_seen_when_it_is_committed_and_a_second_commit_changes_nothing() {
    let bucket = Bucket::new();
    let sink = sink(&options(&bucket), "a").await;
    sink.prepare().await.unwrap();
    let mut writer = writing(&sink, "a").await;
    let committables = writer.prepare_commit(1).await.unwrap();
    writer.close().await.unwrap();
    let files = bucket.files("/out");
    assert!(
        files.len() == 1 && files[0].starts_with("upload "),
        "{files:?}"
    );
    sink.commit(committables.clone()).await.unwrap();
    let files = bucket.files("/out");
    assert!(
        files.len() == 1 && files[0].starts_with("out/"),
        "{files:?}"
    );
    sink.commit(committables).await.unwrap();
    assert_eq!(bucket.files("/out"), files);

    let mut source = options(&bucket);
    source["schema"] = json!({ "fields": { "id": "bigint", "text": "string" } });
    let registry = seatunnel_connector_file::register(Registry::new());
    let rows = seatunnel_conformance::read_back(&registry, "S3File", &source);
    assert_eq!(rows.await.unwrap().len(), 20 * 1_024);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_of_a_killed_process_are_given_up_by_its_own_job_only() {
    let bucket = Bucket::new();
    let options = options(&bucket);
    let mine = sink(&options, "mine").await;
    // Killed while it writes, and between preparing and committing.
    std::mem::forget(writing(&mine, "mine").await);
    let mut prepared = writing(&mine, "mine").await;
    prepared.prepare_commit(1).await.unwrap();
    std::mem::forget(prepared);
    let other = sink(&options, "other").await;
    let mut theirs = writing(&other, "other").await;
    assert_eq!(bucket.files("/out").len(), 3);
    mine.discard_leftovers(&job("mine")).await.unwrap();
    let left = bucket.files("/out");
    assert!(left.len() == 1 && left[0].contains("T_other_"), "{left:?}");
    let committables = theirs.prepare_commit(1).await.unwrap();
    other.commit(committables).await.unwrap();
    assert_eq!(bucket.files("/out").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_or_aborted_writer_leaves_nothing() {
    let bucket = Bucket::new();
    let sink = sink(&options(&bucket), "a").await;
    drop(writing(&sink, "a").await);
    assert_eq!(bucket.files("/out"), [""; 0]);
    let mut aborted = writing(&sink, "a").await;
    aborted.abort().await.unwrap();
    assert_eq!(bucket.files("/out"), [""; 0]);
    let mut writer = writing(&sink, "a").await;
    let committables = writer.prepare_commit(1).await.unwrap();
    sink.abort(committables).await.unwrap();
    assert_eq!(bucket.files("/out"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_gone_is_told_at_commit() {
    let bucket = Bucket::new();
    let sink = sink(&options(&bucket), "a").await;
    let mut writer = writing(&sink, "a").await;
    let committables = writer.prepare_commit(1).await.unwrap();
    sink.abort(committables.clone()).await.unwrap();
    let error = sink.commit(committables).await.unwrap_err();
    let report = error.report();
    assert!(
        report.contains("is gone before it could be completed"),
        "{report}"
    );
    assert!(report.contains(&format!("s3://{}", bucket.0)), "{report}");
    assert!(!report.contains("secret-that"), "{report}");
}
