//! Values as text, as Java's `toString` writes them: what SeaTunnel shows of a value.

use arrow_array::types::{Date32Type, Time64MicrosecondType, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, cast::AsArray};
use seatunnel_api::{DataType, Error, Result, java_text};

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
                    java_text::date(days.value(row), out);
                }
                Ok(valid(row))
            })
        }
        DataType::Time => {
            let micros = array.as_primitive::<Time64MicrosecondType>();
            build_texts(rows, |row, out| {
                if valid(row) {
                    java_text::time(micros.value(row), out);
                }
                Ok(valid(row))
            })
        }
        DataType::Timestamp | DataType::TimestampTz => {
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            build_texts(rows, |row, out| {
                if valid(row) {
                    java_text::timestamp(micros.value(row), out);
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

/// As `toString` of Java's number classes.
pub(crate) fn write_number(number: Number, out: &mut String) {
    match number {
        Number::Int(v) => out.push_str(itoa::Buffer::new().format(v)),
        Number::Decimal(digits, scale) => java_text::decimal(digits, scale, out),
        Number::Float(v) => java_text::float(v, out),
        Number::Double(v) => java_text::double(v, out),
    }
}
