//! Types, values at random, and what a value is as text.

use std::fmt::Write;

use fastrand::Rng;
use seatunnel_api::{DataType, Value};

/// Columns whose types are all there are, and how they nest.
pub(super) const TYPES: &[&str] = &[
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "decimal(1, 0)",
    "decimal(9, 2)",
    "decimal(18, 18)",
    "decimal(19, 3)",
    "decimal(38, 18)",
    "decimal(76, 38)",
    "string",
    "bytes",
    "date",
    "time",
    "timestamp",
    "timestamp_tz",
    "null",
    "array<int>",
    "array<string>",
    "array<boolean>",
    "array<bigint>",
    "array<decimal(10, 2)>",
    "array<decimal(30, 4)>",
    "array<timestamp_tz>",
    "array<array<smallint>>",
    "array<{a = int, b = string}>",
    "map<string, int>",
    "map<int, boolean>",
    "map<string, array<double>>",
    "map<bigint, {a = date, b = map<string, tinyint>}>",
    "{a = int, b = string}",
    "{a = {b = {c = bytes, d = decimal(20, 5)}}, e = array<float>, f = boolean}",
    "float_vector(3)",
];

/// A value of a type; null now and then.
pub(super) fn value(data_type: &DataType, rng: &mut Rng) -> Value {
    if rng.u8(..6) == 0 {
        return Value::Null;
    }
    match data_type {
        DataType::Boolean => Value::Boolean(rng.bool()),
        DataType::TinyInt => {
            Value::TinyInt(edge(rng, &[i8::MIN, -1, 0, i8::MAX]).unwrap_or_else(|| rng.i8(..)))
        }
        DataType::SmallInt => {
            Value::SmallInt(edge(rng, &[i16::MIN, -1, 0, i16::MAX]).unwrap_or_else(|| rng.i16(..)))
        }
        DataType::Int => {
            Value::Int(edge(rng, &[i32::MIN, -1, 0, i32::MAX]).unwrap_or_else(|| rng.i32(..)))
        }
        DataType::BigInt => {
            Value::BigInt(edge(rng, &[i64::MIN, -1, 0, i64::MAX]).unwrap_or_else(|| rng.i64(..)))
        }
        DataType::Float => Value::Float(
            edge(
                rng,
                &[
                    0.0,
                    -0.0,
                    f32::NAN,
                    f32::INFINITY,
                    f32::MIN,
                    f32::MIN_POSITIVE,
                ],
            )
            .unwrap_or_else(|| rng.f32() * 1e6),
        ),
        DataType::Double => Value::Double(
            edge(
                rng,
                &[
                    0.0,
                    -0.0,
                    f64::NAN,
                    f64::NEG_INFINITY,
                    f64::MAX,
                    f64::MIN_POSITIVE,
                ],
            )
            .unwrap_or_else(|| rng.f64() * 1e18),
        ),
        DataType::Decimal { precision, scale } => {
            let digits = rng.usize(1..=usize::from(*precision));
            let mut text: String = (0..digits).map(|_| rng.digit(10)).collect();
            if rng.u8(..4) == 0 {
                text = "9".repeat(usize::from(*precision));
            }
            let sign = if rng.bool() { "-" } else { "" };
            // Digits are never too many for it.
            let digits = format!("{sign}{text}").parse().unwrap_or_default();
            Value::Decimal(digits, *scale)
        }
        DataType::Null => Value::Null,
        DataType::String => Value::String(text(rng)),
        DataType::Bytes => Value::Bytes((0..rng.usize(..20)).map(|_| rng.u8(..)).collect()),
        DataType::Date => Value::Date(
            edge(rng, &[-719_162, 0, 2_932_896]).unwrap_or_else(|| rng.i32(-50_000..50_000)),
        ),
        DataType::Time => Value::Time(
            edge(rng, &[0, 86_399_999_999]).unwrap_or_else(|| rng.i64(..86_400_000_000)),
        ),
        DataType::Timestamp => Value::Timestamp(moment(rng)),
        DataType::TimestampTz => Value::TimestampTz(moment(rng)),
        DataType::Array(item) => {
            Value::Array((0..rng.usize(..5)).map(|_| value(item, rng)).collect())
        }
        DataType::Map(key, of) => {
            let mut entries: Vec<(Value, Value)> = Vec::new();
            for _ in 0..rng.usize(..5) {
                let key = value(key, rng);
                if key != Value::Null && entries.iter().all(|(other, _)| *other != key) {
                    entries.push((key, value(of, rng)));
                }
            }
            Value::Map(entries)
        }
        DataType::Row(fields) => {
            Value::Row(fields.iter().map(|f| value(&f.data_type, rng)).collect())
        }
        DataType::FloatVector(size) => {
            Value::Array((0..*size).map(|_| Value::Float(rng.f32())).collect())
        }
    }
}

