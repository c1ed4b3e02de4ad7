//! Brokers that are killed, frozen, slow to forget, or that don't let everybody in.

use seatunnel_kafka_testkit::{Kafka, PASSWORD, USER};
use serde_json::json;

use crate::support::{
    self, committed_ids, exactly_once, people, rows, sink, task, unique, with, writer,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_between_prepare_and_commit_still_commits() {
    let kafka = Kafka::start();
    let topic = kafka.topic("rows", 3);
    let config = exactly_once(&kafka.servers(), &topic);
    let id = unique("job");
    let first = sink(&id, &people(), &config).await.unwrap();
    let mut writer = writer(&first, &id, 0).await;
    writer.write(rows(0..100)).await.unwrap();
    let one = writer.prepare_commit(1).await.unwrap();
    writer.write(rows(100..200)).await.unwrap();
    let two = writer.prepare_commit(2).await.unwrap();
    kafka.kill();
    kafka.restart();
    // The producer that wrote, and a process that only knows of it.
    first.commit(one).await.unwrap();
    drop(writer);
    let second = sink(&id, &people(), &config).await.unwrap();
    second.commit(two.clone()).await.unwrap();
    kafka.kill();
    kafka.restart();
    second.commit(two).await.unwrap();
    second.discard_leftovers(&support::job(&id)).await.unwrap();
    assert_eq!(
        committed_ids(&kafka.servers(), &topic),
        (0..200).collect::<Vec<i64>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_timed_out_is_an_error_and_never_silently_lost() {
    let kafka = Kafka::with(&[(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        "200",
    )]);
    let topic = kafka.topic("rows", 1);
    let config = with(
        exactly_once(&kafka.servers(), &topic),
        json!({ "kafka.config": { "transaction.timeout.ms": "5000" } }),
    );
    let id = unique("job");
    let sink = sink(&id, &people(), &config).await.unwrap();
    let mut first = writer(&sink, &id, 0).await;
    first.write(rows(0..10)).await.unwrap();
    let prepared = first.prepare_commit(1).await.unwrap();
    let mut second = writer(&sink, &id, 1).await;
    second.write(rows(10..20)).await.unwrap();
    // Rows that a writer of the same partition has committed are seen only behind those that wait.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let late = loop {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(
            std::time::Instant::now() < deadline,
            "the broker keeps it open"
        );
        // The rows of this one can still be read again: the attempt fails, and the next one writes them.
        match second.prepare_commit(1).await {
            Err(error) => break error,
            Ok(waiting) => sink.abort(waiting).await.unwrap(),
        }
        second.write(rows(10..20)).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(6000)).await;
    };
    assert!(late.is_retryable(), "{late:?}");
    assert!(
        late.help().unwrap().contains("transaction.timeout.ms"),
        "{late:?}"
    );
    let lost = sink.commit(prepared).await.unwrap_err();
    assert_eq!(lost.code().id, "KAFKA-23", "{lost:?}");
    assert!(!lost.is_retryable(), "{lost:?}");
    assert!(
        lost.help().unwrap().contains("transaction.max.timeout.ms"),
        "{lost:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_don_t_answer_are_an_error_that_may_pass() {
    let kafka = Kafka::start();
    let topic = kafka.topic("rows", 1);
    let config = json!({
        "bootstrap.servers": kafka.servers(), "topic": topic, "semantics": "AT_LEAST_ONCE",
        "kafka.config": { "delivery.timeout.ms": "8000", "request.timeout.ms": "4000" },
    });
    let id = unique("job");
    let sink = sink(&id, &people(), &config).await.unwrap();
    let mut writer = writer(&sink, &id, 0).await;
    writer.write(rows(0..10)).await.unwrap();
    writer.prepare_commit(1).await.unwrap();
    kafka.freeze();
    let error = match writer.write(rows(10..20)).await {
        Ok(()) => writer.prepare_commit(2).await.unwrap_err(),
        Err(error) => error,
    };
    kafka.thaw();
    assert!(error.is_retryable(), "{error:?}");
    assert!(error.report().contains(&topic), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_go_through_encrypted_connections_with_a_login() {
    let kafka = Kafka::secured();
    let topic = kafka.topic("rows", 1);
    let ca = kafka.certificates().ca.display().to_string();
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let id = unique("job");
        let block = |password: &str| {
            with(
                exactly_once(&kafka.servers_of("SASL_SSL"), &topic),
                json!({ "kafka.config": {
                    "security.protocol": "SASL_SSL", "sasl.mechanism": mechanism, "ssl.ca.location": ca,
                    "sasl.username": USER, "sasl.password": password,
                } }),
            )
        };
        let before = committed_ids(&kafka.servers(), &topic).len();
        let first = sink(&id, &people(), &block(PASSWORD)).await.unwrap();
        first.check().await.unwrap();
        let mut writer = first.writer(task(&id, 0)).await.unwrap();
        writer.write(rows(0..10)).await.unwrap();
        let prepared = writer.prepare_commit(1).await.unwrap();
        let second = sink(&id, &people(), &block(PASSWORD)).await.unwrap();
        second.commit(prepared).await.unwrap();
        assert_eq!(
            committed_ids(&kafka.servers(), &topic).len(),
            before + 10,
            "{mechanism}"
        );

        let wrong = sink(&id, &people(), &block("wrong")).await.unwrap();
        let refused = wrong
            .discard_leftovers(&support::job(&id))
            .await
            .unwrap_err();
        assert_eq!(refused.code().id, "KAFKA-04", "{refused:?}");
        assert!(!refused.report().contains("wrong"), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_nobody_makes_is_named() {
    let kafka = Kafka::with(&[("auto.create.topics.enable", "false")]);
    let config = json!({ "bootstrap.servers": kafka.servers(), "topic": "nowhere" });
    let sink = sink("job", &people(), &config).await.unwrap();
    sink.check().await.unwrap();
    let error = sink.prepare().await.unwrap_err();
    assert_eq!(error.code().id, "KAFKA-07", "{error:?}");
    assert!(error.report().contains("nowhere"), "{error:?}");
}
