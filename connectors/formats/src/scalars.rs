//! Values that stand as text, into columns: numbers of JSON, fields between delimiters.

use seatunnel_api::{DataType, time};

use crate::columns::Column;
use crate::fault::{Fault, Step};

/// Puts a text into a column that is not nested, as the value that it stands for. Blank is null
/// where a type has no blank values.
#[inline]
pub(crate) fn push_scalar(column: &mut Column, data_type: &DataType, text: &[u8]) -> Step {
    match column {
        Column::Text(texts) => {
            texts.push(text);
            return Ok(());
        }
        Column::Bytes(bytes) => {
            bytes.push(text);
            return Ok(());
        }
        _ => {}
    }
    let text = match text {
        [first, .., last] if *first > b' ' && *last > b' ' => text,
        _ => text.trim_ascii(),
    };
    if text.is_empty() {
        column.push_null();
        return Ok(());
    }
    let done = match column {
        Column::Null(rows) => {
            *rows += 1;
            Some(())
        }
        Column::Boolean(c) => boolean(text).map(|v| c.push(v)),
        Column::I8(c) => integer(text)
            .and_then(|v| v.try_into().ok())
            .map(|v| c.push(v)),
        Column::I16(c) => integer(text)
            .and_then(|v| v.try_into().ok())
            .map(|v| c.push(v)),
        Column::I32(c) => match data_type {
            DataType::Date => date(text).map(|v| c.push(v)),
            _ => integer(text)
                .and_then(|v| v.try_into().ok())
                .map(|v| c.push(v)),
        },
        Column::I64(c) => match data_type {
            DataType::BigInt => integer(text),
            DataType::Time => time::parse_time(text),
            DataType::TimestampTz => time::parse_timestamp_tz(text).or_else(|| timestamp(text)),
            _ => timestamp(text),
        }
        .map(|v| c.push(v)),
        Column::F32(c) => fast_float2::parse(text).ok().map(|v| c.push(v)),
        Column::F64(c) => fast_float2::parse(text).ok().map(|v| c.push(v)),
        Column::Decimal128(c) => decimal(text, data_type)
            .and_then(|v| v.to_i128())
            .map(|v| c.push(v)),
        Column::Decimal256(c) => decimal(text, data_type).map(|v| c.push(v)),
        _ => None,
    };
    done.ok_or_else(|| wrong(text, data_type))
}

/// A value that a column can't hold.
#[cold]
pub(crate) fn wrong(text: &[u8], data_type: &DataType) -> Fault {
    let text = String::from_utf8_lossy(text);
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Fault::new(format!("{shown:?} is not of type {data_type}"))
}

fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"1" => Some(true),
        b"false" | b"0" => Some(false),
        _ if text.eq_ignore_ascii_case(b"true") => Some(true),
        _ if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

/// A whole number. `1.0` and `1e3` are some, too; `1.5` is none, and is not cut off.
#[inline]
fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) {
        let number = digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0'));
        return Some(if negative { -number } else { number });
    }
    let text = std::str::from_utf8(text).ok()?;
    text.parse().ok().or_else(|| {
        let whole = time::parse_decimal(text, 0)?.to_i128()?;
        whole.try_into().ok()
    })
}

fn decimal(text: &[u8], data_type: &DataType) -> Option<arrow_buffer::i256> {
    let DataType::Decimal { precision, scale } = data_type else {
        return None;
    };
    let digits = time::parse_decimal(std::str::from_utf8(text).ok()?, *scale)?;
    let limit = arrow_buffer::i256::from(10).checked_pow(u32::from(*precision));
    let fits = limit.is_none_or(|limit| digits.wrapping_abs() < limit);
    fits.then_some(digits)
}

fn date(text: &[u8]) -> Option<i32> {
    time::parse_date(text).or_else(|| match *text {
        [a, b, c, d, b'/' | b'.', e, f, b'/' | b'.', g, h] | [a, b, c, d, e, f, g, h] => {
            time::parse_date(&[a, b, c, d, b'-', e, f, b'-', g, h])
        }
        _ => None,
    })
}

fn timestamp(text: &[u8]) -> Option<i64> {
    time::parse_timestamp(text)
        .or_else(|| time::parse_timestamp_tz(text))
        .or_else(|| date(text).map(|days| i64::from(days) * time::MICROS_PER_DAY))
}
