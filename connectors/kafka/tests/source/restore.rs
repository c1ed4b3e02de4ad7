//! Going on from a checkpoint.

use seatunnel_api::JobMode;
use seatunnel_kafka_testkit::Kafka;
use serde_json::json;

use crate::drive::{Reading, error_of, options};

#[tokio::test]
async fn each_message_is_read_once_over_kills_and_restarts() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("once", 3);
    let options = options(
        kafka,
        json!({
            "topic": topic, "start_mode": "earliest", "kafka.config": { "max.poll.records": 7 },
        }),
    );
    let mut written = Vec::new();
    let mut read = Vec::new();
    let mut checkpoint = None;
    for round in 0..5 {
        for partition in 0..3 {
            let values: Vec<String> = (0..100)
                .map(|n| format!("{round}/{partition}/{n}"))
                .collect();
            kafka.produce(&topic, partition, &values);
            written.extend(values);
        }
        let mut reading = Reading::begin(&options, JobMode::Streaming, checkpoint.take())
            .await
            .unwrap();
        // Somewhere on the way: rows behind the last position are read again.
        reading.rows(150).await;
        let (rows, state) = {
            // Both at once, as a barrier between two batches sees them.
            let taken = reading.checkpoint();
            let seen = reading.seen.lock().unwrap();
            (seen.rows.clone(), taken)
        };
        reading.kill().await;
        let positions: i64 = state.positions.values().map(|bytes| position(bytes)).sum();
        // Rows of a batch and the positions behind them come one after the other: what is behind the
        // positions of this checkpoint is forgotten with the kill.
        read.extend(rows.into_iter().take(positions as usize - read.len()));
        checkpoint = Some(state);
    }
    let mut last = Reading::begin(&options, JobMode::Streaming, checkpoint)
        .await
        .unwrap();
    read.extend(last.rows(written.len() - read.len()).await);
    last.kill().await;
    let mut read: Vec<String> = read
        .iter()
        .map(|row| {
            row.trim_start_matches("+I {\"content\":\"")
                .trim_end_matches("\"}")
                .to_owned()
        })
        .collect();
    read.sort();
    written.sort();
    assert_eq!(read, written);
}

fn position(bytes: &[u8]) -> i64 {
    let split: seatunnel_connector_kafka::KafkaSplit =
        seatunnel_api::state::decode(seatunnel_api::StateKind::Split, bytes).unwrap();
    split.next
}

#[tokio::test]
async fn messages_deleted_before_they_were_read_are_an_error_and_not_passed_over() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("gone", 1);
    kafka.produce(&topic, 0, &["a", "b", "c", "d"]);
    let mut options = options(kafka, json!({ "topic": topic, "start_mode": "earliest" }));
    let reading = Reading::begin(&options, JobMode::Streaming, None)
        .await
        .unwrap();
    // Before anything is read: the split as it was found.
    let mut checkpoint = reading.checkpoint();
    reading.kill().await;
    checkpoint.positions = first_positions(&topic);
    kafka.delete_before(&topic, 0, 3);

    let mut reading = Reading::begin(&options, JobMode::Streaming, Some(checkpoint.clone()))
        .await
        .unwrap();
    let error = error_of(reading.end()).await;
    let report = error.report();
    for says in ["KAFKA-12", &topic, "auto.offset.reset", "offset: 0"] {
        assert!(report.contains(says), "{says}: {report}");
    }

    options["kafka.config"] = json!({ "auto.offset.reset": "earliest" });
    let mut reading = Reading::begin(&options, JobMode::Streaming, Some(checkpoint))
        .await
        .unwrap();
    assert_eq!(reading.rows(1).await, ["+I {\"content\":\"d\"}"]);
    reading.kill().await;
}

fn first_positions(topic: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let split = seatunnel_connector_kafka::KafkaSplit {
        topic: topic.to_owned(),
        partition: 0,
        next: 0,
        stop: None,
        of: 1,
    };
    let bytes = seatunnel_api::state::encode(seatunnel_api::StateKind::Split, &split).unwrap();
    [(format!("{topic}-0"), bytes)].into()
}

#[tokio::test]
async fn a_topic_that_the_job_file_no_longer_has_is_named() {
    let kafka = Kafka::shared();
    let (old, new) = (kafka.topic("old", 1), kafka.topic("new", 1));
    kafka.produce(&old, 0, &["a"]);
    let before = options(kafka, json!({ "topic": old, "start_mode": "earliest" }));
    let reading = Reading::begin(&before, JobMode::Streaming, None)
        .await
        .unwrap();
    let checkpoint = reading.checkpoint();
    reading.kill().await;
    let after = options(kafka, json!({ "topic": new, "start_mode": "earliest" }));
    let mut reading = Reading::begin(&after, JobMode::Streaming, Some(checkpoint))
        .await
        .unwrap();
    let error = error_of(reading.end()).await;
    assert!(error.report().contains(&old), "{error:?}");
}
