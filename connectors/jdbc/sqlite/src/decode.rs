//! Stored values into columns.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Float32Builder, Float64Builder, Int16Builder, Int32Builder,
    Int64Builder, StringBuilder,
};
use rusqlite::types::ValueRef;
use seatunnel_api::DataType;

/// Collects the values of one column.
pub(crate) enum ColumnReader {
    Boolean(BooleanBuilder),
    SmallInt(Int16Builder),
    Int(Int32Builder),
    BigInt(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
}

/// A value is not of its column's type.
pub(crate) struct Unfit;

/// Integers up to this one are doubles without loss.
const EXACT_IN_DOUBLE: u64 = 1 << 53;

impl ColumnReader {
    /// A reader for a type that columns of SQLite have ([`super::types`]).
    pub(crate) fn new(data_type: &DataType, rows: usize) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::SmallInt => Self::SmallInt(Int16Builder::with_capacity(rows)),
            DataType::Int => Self::Int(Int32Builder::with_capacity(rows)),
            DataType::BigInt => Self::BigInt(Int64Builder::with_capacity(rows)),
            DataType::Float => Self::Float(Float32Builder::with_capacity(rows)),
            DataType::Double => Self::Double(Float64Builder::with_capacity(rows)),
            DataType::Bytes => Self::Bytes(BinaryBuilder::with_capacity(rows, rows * 16)),
            _ => Self::Text(StringBuilder::with_capacity(rows, rows * 16)),
        }
    }

    /// Adds a value and says how many bytes it takes, about.
    pub(crate) fn push(&mut self, value: ValueRef<'_>) -> Result<usize, Unfit> {
        match self {
            Self::Boolean(builder) => match value {
                ValueRef::Null => builder.append_null(),
                ValueRef::Integer(0) => builder.append_value(false),
                ValueRef::Integer(1) => builder.append_value(true),
                ValueRef::Text(text) if text.eq_ignore_ascii_case(b"true") => {
                    builder.append_value(true);
                }
                ValueRef::Text(text) if text.eq_ignore_ascii_case(b"false") => {
                    builder.append_value(false);
                }
                _ => return Err(Unfit),
            },
            Self::SmallInt(builder) => {
                builder.append_option(narrow(integer(value)?)?);
            }
            Self::Int(builder) => {
                builder.append_option(narrow(integer(value)?)?);
            }
            Self::BigInt(builder) => builder.append_option(integer(value)?),
            Self::Float(builder) => builder.append_option(match float(value)? {
                Some(double) => {
                    let single = double as f32;
                    if single.is_infinite() && double.is_finite() {
                        return Err(Unfit);
                    }
                    Some(single)
                }
                None => None,
            }),
            Self::Double(builder) => builder.append_option(float(value)?),
            Self::Text(builder) => match value {
                ValueRef::Null => builder.append_null(),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    builder.append_value(std::str::from_utf8(bytes).map_err(|_| Unfit)?);
                    return Ok(bytes.len() + 4);
                }
                // Dates are stored as numbers too: their digits are the text.
                ValueRef::Integer(number) => builder.append_value(number.to_string()),
                ValueRef::Real(number) => builder.append_value(format!("{number:?}")),
            },
            Self::Bytes(builder) => match value {
                ValueRef::Null => builder.append_null(),
                ValueRef::Blob(bytes) | ValueRef::Text(bytes) => {
                    builder.append_value(bytes);
                    return Ok(bytes.len() + 4);
                }
                ValueRef::Integer(_) | ValueRef::Real(_) => return Err(Unfit),
            },
        }
        Ok(8)
    }

    /// Takes the values as a column and starts anew.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::SmallInt(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::BigInt(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Double(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Bytes(builder) => Arc::new(builder.finish()),
        }
    }
}

fn integer(value: ValueRef<'_>) -> Result<Option<i64>, Unfit> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number)),
        ValueRef::Real(number)
            if number.fract() == 0.0 && number.abs() <= EXACT_IN_DOUBLE as f64 =>
        {
            Ok(Some(number as i64))
        }
        _ => Err(Unfit),
    }
}

fn narrow<T: TryFrom<i64>>(value: Option<i64>) -> Result<Option<T>, Unfit> {
    value.map(T::try_from).transpose().map_err(|_| Unfit)
}

fn float(value: ValueRef<'_>) -> Result<Option<f64>, Unfit> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Real(number) => Ok(Some(number)),
        ValueRef::Integer(number) if number.unsigned_abs() <= EXACT_IN_DOUBLE => {
            Ok(Some(number as f64))
        }
        _ => Err(Unfit),
    }
}

/// A stored value as a message shows it.
pub(crate) fn show(value: ValueRef<'_>) -> String {
    const LONGEST: usize = 60;
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => format!("the integer {number}"),
        ValueRef::Real(number) => format!("the real {number:?}"),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match text.char_indices().nth(LONGEST) {
                Some((end, _)) => format!("the text {:?}…", &text[..end]),
                None => format!("the text {text:?}"),
            }
        }
        ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    }
}
