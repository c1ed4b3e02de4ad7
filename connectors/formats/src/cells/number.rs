//! Numbers as text, written behind what a buffer holds.

use arrow_buffer::i256;

/// A whole number.
#[inline]
pub(crate) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A double with the fewest digits that read back the same, laid out as Java does: `1.0`, `1.0E10`, `NaN`, `-Infinity`.
#[inline]
pub(crate) fn double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        let magnitude = value.abs();
        let plain = value == 0.0 || (1e-3..1e7).contains(&magnitude);
        shortest(out, ryu::Buffer::new().format_finite(value), plain);
    } else {
        not_finite(out, value);
    }
}

/// A float, as [`double`].
#[inline]
pub(crate) fn float(out: &mut Vec<u8>, value: f32) {
    if value.is_finite() {
        let magnitude = value.abs();
        let plain = value == 0.0 || (1e-3..1e7).contains(&magnitude);
        shortest(out, ryu::Buffer::new().format_finite(value), plain);
    } else {
        not_finite(out, f64::from(value));
    }
}

fn not_finite(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(if value.is_nan() {
        b"NaN"
    } else if value > 0.0 {
        b"Infinity"
    } else {
        b"-Infinity"
    });
}

/// Lays out what ryu gives: `12.5`, `1e16`, `1.25e-7`. Between 0.001 and 10 million both agree.
#[inline]
fn shortest(out: &mut Vec<u8>, text: &str, plain: bool) {
    if plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        scientific(out, text);
    }
}

fn scientific(out: &mut Vec<u8>, text: &str) {
    let unsigned = match text.strip_prefix('-') {
        Some(rest) => {
            out.push(b'-');
            rest
        }
        None => text,
    };
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // The digits in a row; the point stands `whole.len()` digits behind their start.
    let mut digits = [0_u8; 40];
    let count = whole.len() + fraction.len();
    digits[..whole.len()].copy_from_slice(whole.as_bytes());
    digits[whole.len()..count].copy_from_slice(fraction.as_bytes());
    let digits = &digits[..count];
    let lead = digits.iter().take_while(|d| **d == b'0').count();
    let end = count - digits.iter().rev().take_while(|d| **d == b'0').count();
    let significant = digits.get(lead..end).unwrap_or(b"0");
    let (first, rest) = significant.split_at(significant.len().min(1));
    out.extend_from_slice(first);
    out.push(b'.');
    out.extend_from_slice(if rest.is_empty() { b"0" } else { rest });
    out.push(b'E');
    integer(out, whole.len() as i32 - 1 - lead as i32 + exponent);
}

/// A decimal with the point at its place and all digits of its scale: `-0.05`.
#[inline]
pub(crate) fn decimal128(out: &mut Vec<u8>, value: i128, scale: i8) {
    // 64 bits cost half of what 128 do.
    match i64::try_from(value) {
        Ok(small) => point(out, itoa::Buffer::new().format(small), scale),
        Err(_) => point(out, itoa::Buffer::new().format(value), scale),
    }
}

/// A decimal of more than 38 digits, as [`decimal128`].
pub(crate) fn decimal256(out: &mut Vec<u8>, value: i256, scale: i8) {
    point(out, &value.to_string(), scale);
}

#[inline]
fn point(out: &mut Vec<u8>, text: &str, scale: i8) {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if digits.len() < text.len() {
        out.push(b'-');
    }
    if scale <= 0 {
        out.extend_from_slice(digits);
        if digits != b"0" {
            out.extend(std::iter::repeat_n(b'0', usize::from(scale.unsigned_abs())));
        }
        return;
    }
    let scale = scale as usize;
    if digits.len() > scale {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    } else {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', scale - digits.len()));
        out.extend_from_slice(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_look_as_java_prints_them() {
        // Each pair as `Double.toString` of a JDK 19 gives it.
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-12.5, "-12.5"),
            (0.001, "0.001"),
            (0.00099, "9.9E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (12_345_678.9, "1.23456789E7"),
            (1e10, "1.0E10"),
            (-1.5e300, "-1.5E300"),
            (1e16, "1.0E16"),
            (1.25e-7, "1.25E-7"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(|out| double(out, value)), expected);
        }
        assert_eq!(text(|out| float(out, 3.4e38)), "3.4E38");
        assert_eq!(text(|out| float(out, 0.1)), "0.1");
        assert_eq!(text(|out| float(out, 1.0e-5)), "1.0E-5");
    }

    #[test]
    fn doubles_read_back_the_same() {
        let mut dice = 1_u64;
        for _ in 0..20_000 {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(dice);
            if value.is_finite() {
                let shown = text(|out| double(out, value));
                assert_eq!(
                    shown.parse::<f64>().unwrap().to_bits(),
                    value.to_bits(),
                    "{shown}"
                );
            }
        }
    }

    #[test]
    fn decimals_keep_their_scale() {
        for (value, scale, expected) in [
            (0_i128, 2_i8, "0.00"),
            (-5, 2, "-0.05"),
            (12_345, 2, "123.45"),
            (12_345, 5, "0.12345"),
            (-12_345, 0, "-12345"),
            (12, -2, "1200"),
            (0, -2, "0"),
            (i128::MAX, 10, "17014118346046923173168730371.5884105727"),
        ] {
            assert_eq!(text(|out| decimal128(out, value, scale)), expected);
            let wide = i256::from_i128(value);
            assert_eq!(text(|out| decimal256(out, wide, scale)), expected);
        }
    }
}
