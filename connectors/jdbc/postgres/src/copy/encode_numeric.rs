//! Numbers in the binary form of `numeric`: groups of four decimal digits, most significant first.
//!
//! Layout (PostgreSQL sources, `numeric_send`): number of groups, weight of the first one (power of
//! 10000), sign, digits shown after the point, then the groups; all 16 bits, big endian.

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITE: u16 = 0xD000;
const MINUS_INFINITE: u16 = 0xF000;
/// Bytes before the groups.
const HEADER: usize = 8;
/// Groups of the largest 128-bit number, one more for digits that are moved by the scale.
const MOST_GROUPS: usize = 11;

/// Appends a number without its length, for tests of what reads it.
#[cfg(test)]
pub(crate) fn put(out: &mut Vec<u8>, digits: i128, scale: i8) {
    let mut cell = [0u8; 4 + HEADER + 2 * MOST_GROUPS];
    let end = write(&mut cell, digits, scale);
    out.extend_from_slice(&cell[4..end]);
}

/// Appends a number with its length in front, as COPY has it: `digits` with the point `scale` digits
/// from the right.
pub(crate) fn put_cell(out: &mut Vec<u8>, digits: i128, scale: i8) {
    let mut cell = [0u8; 4 + HEADER + 2 * MOST_GROUPS];
    let end = write(&mut cell, digits, scale);
    cell[..4].copy_from_slice(&((end - 4) as u32).to_be_bytes());
    out.extend_from_slice(&cell[..end]);
}

/// Writes a number from byte 4 on; gives the end.
#[inline]
fn write(cell: &mut [u8; 4 + HEADER + 2 * MOST_GROUPS], digits: i128, scale: i8) -> usize {
    let mut groups = [0u16; MOST_GROUPS];
    let mut count = 0;
    let magnitude = digits.unsigned_abs();
    // Groups are counted from the point on: with a scale that is no multiple of four, the last group
    // has fewer digits of its own.
    let behind = usize::from(scale.rem_euclid(4).unsigned_abs());
    let groups_behind = (i32::from(scale) + 3).div_euclid(4);
    let mut take = |value: u64| {
        groups[count] = value as u16;
        count += 1;
    };
    if let Ok(mut rest) = u64::try_from(magnitude) {
        if behind != 0 {
            let (own, fill) = SPLIT[behind];
            take(rest % own * fill);
            rest /= own;
        }
        while rest > 0 {
            take(rest % 10_000);
            rest /= 10_000;
        }
    } else {
        let mut rest = magnitude;
        if behind != 0 {
            let (own, fill) = SPLIT[behind];
            take((rest % u128::from(own)) as u64 * fill);
            rest /= u128::from(own);
        }
        // Sixteen digits at a time: dividing 128 bits is slow.
        const SIXTEEN: u128 = 10_000_000_000_000_000;
        while rest >= SIXTEEN {
            let mut low = (rest % SIXTEEN) as u64;
            rest /= SIXTEEN;
            for _ in 0..4 {
                take(low % 10_000);
                low /= 10_000;
            }
        }
        let mut rest = rest as u64;
        while rest > 0 {
            take(rest % 10_000);
            rest /= 10_000;
        }
    }
    let top = count;
    let first = groups[..top].iter().take_while(|g| **g == 0).count();
    let top = top
        - groups[first..top]
            .iter()
            .rev()
            .take_while(|g| **g == 0)
            .count();
    let (weight, sign) = if first >= top {
        (0, 0)
    } else {
        let weight = top as i32 - 1 - groups_behind;
        (weight as i16, if digits < 0 { NEGATIVE } else { 0 })
    };
    let shown = scale.max(0) as u16;
    let stored = top.saturating_sub(first);
    cell[4..6].copy_from_slice(&(stored as u16).to_be_bytes());
    cell[6..8].copy_from_slice(&weight.to_be_bytes());
    cell[8..10].copy_from_slice(&sign.to_be_bytes());
    cell[10..12].copy_from_slice(&shown.to_be_bytes());
    let mut at = 12;
    for group in groups[first..first + stored].iter().rev() {
        cell[at..at + 2].copy_from_slice(&group.to_be_bytes());
        at += 2;
    }
    at
}

/// For so many digits in the last group: what cuts them off, and what moves them to its left.
const SPLIT: [(u64, u64); 4] = [(1, 1), (10, 1_000), (100, 100), (1_000, 10)];

