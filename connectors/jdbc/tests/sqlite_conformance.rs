//! Jdbc on SQLite against the conformance kit.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::path::PathBuf;
use std::sync::Arc;

use arrow_buffer::i256;
use rusqlite::Connection as Database;
use rusqlite::types::ValueRef;
use seatunnel_api::{CatalogTable, Column, DataType, Registry, Value, time};
use seatunnel_conformance::{
    Bad, Data, Fixture, FixtureResult, Holds, Limits, SinkFixture, SourceFixture, Stored,
    async_trait, sink_tests, source_tests, write_by,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

source_tests!(by_key, Source(Sqlite::new(json!({ "split.size": 100 }))));
source_tests!(
    by_column,
    Source(Sqlite::new(
        json!({ "partition_column": "part", "partition_num": 5 })
    ))
);
sink_tests!(upsert, Sqlite::new(json!({})));
sink_tests!(
    exactly_once,
    Sqlite::new(json!({ "is_exactly_once": true }))
);

const NAME: &str = "Jdbc";

/// A database file, and options besides the usual ones.
struct Sqlite {
    folder: TempDir,
    more: Json,
}

impl Sqlite {
    fn new(more: Json) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            more,
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("conformance.db")
    }

    fn block(&self, own: Json, more: &Json) -> Json {
        let mut block = json!({
            "url": format!("jdbc:sqlite:{}", self.file().display()),
            "driver": "org.sqlite.JDBC",
        });
        for (key, value) in [&own, more]
            .into_iter()
            .flat_map(|o| o.as_object().unwrap())
        {
            block[key] = value.clone();
        }
        block
    }

    fn sink(&self, table: &str, more: &Json) -> Json {
        let own = json!({ "generate_sink_sql": true, "database": "main", "table": table });
        self.block(own, more)
    }

    fn run(&self, sql: &str) -> FixtureResult<()> {
        Ok(Database::open(self.file())?.execute_batch(sql)?)
    }
}

impl Fixture for Sqlite {
    fn plugin(&self) -> (Registry, &'static str) {
        (seatunnel_connector_jdbc::register(Registry::new()), NAME)
    }

    fn holds(&self, data_type: &DataType, value: &Value) -> Holds {
        match (data_type, value) {
            (_, Value::Null) => Holds::Yes,
            (
                DataType::Array(_)
                | DataType::Map(..)
                | DataType::Row(_)
                | DataType::FloatVector(_),
                _,
            ) => Holds::No("SQLite has no nested values; they are written as JSON texts"),
            (_, Value::Double(v)) if v.is_nan() => Holds::No("SQLite has no NaN"),
            (_, Value::Float(v)) if v.is_nan() => Holds::No("SQLite has no NaN"),
            (_, Value::Double(v)) if *v == 0.0 => positive_zero(),
            (_, Value::Float(v)) if *v == 0.0 => positive_zero(),
            _ => Holds::Yes,
        }
    }

    fn limits(&self) -> Limits {
        Limits::default().memory(
            24 << 20,
            "rows of up to 16 MiB are written in one transaction",
        )
    }
}

fn positive_zero() -> Holds {
    Holds::As(
        Value::Double(0.0),
        "SQLite stores whole numbers as integers, without -0",
    )
}

#[async_trait]
impl SinkFixture for Sqlite {
    async fn target(&self, table: &Arc<CatalogTable>) -> FixtureResult<Json> {
        Ok(self.sink(&table.path().table, &self.more))
    }

    /// Straight from the file: what the source would make of it is another check.
    async fn rows(
        &self,
        _config: &Json,
        table: &Arc<CatalogTable>,
    ) -> FixtureResult<Vec<Vec<Value>>> {
        let database = Database::open(self.file())?;
        let name = table.path().table.as_str();
        if !database.table_exists(None, name)? {
            return Ok(Vec::new());
        }
        let columns: Vec<&str> = table.schema().names().collect();
        let query = format!("SELECT {} FROM {name}", columns.join(", "));
        let mut statement = database.prepare(&query)?;
        let mut found = statement.query([])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let values = table.columns().iter().enumerate();
            let values = values.map(|(i, c)| Ok(value_of(row.get_ref(i)?, &c.data_type)));
            rows.push(values.collect::<FixtureResult<Vec<Value>>>()?);
        }
        Ok(rows)
    }

    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        self.run(
            "CREATE TABLE strict (id INTEGER PRIMARY KEY, part INTEGER, name TEXT NOT NULL);
             CREATE TABLE narrow (id INTEGER PRIMARY KEY, part INTEGER)",
        )?;
        let columns = [("part", DataType::Int), ("name", DataType::String)];
        let columns = columns.map(|(name, data_type)| Column::new(name, data_type));
        let name = |name: &str| Value::String(name.to_owned());
        let rows = [(1, name("a")), (4711, Value::Null), (3, name("c"))];
        let rows = rows.map(|(id, name)| vec![Value::BigInt(id), Value::Int(7), name]);
        let with_null = Data::new("null", columns.to_vec(), rows.to_vec());
        let refuse = json!({ "schema_save_mode": "ERROR_WHEN_SCHEMA_NOT_EXIST" });
        Ok(vec![
            Bad::new("a missing table", self.sink("nowhere", &refuse)).mentions("nowhere"),
            Bad::new("a null where none may be", self.sink("strict", &self.more))
                .mentions("strict")
                .mentions("name")
                .mentions("4711")
                .with_data(with_null),
            Bad::new(
                "a column that the table does not have",
                self.sink("narrow", &self.more),
            )
            .mentions("narrow")
            .mentions("name"),
        ])
    }
}

