//! A transform made from options as they stand in a job file, and rows to give it.

use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, ConstraintKey, ConstraintKind, DataType, JobContext,
    JobMode, PrimaryKey, Registry, Result, RowKind, SortOrder, TablePath, TableSchema, Transform,
    TransformContext, Value,
};

pub(crate) struct Job {
    pub(crate) inputs: Vec<Arc<CatalogTable>>,
    transform: Arc<dyn Transform>,
    runtime: tokio::runtime::Runtime,
}

impl Job {
    pub(crate) fn new(plugin: &str, options: &str, tables: Vec<Arc<CatalogTable>>) -> Result<Self> {
        let registry = seatunnel_transforms::register(Registry::new());
        let json: serde_json::Value = serde_json::from_str(options).expect("options are JSON");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime starts");
        let context = TransformContext {
            job: JobContext {
                id: "1".into(),
                name: "test".into(),
                mode: JobMode::Batch,
            },
            tables: tables.clone(),
            plugin_input: Vec::new(),
            plugin_output: None,
        };
        let factory = registry.find_transform(plugin).expect("it is registered");
        let config = ConfigValue::from_json(&json);
        let transform = runtime.block_on(factory.create(&config, context))?;
        Ok(Self {
            inputs: tables,
            transform,
            runtime,
        })
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

/// id, name, city, age; the primary key is id, name is unique.
pub(crate) fn table(path: &str) -> Arc<CatalogTable> {
    let schema = TableSchema {
        columns: vec![
            Column::new("id", DataType::Int).not_null(),
            Column::new("name", DataType::String),
            Column::new("city", DataType::String),
            Column::new("age", DataType::Int),
        ],
        primary_key: Some(PrimaryKey {
            name: "pk".to_owned(),
            columns: vec!["id".to_owned()],
        }),
        constraint_keys: vec![
            ConstraintKey {
                name: "uq".to_owned(),
                kind: ConstraintKind::Unique,
                columns: vec![("name".to_owned(), SortOrder::Asc)],
            },
            ConstraintKey {
                name: "by_age".to_owned(),
                kind: ConstraintKind::Index,
                columns: vec![
                    ("id".to_owned(), SortOrder::Asc),
                    ("age".to_owned(), SortOrder::Desc),
                ],
            },
        ],
    };
    Arc::new(CatalogTable::new(
        "test",
        TablePath::parse(path, false),
        schema,
    ))
}

/// Two inserts, and a delete without a name.
pub(crate) fn rows(table: &Arc<CatalogTable>) -> Batch {
    let mut builder = BatchBuilder::new(table.clone());
    let text = |t: &str| Value::String(t.to_owned());
    for (kind, id, name, age) in [
        (RowKind::Insert, 1, text("Joy Ding"), 20),
        (RowKind::Insert, 2, text("May Ding"), 21),
        (RowKind::Delete, 3, Value::Null, 22),
    ] {
        let row = [Value::Int(id), name, text("Rome"), Value::Int(age)];
        builder.push(kind, &row).expect("the row fits");
    }
    builder.finish()
}

pub(crate) fn column_names(table: &CatalogTable) -> Vec<&str> {
    table.schema().names().collect()
}

pub(crate) fn names(table: &CatalogTable) -> String {
    column_names(table).join(",")
}

/// A table of these columns (`name type`), without keys.
pub(crate) fn table_of(path: &str, columns: &[(&str, &str)]) -> Arc<CatalogTable> {
    let columns = columns.iter().map(|(name, of)| {
        let data_type = DataType::parse(of).expect("the type is known");
        Column::new(*name, data_type)
    });
    let schema = TableSchema::new(columns.collect());
    Arc::new(CatalogTable::new(
        "test",
        TablePath::parse(path, false),
        schema,
    ))
}

/// Inserts.
pub(crate) fn batch_of(table: &Arc<CatalogTable>, rows: &[Vec<Value>]) -> Batch {
    let mut builder = BatchBuilder::new(table.clone());
    for row in rows {
        builder.push(RowKind::Insert, row).expect("the row fits");
    }
    builder.finish()
}

pub(crate) fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

/// The whole story of why a transform can't be made.
pub(crate) fn refusal(plugin: &str, options: &str, tables: Vec<Arc<CatalogTable>>) -> String {
    match Job::new(plugin, options, tables) {
        Ok(_) => panic!("{plugin} accepts {options}"),
        Err(error) => error.report(),
    }
}
