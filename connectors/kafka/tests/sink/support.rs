//! What stands in for an engine in tests of the sink.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSink, DynWriter};
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, DirtyKeeper, DirtyRow, DirtyRows,
    JobContext, JobMode, Metrics, Registry, Result, RowKind, SinkContext, TablePath, TableSchema,
    TaskContext, Value,
};
use serde_json::{Value as Json, json};

/// A name that no other test has.
pub(crate) fn unique(stem: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{stem}-{}-{n}", std::process::id())
}

pub(crate) fn job(id: &str) -> JobContext {
    JobContext {
        id: Arc::from(id),
        name: Arc::from("test"),
        mode: JobMode::Batch,
    }
}

pub(crate) fn task(id: &str, subtask: usize) -> TaskContext {
    TaskContext {
        job: job(id),
        subtask,
        parallelism: 2,
        metrics: Metrics::new(),
        dirty: DirtyRows::off(),
    }
}

/// `id bigint, name string`
pub(crate) fn people() -> Arc<CatalogTable> {
    table(&[("id", "bigint"), ("name", "string")])
}

pub(crate) fn table(columns: &[(&str, &str)]) -> Arc<CatalogTable> {
    let columns = columns
        .iter()
        .map(|(name, kind)| Column::new(*name, DataType::parse(kind).unwrap()))
        .collect();
    Arc::new(CatalogTable::new(
        "test",
        TablePath::table("people"),
        TableSchema::new(columns),
    ))
}

/// Rows of [`people`] with these ids.
pub(crate) fn rows(ids: std::ops::Range<i64>) -> Batch {
    let rows = ids.map(|id| vec![Value::BigInt(id), Value::String(format!("name {id}"))]);
    batch(&people(), rows)
}

pub(crate) fn batch(
    table: &Arc<CatalogTable>,
    rows: impl IntoIterator<Item = Vec<Value>>,
) -> Batch {
    let mut builder = BatchBuilder::new(table.clone());
    for row in rows {
        builder.push(RowKind::Insert, &row).unwrap();
    }
    builder.finish()
}

/// Keeps rejected rows for a test to look at.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<String>>);

#[async_trait]
impl DirtyKeeper for Kept {
    async fn keep(&self, row: &DirtyRow<'_>) -> Result<()> {
        self.0.lock().unwrap().push(row.members.clone());
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}

/// A sink as a job of this id makes it; each is as one of another process.
pub(crate) async fn sink(
    id: &str,
    table: &Arc<CatalogTable>,
    config: &Json,
) -> Result<Arc<dyn DynSink>> {
    let registry = Registry::new().sink(seatunnel_connector_kafka::KafkaSinkFactory);
    let context = SinkContext {
        job: job(id),
        tables: vec![table.clone()],
        config: ConfigValue::from_json(config),
    };
    registry.find_sink("Kafka").unwrap().create(context).await
}

pub(crate) async fn writer(
    sink: &Arc<dyn DynSink>,
    id: &str,
    subtask: usize,
) -> Box<dyn DynWriter> {
    sink.writer(task(id, subtask)).await.unwrap()
}

/// Two objects in one.
pub(crate) fn with(mut config: Json, more: Json) -> Json {
    let members = config.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    config
}

pub(crate) fn exactly_once(servers: &str, topic: &str) -> Json {
    json!({ "bootstrap.servers": servers, "topic": topic, "semantics": "EXACTLY_ONCE" })
}

/// A message as a test looks at it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) headers: BTreeMap<String, String>,
}

/// What a consumer that reads only what is committed sees of a topic now.
pub(crate) fn committed(servers: &str, topic: &str) -> Vec<Seen> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", unique("look"))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .create()
        .unwrap();
    let metadata = consumer
        .fetch_metadata(Some(topic), Duration::from_secs(10))
        .unwrap();
    let partitions = metadata.topics()[0].partitions();
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&list).unwrap();
    let mut ended = std::collections::BTreeSet::new();
    let mut seen = Vec::new();
    while ended.len() < partitions.len() {
        match consumer.poll(Duration::from_secs(20)) {
            None => panic!("no answer from {servers}"),
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(partition))) => {
                ended.insert(partition);
            }
            Some(Err(error)) => panic!("{error}"),
            Some(Ok(message)) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                seen.push(Seen {
                    partition: message.partition(),
                    key: message.key().map(text),
                    value: message.payload().map(text),
                    timestamp: message.timestamp().to_millis(),
                    headers: message
                        .headers()
                        .map(|all| {
                            all.iter()
                                .map(|h| (h.key.to_owned(), h.value.map(text).unwrap_or_default()))
                                .collect()
                        })
                        .unwrap_or_default(),
                });
            }
        }
    }
    seen
}

/// The `id`s of the rows that are seen, in order.
pub(crate) fn committed_ids(servers: &str, topic: &str) -> Vec<i64> {
    let mut ids: Vec<i64> = committed(servers, topic)
        .iter()
        .map(|seen| {
            let row: Json = serde_json::from_str(seen.value.as_deref().unwrap()).unwrap();
            row["id"].as_i64().unwrap()
        })
        .collect();
    ids.sort_unstable();
    ids
}
