//! What messages look like and where they go.

use std::collections::BTreeSet;
use std::sync::Arc;

use seatunnel_api::erased::DynSink;
use seatunnel_api::{Batch, BatchBuilder, DirtyRows, Metrics, Result, RowKind, Value};
use seatunnel_kafka_testkit::Kafka;
use serde_json::{Value as Json, json};

use crate::support::{
    Kept, Seen, batch, committed, committed_ids, people, rows, sink, table, task, unique, with,
};

fn to(topic: &str) -> Json {
    json!({ "bootstrap.servers": Kafka::shared().servers(), "topic": topic })
}

/// Writes a batch and gives what consumers see, by partition and place.
async fn written(topic: &str, config: &Json, batch: Batch) -> Vec<Seen> {
    let id = unique("job");
    let sink = sink(&id, batch.table(), config).await.unwrap();
    write(&sink, &id, batch).await.unwrap();
    let mut seen = committed(&Kafka::shared().servers(), topic);
    seen.sort_by_key(|s| s.partition);
    seen
}

async fn write(sink: &Arc<dyn DynSink>, id: &str, batch: Batch) -> Result<()> {
    sink.prepare().await?;
    let mut writer = sink.writer(task(id, 0)).await?;
    writer.write(batch).await?;
    let prepared = writer.prepare_commit(1).await?;
    assert!(prepared.is_empty(), "nothing waits without transactions");
    writer.close().await
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_there_once_a_checkpoint_is_prepared() {
    for semantics in ["NON", "AT_LEAST_ONCE"] {
        let topic = Kafka::shared().topic("flushed", 3);
        let config = with(to(&topic), json!({ "semantics": semantics }));
        let id = unique("job");
        let sink = sink(&id, &people(), &config).await.unwrap();
        let mut writer = sink.writer(task(&id, 0)).await.unwrap();
        for checkpoint in 1..4 {
            let from = checkpoint * 20_000;
            writer.write(rows(from..from + 10_000)).await.unwrap();
            writer
                .write(rows(from + 10_000..from + 20_000))
                .await
                .unwrap();
            assert!(
                writer
                    .prepare_commit(checkpoint as u64)
                    .await
                    .unwrap()
                    .is_empty()
            );
            let ids = committed_ids(&Kafka::shared().servers(), &topic);
            assert_eq!(
                ids,
                (20_000..from + 20_000).collect::<Vec<i64>>(),
                "{semantics}"
            );
        }
        writer.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_json_and_choose_the_partition_that_java_chooses() {
    let topic = Kafka::shared().topic("keyed", 5);
    let config = with(to(&topic), json!({ "partition_key_fields": ["name"] }));
    let names = ["Jack", "Mary", "Jack", "Ann", "Mary"];
    let all = names
        .iter()
        .enumerate()
        .map(|(n, name)| vec![Value::BigInt(n as i64), text(name)]);
    let seen = written(&topic, &config, batch(&people(), all)).await;
    // murmur2 of the key, as Java's client has it: computed by kafka.common.utils.Utils.
    for (name, partition) in [("Jack", 1), ("Mary", 0), ("Ann", 1)] {
        let key = format!(r#"{{"name":"{name}"}}"#);
        assert_eq!(murmur2_partition(key.as_bytes(), 5), partition, "{name}");
        let of: Vec<i32> = seen
            .iter()
            .filter(|s| s.key.as_deref() == Some(&key))
            .map(|s| s.partition)
            .collect();
        assert_eq!(
            of,
            vec![partition; names.iter().filter(|n| **n == name).count()],
            "{name}"
        );
    }
}

/// `toPositive(murmur2(key)) % partitions` of Java's client.
fn murmur2_partition(key: &[u8], partitions: u32) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash: u32 = 0x9747_b28c ^ key.len() as u32;
    let mut chunks = key.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().unwrap()).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = chunks.remainder();
    for (place, byte) in rest.iter().enumerate().rev() {
        hash ^= u32::from(*byte) << (8 * place);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^= hash >> 15;
    ((hash & 0x7fff_ffff) % partitions) as i32
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_is_fixed_or_follows_from_the_content() {
    let fixed = Kafka::shared().topic("fixed", 4);
    let seen = written(
        &fixed,
        &with(to(&fixed), json!({ "partition": 2 })),
        rows(0..50),
    )
    .await;
    assert!(seen.len() == 50 && seen.iter().all(|s| s.partition == 2));

    let content = Kafka::shared().topic("content", 5);
    let config = with(
        to(&content),
        json!({ "assign_partitions": ["shoe", "clothing"] }),
    );
    let all = (0..300).map(|n| {
        let name = ["a shoe", "some clothing", "else"][n % 3];
        vec![Value::BigInt(n as i64), text(name)]
    });
    let seen = written(&content, &config, batch(&people(), all)).await;
    assert_eq!(seen.len(), 300);
    for s in &seen {
        let value = s.value.as_deref().unwrap();
        match value {
            v if v.contains("shoe") => assert_eq!(s.partition, 0, "{v}"),
            v if v.contains("clothing") => assert_eq!(s.partition, 1, "{v}"),
            v => assert!((2..5).contains(&s.partition), "{v} in {}", s.partition),
        }
    }
    let others: BTreeSet<i32> = seen
        .iter()
        .map(|s| s.partition)
        .filter(|p| *p >= 2)
        .collect();
    assert_eq!(others.len(), 3, "the rest is spread");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_choose_their_topics() {
    let (one, two) = (
        Kafka::shared().topic("one", 1),
        Kafka::shared().topic("two", 1),
    );
    let all =
        [(1, &one), (2, &two), (3, &one)].map(|(n, topic)| vec![Value::BigInt(n), text(topic)]);
    written(&one, &to("${name}"), batch(&people(), all)).await;
    let servers = Kafka::shared().servers();
    assert_eq!(committed_ids(&servers, &one), [1, 3]);
    assert_eq!(committed_ids(&servers, &two), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_come_from_columns_that_the_value_then_lacks() {
    let topic = Kafka::shared().topic("headers", 1);
    let config = with(
        to(&topic),
        json!({ "kafka_headers_fields": ["source", "n"] }),
    );
    let table = table(&[("id", "bigint"), ("source", "string"), ("n", "int")]);
    let all = [
        vec![Value::BigInt(1), text("web"), Value::Int(7)],
        vec![Value::BigInt(2), Value::Null, Value::Int(8)],
    ];
    let seen = written(&topic, &config, batch(&table, all)).await;
    assert_eq!(seen[0].value.as_deref(), Some(r#"{"id":1}"#));
    let headers = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    };
    assert_eq!(seen[0].headers, headers(&[("source", "web"), ("n", "7")]));
    assert_eq!(seen[1].headers, headers(&[("n", "8")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn native_rows_are_the_whole_message() {
    let topic = Kafka::shared().topic("native", 3);
    let config = with(to(&topic), json!({ "format": "NATIVE" }));
    let table = table(&[
        ("headers", "map<string, string>"),
        ("key", "bytes"),
        ("partition", "int"),
        ("timestamp", "bigint"),
        ("value", "bytes"),
    ]);
    let all = [
        vec![
            Value::Map(vec![(text("h"), text("1"))]),
            Value::Bytes(b"k".to_vec()),
            Value::Int(1),
            Value::BigInt(1_700_000_000_000),
            Value::Bytes(b"v".to_vec()),
        ],
        vec![
            Value::Null,
            Value::Bytes(b"k".to_vec()),
            Value::Int(2),
            Value::Null,
            Value::Null,
        ],
    ];
    let seen = written(&topic, &config, batch(&table, all)).await;
    assert_eq!(seen[0].partition, 1);
    assert_eq!(seen[0].key.as_deref(), Some("k"));
    assert_eq!(seen[0].value.as_deref(), Some("v"));
    assert_eq!(seen[0].timestamp, Some(1_700_000_000_000));
    assert_eq!(seen[0].headers.get("h").map(String::as_str), Some("1"));
    assert_eq!(
        (seen[1].partition, seen[1].value.as_deref()),
        (2, None),
        "a tombstone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_written_with_their_kinds() {
    let topic = Kafka::shared().topic("changes", 1);
    let config = with(to(&topic), json!({ "format": "debezium_json" }));
    let mut builder = BatchBuilder::new(people());
    builder
        .push(RowKind::Insert, &[Value::BigInt(1), text("a")])
        .unwrap();
    builder
        .push(RowKind::Delete, &[Value::BigInt(1), text("a")])
        .unwrap();
    let seen = written(&topic, &config, builder.finish()).await;
    let ops: Vec<Json> = seen
        .iter()
        .map(|s| serde_json::from_str(s.value.as_deref().unwrap()).unwrap())
        .collect();
    assert_eq!(ops[0]["op"], "c");
    assert_eq!(ops[1]["op"], "d");
    assert_eq!(ops[1]["before"]["id"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_named_or_set_aside() {
    let topic = Kafka::shared().name("small");
    Kafka::shared().create(&topic, 1, &[("max.message.bytes", "2000")]);
    let large = |n: i64| {
        vec![
            Value::BigInt(n),
            text(&"x".repeat(if n == 2 { 5_000 } else { 10 })),
        ]
    };
    let config = to(&topic);
    let id = unique("job");
    let first = sink(&id, &people(), &config).await.unwrap();
    let error = write(&first, &id, batch(&people(), (1..=3).map(large)))
        .await
        .unwrap_err();
    assert_eq!(error.code().id, "KAFKA-25", "{error:?}");
    let text = error.report();
    assert!(
        text.contains("row: 2") && text.contains(&topic) && text.contains("max.request.size"),
        "{text}"
    );

    let kept = Arc::new(Kept::default());
    let mut context = task(&id, 0);
    context.dirty = DirtyRows::new(vec![kept.clone()], "Kafka", 0, Metrics::new());
    let mut writer = first.writer(context).await.unwrap();
    writer
        .write(batch(&people(), (1..=4).map(large)))
        .await
        .unwrap();
    writer.prepare_commit(1).await.unwrap();
    let kept = kept.0.lock().unwrap();
    assert_eq!(kept.len(), 1);
    assert!(
        kept[0].contains("KAFKA-25") && kept[0].contains("\"row\":2"),
        "{}",
        kept[0]
    );
    let ids: BTreeSet<i64> = committed_ids(&Kafka::shared().servers(), &topic)
        .into_iter()
        .collect();
    assert_eq!(ids, BTreeSet::from([1, 3, 4]));
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_make_no_sense_are_named() {
    let topic = Kafka::shared().topic("options", 2);
    for (more, name) in [
        (
            json!({ "semantics": "AT_LEAST_ONCE", "kafka.config": { "acks": "1" } }),
            "acks",
        ),
        (
            json!({ "semantics": "EXACTLY_ONCE", "kafka.config": { "transactional.id": "x" } }),
            "transactional.id",
        ),
        (
            json!({ "partition_key_fields": ["nam"] }),
            "partition_key_fields",
        ),
        (
            json!({ "kafka_headers_fields": ["nam"] }),
            "kafka_headers_fields",
        ),
        (json!({ "topic": "${nam}" }), "topic"),
    ] {
        let error = sink("job", &people(), &with(to(&topic), more))
            .await
            .err()
            .unwrap();
        assert!(error.report().contains(name), "{error:?}");
    }
    let config = with(to(&topic), json!({ "partition": 2 }));
    let error = sink("job", &people(), &config)
        .await
        .unwrap()
        .prepare()
        .await
        .unwrap_err();
    assert!(error.message().contains("2 partitions"), "{error:?}");
}
