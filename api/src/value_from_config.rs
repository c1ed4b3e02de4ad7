//! Values out of a job file: SeaTunnel's conversion of JSON to rows.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::{ConfigValue, Kind};
use crate::row::Value;
use crate::time;
use crate::types::DataType;

impl Value {
    /// Reads a value of a type as job files write it.
    ///
    /// Rows are lists in the order of the fields or objects by field name, where a missing field is
    /// null and a foreign one is left out; map keys are converted to the key type; bytes are base64;
    /// decimals take the scale of the type; days and times are ISO, with `T` or a blank between.
    /// Numbers and booleans may be written as text. `null` fits every type.
    ///
    /// # Errors
    /// A sentence that says which value does not fit which type, without the place in the file.
    pub fn from_config(value: &ConfigValue, data_type: &DataType) -> Result<Self, String> {
        if value.is_null() {
            return Ok(Self::Null);
        }
        let misfit = || misfit(value, data_type);
        Ok(match data_type {
            DataType::Null => Self::Null,
            DataType::String => Self::String(text_of(value)),
            DataType::Boolean => match &value.kind {
                Kind::Bool(b) => Self::Boolean(*b),
                Kind::String(text) if text.trim().eq_ignore_ascii_case("true") => {
                    Self::Boolean(true)
                }
                Kind::String(text) if text.trim().eq_ignore_ascii_case("false") => {
                    Self::Boolean(false)
                }
                _ => return Err(misfit()),
            },
            DataType::TinyInt => Self::TinyInt(integer(value).ok_or_else(misfit)?),
            DataType::SmallInt => Self::SmallInt(integer(value).ok_or_else(misfit)?),
            DataType::Int => Self::Int(integer(value).ok_or_else(misfit)?),
            DataType::BigInt => Self::BigInt(integer(value).ok_or_else(misfit)?),
            // Through the wider type, as Java does it.
            DataType::Float => Self::Float(float(value).ok_or_else(misfit)? as f32),
            DataType::Double => Self::Double(float(value).ok_or_else(misfit)?),
            DataType::Decimal { precision, scale } => {
                let digits = number_text(value)
                    .and_then(|text| time::parse_decimal(text, *scale))
                    .ok_or_else(misfit)?;
                if digits.to_string().trim_start_matches('-').len() > usize::from(*precision) {
                    return Err(misfit());
                }
                Self::Decimal(digits, *scale)
            }
            DataType::Bytes => {
                let text = value.as_str().ok_or_else(misfit)?;
                Self::Bytes(
                    STANDARD
                        .decode(text.trim())
                        .map_err(|_| format!("expected bytes as base64, found {}", shown(value)))?,
                )
            }
            DataType::Date => Self::Date(day(value).ok_or_else(misfit)?),
            DataType::Time => {
                let text = value.as_str().ok_or_else(misfit)?;
                Self::Time(time::parse_time(text.trim().as_bytes()).ok_or_else(misfit)?)
            }
            DataType::Timestamp => {
                let text = value.scalar_text().ok_or_else(misfit)?;
                Self::Timestamp(date_time(text.trim()).ok_or_else(misfit)?)
            }
            DataType::TimestampTz => {
                let text = value.as_str().ok_or_else(misfit)?;
                let micros = time::parse_timestamp_tz(text.trim().as_bytes());
                Self::TimestampTz(micros.ok_or_else(misfit)?)
            }
            DataType::Array(item) => {
                let items = value.as_list().ok_or_else(misfit)?;
                Self::Array(
                    items
                        .iter()
                        .map(|v| Self::from_config(v, item))
                        .collect::<Result<_, _>>()?,
                )
            }
            DataType::FloatVector(dimension) => {
                let items = value.as_list().ok_or_else(misfit)?;
                if items.len() != *dimension as usize || items.iter().any(ConfigValue::is_null) {
                    return Err(format!(
                        "expected a vector of {dimension} numbers, found {}",
                        shown(value)
                    ));
                }
                Self::Array(
                    items
                        .iter()
                        .map(|v| Self::from_config(v, &DataType::Float))
                        .collect::<Result<_, _>>()?,
                )
            }
            DataType::Map(key_type, value_type) => {
                let members = value.as_object().ok_or_else(misfit)?;
                let entry = |(key, value): (&String, &ConfigValue)| {
                    let key = ConfigValue::new(Kind::String(key.clone()), value.span.clone());
                    Ok((
                        Self::from_config(&key, key_type)?,
                        Self::from_config(value, value_type)?,
                    ))
                };
                Self::Map(members.iter().map(entry).collect::<Result<_, String>>()?)
            }
            DataType::Row(fields) => {
                let given = |index: usize, name: &str| match &value.kind {
                    Kind::List(items) => items.get(index),
                    Kind::Object(members) => members.get(name),
                    _ => None,
                };
                if let Kind::List(items) = &value.kind
                    && items.len() > fields.len()
                {
                    return Err(format!(
                        "a row of {} fields is given {} values",
                        fields.len(),
                        items.len()
                    ));
                }
                if !matches!(value.kind, Kind::List(_) | Kind::Object(_)) {
                    return Err(misfit());
                }
                let field = |(index, field): (usize, &crate::types::RowField)| match given(
                    index,
                    &field.name,
                ) {
                    Some(value) => Self::from_config(value, &field.data_type)
                        .map_err(|message| format!("field {}: {message}", field.name)),
                    None => Ok(Self::Null),
                };
                Self::Row(
                    fields
                        .iter()
                        .enumerate()
                        .map(field)
                        .collect::<Result<_, _>>()?,
                )
            }
        })
    }
}

