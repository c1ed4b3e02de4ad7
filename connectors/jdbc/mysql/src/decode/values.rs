//! Single values.

use seatunnel_api::DataType;

use crate::types::Kind;
use crate::wire::{Fields, ZeroDates};

/// Why a value can't be read as the type of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The row ends before it should.
    Cut,
    /// No day of the calendar: a zero for month or day, or the 31st of a short month.
    NoDate,
    /// Negative, or a day and more.
    NoTimeOfDay,
    /// More digits than the column has.
    Digits,
    /// Not UTF-8.
    Text,
}

/// Powers of ten that fit an i128.
const POWERS: [i128; 39] = {
    let mut powers = [1_i128; 39];
    let mut index = 1;
    while index < 39 {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

/// A decimal number written as text, as an integer of units of its last place.
#[inline]
pub(crate) fn decimal(text: &[u8], precision: u8, scale: u8) -> Result<i128, Unfit> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let value = match digits.len() {
        0..=18 => short(digits, scale)?,
        _ => long(digits, scale)?,
    };
    // What is larger than any value of this precision belongs to a column that has more digits.
    if value >= POWERS[usize::from(precision.min(38))] {
        return Err(Unfit::Digits);
    }
    Ok(if negative { -value } else { value })
}

#[inline]
fn short(digits: &[u8], scale: u8) -> Result<i128, Unfit> {
    let mut value: u64 = 0;
    let mut fraction = None;
    for (index, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            b'.' => fraction = Some(digits.len() - index - 1),
            _ => return Err(Unfit::Digits),
        }
    }
    scaled(value.into(), fraction.unwrap_or(0), scale)
}

#[cold]
fn long(digits: &[u8], scale: u8) -> Result<i128, Unfit> {
    let mut value: i128 = 0;
    let mut fraction = None;
    for (index, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                let places = fraction.map_or(0, |start| index - start);
                if places > usize::from(scale) {
                    if *byte != b'0' {
                        return Err(Unfit::Digits);
                    }
                    continue;
                }
                value = value
                    .checked_mul(10)
                    .and_then(|v| v.checked_add((byte - b'0').into()))
                    .ok_or(Unfit::Digits)?;
            }
            b'.' => fraction = Some(index),
            _ => return Err(Unfit::Digits),
        }
    }
    let places = fraction.map_or(0, |start| digits.len() - start - 1);
    scaled(value, places.min(scale.into()), scale)
}

#[inline]
fn scaled(value: i128, places: usize, scale: u8) -> Result<i128, Unfit> {
    let scale = usize::from(scale);
    if places == scale {
        Ok(value)
    } else if places < scale {
        let power = POWERS.get(scale - places).ok_or(Unfit::Digits)?;
        value.checked_mul(*power).ok_or(Unfit::Digits)
    } else {
        let power = POWERS.get(places - scale).ok_or(Unfit::Digits)?;
        match value % power {
            0 => Ok(value / power),
            _ => Err(Unfit::Digits),
        }
    }
}

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Days since 1970-01-01 of a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The same, if there is such a day.
pub(crate) fn days_checked(year: u16, month: u8, day: u8) -> Option<i32> {
    let [low, high] = year.to_le_bytes();
    date([low, high, month, day], ZeroDates::Refuse)
        .ok()
        .flatten()
}

