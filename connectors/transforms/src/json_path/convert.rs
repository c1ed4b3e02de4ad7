//! Values of JSON as values of a column, as SeaTunnel converts them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seatunnel_api::{DataType, Value, time};

use super::json::Json;

/// The value in a type.
///
/// # Errors
/// What doesn't fit, without the value: it may be a secret.
pub fn convert(json: &Json<'_>, data_type: &DataType) -> Result<Value, String> {
    if *json == Json::Null || *data_type == DataType::Null {
        return Ok(Value::Null);
    }
    let misfit = || format!("{} that is not of type {data_type}", json.kind());
    Ok(match data_type {
        DataType::Null => Value::Null,
        DataType::String => Value::String(json.to_text().into_owned()),
        DataType::Boolean => match json {
            Json::Bool(value) => Value::Boolean(*value),
            // Java's parseBoolean: what is not true is false.
            _ => Value::Boolean(scalar(json, misfit)?.eq_ignore_ascii_case("true")),
        },
        DataType::TinyInt => Value::TinyInt(scalar(json, misfit)?.parse().map_err(|_| misfit())?),
        DataType::SmallInt => Value::SmallInt(scalar(json, misfit)?.parse().map_err(|_| misfit())?),
        DataType::Int => Value::Int(
            whole(json)
                .ok_or_else(misfit)?
                .try_into()
                .map_err(|_| misfit())?,
        ),
        DataType::BigInt => Value::BigInt(whole(json).ok_or_else(misfit)?),
        // Through the wider type where it is a number, as Java does it.
        DataType::Float => match json.as_f64() {
            Some(number) => Value::Float(number as f32),
            None => Value::Float(scalar(json, misfit)?.parse().map_err(|_| misfit())?),
        },
        DataType::Double => Value::Double(scalar(json, misfit)?.parse().map_err(|_| misfit())?),
        DataType::Decimal { precision, scale } => {
            let digits = time::parse_decimal(scalar(json, misfit)?, *scale).ok_or_else(misfit)?;
            if digits.to_string().trim_start_matches('-').len() > usize::from(*precision) {
                return Err(misfit());
            }
            Value::Decimal(digits, *scale)
        }
        DataType::Bytes => {
            let text = scalar(json, misfit)?;
            Value::Bytes(STANDARD.decode(text).map_err(|_| misfit())?)
        }
        DataType::Date => Value::Date(day(scalar(json, misfit)?).ok_or_else(misfit)?),
        DataType::Time => {
            let text = scalar(json, misfit)?;
            Value::Time(time::parse_time(text.as_bytes()).ok_or_else(misfit)?)
        }
        DataType::Timestamp => {
            let text = scalar(json, misfit)?;
            let micros = time::parse_timestamp(text.as_bytes())
                .or_else(|| time::parse_timestamp_tz(text.as_bytes()))
                .or_else(|| day(text).map(|d| i64::from(d) * time::MICROS_PER_DAY));
            Value::Timestamp(micros.ok_or_else(misfit)?)
        }
        DataType::TimestampTz => {
            let text = scalar(json, misfit)?.as_bytes();
            let micros = time::parse_timestamp_tz(text).or_else(|| time::parse_timestamp(text));
            Value::TimestampTz(micros.ok_or_else(misfit)?)
        }
        DataType::Array(item) => match json {
            Json::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|value| convert(value, item))
                    .collect::<Result<_, _>>()?,
            ),
            _ => return Err(misfit()),
        },
        DataType::FloatVector(dimension) => match json {
            Json::Array(items) if items.len() == *dimension as usize => Value::Array(
                items
                    .iter()
                    .map(|item| item.as_f64().map(|n| Value::Float(n as f32)))
                    .collect::<Option<_>>()
                    .ok_or_else(misfit)?,
            ),
            _ => return Err(misfit()),
        },
        DataType::Map(key, value) => match json {
            Json::Object(members) => Value::Map(
                members
                    .iter()
                    .map(|(name, member)| {
                        let name = convert(&Json::String(name.as_ref().into()), key)?;
                        Ok((name, convert(member, value)?))
                    })
                    .collect::<Result<_, String>>()?,
            ),
            _ => return Err(misfit()),
        },
        DataType::Row(fields) => {
            let part = |at: usize, name: &str| match json {
                Json::Array(items) => Some(items.get(at)),
                Json::Object(_) => Some(json.get(name)),
                _ => None,
            };
            let fields = fields.iter().enumerate();
            Value::Row(
                fields
                    .map(|(at, field)| match part(at, &field.name) {
                        None => Err(misfit()),
                        Some(None) => Ok(Value::Null),
                        Some(Some(value)) => convert(value, &field.data_type)
                            .map_err(|why| format!("{why} (in {})", field.name)),
                    })
                    .collect::<Result<_, _>>()?,
            )
        }
    })
}

fn scalar<'j>(json: &'j Json<'_>, misfit: impl Fn() -> String) -> Result<&'j str, String> {
    match json {
        Json::String(text) | Json::Number(text) => Ok(text.trim()),
        Json::Bool(true) => Ok("true"),
        Json::Bool(false) => Ok("false"),
        _ => Err(misfit()),
    }
}

/// A whole number; of a number with a fraction the whole part, of a text none.
fn whole(json: &Json<'_>) -> Option<i64> {
    match json {
        Json::String(text) => text.trim().parse().ok(),
        Json::Number(text) => text.parse().ok().or_else(|| {
            let number = text.parse::<f64>().ok()?.trunc();
            // Beyond, not every whole number is a double.
            (number.abs() < 9.2e18).then_some(number as i64)
        }),
        _ => None,
    }
}

/// `2024-01-31`, also with `/` or `.`, or without.
fn day(text: &str) -> Option<i32> {
    time::parse_date(text.as_bytes()).or_else(|| match *text.as_bytes() {
        [a, b, c, d, b'/' | b'.', e, f, b'/' | b'.', g, h] | [a, b, c, d, e, f, g, h] => {
            time::parse_date(&[a, b, c, d, b'-', e, f, b'-', g, h])
        }
        _ => None,
    })
}
