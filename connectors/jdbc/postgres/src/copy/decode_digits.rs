//! Numbers that come as text.
//!
//! Servers write a `numeric` or an `integer` faster as text than in binary, though its binary form is the shorter one: for
//! a binary value they make a buffer of 1 KiB first (`scripts/bench/postgres_forms.py`).

use super::decode_numeric::{POWERS, Unfit};

/// Digits that surely fit 64 bits.
const FIT: usize = 18;

/// An `integer`; none if it is none.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<i32> {
    let (is_negative, digits) = sign(text);
    if digits.is_empty() {
        return None;
    }
    let number = number(0, digits)? as i64;
    i32::try_from(if is_negative { -number } else { number }).ok()
}

/// The digits of a `numeric` with `scale` of them behind the point; fewer than 10^`precision`, which is 38 at most.
#[inline]
pub(super) fn decimal(text: &[u8], precision: u8, scale: i8, rounds: bool) -> Result<i128, Unfit> {
    let (is_negative, unsigned) = sign(text);
    let digits = match usual(unsigned, scale) {
        Some(digits) => i128::from(digits),
        None => unusual(unsigned, scale, rounds)?,
    };
    if digits >= POWERS[usize::from(precision.min(38))] {
        return Err(Unfit::TooLarge);
    }
    Ok(if is_negative { -digits } else { digits })
}

#[inline]
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    }
}

/// Adds digits to those of a number; none if they are no digits, or too many.
#[inline]
fn number(before: u64, digits: &[u8]) -> Option<u64> {
    if digits.len() > FIT {
        return None;
    }
    digits.iter().try_fold(before, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| sum * 10 + u64::from(digit))
    })
}

/// The digits of a number that has as many behind the point as are wanted, and not many in all; none of others.
#[inline]
fn usual(unsigned: &[u8], scale: i8) -> Option<u64> {
    let behind = usize::try_from(scale).ok()?;
    if unsigned.is_empty() || unsigned.len() > FIT {
        return None;
    }
    if behind == 0 {
        return number(0, unsigned);
    }
    let (whole, rest) = unsigned.split_at_checked(unsigned.len().checked_sub(behind + 1)?)?;
    number(number(0, whole)?, rest.strip_prefix(b".")?)
}

/// What stands in front of the first of some marks, and what behind it, if there is one.
fn parted<'t>(text: &'t [u8], marks: &[u8]) -> (&'t [u8], Option<&'t [u8]>) {
    match text.iter().position(|byte| marks.contains(byte)) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// How far the point is to be moved. PostgreSQL writes none, CockroachDB does: `4E+2`.
fn exponent(text: &[u8]) -> Result<i64, Unfit> {
    let number = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
    // Beyond this only zero fits.
    number
        .map(|exponent: i64| exponent.clamp(-100_000, 100_000))
        .ok_or(Unfit::Broken)
}

#[cold]
fn unusual(unsigned: &[u8], scale: i8, rounds: bool) -> Result<i128, Unfit> {
    match unsigned {
        b"NaN" => return Err(Unfit::NotANumber),
        b"Infinity" => return Err(Unfit::Infinite),
        _ => {}
    }
    let (unsigned, power) = parted(unsigned, b"eE");
    let exponent = power.map_or(Ok(0), exponent)?;
    let (whole, behind) = parted(unsigned, b".");
    let behind = behind.unwrap_or_default();
    let digits = || {
        whole
            .iter()
            .chain(behind)
            .map(|byte| byte.wrapping_sub(b'0'))
    };
    if whole.is_empty() || digits().any(|digit| digit > 9) {
        return Err(Unfit::Broken);
    }
    let kept = usize::try_from(whole.len() as i64 + exponent + i64::from(scale));
    let mut rest = digits();
    let mut sum = 0i128;
    for _ in 0..kept.unwrap_or(0) {
        let digit = i128::from(rest.next().unwrap_or(0));
        sum = sum
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(digit))
            .ok_or(Unfit::TooLarge)?;
    }
    // Of a number that is smaller than a tenth of the last digit, the digit behind that one is zero.
    let next = kept.ok().and_then(|_| rest.next()).unwrap_or(0);
    if !rounds && (next != 0 || rest.any(|digit| digit != 0)) {
        return Err(Unfit::TooFine);
    }
    sum.checked_add(i128::from(rounds && next >= 5))
        .ok_or(Unfit::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back_as_they_were_written() {
        let mut random = fastrand::Rng::with_seed(9);
        for _ in 0..100_000 {
            let number = random.i32(..) >> random.u32(..32);
            assert_eq!(integer(number.to_string().as_bytes()), Some(number));
        }
        for number in [i32::MIN, i32::MAX] {
            assert_eq!(integer(number.to_string().as_bytes()), Some(number));
        }
        for other in [
            "",
            "-",
            "1.5",
            "2147483648",
            "-2147483649",
            "99999999999999999999",
            "a",
            "1 ",
        ] {
            assert_eq!(integer(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn other_forms_of_a_numeric() {
        let read = |text: &str, precision, scale| decimal(text.as_bytes(), precision, scale, false);
        assert_eq!(
            read("12.5", 10, 4),
            Ok(125_000),
            "fewer digits than declared"
        );
        assert_eq!(read("12300", 7, -2), Ok(123));
        assert_eq!(read("12345", 7, -2), Err(Unfit::TooFine));
        assert_eq!(decimal(b"-12355", 7, -2, true), Ok(-124));
        assert_eq!(decimal(b"49", 7, -2, true), Ok(0));
        assert_eq!(decimal(b"50", 7, -2, true), Ok(1));
        assert_eq!(decimal(b"9", 7, -2, true), Ok(0));
        assert_eq!(read("123.45", 4, 2), Err(Unfit::TooLarge));
        assert_eq!(read("99.99", 4, 2), Ok(9_999));
        assert_eq!(read(&"9".repeat(60), 38, 0), Err(Unfit::TooLarge));
        // One more than there is in 128 bits.
        let most = format!("{}5", i128::MAX);
        assert_eq!(decimal(most.as_bytes(), 38, -1, true), Err(Unfit::TooLarge));
        assert_eq!(read(&format!("0.{}", "0".repeat(60)), 38, 18), Ok(0));
        assert_eq!(read("NaN", 38, 0), Err(Unfit::NotANumber));
        assert_eq!(read("-Infinity", 38, 0), Err(Unfit::Infinite));
        assert_eq!(read("4E+2", 38, 2), Ok(40_000));
        assert_eq!(read("-1.25e-3", 38, 5), Ok(-125));
        assert_eq!(read("1E-7", 38, 6), Err(Unfit::TooFine));
        assert_eq!(decimal(b"6E-7", 38, 6, true), Ok(1));
        assert_eq!(read("1E+38", 38, 0), Err(Unfit::TooLarge));
        assert_eq!(read("0E+999999999", 38, 0), Ok(0));
        assert_eq!(read("1E-999999999", 38, 0), Err(Unfit::TooFine));
        for broken in [
            "", "-", ".5", "1e", "e5", "1e1.5", "1e5e5", "1.2.3", "--1", "12x",
        ] {
            assert_eq!(read(broken, 38, 2), Err(Unfit::Broken), "{broken}");
        }
    }
}
