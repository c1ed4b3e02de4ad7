//! The sink.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, DataType, Error, Result, Row, Sink, SinkWriter, TaskContext,
    Value, codes,
};

use super::values::{TYPES, canonical};
use super::{KIND_TEXT, TEXT};

pub(super) struct Check;

impl Check {
    /// Columns must be of the types that they had.
    pub(super) fn new(tables: &[Arc<CatalogTable>]) -> Result<Self> {
        for table in tables {
            for (index, text) in TYPES.iter().enumerate() {
                let name = format!("c{index}");
                let column = table.columns().iter().find(|c| c.name == name);
                let found = column.map(|c| &c.data_type);
                let expected = DataType::parse(text).ok();
                if found != expected.as_ref() {
                    return Err(wrong(format!("{name} is {found:?} and was {text}")));
                }
            }
        }
        Ok(Self)
    }
}

#[async_trait]
impl Sink for Check {
    type Committable = ();
    type Writer = Writer;

    async fn writer(&self, _context: TaskContext) -> Result<Writer> {
        Ok(Writer)
    }
}

pub(super) struct Writer;

#[async_trait]
impl SinkWriter for Writer {
    type Committable = ();

    async fn write(&mut self, batch: Batch) -> Result<()> {
        batch.rows().try_for_each(|row| check(&row))
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<()>> {
        Ok(Vec::new())
    }
}

fn check(row: &Row<'_>) -> Result<()> {
    let id = row.get_by_name("id").unwrap_or(Value::Null);
    let text = |name: &str| match row.get_by_name(name) {
        Some(Value::String(text)) => text,
        other => format!("{other:?}"),
    };
    if text(KIND_TEXT) != row.kind().short() {
        return Err(wrong(format!(
            "row {id} is {} and was {}",
            row.kind().short(),
            text(KIND_TEXT)
        )));
    }
    for index in 0..TYPES.len() {
        let name = format!("c{index}");
        let found = canonical(&row.get_by_name(&name).unwrap_or(Value::Null));
        let was = text(&format!("{name}{TEXT}"));
        if found != was {
            return Err(wrong(format!(
                "row {id}: {name}, {}, is {found} and was {was}",
                TYPES[index]
            )));
        }
    }
    Ok(())
}

fn wrong(what: String) -> Error {
    Error::new(codes::VALUE_INVALID, what)
}
