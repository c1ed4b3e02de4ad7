//! Values inside of text fields: lists, maps and rows between separators of their level.

use arrow_buffer::i256;
use memchr::memmem;
use seatunnel_api::{DataType, RowField, Value, time};

use super::cells::{TextRules, parse_boolean, parse_date, parse_time, parse_timestamp};
use super::numbers::{parse_float, parse_integer};

/// Separators of nested values by level; level 0 is the delimiter between fields.
const SEPARATORS: [&[u8]; 7] = [
    b"\x01", b"\x02", b"\x03", b"\x04", b"\x05", b"\x06", b"\x07",
];

/// Reads single values; slow and sure.
pub(crate) struct Nested<'a> {
    pub(crate) rules: &'a TextRules,
}

impl Nested<'_> {
    /// A value whose parts are separated by the separator of `level`; none if it is not of the type.
    pub(crate) fn value(&self, bytes: &[u8], data_type: &DataType, level: usize) -> Option<Value> {
        let text = || std::str::from_utf8(bytes).ok();
        if bytes.is_empty() && !matches!(data_type, DataType::String) {
            return Some(Value::Null);
        }
        let trimmed = bytes.trim_ascii();
        Some(match data_type {
            DataType::Null => Value::Null,
            DataType::String => Value::String(text()?.to_owned()),
            DataType::Bytes => Value::Bytes(bytes.to_vec()),
            DataType::Boolean => Value::Boolean(parse_boolean(trimmed)?),
            DataType::TinyInt => Value::TinyInt(parse_integer(trimmed)?.try_into().ok()?),
            DataType::SmallInt => Value::SmallInt(parse_integer(trimmed)?.try_into().ok()?),
            DataType::Int => Value::Int(parse_integer(trimmed)?.try_into().ok()?),
            DataType::BigInt => Value::BigInt(parse_integer(trimmed)?),
            DataType::Float => Value::Float(parse_float(trimmed)?),
            DataType::Double => Value::Double(parse_float(trimmed)?),
            DataType::Decimal { scale, .. } => {
                let digits: i256 = time::parse_decimal(text()?.trim(), *scale)?;
                Value::Decimal(digits, *scale)
            }
            DataType::Date => Value::Date(parse_date(trimmed, self.rules.date.as_ref())?),
            DataType::Time => Value::Time(parse_time(trimmed, self.rules.time.as_ref())?),
            DataType::Timestamp => {
                Value::Timestamp(parse_timestamp(trimmed, self.rules.timestamp.as_ref())?)
            }
            DataType::TimestampTz => Value::TimestampTz(
                time::parse_timestamp_tz(trimmed)
                    .or_else(|| parse_timestamp(trimmed, self.rules.timestamp.as_ref()))?,
            ),
            DataType::Array(item) => Value::Array(self.list(bytes, item, level)?),
            DataType::FloatVector(_) => Value::Array(self.list(bytes, &DataType::Float, level)?),
            DataType::Map(key, value) => Value::Map(self.map(bytes, key, value, level)?),
            DataType::Row(fields) => Value::Row(self.row(bytes, fields, level)?),
        })
    }

    fn list(&self, bytes: &[u8], item: &DataType, level: usize) -> Option<Vec<Value>> {
        split(bytes, self.separator(level)?)
            .map(|part| self.value(part, item, level + 1))
            .collect()
    }

    fn map(
        &self,
        bytes: &[u8],
        key: &DataType,
        value: &DataType,
        level: usize,
    ) -> Option<Vec<(Value, Value)>> {
        let between = self.separator(level + 1)?;
        split(bytes, self.separator(level)?)
            .map(|entry| {
                // The first one ends the key: the parts of a value that has some stand between the same.
                let at = memmem::find(entry, between)?;
                let key = self.value(&entry[..at], key, level + 1)?;
                let value = self.value(&entry[at + between.len()..], value, level + 1)?;
                Some((key, value))
            })
            .collect()
    }

    fn row(&self, bytes: &[u8], fields: &[RowField], level: usize) -> Option<Vec<Value>> {
        let mut parts = split(bytes, self.separator(level)?);
        fields
            .iter()
            .map(|field| match parts.next() {
                Some(part) => self.value(part, &field.data_type, level + 1),
                None => Some(Value::Null),
            })
            .collect()
    }

    fn separator(&self, level: usize) -> Option<&[u8]> {
        match level {
            0 => Some(&self.rules.delimiter),
            _ => SEPARATORS.get(level).copied(),
        }
    }
}

fn split<'a>(bytes: &'a [u8], separator: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let current = rest?;
        match memmem::find(current, separator) {
            Some(at) => {
                rest = Some(&current[at + separator.len()..]);
                Some(&current[..at])
            }
            None => {
                rest = None;
                Some(current)
            }
        }
    })
}