fn misfit(value: &ConfigValue, data_type: &DataType) -> String {
    format!(
        "expected a value of type {data_type}, found {}",
        shown(value)
    )
}

/// A value for a message, cut where it is long.
fn shown(value: &ConfigValue) -> String {
    let text = match &value.kind {
        Kind::String(text) => format!("{text:?}"),
        Kind::Number(text) => text.clone(),
        Kind::Bool(b) => b.to_string(),
        _ => value.type_name().to_owned(),
    };
    if text.chars().count() <= 60 {
        text
    } else {
        text.chars().take(57).chain("...".chars()).collect()
    }
}

/// A number as JSON has it (`43.0` is 43); lists and objects are their JSON.
fn text_of(value: &ConfigValue) -> String {
    match &value.kind {
        Kind::String(text) => text.clone(),
        _ => value.to_json().to_string(),
    }
}

fn number_text(value: &ConfigValue) -> Option<&str> {
    match &value.kind {
        Kind::Number(text) | Kind::String(text) => Some(text.trim()),
        _ => None,
    }
}

fn integer<T: TryFrom<i64>>(value: &ConfigValue) -> Option<T> {
    let text = number_text(value)?;
    let number = match text.parse::<i64>() {
        Ok(number) => number,
        // `43.0` and `1e3` are whole numbers too.
        Err(_) => i64::try_from(time::parse_decimal(text, 0)?.to_i128()?).ok()?,
    };
    T::try_from(number).ok()
}

fn float(value: &ConfigValue) -> Option<f64> {
    number_text(value)?.parse().ok()
}

fn day(value: &ConfigValue) -> Option<i32> {
    time::parse_date(iso_date(value.scalar_text()?.trim())?.as_bytes())
}

fn date_time(text: &str) -> Option<i64> {
    if text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit()) {
        let iso = format!(
            "{} {}:{}:{}",
            iso_date(&text[..8])?,
            &text[8..10],
            &text[10..12],
            &text[12..]
        );
        return time::parse_timestamp(iso.as_bytes());
    }
    match text.split_once(['T', ' ']) {
        Some((date, clock)) => {
            let iso = format!("{} {}", iso_date(date)?, clock.trim_start());
            time::parse_timestamp(iso.as_bytes())
        }
        None => time::parse_timestamp(iso_date(text)?.as_bytes()),
    }
}

