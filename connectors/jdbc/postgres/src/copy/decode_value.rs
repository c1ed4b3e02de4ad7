//! Single values in the binary forms of their types.

use seatunnel_api::time::MICROS_PER_DAY;

use super::decode_numeric::Unfit;

/// Days from 1970-01-01 to 2000-01-01, from which the server counts.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * MICROS_PER_DAY;

/// Why a value is not what its column is of, as it ends a sentence about the value.
pub(crate) type Why = &'static str;

/// It is not as the server writes such values.
pub(super) const BROKEN: Why = "has a form that the server's type should not have";

#[inline]
pub(super) fn date(value: &[u8]) -> Result<i32, Why> {
    match i32::from_be_bytes(fixed(value)?) {
        i32::MAX => Err("is infinity, which a DATE can't be"),
        i32::MIN => Err("is -infinity, which a DATE can't be"),
        days => days
            .checked_add(EPOCH_DAYS)
            .ok_or("is beyond the days that a DATE can be"),
    }
}

#[inline]
pub(super) fn timestamp(value: &[u8]) -> Result<i64, Why> {
    match i64::from_be_bytes(fixed(value)?) {
        i64::MAX => Err("is infinity, which a TIMESTAMP can't be"),
        i64::MIN => Err("is -infinity, which a TIMESTAMP can't be"),
        micros => micros
            .checked_add(EPOCH_MICROS)
            .ok_or("is beyond the times that a TIMESTAMP can be"),
    }
}

#[inline]
pub(super) fn fixed<const N: usize>(value: &[u8]) -> Result<[u8; N], Why> {
    value.try_into().map_err(|_| BROKEN)
}

#[inline]
pub(super) fn time(micros: i64) -> Result<i64, Why> {
    if (0..MICROS_PER_DAY).contains(&micros) {
        Ok(micros)
    } else {
        Err("is 24:00:00, which a TIME can't be")
    }
}

pub(super) fn put_uuid(bytes: &mut Vec<u8>, value: [u8; 16]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for (index, byte) in value.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            bytes.push(b'-');
        }
        let digits = [byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]);
        bytes.extend_from_slice(&digits);
    }
}

#[cold]
pub(super) fn why_not(unfit: Unfit) -> Why {
    match unfit {
        Unfit::NotANumber => "is NaN, which a DECIMAL can't be",
        Unfit::Infinite => "is infinite, which a DECIMAL can't be",
        Unfit::TooLarge => "has more digits before the point than its DECIMAL",
        Unfit::TooFine => "has more digits behind the point than its DECIMAL",
        Unfit::Broken => BROKEN,
    }
}
