//! Nested values in databases that keep them as JSON.

use seatunnel_api::{DataType, Value};

/// A value as JSON; times as ISO text, decimals as text, which keeps their digits.
pub fn json(value: &Value, data_type: &DataType) -> serde_json::Value {
    use serde_json::Value as Json;
    match (value, data_type) {
        (Value::Null, _) => Json::Null,
        (Value::Boolean(v), _) => Json::from(*v),
        (Value::TinyInt(v), _) => Json::from(*v),
        (Value::SmallInt(v), _) => Json::from(*v),
        (Value::Int(v), _) => Json::from(*v),
        (Value::BigInt(v), _) => Json::from(*v),
        // The shortest text of a float, not the digits of the double next to it.
        (Value::Float(v), _) => Json::from(v.to_string().parse::<f64>().unwrap_or(f64::from(*v))),
        (Value::Double(v), _) => Json::from(*v),
        (Value::Array(items), DataType::Array(item)) => {
            items.iter().map(|v| json(v, item)).collect()
        }
        (Value::Array(items), DataType::FloatVector(_)) => {
            items.iter().map(|v| json(v, &DataType::Float)).collect()
        }
        (Value::Row(values), DataType::Row(fields)) => Json::Object(
            fields
                .iter()
                .zip(values)
                .map(|(field, value)| (field.name.clone(), json(value, &field.data_type)))
                .collect(),
        ),
        (Value::Map(entries), DataType::Map(_, of)) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.to_string(), json(value, of)))
                .collect(),
        ),
        (other, _) => Json::String(other.to_string()),
    }
}
