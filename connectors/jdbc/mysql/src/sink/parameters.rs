//! Values as parameters of prepared statements, in the binary protocol.

use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days};

use super::form::{Form, NO_JSON, NO_SUCH_DAY, NOT_A_NUMBER, Stamp, Values, View};
use crate::infile;

// Types of the binary protocol (MySQL source, `enum_field_types`).
const TINY: u8 = 0x01;
const SHORT: u8 = 0x02;
const LONG: u8 = 0x03;
const FLOAT: u8 = 0x04;
const DOUBLE: u8 = 0x05;
const NULL: u8 = 0x06;
const LONGLONG: u8 = 0x08;
const DATE: u8 = 0x0a;
const TIME: u8 = 0x0b;
const DATETIME: u8 = 0x0c;
const NEWDECIMAL: u8 = 0xf6;
const BLOB: u8 = 0xfc;
const VAR_STRING: u8 = 0xfd;

/// The type that a column's values are sent as.
pub(crate) fn type_of(form: &Form) -> u8 {
    match form {
        Form::Null => NULL,
        Form::Boolean | Form::TinyInt => TINY,
        Form::SmallInt => SHORT,
        Form::Int => LONG,
        Form::BigInt => LONGLONG,
        Form::Float => FLOAT,
        Form::Double => DOUBLE,
        Form::Decimal(_) | Form::WideDecimal(_) => NEWDECIMAL,
        Form::Bytes => BLOB,
        Form::Date => DATE,
        Form::Time => TIME,
        Form::Timestamp => DATETIME,
        Form::FloatText
        | Form::DoubleText
        | Form::Text
        | Form::BytesAsText
        | Form::DateText
        | Form::TimeText
        | Form::TimestampText
        | Form::TimestampTzText
        | Form::Json(_) => VAR_STRING,
    }
}

/// Writes the value of a row, which is not null.
///
/// # Errors
/// Why MySQL can't hold it.
pub(crate) fn write_value(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    view: &View<'_>,
    row: usize,
) -> Result<(), &'static str> {
    scratch.clear();
    match &view.values {
        Values::Null => {}
        Values::Boolean(values) => out.push(values.value(row).into()),
        Values::TinyInt(values) => out.extend_from_slice(&values[row].to_le_bytes()),
        Values::SmallInt(values) => out.extend_from_slice(&values[row].to_le_bytes()),
        Values::Int(values) => out.extend_from_slice(&values[row].to_le_bytes()),
        Values::BigInt(values) => out.extend_from_slice(&values[row].to_le_bytes()),
        Values::Float(values) if !values[row].is_finite() => return Err(NOT_A_NUMBER),
        Values::Double(values) if !values[row].is_finite() => return Err(NOT_A_NUMBER),
        Values::Float(values) => out.extend_from_slice(&values[row].to_le_bytes()),
        Values::Double(values) => out.extend_from_slice(&values[row].to_le_bytes()),
        Values::FloatText(values) => text(out, ryu::Buffer::new().format(values[row]).as_bytes()),
        Values::DoubleText(values) => text(out, ryu::Buffer::new().format(values[row]).as_bytes()),
        Values::Decimal(values, scale) => {
            infile::decimal(scratch, values[row], *scale);
            text(out, scratch);
        }
        Values::WideDecimal(values, scale) => {
            infile::wide_decimal(scratch, values[row], *scale);
            text(out, scratch);
        }
        Values::Bytes { offsets, data, .. } => {
            text(out, &data[offsets[row] as usize..offsets[row + 1] as usize]);
        }
        Values::Date(values, false) => {
            out.push(4);
            out.extend_from_slice(&day(values[row])?);
        }
        Values::Date(values, true) => {
            good(infile::date(scratch, values[row]), NO_SUCH_DAY)?;
            text(out, scratch);
        }
        Values::Time(values, false) => time(out, values[row]),
        Values::Time(values, true) => {
            infile::time(scratch, values[row]);
            text(out, scratch);
        }
        Values::Timestamp(values, Stamp::Column) => timestamp(out, values[row])?,
        Values::Timestamp(values, stamp) => {
            good(infile::timestamp(scratch, values[row]), NO_SUCH_DAY)?;
            if *stamp == Stamp::TextWithZone {
                scratch.push(b'Z');
            }
            text(out, scratch);
        }
        Values::Json(column, of) => {
            good(infile::json(scratch, *column, of, row), NO_JSON)?;
            text(out, scratch);
        }
    }
    Ok(())
}