fn edge<T: Copy>(rng: &mut Rng, edges: &[T]) -> Option<T> {
    (rng.u8(..3) == 0).then(|| edges[rng.usize(..edges.len())])
}

/// The first and the last moment of four-digit years, a moment before 1970, and any.
fn moment(rng: &mut Rng) -> i64 {
    let edges = [-62_135_596_800_000_000, -1, 0, 253_402_300_799_999_999];
    edge(rng, &edges).unwrap_or_else(|| rng.i64(-4_000_000_000_000_000..4_000_000_000_000_000))
}

fn text(rng: &mut Rng) -> String {
    let letters = ['a', 'Z', '0', ' ', '"', '\\', '\n', '\0', 'ü', '漢', '🦀'];
    (0..rng.usize(..20))
        .map(|_| letters[rng.usize(..letters.len())])
        .collect()
}

/// What a value is, so that it can be told from any other of its type.
pub(super) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    push(&mut out, value);
    out
}

fn push(out: &mut String, value: &Value) {
    // Writing to a text does not fail.
    let _ = match value {
        Value::Null => write!(out, "null"),
        Value::Boolean(v) => write!(out, "{v}"),
        Value::TinyInt(v) => write!(out, "{v}"),
        Value::SmallInt(v) => write!(out, "{v}"),
        Value::Int(v) | Value::Date(v) => write!(out, "{v}"),
        Value::BigInt(v) | Value::Time(v) | Value::Timestamp(v) | Value::TimestampTz(v) => {
            write!(out, "{v}")
        }
        Value::Float(v) if v.is_nan() => write!(out, "NaN"),
        Value::Float(v) => write!(out, "{:x}", v.to_bits()),
        Value::Double(v) if v.is_nan() => write!(out, "NaN"),
        Value::Double(v) => write!(out, "{:x}", v.to_bits()),
        Value::Decimal(..) => write!(out, "{value}"),
        Value::String(v) => write!(out, "'{v}'"),
        Value::Bytes(v) => v.iter().try_for_each(|byte| write!(out, "{byte:02x}")),
        Value::Array(values) => {
            listed(out, '[', ']', values.iter().map(canonical));
            Ok(())
        }
        Value::Row(values) => {
            listed(out, '(', ')', values.iter().map(canonical));
            Ok(())
        }
        Value::Map(entries) => {
            let entry =
                |(key, value): &(Value, Value)| format!("{}:{}", canonical(key), canonical(value));
            let mut entries: Vec<String> = entries.iter().map(entry).collect();
            // A map of Spark has no order. That of Java's texts is by UTF-16.
            entries.sort_by_key(|text| text.encode_utf16().collect::<Vec<_>>());
            listed(out, '{', '}', entries.into_iter());
            Ok(())
        }
    };
}

fn listed(out: &mut String, open: char, close: char, parts: impl Iterator<Item = String>) {
    out.push(open);
    for (index, part) in parts.enumerate() {
        if index > 0 {
            out.push(';');
        }
        out.push_str(&part);
    }
    out.push(close);
}
