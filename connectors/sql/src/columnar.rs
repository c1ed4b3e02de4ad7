//! Values of an expression for the rows of a batch.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, StringArray, UInt32Array,
};
use arrow_buffer::i256;
use seatunnel_api::{DataType, MAX_DECIMAL128, Result};

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

    pub(crate) fn booleans(&self) -> &BooleanArray {
        self.array.as_boolean()
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
            // Through text: dividing by a power of ten would round twice.
            Self::Decimal(digits, scale) => seatunnel_api::time::format_decimal(digits, scale)
                .parse()
                .unwrap_or(f64::NAN),
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

/// A text column from texts that are written one after the other into the same buffer; `write` says
/// false for null.
pub(crate) fn build_texts(
    rows: usize,
    mut write: impl FnMut(usize, &mut String) -> Result<bool>,
) -> Result<ArrayRef> {
    let mut out = StringBuilder::with_capacity(rows, rows * 16);
    let mut value = String::new();
    for row in 0..rows {
        value.clear();
        if write(row, &mut value)? {
            out.append_value(&value);
        } else {
            out.append_null();
        }
    }
    Ok(Arc::new(out.finish()))
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