fn good(good: bool, why: &'static str) -> Result<(), &'static str> {
    if good { Ok(()) } else { Err(why) }
}

/// Length and bytes (MySQL source, "length encoded string").
fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = bytes.len();
    let little = (length as u64).to_le_bytes();
    match length {
        0..=250 => out.push(length as u8),
        251..=0xffff => {
            out.push(0xfc);
            out.extend_from_slice(&little[..2]);
        }
        0x1_0000..=0xff_ffff => {
            out.push(0xfd);
            out.extend_from_slice(&little[..3]);
        }
        _ => {
            out.push(0xfe);
            out.extend_from_slice(&little);
        }
    }
    out.extend_from_slice(bytes);
}

fn day(days: i32) -> Result<[u8; 4], &'static str> {
    let (year, month, day) = civil_from_days(days);
    good((0..10_000).contains(&year), NO_SUCH_DAY)?;
    let year = (year as u16).to_le_bytes();
    Ok([year[0], year[1], month as u8, day as u8])
}

fn clock(seconds: u64) -> [u8; 3] {
    [
        (seconds / 3_600 % 24) as u8,
        (seconds / 60 % 60) as u8,
        (seconds % 60) as u8,
    ]
}

fn timestamp(out: &mut Vec<u8>, micros: i64) -> Result<(), &'static str> {
    let days = micros.div_euclid(MICROS_PER_DAY);
    let time = micros.rem_euclid(MICROS_PER_DAY).unsigned_abs();
    let day = day(i32::try_from(days).map_err(|_| NO_SUCH_DAY)?)?;
    let second = MICROS_PER_SECOND.unsigned_abs();
    let (seconds, fraction) = (time / second, (time % second) as u32);
    out.push(if fraction == 0 { 7 } else { 11 });
    out.extend_from_slice(&day);
    out.extend_from_slice(&clock(seconds));
    if fraction != 0 {
        out.extend_from_slice(&fraction.to_le_bytes());
    }
    Ok(())
}

fn time(out: &mut Vec<u8>, micros: i64) {
    let second = MICROS_PER_SECOND.unsigned_abs();
    let all = micros.unsigned_abs();
    let (seconds, fraction) = (all / second, (all % second) as u32);
    if all == 0 {
        out.push(0);
        return;
    }
    out.push(if fraction == 0 { 8 } else { 12 });
    out.push(u8::from(micros < 0));
    out.extend_from_slice(&((seconds / 86_400) as u32).to_le_bytes());
    out.extend_from_slice(&clock(seconds));
    if fraction != 0 {
        out.extend_from_slice(&fraction.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        for (length, head) in [
            (250, vec![250]),
            (251, vec![0xfc, 251, 0]),
            (0xffff, vec![0xfc, 0xff, 0xff]),
            (0x1_0000, vec![0xfd, 0, 0, 1]),
            (0x100_0000, vec![0xfe, 0, 0, 0, 1, 0, 0, 0, 0]),
        ] {
            let mut out = Vec::new();
            text(&mut out, &vec![b'x'; length]);
            assert_eq!(&out[..head.len()], head);
            assert_eq!(out.len(), head.len() + length);
        }
    }

    #[test]
    fn days_and_times_are_packed() {
        let mut out = Vec::new();
        timestamp(&mut out, -1).unwrap();
        assert_eq!(out, [11, 0xb1, 7, 12, 31, 23, 59, 59, 0x3f, 0x42, 0x0f, 0]);
        assert_eq!(timestamp(&mut out, i64::MAX), Err(NO_SUCH_DAY));
        out.clear();
        time(&mut out, -90_000_000_000);
        assert_eq!(out, [8, 1, 1, 0, 0, 0, 1, 0, 0]);
    }
}
