//! What becomes of uploads to object stores when processes are killed, jobs cancelled and commits repeated.

use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSink, DynWriter};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, DirtyRows, JobContext, JobMode, Metrics, Registry,
    SinkContext, TablePath, TableSchema, TaskContext,
};
use serde_json::{Value as Json, json};

use crate::azure::Container;
use crate::fixture::Look;
use crate::gcs::GcsBucket;
use crate::s3::Bucket;

/// A bucket, and how to write into it.
struct Place {
    plugin: &'static str,
    /// How messages call it.
    name: String,
    options: Json,
    look: Arc<dyn Look>,
}

impl Place {
    fn new(plugin: &'static str, name: String, mut options: Json, look: Arc<dyn Look>) -> Self {
        options["path"] = json!("/out");
        options["file_format_type"] = json!("text");
        Self {
            plugin,
            name,
            options,
            look,
        }
    }

    fn s3() -> Self {
        let bucket = Bucket::new();
        Self::new(
            "S3File",
            format!("s3://{}", bucket.0),
            bucket.options(),
            Arc::new(bucket),
        )
    }

    fn gcs() -> Self {
        let bucket = GcsBucket::new();
        Self::new(
            "GcsFile",
            format!("gs://{}", bucket.0),
            bucket.options(),
            Arc::new(bucket),
        )
    }

    fn azure(container: Container) -> Self {
        let name = format!("azure://devstoreaccount1/{}", container.0);
        Self::new("AzureFile", name, container.options(), Arc::new(container))
    }

    fn files(&self) -> Vec<String> {
        self.look.files("/out")
    }

    /// What is there that should not be: uploads too, where something can be done about them.
    fn left(&self) -> Vec<String> {
        let mut left = self.files();
        left.retain(|file| !self.look.keeps_uploads() || !file.starts_with("upload "));
        left
    }
}

/// Each of these, against each store.
macro_rules! in_each_store {
    ($($behaviour:ident)*) => {
        mod s3 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $behaviour() {
                super::$behaviour(super::Place::s3()).await;
            })*
        }
        mod gcs {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $behaviour() {
                super::$behaviour(super::Place::gcs()).await;
            })*
        }
        mod azure {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $behaviour() {
                super::$behaviour(super::Place::azure(super::Container::new())).await;
            })*
        }
    };
}

in_each_store! {
    a_file_of_many_parts_is_seen_when_it_is_committed_and_a_second_commit_changes_nothing
    uploads_of_a_killed_process_are_given_up_by_its_own_job_only
    a_cancelled_or_aborted_writer_leaves_nothing
    a_file_without_rows_is_written_if_that_is_wanted
}

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

