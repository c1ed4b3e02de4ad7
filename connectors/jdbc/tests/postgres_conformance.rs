//! PostgreSQL against the conformance kit.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod servers;

use std::sync::Arc;

use seatunnel_api::{CatalogTable, DataType, Registry, Value};
use seatunnel_conformance::{
    Bad, Connection, Data, Fixture, FixtureResult, Holds, Limits, SinkFixture, SourceFixture,
    Stored, async_trait, read_back, sink_tests, source_tests, write_by,
};
use seatunnel_jdbc_testkit::{Database, Postgres};
use serde_json::{Value as Json, json};

use servers::{bad_targets, with};

source_tests!(source, Server::new());
sink_tests!(sink, Server::new());
sink_tests!(sink_exactly_once, Server::new().exactly_once());

const NAME: &str = "Jdbc";

/// A database of its own on the server that the tests share.
struct Server {
    database: Database,
    exactly_once: bool,
}

impl Server {
    fn new() -> Self {
        Self {
            database: Postgres::shared().database("conformance"),
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
            "user": self.database.user,
            "password": self.database.password,
        })
    }

    fn with(&self, more: Json) -> Json {
        with(self.login(), &more)
    }

    fn sink(&self, table: &str) -> Json {
        self.with(json!({
            "generate_sink_sql": true,
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
        Limits::default()
    }

    fn connection(&self) -> Option<&dyn Connection> {
        Some(self)
    }
}

fn holds(data_type: &DataType, value: &Value) -> Holds {
    match (data_type, value) {
        (data_type, _) if is_kept_as_json(data_type) => {
            Holds::No("PostgreSQL has no such type without a declaration; it is kept as JSON")
        }
        (_, Value::String(text)) if text.contains('\0') => {
            Holds::No("texts of PostgreSQL can't hold the character 0")
        }
        _ => Holds::Yes,
    }
}

fn is_kept_as_json(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) | DataType::Row(..) => true,
        DataType::Array(item) => is_kept_as_json(item),
        _ => false,
    }
}

#[async_trait]
impl Connection for Server {
    async fn kill(&self) -> FixtureResult<()> {
        let name = self.database.name();
        Postgres::shared().admin().try_sql(&format!(
            "alter database {name} allow_connections false;
             select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        ))?;
        Ok(())
    }

    async fn heal(&self) -> FixtureResult<()> {
        let name = self.database.name();
        let sql = format!("alter database {name} allow_connections true");
        Postgres::shared().admin().try_sql(&sql)?;
        Ok(())
    }
}

#[async_trait]
impl SourceFixture for Server {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        let (registry, name) = self.plugin();
        write_by(&registry, name, &self.sink(data.name()), data).await?;
        let mut config = self.with(json!({ "table_path": format!("public.{}", data.name()) }));
        if let Some(column) = data.split_by() {
            config["partition_column"] = json!(column);
        }
        Ok(Stored::new(config))
    }

    fn announces(&self, data_type: &DataType) -> DataType {
        match data_type {
            DataType::TinyInt => DataType::SmallInt,
            DataType::FloatVector(_) => DataType::Array(Box::new(DataType::Float)),
            other => other.clone(),
        }
    }

    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        self.database.sql(
            "create table prices (id bigint primary key, amount numeric(6, 2), day date);
             insert into prices values (1, 1.5, '2020-01-01'), (2, 'NaN', '2020-01-02');
             create table days (id bigint primary key, day date);
             insert into days values (7, 'infinity')",
        );
        let mut password = self.with(json!({ "table_path": "public.prices" }));
        password["password"] = json!("another");
        let table = |name: &str| self.with(json!({ "table_path": name }));
        Ok(vec![
            Bad::new("a missing table", table("public.price")).mentions("public.price"),
            Bad::new("a wrong password", password).mentions("postgres"),
            Bad::new("a number that is none", table("public.prices"))
                .mentions("prices")
                .mentions("amount"),
            Bad::new("a day without end", table("public.days"))
                .mentions("days")
                .mentions("day"),
            Bad::new(
                "a query that is wrong",
                self.with(json!({ "query": "select x from prices" })),
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
        let there = format!("select to_regclass('public.\"{name}\"')");
        if self.database.try_sql(&there)?.is_empty() {
            return Ok(Vec::new());
        }
        let config = self.with(json!({ "table_path": format!("public.{name}") }));
        read_back(&self.plugin().0, NAME, &config).await
    }

    async fn leftovers(&self, config: &Json) -> FixtureResult<Vec<String>> {
        let sql = format!(
            "select gid from pg_prepared_xacts where database = current_database()
             union all
             select tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')
             and tablename <> '{}'",
            config["table"].as_str().unwrap()
        );
        let left = self.database.try_sql(&sql)?;
        Ok(left.lines().map(str::to_owned).collect())
    }

    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        let sink = |table: &str| self.sink(table);
        Ok(bad_targets(&self.database, sink, &self.database.user))
    }
}
