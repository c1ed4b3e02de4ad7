//! How the values of a column are handed to MySQL: decided once per column, looked up once per batch.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{BooleanArray, RecordBatch};
use arrow_buffer::{NullBuffer, i256};
use seatunnel_api::{DataType, MAX_DECIMAL128};

/// What kind of column it goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Numbers, days and times, sets and enumerations: text is converted.
    Plain,
    /// `BIT(n)`: bits, highest byte first.
    Bit,
    /// `TIMESTAMP`, an instant that is shown in the session's time zone.
    Instant,
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// MySQL's own type; MariaDB's `JSON` is text.
    Json,
    /// Geometry, stored as SRID and WKB.
    Geometry,
}

/// Kinds by the first word of a declared type; all others are [`Kind::Plain`].
const KINDS: &[(&str, Kind)] = &[
    ("bit", Kind::Bit),
    ("timestamp", Kind::Instant),
    ("char", Kind::Text),
    ("varchar", Kind::Text),
    ("tinytext", Kind::Text),
    ("text", Kind::Text),
    ("mediumtext", Kind::Text),
    ("longtext", Kind::Text),
    ("binary", Kind::Binary),
    ("varbinary", Kind::Binary),
    ("tinyblob", Kind::Binary),
    ("blob", Kind::Binary),
    ("mediumblob", Kind::Binary),
    ("longblob", Kind::Binary),
    ("json", Kind::Json),
    ("geometry", Kind::Geometry),
    ("point", Kind::Geometry),
    ("linestring", Kind::Geometry),
    ("polygon", Kind::Geometry),
    ("multipoint", Kind::Geometry),
    ("multilinestring", Kind::Geometry),
    ("multipolygon", Kind::Geometry),
    ("geometrycollection", Kind::Geometry),
    ("geomcollection", Kind::Geometry),
];

impl Kind {
    /// The kind of a declared type: `varchar(20)`.
    pub(crate) fn of(declared: &str) -> Self {
        let end = declared.find(|c: char| !c.is_ascii_alphanumeric());
        let word = declared[..end.unwrap_or(declared.len())].to_ascii_lowercase();
        let found = KINDS.iter().find(|(name, _)| *name == word);
        found.map_or(Self::Plain, |(_, kind)| *kind)
    }
}

/// How the values of a column are spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing but nulls.
    Null,
    /// 0 or 1.
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    /// A number; there is none for NaN and infinity.
    Float,
    Double,
    /// The shortest text that reads back, also of NaN.
    FloatText,
    DoubleText,
    /// Digits behind the point.
    Decimal(i8),
    WideDecimal(i8),
    /// Text as it is.
    Text,
    /// Bytes as they are.
    Bytes,
    /// Bytes that are text.
    BytesAsText,
    Date,
    Time,
    Timestamp,
    /// Days and times for text columns; a timestamp with zone is in UTC and ends in `Z`.
    DateText,
    TimeText,
    TimestampText,
    TimestampTzText,
    Json(DataType),
}

impl Form {
    /// The form of a column's values for a target of this kind; of any, where it isn't known.
    pub(crate) fn new(data_type: &DataType, target: Option<Kind>) -> Self {
        let text = matches!(target, Some(Kind::Text | Kind::Binary | Kind::Json));
        match data_type {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Boolean,
            DataType::TinyInt => Self::TinyInt,
            DataType::SmallInt => Self::SmallInt,
            DataType::Int => Self::Int,
            DataType::BigInt => Self::BigInt,
            DataType::Float if text => Self::FloatText,
            DataType::Double if text => Self::DoubleText,
            DataType::Float => Self::Float,
            DataType::Double => Self::Double,
            DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 => {
                Self::Decimal(*scale)
            }
            DataType::Decimal { scale, .. } => Self::WideDecimal(*scale),
            DataType::String => Self::Text,
            DataType::Bytes if matches!(target, Some(Kind::Text | Kind::Json)) => Self::BytesAsText,
            DataType::Bytes => Self::Bytes,
            DataType::Date if text => Self::DateText,
            DataType::Time if text => Self::TimeText,
            DataType::Timestamp if text => Self::TimestampText,
            DataType::TimestampTz if text => Self::TimestampTzText,
            DataType::Date => Self::Date,
            DataType::Time => Self::Time,
            // In UTC where there is a zone; see [`super::plan::Plan::instants`].
            DataType::Timestamp | DataType::TimestampTz => Self::Timestamp,
            nested @ (DataType::Array(_)
            | DataType::Map(..)
            | DataType::Row(_)
            | DataType::FloatVector(_)) => Self::Json(nested.clone()),
        }
    }
}

