//! Values as JSON, as job files write them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seatunnel_api::Value;
use serde_json::{Map, Value as Json, json};

/// A value in the spelling of job files: bytes as base64, decimals and times as text, rows as lists,
/// floats that JSON can't write as `NaN`, `inf`, `-inf`.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(v) => json!(v),
        Value::TinyInt(v) => json!(v),
        Value::SmallInt(v) => json!(v),
        Value::Int(v) => json!(v),
        Value::BigInt(v) => json!(v),
        Value::Float(v) if v.is_finite() => json!(v),
        Value::Double(v) if v.is_finite() => json!(v),
        Value::Float(v) => json!(v.to_string()),
        Value::Double(v) => json!(v.to_string()),
        Value::String(v) => json!(v),
        Value::Bytes(v) => json!(STANDARD.encode(v)),
        Value::Array(items) | Value::Row(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => {
            let members: Map<String, Json> = entries
                .iter()
                .map(|(key, value)| (key.to_string(), to_json(value)))
                .collect();
            Json::Object(members)
        }
        other => json!(other.to_string()),
    }
}
