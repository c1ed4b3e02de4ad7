//! What the tests of the connector rely on.

use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use seatunnel_kafka_testkit::{Kafka, PASSWORD, Record, USER};

#[test]
fn a_killed_broker_keeps_what_it_has_taken() {
    let kafka = Kafka::start();
    let topic = kafka.topic("kept", 2);
    kafka.produce(&topic, 1, &["a", "b"]);
    kafka.commit("group", &topic, 1, 1);
    let open = kafka.transaction("id");
    open.write(&topic, &[Record::of(0, "c")]);
    kafka.kill();
    kafka.restart();
    kafka.produce(&topic, 0, &["d"]);
    assert_eq!(kafka.values(&topic), ["c", "d", "a", "b"]);
    assert_eq!(kafka.committed("group", &topic, 1), Some(1));
    // What lies behind an open transaction is not to be seen.
    let committed = kafka.read_committed(&topic);
    assert_eq!(
        committed.iter().map(Record::text).collect::<Vec<_>>(),
        ["a", "b"]
    );
    open.commit();
    assert_eq!(kafka.read_committed(&topic).len(), 4);
}

#[test]
fn a_secured_broker_lets_in_who_may_and_nobody_else() {
    let kafka = Kafka::secured();
    let ca = kafka.certificates().ca.display().to_string();
    for (protocol, mechanism, password, let_in) in [
        ("SSL", "", "", true),
        ("SASL_PLAINTEXT", "PLAIN", PASSWORD, true),
        ("SASL_PLAINTEXT", "SCRAM-SHA-256", PASSWORD, true),
        ("SASL_SSL", "SCRAM-SHA-512", PASSWORD, true),
        ("SASL_SSL", "SCRAM-SHA-512", "wrong", false),
        ("SASL_PLAINTEXT", "PLAIN", "wrong", false),
    ] {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", kafka.servers_of(protocol));
        config.set("security.protocol", protocol);
        config.set("ssl.ca.location", &ca);
        config.set("log_level", "0");
        if !mechanism.is_empty() {
            config.set("sasl.mechanism", mechanism);
            config.set("sasl.username", USER);
            config.set("sasl.password", password);
        }
        let client: BaseConsumer = config.create().unwrap();
        let limit = std::time::Duration::from_secs(if let_in { 30 } else { 2 });
        let start = Instant::now();
        let known = client.fetch_metadata(None, limit);
        assert_eq!(
            known.is_ok(),
            let_in,
            "{protocol} {mechanism} {:?}",
            start.elapsed()
        );
    }
}
