//! Whether values are of the type that a rule names.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Decimal256Type};
use arrow_buffer::i256;
use seatunnel_api::{DataType, MAX_DECIMAL128};

/// Whether every value of a column of type `own` is one of type `asked`.
///
/// SeaTunnel asks each value, not the column: null is only of type `null`, an empty array is one of
/// any type, and a decimal fits with the digits that it has.
pub(crate) fn fits(column: &dyn Array, own: &DataType, asked: &DataType) -> bool {
    if column.is_empty() {
        return true;
    }
    let nulls = match own {
        DataType::Null => column.len(),
        _ => column.null_count(),
    };
    if *asked == DataType::Null {
        return nulls == column.len();
    }
    if nulls > 0 {
        return false;
    }
    match (own, asked) {
        (
            DataType::Decimal { precision, scale },
            DataType::Decimal {
                precision: most,
                scale: asked_scale,
            },
        ) => {
            scale == asked_scale && (precision <= most || digits_within(column, *precision, *most))
        }
        (DataType::Array(own), DataType::Array(asked)) => {
            let list = column.as_list::<i32>();
            let (start, length) = range(list.value_offsets());
            fits(list.values().slice(start, length).as_ref(), own, asked)
        }
        (DataType::Map(own_key, own_value), DataType::Map(key, value)) => {
            let map = column.as_map();
            let (start, length) = range(map.value_offsets());
            fits(map.keys().slice(start, length).as_ref(), own_key, key)
                && fits(map.values().slice(start, length).as_ref(), own_value, value)
        }
        // Positions count, not names; fields that only the rule has are not asked for.
        (DataType::Row(own), DataType::Row(asked)) => {
            own.len() <= asked.len()
                && column
                    .as_struct()
                    .columns()
                    .iter()
                    .zip(own.iter().zip(asked.iter()))
                    .all(|(column, (own, asked))| {
                        fits(column.as_ref(), &own.data_type, &asked.data_type)
                    })
        }
        (DataType::FloatVector(_), DataType::FloatVector(_)) => true,
        _ => own == asked,
    }
}

fn range(offsets: &[i32]) -> (usize, usize) {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => (*first as usize, (last - first) as usize),
        _ => (0, 0),
    }
}

/// Whether no value has more digits than `most`.
fn digits_within(column: &dyn Array, precision: u8, most: u8) -> bool {
    if precision <= MAX_DECIMAL128 {
        let end = 10u128.pow(u32::from(most));
        let values = column.as_primitive::<Decimal128Type>().values();
        values.iter().all(|v| v.unsigned_abs() < end)
    } else {
        let values = column.as_primitive::<Decimal256Type>().values();
        values.iter().all(|v: &i256| {
            let text = v.to_string();
            text.trim_start_matches('-').len() <= usize::from(most)
        })
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_api::config::ConfigValue;
    use seatunnel_api::{
        BatchBuilder, CatalogTable, Column, RowKind, TablePath, TableSchema, Value,
    };
    use serde_json::json;

    use super::*;

    fn check(own: &str, values: serde_json::Value, asked: &str) -> bool {
        let own = DataType::parse(own).unwrap();
        let schema = TableSchema::new(vec![Column::new("a", own.clone())]);
        let table = CatalogTable::new("", TablePath::unnamed(), schema);
        let mut builder = BatchBuilder::new(table.into());
        for value in ConfigValue::from_json(&values).as_list().unwrap() {
            let value = Value::from_config(value, &own).unwrap();
            builder.push(RowKind::Insert, &[value]).unwrap();
        }
        let batch = builder.finish();
        let asked = DataType::parse(asked).unwrap();
        fits(batch.records().column(0).as_ref(), &own, &asked)
    }

    #[test]
    fn scalars_are_of_their_own_type_only() {
        assert!(check("int", json!([1, 2]), "int"));
        assert!(!check("int", json!([1]), "bigint"));
        assert!(!check(
            "timestamp",
            json!(["2024-01-01 00:00:00"]),
            "timestamp_tz"
        ));
        assert!(check("int", json!([]), "string"));
    }

    #[test]
    fn null_is_of_type_null_only() {
        assert!(!check("int", json!([1, null]), "int"));
        assert!(check("int", json!([null]), "null"));
        assert!(!check("int", json!([1, null]), "null"));
        assert!(check("null", json!([null]), "null"));
        assert!(!check("null", json!([null]), "int"));
    }

    #[test]
    fn decimals_need_the_scale_and_no_more_digits_than_they_have() {
        assert!(check("decimal(10, 2)", json!([12.34]), "decimal(4, 2)"));
        assert!(!check("decimal(10, 2)", json!([123.45]), "decimal(4, 2)"));
        assert!(check("decimal(10, 2)", json!([1]), "decimal(30, 2)"));
        assert!(!check("decimal(10, 2)", json!([1]), "decimal(10, 3)"));
        assert!(!check("decimal(50, 2)", json!([123.45]), "decimal(4, 2)"));
    }

    #[test]
    fn what_is_inside_counts_too() {
        assert!(check("array<int>", json!([[1], []]), "array<int>"));
        assert!(!check("array<int>", json!([[1]]), "array<bigint>"));
        assert!(!check("array<int>", json!([[null]]), "array<int>"));
        assert!(check("array<int>", json!([[]]), "array<bigint>"));
        assert!(!check(
            "map<string, int>",
            json!([{"k": 1}]),
            "map<string, string>"
        ));
        assert!(check(
            "{a = int, b = null}",
            json!([[1, null]]),
            "{x = int, y = null, z = date}"
        ));
        assert!(!check("{a = int, b = int}", json!([[1, 2]]), "{a = int}"));
        assert!(!check("{a = int}", json!([[null]]), "{a = int}"));
    }
}
