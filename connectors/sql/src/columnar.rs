//! Values of an expression for the rows of a batch.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, StringArray, UInt32Array};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, i256};
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use seatunnel_api::{DataType, Error, MAX_DECIMAL128, Result};

use crate::codes;

/// A value for each row, or one for all of them.
#[derive(Clone, Debug)]
pub(crate) struct Columnar {
    pub(crate) array: ArrayRef,
    /// The array has one value, which every row has.
    pub(crate) constant: bool,
}

impl Columnar {
    pub(crate) fn rows(array: ArrayRef) -> Self {
        Self {
            array,
            constant: false,
        }
    }

    pub(crate) fn constant(array: ArrayRef) -> Self {
        Self {
            array,
            constant: true,
        }
    }

    /// What DataFusion has computed.
    pub(crate) fn from_value(value: &ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Array(array) => Ok(Self::rows(array.clone())),
            ColumnarValue::Scalar(value) => Self::from_scalar(value),
        }
    }

    /// A constant.
    pub(crate) fn from_scalar(value: &ScalarValue) -> Result<Self> {
        let array = value.to_array().map_err(crate::errors::from_datafusion)?;
        Ok(Self::constant(array))
    }

    /// Position of a row's value in the array.
    pub(crate) fn at(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    /// An array with a value for each row.
    pub(crate) fn expanded(self, rows: usize) -> Result<ArrayRef> {
        if !self.constant {
            return Ok(self.array);
        }
        let first = UInt32Array::from(vec![0; rows]);
        Ok(arrow_select::take::take(&self.array, &first, None)?)
    }

    pub(crate) fn texts(&self) -> Texts<'_> {
        Texts {
            array: self.array.as_string(),
            constant: self.constant,
        }
    }

    pub(crate) fn primitives<T: ArrowPrimitiveType>(&self) -> Primitives<'_, T> {
        Primitives {
            array: self.array.as_primitive(),
            constant: self.constant,
        }
    }
}

/// A column of texts.
pub(crate) struct Texts<'a> {
    array: &'a StringArray,
    constant: bool,
}

impl<'a> Texts<'a> {
    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        let at = if self.constant { 0 } else { row };
        self.array.is_valid(at).then(|| self.array.value(at))
    }

    /// The text that all rows have, if it is one and not null.
    pub(crate) fn constant(&self) -> Option<&'a str> {
        (self.constant && self.array.is_valid(0)).then(|| self.array.value(0))
    }
}

/// A column of numbers.
pub(crate) struct Primitives<'a, T: ArrowPrimitiveType> {
    array: &'a PrimitiveArray<T>,
    constant: bool,
}

impl<T: ArrowPrimitiveType> Primitives<'_, T> {
    pub(crate) fn get(&self, row: usize) -> Option<T::Native> {
        let at = if self.constant { 0 } else { row };
        self.array.is_valid(at).then(|| self.array.value(at))
    }
}

/// A number of any type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    /// A 32-bit float is told apart: its text is shorter.
    Float(f32),
    Double(f64),
    Decimal(i256, i8),
}

impl Number {
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Self::Int(v) => v as f64,
            Self::Float(v) => f64::from(v),
            Self::Double(v) => v,
            Self::Decimal(digits, scale) => decimal_to_f64(digits, scale),
        }
    }

    /// The exact digits, and how many of them stand behind the point; none for what is no number.
    /// A float is the shortest decimal that reads back as the same float, as Java has it.
    pub(crate) fn to_digits(self) -> Option<(i256, i8)> {
        let text = match self {
            Self::Int(v) => return Some((i256::from_i128(i128::from(v)), 0)),
            Self::Decimal(digits, scale) => return Some((digits, scale)),
            Self::Float(v) => v.to_string(),
            Self::Double(v) => v.to_string(),
        };
        let scale = text.split_once('.').map_or(0, |(_, f)| f.len());
        let scale = i8::try_from(scale).ok().filter(|s| *s <= 76)?;
        Some((seatunnel_api::time::parse_decimal(&text, scale)?, scale))
    }
}

/// The powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The nearest double. Digits and power are exact where both are small: then one division rounds once.
/// Otherwise through text, since dividing would round twice.
fn decimal_to_f64(digits: i256, scale: i8) -> f64 {
    let small = digits.to_i128().and_then(|d| i64::try_from(d).ok());
    let small = small.filter(|d| d.unsigned_abs() <= 1 << 53);
    let power = usize::try_from(scale).ok().and_then(|s| POWERS.get(s));
    match (small, power) {
        (Some(digits), Some(power)) => digits as f64 / power,
        _ => seatunnel_api::time::format_decimal(digits, scale)
            .parse()
            .unwrap_or(f64::NAN),
    }
}

