//! SeaTunnel's rules of types: int with int is int, with bigint bigint; a decimal operand makes a
//! decimal of the larger precision and scale; any other mix is double.

use seatunnel_api::{DataType, MAX_DECIMAL};
use sqlparser::ast::{DataType as SqlType, ExactNumberInfo, TimezoneInfo};

use crate::expr::Typed;

/// Whether it is a type of whole numbers.
pub(super) fn whole(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt
    )
}

/// The type of `left op right`; none if they aren't numbers.
pub(super) fn arithmetic_type(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{BigInt, Decimal, Double, Float, Int, Null};
    Some(match (left, right) {
        (Null, Null) => return None,
        (Null, other) | (other, Null) => return arithmetic_type(other, other),
        (a, b) if whole(a) && whole(b) => {
            if *a == BigInt || *b == BigInt {
                BigInt
            } else {
                Int
            }
        }
        (
            Decimal {
                precision: p1,
                scale: s1,
            },
            Decimal {
                precision: p2,
                scale: s2,
            },
        ) => Decimal {
            precision: *p1.max(p2),
            scale: *s1.max(s2),
        },
        (decimal @ Decimal { .. }, other) | (other, decimal @ Decimal { .. })
            if whole(other) || matches!(other, Float | Double) =>
        {
            decimal.clone()
        }
        (a, b)
            if [a, b]
                .iter()
                .all(|t| whole(t) || matches!(t, Float | Double)) =>
        {
            Double
        }
        _ => return None,
    })
}

/// The exact type that holds both; only for comparisons, where it never shows.
pub(super) fn common_type(left: &Typed, right: &Typed) -> Option<DataType> {
    use DataType::{Date, Decimal, Double, Float, Null, String, Time, Timestamp, TimestampTz};
    let parts = |t: &DataType| match t {
        Decimal { precision, scale } => Some((i16::from(*precision), i16::from(*scale))),
        t if whole(t) => Some((19, 0)),
        _ => None,
    };
    let (a, b) = (&left.data_type, &right.data_type);
    let moment = |t: &DataType| matches!(t, Date | Time | Timestamp | TimestampTz);
    Some(match (a, b) {
        (Null, other) | (other, Null) => other.clone(),
        (a, b) if whole(a) && a == b => a.clone(),
        (a, b) if whole(a) && whole(b) => DataType::BigInt,
        (a, b) if parts(a).is_some() && parts(b).is_some() => {
            let ((p1, s1), (p2, s2)) = (parts(a)?, parts(b)?);
            let scale = s1.max(s2);
            let precision = (p1 - s1).max(p2 - s2) + scale;
            Decimal {
                precision: precision.clamp(1, i16::from(MAX_DECIMAL)) as u8,
                scale: scale as i8,
            }
        }
        (Float | Double, b) if arithmetic_type(a, b).is_some() => Double,
        (a, Float | Double) if arithmetic_type(a, b).is_some() => Double,
        (a, b)
            if a == b
                && !matches!(a, DataType::Array(_) | DataType::Map(..) | DataType::Row(_)) =>
        {
            a.clone()
        }
        (Date, Timestamp) | (Timestamp, Date) => Timestamp,
        // A text in quotes stands for a date where it is compared with one.
        (moment_type, String) if moment(moment_type) && right.is_constant() => moment_type.clone(),
        (String, moment_type) if moment(moment_type) && left.is_constant() => moment_type.clone(),
        _ => return None,
    })
}

/// The type that holds the values of two columns, one below the other; none if there is no such type.
pub(crate) fn common_column_type(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{Date, Decimal, Double, Float, Null, Timestamp};
    let parts = |t: &DataType| match t {
        Decimal { precision, scale } => Some((i16::from(*precision), i16::from(*scale))),
        DataType::BigInt => Some((19, 0)),
        t if whole(t) => Some((10, 0)),
        _ => None,
    };
    Some(match (left, right) {
        (a, b) if a == b => a.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (a, b) if whole(a) && whole(b) => unified(a, b),
        (a, b) if parts(a).is_some() && parts(b).is_some() => {
            let ((p1, s1), (p2, s2)) = (parts(a)?, parts(b)?);
            let scale = s1.max(s2);
            let precision = (p1 - s1).max(p2 - s2) + scale;
            Decimal {
                precision: u8::try_from(precision).ok().filter(|p| *p <= MAX_DECIMAL)?,
                scale: scale as i8,
            }
        }
        (Float | Double, b) if arithmetic_type(left, b).is_some() => Double,
        (a, Float | Double) if arithmetic_type(a, right).is_some() => Double,
        (Date, Timestamp) | (Timestamp, Date) => Timestamp,
        _ => return None,
    })
}

