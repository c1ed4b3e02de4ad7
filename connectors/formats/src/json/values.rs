//! Values of JSON into columns.

use arrow_buffer::i256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seatunnel_api::DataType;

use super::cursor::Cursor;
use crate::columns::Column;
use crate::fault::{Fault, Step};
use crate::scalars::{push_scalar, wrong};

/// How values stand that JSON has no kind for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// As texts: `"2024-01-31"`, `"12:30:00"`.
    Plain,
    /// As Debezium's converters write them: days, times and timestamps as numbers, decimals and bits in
    /// Base64.
    Debezium,
}

/// Takes a value into a column.
#[inline]
pub(super) fn push_value(
    cursor: &mut Cursor<'_>,
    column: &mut Column,
    data_type: &DataType,
    dialect: Dialect,
) -> Step {
    let first = cursor.peek();
    if first == b'n' && cursor.null() {
        column.push_null();
        return Ok(());
    }
    match (column, data_type) {
        (Column::List(lists), DataType::Array(item)) => {
            container(cursor, b'[', data_type)?;
            let mut first = true;
            while cursor.item(&mut first)? {
                push_value(cursor, &mut lists.items, item, dialect)?;
            }
            lists.end();
        }
        (Column::Map(maps), DataType::Map(key, value)) => {
            container(cursor, b'{', data_type)?;
            let mut first = true;
            while let Some(name) = cursor.key(&mut first)? {
                push_scalar(&mut maps.keys, key, &name)?;
                push_value(cursor, &mut maps.values, value, dialect)?;
            }
            maps.end_unique();
        }
        (Column::Row(rows), DataType::Row(fields)) => {
            container(cursor, b'{', data_type)?;
            let row = rows.rows();
            let mut first = true;
            while let Some(name) = cursor.key(&mut first)? {
                let Some(index) = fields.iter().position(|f| f.name.as_bytes() == &*name) else {
                    cursor.skip()?;
                    continue;
                };
                let column = &mut rows.fields[index];
                column.truncate(row);
                let field = &fields[index];
                push_value(cursor, column, &field.data_type, dialect)
                    .map_err(|f| f.within(&field.name))?;
            }
            rows.end();
        }
        (Column::Vector(vectors), _) => {
            container(cursor, b'[', data_type)?;
            let mut first = true;
            while cursor.item(&mut first)? {
                let word = cursor.word()?;
                vectors
                    .values
                    .push(fast_float2::parse(word).map_err(|_| wrong(word, data_type))?);
            }
            if !vectors.end() {
                return Err(Fault::new(format!(
                    "a vector does not have {} values",
                    vectors.dimension
                )));
            }
        }
        (Column::Bytes(bytes), _) if first == b'"' => {
            let text = cursor.string()?;
            STANDARD
                .decode_vec(&*text, bytes.buffer())
                .map_err(|_| Fault::new("bytes are not in Base64"))?;
            bytes.end();
        }
        (Column::Text(texts), _) if matches!(first, b'{' | b'[') => {
            compact(cursor.skip()?, texts.buffer());
            texts.end();
        }
        (column, _) if dialect == Dialect::Debezium && !matches!(first, b'{' | b'[') => {
            push_debezium(cursor, column, data_type, first)?;
        }
        (column, _) => match first {
            b'"' => push_scalar(column, data_type, &cursor.string()?)?,
            b'{' | b'[' => return Err(wrong(cursor.skip()?, data_type)),
            _ => push_scalar(column, data_type, cursor.word()?)?,
        },
    }
    Ok(())
}

/// A value as Debezium writes it, or a plain one.
fn push_debezium(
    cursor: &mut Cursor<'_>,
    column: &mut Column,
    data_type: &DataType,
    first: u8,
) -> Step {
    if first == b'"' {
        let text = cursor.string()?;
        let bits = || {
            STANDARD
                .decode(&*text)
                .ok()
                .filter(|b| !b.is_empty() && b.len() <= 32)
        };
        match (column, data_type) {
            (Column::Decimal128(c), _)
                if let Some(number) = bits().and_then(|b| big_endian(&b)?.to_i128()) =>
            {
                c.push(number);
            }
            (Column::Decimal256(c), _)
                if let Some(number) = bits().and_then(|b| big_endian(&b)) =>
            {
                c.push(number);
            }
            (column, _) => match push_scalar(column, data_type, &text) {
                Ok(()) => {}
                // BIT(n): the lowest byte first. What the column has no room for is cut off, as in Java.
                Err(fault) => match (column, bits()) {
                    (Column::I8(c), Some(b)) => c.push(b[0] as i8),
                    (Column::I16(c), Some(b)) => c.push(little_endian(&b) as i16),
                    (Column::I32(c), Some(b)) if *data_type != DataType::Date => {
                        c.push(little_endian(&b) as i32);
                    }
                    (Column::I64(c), Some(b)) if *data_type == DataType::BigInt => {
                        c.push(little_endian(&b));
                    }
                    _ => return Err(fault),
                },
            },
        }
        return Ok(());
    }
    let word = cursor.word()?;
    let number = std::str::from_utf8(word)
        .ok()
        .and_then(|text| text.parse::<i64>().ok());
    match (column, data_type, number) {
        (Column::I32(c), DataType::Date, Some(days)) => {
            c.push(i32::try_from(days).map_err(|_| wrong(word, data_type))?);
        }
        (Column::I64(c), DataType::Time, Some(micros)) => c.push(micros),
        (Column::I64(c), DataType::Timestamp | DataType::TimestampTz, Some(number)) => {
            c.push(since_1970(number));
        }
        (column, ..) => push_scalar(column, data_type, word)?,
    }
    Ok(())
}

/// Microseconds of a timestamp that is in milli-, micro- or nanoseconds: which is told by its size, since
/// milliseconds of that many digits are beyond the year 5000.
fn since_1970(number: i64) -> i64 {
    match number.unsigned_abs() {
        0..100_000_000_000_000 => number * 1000,
        100_000_000_000_000..100_000_000_000_000_000 => number,
        _ => number.div_euclid(1000),
    }
}

fn big_endian(bytes: &[u8]) -> Option<i256> {
    let negative = bytes.first()? & 0x80 != 0;
    let mut all = [if negative { 0xff } else { 0 }; 32];
    all[32 - bytes.len()..].copy_from_slice(bytes);
    Some(i256::from_be_bytes(all))
}

fn little_endian(bytes: &[u8]) -> i64 {
    let lowest = bytes.iter().take(8).enumerate();
    lowest.fold(0, |number, (at, byte)| {
        number | (i64::from(*byte) << (8 * at))
    })
}

fn container(cursor: &mut Cursor<'_>, open: u8, data_type: &DataType) -> Step {
    match cursor.take(open) {
        true => Ok(()),
        false => Err(wrong(cursor.skip()?, data_type)),
    }
}

/// An object or list without the blanks between its parts.
fn compact(json: &[u8], out: &mut Vec<u8>) {
    let mut in_string = false;
    let mut escaped = false;
    for byte in json {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            in_string = *byte == b'"';
        }
        out.push(*byte);
    }
}
