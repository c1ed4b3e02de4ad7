//! Rows that are given in the job file.

use std::sync::Arc;

use seatunnel_api::config::{ConfigValue, Kind};
use seatunnel_api::{Batch, BatchBuilder, CatalogTable, Column, DataType, Error, Result, Value};

use crate::codes;
use crate::now::{is_now, now};
use crate::options::FakeRow;

/// The rows of `rows` as one batch.
///
/// # Errors
/// If a value does not fit its column; the error points at it.
pub(crate) fn read_rows(table: &Arc<CatalogTable>, rows: &[FakeRow]) -> Result<Batch> {
    let mut builder = BatchBuilder::new(table.clone());
    let mut values = Vec::with_capacity(table.columns().len());
    for (number, row) in (1..).zip(rows) {
        values.clear();
        for (index, column) in table.columns().iter().enumerate() {
            values.push(match given(&row.fields, index, column) {
                Some(value) => read_value(value, &column.data_type).map_err(|message| {
                    Error::new(codes::VALUE, message)
                        .at(&value.span)
                        .with_context("table", table.path())
                        .with_context("column", &column.name)
                        .with_context("row", number)
                })?,
                None => Value::Null,
            });
        }
        if !matches!(row.fields.kind, Kind::List(_) | Kind::Object(_)) {
            return Err(Error::new(
                codes::VALUE,
                "`fields` is a list of values or an object by column name",
            )
            .at(&row.fields.span));
        }
        builder
            .push(row.kind.into(), &values)
            .map_err(|e| e.at(&row.fields.span))?;
    }
    Ok(builder.finish())
}

fn given<'a>(fields: &'a ConfigValue, index: usize, column: &Column) -> Option<&'a ConfigValue> {
    match &fields.kind {
        Kind::List(items) => items.get(index),
        Kind::Object(members) => members.get(&column.name),
        _ => None,
    }
}

fn read_value(value: &ConfigValue, data_type: &DataType) -> std::result::Result<Value, String> {
    match value.as_str() {
        Some(text) if is_now(text, data_type) => Ok(now(data_type)),
        _ => Value::from_config(value, data_type),
    }
}
