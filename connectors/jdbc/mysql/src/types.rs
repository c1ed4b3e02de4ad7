//! Types of columns as rows are read. `NOTES.md` has the table.

use mysql_common::constants::{ColumnFlags, ColumnType};
use seatunnel_api::{Column, DataType};

use crate::wire::{Behaviour, ColumnDefinition, TimeType, ZeroDates};

/// The character set of bytes.
const BINARY: u16 = 63;
/// Bytes of a character, as results have it.
const CHARACTER: u64 = 4;

/// What kind of values a column has; all that are sent alike are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    TinyInt,
    SmallInt,
    MediumInt,
    Int,
    BigInt,
    Year,
    Float,
    Double,
    Decimal,
    Bit,
    Text,
    Bytes,
    Geometry,
    Date,
    Time,
    /// `datetime` and `timestamp`.
    DateTime,
}

/// A type as the database declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) kind: Kind,
    pub(crate) unsigned: bool,
    /// Digits, bits, characters or bytes; how wide a number is shown.
    pub(crate) length: Option<u64>,
    /// Fraction digits.
    pub(crate) decimals: u8,
}

/// Names of types in catalogs.
const NAMES: &[(&str, Kind)] = &[
    ("tinyint", Kind::TinyInt),
    ("boolean", Kind::TinyInt),
    ("bool", Kind::TinyInt),
    ("smallint", Kind::SmallInt),
    ("mediumint", Kind::MediumInt),
    ("int", Kind::Int),
    ("integer", Kind::Int),
    ("bigint", Kind::BigInt),
    ("year", Kind::Year),
    ("float", Kind::Float),
    ("double", Kind::Double),
    ("real", Kind::Double),
    ("decimal", Kind::Decimal),
    ("numeric", Kind::Decimal),
    ("bit", Kind::Bit),
    ("char", Kind::Text),
    ("varchar", Kind::Text),
    ("tinytext", Kind::Text),
    ("text", Kind::Text),
    ("mediumtext", Kind::Text),
    ("longtext", Kind::Text),
    ("enum", Kind::Text),
    ("set", Kind::Text),
    ("json", Kind::Text),
    ("uuid", Kind::Text),
    ("inet4", Kind::Text),
    ("inet6", Kind::Text),
    ("xmltype", Kind::Text),
    ("binary", Kind::Bytes),
    ("varbinary", Kind::Bytes),
    ("tinyblob", Kind::Bytes),
    ("blob", Kind::Bytes),
    ("mediumblob", Kind::Bytes),
    ("longblob", Kind::Bytes),
    ("vector", Kind::Bytes),
    ("geometry", Kind::Geometry),
    ("point", Kind::Geometry),
    ("linestring", Kind::Geometry),
    ("polygon", Kind::Geometry),
    ("multipoint", Kind::Geometry),
    ("multilinestring", Kind::Geometry),
    ("multipolygon", Kind::Geometry),
    ("geometrycollection", Kind::Geometry),
    ("geomcollection", Kind::Geometry),
    ("date", Kind::Date),
    ("time", Kind::Time),
    ("datetime", Kind::DateTime),
    ("timestamp", Kind::DateTime),
];

