//! Functions of numbers.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_buffer::i256;
use seatunnel_api::time::format_decimal;
use seatunnel_api::{DataType, Result};

use super::{Call, java_math};
use crate::cast::cast;
use crate::columnar::{Columnar, Number, Numbers, build_primitives, build_texts};
use crate::decimal::{DecimalColumn, Rounding, calculate, rescale};

fn map(call: &Call<'_>, compute: impl Fn(f64) -> Result<f64>) -> Result<ArrayRef> {
    let values = call.args[0].primitives::<Float64Type>();
    build_primitives::<Float64Type>(call.rows, |row| values.get(row).map(&compute).transpose())
}

fn map2(call: &Call<'_>, compute: impl Fn(f64, f64) -> Result<f64>) -> Result<ArrayRef> {
    let left = call.args[0].primitives::<Float64Type>();
    let right = call.args[1].primitives::<Float64Type>();
    build_primitives::<Float64Type>(call.rows, |row| match (left.get(row), right.get(row)) {
        (Some(left), Some(right)) => compute(left, right).map(Some),
        _ => Ok(None),
    })
}

macro_rules! doubles {
    ($($name:ident = $compute:expr;)*) => {$(
        pub(super) fn $name(call: &Call<'_>) -> Result<ArrayRef> {
            let column = &call.args[0];
            if !column.constant {
                let values = column.array.as_primitive::<Float64Type>();
                let results: PrimitiveArray<Float64Type> = values.unary($compute);
                return Ok(Arc::new(results));
            }
            map(call, |v| Ok($compute(v)))
        }
    )*};
}

doubles! {
    acos = libm::acos;
    asin = libm::asin;
    atan = libm::atan;
    cos = f64::cos;
    cosh = java_math::cosh;
    sin = f64::sin;
    sinh = java_math::sinh;
    tan = f64::tan;
    tanh = java_math::tanh;
    exp = f64::exp;
    radians = java_math::radians;
    sqrt = f64::sqrt;
}

pub(super) fn cot(call: &Call<'_>) -> Result<ArrayRef> {
    map(call, |v| match v.tan() {
        0.0 => Err(call.refuse("division by zero")),
        tangent => Ok(1.0 / tangent),
    })
}

fn positive(call: &Call<'_>, value: f64) -> Result<f64> {
    if value > 0.0 {
        Ok(value)
    } else {
        Err(call.refuse(format!("needs a number above 0, not {value}")))
    }
}

pub(super) fn ln(call: &Call<'_>) -> Result<ArrayRef> {
    map(call, |v| Ok(positive(call, v)?.ln()))
}

pub(super) fn log10(call: &Call<'_>) -> Result<ArrayRef> {
    map(call, |v| Ok(positive(call, v)?.log10()))
}

pub(super) fn log(call: &Call<'_>) -> Result<ArrayRef> {
    map2(call, |base, v| {
        let (base, v) = (positive(call, base)?, positive(call, v)?);
        Ok(if base == 10.0 {
            v.log10()
        } else {
            v.ln() / base.ln()
        })
    })
}

pub(super) fn atan2(call: &Call<'_>) -> Result<ArrayRef> {
    map2(call, |y, x| Ok(libm::atan2(y, x)))
}

pub(super) fn power(call: &Call<'_>) -> Result<ArrayRef> {
    map2(call, |base, exponent| Ok(base.powf(exponent)))
}

pub(super) fn pi(call: &Call<'_>) -> Result<ArrayRef> {
    build_primitives::<Float64Type>(call.rows, |_| Ok(Some(std::f64::consts::PI)))
}

pub(super) fn random(call: &Call<'_>) -> Result<ArrayRef> {
    let seeds = call.args.first().map(|s| s.primitives::<Int64Type>());
    build_primitives::<Float64Type>(call.rows, |row| {
        let seed = seeds.as_ref().and_then(|s| s.get(row));
        Ok(Some(match seed {
            Some(seed) => java_math::first_random(seed as i32),
            None => fastrand::f64(),
        }))
    })
}

