//! Values as text, as Java's `toString` writes them: what SeaTunnel shows of a value.

use std::fmt::Write;

use arrow_array::types::{Date32Type, Time64MicrosecondType, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, cast::AsArray};
use arrow_buffer::i256;
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, format_date, format_decimal};
use seatunnel_api::{DataType, Error, Result};

use crate::codes;
use crate::columnar::{Columnar, Number, Numbers, build_texts};

/// Whether values of a type have a text.
pub(crate) fn has_text(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Array(_) | DataType::Map(..) | DataType::Row(_) | DataType::FloatVector(_)
    )
}

/// A column as text.
pub(crate) fn to_text(column: &Columnar, data_type: &DataType) -> Result<ArrayRef> {
    let array = &column.array;
    let rows = array.len();
    if let Some(numbers) = Numbers::new(&Columnar::rows(array.clone()), data_type) {
        return build_texts(rows, |row, out| {
            Ok(match numbers.get(row) {
                Some(number) => {
                    write_number(number, out);
                    true
                }
                None => false,
            })
        });
    }
    let valid = |row: usize| array.is_valid(row);
    match data_type {
        DataType::String => Ok(array.clone()),
        DataType::Null => Ok(arrow_array::new_null_array(
            &arrow_schema::DataType::Utf8,
            rows,
        )),
        DataType::Boolean => build_texts(rows, |row, out| {
            out.push_str(if valid(row) && array.as_boolean().value(row) {
                "true"
            } else {
                "false"
            });
            Ok(valid(row))
        }),
        DataType::Bytes => build_texts(rows, |row, out| {
            if !valid(row) {
                return Ok(false);
            }
            let text = std::str::from_utf8(array.as_binary::<i32>().value(row)).map_err(|e| {
                Error::new(
                    codes::SQL_VALUE,
                    "bytes that are no UTF-8 text can't become a string",
                )
                .with_cause(e)
            })?;
            out.push_str(text);
            Ok(true)
        }),
        DataType::Date => {
            let days = array.as_primitive::<Date32Type>();
            build_texts(rows, |row, out| {
                if valid(row) {
                    out.push_str(&format_date(days.value(row)));
                }
                Ok(valid(row))
            })
        }
        DataType::Time => {
            let micros = array.as_primitive::<Time64MicrosecondType>();
            build_texts(rows, |row, out| {
                if valid(row) {
                    write_time(micros.value(row), out);
                }
                Ok(valid(row))
            })
        }
        DataType::Timestamp | DataType::TimestampTz => {
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            build_texts(rows, |row, out| {
                if valid(row) {
                    let value = micros.value(row);
                    out.push_str(&format_date(value.div_euclid(MICROS_PER_DAY) as i32));
                    out.push('T');
                    write_time(value.rem_euclid(MICROS_PER_DAY), out);
                    if *data_type == DataType::TimestampTz {
                        out.push('Z');
                    }
                }
                Ok(valid(row))
            })
        }
        other => Err(Error::new(
            codes::SQL_TYPE,
            format!("a value of the type {other} has no text"),
        )),
    }
}

/// `HH:mm`, with seconds and fractions only where they aren't zero, fractions by threes.
fn write_time(micros: i64, out: &mut String) {
    let seconds = micros / MICROS_PER_SECOND;
    let fraction = micros % MICROS_PER_SECOND;
    // Writing to a String can't fail.
    let _ = write!(out, "{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 || fraction != 0 {
        let _ = write!(out, ":{:02}", seconds % 60);
    }
    if fraction % 1000 != 0 {
        let _ = write!(out, ".{fraction:06}");
    } else if fraction != 0 {
        let _ = write!(out, ".{:03}", fraction / 1000);
    }
}

/// As `toString` of Java's number classes.
pub(crate) fn write_number(number: Number, out: &mut String) {
    match number {
        Number::Int(v) => out.push_str(itoa::Buffer::new().format(v)),
        Number::Decimal(digits, scale) => write_decimal(digits, scale, out),
        Number::Float(v) => write_float(f64::from(v), &format!("{v:e}"), out),
        Number::Double(v) => write_float(v, &format!("{v:e}"), out),
    }
}

/// `BigDecimal.toString`: with an exponent where the first digit stands further back than the seventh
/// place behind the point.
fn write_decimal(digits: i256, scale: i8, out: &mut String) {
    let text = digits.to_string();
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    let exponent = unsigned.len() as i32 - 1 - i32::from(scale);
    if scale >= 0 && exponent >= -6 {
        out.push_str(&format_decimal(digits, scale));
        return;
    }
    let (first, rest) = unsigned.split_at(1);
    out.push_str(sign);
    out.push_str(first);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    // Writing to a String can't fail.
    let _ = write!(out, "E{exponent:+}");
}

/// `Double.toString`: plain from 10^-3 to 10^7, otherwise `1.0E10`. `shortest` are the digits as
/// Rust's `{:e}` has them.
fn write_float(value: f64, shortest: &str, out: &mut String) {
    if !value.is_finite() {
        out.push_str(match value {
            v if v.is_nan() => "NaN",
            v if v > 0.0 => "Infinity",
            _ => "-Infinity",
        });
        return;
    }
    let size = value.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        // The shortest digits of a 32-bit float, not those of its 64-bit value.
        let plain = plain(shortest);
        out.push_str(&plain);
        if !plain.contains('.') {
            out.push_str(".0");
        }
        return;
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    out.push_str(mantissa);
    if !mantissa.contains('.') {
        out.push_str(".0");
    }
    out.push('E');
    out.push_str(exponent);
}

/// `1.5e-2` as `0.015`.
fn plain(shortest: &str) -> String {
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let point = whole.len() as i32 + exponent;
    if point <= 0 {
        return format!(
            "{sign}0.{}{digits}",
            "0".repeat(point.unsigned_abs() as usize)
        );
    }
    let point = point as usize;
    if point >= digits.len() {
        return format!("{sign}{digits}{}", "0".repeat(point - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..point], &digits[point..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_java_writes_them() {
        for (value, expected) in [
            (1.0, "1.0"),
            (0.001, "0.001"),
            (0.00099, "9.9E-4"),
            (1e7, "1.0E7"),
            (9_999_999.5, "9999999.5"),
            (-123.25, "-123.25"),
            (1.5e300, "1.5E300"),
            (0.0, "0.0"),
            (f64::NAN, "NaN"),
        ] {
            let mut out = String::new();
            write_number(Number::Double(value), &mut out);
            assert_eq!(out, expected);
        }
        let mut out = String::new();
        write_number(Number::Float(1.1), &mut out);
        assert_eq!(out, "1.1");
    }

    #[test]
    fn small_decimals_are_written_with_an_exponent() {
        for (digits, scale, expected) in [
            (12345, 2, "123.45"),
            (-5, 3, "-0.005"),
            (1, 6, "0.000001"),
            (0, 6, "0.000000"),
            (1, 7, "1E-7"),
            (-1234, 12, "-1.234E-9"),
            (0, 10, "0E-10"),
            (15, -2, "1.5E+3"),
        ] {
            let mut out = String::new();
            write_number(Number::Decimal(i256::from_i128(digits), scale), &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn times_leave_out_what_is_zero() {
        for (micros, expected) in [
            (0, "00:00"),
            (45_000_000, "00:00:45"),
            (500_000, "00:00:00.500"),
            (1, "00:00:00.000001"),
        ] {
            let mut out = String::new();
            write_time(micros, &mut out);
            assert_eq!(out, expected);
        }
    }
}