impl Declared {
    /// Reads a type as catalogs spell it: `decimal(10,2) unsigned`. What is not known is text: the
    /// server can show every type so.
    pub(crate) fn parse(text: &str) -> Self {
        let lower = text.trim().to_ascii_lowercase();
        let end = lower
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(lower.len());
        let (name, rest) = lower.split_at(end);
        let kind = NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(Kind::Text, |(_, kind)| *kind);
        let inside = rest
            .trim_start()
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .map_or("", |(inside, _)| inside);
        let mut numbers = inside.split(',').map(|n| n.trim().parse::<u64>().ok());
        let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
        let is_time = matches!(kind, Kind::Time | Kind::DateTime);
        let decimals = if is_time { first } else { second };
        let standard = match kind {
            Kind::Decimal => Some(10),
            Kind::Bit => Some(1),
            Kind::Text | Kind::Bytes => BY_NAME
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, length)| *length),
            _ => None,
        };
        Self {
            kind,
            unsigned: rest.contains("unsigned") || rest.contains("zerofill"),
            length: first.or(standard).filter(|_| !is_time),
            decimals: decimals.and_then(|d| u8::try_from(d).ok()).unwrap_or(0),
        }
    }

    /// Reads a type as it comes with a result.
    pub(crate) fn of(column: &ColumnDefinition) -> Self {
        let unsigned = column.flags & ColumnFlags::UNSIGNED_FLAG.bits() != 0;
        let is_list =
            column.flags & (ColumnFlags::ENUM_FLAG.bits() | ColumnFlags::SET_FLAG.bits()) != 0;
        let text = match column.charset == BINARY && !is_list {
            true => Kind::Bytes,
            false => Kind::Text,
        };
        let kind = ColumnType::try_from(column.kind).map_or(text, |kind| match kind {
            ColumnType::MYSQL_TYPE_NULL => Kind::Null,
            ColumnType::MYSQL_TYPE_TINY => Kind::TinyInt,
            ColumnType::MYSQL_TYPE_SHORT => Kind::SmallInt,
            ColumnType::MYSQL_TYPE_INT24 => Kind::MediumInt,
            ColumnType::MYSQL_TYPE_LONG => Kind::Int,
            ColumnType::MYSQL_TYPE_LONGLONG => Kind::BigInt,
            ColumnType::MYSQL_TYPE_YEAR => Kind::Year,
            ColumnType::MYSQL_TYPE_FLOAT => Kind::Float,
            ColumnType::MYSQL_TYPE_DOUBLE => Kind::Double,
            ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => Kind::Decimal,
            ColumnType::MYSQL_TYPE_BIT => Kind::Bit,
            ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => Kind::Date,
            ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => Kind::Time,
            ColumnType::MYSQL_TYPE_DATETIME
            | ColumnType::MYSQL_TYPE_DATETIME2
            | ColumnType::MYSQL_TYPE_TIMESTAMP
            | ColumnType::MYSQL_TYPE_TIMESTAMP2 => Kind::DateTime,
            ColumnType::MYSQL_TYPE_GEOMETRY => Kind::Geometry,
            // Said to be bytes, and yet text in the connection's character set.
            ColumnType::MYSQL_TYPE_JSON
            | ColumnType::MYSQL_TYPE_ENUM
            | ColumnType::MYSQL_TYPE_SET => Kind::Text,
            _ => text,
        });
        let length = u64::from(column.length);
        let is_time = matches!(kind, Kind::Time | Kind::DateTime);
        let length = match kind {
            // The sign and the point are counted too.
            Kind::Decimal => {
                length.saturating_sub(u64::from(column.decimals > 0) + u64::from(!unsigned))
            }
            Kind::Text => length / CHARACTER,
            _ => length,
        };
        Self {
            kind,
            unsigned,
            length: Some(length).filter(|length| !is_time && *length > 0),
            // 31 stands for as many as there are.
            decimals: if column.decimals < 31 {
                column.decimals
            } else {
                0
            },
        }
    }

    /// The type that rows have.
    pub(crate) fn data_type(&self, reading: &Reading) -> DataType {
        let bits = |signed: DataType, bits: u32| match self.unsigned {
            true => DataType::for_unsigned(bits),
            false => signed,
        };
        match self.kind {
            Kind::Null => DataType::Null,
            Kind::TinyInt
                if reading.behaviour.tinyint1_is_bit
                    && self.length == Some(1)
                    && !self.unsigned =>
            {
                DataType::Boolean
            }
            Kind::TinyInt => bits(DataType::TinyInt, 8),
            Kind::SmallInt => bits(DataType::SmallInt, 16),
            Kind::MediumInt | Kind::Year => DataType::Int,
            Kind::Int => bits(DataType::Int, 32),
            Kind::BigInt => bits(DataType::BigInt, 64),
            Kind::Float => DataType::Float,
            Kind::Double => DataType::Double,
            Kind::Decimal => {
                let precision = self.length.unwrap_or(10) + u64::from(self.unsigned);
                match u8::try_from(precision) {
                    Ok(precision @ 1..=38) => DataType::Decimal {
                        precision,
                        scale: self.decimals.min(precision) as i8,
                    },
                    _ => DataType::Decimal {
                        precision: 38,
                        scale: 18,
                    },
                }
            }
            Kind::Bit if self.length.unwrap_or(1) == 1 => DataType::Boolean,
            Kind::Bit | Kind::Geometry => DataType::Bytes,
            Kind::Bytes if !reading.blob_as_string => DataType::Bytes,
            Kind::Text | Kind::Bytes => DataType::String,
            Kind::Date => DataType::Date,
            Kind::Time => match reading.behaviour.time {
                TimeType::Time => DataType::Time,
                TimeType::Text => DataType::String,
            },
            Kind::DateTime => DataType::Timestamp,
        }
    }

    /// Whether rows of this type can be of that one, by any of the choices there are.
    pub(crate) fn can_be(&self, data_type: &DataType) -> bool {
        [true, false].into_iter().any(|tinyint1_is_bit| {
            let behaviour = Behaviour {
                tinyint1_is_bit,
                zero_dates: ZeroDates::Refuse,
                time: TimeType::Time,
                allow_public_key_retrieval: false,
            };
            let reading = Reading {
                behaviour,
                blob_as_string: false,
            };
            self.data_type(&reading) == *data_type
        })
    }

    /// A column of this type.
    pub(crate) fn column(&self, name: &str, reading: &Reading) -> Column {
        let mut column = Column::new(name, self.data_type(reading));
        if matches!(self.kind, Kind::Text | Kind::Bytes) {
            column.length = self.length;
        }
        if matches!(self.kind, Kind::Time | Kind::DateTime) {
            column.scale = Some(self.decimals.into());
        }
        column
    }
}

