//! Transactions of the sink on a real broker: what consumers see that read only what is committed.

use seatunnel_kafka_testkit::Kafka;
use serde_json::json;

use crate::support::{self, committed_ids, exactly_once, people, rows, sink, unique, with, writer};

fn servers() -> String {
    Kafka::shared().servers()
}

/// A topic of three partitions, the id of a job that writes to it, and the sink's block.
async fn target() -> (String, String, serde_json::Value) {
    let topic = Kafka::shared().topic("rows", 3);
    let config = exactly_once(&servers(), &topic);
    (unique("job"), topic, config)
}

fn all(range: std::ops::Range<i64>) -> Vec<i64> {
    range.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_seen_from_the_commit_on_and_not_before() {
    let (id, topic, config) = target().await;
    let sink = sink(&id, &people(), &config).await.unwrap();
    sink.prepare().await.unwrap();
    let mut writer = writer(&sink, &id, 0).await;
    assert!(
        writer.prepare_commit(1).await.unwrap().is_empty(),
        "no rows, nothing to commit"
    );
    writer.write(rows(0..500)).await.unwrap();
    writer.write(rows(500..1000)).await.unwrap();
    let second = writer.prepare_commit(2).await.unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!(committed_ids(&servers(), &topic), all(0..0));

    // The next checkpoint's rows are written while the last one's wait.
    writer.write(rows(1000..1500)).await.unwrap();
    sink.commit(second.clone()).await.unwrap();
    assert_eq!(committed_ids(&servers(), &topic), all(0..1000));
    let third = writer.prepare_commit(3).await.unwrap();
    sink.commit(second).await.unwrap();
    assert_eq!(
        committed_ids(&servers(), &topic),
        all(0..1000),
        "an old commit commits nothing new"
    );
    sink.commit(third).await.unwrap();
    writer.close().await.unwrap();
    sink.finish().await.unwrap();
    assert_eq!(committed_ids(&servers(), &topic), all(0..1500));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_commits_what_a_killed_one_has_prepared_and_may_do_so_twice() {
    let (id, topic, config) = target().await;
    let prepared = {
        let sink = sink(&id, &people(), &config).await.unwrap();
        let mut writer = writer(&sink, &id, 0).await;
        let mut other = support::writer(&sink, &id, 1).await;
        writer.write(rows(0..100)).await.unwrap();
        other.write(rows(100..200)).await.unwrap();
        let mut prepared = writer.prepare_commit(1).await.unwrap();
        prepared.extend(other.prepare_commit(1).await.unwrap());
        // Rows that no checkpoint knows of.
        writer.write(rows(9000..9100)).await.unwrap();
        prepared
    };
    assert_eq!(prepared.len(), 2);
    for _ in 0..2 {
        let sink = sink(&id, &people(), &config).await.unwrap();
        sink.commit(prepared.clone()).await.unwrap();
        sink.discard_leftovers(&support::job(&id)).await.unwrap();
        assert_eq!(committed_ids(&servers(), &topic), all(0..200));
    }
    // After leftovers were discarded and others have written under the same ids, too.
    let third = sink(&id, &people(), &config).await.unwrap();
    for subtask in 0..2 {
        let mut writer = writer(&third, &id, subtask).await;
        writer.write(rows(200..300)).await.unwrap();
        writer.abort().await.unwrap();
    }
    third.commit(prepared).await.unwrap();
    assert_eq!(committed_ids(&servers(), &topic), all(0..200));
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_of_the_job_are_aborted_and_those_of_others_are_not() {
    let (id, topic, config) = target().await;
    let other_id = unique("other");
    let other = sink(&other_id, &people(), &config).await.unwrap();
    let mut other_writer = writer(&other, &other_id, 0).await;
    other_writer.write(rows(5000..5010)).await.unwrap();
    let others = other_writer.prepare_commit(1).await.unwrap();
    {
        let sink = sink(&id, &people(), &config).await.unwrap();
        for subtask in 0..3 {
            let mut writer = writer(&sink, &id, subtask).await;
            writer.write(rows(0..10)).await.unwrap();
            // Prepared, and the checkpoint was never durable.
            writer.prepare_commit(1).await.unwrap();
            writer.write(rows(10..20)).await.unwrap();
        }
    }
    let sink = sink(&id, &people(), &config).await.unwrap();
    sink.discard_leftovers(&support::job(&id)).await.unwrap();
    let mut writer = writer(&sink, &id, 0).await;
    writer.write(rows(20..30)).await.unwrap();
    let prepared = writer.prepare_commit(1).await.unwrap();
    sink.commit(prepared).await.unwrap();
    other.commit(others).await.unwrap();
    let expected: Vec<i64> = (20..30).chain(5000..5010).collect();
    assert_eq!(committed_ids(&servers(), &topic), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_can_write_and_prepare_no_more() {
    let (id, topic, config) = target().await;
    let old = sink(&id, &people(), &config).await.unwrap();
    let mut zombie = writer(&old, &id, 0).await;
    zombie.write(rows(0..10)).await.unwrap();
    let prepared = zombie.prepare_commit(1).await.unwrap();
    zombie.write(rows(10..20)).await.unwrap();

    let new = sink(&id, &people(), &config).await.unwrap();
    new.commit(prepared).await.unwrap();
    new.discard_leftovers(&support::job(&id)).await.unwrap();
    // What it has queued, or is about to, is refused.
    let refused = match zombie.write(rows(20..30)).await {
        Ok(()) => zombie.prepare_commit(2).await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(refused.code().id, "KAFKA-24", "{refused:?}");
    assert!(!refused.is_retryable(), "{refused:?}");
    assert_eq!(committed_ids(&servers(), &topic), all(0..10));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_aborted_is_never_seen() {
    let (id, topic, config) = target().await;
    let sink = sink(&id, &people(), &config).await.unwrap();
    let mut writer = writer(&sink, &id, 0).await;
    writer.write(rows(0..10)).await.unwrap();
    let first = writer.prepare_commit(1).await.unwrap();
    writer.write(rows(10..20)).await.unwrap();
    writer.abort().await.unwrap();
    sink.abort(first.clone()).await.unwrap();
    // A second time, as another process would.
    sink.abort(first.clone()).await.unwrap();
    assert_eq!(committed_ids(&servers(), &topic), all(0..0));
    let lost = sink.commit(first).await.unwrap_err();
    assert_eq!(lost.code().id, "KAFKA-23", "{lost:?}");
    assert!(lost.message().contains("10 rows of checkpoint 1"), "{lost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_checkpoints_take_few_transactional_ids() {
    let (id, topic, config) = target().await;
    let sink = sink(&id, &people(), &config).await.unwrap();
    let mut writer = writer(&sink, &id, 0).await;
    let mut ids = std::collections::BTreeSet::new();
    for checkpoint in 1..=20 {
        let from = i64::try_from(checkpoint).unwrap() * 10;
        writer.write(rows(from..from + 10)).await.unwrap();
        let prepared = writer.prepare_commit(checkpoint).await.unwrap();
        ids.insert(transactional_id(&prepared));
        sink.commit(prepared).await.unwrap();
    }
    assert!(ids.len() <= 3, "{ids:?}");
    assert!(
        ids.iter()
            .all(|t| t.starts_with(&format!("seatunnel-{id}-"))),
        "{ids:?}"
    );
    assert_eq!(committed_ids(&servers(), &topic), all(10..210));
}

fn transactional_id(prepared: &[Vec<u8>]) -> String {
    let text = String::from_utf8_lossy(&prepared[0]).into_owned();
    let (_, rest) = text.split_once("\"transactional_id\":\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_whose_commits_are_done_by_another_process_takes_few_transactional_ids() {
    let (id, topic, config) = target().await;
    let tasks = sink(&id, &people(), &config).await.unwrap();
    let coordinator = sink(&id, &people(), &config).await.unwrap();
    let mut ids = std::collections::BTreeSet::new();
    // One writer for all checkpoints, or each time another one that ends with its checkpoint.
    for lasts in [true, false] {
        let mut lasting = writer(&tasks, &id, 0).await;
        for checkpoint in 1..=12 {
            let from = i64::try_from(checkpoint).unwrap() * 10 + if lasts { 0 } else { 1000 };
            let checkpoint = checkpoint + if lasts { 0 } else { 100 };
            let mut single = writer(&tasks, &id, usize::try_from(checkpoint).unwrap()).await;
            let own = if lasts { &mut lasting } else { &mut single };
            own.write(rows(from..from + 10)).await.unwrap();
            let prepared = own.prepare_commit(checkpoint).await.unwrap();
            ids.insert(transactional_id(&prepared));
            single.close().await.unwrap();
            coordinator.commit(prepared).await.unwrap();
        }
        lasting.close().await.unwrap();
    }
    assert!(ids.len() <= 5, "{ids:?}");
    let expected: Vec<i64> = (10..130).chain(1010..1130).collect();
    assert_eq!(committed_ids(&servers(), &topic), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_commit_is_known_for_done_after_its_id_was_used_again() {
    let (id, topic, config) = target().await;
    let tasks = sink(&id, &people(), &config).await.unwrap();
    let coordinator = sink(&id, &people(), &config).await.unwrap();
    let mut writer = writer(&tasks, &id, 0).await;
    let mut all_prepared = Vec::new();
    for checkpoint in 1..=8 {
        let from = i64::try_from(checkpoint).unwrap() * 10;
        writer.write(rows(from..from + 10)).await.unwrap();
        let prepared = writer.prepare_commit(checkpoint).await.unwrap();
        coordinator.commit(prepared.clone()).await.unwrap();
        all_prepared.extend(prepared);
    }
    // Another transaction under one of the ids, which is aborted.
    writer.write(rows(500..510)).await.unwrap();
    writer.abort().await.unwrap();
    coordinator.commit(all_prepared).await.unwrap();
    assert_eq!(committed_ids(&servers(), &topic), all(10..90));
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_that_failed_are_committed_with_the_next() {
    let (id, topic, config) = target().await;
    let sink = sink(&id, &people(), &config).await.unwrap();
    let mut writer = writer(&sink, &id, 0).await;
    let mut prepared = Vec::new();
    for checkpoint in 1..=4 {
        let from = i64::try_from(checkpoint).unwrap() * 10;
        writer.write(rows(from..from + 10)).await.unwrap();
        prepared.extend(writer.prepare_commit(checkpoint).await.unwrap());
    }
    sink.commit(prepared).await.unwrap();
    assert_eq!(committed_ids(&servers(), &topic), all(10..50));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_above_that_of_the_brokers_is_named() {
    let (id, _, config) = target().await;
    let config = with(
        config,
        json!({ "kafka.config": { "transaction.timeout.ms": "90000000" } }),
    );
    let sink = sink(&id, &people(), &config).await.unwrap();
    let mut writer = writer(&sink, &id, 0).await;
    let error = writer.write(rows(0..1)).await.unwrap_err();
    assert!(
        error.help().unwrap().contains("transaction.max.timeout.ms"),
        "{error:?}"
    );
}
