//! Whether values are what a rule asks for: the first one that isn't.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_buffer::i256;
use seatunnel_api::time::format_decimal;
use seatunnel_api::{DataType, MAX_DECIMAL128, Value};

/// The first null.
pub(crate) fn first_null(column: &dyn Array, own: &DataType) -> Option<usize> {
    match own {
        DataType::Null => (!column.is_empty()).then_some(0),
        _ if column.null_count() == 0 => None,
        _ => (0..column.len()).find(|row| column.is_null(*row)),
    }
}

/// The first value that is not null.
pub(crate) fn first_not_null(column: &dyn Array, own: &DataType) -> Option<usize> {
    match own {
        DataType::Null => None,
        _ => (0..column.len()).find(|row| column.is_valid(*row)),
    }
}

/// The first value that is no number, or not within the limit.
pub(crate) fn first_beyond(
    column: &dyn Array,
    own: &DataType,
    within: impl Fn(f64) -> bool,
) -> Option<usize> {
    let beyond = match own {
        DataType::TinyInt => numbers::<Int8Type>(column, |v| within(f64::from(v))),
        DataType::SmallInt => numbers::<Int16Type>(column, |v| within(f64::from(v))),
        DataType::Int => numbers::<Int32Type>(column, |v| within(f64::from(v))),
        DataType::BigInt => numbers::<Int64Type>(column, |v| within(v as f64)),
        DataType::Float => numbers::<Float32Type>(column, |v| within(f64::from(v))),
        DataType::Double => numbers::<Float64Type>(column, &within),
        DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 => {
            numbers::<Decimal128Type>(column, |v| within(double(i256::from_i128(v), *scale)))
        }
        DataType::Decimal { scale, .. } => {
            numbers::<Decimal256Type>(column, |v| within(double(v, *scale)))
        }
        _ => return (!column.is_empty()).then_some(0),
    };
    match (beyond, first_null(column, own)) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Values under a null don't count.
fn numbers<T: ArrowPrimitiveType>(
    column: &dyn Array,
    within: impl Fn(T::Native) -> bool,
) -> Option<usize> {
    let array: &PrimitiveArray<T> = column.as_primitive();
    let values = array.values();
    (0..array.len()).find(|row| !within(values[*row]) && array.is_valid(*row))
}

/// The nearest floating point number, as `BigDecimal.doubleValue` gives it.
fn double(digits: i256, scale: i8) -> f64 {
    format_decimal(digits, scale).parse().unwrap_or(f64::NAN)
}

/// The first value whose text has a length that is not allowed; null has none.
pub(crate) fn first_of_length(
    column: &dyn Array,
    own: &DataType,
    allowed: impl Fn(f64) -> bool,
) -> Option<usize> {
    (0..column.len()).find(|row| {
        let length = if *own == DataType::Null || column.is_null(*row) {
            0
        } else if *own == DataType::String {
            utf16_length(column.as_string::<i32>().value(*row))
        } else {
            utf16_length(&Value::read(column, own, *row).to_string())
        };
        !allowed(length as f64)
    })
}

/// Java counts the units of UTF-16.
fn utf16_length(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

/// The first value that is neither null nor the expected one.
pub(crate) fn first_other(column: &dyn Array, own: &DataType, expected: &Value) -> Option<usize> {
    macro_rules! primitive {
        ($arrow:ty, $expected:expr) => {{
            let array = column.as_primitive::<$arrow>();
            let values = array.values();
            (0..array.len()).find(|row| values[*row] != $expected && array.is_valid(*row))
        }};
    }
    match (own, expected) {
        (DataType::Null, _) => None,
        (DataType::Int, Value::Int(v)) => primitive!(Int32Type, *v),
        (DataType::BigInt, Value::BigInt(v)) => primitive!(Int64Type, *v),
        (DataType::String, Value::String(text)) => {
            let array = column.as_string::<i32>();
            (0..array.len()).find(|row| array.is_valid(*row) && array.value(*row) != text)
        }
        _ => (0..column.len())
            .find(|row| column.is_valid(*row) && !same(&Value::read(column, own, *row), expected)),
    }
}

/// Java's `equals`: floats by their bits, maps without order.
fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Float(a), Value::Float(b)) => {
            a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
        }
        (Value::Double(a), Value::Double(b)) => {
            a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
        }
        (Value::Array(a), Value::Array(b)) | (Value::Row(a), Value::Row(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && b.iter().all(|(key, value)| {
                    let entry = a.iter().find(|(k, _)| same(k, key));
                    entry.is_some_and(|(_, found)| same(found, value))
                })
        }
        (a, b) => a == b,
    }
}
