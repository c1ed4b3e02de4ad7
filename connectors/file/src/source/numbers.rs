//! Numbers out of bytes, without a detour over text.

/// A whole number; none if it is something else or doesn't fit.
#[inline(always)]
pub(crate) fn parse_integer(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() {
        return None;
    }
    if digits.len() <= 18 {
        let mut number = 0_i64;
        for digit in digits {
            let value = digit.wrapping_sub(b'0');
            if value > 9 {
                return None;
            }
            number = number * 10 + i64::from(value);
        }
        return Some(if negative { -number } else { number });
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// A floating-point number, with `NaN`, `Infinity` and `-Infinity` as Java writes them.
pub(crate) fn parse_float<T: fast_float2::FastFloat>(bytes: &[u8]) -> Option<T> {
    fast_float2::parse(bytes).ok()
}

/// A decimal number as digits of `scale`; none if it has more digits than the type, before or
/// behind the point. Closing zeros don't count.
#[inline(always)]
pub(crate) fn parse_decimal(bytes: &[u8], precision: u8, scale: i8) -> Option<i128> {
    quick_decimal(bytes, scale)
        .or_else(|| {
            let text = std::str::from_utf8(bytes).ok()?;
            seatunnel_api::time::parse_decimal(text, scale)?.to_i128()
        })
        .filter(|number| number.unsigned_abs() < 10_u128.pow(u32::from(precision)))
}

/// Decimals of up to 18 digits without an exponent: nearly all there are.
#[inline(always)]
fn quick_decimal(bytes: &[u8], scale: i8) -> Option<i128> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut number = 0_i64;
    let mut point = None;
    for (index, digit) in digits.iter().enumerate() {
        let value = digit.wrapping_sub(b'0');
        if value <= 9 {
            number = number * 10 + i64::from(value);
        } else if *digit == b'.' && point.is_none() {
            point = Some(index);
        } else {
            return None;
        }
    }
    let fraction = point.map_or(0, |at| digits.len() - at - 1);
    if digits.len() == 1 && point.is_some() {
        return None;
    }
    let missing = i32::from(scale) - fraction as i32;
    if !(0..=18).contains(&missing) {
        return None;
    }
    let number = i128::from(number) * 10_i128.pow(missing as u32);
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_whole_and_fit() {
        assert_eq!(parse_integer(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_integer(b"9223372036854775808"), None);
        assert_eq!(parse_integer(b"+12"), Some(12));
        for wrong in ["", "-", "1.0", "1e3", "0x1", " 1"] {
            assert_eq!(parse_integer(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        assert_eq!(parse_decimal(b"-12.5", 6, 2), Some(-1250));
        assert_eq!(parse_decimal(b"12.500", 6, 2), Some(1250));
        assert_eq!(parse_decimal(b"12.505", 6, 2), None);
        assert_eq!(parse_decimal(b"12345.6", 6, 2), None);
        assert_eq!(parse_decimal(b"1.2e3", 6, 1), Some(12_000));
        assert_eq!(parse_decimal(b".5", 6, 1), Some(5));
        assert_eq!(parse_decimal(b".", 6, 1), None);
        assert_eq!(
            parse_decimal(b"12345678901234567890.12", 38, 2),
            Some(1_234_567_890_123_456_789_012)
        );
    }

    #[test]
    fn floats_read_what_java_writes() {
        assert_eq!(parse_float::<f64>(b"1.5E-3"), Some(0.0015));
        assert!(parse_float::<f32>(b"NaN").is_some_and(f32::is_nan));
        assert_eq!(parse_float::<f64>(b"-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_float::<f64>(b"1.5x"), None);
    }
}
