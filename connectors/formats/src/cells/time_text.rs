//! Dates and times as text, written behind what a buffer holds.

use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, format_date};
use seatunnel_api::{Error, Result, codes};

use super::java_time::JavaTimeFormat;

/// How a column's dates or times are written.
#[derive(Debug)]
pub enum TimeText {
    /// ISO 8601 with fractions where there are any, and this between date and time.
    Iso(u8),
    /// As the user's pattern says.
    Pattern(Box<JavaTimeFormat>),
}

impl TimeText {
    /// The pattern of an option, or ISO 8601 with `between` date and time.
    ///
    /// # Errors
    /// If the pattern is not one of Java's.
    pub fn new(key: &str, pattern: Option<&str>, between: u8) -> Result<Self> {
        let Some(pattern) = pattern else {
            return Ok(Self::Iso(between));
        };
        match JavaTimeFormat::compile(pattern) {
            Ok(format) => Ok(Self::Pattern(Box::new(format))),
            Err(error) => Err(Error::new(
                codes::OPTION_INVALID,
                format!("option `{key}`: {pattern:?} is not a pattern of dates: {error}"),
            )),
        }
    }

    /// A day, in days since 1970-01-01.
    #[inline]
    pub fn date(&self, out: &mut Vec<u8>, days: i32) {
        match self {
            Self::Iso(_) => iso_date(out, days),
            Self::Pattern(format) => {
                format.format_timestamp_into(i64::from(days) * MICROS_PER_DAY, out);
            }
        }
    }

    /// A time of day, in microseconds since midnight.
    #[inline]
    pub fn time(&self, out: &mut Vec<u8>, micros: i64) {
        match self {
            Self::Iso(_) => iso_time(out, micros),
            Self::Pattern(format) => format.format_timestamp_into(micros, out),
        }
    }

    /// A wall-clock timestamp, in microseconds since 1970.
    #[inline]
    pub fn timestamp(&self, out: &mut Vec<u8>, micros: i64) {
        match self {
            Self::Iso(between) => {
                let days = micros.div_euclid(MICROS_PER_DAY);
                iso_date(out, days as i32);
                out.push(*between);
                iso_time(out, micros.rem_euclid(MICROS_PER_DAY));
            }
            Self::Pattern(format) => format.format_timestamp_into(micros, out),
        }
    }

    /// An instant, in microseconds since 1970 UTC; written in UTC.
    #[inline]
    pub fn instant(&self, out: &mut Vec<u8>, micros: i64) {
        self.timestamp(out, micros);
        if matches!(self, Self::Iso(_)) {
            out.push(b'Z');
        }
    }
}

fn two(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
}

fn iso_date(out: &mut Vec<u8>, days: i32) {
    let (year, month, day) = civil_from_days(days);
    match u32::try_from(year) {
        Ok(year) if year <= 9999 => {
            two(out, year / 100);
            two(out, year % 100);
            out.push(b'-');
            two(out, month);
            out.push(b'-');
            two(out, day);
        }
        _ => out.extend_from_slice(format_date(days).as_bytes()),
    }
}

fn iso_time(out: &mut Vec<u8>, micros: i64) {
    let seconds = (micros / MICROS_PER_SECOND) as u32;
    let mut fraction = (micros % MICROS_PER_SECOND) as u32;
    two(out, seconds / 3_600);
    out.push(b':');
    two(out, seconds / 60 % 60);
    out.push(b':');
    two(out, seconds % 60);
    if fraction > 0 {
        out.push(b'.');
        let mut place = 100_000;
        while fraction > 0 {
            out.push(b'0' + (fraction / place) as u8);
            fraction %= place;
            place /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatunnel_api::time::{format_time, format_timestamp, parse_timestamp};

    #[test]
    fn iso_text_is_that_of_the_api() {
        let text = TimeText::Iso(b'T');
        for micros in [
            0,
            -1,
            1_700_000_000_123_456,
            1_700_000_000_100_000,
            -62_135_596_800_000_000,
            253_402_300_799_999_999,
            300_000_000_000_000_000,
        ] {
            let mut out = Vec::new();
            text.timestamp(&mut out, micros);
            assert_eq!(String::from_utf8(out).unwrap(), format_timestamp(micros));
            let mut out = Vec::new();
            text.time(&mut out, micros.rem_euclid(MICROS_PER_DAY));
            assert_eq!(
                String::from_utf8(out).unwrap(),
                format_time(micros.rem_euclid(MICROS_PER_DAY))
            );
        }
    }

    #[test]
    fn instants_carry_their_zone() {
        let mut out = Vec::new();
        TimeText::Iso(b' ').instant(&mut out, parse_timestamp(b"2024-01-31 12:30:00").unwrap());
        assert_eq!(out, b"2024-01-31 12:30:00Z");
    }
}
