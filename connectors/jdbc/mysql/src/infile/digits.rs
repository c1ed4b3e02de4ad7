//! Numbers, days and times as the text that MySQL reads, written without allocation.

use arrow_buffer::i256;
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days};

/// Writes a whole number.
pub(crate) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes digits with the point before the last `scale` of them.
pub(crate) fn decimal(out: &mut Vec<u8>, digits: i128, scale: i8) {
    if digits < 0 {
        out.push(b'-');
    }
    let digits = digits.unsigned_abs();
    match u64::try_from(digits) {
        Ok(small) if (0..20).contains(&scale) => {
            let unit = POWERS[scale as usize];
            integer(out, small / unit);
            if scale > 0 {
                out.push(b'.');
                padded(out, small % unit, scale as usize);
            }
        }
        _ => wide(out, itoa::Buffer::new().format(digits).as_bytes(), scale),
    }
}

/// The same for decimals of more than 38 digits.
pub(crate) fn wide_decimal(out: &mut Vec<u8>, digits: i256, scale: i8) {
    match digits.to_i128() {
        Some(small) => decimal(out, small, scale),
        None => {
            // Rare: so many digits fit few targets.
            let text = digits.to_string();
            let (sign, digits) = match text.strip_prefix('-') {
                Some(digits) => ("-", digits),
                None => ("", text.as_str()),
            };
            out.extend_from_slice(sign.as_bytes());
            wide(out, digits.as_bytes(), scale);
        }
    }
}

/// Writes a day as `yyyy-MM-dd`; false, and nothing written, if MySQL has no such day: its years are 0 to 9999.
pub(crate) fn date(out: &mut Vec<u8>, days: i32) -> bool {
    let (year, month, day) = civil_from_days(days);
    if !(0..10_000).contains(&year) {
        return false;
    }
    let year = year as u32;
    let (a, b) = (two(year / 100), two(year % 100));
    let (m, d) = (two(month), two(day));
    out.extend_from_slice(&[a[0], a[1], b[0], b[1], b'-', m[0], m[1], b'-', d[0], d[1]]);
    true
}

/// Writes a time of day as `HH:mm:ss`, with `.ffffff` where there are fractions.
pub(crate) fn time(out: &mut Vec<u8>, micros: i64) {
    if micros < 0 {
        out.push(b'-');
    }
    let micros = micros.unsigned_abs();
    let second = MICROS_PER_SECOND.unsigned_abs();
    let (seconds, fraction) = (micros / second, micros % second);
    let hours = seconds / 3_600;
    if hours < 100 {
        out.extend_from_slice(&two(hours as u32));
    } else {
        integer(out, hours);
    }
    let (m, s) = (two((seconds / 60 % 60) as u32), two((seconds % 60) as u32));
    out.extend_from_slice(&[b':', m[0], m[1], b':', s[0], s[1]]);
    if fraction != 0 {
        out.push(b'.');
        padded(out, fraction, 6);
    }
}

/// Writes a day and its time; false, and nothing written, if MySQL has no such day.
pub(crate) fn timestamp(out: &mut Vec<u8>, micros: i64) -> bool {
    let Ok(days) = i32::try_from(micros.div_euclid(MICROS_PER_DAY)) else {
        return false;
    };
    if !date(out, days) {
        return false;
    }
    out.push(b' ');
    time(out, micros.rem_euclid(MICROS_PER_DAY));
    true
}

const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut index = 1;
    while index < 20 {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

fn two(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

/// Writes a number with zeros before it, `width` digits in all.
fn padded(out: &mut Vec<u8>, number: u64, width: usize) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number).as_bytes();
    out.resize(out.len() + width - digits.len(), b'0');
    out.extend_from_slice(digits);
}

fn wide(out: &mut Vec<u8>, digits: &[u8], scale: i8) {
    let Ok(scale) = usize::try_from(scale) else {
        out.extend_from_slice(digits);
        if digits != b"0" {
            out.resize(out.len() + usize::from(scale.unsigned_abs()), b'0');
        }
        return;
    };
    match digits.len().checked_sub(scale) {
        Some(whole) if whole > 0 => out.extend_from_slice(&digits[..whole]),
        _ => out.push(b'0'),
    }
    if scale > 0 {
        out.push(b'.');
        let fraction = &digits[digits.len().saturating_sub(scale)..];
        out.resize(out.len() + scale - fraction.len(), b'0');
        out.extend_from_slice(fraction);
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_api::time::{format_decimal, format_timestamp};

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn decimals_are_written_as_everywhere_else() {
        let mut random = fastrand::Rng::with_seed(7);
        let fixed = [0, 1, -1, 5, 99, 100, i128::MAX, i128::MIN, u64::MAX.into()];
        let numbers = (0..20_000).map(|_| random.i128(..) >> random.u32(0..127));
        for digits in fixed.into_iter().chain(numbers) {
            for scale in [-2, 0, 1, 2, 6, 19, 20, 38] {
                let whole = i256::from_i128(digits);
                let expected = match format_decimal(whole, scale) {
                    // No zeros behind nothing.
                    text if text == "000" => "0".to_owned(),
                    text => text,
                };
                assert_eq!(written(|o| decimal(o, digits, scale)), expected);
                assert_eq!(written(|o| wide_decimal(o, whole, scale)), expected);
            }
        }
        let many = i256::from_string(&"9".repeat(60)).unwrap();
        assert_eq!(
            written(|o| wide_decimal(o, -many, 20)),
            format!("-{}.{}", "9".repeat(40), "9".repeat(20))
        );
    }

    #[test]
    fn days_and_times_are_iso_texts() {
        let mut random = fastrand::Rng::with_seed(8);
        for _ in 0..20_000 {
            let micros = random.i64(-62_167_219_200_000_000..253_402_300_800_000_000);
            let text = written(|o| assert!(timestamp(o, micros)));
            let expected = format_timestamp(micros).replace('T', " ");
            let short = match text.split_once('.') {
                Some(_) => text.trim_end_matches('0'),
                None => &text,
            };
            assert_eq!(short, expected);
        }
        assert_eq!(written(|o| time(o, 3_020_399_000_000)), "838:59:59");
        assert_eq!(written(|o| time(o, -1)), "-00:00:00.000001");
    }

    #[test]
    fn days_that_mysql_lacks_are_refused() {
        for micros in [
            -62_167_219_200_000_001,
            253_402_300_800_000_000,
            i64::MIN,
            i64::MAX,
        ] {
            assert_eq!(written(|o| assert!(!timestamp(o, micros))), "");
        }
    }
}
