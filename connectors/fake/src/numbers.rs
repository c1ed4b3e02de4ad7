//! Columns of numbers.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Decimal256Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_buffer::i256;
use seatunnel_api::{DataType, Error, Result};

use crate::codes;
use crate::plan::Choice;
use crate::random::{Stream, below, unit};

pub(crate) fn primitive<T: ArrowPrimitiveType>(values: Vec<T::Native>) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(values.into(), None))
}

#[inline(always)]
pub(crate) fn picks<T: Copy>(
    words: impl Iterator<Item = u64>,
    values: &[T],
) -> impl Iterator<Item = T> {
    let count = values.len() as u64;
    words.map(move |word| values[below(word, count).0 as usize])
}

#[inline(always)]
pub(crate) fn integers<T: ArrowPrimitiveType>(
    words: impl ExactSizeIterator<Item = u64>,
    choice: &Choice<i64>,
    narrow: impl Fn(i64) -> T::Native,
) -> ArrayRef {
    primitive::<T>(match choice {
        Choice::Range(min, max) => {
            // Zero where the range is that of all 64 bits.
            let count = max.wrapping_sub(*min).wrapping_add(1) as u64;
            match count {
                0 => words.map(|word| narrow(word as i64)).collect(),
                _ => words
                    .map(|word| narrow(min.wrapping_add(below(word, count).0 as i64)))
                    .collect(),
            }
        }
        Choice::Template(values) => picks(words, values).map(narrow).collect(),
    })
}

#[inline(always)]
pub(crate) fn floats(words: impl Iterator<Item = u64>, min: f32, max: f32) -> Vec<f32> {
    let (low, high) = (f64::from(min), f64::from(max));
    words
        .map(|word| ((low + unit(word) * (high - low)) as f32).clamp(min, max))
        .collect()
}

/// Half away from zero, to so many digits behind the point.
pub(crate) fn rounded(value: f64, scale: i32) -> f64 {
    let factor = 10f64.powi(scale);
    let scaled = (value * factor).round();
    if scaled.is_finite() && factor.is_normal() {
        scaled / factor
    } else {
        value
    }
}

/// Digits that fit one random word.
const WORD_DIGITS: u8 = 19;

pub(crate) fn decimals(
    stream: Stream,
    first: u64,
    rows: usize,
    precision: u8,
    scale: i8,
) -> Result<ArrayRef> {
    let power = |digits: u8| 10u64.pow(u32::from(digits.min(WORD_DIGITS)));
    let high = power(precision.saturating_sub(WORD_DIGITS));
    if precision <= WORD_DIGITS {
        let bound = power(precision);
        let values: Vec<i128> = (0..rows as u64)
            .map(|row| i128::from(below(stream.word(first.wrapping_add(row)), bound).0))
            .collect();
        let array = PrimitiveArray::<Decimal128Type>::new(values.into(), None);
        return Ok(Arc::new(array.with_precision_and_scale(precision, scale)?));
    }
    if precision <= seatunnel_api::MAX_DECIMAL128 {
        let bound = power(WORD_DIGITS);
        let values: Vec<i128> = (0..rows as u64)
            .map(|row| {
                let n = first.wrapping_add(row).wrapping_mul(2);
                let top = below(stream.word(n), high).0;
                let bottom = below(stream.word(n.wrapping_add(1)), bound).0;
                i128::from(top) * i128::from(bound) + i128::from(bottom)
            })
            .collect();
        let array = PrimitiveArray::<Decimal128Type>::new(values.into(), None);
        return Ok(Arc::new(array.with_precision_and_scale(precision, scale)?));
    }
    let values: Vec<i256> = (0..rows as u64)
        .map(|row| {
            let n = first.wrapping_add(row).wrapping_mul(4);
            let mut left = precision;
            let mut value = i256::ZERO;
            for part in 0..4 {
                let bound = power(left);
                let digits = below(stream.word(n.wrapping_add(part)), bound).0;
                value = value * i256::from_i128(i128::from(bound))
                    + i256::from_i128(i128::from(digits));
                left = left.saturating_sub(WORD_DIGITS);
            }
            value
        })
        .collect();
    let array = PrimitiveArray::<Decimal256Type>::new(values.into(), None);
    Ok(Arc::new(array.with_precision_and_scale(precision, scale)?))
}

pub(crate) fn count(data_type: &DataType, start: i64, first: u64, rows: usize) -> Result<ArrayRef> {
    let end = i128::from(start) + i128::from(first) + rows as i128 - 1;
    let largest = match data_type {
        DataType::TinyInt => i64::from(i8::MAX),
        DataType::SmallInt => i64::from(i16::MAX),
        DataType::Int => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    if end > i128::from(largest) {
        return Err(Error::new(
            codes::CONTENT,
            format!("counting up goes beyond {largest}, the largest {data_type}"),
        ));
    }
    let start = start.wrapping_add(first as i64);
    let each = start..start + rows as i64;
    Ok(match data_type {
        DataType::TinyInt => primitive::<Int8Type>(each.map(|v| v as i8).collect()),
        DataType::SmallInt => primitive::<Int16Type>(each.map(|v| v as i16).collect()),
        DataType::Int => primitive::<Int32Type>(each.map(|v| v as i32).collect()),
        _ => primitive::<Int64Type>(each.collect()),
    })
}