fn days_of(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of four bytes: year, month, day. None for a date that is to be null.
#[cold]
pub(crate) fn date(bytes: [u8; 4], zero_dates: ZeroDates) -> Result<Option<i32>, Unfit> {
    let [low, high, mut month, mut day] = bytes;
    let mut year = u16::from_le_bytes([low, high]);
    if month == 0 || day == 0 {
        match zero_dates {
            ZeroDates::Refuse => return Err(Unfit::NoDate),
            ZeroDates::Null => return Ok(None),
            ZeroDates::Round => {
                if (year, month, day) == (0, 0, 0) {
                    year = 1;
                }
                (month, day) = (month.max(1), day.max(1));
            }
        }
    }
    if month > 12 || day > days_of(year, month) {
        return Err(Unfit::NoDate);
    }
    Ok(Some(days(year.into(), month.into(), day.into()) as i32))
}

/// Microseconds of hour, minute and second, and of what follows them.
#[inline]
pub(crate) fn clock(time: [u8; 3], fraction: Option<[u8; 4]>) -> i64 {
    let [hour, minute, second] = time.map(i64::from);
    let seconds = hour * 3_600 + minute * 60 + second;
    let micros = fraction.map_or(0, |f| i64::from(u32::from_le_bytes(f)));
    seconds * 1_000_000 + micros
}

/// A `time` in its binary form: whether it is negative, and microseconds.
#[inline]
pub(crate) fn time(bytes: &[u8]) -> Result<(bool, i64), Unfit> {
    let (head, fraction) = match bytes.len() {
        0 => return Ok((false, 0)),
        8 => (bytes, None),
        12 => {
            let (head, fraction) = bytes.split_at(8);
            (head, fraction.first_chunk::<4>().copied())
        }
        _ => return Err(Unfit::Cut),
    };
    let &[negative, a, b, c, d, hour, minute, second] = head else {
        return Err(Unfit::Cut);
    };
    let days = i64::from(u32::from_le_bytes([a, b, c, d]));
    let micros = days * DAY + clock([hour, minute, second], fraction);
    Ok((negative != 0 && micros > 0, micros))
}

/// A `time` as MySQL shows it: `-838:59:59.000001`, with so many fraction digits.
pub(crate) fn time_text(out: &mut Vec<u8>, negative: bool, micros: i64, decimals: u8) {
    let two = |out: &mut Vec<u8>, number: i64| {
        out.extend_from_slice(&[b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]);
    };
    if negative {
        out.push(b'-');
    }
    let seconds = micros / 1_000_000;
    let hours = seconds / 3_600;
    if hours >= 100 {
        out.extend_from_slice(itoa::Buffer::new().format(hours).as_bytes());
    } else {
        two(out, hours);
    }
    out.push(b':');
    two(out, seconds / 60 % 60);
    out.push(b':');
    two(out, seconds % 60);
    if decimals > 0 {
        out.push(b'.');
        let mut rest = micros % 1_000_000;
        let mut place = 100_000;
        for _ in 0..decimals.min(6) {
            out.push(b'0' + (rest / place) as u8);
            rest %= place;
            place /= 10;
        }
    }
}

/// Takes a value off a row and shows it, for messages; cut where it is long.
pub(crate) fn show(fields: &mut Fields<'_>, kind: Kind, unsigned: bool) -> Option<String> {
    let text = match kind {
        Kind::Null => "null".to_owned(),
        Kind::TinyInt => match (fields.u8()?, unsigned) {
            (byte, true) => byte.to_string(),
            (byte, false) => (byte as i8).to_string(),
        },
        Kind::SmallInt | Kind::Year => match (fields.u16()?, unsigned) {
            (number, true) => number.to_string(),
            (number, false) => (number as i16).to_string(),
        },
        Kind::MediumInt | Kind::Int => match (fields.u32()?, unsigned) {
            (number, true) => number.to_string(),
            (number, false) => (number as i32).to_string(),
        },
        Kind::BigInt => match (fields.array().map(u64::from_le_bytes)?, unsigned) {
            (number, true) => number.to_string(),
            (number, false) => (number as i64).to_string(),
        },
        Kind::Float => fields.array().map(f32::from_le_bytes)?.to_string(),
        Kind::Double => fields.array().map(f64::from_le_bytes)?.to_string(),
        Kind::Decimal | Kind::Text => {
            let text = String::from_utf8_lossy(fields.text()?).into_owned();
            text.chars().take(100).collect()
        }
        Kind::Bit | Kind::Bytes | Kind::Geometry => {
            let bytes = fields.text()?.iter().take(32);
            let hex: String = bytes.map(|byte| format!("{byte:02x}")).collect();
            format!("0x{hex}")
        }
        Kind::Date | Kind::DateTime => {
            let length = fields.u8()?;
            let mut parts = Fields::new(fields.take(length.into())?);
            let year = parts.u16().unwrap_or(0);
            let mut next = || parts.u8().unwrap_or(0);
            let mut text = format!("{year:04}-{:02}-{:02}", next(), next());
            if kind == Kind::DateTime {
                text.push_str(&format!(" {:02}:{:02}:{:02}", next(), next(), next()));
            }
            text
        }
        Kind::Time => {
            let length = fields.u8()?;
            let (negative, micros) = time(fields.take(length.into())?).ok()?;
            let mut text = Vec::new();
            let decimals = if micros % 1_000_000 == 0 { 0 } else { 6 };
            time_text(&mut text, negative, micros, decimals);
            String::from_utf8(text).ok()?
        }
    };
    Some(text)
}

/// What to do about a value that does not fit.
pub(crate) fn help(unfit: Unfit, data_type: &DataType) -> Option<String> {
    Some(match unfit {
        Unfit::NoDate => {
            "zeroDateTimeBehavior=convertToNull in the url reads dates of zeros as null, round as \
             the nearest date"
                .to_owned()
        }
        Unfit::NoTimeOfDay => "timeType=string in the url reads times as text".to_owned(),
        Unfit::Digits => format!(
            "the column is read as {data_type}; a query with CAST(… AS CHAR) and an alias reads all \
             its digits as text"
        ),
        Unfit::Text => "a query with CAST(… AS BINARY) and an alias reads bytes".to_owned(),
        Unfit::Cut => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_any_length_are_exact() {
        for (text, precision, scale, value) in [
            ("0", 1, 0, 0),
            ("-1.50", 10, 2, -150),
            ("1.5", 10, 2, 150),
            ("00012", 5, 0, 12),
            ("123456789012345678", 18, 0, 123_456_789_012_345_678),
            ("-12345678901234567.8", 18, 1, -123_456_789_012_345_678),
            ("0.00000000000000000000000000000000000001", 38, 38, 1),
            (
                "99999999999999999999999999999999999999",
                38,
                0,
                POWERS[38] - 1,
            ),
            (
                "12345678901234567890.500000000000000000000000000000",
                38,
                18,
                12_345_678_901_234_567_890_500_000_000_000_000_000,
            ),
            ("1.500000000", 38, 1, 15),
        ] {
            assert_eq!(
                decimal(text.as_bytes(), precision, scale),
                Ok(value),
                "{text}"
            );
        }
        for (text, precision, scale) in [
            ("1.55", 38, 1),
            ("100", 2, 0),
            ("100000000000000000000000000000000000000", 38, 0),
            ("123456789012345678901", 38, 18),
            ("0.1234567890123456789", 38, 18),
            ("999999999999999999999999999999999999999999", 38, 18),
            ("1e5", 38, 0),
        ] {
            assert_eq!(
                decimal(text.as_bytes(), precision, scale),
                Err(Unfit::Digits),
                "{text}"
            );
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let of = |year: u16, month, day, zeros| {
            let [low, high] = year.to_le_bytes();
            date([low, high, month, day], zeros)
        };
        let refuse = ZeroDates::Refuse;
        assert_eq!(of(1970, 1, 1, refuse), Ok(Some(0)));
        assert_eq!(of(2000, 2, 29, refuse), Ok(Some(11_016)));
        assert_eq!(of(9999, 12, 31, refuse), Ok(Some(2_932_896)));
        assert_eq!(of(1000, 1, 1, refuse), Ok(Some(-354_285)));
        assert_eq!(of(1, 1, 1, refuse), Ok(Some(-719_162)));
        for (year, month, day) in [(1900, 2, 29), (2021, 4, 31), (2021, 13, 1), (2021, 1, 32)] {
            assert_eq!(of(year, month, day, ZeroDates::Round), Err(Unfit::NoDate));
        }
        for (year, month, day, rounded) in [
            (0, 0, 0, -719_162),
            (2020, 0, 0, 18_262),
            (2020, 2, 0, 18_293),
        ] {
            assert_eq!(of(year, month, day, refuse), Err(Unfit::NoDate));
            assert_eq!(of(year, month, day, ZeroDates::Null), Ok(None));
            assert_eq!(of(year, month, day, ZeroDates::Round), Ok(Some(rounded)));
        }
    }

    #[test]
    fn every_day_of_800_years_follows_the_one_before() {
        let mut expected = -354_285;
        for year in 1000..1800_u16 {
            for month in 1..=12 {
                for day in 1..=days_of(year, month) {
                    assert_eq!(days(year.into(), month.into(), day.into()), expected);
                    expected += 1;
                }
            }
        }
    }

    #[test]
    fn times_are_shown_as_the_server_does() {
        let shown = |negative, micros, decimals| {
            let mut out = Vec::new();
            time_text(&mut out, negative, micros, decimals);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(false, 0, 0), "00:00:00");
        assert_eq!(shown(true, 3_020_399_000_001, 6), "-838:59:59.000001");
        assert_eq!(shown(false, 3_600_000_000 + 120_000, 2), "01:00:00.12");
        assert_eq!(
            time(&[1, 34, 0, 0, 0, 22, 59, 59]),
            Ok((true, 34 * DAY + 82_799_000_000))
        );
        assert_eq!(time(&[0, 0]), Err(Unfit::Cut));
    }
}
