//! Numbers, days and times as Java's `toString` shows them, which is how SeaTunnel shows them.

use std::fmt::Write as _;

use arrow_buffer::i256;

use crate::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, format_decimal};

/// Whether all digits stand that far behind the point that an exponent is written: the first one further back than
/// its seventh place.
fn is_tiny(digits: u128, scale: i8) -> bool {
    let before = u32::try_from(i32::from(scale) - 6).ok().filter(|n| *n > 0);
    before.is_some_and(|n| 10u128.checked_pow(n).is_none_or(|limit| digits < limit))
}

/// As `BigDecimal.toString` shows it: `12.50`, `1.5E-7`. Without an allocation for what isn't tiny.
pub fn decimal128(digits: i128, scale: i8, out: &mut String) {
    if scale < 0 || is_tiny(digits.unsigned_abs(), scale) {
        return decimal(i256::from_i128(digits), scale, out);
    }
    match u32::try_from(scale)
        .ok()
        .and_then(|s| 10u128.checked_pow(s))
    {
        Some(factor) if scale > 0 => {
            let sign = if digits < 0 { "-" } else { "" };
            let digits = digits.unsigned_abs();
            let width = scale as usize;
            let _ = write!(out, "{sign}{}.{:0width$}", digits / factor, digits % factor);
        }
        _ => out.push_str(&format_decimal(i256::from_i128(digits), scale)),
    }
}

/// As [`decimal128`], of up to 76 digits.
pub fn decimal(digits: i256, scale: i8, out: &mut String) {
    let text = digits.to_string();
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    let exponent = unsigned.len() as i32 - 1 - i32::from(scale);
    if scale >= 0 && exponent >= -6 {
        out.push_str(&format_decimal(digits, scale));
        return;
    }
    let (first, rest) = unsigned.split_at(1);
    out.push_str(sign);
    out.push_str(first);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    // Writing to a String can't fail.
    let _ = write!(out, "E{exponent:+}");
}

/// As `java.time.LocalDateTime` shows it; microseconds since 1970.
pub fn timestamp(micros: i64, out: &mut String) {
    date(micros.div_euclid(MICROS_PER_DAY) as i32, out);
    out.push('T');
    time(micros.rem_euclid(MICROS_PER_DAY), out);
}

/// As `Float.toString` shows it.
pub fn float(value: f32, out: &mut String) {
    shortest(f64::from(value), |out| write!(out, "{value:e}"), out);
}

/// As `Double.toString` shows it: `1.0E7` from ten million on and below a thousandth.
pub fn double(value: f64, out: &mut String) {
    shortest(value, |out| write!(out, "{value:e}"), out);
}

/// As `java.time.LocalDate` shows it; days since 1970.
pub fn date(days: i32, out: &mut String) {
    let (year, month, day) = civil_from_days(days);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

/// As `java.time.LocalTime` shows it: no seconds where they are zero, fractions of 3 or 6 digits. Microseconds
/// since midnight.
pub fn time(micros: i64, out: &mut String) {
    let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
    let _ = write!(out, "{:02}:{:02}", seconds / 3_600, seconds / 60 % 60);
    if seconds % 60 != 0 || fraction != 0 {
        let _ = write!(out, ":{:02}", seconds % 60);
    }
    if fraction != 0 {
        let _ = match fraction % 1_000 {
            0 => write!(out, ".{:03}", fraction / 1_000),
            _ => write!(out, ".{fraction:06}"),
        };
    }
}

/// `scientific` writes the shortest digits that read back, such as -1.25e3.
fn shortest(
    value: f64,
    scientific: impl FnOnce(&mut String) -> std::fmt::Result,
    out: &mut String,
) {
    if !value.is_finite() {
        out.push_str(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
        return;
    }
    // They are written in place and then rearranged.
    let start = out.len();
    let _ = scientific(out);
    let mut digits = [0u8; 32];
    let mut count = 0;
    let written = &out[start..];
    let negative = written.starts_with('-');
    let (mantissa, exponent) = written.split_once('e').unwrap_or((written, "0"));
    for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
        digits[count] = digit;
        count += 1;
    }
    let exponent: i32 = exponent.parse().unwrap_or(0);
    out.truncate(start);
    if negative {
        out.push('-');
    }
    let digit = |index: usize| char::from(if index < count { digits[index] } else { b'0' });
    if (-3..7).contains(&exponent) {
        if exponent < 0 {
            out.push_str("0.");
            (1..-exponent).for_each(|_| out.push('0'));
            (0..count).for_each(|index| out.push(digit(index)));
        } else {
            let whole = exponent as usize + 1;
            (0..whole).for_each(|index| out.push(digit(index)));
            out.push('.');
            (whole..count.max(whole + 1)).for_each(|index| out.push(digit(index)));
        }
    } else {
        out.push(digit(0));
        out.push('.');
        (1..count.max(2)).for_each(|index| out.push(digit(index)));
        let _ = write!(out, "E{exponent}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn floats_are_written_as_java_writes_them() {
        for (value, expected) in [
            (1.0, "1.0"),
            (0.001, "0.001"),
            (0.00099, "9.9E-4"),
            (1e7, "1.0E7"),
            (9_999_999.5, "9999999.5"),
            (-123.25, "-123.25"),
            (1.5e300, "1.5E300"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(shown(|out| double(value, out)), expected);
        }
        assert_eq!(shown(|out| float(1.1, out)), "1.1");
        assert_eq!(shown(|out| float(1e10, out)), "1.0E10");
    }

    #[test]
    fn small_decimals_are_written_with_an_exponent() {
        for (digits, scale, expected) in [
            (12345, 2, "123.45"),
            (-5, 3, "-0.005"),
            (42, 0, "42"),
            (1, 6, "0.000001"),
            (0, 6, "0.000000"),
            (9, 7, "9E-7"),
            (10, 7, "0.0000010"),
            (-1234, 12, "-1.234E-9"),
            (0, 10, "0E-10"),
            (15, -2, "1.5E+3"),
        ] {
            assert_eq!(shown(|out| decimal128(digits, scale, out)), expected);
            let large = i256::from_i128(digits);
            assert_eq!(shown(|out| decimal(large, scale, out)), expected);
        }
    }

    #[test]
    fn times_leave_out_what_is_zero() {
        for (micros, expected) in [
            (0, "00:00"),
            (45_000_000, "00:00:45"),
            (500_000, "00:00:00.500"),
            (1, "00:00:00.000001"),
        ] {
            assert_eq!(shown(|out| time(micros, out)), expected);
        }
        assert_eq!(
            shown(|out| timestamp(-1, out)),
            "1969-12-31T23:59:59.999999"
        );
        assert_eq!(shown(|out| timestamp(0, out)), "1970-01-01T00:00");
    }
}
