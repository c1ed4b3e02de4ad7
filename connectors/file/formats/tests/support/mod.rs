//! Rows of all types.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(dead_code, reason = "each test uses some of it")]

use std::sync::Arc;

use arrow_array::RecordBatch;
use seatunnel_api::{
    BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
};

/// Columns of these types, called `c0`, `c1` and so on.
pub(crate) fn columns(types: &[&str]) -> Vec<Column> {
    types
        .iter()
        .enumerate()
        .map(|(index, text)| Column::new(format!("c{index}"), DataType::parse(text).unwrap()))
        .collect()
}

/// Rows of values.
pub(crate) fn rows(columns: &[Column], values: &[Vec<Value>]) -> RecordBatch {
    let schema = TableSchema::new(columns.to_vec());
    let table = CatalogTable::new("test", TablePath::unnamed(), schema);
    let mut builder = BatchBuilder::new(Arc::new(table));
    for row in values {
        builder.push(RowKind::Insert, row).unwrap();
    }
    builder.finish().records().clone()
}

/// All types that formats with types have.
pub(crate) const TYPES: &[&str] = &[
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "string",
    "bytes",
    "date",
    "time",
    "timestamp",
    "timestamp_tz",
    "decimal(10, 2)",
    "decimal(38, 18)",
    "array<int>",
    "map<string, bigint>",
    "{a = int, b = string, c = array<timestamp>}",
    "array<{x = map<string, decimal(30, 5)>}>",
];

/// A row of [`TYPES`], different for each number.
pub(crate) fn row(number: i64) -> Vec<Value> {
    // Every third value of a column is missing, each column's at another place.
    let mut place = number;
    let mut maybe = |value: Value| {
        place += 1;
        match place % 3 {
            0 => Value::Null,
            _ => value,
        }
    };
    let micros = (number - 500) * 86_399_000_123;
    // ORC has no place for the last second before 1970.
    let micros = if (-1_000_000..0).contains(&micros) {
        0
    } else {
        micros
    };
    let text = "é".repeat((number % 7) as usize);
    let digits = arrow_buffer::i256::from_i128(i128::from(number - 300) * 10_i128.pow(30));
    vec![
        maybe(Value::Boolean(number % 4 < 2)),
        maybe(Value::TinyInt((number % 256 - 128) as i8)),
        maybe(Value::SmallInt((number * 31 % 60_000 - 30_000) as i16)),
        maybe(Value::Int(
            (number * 7_919_777 % 4_000_000_000 - 2_000_000_000) as i32,
        )),
        maybe(Value::BigInt(
            number.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64),
        )),
        maybe(Value::Float(number as f32 / 3.0)),
        maybe(Value::Double(number as f64 * 1e100)),
        maybe(Value::String(text.clone())),
        maybe(Value::Bytes(vec![number as u8; (number % 5) as usize])),
        maybe(Value::Date((number * 37 - 20_000) as i32)),
        maybe(Value::Time(number * 86_000_001 % 86_400_000_000)),
        maybe(Value::Timestamp(micros)),
        maybe(Value::TimestampTz(micros)),
        maybe(Value::Decimal(
            arrow_buffer::i256::from_i128(i128::from(number - 400)),
            2,
        )),
        maybe(Value::Decimal(digits, 18)),
        maybe(Value::Array(
            (0..number % 4)
                .map(|n| {
                    if n == 2 {
                        Value::Null
                    } else {
                        Value::Int(n as i32)
                    }
                })
                .collect(),
        )),
        maybe(Value::Map(
            (0..number % 3)
                .map(|n| {
                    (
                        Value::String(format!("k{n}")),
                        if n == 1 {
                            Value::Null
                        } else {
                            Value::BigInt(n)
                        },
                    )
                })
                .collect(),
        )),
        maybe(Value::Row(vec![
            if number % 5 == 0 {
                Value::Null
            } else {
                Value::Int(number as i32)
            },
            Value::String(text),
            Value::Array(vec![Value::Timestamp(micros), Value::Null]),
        ])),
        maybe(Value::Array(vec![Value::Row(vec![Value::Map(vec![(
            Value::String("m".to_owned()),
            Value::Decimal(arrow_buffer::i256::from_i128(i128::from(number)), 5),
        )])])])),
    ]
}
