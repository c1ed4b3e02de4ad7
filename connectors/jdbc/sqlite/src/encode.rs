//! Columns into the parameters of statements.

use std::fmt::Write;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, RecordBatch};
use rusqlite::types::Null;
use rusqlite::{Statement, ToSql};
use seatunnel_api::Value;
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days};
use seatunnel_jdbc_core::json::json;

use crate::types::Form;

/// Why a row could not be bound.
#[derive(Debug)]
pub(crate) enum BindError {
    /// SQLite refused.
    Sqlite(rusqlite::Error),
    /// A float is not a number; the row.
    NotANumber(usize),
}

impl From<rusqlite::Error> for BindError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Where the values of one column go: row `i` of the rows has parameter `first + i * stride`.
#[derive(Clone, Copy)]
pub(crate) struct Parameters {
    pub(crate) first: usize,
    pub(crate) stride: usize,
}

/// Binds a column of some rows. `text` is scratch space.
pub(crate) fn bind(
    statement: &mut Statement<'_>,
    records: &RecordBatch,
    (place, form): &(usize, Form),
    rows: Range<usize>,
    parameters: Parameters,
    text: &mut String,
) -> Result<(), BindError> {
    let column = records.column(*place).as_ref();
    let mut to = Binder {
        statement,
        column,
        rows,
        parameters,
    };
    match form {
        Form::Null => to.each(|_| Ok(Null)),
        Form::Boolean => {
            let values = column.as_boolean();
            to.each(|row| Ok(values.value(row)))
        }
        Form::TinyInt => to.numbers::<Int8Type>(),
        Form::SmallInt => to.numbers::<Int16Type>(),
        Form::Int => to.numbers::<Int32Type>(),
        Form::BigInt => to.numbers::<Int64Type>(),
        Form::Float => {
            let values = column.as_primitive::<Float32Type>().values();
            to.each(|row| number(f64::from(values[row]), row))
        }
        Form::Double => {
            let values = column.as_primitive::<Float64Type>().values();
            to.each(|row| number(values[row], row))
        }
        Form::DecimalNumber(scale) => {
            let values = column.as_primitive::<Decimal128Type>().values();
            // Digits and power of ten are exact, so that the quotient is the nearest double.
            let divisor = 10f64.powi(i32::from(*scale));
            to.each(|row| Ok(values[row] as f64 / divisor))
        }
        Form::DecimalText(scale) => {
            let values = column.as_primitive::<Decimal128Type>().values();
            to.texts(text, |row, text| decimal(text, values[row], *scale))
        }
        Form::WideDecimalText(scale) => {
            let values = column.as_primitive::<Decimal256Type>().values();
            to.texts(text, |row, text| {
                text.push_str(&seatunnel_api::time::format_decimal(values[row], *scale));
            })
        }
        Form::Text => {
            let values = column.as_string::<i32>();
            to.each(|row| Ok(values.value(row)))
        }
        Form::Bytes => {
            let values = column.as_binary::<i32>();
            to.each(|row| Ok(values.value(row)))
        }
        Form::Date => {
            let values = column.as_primitive::<Date32Type>().values();
            to.texts(text, |row, text| date(text, values[row]))
        }
        Form::Time => {
            let values = column.as_primitive::<Time64MicrosecondType>().values();
            to.texts(text, |row, text| time(text, values[row]))
        }
        Form::Timestamp => {
            let values = column.as_primitive::<TimestampMicrosecondType>().values();
            to.texts(text, |row, text| timestamp(text, values[row]))
        }
        Form::TimestampTz => {
            let values = column.as_primitive::<TimestampMicrosecondType>().values();
            to.texts(text, |row, text| {
                timestamp(text, values[row]);
                text.push('Z');
            })
        }
        Form::Json(data_type) => to.texts(text, |row, text| {
            let json = json(&Value::read(column, data_type, row), data_type);
            text.push_str(&json.to_string());
        }),
    }
}

struct Binder<'a, 's> {
    statement: &'a mut Statement<'s>,
    column: &'a dyn Array,
    rows: Range<usize>,
    parameters: Parameters,
}

impl Binder<'_, '_> {
    /// Binds what `value` gives for each row that is not null.
    fn each<V: ToSql>(
        &mut self,
        value: impl Fn(usize) -> Result<V, BindError>,
    ) -> Result<(), BindError> {
        let mut parameter = self.parameters.first;
        let nulls = self.column.null_count() > 0;
        for row in self.rows.clone() {
            if nulls && self.column.is_null(row) {
                self.statement.raw_bind_parameter(parameter, Null)?;
            } else {
                self.statement.raw_bind_parameter(parameter, value(row)?)?;
            }
            parameter += self.parameters.stride;
        }
        Ok(())
    }

