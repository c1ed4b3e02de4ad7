//! Values as JSON, one at a time: for messages and rows set aside, not for bulk.
//!
//! Binary data is base64, a decimal is a number with all its digits, dates and times are ISO text,
//! numbers that are not finite are text.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::batch::Batch;
use crate::row::{Row, Value};
use crate::types::DataType;

impl Value {
    /// The value, which is of this type, as JSON.
    pub fn to_json(&self, data_type: &DataType) -> String {
        let mut out = String::new();
        push_value(&mut out, self, data_type);
        out
    }
}

impl Row<'_> {
    /// The row as a JSON object of its columns, in their order.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        push_row(&mut out, self.batch(), self.index());
        out
    }
}

/// The name of a member, behind a comma unless it is the first.
pub(crate) fn push_member(out: &mut String, name: &str) {
    if !out.is_empty() && !out.ends_with('{') {
        out.push(',');
    }
    push_string(out, name);
    out.push(':');
}

pub(crate) fn push_string(out: &mut String, text: &str) {
    // Text is always JSON: the error can't be.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

pub(crate) fn push_row(out: &mut String, batch: &Batch, row: usize) {
    let row = batch.row(row);
    out.push('{');
    for (index, column) in batch.table().columns().iter().enumerate() {
        push_member(out, &column.name);
        push_value(out, &row.get(index), &column.data_type);
    }
    out.push('}');
}

pub(crate) fn push_value(out: &mut String, value: &Value, data_type: &DataType) {
    match (value, data_type) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Boolean(_) | Value::TinyInt(_) | Value::SmallInt(_), _)
        | (Value::Int(_) | Value::BigInt(_) | Value::Decimal(..), _) => {
            let _ = write!(out, "{value}");
        }
        (Value::Float(v), _) => push_float(out, value, v.is_finite()),
        (Value::Double(v), _) => push_float(out, value, v.is_finite()),
        (Value::String(v), _) => push_string(out, v),
        (Value::Bytes(v), _) => {
            out.push('"');
            STANDARD.encode_string(v, out);
            out.push('"');
        }
        (Value::Date(_) | Value::Time(_) | Value::Timestamp(_) | Value::TimestampTz(_), _) => {
            push_string(out, &value.to_string());
        }
        (Value::Array(items), data_type) => {
            let item = match data_type {
                DataType::Array(item) => item,
                _ => &DataType::Float,
            };
            out.push('[');
            for (index, value) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_value(out, value, item);
            }
            out.push(']');
        }
        (Value::Map(entries), DataType::Map(_, of)) => {
            out.push('{');
            for (key, value) in entries {
                push_member(out, &key.to_string());
                push_value(out, value, of);
            }
            out.push('}');
        }
        (Value::Row(values), DataType::Row(fields)) => {
            out.push('{');
            for (field, value) in fields.iter().zip(values) {
                push_member(out, &field.name);
                push_value(out, value, &field.data_type);
            }
            out.push('}');
        }
        // A map or a row of another type than its own.
        _ => push_string(out, &value.to_string()),
    }
}

fn push_float(out: &mut String, value: &Value, finite: bool) {
    let text = value.to_string();
    if finite {
        out.push_str(&text);
    } else {
        push_string(out, &text);
    }
}
