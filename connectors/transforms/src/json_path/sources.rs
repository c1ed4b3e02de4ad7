//! Columns with JSON: as text, or as what becomes JSON.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use seatunnel_api::{Column, DataType, Error, Result, Value};

use super::json::Json;
use crate::codes;

/// Refuses a column that has no JSON.
pub(super) fn check_source(column: &Column) -> Result<()> {
    match column.data_type {
        DataType::String
        | DataType::Bytes
        | DataType::Array(_)
        | DataType::Map(..)
        | DataType::Row(_) => Ok(()),
        ref other => Err(Error::new(
            codes::NOT_TEXT,
            format!(
                "JsonPath reads text, bytes, arrays, maps and rows, the column `{}` is of the type {other}",
                column.name
            ),
        )),
    }
}

/// One column of a batch.
pub(super) struct Source<'b> {
    column: &'b ArrayRef,
    data_type: &'b DataType,
}

impl<'b> Source<'b> {
    pub(super) fn new(column: &'b ArrayRef, data_type: &'b DataType) -> Self {
        Self { column, data_type }
    }

    /// Writes a nested value as JSON; of text and bytes nothing.
    pub(super) fn render(&self, row: usize, out: &mut String) {
        if matches!(self.data_type, DataType::String | DataType::Bytes) {
            return;
        }
        out.clear();
        let value = Value::read(self.column.as_ref(), self.data_type, row);
        match (&value, self.data_type) {
            // A row is a list of its values.
            (Value::Row(values), DataType::Row(fields)) => {
                out.push('[');
                for (count, (value, field)) in values.iter().zip(fields.iter()).enumerate() {
                    if count > 0 {
                        out.push(',');
                    }
                    out.push_str(&value.to_json(&field.data_type));
                }
                out.push(']');
            }
            _ => out.push_str(&value.to_json(self.data_type)),
        }
    }

    /// The value as JSON, `text` being what was rendered; none of null.
    pub(super) fn parse<'t>(
        &self,
        row: usize,
        text: &'t str,
    ) -> Option<std::result::Result<Json<'t>, String>>
    where
        'b: 't,
    {
        if self.column.is_null(row) {
            return None;
        }
        Some(match self.data_type {
            DataType::String => Json::parse(self.column.as_string::<i32>().value(row)),
            DataType::Bytes => std::str::from_utf8(self.column.as_binary::<i32>().value(row))
                .map_err(|_| "the bytes are not UTF-8".to_owned())
                .and_then(Json::parse),
            _ => Json::parse(text),
        })
    }
}
