//! Java's mathematics where the system's gives other last digits.
//!
//! `Math.asin`, `acos`, `atan`, `atan2`, `sinh`, `cosh` and `tanh` are specified as fdlibm computes them ("Freely
//! Distributable Math Library"), to the last bit. The crate libm has that for all but the hyperbolic functions.

/// Above this the hyperbolic functions are half of an exponential.
const LARGE: f64 = 22.0;
/// Half of the natural logarithm of 2, as the upper half of a double has it.
const HALF_LN2: f64 = f64::from_bits(0x3fd6_2e43 << 32);
/// From here on `exp` overflows.
const OVERFLOWS: f64 = f64::from_bits(0x4086_2e42 << 32);

/// `factor * e^x / 2` of a large x, in two steps where `e^x` alone would overflow.
fn half_exp(x: f64, sign: f64) -> f64 {
    if x < OVERFLOWS {
        return 0.5 * sign * libm::exp(x);
    }
    let root = libm::exp(0.5 * x);
    0.5 * sign * root * root
}

/// Hyperbolic cosine.
pub(super) fn cosh(value: f64) -> f64 {
    let x = value.abs();
    if x < HALF_LN2 {
        let t = libm::expm1(x);
        let w = 1.0 + t;
        return 1.0 + (t * t) / (w + w);
    }
    if x < LARGE {
        let t = libm::exp(x);
        return 0.5 * t + 0.5 / t;
    }
    half_exp(x, 1.0)
}

/// Hyperbolic sine.
pub(super) fn sinh(value: f64) -> f64 {
    let x = value.abs();
    // 2^-28: the result is the value itself.
    if x < 3.725_290_298_461_914e-9 || value.is_nan() {
        return value;
    }
    let sign = value.signum();
    if x < LARGE {
        let t = libm::expm1(x);
        let half = 0.5 * sign;
        return match x < 1.0 {
            true => half * (2.0 * t - t * t / (t + 1.0)),
            false => half * (t + t / (t + 1.0)),
        };
    }
    half_exp(x, sign)
}

/// Hyperbolic tangent.
pub(super) fn tanh(value: f64) -> f64 {
    let x = value.abs();
    if value == 0.0 || value.is_nan() {
        return value;
    }
    let size = if x >= LARGE {
        1.0
    } else if x >= 1.0 {
        1.0 - 2.0 / (libm::expm1(2.0 * x) + 2.0)
    } else {
        let t = libm::expm1(-2.0 * x);
        -t / (t + 2.0)
    };
    size.copysign(value)
}

/// `Math.toRadians` of Java 8.
pub(super) fn radians(degrees: f64) -> f64 {
    degrees / 180.0 * std::f64::consts::PI
}

/// The first `nextDouble` of a `java.util.Random` of this seed.
pub(super) fn first_random(seed: i32) -> f64 {
    const FACTOR: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let step = |state: u64| state.wrapping_mul(FACTOR).wrapping_add(0xB) & MASK;
    let first = step((i64::from(seed) as u64 ^ FACTOR) & MASK);
    let second = step(first);
    let bits = ((first >> 22) << 27) + (second >> 21);
    bits as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyperbolic_functions_have_java_s_last_digits() {
        assert_eq!(cosh(1.0), 1.543080634815244);
        assert_eq!(sinh(1.0), 1.1752011936438014);
        assert_eq!(tanh(1.0), 0.7615941559557649);
        for value in [0.1, 0.3, 0.5, 2.0, 10.0, 30.0, 709.9, 710.2] {
            for (ours, system) in [
                (cosh(value), value.cosh()),
                (sinh(value), value.sinh()),
                (tanh(value), value.tanh()),
            ] {
                assert!(
                    (ours / system - 1.0).abs() < 1e-12,
                    "{value}: {ours} {system}"
                );
            }
            assert_eq!(sinh(-value), -sinh(value));
            assert_eq!(tanh(-value), -tanh(value));
            assert_eq!(cosh(-value), cosh(value));
        }
        assert_eq!(cosh(800.0), f64::INFINITY);
        assert_eq!(sinh(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert!(cosh(f64::NAN).is_nan() && sinh(f64::NAN).is_nan() && tanh(f64::NAN).is_nan());
    }

    #[test]
    fn seeds_give_the_numbers_that_java_gives() {
        assert_eq!(first_random(1), 0.730_878_190_703_290_9);
        assert_eq!(first_random(42), 0.727_563_680_032_868_1);
        assert_eq!(first_random(0), 0.730_967_787_376_657);
    }
}