/// The other spellings of a day that SeaTunnel reads (`2024/1/31`, `2024.01.31`, `20240131`) as ISO.
fn iso_date(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    if bytes.len() == 8 && bytes.iter().all(u8::is_ascii_digit) {
        let iso = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
        return Some(Cow::Owned(iso));
    }
    let separator = *bytes.get(4)?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    if separator == b'-' && bytes.len() == 10 {
        return Some(Cow::Borrowed(text));
    }
    let mut parts = text.split(char::from(separator));
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    parts
        .next()
        .is_none()
        .then(|| Cow::Owned(format!("{year}-{month:0>2}-{day:0>2}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: serde_json::Value, data_type: &str) -> Result<Value, String> {
        let data_type = DataType::parse(data_type).unwrap();
        Value::from_config(&ConfigValue::from_json(&json), &data_type)
    }

    #[test]
    fn scalars_are_read_from_their_own_form_and_from_text() {
        assert_eq!(read(json!("7"), "tinyint"), Ok(Value::TinyInt(7)));
        assert_eq!(read(json!(43.0), "bigint"), Ok(Value::BigInt(43)));
        assert_eq!(
            read(json!(43.5), "string"),
            Ok(Value::String("43.5".into()))
        );
        assert_eq!(read(json!("TRUE"), "boolean"), Ok(Value::Boolean(true)));
        assert_eq!(read(json!(3.1), "float"), Ok(Value::Float(3.1)));
        assert_eq!(
            read(json!("bWlJWmo="), "bytes"),
            Ok(Value::Bytes(b"miIZj".to_vec()))
        );
        assert_eq!(
            read(json!("-1.5"), "decimal(10, 3)"),
            Ok(Value::Decimal(arrow_buffer::i256::from_i128(-1500), 3))
        );
        assert_eq!(read(json!(null), "int"), Ok(Value::Null));
    }

    #[test]
    fn days_and_times_are_read_in_all_their_spellings() {
        let date = read(json!("2024-01-02"), "date");
        for text in ["2024/1/2", "2024.01.02", "20240102"] {
            assert_eq!(read(json!(text), "date"), date, "{text}");
        }
        let timestamp = read(json!("2024-01-02T03:04:05"), "timestamp");
        for text in [
            "2024-01-02 03:04:05",
            "2024/01/02 03:04:05",
            "20240102030405",
        ] {
            assert_eq!(read(json!(text), "timestamp"), timestamp, "{text}");
        }
        assert_eq!(
            read(json!("00:00:01.5"), "time"),
            Ok(Value::Time(1_500_000))
        );
    }

    #[test]
    fn rows_are_lists_or_objects_and_maps_convert_their_keys() {
        let row = Value::Row(vec![Value::Int(1), Value::Null]);
        assert_eq!(read(json!([1]), "{a = int, b = string}"), Ok(row.clone()));
        assert_eq!(
            read(json!({"z": 0, "a": 1}), "{a = int, b = string}"),
            Ok(row)
        );
        assert_eq!(
            read(json!({"1970-01-02": "x"}), "map<date, string>"),
            Ok(Value::Map(vec![(
                Value::Date(1),
                Value::String("x".into())
            )]))
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let message = read(json!(300), "tinyint").unwrap_err();
        assert_eq!(message, "expected a value of type tinyint, found 300");
        assert!(read(json!("x"), "int").is_err());
        assert!(read(json!(1.25), "decimal(10, 1)").is_err());
        assert!(read(json!(1000), "decimal(4, 1)").is_err());
        assert!(read(json!("2023-02-29"), "date").is_err());
        assert!(read(json!("höchst"), "date").is_err());
        assert!(read(json!([1, 2, 3]), "{a = int, b = string}").is_err());
        let message = read(json!({"a": "x"}), "{a = int}").unwrap_err();
        assert_eq!(
            message,
            "field a: expected a value of type int, found \"x\""
        );
    }
}
