//! A transform made from options as they stand in a job file, and rows to give it.

use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, JobContext, JobMode, Registry, Result,
    RowKind, TablePath, TableSchema, Transform, TransformContext, Value,
};

/// id, name, note; the last row is a delete without a note.
pub(crate) fn table(path: &str) -> Arc<CatalogTable> {
    let schema = TableSchema::new(vec![
        Column::new("id", DataType::Int),
        Column::new("name", DataType::String),
        Column::new("note", DataType::String),
    ]);
    Arc::new(CatalogTable::new(
        "test",
        TablePath::parse(path, false),
        schema,
    ))
}

pub(crate) fn rows(table: &Arc<CatalogTable>, count: i32) -> Batch {
    let mut builder = BatchBuilder::new(table.clone());
    for id in 0..count {
        let last = id == count - 1;
        let (kind, note) = if last {
            (RowKind::Delete, Value::Null)
        } else {
            (RowKind::Insert, text(&format!("note {id}")))
        };
        let row = [Value::Int(id), text(&format!("name {id}")), note];
        builder.push(kind, &row).expect("the row fits");
    }
    builder.finish()
}

pub(crate) fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

pub(crate) async fn make(
    plugin: &str,
    options: serde_json::Value,
    tables: Vec<Arc<CatalogTable>>,
) -> Result<Arc<dyn Transform>> {
    let registry = seatunnel_transform_ai::register(Registry::new());
    let context = TransformContext {
        job: JobContext {
            id: "1".into(),
            name: "test".into(),
            mode: JobMode::Batch,
        },
        tables,
        plugin_input: Vec::new(),
        plugin_output: None,
    };
    let factory = registry.find_transform(plugin).expect("it is registered");
    factory
        .create(&ConfigValue::from_json(&options), context)
        .await
}

pub(crate) async fn run(transform: &Arc<dyn Transform>, batch: Batch) -> Result<Vec<Batch>> {
    let mut out = Vec::new();
    transform.apply(batch, &mut out).await?;
    Ok(out)
}

/// The values of a column.
pub(crate) fn column(batches: &[Batch], name: &str) -> Vec<Value> {
    let rows = batches.iter().flat_map(|b| b.rows().collect::<Vec<_>>());
    rows.map(|row| row.get_by_name(name).expect("the column is there"))
        .collect()
}

/// The whole story of why a transform can't be made.
pub(crate) async fn refusal(plugin: &str, options: serde_json::Value) -> String {
    match make(plugin, options, vec![table("t")]).await {
        Ok(_) => panic!("{plugin} accepts this"),
        Err(error) => error.report(),
    }
}
