//! `numeric` in its binary form as the digits of a decimal.
//!
//! Layout as in `encode_numeric.rs`.

use arrow_buffer::i256;

const POSITIVE: u16 = 0;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;

/// Why a number can't be a decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is no number.
    NotANumber,
    /// It is infinite.
    Infinite,
    /// It has more digits before the point than there is room for.
    TooLarge,
    /// It has digits behind the point for which there is no room.
    TooFine,
    /// The bytes are no number at all.
    Broken,
}

pub(super) const POWERS: [i128; 39] = {
    let mut powers = [1i128; 39];
    let mut n = 1;
    while n < 39 {
        powers[n] = powers[n - 1] * 10;
        n += 1;
    }
    powers
};

/// The digits of a number with `scale` of them behind the point; fewer than 10^`precision`.
#[inline]
pub(crate) fn read(bytes: &[u8], precision: u8, scale: i8, rounds: bool) -> Result<i128, Unfit> {
    let (count, exponent, sign, groups) = head(bytes, scale)?;
    // Four groups fit 64 bits; what is behind the point of the decimal is only ever in the last.
    let digits = if count <= 4 && (-3..=22).contains(&exponent) {
        let mut sum = 0i64;
        for group in groups {
            sum = sum * 10_000 + i64::from(u16::from_be_bytes(*group));
        }
        match exponent {
            0.. => i128::from(sum) * POWERS[exponent as usize],
            _ => {
                let (quotient, rest) = match exponent {
                    -1 => (sum / 10, sum % 10),
                    -2 => (sum / 100, sum % 100),
                    _ => (sum / 1_000, sum % 1_000),
                };
                if rest != 0 && !rounds {
                    return Err(Unfit::TooFine);
                }
                let half = POWERS[exponent.unsigned_abs() as usize] / 2;
                i128::from(quotient) + i128::from(i128::from(rest) >= half)
            }
        }
    } else {
        long(groups, exponent, rounds)?
    };
    if digits >= POWERS[usize::from(precision.min(38))] {
        return Err(Unfit::TooLarge);
    }
    Ok(if sign == NEGATIVE { -digits } else { digits })
}

/// The same for more than 38 digits.
pub(crate) fn read_wide(
    bytes: &[u8],
    precision: u8,
    scale: i8,
    rounds: bool,
) -> Result<i256, Unfit> {
    let (_, exponent, sign, groups) = head(bytes, scale)?;
    let ten = i256::from_i128(10);
    let mut sum = i256::ZERO;
    let (kept, rest) = split(groups, exponent);
    let wide = |sum: i256, factor: i128, more: i128| {
        sum.checked_mul(i256::from_i128(factor))
            .and_then(|product| product.checked_add(i256::from_i128(more)))
            .ok_or(Unfit::TooLarge)
    };
    for group in kept {
        sum = wide(sum, 10_000, i128::from(u16::from_be_bytes(*group)))?;
    }
    let (factor, more) = last(rest, exponent, groups.len(), kept.len(), rounds)?;
    match factor {
        Last::Shift(zeros) if sum != i256::ZERO => {
            let power = ten.checked_pow(zeros).ok_or(Unfit::TooLarge)?;
            sum = sum.checked_mul(power).ok_or(Unfit::TooLarge)?;
        }
        Last::Shift(_) => {}
        Last::Part(factor) => sum = wide(sum, factor, more)?,
        Last::Up => sum = wide(sum, 1, more)?,
    }
    let limit = ten.checked_pow(u32::from(precision)).ok_or(Unfit::Broken)?;
    if sum >= limit {
        return Err(Unfit::TooLarge);
    }
    Ok(if sign == NEGATIVE { -sum } else { sum })
}

type Head<'a> = (usize, i32, u16, &'a [[u8; 2]]);

/// Number of groups, power of ten that the last one has among the decimal's digits, sign, groups.
#[inline]
fn head(bytes: &[u8], scale: i8) -> Result<Head<'_>, Unfit> {
    let Some((&[c0, c1, w0, w1, s0, s1, _, _], rest)) = bytes.split_first_chunk::<8>() else {
        return Err(Unfit::Broken);
    };
    let count = usize::from(u16::from_be_bytes([c0, c1]));
    let weight = i32::from(i16::from_be_bytes([w0, w1]));
    let sign = u16::from_be_bytes([s0, s1]);
    let (groups, rest) = rest.as_chunks::<2>();
    if groups.len() != count || !rest.is_empty() {
        return Err(Unfit::Broken);
    }
    match sign {
        POSITIVE | NEGATIVE => {
            // Zero has no groups.
            let exponent = if count == 0 {
                0
            } else {
                4 * (weight + 1 - count as i32) + i32::from(scale)
            };
            Ok((count, exponent, sign, groups))
        }
        NAN => Err(Unfit::NotANumber),
        _ => Err(Unfit::Infinite),
    }
}

/// The groups that are wholly among the decimal's digits, and the others.
fn split(groups: &[[u8; 2]], exponent: i32) -> (&[[u8; 2]], &[[u8; 2]]) {
    let behind = match exponent {
        0.. => 0,
        _ => exponent.unsigned_abs().div_ceil(4) as usize,
    };
    groups.split_at(groups.len().saturating_sub(behind))
}

enum Last {
    /// So many zeros follow.
    Shift(u32),
    /// Some digits of a group follow: multiply by this first.
    Part(i128),
    /// Nothing follows but what rounding adds.
    Up,
}

