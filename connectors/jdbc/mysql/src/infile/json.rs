//! Nested values as JSON text.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use seatunnel_api::{DataType, Value};

/// Writes the value at `row` of a column. Times stand as ISO text, decimals as text, which keeps their
/// digits, binary data as hexadecimal text; false if there is a number that JSON doesn't have (NaN, infinity).
pub(crate) fn json(out: &mut Vec<u8>, column: &dyn Array, of: &DataType, row: usize) -> bool {
    if column.is_null(row) {
        out.extend_from_slice(b"null");
        return true;
    }
    match of {
        DataType::Null => out.extend_from_slice(b"null"),
        DataType::Boolean => {
            let value = column.as_boolean().value(row);
            out.extend_from_slice(if value { b"true" } else { b"false" });
        }
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            out.extend_from_slice(Value::read(column, of, row).to_string().as_bytes());
        }
        DataType::Float => {
            let value = column.as_primitive::<Float32Type>().value(row);
            out.extend_from_slice(ryu::Buffer::new().format(value).as_bytes());
            return value.is_finite();
        }
        DataType::Double => {
            let value = column.as_primitive::<Float64Type>().value(row);
            out.extend_from_slice(ryu::Buffer::new().format(value).as_bytes());
            return value.is_finite();
        }
        DataType::String => text(out, column.as_string::<i32>().value(row)),
        DataType::Array(item) => {
            return list(out, column.as_list::<i32>().value(row).as_ref(), item);
        }
        DataType::FloatVector(_) => {
            let items = column.as_fixed_size_list().value(row);
            return list(out, items.as_ref(), &DataType::Float);
        }
        DataType::Row(fields) => {
            let mut good = true;
            out.push(b'{');
            let columns = column.as_struct().columns();
            for (index, (field, column)) in fields.iter().zip(columns).enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                text(out, &field.name);
                out.push(b':');
                good &= json(out, column.as_ref(), &field.data_type, row);
            }
            out.push(b'}');
            return good;
        }
        DataType::Map(key, value) => {
            let mut good = true;
            let entries = column.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            out.push(b'{');
            for index in 0..entries.len() {
                if index > 0 {
                    out.push(b',');
                }
                text(out, &Value::read(keys.as_ref(), key, index).to_string());
                out.push(b':');
                good &= json(out, values.as_ref(), value, index);
            }
            out.push(b'}');
            return good;
        }
        _ => text(out, &Value::read(column, of, row).to_string()),
    }
    true
}

fn list(out: &mut Vec<u8>, items: &dyn Array, of: &DataType) -> bool {
    let mut good = true;
    out.push(b'[');
    for index in 0..items.len() {
        if index > 0 {
            out.push(b',');
        }
        good &= json(out, items, of, index);
    }
    out.push(b']');
    good
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seatunnel_api::{BatchBuilder, CatalogTable, Column, RowKind, TablePath, TableSchema};

    use super::*;

    fn written(of: &str, value: Value) -> (String, bool) {
        let of = DataType::parse(of).unwrap();
        let schema = TableSchema::new(vec![Column::new("c", of.clone())]);
        let table = CatalogTable::new("t", TablePath::unnamed(), schema);
        let mut builder = BatchBuilder::new(Arc::new(table));
        builder.push(RowKind::Insert, &[value]).unwrap();
        let batch = builder.finish();
        let mut out = Vec::new();
        let good = json(&mut out, batch.records().column(0).as_ref(), &of, 0);
        (String::from_utf8(out).unwrap(), good)
    }

    #[test]
    fn nested_values_read_back_as_json() {
        let word = "q\"\\\n\r\t\u{1}é😀".to_owned();
        let value = Value::Row(vec![
            Value::Array(vec![Value::Float(0.1), Value::Null]),
            Value::Map(vec![(
                Value::String("k".into()),
                Value::Decimal("123".parse().unwrap(), 2),
            )]),
            Value::String(word.clone()),
            Value::Timestamp(0),
        ]);
        let of = "{a = array<float>, b = map<string, decimal(4, 2)>, s = string, t = timestamp}";
        let (text, good) = written(of, value);
        assert!(good);
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "a": [0.1, null], "b": {"k": "1.23"}, "s": word, "t": "1970-01-01T00:00:00"
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn numbers_that_json_lacks_are_told() {
        assert!(!written("array<double>", Value::Array(vec![Value::Double(f64::NAN)])).1);
    }
}
