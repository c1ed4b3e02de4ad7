//! Values as SQL has them.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use seatunnel_api::DataType;

use crate::decode::DAY;
use crate::sink::details::literal;

/// Whether keys of this type can be written so that they are exactly what they were.
pub(super) fn is_exact(data_type: &DataType) -> bool {
    match data_type {
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::String
        | DataType::Bytes
        | DataType::Date
        | DataType::Timestamp => true,
        DataType::Decimal { precision, .. } => *precision <= 38,
        _ => false,
    }
}

/// A value as a literal; none for null and for types that are not exact.
pub(super) fn of(array: &ArrayRef, data_type: &DataType, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    Some(match data_type {
        DataType::TinyInt => array.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::SmallInt => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::BigInt => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Decimal { precision, scale } if *precision <= 38 => {
            decimal(array.as_primitive::<Decimal128Type>().value(row), *scale)
        }
        DataType::String => literal(array.as_string::<i32>().value(row)),
        DataType::Bytes => bytes(array.as_binary::<i32>().value(row)),
        DataType::Date => date(array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Timestamp => {
            datetime(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        _ => return None,
    })
}

/// A number of units of the last place.
pub(super) fn decimal(units: i128, scale: i8) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    if scale == 0 {
        return units.to_string();
    }
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{whole}.{fraction}")
}

/// Bytes in hex.
pub(super) fn bytes(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{hex}'")
}

/// A day, given as days since 1970-01-01.
pub(super) fn date(days: i64) -> String {
    let (year, month, day) = calendar(days);
    format!("'{year:04}-{month:02}-{day:02}'")
}

/// Microseconds since 1970-01-01.
pub(super) fn datetime(micros: i64) -> String {
    let (year, month, day) = calendar(micros.div_euclid(DAY));
    let rest = micros.rem_euclid(DAY);
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("'{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}'")
}

/// Year, month and day of days since 1970-01-01.
fn calendar(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_exactly() {
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(12_345, 2), "123.45");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(bytes(&[0, 0xff]), "x'00ff'");
        assert_eq!(date(0), "'1970-01-01'");
        assert_eq!(date(11_016), "'2000-02-29'");
        assert_eq!(date(2_932_896), "'9999-12-31'");
        assert_eq!(date(-719_162), "'0001-01-01'");
        assert_eq!(datetime(-1), "'1969-12-31 23:59:59.999999'");
        assert_eq!(
            datetime(DAY + 3_600_000_001),
            "'1970-01-02 01:00:00.000001'"
        );
    }
}