/// What comes after the groups that are wholly among the digits.
fn last(
    rest: &[[u8; 2]],
    exponent: i32,
    count: usize,
    kept: usize,
    rounds: bool,
) -> Result<(Last, i128), Unfit> {
    if exponent >= 0 {
        return Ok((Last::Shift(exponent.unsigned_abs()), 0));
    }
    let behind = exponent.unsigned_abs();
    let in_group = behind % 4;
    let number = |group: &[u8; 2]| i128::from(u16::from_be_bytes(*group));
    let is_zero = |groups: &[[u8; 2]]| groups.iter().all(|group| *group == [0, 0]);
    // All groups lie behind the first group that has a part among the digits.
    if behind.div_ceil(4) as usize > count {
        if !rounds && !is_zero(rest) {
            return Err(Unfit::TooFine);
        }
        // 0.5 of the last digit is only reached if the first group is the next one.
        return Ok((Last::Up, 0));
    }
    debug_assert_eq!(kept + rest.len(), count);
    let Some((first, others)) = rest.split_first() else {
        return Ok((Last::Up, 0));
    };
    if in_group == 0 {
        if !rounds && !is_zero(rest) {
            return Err(Unfit::TooFine);
        }
        return Ok((Last::Up, i128::from(number(first) >= 5_000)));
    }
    let cut = POWERS[in_group as usize];
    let (quotient, over) = (number(first) / cut, number(first) % cut);
    if !rounds && (over != 0 || !is_zero(others)) {
        return Err(Unfit::TooFine);
    }
    let up = i128::from(over >= cut / 2);
    Ok((Last::Part(10_000 / cut), quotient + up))
}

#[cold]
fn long(groups: &[[u8; 2]], exponent: i32, rounds: bool) -> Result<i128, Unfit> {
    let (kept, rest) = split(groups, exponent);
    let mut sum = 0i128;
    let take = |sum: i128, factor: i128, more: i128| {
        sum.checked_mul(factor)
            .and_then(|product| product.checked_add(more))
            .ok_or(Unfit::TooLarge)
    };
    for group in kept {
        sum = take(sum, 10_000, i128::from(u16::from_be_bytes(*group)))?;
    }
    let (factor, more) = last(rest, exponent, groups.len(), kept.len(), rounds)?;
    match factor {
        Last::Shift(_) if sum == 0 => Ok(0),
        Last::Shift(zeros) => {
            let power = POWERS.get(zeros as usize).ok_or(Unfit::TooLarge)?;
            take(sum, *power, 0)
        }
        Last::Part(factor) => take(sum, factor, more),
        Last::Up => take(sum, 1, more),
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_api::time::format_decimal;

    use super::super::decode_digits::decimal;
    use super::super::encode_numeric;
    use super::*;

    fn bytes(digits: i128, scale: i8) -> Vec<u8> {
        let mut out = Vec::new();
        encode_numeric::put(&mut out, digits, scale);
        out
    }

    #[test]
    fn numbers_come_back_as_they_were_written() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..200_000 {
            let scale = random.i8(0..=38);
            let length = random.u32(0..=38);
            let digits = random.i128(0..10i128.pow(length).max(1));
            let digits = if random.bool() { -digits } else { digits };
            let wire = bytes(digits, scale);
            let shown = format_decimal(i256::from_i128(digits), scale);
            assert_eq!(read(&wire, 38, scale, false), Ok(digits), "{shown}");
            let text = decimal(shown.as_bytes(), 38, scale, false);
            assert_eq!(text, Ok(digits), "{shown}");
            let wide = read_wide(&wire, 76, scale, false);
            assert_eq!(wide, Ok(i256::from_i128(digits)), "{shown}");
        }
    }

    #[test]
    fn digits_beyond_the_scale_are_refused_or_rounded() {
        let mut random = fastrand::Rng::with_seed(8);
        for _ in 0..100_000 {
            let scale = random.i8(1..=30);
            let less = random.i8(1..=scale);
            let length = random.u32(0..=38);
            let digits = random.i128(0..10i128.pow(length));
            let wire = bytes(digits, scale);
            let cut = 10i128.pow(less as u32);
            let shown = format_decimal(i256::from_i128(digits), scale);
            let exact = if digits % cut == 0 {
                Ok(digits / cut)
            } else {
                Err(Unfit::TooFine)
            };
            assert_eq!(read(&wire, 38, scale - less, false), exact, "{shown}");
            let text = shown.as_bytes();
            assert_eq!(decimal(text, 38, scale - less, false), exact, "{shown}");
            let rounded = digits / cut + i128::from(digits % cut >= cut / 2);
            assert_eq!(
                read(&wire, 38, scale - less, true),
                Ok(rounded),
                "{shown} by {less}"
            );
            assert_eq!(
                decimal(text, 38, scale - less, true),
                Ok(rounded),
                "{shown} by {less}"
            );
            let wide = read_wide(&wire, 76, scale - less, true);
            assert_eq!(wide, Ok(i256::from_i128(rounded)), "{shown} by {less}");
        }
    }

    #[test]
    fn numbers_that_are_too_large_are_refused() {
        assert_eq!(read(&bytes(12_345, 2), 4, 2, false), Err(Unfit::TooLarge));
        assert_eq!(read(&bytes(9_999, 2), 4, 2, false), Ok(9_999));
        let large = bytes(10i128.pow(37), 0);
        assert_eq!(read(&large, 38, 18, false), Err(Unfit::TooLarge));
        assert_eq!(
            read(&[0, 0, 0, 0, 0xC0, 0, 0, 0], 38, 0, false),
            Err(Unfit::NotANumber)
        );
        assert_eq!(
            read(&[0, 0, 0, 0, 0xD0, 0, 0, 0], 38, 0, false),
            Err(Unfit::Infinite)
        );
        assert_eq!(
            read(&[0, 1, 0, 0, 0, 0, 0, 0], 38, 0, false),
            Err(Unfit::Broken)
        );
    }
}
