//! The sink against the conformance kit: messages in JSON on a broker, flushed and in transactions.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use seatunnel_api::{CatalogTable, DataType, Registry, Value};
use seatunnel_conformance::{
    Bad, Fixture, FixtureResult, Holds, Limits, SinkCheck, SinkFixture, async_trait, read_back,
    sink_tests,
};
use seatunnel_kafka_testkit::Kafka;
use serde_json::{Value as Json, json};

sink_tests!(flushed_sink, Topics("AT_LEAST_ONCE"));
sink_tests!(transactional_sink, Topics("EXACTLY_ONCE"));

/// Bytes of a message at most.
const LARGEST: &str = "99000000";

/// A topic for each table, and what is promised.
struct Topics(&'static str);

impl Topics {
    fn block(&self, topic: &str) -> Json {
        json!({
            "bootstrap.servers": Kafka::shared().servers(),
            "topic": topic,
            "semantics": self.0,
        })
    }
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

    fn limits(&self) -> Limits {
        Limits::default().leave_out(
            SinkCheck::RowKinds,
            "messages in JSON hold the rows as they come, those of deletes too",
        )
    }
}

#[async_trait]
impl SinkFixture for Topics {
    async fn target(&self, table: &Arc<CatalogTable>) -> FixtureResult<Json> {
        let topic = &table.path().table;
        let kafka = Kafka::shared();
        kafka.create(topic, 2, &[("max.message.bytes", LARGEST)]);
        Ok(self.block(topic))
    }

    async fn rows(
        &self,
        config: &Json,
        table: &Arc<CatalogTable>,
    ) -> FixtureResult<Vec<Vec<Value>>> {
        let columns: Vec<Json> = table
            .columns()
            .iter()
            .map(|c| json!({ "name": c.name, "type": c.data_type.to_string() }))
            .collect();
        let source = json!({
            "bootstrap.servers": config["bootstrap.servers"],
            "topic": config["topic"],
            "start_mode": "earliest",
            "schema": { "columns": columns },
            "kafka.config": { "isolation.level": "read_committed" },
        });
        read_back(&self.plugin().0, "Kafka", &source).await
    }

    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        let topic = Kafka::shared().topic("bad", 1);
        let mut column = self.block(&topic);
        column["partition_key_fields"] = json!(["nmae"]);
        let mut partition = self.block(&topic);
        partition["partition"] = json!(7);
        Ok(vec![
            Bad::new("a column that is not there", column).mentions("nmae"),
            Bad::new("a partition that is not there", partition).mentions(topic),
        ])
    }
}
