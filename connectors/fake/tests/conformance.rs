//! FakeSource against the conformance kit: rows that are given, and rows that it makes up.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use seatunnel_api::Registry;
use seatunnel_conformance::{
    Bad, Data, Fixture, FixtureResult, Limits, SourceCheck, SourceFixture, Stored, async_trait,
    source_tests,
};
use serde_json::{Value as Json, json};

source_tests!(given_rows, Given);
source_tests!(made_up_rows, MadeUp);

fn plugin() -> (Registry, &'static str) {
    (
        seatunnel_connector_fake::register(Registry::new()),
        "FakeSource",
    )
}

fn rows_of(data: &Data) -> Json {
    let rows = data.json_rows().into_iter();
    rows.map(|fields| json!({ "fields": fields })).collect()
}

struct Given;

impl Fixture for Given {
    fn plugin(&self) -> (Registry, &'static str) {
        plugin()
    }
}

#[async_trait]
impl SourceFixture for Given {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        Ok(Stored::per_reader(json!({
            "schema": data.schema_block(),
            "rows": rows_of(data),
        })))
    }

    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        let schema = json!({ "table": "shop.prices", "fields": { "price": "decimal(4, 2)" } });
        let rows = json!([{ "fields": ["1.25"] }, { "fields": ["100.00"] }]);
        let unknown = json!({ "table": "shop.prices", "fields": { "price": "decimale" } });
        Ok(vec![
            Bad::new(
                "a value too large for its type",
                json!({ "schema": schema, "rows": rows }),
            )
            .mentions("price")
            .mentions("100.00")
            .mentions("row: 2"),
            Bad::new("an unknown type", json!({ "schema": unknown })).mentions("decimale"),
            Bad::new(
                "a table without columns",
                json!({ "schema": { "table": "shop.prices" } }),
            )
            .mentions("shop.prices"),
        ])
    }
}

struct MadeUp;

/// Rows for each reader; few enough for a debug build.
const ROWS: usize = 20_000;

impl Fixture for MadeUp {
    fn plugin(&self) -> (Registry, &'static str) {
        plugin()
    }

    fn limits(&self) -> Limits {
        Limits::default().leave_out(SourceCheck::Errors, "the same as with given rows")
    }
}

#[async_trait]
impl SourceFixture for MadeUp {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        // As many as the check has rows, or many short of them.
        let rows = data.rows().len().clamp(1, ROWS);
        let config = json!({
            "schema": data.schema_block(),
            "row.num": rows,
            "split.num": 3,
            "split.read-interval": 0,
        });
        Ok(Stored::made_up(config, rows))
    }
}
