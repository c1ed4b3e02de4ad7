//! `+ - * / %` of whole numbers and of decimals: exact, and an error where the result has no place.
//! Floats are left to DataFusion, which computes them as Java does.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Decimal128Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Datum, Decimal128Array, PrimitiveArray, Scalar};
use arrow_buffer::NullBuffer;
use arrow_schema::ArrowError;
use seatunnel_api::{DataType, Error, MAX_DECIMAL128, Result};

use crate::codes;
use crate::columnar::{Columnar, Numbers};
use crate::decimal::{DecimalColumn, calculate};

/// `left op right`. Whole numbers are both of the type of the result; decimals may be computed from
/// numbers of any type. `text` is how the query has it.
///
/// # Errors
/// If a result does not fit, or a divisor is zero.
pub(crate) fn compute(
    op: char,
    (left, left_type): (&Columnar, &DataType),
    (right, right_type): (&Columnar, &DataType),
    result: &DataType,
    rows: usize,
    text: &str,
) -> Result<ArrayRef> {
    if let DataType::Decimal { precision, scale } = *result {
        let (left, right) = ((left, left_type), (right, right_type));
        if let Some(array) = quick_decimals(op, left, right, precision, scale, rows) {
            return Ok(array);
        }
        return decimals(op, left, right, precision, scale, rows, text);
    }
    let quick = match result {
        DataType::Int => quick_ints(op, left, right, rows),
        DataType::BigInt => quick_longs(op, left, right, rows),
        _ => None,
    };
    match quick {
        Some(array) => Ok(array),
        None => checked(op, left, right, rows, text),
    }
}

/// Nulls of the result.
fn nulls(left: &Columnar, right: &Columnar, rows: usize) -> Option<NullBuffer> {
    let of = |column: &Columnar| match column.constant {
        true if column.array.is_null(0) => Some(NullBuffer::new_null(rows)),
        true => None,
        false => column.array.nulls().cloned(),
    };
    NullBuffer::union(of(left).as_ref(), of(right).as_ref())
}

/// Computes all rows with wrapping, and whether a row has wrapped: a loop that the compiler makes wide.
/// What stands under nulls may wrap too; then the slower way decides.
fn wrapping<T: ArrowPrimitiveType>(
    left: &Columnar,
    right: &Columnar,
    rows: usize,
    compute: impl Fn(T::Native, T::Native) -> (T::Native, bool),
) -> Option<ArrayRef> {
    let (l, r) = (values::<T>(left), values::<T>(right));
    let mut wrapped = false;
    let mut step = |(value, over): (T::Native, bool)| {
        wrapped |= over;
        value
    };
    let results: Vec<T::Native> = match (left.constant, right.constant) {
        (false, false) => (l.iter().zip(r))
            .map(|(l, r)| step(compute(*l, *r)))
            .collect(),
        (true, false) => r.iter().map(|r| step(compute(l[0], *r))).collect(),
        (false, true) => l.iter().map(|l| step(compute(*l, r[0]))).collect(),
        (true, true) => vec![step(compute(l[0], r[0])); rows],
    };
    if wrapped {
        return None;
    }
    let nulls = nulls(left, right, rows);
    Some(Arc::new(PrimitiveArray::<T>::new(results.into(), nulls)))
}

fn values<T: ArrowPrimitiveType>(column: &Columnar) -> &[T::Native] {
    use arrow_array::cast::AsArray;
    column.array.as_primitive::<T>().values()
}

fn quick_ints(op: char, left: &Columnar, right: &Columnar, rows: usize) -> Option<ArrayRef> {
    let run =
        |compute: fn(i32, i32) -> (i32, bool)| wrapping::<Int32Type>(left, right, rows, compute);
    match op {
        '+' => run(|a, b| {
            let sum = a.wrapping_add(b);
            (sum, (a ^ sum) & (b ^ sum) < 0)
        }),
        '-' => run(|a, b| {
            let difference = a.wrapping_sub(b);
            (difference, (a ^ b) & (a ^ difference) < 0)
        }),
        '*' => run(|a, b| {
            let product = i64::from(a) * i64::from(b);
            (product as i32, product != i64::from(product as i32))
        }),
        _ => None,
    }
}

fn quick_longs(op: char, left: &Columnar, right: &Columnar, rows: usize) -> Option<ArrayRef> {
    let run =
        |compute: fn(i64, i64) -> (i64, bool)| wrapping::<Int64Type>(left, right, rows, compute);
    match op {
        '+' => run(|a, b| {
            let sum = a.wrapping_add(b);
            (sum, (a ^ sum) & (b ^ sum) < 0)
        }),
        '-' => run(|a, b| {
            let difference = a.wrapping_sub(b);
            (difference, (a ^ b) & (a ^ difference) < 0)
        }),
        '*' => run(i64::overflowing_mul),
        _ => None,
    }
}

