//! Keys as numbers, so that the middle between two of them can be told.

use seatunnel_api::DataType;
use seatunnel_jdbc_core::keys::Number;

use super::literal;
use crate::decode::{self, DAY};

/// How keys of a column are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// As they are.
    Integer,
    /// In units of the last place.
    Decimal(i8),
    /// In days.
    Date,
    /// In microseconds.
    DateTime,
    /// By their first eight bytes.
    Bytes,
    /// Not at all, but they can be compared with texts.
    Text,
}

impl Domain {
    /// Of the keys of a column; none if they can't be divided into ranges. `declared` is the type as
    /// the database spells it.
    pub(super) fn of(data_type: &DataType, declared: Option<&str>) -> Option<Self> {
        let declared = declared.unwrap_or_default().to_ascii_lowercase();
        let begins = |names: &[&str]| names.iter().any(|name| declared.starts_with(name));
        Some(match data_type {
            DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
                Self::Integer
            }
            DataType::Decimal { precision, scale } if *precision <= 38 => match scale {
                0 => Self::Integer,
                scale => Self::Decimal(*scale),
            },
            DataType::Date => Self::Date,
            DataType::Timestamp => Self::DateTime,
            // Those of other types of text are not ordered as their texts are.
            DataType::String if begins(&["char", "varchar", "text", "tinytext"]) => Self::Text,
            DataType::Bytes if begins(&["binary", "varbinary", "blob", "tinyblob"]) => Self::Bytes,
            _ => return None,
        })
    }

    /// The SQL that shows a key so that [`Domain::read`] can read it.
    pub(super) fn shown(self, key: &str) -> String {
        match self {
            Self::Bytes => format!("HEX(LEFT({key}, 8))"),
            _ => key.to_owned(),
        }
    }

    /// A key as a number.
    pub(super) fn read(self, text: &str) -> Option<i128> {
        match self {
            Self::Integer => text.parse().ok(),
            Self::Decimal(scale) => {
                decode::decimal(text.as_bytes(), 38, u8::try_from(scale).ok()?).ok()
            }
            Self::Date => days(text).map(i128::from),
            Self::DateTime => {
                let (date, clock) = text.split_once(' ')?;
                let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
                let mut parts = whole.split(':').map(|part| part.parse::<i64>().ok());
                let mut next = || parts.next().flatten();
                let seconds = next()? * 3_600 + next()? * 60 + next()?;
                let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
                Some((days(date)? * DAY + seconds * 1_000_000 + micros).into())
            }
            Self::Bytes => i128::from_str_radix(&format!("{text:0<16}"), 16).ok(),
            Self::Text => None,
        }
    }

    /// A number as a key in SQL; none if it is beyond all keys.
    pub(super) fn literal(self, number: i128) -> Option<String> {
        Some(match self {
            Self::Integer => number.to_string(),
            Self::Decimal(scale) => literal::decimal(number, scale),
            Self::Date => literal::date(i64::try_from(number).ok()?),
            Self::DateTime => literal::datetime(i64::try_from(number).ok()?),
            Self::Bytes => literal::bytes(&u64::try_from(number).ok()?.to_be_bytes()),
            Self::Text => return None,
        })
    }

    /// A bound that a user gave, as a number of this domain: the next one in it.
    pub(super) fn bound(self, number: Number) -> Option<i128> {
        let power = match self {
            Self::Integer => 0,
            Self::Decimal(scale) => u32::try_from(scale).ok()?,
            _ => return None,
        };
        let factor = 10_i128.checked_pow(power)?;
        match number {
            Number::Integer(number) => number.checked_mul(factor),
            Number::Real(number) => {
                let scaled = number * factor as f64;
                (scaled.abs() < 1e37).then_some(scaled as i128)
            }
        }
    }
}

fn days(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let year: u16 = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    decode::days(year, month, day).map(i64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_numbers_and_back() {
        for (domain, text, literal) in [
            (
                Domain::Integer,
                "18446744073709551615",
                "18446744073709551615",
            ),
            (Domain::Decimal(2), "-12.30", "-12.30"),
            (Domain::Date, "2024-02-29", "'2024-02-29'"),
            (
                Domain::DateTime,
                "1969-12-31 23:59:59.5",
                "'1969-12-31 23:59:59.500000'",
            ),
            (Domain::Bytes, "00FF", "x'00ff000000000000'"),
        ] {
            let number = domain.read(text).unwrap();
            assert_eq!(domain.literal(number).as_deref(), Some(literal));
        }
        assert_eq!(Domain::Date.read("0000-00-00"), None);
        assert_eq!(Domain::Date.read("2024-13-01"), None);
    }
}