/// Of two types that one value was compared in, the one that loses less.
pub(super) fn wider(a: &DataType, b: &DataType) -> DataType {
    match (a, b) {
        (DataType::Double, _) | (_, DataType::Double) => DataType::Double,
        (
            DataType::Decimal {
                precision: p1,
                scale: s1,
            },
            DataType::Decimal {
                precision: p2,
                scale: s2,
            },
        ) => {
            let scale = *s1.max(s2);
            let whole = (*p1 as i16 - i16::from(*s1)).max(*p2 as i16 - i16::from(*s2));
            DataType::Decimal {
                precision: (whole + i16::from(scale)).clamp(1, i16::from(MAX_DECIMAL)) as u8,
                scale,
            }
        }
        (DataType::Decimal { .. }, _) => a.clone(),
        (a, b) if whole(a) && whole(b) && a != b => DataType::BigInt,
        _ => b.clone(),
    }
}

/// The type that a query spells.
pub(super) fn sql_type(sql: &SqlType) -> Result<DataType, String> {
    let decimal = |info: &ExactNumberInfo| {
        let (precision, scale) = match info {
            ExactNumberInfo::None => (38, 18),
            ExactNumberInfo::Precision(precision) => (*precision, 0),
            ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
        };
        DataType::parse(&format!("decimal({precision}, {scale})"))
    };
    Ok(match sql {
        SqlType::Varchar(_)
        | SqlType::String(_)
        | SqlType::Text
        | SqlType::Char(_)
        | SqlType::CharVarying(_)
        | SqlType::Nvarchar(_) => DataType::String,
        SqlType::TinyInt(_) => DataType::TinyInt,
        SqlType::SmallInt(_) => DataType::SmallInt,
        SqlType::Int(_) | SqlType::Integer(_) => DataType::Int,
        SqlType::BigInt(_) => DataType::BigInt,
        SqlType::Float(ExactNumberInfo::None) | SqlType::Real => DataType::Float,
        SqlType::Double(ExactNumberInfo::None) | SqlType::DoublePrecision => DataType::Double,
        SqlType::Decimal(info) | SqlType::Numeric(info) | SqlType::Dec(info) => decimal(info)?,
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::Date => DataType::Date,
        SqlType::Time(_, TimezoneInfo::None) => DataType::Time,
        SqlType::Timestamp(_, TimezoneInfo::None) | SqlType::Datetime(_) => DataType::Timestamp,
        SqlType::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => {
            DataType::TimestampTz
        }
        SqlType::Binary(_) | SqlType::Bytes(_) | SqlType::Varbinary(_) | SqlType::Bytea => {
            DataType::Bytes
        }
        SqlType::Custom(name, parts) if parts.is_empty() => {
            match name.to_string().to_ascii_lowercase().as_str() {
                "long" => DataType::BigInt,
                "byte" => DataType::TinyInt,
                "timestamp_tz" => DataType::TimestampTz,
                other => match DataType::parse(other)? {
                    DataType::Null => return Err("null is no type to cast to".to_owned()),
                    parsed => parsed,
                },
            }
        }
        other => return Err(format!("there is no type {other} to cast to")),
    })
}

/// The type that elements of one array have or become: numbers the widest of them, otherwise text where
/// they differ.
pub(super) fn element_type<'t>(types: impl Iterator<Item = &'t DataType>) -> DataType {
    let common = types.fold(DataType::Null, |common, next| unified(&common, next));
    match common {
        DataType::Null => DataType::String,
        known => known,
    }
}

/// Of two types of numbers the one that comes later: tinyint, smallint, int, bigint, float, double, decimal; none
/// if they aren't numbers.
pub(super) fn larger_number(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{BigInt, Double, Float, Int, SmallInt, TinyInt};
    let rank = |t: &DataType| {
        let order = [TinyInt, SmallInt, Int, BigInt, Float, Double];
        order.iter().position(|known| known == t)
    };
    match (rank(a), rank(b)) {
        (Some(left), Some(right)) if left >= right => Some(a.clone()),
        (Some(_), Some(_)) => Some(b.clone()),
        _ => arithmetic_type(a, b),
    }
}

fn unified(left: &DataType, right: &DataType) -> DataType {
    use DataType::{Array, Map, Null, String};
    match (left, right) {
        (a, b) if a == b => a.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (Array(a), Array(b)) => Array(Box::new(unified(a, b))),
        (Map(k1, v1), Map(k2, v2)) => Map(Box::new(unified(k1, k2)), Box::new(unified(v1, v2))),
        (a, b) => larger_number(a, b).unwrap_or(String),
    }
}