/// Decimals whose steps can't leave 128 bits. None where they could, or where a row has to be refused:
/// the exact way says why.
fn quick_decimals(
    op: char,
    (left, left_type): (&Columnar, &DataType),
    (right, right_type): (&Columnar, &DataType),
    precision: u8,
    scale: i8,
    rows: usize,
) -> Option<ArrayRef> {
    let digits = |data_type: &DataType| match data_type {
        DataType::TinyInt => Some((3i16, 0i16)),
        DataType::SmallInt => Some((5, 0)),
        DataType::Int => Some((10, 0)),
        DataType::BigInt => Some((19, 0)),
        DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 && *scale >= 0 => {
            Some((i16::from(*precision), i16::from(*scale)))
        }
        _ => None,
    };
    if precision > MAX_DECIMAL128 || scale < 0 {
        return None;
    }
    let ((p1, s1), (p2, s2)) = (digits(left_type)?, digits(right_type)?);
    let scale_out = i16::from(scale);
    let power = |exponent: i16| 10i128.pow(exponent.unsigned_abs().into());
    // 37 digits and a carry have a place in 128 bits.
    let (up_left, up_right, down) = match op {
        '+' | '-' => {
            let common = s1.max(s2);
            if (p1 + common - s1).max(p2 + common - s2) > 37 || common > scale_out {
                return None;
            }
            (power(common - s1), power(common - s2), scale_out - common)
        }
        '*' if p1 + p2 <= 37 => (1, 1, scale_out - s1 - s2),
        '/' => {
            let shift = scale_out + s2 - s1;
            if shift < 0 || p1 + shift > 37 {
                return None;
            }
            (power(shift), 1, 0)
        }
        _ => return None,
    };
    if down > 0 && p1.max(p2) + down + 1 > 37 {
        return None;
    }
    let factor = power(down);
    let limit = power(i16::from(precision));
    let (l, r) = (wide(left, left_type), wide(right, right_type));
    let nulls = nulls(left, right, rows);
    let half = factor / 2;
    let mut misfit = false;
    let values: Vec<i128> = (0..rows)
        .map(|row| {
            let a = l[if left.constant { 0 } else { row }] * up_left;
            let b = r[if right.constant { 0 } else { row }] * up_right;
            let exact = match op {
                '+' => a + b,
                '-' => a - b,
                '*' => a * b,
                _ if b == 0 => {
                    misfit |= nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                    0
                }
                // Away from zero, as SeaTunnel divides.
                _ => {
                    a / b
                        + if a % b == 0 {
                            0
                        } else {
                            a.signum() * b.signum()
                        }
                }
            };
            let value = match down {
                0 => exact,
                1.. => exact * factor,
                // To the nearest, halves away from zero.
                _ if exact < 0 => (exact - half) / factor,
                _ => (exact + half) / factor,
            };
            misfit |= value <= -limit || value >= limit;
            value
        })
        .collect();
    if misfit {
        return None;
    }
    let array = Decimal128Array::new(values.into(), nulls);
    let array = array.with_precision_and_scale(precision, scale).ok()?;
    Some(Arc::new(array))
}

/// The digits of whole numbers and decimals in 128 bits; zero under nulls, so that nothing there is
/// too large.
fn wide(column: &Columnar, data_type: &DataType) -> Vec<i128> {
    use arrow_array::types::{Int8Type, Int16Type};
    fn of<T: ArrowPrimitiveType>(column: &Columnar) -> Vec<i128>
    where
        T::Native: Into<i128>,
    {
        let values = values::<T>(column);
        match column.array.nulls() {
            None => values.iter().map(|v| (*v).into()).collect(),
            Some(nulls) => (values.iter().zip(nulls))
                .map(|(v, valid)| if valid { (*v).into() } else { 0 })
                .collect(),
        }
    }
    match data_type {
        DataType::TinyInt => of::<Int8Type>(column),
        DataType::SmallInt => of::<Int16Type>(column),
        DataType::Int => of::<Int32Type>(column),
        DataType::BigInt => of::<Int64Type>(column),
        _ => of::<Decimal128Type>(column),
    }
}

/// Runs a kernel on two columns, of which either may be one value for all rows.
fn with_datums<T>(
    left: &Columnar,
    right: &Columnar,
    kernel: impl FnOnce(&dyn Datum, &dyn Datum) -> std::result::Result<T, ArrowError>,
) -> std::result::Result<T, ArrowError> {
    let scalar = |column: &Columnar| Scalar::new(column.array.clone());
    match (left.constant, right.constant) {
        (false, false) | (true, true) => kernel(&left.array, &right.array),
        (true, false) => kernel(&scalar(left), &right.array),
        (false, true) => kernel(&left.array, &scalar(right)),
    }
}

