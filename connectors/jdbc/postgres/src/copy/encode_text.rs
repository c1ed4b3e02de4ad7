//! Values as text, as a cast to `text` gives them on the server; nested values as JSON.

use std::io::Write;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_buffer::i256;
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, format_decimal};
use seatunnel_api::{DataType, MAX_DECIMAL128, Value};
use seatunnel_jdbc_core::json::json;

/// The texts of a column one behind the other, and where each ends; nulls have none.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) bytes: Vec<u8>,
    /// `ends[row]..ends[row + 1]` is the text of a row.
    pub(crate) ends: Vec<usize>,
}

impl Texts {
    fn new(rows: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self {
            bytes: Vec::with_capacity(rows * 16),
            ends,
        }
    }

    /// Makes one text for each row that is not null.
    pub(crate) fn each(column: &dyn Array, mut write: impl FnMut(usize, &mut Vec<u8>)) -> Self {
        let mut texts = Self::new(column.len());
        for row in 0..column.len() {
            if column.is_valid(row) {
                write(row, &mut texts.bytes);
            }
            texts.ends.push(texts.bytes.len());
        }
        texts
    }

    pub(crate) fn get(&self, row: usize) -> &[u8] {
        &self.bytes[self.ends[row]..self.ends[row + 1]]
    }
}

/// The texts of a column of any type. Text and binary columns are better read where they lie.
pub(crate) fn texts(column: &dyn Array, data_type: &DataType) -> Texts {
    match data_type {
        DataType::Null => Texts::each(column, |_, _| {}),
        DataType::String => {
            let values = column.as_string::<i32>();
            Texts::each(column, |row, out| {
                out.extend_from_slice(values.value(row).as_bytes());
            })
        }
        DataType::Boolean => {
            let values = column.as_boolean();
            Texts::each(column, |row, out| {
                let text: &[u8] = if values.value(row) { b"true" } else { b"false" };
                out.extend_from_slice(text);
            })
        }
        DataType::TinyInt => integers::<Int8Type>(column),
        DataType::SmallInt => integers::<Int16Type>(column),
        DataType::Int => integers::<Int32Type>(column),
        DataType::BigInt => integers::<Int64Type>(column),
        DataType::Float => {
            let values = column.as_primitive::<Float32Type>().values();
            Texts::each(column, |row, out| float(out, values[row]))
        }
        DataType::Double => {
            let values = column.as_primitive::<Float64Type>().values();
            Texts::each(column, |row, out| float(out, values[row]))
        }
        DataType::Decimal { precision, scale } => {
            let digits: Box<dyn Fn(usize) -> i256> = if *precision <= MAX_DECIMAL128 {
                let values = column.as_primitive::<Decimal128Type>().values();
                Box::new(|row| i256::from_i128(values[row]))
            } else {
                let values = column.as_primitive::<Decimal256Type>().values();
                Box::new(|row| values[row])
            };
            Texts::each(column, |row, out| {
                out.extend_from_slice(format_decimal(digits(row), *scale).as_bytes());
            })
        }
        DataType::Bytes => {
            let values = column.as_binary::<i32>();
            Texts::each(column, |row, out| {
                out.extend_from_slice(b"\\x");
                for byte in values.value(row) {
                    out.extend([byte >> 4, byte & 15].map(|d| b"0123456789abcdef"[usize::from(d)]));
                }
            })
        }
        DataType::Date => {
            let values = column.as_primitive::<Date32Type>().values();
            Texts::each(column, |row, out| era(out, values[row], |_| {}))
        }
        DataType::Time => {
            let values = column.as_primitive::<Time64MicrosecondType>().values();
            Texts::each(column, |row, out| time(out, values[row]))
        }
        DataType::Timestamp => {
            let values = column.as_primitive::<TimestampMicrosecondType>().values();
            Texts::each(column, |row, out| timestamp(out, values[row], b""))
        }
        DataType::TimestampTz => {
            let values = column.as_primitive::<TimestampMicrosecondType>().values();
            Texts::each(column, |row, out| timestamp(out, values[row], b"+00"))
        }
        DataType::Array(_) | DataType::Map(..) | DataType::Row(_) | DataType::FloatVector(_) => {
            Texts::each(column, |row, out| {
                let value = json(&Value::read(column, data_type, row), data_type);
                // Writing into a vector does not fail.
                let _ = write!(out, "{value}");
            })
        }
    }
}

