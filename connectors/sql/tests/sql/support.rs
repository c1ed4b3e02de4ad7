//! A Sql transform over a table with a column of each type, and two rows to give it.

use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, JobContext, JobMode, PrimaryKey, Registry,
    Result, RowKind, TablePath, TableSchema, Transform, TransformContext, Value,
};

pub(crate) struct Job {
    transform: Arc<dyn Transform>,
    runtime: tokio::runtime::Runtime,
}

impl Job {
    pub(crate) fn new(query: &str) -> Result<Self> {
        Self::with_options(serde_json::json!({ "query": query }), vec![table()])
    }

    pub(crate) fn with_options(
        options: serde_json::Value,
        tables: Vec<Arc<CatalogTable>>,
    ) -> Result<Self> {
        let registry = seatunnel_transform_sql::register(Registry::new());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime starts");
        let context = TransformContext {
            job: JobContext {
                id: "1".into(),
                name: "test".into(),
                mode: JobMode::Batch,
            },
            tables,
            plugin_input: vec!["fake".to_owned()],
            plugin_output: None,
        };
        let factory = registry.find_transform("sql").expect("it is registered");
        let config = ConfigValue::from_json(&options);
        let transform = runtime.block_on(factory.create(&config, context))?;
        Ok(Self { transform, runtime })
    }

    pub(crate) fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.transform.tables()
    }

    pub(crate) fn run(&self, batch: Batch) -> Result<Vec<Batch>> {
        let mut out = Vec::new();
        self.runtime
            .block_on(self.transform.apply(batch, &mut out))?;
        Ok(out)
    }
}

const COLUMNS: &[(&str, &str)] = &[
    ("id", "int"),
    ("name", "string"),
    ("age", "smallint"),
    ("big", "bigint"),
    ("price", "double"),
    ("ratio", "float"),
    ("amount", "decimal(10, 2)"),
    ("ok", "boolean"),
    ("day", "date"),
    ("clock", "time"),
    ("ts", "timestamp"),
    ("blob", "bytes"),
    ("tags", "map<string, int>"),
    (
        "r",
        "{a = int, inner = {b = string, m = map<string, string>}}",
    ),
    ("maybe", "string"),
    ("list", "array<int>"),
    ("words", "array<string>"),
    ("vec", "float_vector(3)"),
    ("tz", "timestamp_tz"),
];

pub(crate) fn table() -> Arc<CatalogTable> {
    table_of("db.people", COLUMNS)
}

/// A table with these columns, the first of which is its key.
pub(crate) fn table_of(path: &str, columns: &[(&str, &str)]) -> Arc<CatalogTable> {
    let key = columns[0].0.to_owned();
    let columns = columns
        .iter()
        .map(|(name, spelled)| {
            Column::new(*name, DataType::parse(spelled).expect("a type of ours"))
        })
        .collect();
    let schema = TableSchema {
        columns,
        primary_key: Some(PrimaryKey {
            name: "pk".to_owned(),
            columns: vec![key],
        }),
        constraint_keys: Vec::new(),
    };
    let path = TablePath::parse(path, false);
    Arc::new(CatalogTable::new("test", path, schema))
}

pub(crate) fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

/// An insert in which nothing but `maybe` is null, and a delete in which everything but the id is.
pub(crate) fn rows() -> Batch {
    let mut builder = BatchBuilder::new(table());
    let micros = seatunnel_api::time::parse_timestamp(b"2021-04-08T13:34:45.235").expect("a time");
    let row = [
        Value::Int(1),
        text("Joy Ding"),
        Value::SmallInt(20),
        Value::BigInt(5_000_000_000),
        Value::Double(134.22),
        Value::Float(1.5),
        Value::Decimal(1234i32.into(), 2),
        Value::Boolean(true),
        Value::Date(18_725),
        Value::Time(48_885_000_000),
        Value::Timestamp(micros),
        Value::Bytes(b"hi".to_vec()),
        Value::Map(vec![(text("x"), Value::Int(7))]),
        Value::Row(vec![
            Value::Int(3),
            Value::Row(vec![text("deep"), Value::Map(vec![(text("k"), text("v"))])]),
        ]),
        Value::Null,
        Value::Array(vec![
            Value::Int(3),
            Value::Null,
            Value::Int(9),
            Value::Int(-1),
        ]),
        Value::Array(vec![text("b"), text("a")]),
        Value::Array([3.0, 0.0, 4.0].map(Value::Float).to_vec()),
        Value::TimestampTz(micros),
    ];
    builder.push(RowKind::Insert, &row).expect("the row fits");
    let mut nulls = vec![Value::Null; row.len()];
    nulls[0] = Value::Int(2);
    builder.push(RowKind::Delete, &nulls).expect("the row fits");
    builder.finish()
}

/// Value and type of an expression for the first row, and its value for the second.
pub(crate) fn computed(expression: &str) -> (String, String, String) {
    let job = Job::new(&format!("select {expression} as x from fake"))
        .unwrap_or_else(|error| panic!("{expression}: {}", error.report()));
    let out = job
        .run(rows())
        .unwrap_or_else(|error| panic!("{expression}: {}", error.report()));
    let tables = job.tables();
    let column = &tables[0].columns()[0];
    (
        out[0].row(0).get(0).to_string(),
        column.data_type.to_string(),
        out[0].row(1).get(0).to_string(),
    )
}

/// Expression, value in the first row, type, value in the second row, where all but the id is null.
pub(crate) type Case = (&'static str, &'static str, &'static str, &'static str);

/// Compares values and types of expressions.
#[track_caller]
pub(crate) fn check(cases: &[Case]) {
    for (expression, first, data_type, second) in cases {
        assert_eq!(
            computed(expression),
            (
                (*first).to_owned(),
                (*data_type).to_owned(),
                (*second).to_owned()
            ),
            "{expression}"
        );
    }
}

/// The report about a query that isn't accepted.
pub(crate) fn refused(query: &str) -> String {
    match Job::new(query) {
        Ok(_) => panic!("{query} is accepted"),
        Err(error) => error.report(),
    }
}

/// The ids of the rows that a condition keeps.
pub(crate) fn ids(condition: &str) -> Vec<Value> {
    let job = Job::new(&format!("select id from fake where {condition}"))
        .unwrap_or_else(|error| panic!("{condition}: {}", error.report()));
    let out = job.run(rows()).expect("the condition can be computed");
    out.iter()
        .flat_map(|b| b.rows())
        .map(|r| r.get(0))
        .collect()
}
