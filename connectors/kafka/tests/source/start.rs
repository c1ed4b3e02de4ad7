//! Where reading begins.

use seatunnel_api::JobMode;
use seatunnel_kafka_testkit::{Kafka, Record};
use serde_json::{Value as Json, json};

use crate::drive::{Reading, error_of, options, read_all, source};

/// Ten messages at times 1000, 2000, … in one partition.
fn filled(kafka: &Kafka) -> String {
    let topic = kafka.topic("start", 1);
    let records: Vec<Record> = (0..10)
        .map(|n| Record {
            timestamp: Some(1000 * (n + 1)),
            ..Record::of(0, format!("m{n}"))
        })
        .collect();
    kafka.write(&topic, &records, &[]);
    topic
}

fn contents(from: usize, to: usize) -> Vec<String> {
    (from..to)
        .map(|n| format!("+I {{\"content\":\"m{n}\"}}"))
        .collect()
}

async fn read(kafka: &Kafka, topic: &str, more: Json) -> Vec<String> {
    let mut all = json!({ "topic": topic });
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    read_all(&options(kafka, all)).await.unwrap()
}

#[tokio::test]
async fn every_start_mode_begins_where_it_says() {
    let kafka = Kafka::shared();
    let topic = filled(kafka);
    kafka.delete_before(&topic, 0, 2);
    kafka.commit("half", &topic, 0, 5);
    for (what, more, from) in [
        ("earliest", json!({ "start_mode": "earliest" }), 2),
        ("latest", json!({ "start_mode": "latest" }), 10),
        (
            "timestamp",
            json!({ "start_mode": "timestamp", "start_mode.timestamp": 6500 }),
            6,
        ),
        (
            "timestamp to come",
            json!({ "start_mode": "timestamp", "start_mode.timestamp": 99_000 }),
            10,
        ),
        (
            "offsets",
            json!({ "start_mode": "specific_offsets", "start_mode.offsets": { format!("{topic}-0"): 7 } }),
            7,
        ),
        ("group", json!({ "consumer.group": "half" }), 5),
        ("new group", json!({ "consumer.group": "new-1" }), 10),
        (
            "new group with a reset",
            json!({ "consumer.group": "new-2", "kafka.config": { "auto.offset.reset": "earliest" } }),
            2,
        ),
    ] {
        assert_eq!(
            read(kafka, &topic, more).await,
            contents(from, 10),
            "{what}"
        );
    }
}

#[tokio::test]
async fn an_end_timestamp_bounds_what_a_batch_job_reads() {
    let kafka = Kafka::shared();
    let topic = filled(kafka);
    let more = json!({
        "start_mode": "timestamp", "start_mode.timestamp": 3000, "start_mode.end_timestamp": 8000
    });
    assert_eq!(read(kafka, &topic, more).await, contents(2, 7));
}

#[tokio::test]
async fn latest_of_a_streaming_job_is_the_moment_it_began() {
    let kafka = Kafka::shared();
    let topic = filled(kafka);
    let options = options(kafka, json!({ "topic": topic, "start_mode": "latest" }));
    let mut reading = Reading::begin(&options, JobMode::Streaming, None)
        .await
        .unwrap();
    kafka.produce(&topic, 0, &["m10", "m11"]);
    assert_eq!(reading.rows(2).await, contents(10, 12));
    reading.kill().await;
}

#[tokio::test]
async fn one_list_of_topics_a_pattern_and_tables_of_their_own() {
    let kafka = Kafka::shared();
    let (a, b) = (kafka.topic("list.a", 2), kafka.topic("list.b", 1));
    kafka.produce(&a, 1, &["x"]);
    kafka.produce(&b, 0, &["y"]);
    let sorted = |mut rows: Vec<String>| {
        rows.sort();
        rows
    };
    let both = ["+I {\"content\":\"x\"}", "+I {\"content\":\"y\"}"];
    let list = json!({ "start_mode": "earliest" });
    assert_eq!(sorted(read(kafka, &format!("{a}, {b}"), list).await), both);
    let by_pattern = json!({ "start_mode": "earliest", "pattern": true });
    let pattern = r"(?!nothing)list\.[ab]-\d+";
    assert_eq!(sorted(read(kafka, pattern, by_pattern).await), both);
    // A pattern means whole names.
    let part = json!({ "start_mode": "earliest", "pattern": true });
    assert!(read(kafka, r"ist\..*", part).await.is_empty());

    let options = options(
        kafka,
        json!({
            "start_mode": "earliest",
            "tables_configs": [
                { "topic": &a },
                { "topic": &b, "start_mode": "latest" },
            ],
        }),
    );
    assert_eq!(read_all(&options).await.unwrap(), both[..1]);
    let tables = source(&options, JobMode::Batch).await.unwrap().tables();
    let names: Vec<String> = tables.iter().map(|t| t.path().to_string()).collect();
    assert_eq!(names, [a, b]);
}

#[tokio::test]
async fn what_makes_no_sense_is_told_before_anything_is_read() {
    let kafka = Kafka::shared();
    let topic = filled(kafka);
    for (more, says) in [
        (json!({ "topic": "no-such-topic" }), "no-such-topic"),
        (
            json!({ "topic": &topic, "start_mode": "timestamp" }),
            "start_mode.timestamp",
        ),
        (
            json!({ "topic": &topic, "start_mode": "specific_offsets" }),
            "start_mode.offsets",
        ),
        (
            json!({ "topic": &topic, "start_mode": "specific_offsets", "start_mode.offsets": { "other-0": 1 } }),
            "other-0",
        ),
        (
            json!({ "topic": "a(", "pattern": true }),
            "regular expression",
        ),
        (json!({ "topic": " , " }), "topic"),
        (
            json!({ "topic": &topic, "format": "native", "kafka_headers_fields": ["a"] }),
            "kafka_headers_fields",
        ),
        (
            json!({ "topic": &topic, "format": "compatible_debezium_json", "schema": { "fields": { "a": "int" } } }),
            "format",
        ),
        (
            json!({ "topic": &topic, "kafka.config": { "max.poll.records": "many" } }),
            "max.poll.records",
        ),
        (
            json!({ "topic": &topic, "consumer.group": "new-3", "kafka.config": { "auto.offset.reset": "none" } }),
            "auto.offset.reset",
        ),
    ] {
        let options = options(kafka, more);
        let error = error_of(read_all(&options)).await;
        assert!(error.report().contains(says), "{says}: {error:?}");
    }
}
