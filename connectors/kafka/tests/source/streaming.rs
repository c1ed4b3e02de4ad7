//! Streaming jobs: partitions that come up, brokers and topics that go.

use seatunnel_api::JobMode;
use seatunnel_kafka_testkit::Kafka;
use serde_json::json;

use crate::drive::{Reading, error_of, options, wait_for};

#[tokio::test]
async fn partitions_and_topics_that_come_up_are_read_from_their_first_message() {
    let kafka = Kafka::shared();
    let first = kafka.topic("found", 1);
    kafka.produce(&first, 0, &["old"]);
    let pattern = format!("{first}(-more)?");
    let options = options(
        kafka,
        json!({
            "topic": pattern, "pattern": true, "start_mode": "latest", "partition-discovery.interval-millis": 100,
        }),
    );
    let mut reading = Reading::begin(&options, JobMode::Streaming, None)
        .await
        .unwrap();
    kafka.grow(&first, 3);
    kafka.produce(&first, 2, &["in a new partition"]);
    kafka.create(&format!("{first}-more"), 1, &[]);
    kafka.produce(&format!("{first}-more"), 0, &["in a new topic"]);
    reading.discover().await.unwrap();
    let mut rows = reading.rows(2).await;
    rows.sort();
    assert_eq!(
        rows,
        [
            "+I {\"content\":\"in a new partition\"}",
            "+I {\"content\":\"in a new topic\"}",
        ]
    );
    // What is known is not found again.
    reading.discover().await.unwrap();
    assert_eq!(reading.checkpoint().positions.len(), 4);
    reading.kill().await;
}

#[tokio::test]
async fn a_killed_broker_that_comes_back_is_read_on() {
    let kafka = Kafka::start();
    let topic = kafka.topic("outage", 2);
    kafka.produce(&topic, 0, &["before"]);
    let options = options(&kafka, json!({ "topic": topic, "start_mode": "earliest" }));
    let mut reading = Reading::begin(&options, JobMode::Streaming, None)
        .await
        .unwrap();
    reading.rows(1).await;
    kafka.kill();
    kafka.restart();
    kafka.produce(&topic, 0, &["after"]);
    kafka.produce(&topic, 1, &["elsewhere"]);
    let mut rows = reading.rows(3).await;
    rows.sort();
    assert_eq!(
        rows,
        [
            "+I {\"content\":\"after\"}",
            "+I {\"content\":\"before\"}",
            "+I {\"content\":\"elsewhere\"}",
        ]
    );
    reading.kill().await;
}

#[tokio::test]
async fn a_deleted_topic_is_an_error_that_names_it() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("deleted", 1);
    kafka.produce(&topic, 0, &["only"]);
    let options = options(
        kafka,
        json!({
            "topic": topic,
            "start_mode": "earliest",
            "kafka.config": { "topic.metadata.refresh.interval.ms": 200, "topic.metadata.propagation.max.ms": 500 },
        }),
    );
    let mut reading = Reading::begin(&options, JobMode::Streaming, None)
        .await
        .unwrap();
    reading.rows(1).await;
    kafka.delete(&topic);
    let error = error_of(reading.end()).await;
    assert!(error.report().contains(&topic), "{error:?}");
    assert!(!error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn offsets_of_the_group_follow_durable_checkpoints() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("group", 2);
    kafka.produce(&topic, 0, &["a", "b"]);
    kafka.produce(&topic, 1, &["c"]);
    let group = kafka.name("group");
    let options = options(
        kafka,
        json!({
            "topic": topic, "consumer.group": group, "start_mode": "earliest",
        }),
    );
    let mut reading = Reading::begin(&options, JobMode::Streaming, None)
        .await
        .unwrap();
    reading.rows(3).await;
    wait_for("positions", || reading.checkpoint().positions.len() == 2).await;
    let checkpoint = reading.checkpoint();
    kafka.produce(&topic, 1, &["d"]);
    reading.rows(4).await;
    assert_eq!(kafka.committed(&group, &topic, 0), None);
    let positions: Vec<Vec<u8>> = checkpoint.positions.into_values().collect();
    reading
        .enumerator
        .checkpoint_durable(&positions)
        .await
        .unwrap();
    // What has come since the checkpoint is not part of it.
    assert_eq!(kafka.committed(&group, &topic, 0), Some(2));
    assert_eq!(kafka.committed(&group, &topic, 1), Some(1));
    reading.kill().await;
}

#[tokio::test]
async fn offsets_of_partitions_at_their_end_are_committed_with_the_checkpoint_that_has_their_rows()
{
    let kafka = Kafka::shared();
    let topic = kafka.topic("group-end", 1);
    kafka.produce(&topic, 0, &["a", "b"]);
    let group = kafka.name("group-end");
    let options = options(
        kafka,
        json!({
            "topic": topic, "consumer.group": group, "start_mode": "earliest",
        }),
    );
    let mut reading = Reading::begin(&options, JobMode::Batch, None)
        .await
        .unwrap();
    reading.end().await.unwrap();
    let earlier = reading.enumerator.snapshot().unwrap();
    assert!(!earlier.is_empty());
    let last = reading.seen.lock().unwrap().positions[&format!("{topic}-0")].clone();
    reading.enumerator.split_finished(&last).await.unwrap();
    // The checkpoint that becomes durable now was made before the end.
    reading.enumerator.checkpoint_durable(&[]).await.unwrap();
    assert_eq!(kafka.committed(&group, &topic, 0), None);
    reading.enumerator.snapshot().unwrap();
    reading.enumerator.checkpoint_durable(&[]).await.unwrap();
    assert_eq!(kafka.committed(&group, &topic, 0), Some(2));
}

#[tokio::test]
async fn the_client_commits_by_itself_where_checkpoints_are_not_to() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("auto", 1);
    kafka.produce(&topic, 0, &["a", "b"]);
    let group = kafka.name("auto");
    let options = options(
        kafka,
        json!({
            "topic": topic, "consumer.group": group, "start_mode": "earliest", "commit_on_checkpoint": false,
            "kafka.config": { "auto.commit.interval.ms": 50 },
        }),
    );
    let mut reading = Reading::begin(&options, JobMode::Streaming, None)
        .await
        .unwrap();
    reading.rows(2).await;
    wait_for("a commit", || kafka.committed(&group, &topic, 0) == Some(2)).await;
    reading.kill().await;
}