/// A column of numbers of whatever type.
pub(crate) enum Numbers<'a> {
    Tiny(Primitives<'a, Int8Type>),
    Small(Primitives<'a, Int16Type>),
    Int(Primitives<'a, Int32Type>),
    Big(Primitives<'a, Int64Type>),
    Float(Primitives<'a, Float32Type>),
    Double(Primitives<'a, Float64Type>),
    Decimal128(Primitives<'a, Decimal128Type>, i8),
    Decimal256(Primitives<'a, Decimal256Type>, i8),
}

impl<'a> Numbers<'a> {
    /// None if the type is not one of numbers.
    pub(crate) fn new(column: &'a Columnar, data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::TinyInt => Self::Tiny(column.primitives()),
            DataType::SmallInt => Self::Small(column.primitives()),
            DataType::Int => Self::Int(column.primitives()),
            DataType::BigInt => Self::Big(column.primitives()),
            DataType::Float => Self::Float(column.primitives()),
            DataType::Double => Self::Double(column.primitives()),
            DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 => {
                Self::Decimal128(column.primitives(), *scale)
            }
            DataType::Decimal { scale, .. } => Self::Decimal256(column.primitives(), *scale),
            _ => return None,
        })
    }

    pub(crate) fn get(&self, row: usize) -> Option<Number> {
        Some(match self {
            Self::Tiny(v) => Number::Int(i64::from(v.get(row)?)),
            Self::Small(v) => Number::Int(i64::from(v.get(row)?)),
            Self::Int(v) => Number::Int(i64::from(v.get(row)?)),
            Self::Big(v) => Number::Int(v.get(row)?),
            Self::Float(v) => Number::Float(v.get(row)?),
            Self::Double(v) => Number::Double(v.get(row)?),
            Self::Decimal128(v, scale) => Number::Decimal(i256::from_i128(v.get(row)?), *scale),
            Self::Decimal256(v, scale) => Number::Decimal(v.get(row)?, *scale),
        })
    }
}

/// A text column from texts that are written one behind the other into the same buffer: `write` adds
/// a row's text to what is there, or says false for null.
pub(crate) fn build_texts(
    rows: usize,
    mut write: impl FnMut(usize, &mut String) -> Result<bool>,
) -> Result<ArrayRef> {
    let mut values = String::with_capacity(rows * 16);
    let mut offsets = Vec::with_capacity(rows + 1);
    let mut nulls = NullBufferBuilder::new(rows);
    offsets.push(0i32);
    for row in 0..rows {
        let start = values.len();
        if write(row, &mut values)? {
            nulls.append_non_null();
        } else {
            values.truncate(start);
            nulls.append_null();
        }
        let end = i32::try_from(values.len()).map_err(|_| {
            Error::new(
                codes::SQL_VALUE,
                "the texts of a batch are larger than 2 GiB",
            )
        })?;
        offsets.push(end);
    }
    let offsets = OffsetBuffer::new(offsets.into());
    let texts = StringArray::try_new(offsets, values.into_bytes().into(), nulls.finish())?;
    Ok(Arc::new(texts))
}

/// A column of numbers from a value for each row.
pub(crate) fn build_primitives<T: ArrowPrimitiveType>(
    rows: usize,
    mut value: impl FnMut(usize) -> Result<Option<T::Native>>,
) -> Result<ArrayRef> {
    let mut out = arrow_array::builder::PrimitiveBuilder::<T>::with_capacity(rows);
    for row in 0..rows {
        out.append_option(value(row)?);
    }
    Ok(Arc::new(out.finish()))
}

/// A column of booleans from a value for each row.
pub(crate) fn build_booleans(
    rows: usize,
    mut value: impl FnMut(usize) -> Result<Option<bool>>,
) -> Result<ArrayRef> {
    let mut out = arrow_array::builder::BooleanBuilder::with_capacity(rows);
    for row in 0..rows {
        out.append_option(value(row)?);
    }
    Ok(Arc::new(out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_becomes_the_nearest_double() {
        for (digits, scale, nearest) in [
            (1234, 2, 12.34),
            (-1, 22, -1e-22),
            (9_007_199_254_740_993, 3, 9_007_199_254_740.993),
            (1, 23, 1e-23),
            (15, -2, 1500.0),
            (123_456_789_012_345_678, 10, 12_345_678.901_234_567),
        ] {
            assert_eq!(decimal_to_f64(i256::from_i128(digits), scale), nearest);
        }
    }
}
