//! The source on MariaDB against the conformance kit.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use seatunnel_api::{DataType, Registry, Value};
use seatunnel_conformance::{
    Bad, Connection, Data, Fixture, FixtureResult, Holds, Limits, SourceFixture, Stored,
    async_trait, source_tests, write_by,
};
use seatunnel_jdbc_testkit::{Database, MariaDb};
use serde_json::{Value as Json, json};

source_tests!(by_key, Server::new(json!({ "split.size": 100 })));
source_tests!(
    by_column,
    Server::new(json!({ "partition_column": "part", "partition_num": 5 }))
);

const NAME: &str = "Jdbc";

/// A database of its own, and a user of its own, on the server that the tests share.
struct Server {
    database: Database,
    more: Json,
}

impl Server {
    fn new(more: Json) -> Self {
        let database = MariaDb::shared().database("conformance");
        let name = database.name();
        MariaDb::shared().admin().sql(&format!(
            "CREATE USER '{name}' IDENTIFIED BY 'p'; GRANT ALL ON *.* TO '{name}'"
        ));
        Self { database, more }
    }

    fn with(&self, more: &Json) -> Json {
        let mut config = json!({
            "url": self.database.jdbc_url(),
            "user": self.database.name(),
            "password": "p",
        });
        let all = config.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        config
    }
}

impl Fixture for Server {
    fn plugin(&self) -> (Registry, &'static str) {
        (seatunnel_connector_jdbc::register(Registry::new()), NAME)
    }

    fn holds(&self, data_type: &DataType, value: &Value) -> Holds {
        match (data_type, value) {
            (
                DataType::Array(_)
                | DataType::Map(..)
                | DataType::Row(_)
                | DataType::FloatVector(_),
                _,
            ) => Holds::No("MySQL has no such type; it is kept as JSON"),
            (
                DataType::Decimal {
                    precision: 39.., ..
                },
                _,
            ) => Holds::No("decimals of more than 38 digits are read as decimal(38, 18)"),
            (_, Value::Float(number)) if *number == 0.0 && number.is_sign_negative() => {
                Holds::As(Value::Float(0.0), "MariaDB has no negative zero")
            }
            (_, Value::Double(number)) if *number == 0.0 && number.is_sign_negative() => {
                Holds::As(Value::Double(0.0), "MariaDB has no negative zero")
            }
            (_, Value::TimestampTz(micros)) if is_common(value) => {
                Holds::As(Value::Timestamp(*micros), "datetime has no zone")
            }
            (DataType::Float | DataType::Double, value) if !is_finite(value) => {
                Holds::No("MySQL has no infinity and no NaN")
            }
            (DataType::Date | DataType::Timestamp | DataType::TimestampTz, _)
                if !is_common(value) =>
            {
                Holds::No("years of MySQL go from 0 to 9999")
            }
            (DataType::Null, _) => Holds::No("MySQL has no columns without a type"),
            _ => Holds::Yes,
        }
    }

    fn limits(&self) -> Limits {
        Limits::default().columns(
            200,
            "rows of InnoDB have 8,126 bytes at most outside of texts",
        )
    }

    fn connection(&self) -> Option<&dyn Connection> {
        Some(self)
    }
}

fn is_finite(value: &Value) -> bool {
    match value {
        Value::Float(number) => number.is_finite(),
        Value::Double(number) => number.is_finite(),
        _ => true,
    }
}

fn is_common(value: &Value) -> bool {
    // 0001-01-01 and 9999-12-31
    let days = |days: i64| (-719_162..=2_932_896).contains(&days);
    match value {
        Value::Date(number) => days((*number).into()),
        Value::Timestamp(micros) | Value::TimestampTz(micros) => {
            days(micros.div_euclid(86_400_000_000))
        }
        _ => true,
    }
}

#[async_trait]
impl Connection for Server {
    async fn kill(&self) -> FixtureResult<()> {
        let name = self.database.name();
        let admin = MariaDb::shared().admin();
        admin.try_sql(&format!("ALTER USER '{name}' ACCOUNT LOCK"))?;
        admin.try_sql(&format!("KILL HARD CONNECTION USER '{name}'"))?;
        Ok(())
    }

    async fn heal(&self) -> FixtureResult<()> {
        let name = self.database.name();
        let sql = format!("ALTER USER '{name}' ACCOUNT UNLOCK");
        MariaDb::shared().admin().try_sql(&sql)?;
        Ok(())
    }
}

#[async_trait]
impl SourceFixture for Server {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        let (registry, name) = self.plugin();
        let sink = self.with(&json!({
            "generate_sink_sql": true,
            "database": self.database.name(),
            "table": data.name(),
        }));
        write_by(&registry, name, &sink, data).await?;
        self.database
            .sql(&format!("ANALYZE TABLE `{}`", data.name()));
        let mut more = self.more.clone();
        more["table_path"] = json!(data.name());
        if data.split_by().is_none() && more.get("partition_column").is_some() {
            more = json!({ "table_path": data.name() });
        }
        Ok(Stored::new(self.with(&more)))
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
        let table = |name: &str| self.with(&json!({ "table_path": name }));
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
                self.with(&json!({ "query": "SELECT x FROM days" })),
            )
            .mentions("x"),
        ])
    }
}
