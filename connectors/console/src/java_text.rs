//! Numbers, days and times as Java's `toString` shows them.

use std::fmt::Write as _;

use arrow_buffer::i256;
use seatunnel_api::time::{MICROS_PER_SECOND, civil_from_days, format_decimal};

/// Digits with the point at its place, without an allocation for what 128 bits hold.
pub(crate) fn decimal(digits: i128, scale: i8, out: &mut String) {
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

pub(crate) fn date(days: i32, out: &mut String) {
    let (year, month, day) = civil_from_days(days);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

/// As `java.time.LocalTime` shows it: no seconds where they are zero, fractions of 3 or 6 digits.
pub(crate) fn time(micros: i64, out: &mut String) {
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

/// As `Double.toString` shows it: `1.0E7` from ten million on and below a thousandth.
pub(crate) fn java_float(
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
    // The shortest digits that read back, such as -1.25e3, are written in place and then rearranged.
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