/// Numbers in the type of the result, from exact digits or floats.
fn numbers(
    call: &Call<'_>,
    compute: impl Fn(usize, Number) -> Result<Option<Number>>,
) -> Result<ArrayRef> {
    let column = Numbers::new(&call.args[0], &call.types[0]).expect("a number was asked for");
    let too_large = || call.refuse(format!("the result does not fit {}", call.result));
    let value = |row: usize| match column.get(row) {
        Some(number) => compute(row, number),
        None => Ok(None),
    };
    match call.result {
        DataType::Decimal { precision, scale } => {
            let mut out = DecimalColumn::new(*precision, *scale, call.rows);
            for row in 0..call.rows {
                out.push(match value(row)? {
                    Some(number) => {
                        let (digits, from) = number.to_digits().ok_or_else(too_large)?;
                        Some(
                            rescale(digits, from, *scale, Rounding::HalfUp)
                                .ok_or_else(too_large)?,
                        )
                    }
                    None => None,
                })?;
            }
            out.finish()
        }
        DataType::Float | DataType::Double => {
            let doubles = build_primitives::<Float64Type>(call.rows, |row| {
                Ok(value(row)?.map(Number::to_f64))
            })?;
            narrowed(doubles, &DataType::Double, call.result)
        }
        _ => {
            let longs = build_primitives::<Int64Type>(call.rows, |row| {
                let Some(number) = value(row)? else {
                    return Ok(None);
                };
                let whole = match number {
                    Number::Int(v) => Some(v),
                    other => other
                        .to_digits()
                        .and_then(|(digits, from)| rescale(digits, from, 0, Rounding::Down))
                        .and_then(i256::to_i128)
                        .and_then(|v| v.try_into().ok()),
                };
                whole.map(Some).ok_or_else(too_large)
            })?;
            narrowed(longs, &DataType::BigInt, call.result)
        }
    }
}

fn narrowed(array: ArrayRef, from: &DataType, to: &DataType) -> Result<ArrayRef> {
    Ok(cast(&Columnar::rows(array), from, to, false)?.array)
}

pub(super) fn abs(call: &Call<'_>) -> Result<ArrayRef> {
    numbers(call, |_, number| {
        let too_large = || call.refuse("the result is too large");
        Ok(Some(match number {
            Number::Int(v) => Number::Int(v.checked_abs().ok_or_else(too_large)?),
            Number::Float(v) => Number::Float(v.abs()),
            Number::Double(v) => Number::Double(v.abs()),
            Number::Decimal(digits, scale) => {
                Number::Decimal(digits.checked_abs().ok_or_else(too_large)?, scale)
            }
        }))
    })
}

pub(super) fn modulo(call: &Call<'_>) -> Result<ArrayRef> {
    let divisors = Numbers::new(&call.args[1], &call.types[1]).expect("a number was asked for");
    numbers(call, |row, number| {
        let Some(divisor) = divisors.get(row) else {
            return Ok(None);
        };
        if divisor.to_f64() == 0.0 {
            return Err(call.refuse("division by zero"));
        }
        let digits = number.to_digits().zip(divisor.to_digits());
        let (left, right) = digits.ok_or_else(|| call.refuse("not a finite number"))?;
        let scale = left.1.max(right.1);
        match calculate('%', left, right, scale) {
            Some(digits) => Ok(Some(Number::Decimal(digits, scale))),
            None => Err(call.refuse("the numbers are too large")),
        }
    })
}

