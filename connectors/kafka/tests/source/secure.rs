//! Logins and TLS.

use std::sync::OnceLock;

use seatunnel_api::JobMode;
use seatunnel_kafka_testkit::{Kafka, PASSWORD, USER};
use serde_json::{Value as Json, json};

use crate::drive::{error_of, read_all, source};

fn secured() -> &'static (Kafka, String) {
    static SECURED: OnceLock<(Kafka, String)> = OnceLock::new();
    SECURED.get_or_init(|| {
        let kafka = Kafka::secured();
        let topic = kafka.topic("secret", 1);
        kafka.produce(&topic, 0, &["hello"]);
        (kafka, topic)
    })
}

fn reached_by(protocol: &str, more: Json) -> Json {
    let (kafka, topic) = secured();
    let mut config = json!({ "security.protocol": protocol, "default.api.timeout.ms": 20_000 });
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    json!({
        "bootstrap.servers": kafka.servers_of(protocol),
        "topic": topic,
        "start_mode": "earliest",
        "kafka.config": config,
    })
}

fn login(mechanism: &str, password: &str) -> Json {
    let module = if mechanism == "PLAIN" {
        "plain.PlainLoginModule"
    } else {
        "scram.ScramLoginModule"
    };
    json!({
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": format!("org.apache.kafka.common.security.{module} required username=\"{USER}\" password=\"{password}\";"),
    })
}

#[tokio::test]
async fn whoever_knows_the_password_and_the_authority_reads() {
    let ca = secured().0.certificates().ca.display().to_string();
    let trust = json!({ "ssl.truststore.type": "PEM", "ssl.truststore.location": ca });
    let mut both = login("SCRAM-SHA-512", PASSWORD);
    both["ssl.truststore.location"] = json!(ca);
    both["ssl.truststore.type"] = json!("PEM");
    for (protocol, more) in [
        ("SSL", trust),
        ("SASL_PLAINTEXT", login("PLAIN", PASSWORD)),
        ("SASL_PLAINTEXT", login("SCRAM-SHA-256", PASSWORD)),
        ("SASL_SSL", both),
    ] {
        let rows = read_all(&reached_by(protocol, more)).await;
        assert_eq!(rows.unwrap(), ["+I {\"content\":\"hello\"}"], "{protocol}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_at_once_and_never_shown() {
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        let options = reached_by("SASL_PLAINTEXT", login(mechanism, "wr0ng-passw0rd"));
        let error = error_of(read_all(&options)).await;
        let report = error.report();
        assert!(report.contains("KAFKA-04"), "{report}");
        assert!(!report.contains("wr0ng-passw0rd"), "{report}");
        assert!(!error.is_retryable(), "{report}");
    }
}

#[tokio::test]
async fn a_broker_of_another_authority_is_not_trusted() {
    let wrong = secured().0.certificates().wrong_ca.display().to_string();
    let trust = json!({ "ssl.truststore.type": "PEM", "ssl.truststore.location": wrong });
    let error = error_of(read_all(&reached_by("SSL", trust))).await;
    assert!(error.report().contains("KAFKA-05"), "{error:?}");
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_named_when_time_is_up() {
    let options = json!({
        "bootstrap.servers": "127.0.0.1:1",
        "topic": "any",
        "kafka.config": { "default.api.timeout.ms": 1000 },
    });
    let error = error_of(read_all(&options)).await;
    let report = error.report();
    assert!(
        report.contains("KAFKA-03") && report.contains("127.0.0.1:1"),
        "{report}"
    );
    assert!(error.is_retryable(), "{report}");
    // The check that runs no job finds it too.
    let made = source(&options, JobMode::Batch).await.unwrap();
    assert!(made.check().await.is_err());
}
