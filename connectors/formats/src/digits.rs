//! Decimals: digits as big-endian bytes in two's complement.

use arrow_buffer::i256;

use crate::fault::{Fault, Step};

/// The number that the bytes are.
///
/// # Errors
/// Beyond 256 bits.
pub(crate) fn from_bytes(bytes: &[u8]) -> Step<i256> {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    // Leading bytes that only carry the sign don't count.
    let sign = bytes.iter().take_while(|b| **b == fill).count();
    let bytes = &bytes[sign..];
    let mut all = [fill; 32];
    let Some(start) = all.len().checked_sub(bytes.len()) else {
        return Err(Fault::new("a decimal has more than 76 digits"));
    };
    // With all 32 bytes taken, the first bit must still be the sign.
    if start == 0 && (bytes[0] & 0x80 != 0) != negative {
        return Err(Fault::new("a decimal has more than 76 digits"));
    }
    all[start..].copy_from_slice(bytes);
    Ok(i256::from_be_bytes(all))
}

/// As [`from_bytes`], for up to 16 bytes.
#[inline]
pub(crate) fn small_from_bytes(bytes: &[u8]) -> Option<i128> {
    let start = 16usize.checked_sub(bytes.len())?;
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let mut all = if negative { [0xff; 16] } else { [0; 16] };
    all[start..].copy_from_slice(bytes);
    Some(i128::from_be_bytes(all))
}

/// The fewest bytes that are the number: where they start in its 32 bytes.
pub(crate) fn shortest(bytes: &[u8]) -> &[u8] {
    let Some((first, rest)) = bytes.split_first() else {
        return bytes;
    };
    match (*first, rest.first()) {
        (0, Some(next)) if next & 0x80 == 0 => shortest_run(bytes, 0),
        (0xff, Some(next)) if next & 0x80 != 0 => shortest_run(bytes, 0xff),
        _ => bytes,
    }
}

fn shortest_run(bytes: &[u8], fill: u8) -> &[u8] {
    let run = bytes.iter().take_while(|b| **b == fill).count();
    // The sign must still be told by the first bit.
    let needs_sign = match bytes.get(run) {
        Some(next) => (next & 0x80 != 0) != (fill == 0xff),
        None => true,
    };
    &bytes[run - usize::from(needs_sign)..]
}

/// The same number with another count of fraction digits, if it has so few digits that count.
///
/// # Errors
/// If digits would be lost, or there are more than `precision`.
pub(crate) fn rescale(value: i256, from: i32, to: i8, precision: u8) -> Step<i256> {
    let to = i32::from(to);
    let beyond = || {
        Fault::new(format!(
            "a decimal does not fit {precision} digits with {to} behind the point"
        ))
    };
    let ten = i256::from_i128(10);
    // No number of 256 bits other than zero comes through more steps than these.
    let steps = (from - to).unsigned_abs().min(80);
    let mut value = value;
    for _ in 0..steps {
        value = match from < to {
            true => value.checked_mul(ten).ok_or_else(beyond)?,
            false if value == i256::ZERO => break,
            false => {
                let (whole, rest) = (value.checked_div(ten), value.checked_rem(ten));
                match (whole, rest) {
                    (Some(whole), Some(i256::ZERO)) => whole,
                    _ => return Err(beyond()),
                }
            }
        };
    }
    let limit = ten.checked_pow(u32::from(precision)).ok_or_else(beyond)?;
    match value.wrapping_abs() < limit && value != i256::MIN {
        true => Ok(value),
        false => Err(beyond()),
    }
}

/// As [`rescale`], where all is known to be small; none if it is not, or doesn't fit.
#[inline]
pub(crate) fn small_rescale(value: i128, from: i32, to: i8, precision: u8) -> Option<i128> {
    let to = i32::from(to);
    let value = match from == to {
        true => value,
        false if from < to => value.checked_mul(10i128.checked_pow((to - from) as u32)?)?,
        false => {
            let power = 10i128.checked_pow((from - to) as u32)?;
            (value % power == 0).then_some(value / power)?
        }
    };
    (value.unsigned_abs() < 10u128.checked_pow(u32::from(precision))?).then_some(value)
}