/// Doubles rounded to the same number of digits; none where they have to be taken one by one.
fn quickly_rounded(call: &Call<'_>, rounding: Rounding) -> Option<ArrayRef> {
    let places = match call.args.get(1) {
        None => 0,
        Some(places) if places.constant && places.array.is_valid(0) => {
            places.array.as_primitive::<Int64Type>().value(0)
        }
        Some(_) => return None,
    };
    let column = &call.args[0];
    let of_doubles = [&call.types[0], call.result]
        .iter()
        .all(|t| **t == DataType::Double);
    if column.constant || !of_doubles || !(0..=15).contains(&places) {
        return None;
    }
    let power = 10f64.powi(places as i32);
    let values = column.array.as_primitive::<Float64Type>();
    let results: PrimitiveArray<Float64Type> = values.unary(|value| {
        let scaled = value * power;
        let (whole, up) = (scaled.trunc(), scaled.abs().fract());
        if whole / power == value {
            return value;
        }
        // The product is off by a tiny part: near a border its digits decide.
        let border = match rounding {
            Rounding::HalfUp => (up - 0.5).abs(),
            _ => up.min(1.0 - up),
        };
        let size = scaled.abs();
        if !(size < 1e15 && border > 1e-12 + size * 1e-15) {
            return by_digits(value, places as i8, rounding);
        }
        let away = match rounding {
            Rounding::HalfUp => up > 0.5,
            Rounding::Up => true,
            Rounding::Down => false,
            Rounding::Ceiling => scaled > 0.0,
            Rounding::Floor => scaled < 0.0,
        };
        (whole + if away { scaled.signum() } else { 0.0 }) / power
    });
    Some(Arc::new(results))
}

/// Rounds the shortest decimal that reads back as the same double. What has no digits stays.
fn by_digits(value: f64, places: i8, rounding: Rounding) -> f64 {
    match Number::Double(value).to_digits() {
        Some((digits, scale)) if places < scale => rescale(digits, scale, places, rounding)
            .map_or(value, |digits| Number::Decimal(digits, places).to_f64()),
        _ => value,
    }
}

fn rounded(call: &Call<'_>, rounding: Rounding) -> Result<ArrayRef> {
    if let Some(quick) = quickly_rounded(call, rounding) {
        return Ok(quick);
    }
    let places = call.args.get(1).map(|p| p.primitives::<Int64Type>());
    numbers(call, |row, number| {
        let places = match &places {
            Some(places) => match places.get(row) {
                Some(places) => places,
                None => return Ok(None),
            },
            None => 0,
        };
        let Some((digits, scale)) = number.to_digits() else {
            // Neither infinity nor NaN has digits to round.
            return Ok(Some(number));
        };
        if places >= i64::from(scale) {
            return Ok(Some(number));
        }
        let places = places.clamp(-76, 76) as i8;
        let too_large = || call.refuse("the result is too large");
        let cut = rescale(digits, scale, places, rounding).ok_or_else(too_large)?;
        // Digits in front of the point that are cut off come back as zeros.
        let digits = rescale(cut, places, places.max(0), rounding).ok_or_else(too_large)?;
        Ok(Some(Number::Decimal(digits, places.max(0))))
    })
}

pub(super) fn round(call: &Call<'_>) -> Result<ArrayRef> {
    rounded(call, Rounding::HalfUp)
}

pub(super) fn trunc(call: &Call<'_>) -> Result<ArrayRef> {
    rounded(call, Rounding::Down)
}

pub(super) fn ceil(call: &Call<'_>) -> Result<ArrayRef> {
    rounded(call, Rounding::Ceiling)
}

pub(super) fn floor(call: &Call<'_>) -> Result<ArrayRef> {
    rounded(call, Rounding::Floor)
}

pub(super) fn sign(call: &Call<'_>) -> Result<ArrayRef> {
    let values = Numbers::new(&call.args[0], &call.types[0]).expect("a number was asked for");
    build_primitives::<Int32Type>(call.rows, |row| {
        // SeaTunnel: the sign of null is 0.
        Ok(Some(match values.get(row) {
            None => 0,
            Some(Number::Decimal(digits, _)) => digits.signum().to_i128().unwrap_or(0) as i32,
            Some(other) => match other.to_f64() {
                v if v > 0.0 => 1,
                v if v < 0.0 => -1,
                _ => 0,
            },
        }))
    })
}

pub(super) fn trim_scale(call: &Call<'_>) -> Result<ArrayRef> {
    let values = Numbers::new(&call.args[0], &call.types[0]).expect("a number was asked for");
    build_texts(call.rows, |row, out| {
        let Some(number) = values.get(row) else {
            return Ok(false);
        };
        let Some((digits, scale)) = number.to_digits() else {
            return Err(call.refuse("not a finite number"));
        };
        let text = format_decimal(digits, scale);
        out.push_str(match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => &text,
        });
        Ok(true)
    })
}
