//! Tables and random rows for tests of formats.

use std::sync::Arc;

use arrow_buffer::i256;
use fastrand::Rng;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
};

/// A table with columns `c0`, `c1` … of these types.
pub(crate) fn table(types: &[&str]) -> Arc<CatalogTable> {
    let columns = types.iter().enumerate();
    named(
        &columns
            .map(|(i, t)| (format!("c{i}"), *t))
            .collect::<Vec<_>>(),
    )
}

/// A table with columns of these names and types.
pub(crate) fn named<N: AsRef<str>>(columns: &[(N, &str)]) -> Arc<CatalogTable> {
    let columns = columns
        .iter()
        .map(|(name, text)| Column::new(name.as_ref(), DataType::parse(text).unwrap()))
        .collect();
    let schema = TableSchema::new(columns);
    Arc::new(CatalogTable::new("test", TablePath::unnamed(), schema))
}

/// A batch of these rows.
pub(crate) fn batch(table: &Arc<CatalogTable>, rows: &[Vec<Value>]) -> Batch {
    let mut builder = BatchBuilder::new(table.clone());
    for row in rows {
        builder.push(RowKind::Insert, row).unwrap();
    }
    builder.finish()
}

/// A random row; `nulls` says whether values may be null.
pub(crate) fn random_row(rng: &mut Rng, table: &CatalogTable, nulls: bool) -> Vec<Value> {
    let columns = table.columns().iter();
    columns.map(|c| random(rng, &c.data_type, nulls)).collect()
}

/// A random value of a type; timestamps are whole milliseconds.
pub(crate) fn random(rng: &mut Rng, data_type: &DataType, nulls: bool) -> Value {
    if nulls && rng.u8(..4) == 0 {
        return Value::Null;
    }
    match data_type {
        DataType::Null => Value::Null,
        DataType::String => Value::String(text(rng)),
        DataType::Boolean => Value::Boolean(rng.bool()),
        DataType::TinyInt => Value::TinyInt(rng.i8(..)),
        DataType::SmallInt => Value::SmallInt(rng.i16(..)),
        DataType::Int => Value::Int(rng.i32(..)),
        DataType::BigInt => Value::BigInt(rng.i64(..) >> rng.u32(..64)),
        DataType::Float => Value::Float(rng.f32() * 1e9),
        DataType::Double => Value::Double(rng.f64() * 1e200),
        DataType::Decimal { precision, scale } => {
            let digits = rng.usize(1..=usize::from(*precision));
            let text: String = (0..digits).map(|_| rng.digit(10)).collect();
            let value: i256 = text.parse().unwrap();
            let value = if rng.bool() { value } else { -value };
            Value::Decimal(value, *scale)
        }
        DataType::Bytes => Value::Bytes((0..rng.usize(..20)).map(|_| rng.u8(..)).collect()),
        DataType::Date => Value::Date(rng.i32(-700_000..2_900_000)),
        DataType::Time => Value::Time(rng.i64(..86_400_000_000)),
        DataType::Timestamp => {
            Value::Timestamp(rng.i64(-60_000_000_000_000..250_000_000_000_000) * 1000)
        }
        DataType::TimestampTz => {
            Value::TimestampTz(rng.i64(-60_000_000_000_000..250_000_000_000_000) * 1000)
        }
        DataType::Array(item) => Value::Array(
            (0..rng.usize(..4))
                .map(|_| random(rng, item, nulls))
                .collect(),
        ),
        DataType::FloatVector(n) => {
            Value::Array((0..*n).map(|_| Value::Float(rng.f32())).collect())
        }
        DataType::Map(key, value) => {
            let mut entries: Vec<(Value, Value)> = Vec::new();
            for _ in 0..rng.usize(..4) {
                let key = random(rng, key, false);
                if entries.iter().all(|(k, _)| *k != key) {
                    entries.push((key, random(rng, value, nulls)));
                }
            }
            Value::Map(entries)
        }
        DataType::Row(fields) => Value::Row(
            fields
                .iter()
                .map(|f| random(rng, &f.data_type, nulls))
                .collect(),
        ),
    }
}

fn text(rng: &mut Rng) -> String {
    (0..rng.usize(..12))
        .map(|_| rng.char('\u{1}'..='\u{2fff}'))
        .collect()
}