async fn sink(place: &Place, job_id: &str) -> Arc<dyn DynSink> {
    let registry = seatunnel_connector_file::register(Registry::new());
    let factory = registry.find_sink(place.plugin).unwrap().clone();
    let context = SinkContext {
        job: job(job_id),
        tables: vec![batch(0).table().clone()],
        config: ConfigValue::from_json(&place.options),
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

async fn a_file_of_many_parts_is_seen_when_it_is_committed_and_a_second_commit_changes_nothing(
    place: Place,
) {
    let sink = sink(&place, "a").await;
    sink.prepare().await.unwrap();
    let mut writer = writing(&sink, "a").await;
    let committables = writer.prepare_commit(1).await.unwrap();
    writer.close().await.unwrap();
    let files = place.files();
    assert!(
        files.len() == 1 && files[0].starts_with("upload "),
        "{files:?}"
    );
    sink.commit(committables.clone()).await.unwrap();
    let files = place.files();
    assert!(
        files.len() == 1 && files[0].starts_with("out/"),
        "{files:?}"
    );
    sink.commit(committables).await.unwrap();
    assert_eq!(place.files(), files);

    let mut source = place.options.clone();
    source["schema"] = json!({ "fields": { "id": "bigint", "text": "string" } });
    let registry = seatunnel_connector_file::register(Registry::new());
    let rows = seatunnel_conformance::read_back(&registry, place.plugin, &source);
    assert_eq!(rows.await.unwrap().len(), 20 * 1_024);
}

async fn uploads_of_a_killed_process_are_given_up_by_its_own_job_only(place: Place) {
    let mine = sink(&place, "mine").await;
    // Killed while it writes, and between preparing and committing.
    std::mem::forget(writing(&mine, "mine").await);
    let mut prepared = writing(&mine, "mine").await;
    prepared.prepare_commit(1).await.unwrap();
    std::mem::forget(prepared);
    let other = sink(&place, "other").await;
    let mut theirs = writing(&other, "other").await;
    // Parts are sent while the writer goes on.
    for _ in 0..1_200 {
        if place.files().len() == 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(place.files().len(), 3);
    mine.discard_leftovers(&job("mine")).await.unwrap();
    let mut left = place.files();
    left.retain(|file| !place.look.keeps_uploads() || file.contains("T_other_"));
    assert!(left.len() == 1 && left[0].contains("T_other_"), "{left:?}");
    let committables = theirs.prepare_commit(1).await.unwrap();
    other.commit(committables).await.unwrap();
    let left = place.left();
    assert!(
        left.len() == 1 && left[0].starts_with("out/T_other_"),
        "{left:?}"
    );
}

async fn a_cancelled_or_aborted_writer_leaves_nothing(place: Place) {
    let sink = sink(&place, "a").await;
    drop(writing(&sink, "a").await);
    assert_eq!(place.left(), [""; 0]);
    let mut aborted = writing(&sink, "a").await;
    aborted.abort().await.unwrap();
    assert_eq!(place.left(), [""; 0]);
    let mut writer = writing(&sink, "a").await;
    let committables = writer.prepare_commit(1).await.unwrap();
    sink.abort(committables).await.unwrap();
    assert_eq!(place.left(), [""; 0]);
    // Also what was made visible before something else went wrong.
    let mut writer = writing(&sink, "a").await;
    let committables = writer.prepare_commit(2).await.unwrap();
    sink.commit(committables.clone()).await.unwrap();
    assert_eq!(place.left().len(), 1);
    sink.abort(committables).await.unwrap();
    assert_eq!(place.left(), [""; 0]);
}

async fn a_file_without_rows_is_written_if_that_is_wanted(mut place: Place) {
    place.options["create_empty_file_when_no_data"] = json!(true);
    let sink = sink(&place, "a").await;
    let mut writer = writer(&sink, "a").await;
    let committables = writer.prepare_commit(1).await.unwrap();
    assert_eq!(place.left().len(), usize::from(!place.look.keeps_uploads()));
    sink.commit(committables.clone()).await.unwrap();
    sink.commit(committables).await.unwrap();
    let files = place.files();
    assert!(
        files.len() == 1 && files[0].starts_with("out/"),
        "{files:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_gone_is_told_at_commit() {
    for place in [Place::s3(), Place::gcs()] {
        let sink = sink(&place, "a").await;
        let mut writer = writing(&sink, "a").await;
        let committables = writer.prepare_commit(1).await.unwrap();
        sink.abort(committables.clone()).await.unwrap();
        is_told(&place, sink.commit(committables).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_are_gone_are_told_at_commit() {
    let container = Container::new();
    let emptied = Container(container.0.clone());
    let place = Place::azure(container);
    let sink = sink(&place, "a").await;
    let mut writer = writing(&sink, "a").await;
    let committables = writer.prepare_commit(1).await.unwrap();
    emptied.empty();
    is_told(&place, sink.commit(committables).await);
}

fn is_told(place: &Place, committed: seatunnel_api::Result<()>) {
    let report = committed.unwrap_err().report();
    assert!(
        report.contains("is gone before it could be completed"),
        "{report}"
    );
    assert!(report.contains(&place.name), "{report}");
    for secret in ["account_key", "credentials", "secret_key"] {
        if let Some(secret) = place.options[secret].as_str() {
            assert!(!report.contains(secret), "{report}");
        }
    }
}
