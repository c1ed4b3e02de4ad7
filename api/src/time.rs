//! Days and times as numbers and as ISO text; decimals as text.
//!
//! The calendar arithmetic is the proleptic Gregorian one of ISO 8601, as `java.time` has it.

use arrow_buffer::i256;

/// Microseconds of a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds of a day.
pub const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Days since 1970-01-01 of a day of the calendar; none if there is no such day.
pub fn days_from_civil(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(1..=12).contains(&month) || day == 0 || day > days_of_month(year, month) {
        return None;
    }
    // Years start in March, so that the leap day is the last of its year; eras have 400 years.
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok()
}

/// Year, month and day of days since 1970-01-01.
pub fn civil_from_days(days: i32) -> (i32, u32, u32) {
    let z = i64::from(days) + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as u32, day as u32)
}

fn days_of_month(year: i32, month: u32) -> u32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn two(bytes: &[u8]) -> Option<u32> {
    match bytes {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(u32::from(a - b'0') * 10 + u32::from(b - b'0')),
        _ => None,
    }
}

/// Reads `yyyy-MM-dd`, days since 1970-01-01. Years have four digits.
pub fn parse_date(text: &[u8]) -> Option<i32> {
    let [a, b, c, d, b'-', m1, m2, b'-', d1, d2] = *text else {
        return None;
    };
    let year = two(&[a, b])? * 100 + two(&[c, d])?;
    days_from_civil(year as i32, two(&[m1, m2])?, two(&[d1, d2])?)
}

/// Reads `HH:mm`, `HH:mm:ss` or `HH:mm:ss.f` with up to nine digits, microseconds since midnight.
/// Digits below a microsecond are cut off.
pub fn parse_time(text: &[u8]) -> Option<i64> {
    if text.len() < 5 || text[2] != b':' {
        return None;
    }
    let (hour, minute) = (two(&text[..2])?, two(&text[3..5])?);
    let mut second = 0;
    let mut micros = 0;
    if text.len() > 5 {
        if text.len() < 8 || text[5] != b':' {
            return None;
        }
        second = two(&text[6..8])?;
        if text.len() > 8 {
            let digits = text[8..].strip_prefix(b".")?;
            if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            for place in 0..6 {
                let digit = digits.get(place).map_or(0, |d| d - b'0');
                micros = micros * 10 + i64::from(digit);
            }
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(i64::from(hour * 3_600 + minute * 60 + second) * MICROS_PER_SECOND + micros)
}

/// Reads `yyyy-MM-dd HH:mm:ss[.f]`, with a blank or `T` between, or the date alone; microseconds since 1970.
pub fn parse_timestamp(text: &[u8]) -> Option<i64> {
    if text.len() < 10 {
        return None;
    }
    let days = i64::from(parse_date(&text[..10])?);
    let micros = match text.get(10) {
        None => 0,
        Some(b' ' | b'T') => parse_time(&text[11..])?,
        Some(_) => return None,
    };
    Some(days * MICROS_PER_DAY + micros)
}

/// Reads a timestamp with `Z` or an offset such as `+02:00` behind it, microseconds since 1970 UTC.
pub fn parse_timestamp_tz(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    if let Some(local) = text.strip_suffix(b"Z") {
        return parse_timestamp(local.trim_ascii_end());
    }
    let sign_at = text.iter().rposition(|b| matches!(b, b'+' | b'-'))?;
    if sign_at < 16 {
        return None;
    }
    let (local, offset) = text.split_at(sign_at);
    let digits: Vec<u8> = offset[1..].iter().copied().filter(|b| *b != b':').collect();
    let hours = two(digits.get(..2)?)?;
    let minutes = if digits.len() >= 4 {
        two(&digits[2..4])?
    } else {
        0
    };
    let micros = i64::from(hours * 3_600 + minutes * 60) * MICROS_PER_SECOND;
    let local = parse_timestamp(local.trim_ascii_end())?;
    Some(if offset[0] == b'+' {
        local - micros
    } else {
        local + micros
    })
}

/// `yyyy-MM-dd`
pub fn format_date(days: i32) -> String {
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `HH:mm:ss`, and `.ffffff` where there are fractions, without closing zeros.
pub fn format_time(micros: i64) -> String {
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    let fraction = micros.rem_euclid(MICROS_PER_SECOND);
    let mut text = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    if fraction != 0 {
        let digits = format!(".{fraction:06}");
        text.push_str(digits.trim_end_matches('0'));
    }
    text
}

/// `yyyy-MM-ddTHH:mm:ss[.ffffff]`
pub fn format_timestamp(micros: i64) -> String {
    let days = micros.div_euclid(MICROS_PER_DAY);
    let time = micros.rem_euclid(MICROS_PER_DAY);
    format!("{}T{}", format_date(days as i32), format_time(time))
}

/// The digits of a decimal with the point at its place: `-12.30`.
pub fn format_decimal(digits: i256, scale: i8) -> String {
    let text = digits.to_string();
    if scale <= 0 {
        let zeros = "0".repeat(usize::from(scale.unsigned_abs()));
        return format!("{text}{zeros}");
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    let scale = scale as usize;
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// Reads a decimal number, also with an exponent, into digits of `scale`.
///
/// None if it is no number or has more digits behind the point than `scale` that aren't zero.
pub fn parse_decimal(text: &str, scale: i8) -> Option<i256> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, unsigned) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut digits: String = format!("{whole}{fraction}");
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let shift = i32::from(scale) - fraction.len() as i32 + exponent;
    if shift > 80 {
        return None;
    }
    if shift >= 0 {
        digits.push_str(&"0".repeat(shift as usize));
    } else {
        let cut = digits.len().saturating_sub(shift.unsigned_abs() as usize);
        if digits[cut..].bytes().any(|b| b != b'0') {
            return None;
        }
        digits.truncate(cut);
    }
    let trimmed = digits.trim_start_matches('0');
    if trimmed.is_empty() {
        return Some(i256::ZERO);
    }
    let number: i256 = trimmed.parse().ok()?;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_centuries_reads_back() {
        for days in -150_000..150_000 {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), Some(days));
            if y >= 0 {
                assert_eq!(parse_date(format_date(days).as_bytes()), Some(days));
            }
        }
        assert_eq!(days_from_civil(2023, 2, 29), None);
        assert_eq!(parse_date(b"1970-01-02"), Some(1));
    }

    #[test]
    fn times_keep_their_fractions() {
        assert_eq!(parse_time(b"12:34:56.5"), Some(45_296_500_000));
        assert_eq!(format_time(45_296_500_000), "12:34:56.5");
        assert_eq!(parse_time(b"24:00:00"), None);
        let micros = parse_timestamp(b"1969-12-31 23:59:59.999999").unwrap();
        assert_eq!(micros, -1);
        assert_eq!(format_timestamp(-1), "1969-12-31T23:59:59.999999");
        assert_eq!(
            parse_timestamp_tz(b"2024-01-01T02:00:00+02:00"),
            parse_timestamp(b"2024-01-01T00:00:00")
        );
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        assert_eq!(parse_decimal("-1.5", 2), Some(i256::from_i128(-150)));
        assert_eq!(parse_decimal("1.5e3", 0), Some(i256::from_i128(1500)));
        assert_eq!(parse_decimal("1.005", 2), None);
        assert_eq!(parse_decimal("1.00", 1), Some(i256::from_i128(10)));
        assert_eq!(parse_decimal("abc", 1), None);
        assert_eq!(format_decimal(i256::from_i128(-5), 2), "-0.05");
        assert_eq!(format_decimal(i256::from_i128(123), 0), "123");
    }
}