/// Lengths that names stand for.
const BY_NAME: &[(&str, u64)] = &[
    ("char", 1),
    ("binary", 1),
    ("tinytext", 255),
    ("tinyblob", 255),
    ("text", 65_535),
    ("blob", 65_535),
    ("mediumtext", 16_777_215),
    ("mediumblob", 16_777_215),
    ("longtext", 4_294_967_295),
    ("longblob", 4_294_967_295),
];

/// How values are read, where there is a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) behaviour: Behaviour,
    /// Whether bytes are read as text.
    pub(crate) blob_as_string: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Reading = Reading {
        behaviour: Behaviour {
            tinyint1_is_bit: true,
            zero_dates: ZeroDates::Refuse,
            time: TimeType::Time,
            allow_public_key_retrieval: false,
        },
        blob_as_string: false,
    };

    #[test]
    fn declarations_give_types() {
        for (declared, data_type) in [
            ("tinyint(1)", "boolean"),
            ("tinyint(1) unsigned", "smallint"),
            ("tinyint(4)", "tinyint"),
            ("tinyint", "tinyint"),
            ("smallint(5) unsigned", "int"),
            ("mediumint(8) unsigned", "int"),
            ("int(10) unsigned zerofill", "bigint"),
            ("bigint(20) unsigned", "decimal(20, 0)"),
            ("year(4)", "int"),
            ("float unsigned", "float"),
            ("decimal(10,2)", "decimal(10, 2)"),
            ("decimal(10,2) unsigned", "decimal(11, 2)"),
            ("decimal", "decimal(10, 0)"),
            ("decimal(38,38)", "decimal(38, 38)"),
            ("decimal(38,0) unsigned", "decimal(38, 18)"),
            ("decimal(65,30)", "decimal(38, 18)"),
            ("bit(1)", "boolean"),
            ("bit(8)", "bytes"),
            ("enum('a','unsigned')", "string"),
            ("set('x')", "string"),
            ("longtext", "string"),
            ("varbinary(20)", "bytes"),
            ("point", "bytes"),
            ("time(3)", "time"),
            ("timestamp(6)", "timestamp"),
            ("uuid", "string"),
        ] {
            let found = Declared::parse(declared).data_type(&READING).to_string();
            assert_eq!(found, data_type, "{declared}");
        }
        assert_eq!(Declared::parse("varchar(20)").length, Some(20));
        assert_eq!(Declared::parse("datetime(3)").decimals, 3);
    }

    #[test]
    fn choices_of_the_url_hold() {
        let mut reading = READING;
        reading.behaviour.tinyint1_is_bit = false;
        reading.behaviour.time = TimeType::Text;
        reading.blob_as_string = true;
        let of = |text: &str| Declared::parse(text).data_type(&reading);
        assert_eq!(of("tinyint(1)"), DataType::TinyInt);
        assert_eq!(of("time"), DataType::String);
        assert_eq!(of("blob"), DataType::String);
        assert_eq!(of("point"), DataType::Bytes);
    }
}
