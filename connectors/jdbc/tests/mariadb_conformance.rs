//! MariaDB against the conformance kit.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod servers;

use std::sync::Arc;

use seatunnel_api::{CatalogTable, DataType, Registry, Value};
use seatunnel_conformance::{
    Bad, Connection, Data, Fixture, FixtureResult, Holds, Limits, SinkFixture, SourceFixture,
    Stored, async_trait, read_back, sink_tests, source_tests, write_by,
};
use seatunnel_jdbc_testkit::{Database, MariaDb};
use serde_json::{Value as Json, json};

use servers::{bad_targets, with};

source_tests!(
    source_by_key,
    Server::new().reading(json!({ "split.size": 100 }))
);
source_tests!(
    source_by_column,
    Server::new().reading(json!({ "partition_column": "part", "partition_num": 5 }))
);
sink_tests!(sink, Server::new());
sink_tests!(sink_exactly_once, Server::new().exactly_once());

const NAME: &str = "Jdbc";

/// A database and a user of its own on the server that the tests share.
struct Server {
    database: Database,
    /// Options of its source.
    reading: Json,
    exactly_once: bool,
}

impl Server {
    fn new() -> Self {
        let database = MariaDb::shared().database("conformance");
        // A user of its own, whose connections can be cut.
        let name = database.name();
        database.sql(&format!(
            "create user {name} identified by 'secret'; grant all on *.* to {name}"
        ));
        Self {
            database,
            reading: json!({}),
            exactly_once: false,
        }
    }

    fn reading(mut self, options: Json) -> Self {
        self.reading = options;
        self
    }

    fn exactly_once(mut self) -> Self {
        self.exactly_once = true;
        self
    }

    fn login(&self) -> Json {
        json!({
            "url": self.database.jdbc_url(),
            "user": self.database.name(),
            "password": "secret",
        })
    }

    fn with(&self, more: Json) -> Json {
        with(self.login(), &more)
    }

    fn sink(&self, table: &str) -> Json {
        self.with(json!({
            "generate_sink_sql": true,
            "database": self.database.name(),
            "table": table,
            "is_exactly_once": self.exactly_once,
        }))
    }
}

impl Fixture for Server {
    fn plugin(&self) -> (Registry, &'static str) {
        (seatunnel_connector_jdbc::register(Registry::new()), NAME)
    }

    fn holds(&self, data_type: &DataType, value: &Value) -> Holds {
        holds(data_type, value)
    }

    fn limits(&self) -> Limits {
        Limits::default().columns(200, "a row of InnoDB has 8,126 bytes within its page")
    }

    fn connection(&self) -> Option<&dyn Connection> {
        Some(self)
    }
}

fn holds(data_type: &DataType, value: &Value) -> Holds {
    match (data_type, value) {
        (data_type, _) if is_kept_as_json(data_type) => {
            Holds::No("MySQL has no such type; it is kept as JSON")
        }
        (DataType::Decimal { precision, .. }, _) if *precision > 65 => {
            Holds::No("decimals of MySQL have 65 digits at most; longer ones are kept as text")
        }
        (_, Value::TimestampTz(micros)) => Holds::As(
            Value::Timestamp(*micros),
            "MySQL's TIMESTAMP ends in 2038, so that moments are kept as DATETIME in UTC",
        ),
        (_, Value::Float(number)) if !number.is_finite() => Holds::No(NUMBERS),
        (_, Value::Double(number)) if !number.is_finite() => Holds::No(NUMBERS),
        (_, Value::Float(number)) if *number == 0.0 => Holds::As(Value::Float(0.0), ZERO),
        (_, Value::Double(number)) if *number == 0.0 => Holds::As(Value::Double(0.0), ZERO),
        _ => Holds::Yes,
    }
}

const ZERO: &str = "MariaDB stores zero without a sign";
const NUMBERS: &str = "MySQL has neither infinite numbers nor NaN";

fn is_kept_as_json(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Map(..) | DataType::Row(..) | DataType::Array(_) | DataType::FloatVector(_)
    )
}

#[async_trait]
impl Connection for Server {
    async fn kill(&self) -> FixtureResult<()> {
        let name = self.database.name();
        MariaDb::shared()
            .admin()
            .try_sql(&format!("alter user {name} account lock; kill user {name}"))?;
        Ok(())
    }

    async fn heal(&self) -> FixtureResult<()> {
        let name = self.database.name();
        MariaDb::shared()
            .admin()
            .try_sql(&format!("alter user {name} account unlock"))?;
        Ok(())
    }
}

#[async_trait]
impl SourceFixture for Server {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        let (registry, name) = self.plugin();
        write_by(&registry, name, &self.sink(data.name()), data).await?;
        self.database
            .sql(&format!("ANALYZE TABLE `{}`", data.name()));
        let mut more = self.reading.clone();
        more["table_path"] = json!(data.name());
        if data.split_by().is_none() && more.get("partition_column").is_some() {
            more = json!({ "table_path": data.name() });
        }
        Ok(Stored::new(self.with(more)))
    }

    fn announces(&self, data_type: &DataType) -> DataType {
        match data_type {
            // A datetime has no zone.
            DataType::TimestampTz => DataType::Timestamp,
            other => other.clone(),
        }
    }

    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        self.database.sql(
            "SET sql_mode = ''; CREATE TABLE days (id BIGINT PRIMARY KEY, day DATE); \
             INSERT INTO days VALUES (7, '0000-00-00'); \
             CREATE TABLE times (id BIGINT PRIMARY KEY, at TIME); INSERT INTO times VALUES (3, '-01:00:00')",
        );
        let table = |name: &str| self.with(json!({ "table_path": name }));
        let mut password = table("days");
        password["password"] = json!("another");
        Ok(vec![
            Bad::new("a missing table", table("dayz"))
                .mentions("dayz")
                .mentions("days"),
            Bad::new("a wrong password", password).mentions(self.database.name()),
            Bad::new("a day of zeros", table("days"))
                .mentions("days")
                .mentions("day")
                .mentions("id=7"),
            Bad::new("a negative time", table("times"))
                .mentions("times")
                .mentions("at")
                .mentions("id=3"),
            Bad::new(
                "a wrong query",
                self.with(json!({ "query": "SELECT x FROM days" })),
            )
            .mentions("x"),
        ])
    }
}

#[async_trait]
impl SinkFixture for Server {
    async fn target(&self, table: &Arc<CatalogTable>) -> FixtureResult<Json> {
        Ok(self.sink(&table.path().table))
    }

    async fn rows(
        &self,
        _config: &Json,
        table: &Arc<CatalogTable>,
    ) -> FixtureResult<Vec<Vec<Value>>> {
        let name = &table.path().table;
        let there = format!("show tables like '{name}'");
        if self.database.try_sql(&there)?.is_empty() {
            return Ok(Vec::new());
        }
        let config = self.with(json!({ "table_path": format!("{}.{name}", self.database.name()) }));
        read_back(&self.plugin().0, NAME, &config).await
    }

    async fn leftovers(&self, config: &Json) -> FixtureResult<Vec<String>> {
        let sql = format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> '{}'",
            config["table"].as_str().unwrap()
        );
        let left = self.database.try_sql(&sql)?;
        Ok(left.lines().map(str::to_owned).collect())
    }

    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        let sink = |table: &str| self.sink(table);
        Ok(bad_targets(&self.database, sink, self.database.name()))
    }
}
