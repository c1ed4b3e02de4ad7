//! The sink on MariaDB against the conformance kit.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::{Arc, LazyLock};

use seatunnel_api::{CatalogTable, Column, DataType, Registry, Value};
use seatunnel_conformance::{
    Bad, Connection, Data, Fixture, FixtureResult, Holds, Limits, SinkFixture, async_trait,
    read_back, sink_tests,
};
use seatunnel_jdbc_testkit::{Database, MariaDb};
use serde_json::{Value as Json, json};

sink_tests!(sink, Server::new());
sink_tests!(sink_exactly_once, Server::new().exactly_once());

const NAME: &str = "Jdbc";

/// The server of these tests, which takes the large values of the kit.
static SERVER: LazyLock<MariaDb> = LazyLock::new(|| {
    MariaDb::with(&[
        ("max_allowed_packet", "256M"),
        ("innodb_log_file_size", "1G"),
    ])
});

/// A database and a user of its own on the server that the tests share.
struct Server {
    database: Database,
    exactly_once: bool,
}

impl Server {
    fn new() -> Self {
        let database = SERVER.database("conformance");
        // A user of its own, whose connections can be cut.
        let name = database.name();
        database.sql(&format!(
            "create user {name} identified by 'secret'; grant all on *.* to {name}"
        ));
        Self {
            database,
            exactly_once: false,
        }
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
        let mut config = self.login();
        let all = config.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        config
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
        Limits::default().columns(150, "a row of InnoDB has 8,126 bytes within its page")
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
        SERVER
            .admin()
            .try_sql(&format!("alter user {name} account lock; kill user {name}"))?;
        Ok(())
    }

    async fn heal(&self) -> FixtureResult<()> {
        let name = self.database.name();
        SERVER
            .admin()
            .try_sql(&format!("alter user {name} account unlock"))?;
        Ok(())
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

    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        self.database.sql(
            "create table narrow (id bigint primary key, part int, name varchar(3));
             create table other (id bigint primary key, part int, nmae text)",
        );
        let mut missing = self.sink("nowhere");
        missing["schema_save_mode"] = json!("ERROR_WHEN_SCHEMA_NOT_EXIST");
        let mut password = self.sink("any");
        password["password"] = json!("another");
        let columns = [
            Column::new("part", DataType::Int),
            Column::new("name", DataType::String),
        ];
        let row = |id: i64, name: &str| {
            vec![
                Value::BigInt(id),
                Value::Int(7),
                Value::String(name.to_owned()),
            ]
        };
        let rows = |label: &str| {
            let rows = vec![row(1, "a"), row(4711, "abcd"), row(3, "b")];
            Data::new(label, columns.to_vec(), rows)
        };
        Ok(vec![
            Bad::new("a missing table", missing).mentions("nowhere"),
            Bad::new("a wrong password", password).mentions(self.database.name()),
            Bad::new("a text that is too long", self.sink("narrow"))
                .with_data(rows("narrow"))
                .mentions("narrow")
                .mentions("name")
                .mentions("4711"),
            Bad::new("a column that is not there", self.sink("other"))
                .with_data(rows("other"))
                .mentions("nmae"),
        ])
    }
}