fn checked(
    op: char,
    left: &Columnar,
    right: &Columnar,
    rows: usize,
    text: &str,
) -> Result<ArrayRef> {
    use arrow_arith::numeric;
    let both = left.constant && right.constant;
    let array = with_datums(left, right, |left, right| match op {
        '+' => numeric::add(left, right),
        '-' => numeric::sub(left, right),
        '*' => numeric::mul(left, right),
        '/' => numeric::div(left, right),
        _ => numeric::rem(left, right),
    })
    .map_err(|error| {
        let why = match error {
            ArrowError::DivideByZero => "division by zero",
            ArrowError::ArithmeticOverflow(_) => "the result is too large for its type",
            _ => "it can't be computed",
        };
        Error::new(codes::SQL_VALUE, format!("`{text}`: {why}")).with_cause(error)
    })?;
    match both {
        true => Columnar::constant(array).expanded(rows),
        false => Ok(array),
    }
}

fn decimals(
    op: char,
    (left, left_type): (&Columnar, &DataType),
    (right, right_type): (&Columnar, &DataType),
    precision: u8,
    scale: i8,
    rows: usize,
    text: &str,
) -> Result<ArrayRef> {
    let numbers = |column, data_type| {
        Numbers::new(column, data_type)
            .ok_or_else(|| Error::new(codes::SQL_TYPE, format!("`{text}`: not numbers")))
    };
    let l = numbers(left, left_type)?;
    let r = numbers(right, right_type)?;
    let mut out = DecimalColumn::new(precision, scale, rows);
    for row in 0..rows {
        let (Some(a), Some(b)) = (l.get(row), r.get(row)) else {
            out.push(None)?;
            continue;
        };
        let refused = |why: &str| Error::new(codes::SQL_VALUE, format!("`{text}`: {why}"));
        if matches!(op, '/' | '%') && b.to_f64() == 0.0 {
            return Err(refused("division by zero"));
        }
        let (Some(a), Some(b)) = (a.to_digits(), b.to_digits()) else {
            return Err(refused("not a number with decimal digits"));
        };
        let digits =
            calculate(op, a, b, scale).ok_or_else(|| refused("the numbers are too large"))?;
        out.push(Some(digits))
            .map_err(|e| e.with_context("expression", format!("`{text}`")))?;
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(digits: Vec<Option<i128>>, precision: u8, scale: i8) -> Columnar {
        let array = Decimal128Array::from(digits);
        Columnar::rows(Arc::new(
            array.with_precision_and_scale(precision, scale).unwrap(),
        ))
    }

    #[test]
    fn the_quick_way_and_the_exact_one_give_the_same_decimals() {
        let types = [(10, 2), (12, 4), (18, 0)];
        let digits = vec![Some(1234), Some(-99), None, Some(5), Some(-5), Some(0)];
        let others = vec![Some(7), Some(3), Some(1), None, Some(-5), Some(-33)];
        for (p1, s1) in types {
            for (p2, s2) in types {
                let left = decimal(digits.clone(), p1, s1);
                let right = decimal(others.clone(), p2, s2);
                let of = |precision, scale| DataType::Decimal { precision, scale };
                let (l, r) = ((&left, &of(p1, s1)), (&right, &of(p2, s2)));
                for op in ['+', '-', '*', '/'] {
                    let (precision, scale) = (p1.max(p2), s1.max(s2));
                    if op == '/' {
                        // A divisor of zero is left to the exact way.
                        let zero = quick_decimals(op, l, (&left, r.1), precision, scale, 6);
                        assert!(zero.is_none());
                    }
                    let quick = quick_decimals(op, l, r, precision, scale, 6).unwrap();
                    let exact = decimals(op, l, r, precision, scale, 6, "").unwrap();
                    assert_eq!(&quick, &exact, "{op} {p1} {s1} {p2} {s2}");
                }
            }
        }
    }

    #[test]
    fn what_stands_under_a_null_may_be_too_large() {
        let values = vec![i32::MAX, 1];
        let nulls = NullBuffer::from(vec![false, true]);
        let array = PrimitiveArray::<Int32Type>::new(values.into(), Some(nulls));
        let left = Columnar::rows(Arc::new(array));
        let sum = compute(
            '+',
            (&left, &DataType::Int),
            (&left, &DataType::Int),
            &DataType::Int,
            2,
            "a + a",
        );
        use arrow_array::cast::AsArray;
        let sum = sum.unwrap();
        let sum: Vec<_> = sum.as_primitive::<Int32Type>().iter().collect();
        assert_eq!(sum, [None, Some(2)]);
    }
}