/// A stored value as the type of its column has it; anything unexpected as it is.
fn value_of(stored: ValueRef<'_>, data_type: &DataType) -> Value {
    let parsed = match (stored, data_type) {
        (ValueRef::Integer(v @ (0 | 1)), DataType::Boolean) => Some(Value::Boolean(v == 1)),
        (ValueRef::Integer(v), DataType::Decimal { scale, .. }) => decimal(&v.to_string(), *scale),
        (ValueRef::Real(v), DataType::Decimal { scale, .. }) => decimal(&v.to_string(), *scale),
        (ValueRef::Text(text), _) => {
            let written = String::from_utf8_lossy(text);
            match data_type {
                DataType::Decimal { scale, .. } => decimal(&written, *scale),
                DataType::Date => time::parse_date(text).map(Value::Date),
                DataType::Time => time::parse_time(text).map(Value::Time),
                DataType::Timestamp => time::parse_timestamp(text).map(Value::Timestamp),
                DataType::TimestampTz => time::parse_timestamp_tz(text).map(Value::TimestampTz),
                _ => None,
            }
        }
        _ => None,
    };
    parsed.unwrap_or_else(|| match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(v) => Value::BigInt(v),
        ValueRef::Real(v) => Value::Double(v),
        ValueRef::Text(v) => Value::String(String::from_utf8_lossy(v).into_owned()),
        ValueRef::Blob(v) => Value::Bytes(v.to_vec()),
    })
}

fn decimal(text: &str, scale: i8) -> Option<Value> {
    let digits: i256 = time::parse_decimal(text, scale)?;
    Some(Value::Decimal(digits, scale))
}

/// The same file for a source, whose types are those of the declared columns.
struct Source(Sqlite);

impl Fixture for Source {
    fn plugin(&self) -> (Registry, &'static str) {
        self.0.plugin()
    }

    fn holds(&self, data_type: &DataType, value: &Value) -> Holds {
        const TEXT: &str = "SQLite holds it as a text";
        match (data_type, value) {
            (_, Value::Decimal(..)) if self.announces(data_type) == DataType::Double => Holds::As(
                Value::Double(value.to_string().parse().unwrap()),
                "SQLite holds short decimals as doubles",
            ),
            (_, Value::Decimal(..) | Value::Date(_) | Value::Time(_)) => {
                Holds::As(Value::String(value.to_string()), TEXT)
            }
            (_, Value::Timestamp(_) | Value::TimestampTz(_)) => {
                Holds::As(Value::String(value.to_string().replace('T', " ")), TEXT)
            }
            _ => self.0.holds(data_type, value),
        }
    }
}

#[async_trait]
impl SourceFixture for Source {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        let (registry, name) = self.plugin();
        let none = json!({});
        write_by(&registry, name, &self.0.sink(data.name(), &none), data).await?;
        let split = data.split_by().map_or(&none, |_| &self.0.more);
        let table = json!({ "table_path": data.name() });
        Ok(Stored::new(self.0.block(table, split)))
    }

    fn announces(&self, data_type: &DataType) -> DataType {
        match data_type {
            DataType::TinyInt => DataType::SmallInt,
            DataType::Decimal { precision, .. } if *precision <= 15 => DataType::Double,
            DataType::Decimal { .. }
            | DataType::Date
            | DataType::Time
            | DataType::Timestamp
            | DataType::TimestampTz => DataType::String,
            other => other.clone(),
        }
    }

    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        self.0.run(
            "CREATE TABLE prices (id INTEGER PRIMARY KEY, amount BIGINT);
             INSERT INTO prices VALUES (1, 10), (2, 20), (4711, 'a lot')",
        )?;
        let none = json!({});
        let read = |table: &str| self.0.block(json!({ "table_path": table }), &none);
        let mut folder = read("prices");
        folder["url"] = json!("jdbc:sqlite:/nowhere/at/all.db");
        Ok(vec![
            Bad::new("a missing table", read("nowhere")).mentions("nowhere"),
            Bad::new("a text in a column of numbers", read("prices"))
                .mentions("prices")
                .mentions("amount")
                .mentions("4711"),
            Bad::new("a missing file", folder).mentions("/nowhere/at/all.db"),
        ])
    }
}