    fn numbers<T: ArrowPrimitiveType>(&mut self) -> Result<(), BindError>
    where
        T::Native: Into<i64>,
    {
        let values = self.column.as_primitive::<T>().values();
        self.each(|row| Ok(values[row].into()))
    }

    /// Binds the text that `write` writes for each row that is not null.
    fn texts(
        &mut self,
        text: &mut String,
        mut write: impl FnMut(usize, &mut String),
    ) -> Result<(), BindError> {
        let mut parameter = self.parameters.first;
        for row in self.rows.clone() {
            if self.column.is_null(row) {
                self.statement.raw_bind_parameter(parameter, Null)?;
            } else {
                text.clear();
                write(row, text);
                self.statement
                    .raw_bind_parameter(parameter, text.as_str())?;
            }
            parameter += self.parameters.stride;
        }
        Ok(())
    }
}

/// SQLite stores "not a number" as null: that would lose it in silence.
fn number(value: f64, row: usize) -> Result<f64, BindError> {
    if value.is_nan() {
        Err(BindError::NotANumber(row))
    } else {
        Ok(value)
    }
}

fn two(text: &mut String, number: u32) {
    text.push((b'0' + (number / 10 % 10) as u8) as char);
    text.push((b'0' + (number % 10) as u8) as char);
}

/// `yyyy-MM-dd`
fn date(text: &mut String, days: i32) {
    let (year, month, day) = civil_from_days(days);
    if (0..10_000).contains(&year) {
        two(text, year as u32 / 100);
        two(text, year as u32 % 100);
    } else {
        // Writing into a string does not fail.
        let _ = write!(text, "{year}");
    }
    text.push('-');
    two(text, month);
    text.push('-');
    two(text, day);
}

/// `HH:mm:ss` and the fraction where there is one, without closing zeros.
fn time(text: &mut String, micros: i64) {
    let seconds = (micros / MICROS_PER_SECOND) as u32;
    two(text, seconds / 3_600);
    text.push(':');
    two(text, seconds / 60 % 60);
    text.push(':');
    two(text, seconds % 60);
    let fraction = micros % MICROS_PER_SECOND;
    if fraction != 0 {
        let _ = write!(text, ".{fraction:06}");
        text.truncate(text.trim_end_matches('0').len());
    }
}

fn timestamp(text: &mut String, micros: i64) {
    date(text, micros.div_euclid(MICROS_PER_DAY) as i32);
    text.push(' ');
    time(text, micros.rem_euclid(MICROS_PER_DAY));
}

/// The digits with the point at its place.
fn decimal(text: &mut String, digits: i128, scale: i8) {
    if scale <= 0 {
        let _ = write!(text, "{digits}");
        if digits != 0 {
            text.extend(std::iter::repeat_n('0', usize::from(scale.unsigned_abs())));
        }
        return;
    }
    if digits < 0 {
        text.push('-');
    }
    let start = text.len();
    let _ = write!(
        text,
        "{:0width$}",
        digits.unsigned_abs(),
        width = scale as usize + 1
    );
    let point = text.len() - scale as usize;
    debug_assert!(point > start);
    text.insert(point, '.');
}

#[cfg(test)]
mod tests {
    use seatunnel_api::DataType;

    use super::*;

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut text = String::new();
        write(&mut text);
        text
    }

    #[test]
    fn decimals_keep_their_scale() {
        for (digits, scale, expected) in [
            (12_345, 2, "123.45"),
            (-5, 2, "-0.05"),
            (0, 2, "0.00"),
            (7, 0, "7"),
            (7, -2, "700"),
        ] {
            assert_eq!(written(|t| decimal(t, digits, scale)), expected);
        }
    }

    #[test]
    fn times_are_iso_texts() {
        assert_eq!(written(|t| timestamp(t, -1)), "1969-12-31 23:59:59.999999");
        assert_eq!(
            written(|t| timestamp(t, 1_500_000)),
            "1970-01-01 00:00:01.5"
        );
        assert_eq!(written(|t| date(t, -719_528)), "0000-01-01");
    }

    #[test]
    fn nested_values_are_json() {
        let of = DataType::parse("{a = array<float>, b = map<string, decimal(4, 2)>}").unwrap();
        let value = Value::Row(vec![
            Value::Array(vec![Value::Float(0.1), Value::Null]),
            Value::Map(vec![(
                Value::String("k".into()),
                Value::Decimal("123".parse().unwrap(), 2),
            )]),
        ]);
        assert_eq!(
            json(&value, &of).to_string(),
            r#"{"a":[0.1,null],"b":{"k":"1.23"}}"#
        );
    }
}
