//! Batch jobs: to the end that partitions have when the job begins.

use seatunnel_api::JobMode;
use seatunnel_kafka_testkit::{Kafka, Record};
use serde_json::{Value as Json, json};

use crate::drive::{Reading, error_of, options, read_all};

fn from_start(kafka: &Kafka, topic: &str, kafka_config: Json) -> Json {
    options(
        kafka,
        json!({ "topic": topic, "start_mode": "earliest", "kafka.config": kafka_config }),
    )
}

fn rows(values: &[&str]) -> Vec<String> {
    values
        .iter()
        .map(|v| format!("+I {{\"content\":\"{v}\"}}"))
        .collect()
}

#[tokio::test]
async fn messages_of_every_codec_are_read() {
    let kafka = Kafka::shared();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = kafka.topic(codec, 1);
        let values: Vec<String> = (0..2000)
            .map(|n| format!("message {n} {}", "x".repeat(50)))
            .collect();
        let records: Vec<Record> = values.iter().map(|v| Record::of(0, v.as_str())).collect();
        kafka.write(&topic, &records, &[("compression.type", codec)]);
        let read = read_all(&from_start(kafka, &topic, json!({})))
            .await
            .unwrap();
        let texts: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(read, rows(&texts), "{codec}");
    }
}

#[tokio::test]
async fn empty_partitions_and_topics_end_at_once() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("empty", 5);
    assert!(
        read_all(&from_start(kafka, &topic, json!({})))
            .await
            .unwrap()
            .is_empty()
    );
    kafka.produce(&topic, 3, &["only"]);
    assert_eq!(
        read_all(&from_start(kafka, &topic, json!({})))
            .await
            .unwrap(),
        rows(&["only"])
    );
}

#[tokio::test]
async fn a_job_ends_behind_marks_of_transactions_and_aborted_messages() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("transactions", 1);
    let write = |id: &str, value: &str| {
        let transaction = kafka.transaction(id);
        transaction.write(&topic, &[Record::of(0, value)]);
        transaction
    };
    write("t1", "committed").commit();
    write("t2", "aborted").abort();
    let committed = json!({ "isolation.level": "read_committed" });
    let read = read_all(&from_start(kafka, &topic, committed.clone()))
        .await
        .unwrap();
    assert_eq!(read, rows(&["committed"]));
    // As in Java's client, what is not committed is read unless it is told otherwise.
    let read = read_all(&from_start(kafka, &topic, json!({})))
        .await
        .unwrap();
    assert_eq!(read, rows(&["committed", "aborted"]));

    // What lies behind an open transaction is not there yet.
    let open = write("t3", "open");
    kafka.produce(&topic, 0, &["behind"]);
    let read = read_all(&from_start(kafka, &topic, committed.clone()))
        .await
        .unwrap();
    assert_eq!(read, rows(&["committed"]));
    open.commit();
    let read = read_all(&from_start(kafka, &topic, committed))
        .await
        .unwrap();
    assert_eq!(read, rows(&["committed", "open", "behind"]));
}

#[tokio::test]
async fn messages_that_come_while_a_batch_job_reads_are_not_read() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("growing", 1);
    kafka.produce(&topic, 0, &["before"]);
    let options = from_start(kafka, &topic, json!({}));
    let first = Reading::begin(&options, JobMode::Batch, None)
        .await
        .unwrap();
    let checkpoint = first.checkpoint();
    first.kill().await;
    kafka.produce(&topic, 0, &["after"]);
    // The end is part of the split: it does not move when the job goes on.
    let mut second = Reading::begin(&options, JobMode::Batch, Some(checkpoint))
        .await
        .unwrap();
    second.end().await.unwrap();
    let seen = second.seen.lock().unwrap();
    assert!(
        seen.rows.iter().all(|row| row.contains("before")),
        "{:?}",
        seen.rows
    );
    assert_eq!(seen.finished, [format!("{topic}-0")]);
}

#[tokio::test]
async fn a_message_that_is_no_text_fails_is_kept_or_is_skipped() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("broken", 1);
    kafka.produce(&topic, 0, &[&b"good"[..], &b"\xff\xfe"[..], &b"better"[..]]);
    let mut options = from_start(kafka, &topic, json!({}));

    let error = error_of(read_all(&options)).await;
    let report = error.report();
    for says in [topic.as_str(), "partition: 0", "offset: 1"] {
        assert!(report.contains(says), "{says}: {report}");
    }

    let mut keeping = Reading::begin_with(&options, JobMode::Batch, None, true)
        .await
        .unwrap();
    keeping.end().await.unwrap();
    assert_eq!(keeping.seen.lock().unwrap().rows, rows(&["good", "better"]));
    let kept = keeping.kept.0.lock().unwrap().join("\n");
    assert!(kept.contains("\"offset\":1"), "{kept}");

    options["format_error_handle_way"] = json!("skip");
    let mut skipping = Reading::begin(&options, JobMode::Batch, None)
        .await
        .unwrap();
    skipping.end().await.unwrap();
    assert_eq!(
        skipping.seen.lock().unwrap().rows,
        rows(&["good", "better"])
    );
    assert_eq!(skipping.metrics.failed_rows().get(), 1);
}

#[tokio::test]
async fn of_each_row_it_is_known_when_its_message_was_sent() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("times", 1);
    let sent = |value: Option<&str>, at: i64| Record {
        value: value.map(|v| v.as_bytes().to_vec()),
        timestamp: Some(at),
        ..Record::default()
    };
    let first = 1_700_000_000_000;
    let messages = [
        sent(Some("a"), first),
        sent(None, first + 1),
        sent(Some("b"), first + 2),
    ];
    kafka.write(&topic, &messages, &[]);
    let options = from_start(kafka, &topic, json!({}));
    let mut reading = Reading::begin(&options, JobMode::Batch, None)
        .await
        .unwrap();
    reading.end().await.unwrap();
    let seen = reading.seen.lock().unwrap();
    assert_eq!(seen.rows, rows(&["a", "b"]));
    assert_eq!(seen.times, [Some(first), Some(first + 2)]);
}

#[tokio::test]
async fn tombstones_give_no_row_and_headers_become_columns() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("headers", 1);
    let with = |value: Option<&str>, headers: &[(&str, Option<&str>)]| Record {
        value: value.map(|v| v.as_bytes().to_vec()),
        headers: headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.map(|v| v.as_bytes().to_vec())))
            .collect(),
        ..Record::default()
    };
    kafka.write(
        &topic,
        &[
            with(Some("a"), &[("trace", Some("1")), ("other", Some("x"))]),
            with(None, &[("trace", Some("2"))]),
            with(Some("b"), &[("trace", None)]),
            with(Some("c"), &[]),
        ],
        &[],
    );
    let mut options = from_start(kafka, &topic, json!({}));
    options["kafka_headers_fields"] = json!(["trace"]);
    assert_eq!(
        read_all(&options).await.unwrap(),
        [
            "+I {\"content\":\"a\",\"trace\":\"1\"}",
            "+I {\"content\":\"b\",\"trace\":null}",
            "+I {\"content\":\"c\",\"trace\":null}",
        ]
    );
}
