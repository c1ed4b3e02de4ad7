//! When two values are the same, and how one is shown in a finding.

use arrow_buffer::i256;
use seatunnel_api::Value;

/// Whether what came is what was expected. Numbers are compared by what they say: an int may come as
/// a bigint, `1.50` as `1.5`, a float as a double. A NaN is a NaN; `0.0` is not `-0.0`.
pub fn same(expected: &Value, came: &Value) -> bool {
    match (expected, came) {
        (Value::Array(a), Value::Array(b)) | (Value::Row(a), Value::Row(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        // The order of a map's entries says nothing.
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.iter().any(|(k, v)| same(key, k) && same(value, v)))
        }
        (Value::Float(a), Value::Float(b)) => {
            a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
        }
        (Value::Float(_) | Value::Double(_), Value::Float(_) | Value::Double(_)) => {
            match (float(expected), float(came)) {
                (Some(a), Some(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
                _ => false,
            }
        }
        _ => match (digits(expected), digits(came)) {
            (Some(a), Some(b)) => same_number(a, b),
            (None, None) => expected == came,
            _ => false,
        },
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(v) => Some(f64::from(*v)),
        Value::Double(v) => Some(*v),
        _ => None,
    }
}

/// A whole or decimal number as digits and how many of them stand behind the point.
fn digits(value: &Value) -> Option<(i256, i8)> {
    let whole = |v: i64| Some((i256::from(v), 0));
    match value {
        Value::TinyInt(v) => whole(i64::from(*v)),
        Value::SmallInt(v) => whole(i64::from(*v)),
        Value::Int(v) => whole(i64::from(*v)),
        Value::BigInt(v) => whole(*v),
        Value::Decimal(digits, scale) => Some((*digits, *scale)),
        _ => None,
    }
}

fn same_number(a: (i256, i8), b: (i256, i8)) -> bool {
    strip_zeros(a) == strip_zeros(b)
}

fn strip_zeros((mut digits, mut scale): (i256, i8)) -> (i256, i8) {
    let ten = i256::from(10_i64);
    if digits == i256::ZERO {
        return (digits, 0);
    }
    while let (Some(quotient), Some(rest)) = (digits.checked_div(ten), digits.checked_rem(ten)) {
        if rest != i256::ZERO {
            break;
        }
        digits = quotient;
        scale -= 1;
    }
    (digits, scale)
}

/// The number that an `id` is, of whatever width it came back.
pub(crate) fn id_of(row: &[Value]) -> Option<i64> {
    let (digits, scale) = strip_zeros(digits(row.first()?)?);
    let mut number = i64::try_from(digits.to_i128()?).ok()?;
    for _ in scale..0 {
        number = number.checked_mul(10)?;
    }
    (scale <= 0).then_some(number)
}

/// A value for a finding: with its type, cut where it is long.
pub(crate) fn shown(value: &Value) -> String {
    const MOST: usize = 80;
    let text = match value {
        Value::String(text) => {
            let start: String = text.chars().take(MOST).collect();
            match start.len() == text.len() {
                true => return format!("{text:?}"),
                false => return format!("{start:?}… ({} bytes)", text.len()),
            }
        }
        Value::Bytes(bytes) if bytes.len() > MOST / 2 => {
            return format!("{} bytes", bytes.len());
        }
        Value::Bytes(_) => format!("x'{value}'"),
        other => format!("{other:?}"),
    };
    match text.char_indices().nth(MOST * 2) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_by_what_they_say() {
        let decimal = |digits: i64, scale| Value::Decimal(i256::from(digits), scale);
        assert!(same(&Value::Int(5), &Value::BigInt(5)));
        assert!(same(&decimal(150, 2), &decimal(15, 1)));
        assert!(same(&Value::BigInt(700), &decimal(70_000, 2)));
        assert!(same(&Value::Float(0.1), &Value::Double(f64::from(0.1_f32))));
        assert!(same(&Value::Double(f64::NAN), &Value::Double(f64::NAN)));
        assert!(!same(&decimal(151, 2), &decimal(15, 1)));
        assert!(!same(&Value::Double(0.0), &Value::Double(-0.0)));
        assert!(!same(&Value::Null, &Value::String(String::new())));
        assert_eq!(id_of(&[decimal(70_000, 2)]), Some(700));
        assert_eq!(id_of(&[Value::BigInt(-900)]), Some(-900));
    }
}