fn integers<T: ArrowPrimitiveType>(column: &dyn Array) -> Texts
where
    T::Native: itoa::Integer,
{
    let values = column.as_primitive::<T>().values();
    let mut digits = itoa::Buffer::new();
    Texts::each(column, |row, out| {
        out.extend_from_slice(digits.format(values[row]).as_bytes());
    })
}

/// The shortest text that reads back as the same float.
fn float<F: Copy + Into<f64> + std::fmt::Display + std::fmt::LowerExp>(
    out: &mut Vec<u8>,
    value: F,
) {
    let wide: f64 = value.into();
    let size = wide.abs();
    let _ = if wide.is_nan() {
        write!(out, "NaN")
    } else if wide.is_infinite() {
        write!(out, "{}Infinity", if wide < 0.0 { "-" } else { "" })
    } else if size == 0.0 || (1e-5..1e15).contains(&size) {
        write!(out, "{value}")
    } else {
        write!(out, "{value:e}")
    };
}

fn digits(out: &mut Vec<u8>, number: u32, width: usize) {
    let _ = write!(out, "{number:0width$}");
}

/// A date, and what `rest` writes behind it; years before the first have ` BC` at the very end.
fn era(out: &mut Vec<u8>, days: i32, rest: impl FnOnce(&mut Vec<u8>)) {
    let (year, month, day) = civil_from_days(days);
    let shown = if year > 0 { year } else { 1 - year };
    digits(out, shown.unsigned_abs(), 4);
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, day, 2);
    rest(out);
    if year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

fn time(out: &mut Vec<u8>, micros: i64) {
    let seconds = (micros / MICROS_PER_SECOND) as u32;
    digits(out, seconds / 3_600, 2);
    out.push(b':');
    digits(out, seconds / 60 % 60, 2);
    out.push(b':');
    digits(out, seconds % 60, 2);
    let fraction = micros % MICROS_PER_SECOND;
    if fraction != 0 {
        let _ = write!(out, ".{fraction:06}");
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

fn timestamp(out: &mut Vec<u8>, micros: i64, zone: &[u8]) {
    era(out, micros.div_euclid(MICROS_PER_DAY) as i32, |out| {
        out.push(b' ');
        time(out, micros.rem_euclid(MICROS_PER_DAY));
        out.extend_from_slice(zone);
    });
}

#[cfg(test)]
mod tests {
    use arrow_array::{Float64Array, TimestampMicrosecondArray};

    use super::*;

    fn all(texts: &Texts) -> Vec<&str> {
        (0..texts.ends.len() - 1)
            .map(|row| std::str::from_utf8(texts.get(row)).unwrap())
            .collect()
    }

    #[test]
    fn floats_are_short() {
        let column = Float64Array::from(vec![0.1, 1.0, -1e300, 1e-7, f64::NAN, f64::NEG_INFINITY]);
        let shown = texts(&column, &DataType::Double);
        assert_eq!(
            all(&shown),
            ["0.1", "1", "-1e300", "1e-7", "NaN", "-Infinity"]
        );
    }

    #[test]
    fn times_before_christ_say_so() {
        let column = TimestampMicrosecondArray::from(vec![
            Some(-1),
            None,
            Some(i64::from(-719_529) * MICROS_PER_DAY),
        ]);
        let shown = texts(&column, &DataType::Timestamp);
        assert_eq!(
            all(&shown),
            ["1969-12-31 23:59:59.999999", "", "0002-12-31 00:00:00 BC"]
        );
    }
}