/// Appends a number given as text, `-12.5`, `1e300`, without its length. None if it is no number.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) -> Option<()> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, unsigned) = match mantissa.strip_prefix('-') {
        Some(rest) => (NEGATIVE, rest),
        None => (0, mantissa),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // The place of the point among the digits, moved by the exponent.
    let point = whole.len() as i32 + exponent;
    let shown = (digits.len() as i32 - point).clamp(0, 16_383) as u16;
    let padded = |place: i32| {
        usize::try_from(place)
            .ok()
            .and_then(|place| digits.get(place))
            .map_or(0, |d| u16::from(d - b'0'))
    };
    let first = (-point).div_euclid(4);
    let last = (digits.len() as i32 - 1 - point).div_euclid(4);
    let mut groups: Vec<u16> = (first..=last)
        .map(|group| (0..4).fold(0, |sum, place| sum * 10 + padded(point + group * 4 + place)))
        .collect();
    let zeros = groups.iter().take_while(|g| **g == 0).count();
    groups.drain(..zeros);
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let weight = i16::try_from(-(first + zeros as i32) - 1).ok()?;
    let (weight, sign) = if groups.is_empty() {
        (0, 0)
    } else {
        (weight, sign)
    };
    out.extend_from_slice(&(groups.len() as u16).to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&shown.to_be_bytes());
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
    Some(())
}

/// Appends a float that is no finite number, without its length.
pub(crate) fn put_special(out: &mut Vec<u8>, value: f64) {
    let sign = if value.is_nan() {
        NAN
    } else if value > 0.0 {
        INFINITE
    } else {
        MINUS_INFINITE
    };
    for half in [0, 0, sign, 0] {
        out.extend_from_slice(&u16::to_be_bytes(half));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(bytes: &[u8]) -> Vec<i32> {
        let halves = bytes.chunks(2).map(|b| u16::from_be_bytes([b[0], b[1]]));
        halves
            .enumerate()
            .map(|(i, h)| {
                if i == 1 {
                    i32::from(h as i16)
                } else {
                    h.into()
                }
            })
            .collect()
    }

    #[track_caller]
    fn check(digits: i128, scale: i8, expected: &[i32]) {
        let mut cell = Vec::new();
        put_cell(&mut cell, digits, scale);
        assert_eq!(groups(&cell[4..]), expected, "{digits} {scale}");
        assert_eq!(cell[..4], (cell.len() as u32 - 4).to_be_bytes());
    }

    #[test]
    fn groups_are_counted_from_the_point() {
        check(0, 2, &[0, 0, 0, 2]);
        check(12_345, 2, &[2, 0, 0, 2, 123, 4_500]);
        check(-5, 2, &[1, -1, 0x4000, 2, 500]);
        check(10_000, 0, &[1, 1, 0, 0, 1]);
        check(1, 8, &[1, -2, 0, 8, 1]);
        check(7, -2, &[1, 0, 0, 0, 700]);
        check(7, -5, &[1, 1, 0, 0, 70]);
        check(100_000_000, 4, &[1, 1, 0, 4, 1]);
        check(
            i128::MAX,
            0,
            &[
                10, 9, 0, 0, 170, 1411, 8346, 469, 2317, 3168, 7303, 7158, 8410, 5727,
            ],
        );
    }

    #[test]
    fn numbers_and_their_texts_are_the_same() {
        fastrand::seed(7);
        for _ in 0..20_000 {
            let bits = fastrand::u32(0..127);
            let digits = fastrand::i128(..) >> bits;
            let scale = fastrand::i8(-6..38);
            let (mut a, mut b) = (Vec::new(), Vec::new());
            put_cell(&mut a, digits, scale);
            let text = seatunnel_api::time::format_decimal(digits.into(), scale);
            put_text(&mut b, &text).unwrap();
            assert_eq!(groups(&a[4..]), groups(&b), "{text}");
        }
    }

    #[test]
    fn exponents_move_the_point() {
        let of = |text: &str| {
            let mut out = Vec::new();
            put_text(&mut out, text).map(|()| groups(&out))
        };
        assert_eq!(of("1.5e3").unwrap(), [1, 0, 0, 0, 1_500]);
        assert_eq!(of("1e-7").unwrap(), [1, -2, 0, 7, 10]);
        assert_eq!(of("-0.0").unwrap(), [0, 0, 0, 1]);
        assert_eq!(of("x"), None);
        assert_eq!(of(""), None);
    }
}