/// A value that MySQL has no way to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// The row in its batch.
    pub(crate) row: usize,
    /// The column in the order of the views.
    pub(crate) column: usize,
    /// What it is.
    pub(crate) why: &'static str,
}

/// Why a value has no place in MySQL.
pub(crate) const NOT_A_NUMBER: &str = "MySQL has no NaN and no infinite numbers";
pub(crate) const NO_SUCH_DAY: &str = "MySQL's days are of the years 0 to 9999";
pub(crate) const NO_JSON: &str = "JSON has no NaN and no infinite numbers";

/// A column of a batch, its type told apart.
pub(crate) struct View<'a> {
    nulls: Option<&'a NullBuffer>,
    pub(crate) values: Values<'a>,
}

/// The values of a column in their form.
pub(crate) enum Values<'a> {
    Null,
    Boolean(&'a BooleanArray),
    TinyInt(&'a [i8]),
    SmallInt(&'a [i16]),
    Int(&'a [i32]),
    BigInt(&'a [i64]),
    Float(&'a [f32]),
    Double(&'a [f64]),
    FloatText(&'a [f32]),
    DoubleText(&'a [f64]),
    Decimal(&'a [i128], i8),
    WideDecimal(&'a [i256], i8),
    /// Text or bytes: value `i` is `data[offsets[i]..offsets[i + 1]]`.
    Bytes {
        offsets: &'a [i32],
        data: &'a [u8],
    },
    Date(&'a [i32], bool),
    Time(&'a [i64], bool),
    Timestamp(&'a [i64], Stamp),
    Json(&'a dyn Array, &'a DataType),
}

/// What a timestamp goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    Column,
    Text,
    TextWithZone,
}

impl<'a> View<'a> {
    /// Looks at a column.
    pub(crate) fn new(form: &'a Form, records: &'a RecordBatch, place: usize) -> Self {
        let column = records.column(place).as_ref();
        let values = match form {
            Form::Null => Values::Null,
            Form::Boolean => Values::Boolean(column.as_boolean()),
            Form::TinyInt => Values::TinyInt(column.as_primitive::<Int8Type>().values()),
            Form::SmallInt => Values::SmallInt(column.as_primitive::<Int16Type>().values()),
            Form::Int => Values::Int(column.as_primitive::<Int32Type>().values()),
            Form::BigInt => Values::BigInt(column.as_primitive::<Int64Type>().values()),
            Form::Float => Values::Float(column.as_primitive::<Float32Type>().values()),
            Form::Double => Values::Double(column.as_primitive::<Float64Type>().values()),
            Form::FloatText => Values::FloatText(column.as_primitive::<Float32Type>().values()),
            Form::DoubleText => Values::DoubleText(column.as_primitive::<Float64Type>().values()),
            Form::Decimal(scale) => {
                Values::Decimal(column.as_primitive::<Decimal128Type>().values(), *scale)
            }
            Form::WideDecimal(scale) => {
                Values::WideDecimal(column.as_primitive::<Decimal256Type>().values(), *scale)
            }
            Form::Text => {
                let column = column.as_string::<i32>();
                Values::Bytes {
                    offsets: column.value_offsets(),
                    data: column.value_data(),
                }
            }
            Form::Bytes | Form::BytesAsText => {
                let column = column.as_binary::<i32>();
                Values::Bytes {
                    offsets: column.value_offsets(),
                    data: column.value_data(),
                }
            }
            Form::Date | Form::DateText => {
                let values = column.as_primitive::<Date32Type>().values();
                Values::Date(values, *form == Form::DateText)
            }
            Form::Time | Form::TimeText => {
                let values = column.as_primitive::<Time64MicrosecondType>().values();
                Values::Time(values, *form == Form::TimeText)
            }
            Form::Timestamp | Form::TimestampText | Form::TimestampTzText => {
                let stamp = match form {
                    Form::TimestampText => Stamp::Text,
                    Form::TimestampTzText => Stamp::TextWithZone,
                    _ => Stamp::Column,
                };
                let values = column.as_primitive::<TimestampMicrosecondType>().values();
                Values::Timestamp(values, stamp)
            }
            Form::Json(of) => Values::Json(column, of),
        };
        let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0);
        Self { nulls, values }
    }

    /// Whether the value of a row is null.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Null) || self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_declared_type() {
        for (declared, kind) in [
            ("varchar(20)", Kind::Text),
            ("BIT(3)", Kind::Bit),
            ("int(10) unsigned", Kind::Plain),
            ("enum('a','text')", Kind::Plain),
            ("tinyblob", Kind::Binary),
            ("double", Kind::Plain),
        ] {
            assert_eq!(Kind::of(declared), kind, "{declared}");
        }
    }
}
