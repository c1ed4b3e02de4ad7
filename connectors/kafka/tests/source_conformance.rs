//! The source against the conformance kit, with messages in JSON on a broker.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use seatunnel_api::{DataType, Registry, Value};
use seatunnel_conformance::{
    Bad, Data, Fixture, FixtureResult, Holds, SourceFixture, Stored, async_trait, source_tests,
};
use seatunnel_kafka_testkit::{Kafka, Record};
use serde_json::{Value as Json, json};

source_tests!(json_source, Topics);

/// Partitions of each topic.
const PARTITIONS: i32 = 3;

/// Bytes of a message at most.
const LARGEST: &str = "99000000";

/// A topic for each table.
struct Topics;

fn block(topic: &str, schema: Json) -> Json {
    json!({
        "bootstrap.servers": Kafka::shared().servers(),
        "topic": topic,
        "start_mode": "earliest",
        "schema": schema,
    })
}

impl Fixture for Topics {
    fn plugin(&self) -> (Registry, &'static str) {
        (
            seatunnel_connector_kafka::register(Registry::new()),
            "Kafka",
        )
    }

    fn holds(&self, _data_type: &DataType, _value: &Value) -> Holds {
        Holds::Yes
    }
}

#[async_trait]
impl SourceFixture for Topics {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        let kafka = Kafka::shared();
        kafka.create(data.name(), PARTITIONS, &[("max.message.bytes", LARGEST)]);
        for batch in data.batches(10_000) {
            let messages: Vec<Record> = batch
                .rows()
                .enumerate()
                .map(|(at, row)| Record::of(at as i32 % PARTITIONS, row.to_json().to_string()))
                .collect();
            kafka.write(data.name(), &messages, &[("message.max.bytes", LARGEST)]);
        }
        Ok(Stored::new(block(data.name(), data.schema_block())))
    }

    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        let schema = json!({ "fields": { "id": "bigint", "amount": "decimal(6, 2)" } });
        let kafka = Kafka::shared();
        let malformed = kafka.topic("malformed", 1);
        kafka.produce(
            &malformed,
            0,
            &[
                "{\"id\":1,\"amount\":1.5}",
                "{\"id\":2,\"amount\":\"a lot\"}",
            ],
        );
        let mut nobody = block(&malformed, schema.clone());
        nobody["bootstrap.servers"] = json!("127.0.0.1:1");
        nobody["kafka.config"] = json!({ "default.api.timeout.ms": 500 });
        Ok(vec![
            Bad::new("a missing topic", block("nowhere", schema.clone())).mentions("nowhere"),
            Bad::new("a malformed value", block(&malformed, schema))
                .mentions(&malformed)
                .mentions("offset: 1")
                .mentions("a lot"),
            Bad::new("no broker", nobody),
        ])
    }
}
