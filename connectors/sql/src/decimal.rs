//! Exact decimal arithmetic on digits and a scale.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{Decimal128Builder, Decimal256Builder};
use arrow_buffer::i256;
use seatunnel_api::{Error, MAX_DECIMAL128, Result};

use crate::codes;

/// What happens to digits that don't fit the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// Cut off.
    Down,
    /// Away from zero.
    Up,
    /// Towards positive infinity.
    Ceiling,
    /// Towards negative infinity.
    Floor,
    /// To the nearest, halves away from zero.
    HalfUp,
}

fn power_of_ten(exponent: u32) -> Option<i256> {
    i256::from_i128(10).checked_pow(exponent)
}

/// Divides whole numbers and rounds; none for a division by zero.
pub(crate) fn divide(left: i256, right: i256, rounding: Rounding) -> Option<i256> {
    let quotient = left.checked_div(right)?;
    let rest = left.checked_rem(right)?;
    if rest == i256::ZERO {
        return Some(quotient);
    }
    let negative = (left < i256::ZERO) != (right < i256::ZERO);
    let away = match rounding {
        Rounding::Down => false,
        Rounding::Up => true,
        Rounding::Ceiling => !negative,
        Rounding::Floor => negative,
        Rounding::HalfUp => {
            let rest = rest.checked_abs()?;
            let half = right.checked_abs()?.checked_sub(rest)?;
            rest >= half
        }
    };
    match (away, negative) {
        (false, _) => Some(quotient),
        (true, false) => quotient.checked_add(i256::ONE),
        (true, true) => quotient.checked_sub(i256::ONE),
    }
}

/// The same number with another scale; none if it doesn't fit.
pub(crate) fn rescale(digits: i256, from: i8, to: i8, rounding: Rounding) -> Option<i256> {
    let shift = i32::from(to) - i32::from(from);
    let power = power_of_ten(shift.unsigned_abs());
    if shift >= 0 {
        digits.checked_mul(power?)
    } else {
        match power {
            Some(power) => divide(digits, power, rounding),
            None => Some(i256::ZERO),
        }
    }
}

/// `left op right` with the scale of the result; none if it doesn't fit.
pub(crate) fn calculate(
    op: char,
    (left, left_scale): (i256, i8),
    (right, right_scale): (i256, i8),
    scale: i8,
) -> Option<i256> {
    let common = left_scale.max(right_scale);
    let aligned = || {
        Some((
            rescale(left, left_scale, common, Rounding::Down)?,
            rescale(right, right_scale, common, Rounding::Down)?,
        ))
    };
    match op {
        '+' | '-' | '%' => {
            let (left, right) = aligned()?;
            let result = match op {
                '+' => left.checked_add(right)?,
                '-' => left.checked_sub(right)?,
                _ => left.checked_rem(right)?,
            };
            rescale(result, common, scale, Rounding::HalfUp)
        }
        '*' => {
            let product = left.checked_mul(right)?;
            rescale(
                product,
                left_scale.checked_add(right_scale)?,
                scale,
                Rounding::HalfUp,
            )
        }
        _ => {
            // left/10^ls / (right/10^rs) * 10^scale
            let shift = i32::from(scale) + i32::from(right_scale) - i32::from(left_scale);
            let power = power_of_ten(shift.unsigned_abs())?;
            let (left, right) = if shift >= 0 {
                (left.checked_mul(power)?, right)
            } else {
                (left, right.checked_mul(power)?)
            };
            divide(left, right, Rounding::Up)
        }
    }
}

/// Collects digits into a column of decimals, refusing those that don't fit.
pub(crate) struct DecimalColumn {
    precision: u8,
    scale: i8,
    limit: i256,
    digits: Vec<Option<i256>>,
}

impl DecimalColumn {
    pub(crate) fn new(precision: u8, scale: i8, rows: usize) -> Self {
        Self {
            precision,
            scale,
            limit: power_of_ten(u32::from(precision)).unwrap_or(i256::MAX),
            digits: Vec::with_capacity(rows),
        }
    }

    pub(crate) fn fits(&self, digits: i256) -> bool {
        digits > -self.limit && digits < self.limit
    }

    pub(crate) fn push(&mut self, digits: Option<i256>) -> Result<()> {
        if let Some(value) = digits.filter(|d| !self.fits(*d)) {
            return Err(Error::new(
                codes::SQL_VALUE,
                format!(
                    "{} does not fit decimal({}, {})",
                    seatunnel_api::time::format_decimal(value, self.scale),
                    self.precision,
                    self.scale
                ),
            )
            .with_help("cast an operand to a decimal with more digits"));
        }
        self.digits.push(digits);
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<ArrayRef> {
        if self.precision <= MAX_DECIMAL128 {
            let mut out = Decimal128Builder::with_capacity(self.digits.len())
                .with_precision_and_scale(self.precision, self.scale)?;
            for digits in self.digits {
                // It fits, or it would not have been taken.
                out.append_option(digits.and_then(i256::to_i128));
            }
            return Ok(Arc::new(out.finish()));
        }
        let mut out = Decimal256Builder::with_capacity(self.digits.len())
            .with_precision_and_scale(self.precision, self.scale)?;
        for digits in self.digits {
            out.append_option(digits);
        }
        Ok(Arc::new(out.finish()))
    }
}
