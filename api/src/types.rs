//! SeaTunnel's data types and how each travels as an Arrow column.

use std::fmt;
use std::sync::Arc;

use arrow_schema::{DataType as ArrowType, Field as ArrowField, Fields, TimeUnit};

use crate::config::{ConfigValue, Kind};

/// The type of a column or of a value inside one.
///
/// | type | spelling in job files | Arrow |
/// |---|---|---|
/// | `String` | `string` | Utf8 |
/// | `Boolean` | `boolean` | Boolean |
/// | `TinyInt`, `SmallInt`, `Int`, `BigInt` | `tinyint` … `bigint` | Int8, Int16, Int32, Int64 |
/// | `Float`, `Double` | `float`, `double` | Float32, Float64 |
/// | `Decimal` | `decimal(p, s)` | Decimal128, Decimal256 above 38 digits |
/// | `Null` | `null` | Null |
/// | `Bytes` | `bytes` | Binary |
/// | `Date` | `date` | Date32, days since 1970-01-01 |
/// | `Time` | `time` | Time64, microseconds since midnight |
/// | `Timestamp` | `timestamp` | Timestamp in microseconds, no zone: what a wall clock shows |
/// | `TimestampTz` | `timestamp_tz` | Timestamp in microseconds, UTC: an instant |
/// | `Array` | `array<T>` | List |
/// | `Map` | `map<K, V>` | Map |
/// | `Row` | `{ a = int, b = string }` | Struct |
/// | `FloatVector` | `float_vector` | FixedSizeList of Float32 |
///
/// Unsigned integers of a source take the next wider signed type, and `decimal(20, 0)` for 64 bits
/// ([`DataType::for_unsigned`]): no value is lost, and sinks need no second set of types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// 8 bits, signed.
    TinyInt,
    /// 16 bits, signed.
    SmallInt,
    /// 32 bits, signed.
    Int,
    /// 64 bits, signed.
    BigInt,
    /// 32-bit floating point.
    Float,
    /// 64-bit floating point.
    Double,
    /// Exact decimal number.
    Decimal {
        /// Digits in all, 1 to 76.
        precision: u8,
        /// Digits after the point.
        scale: i8,
    },
    /// A column without values.
    Null,
    /// Binary data.
    Bytes,
    /// A day.
    Date,
    /// A time of day, microseconds.
    Time,
    /// Date and time as a wall clock shows them, microseconds.
    Timestamp,
    /// An instant, microseconds.
    TimestampTz,
    /// A list of values of one type.
    Array(Box<DataType>),
    /// Keys and values.
    Map(Box<DataType>, Box<DataType>),
    /// Named values of their own types.
    Row(Arc<[RowField]>),
    /// A vector of 32-bit floats of this dimension.
    FloatVector(u32),
}

/// One named value of a [`DataType::Row`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowField {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

/// Largest precision that fits a Decimal128.
pub const MAX_DECIMAL128: u8 = 38;
/// Largest precision there is.
pub const MAX_DECIMAL: u8 = 76;

impl DataType {
    /// The type that holds every unsigned integer of so many bits.
    pub fn for_unsigned(bits: u32) -> Self {
        match bits {
            0..=8 => Self::SmallInt,
            9..=16 => Self::Int,
            17..=32 => Self::BigInt,
            _ => Self::Decimal {
                precision: 20,
                scale: 0,
            },
        }
    }

    /// The Arrow type that carries it.
    pub fn to_arrow(&self) -> ArrowType {
        match self {
            Self::String => ArrowType::Utf8,
            Self::Boolean => ArrowType::Boolean,
            Self::TinyInt => ArrowType::Int8,
            Self::SmallInt => ArrowType::Int16,
            Self::Int => ArrowType::Int32,
            Self::BigInt => ArrowType::Int64,
            Self::Float => ArrowType::Float32,
            Self::Double => ArrowType::Float64,
            Self::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 => {
                ArrowType::Decimal128(*precision, *scale)
            }
            Self::Decimal { precision, scale } => ArrowType::Decimal256(*precision, *scale),
            Self::Null => ArrowType::Null,
            Self::Bytes => ArrowType::Binary,
            Self::Date => ArrowType::Date32,
            Self::Time => ArrowType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampTz => ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Array(item) => {
                ArrowType::List(Arc::new(ArrowField::new("item", item.to_arrow(), true)))
            }
            Self::Map(key, value) => {
                let entries = Fields::from(vec![
                    ArrowField::new("keys", key.to_arrow(), false),
                    ArrowField::new("values", value.to_arrow(), true),
                ]);
                ArrowType::Map(
                    Arc::new(ArrowField::new(
                        "entries",
                        ArrowType::Struct(entries),
                        false,
                    )),
                    false,
                )
            }
            Self::Row(fields) => ArrowType::Struct(
                fields
                    .iter()
                    .map(|f| ArrowField::new(&f.name, f.data_type.to_arrow(), true))
                    .collect(),
            ),
            Self::FloatVector(dimension) => ArrowType::FixedSizeList(
                Arc::new(ArrowField::new("item", ArrowType::Float32, false)),
                *dimension as i32,
            ),
        }
    }

    /// The type that an Arrow type stands for; none where SeaTunnel has no such type.
    ///
    /// Many Arrow types lead to one of ours: a caller casts the column to [`DataType::to_arrow`].
    pub fn from_arrow(arrow: &ArrowType) -> Option<Self> {
        Some(match arrow {
            ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => Self::String,
            ArrowType::Boolean => Self::Boolean,
            ArrowType::Int8 => Self::TinyInt,
            ArrowType::Int16 => Self::SmallInt,
            ArrowType::Int32 => Self::Int,
            ArrowType::Int64 => Self::BigInt,
            ArrowType::UInt8 => Self::for_unsigned(8),
            ArrowType::UInt16 => Self::for_unsigned(16),
            ArrowType::UInt32 => Self::for_unsigned(32),
            ArrowType::UInt64 => Self::for_unsigned(64),
            ArrowType::Float16 | ArrowType::Float32 => Self::Float,
            ArrowType::Float64 => Self::Double,
            ArrowType::Decimal32(p, s)
            | ArrowType::Decimal64(p, s)
            | ArrowType::Decimal128(p, s)
            | ArrowType::Decimal256(p, s) => Self::Decimal {
                precision: *p,
                scale: *s,
            },
            ArrowType::Null => Self::Null,
            ArrowType::Binary
            | ArrowType::LargeBinary
            | ArrowType::BinaryView
            | ArrowType::FixedSizeBinary(_) => Self::Bytes,
            ArrowType::Date32 | ArrowType::Date64 => Self::Date,
            ArrowType::Time32(_) | ArrowType::Time64(_) => Self::Time,
            ArrowType::Timestamp(_, None) => Self::Timestamp,
            ArrowType::Timestamp(_, Some(_)) => Self::TimestampTz,
            ArrowType::FixedSizeList(item, size) if *item.data_type() == ArrowType::Float32 => {
                Self::FloatVector(*size as u32)
            }
            ArrowType::List(item) | ArrowType::LargeList(item) | ArrowType::ListView(item) => {
                Self::Array(Box::new(Self::from_arrow(item.data_type())?))
            }
            ArrowType::Map(entries, _) => {
                let ArrowType::Struct(fields) = entries.data_type() else {
                    return None;
                };
                Self::Map(
                    Box::new(Self::from_arrow(fields.first()?.data_type())?),
                    Box::new(Self::from_arrow(fields.get(1)?.data_type())?),
                )
            }
            ArrowType::Struct(fields) => Self::Row(
                fields
                    .iter()
                    .map(|f| {
                        Some(RowField {
                            name: f.name().clone(),
                            data_type: Self::from_arrow(f.data_type())?,
                        })
                    })
                    .collect::<Option<Vec<_>>>()?
                    .into(),
            ),
            ArrowType::Dictionary(_, value) => Self::from_arrow(value)?,
            _ => return None,
        })
    }

    /// Reads a type as a job file spells it: `int`, `decimal(10, 2)`, `map<string, array<int>>`,
    /// `{c_int = int, c_string = string}`, in any case.
    ///
    /// # Errors
    /// A sentence that says what was not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = TypeReader { rest: text.trim() };
        let data_type = reader.data_type()?;
        if reader.rest.trim().is_empty() {
            Ok(data_type)
        } else {
            Err(format!(
                "unexpected {:?} after the type",
                reader.rest.trim()
            ))
        }
    }

    /// Reads a type from a job file: a string, or an object for a row type.
    ///
    /// # Errors
    /// A sentence that says what was not understood.
    pub fn from_config(value: &ConfigValue) -> Result<Self, String> {
        match &value.kind {
            Kind::String(text) => Self::parse(text),
            Kind::Null => Ok(Self::Null),
            Kind::Object(members) => members
                .iter()
                .map(|(name, value)| {
                    Ok(RowField {
                        name: name.clone(),
                        data_type: Self::from_config(value)?,
                    })
                })
                .collect::<Result<Vec<_>, String>>()
                .map(|fields| Self::Row(fields.into())),
            _ => Err(format!("{} is not a type", value.type_name())),
        }
    }
}

/// SeaTunnel's spelling, which [`DataType::parse`] reads back.
impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal { precision, scale } => write!(f, "decimal({precision}, {scale})"),
            Self::Array(item) => write!(f, "array<{item}>"),
            Self::Map(key, value) => write!(f, "map<{key}, {value}>"),
            Self::Row(fields) => {
                f.write_str("{")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{} = {}", field.name, field.data_type)?;
                }
                f.write_str("}")
            }
            Self::FloatVector(dimension) => write!(f, "float_vector({dimension})"),
            simple => f.write_str(
                SIMPLE
                    .iter()
                    .find(|(_, data_type)| data_type == simple)
                    .map_or("?", |(name, _)| name),
            ),
        }
    }
}

/// Names of the types without parameters; the first name of a type is the one that is printed.
const SIMPLE: &[(&str, DataType)] = &[
    ("string", DataType::String),
    ("boolean", DataType::Boolean),
    ("tinyint", DataType::TinyInt),
    ("smallint", DataType::SmallInt),
    ("int", DataType::Int),
    ("bigint", DataType::BigInt),
    ("float", DataType::Float),
    ("double", DataType::Double),
    ("null", DataType::Null),
    ("bytes", DataType::Bytes),
    ("date", DataType::Date),
    ("time", DataType::Time),
    ("timestamp", DataType::Timestamp),
    ("timestamp_tz", DataType::TimestampTz),
    ("text", DataType::String),
    ("varchar", DataType::String),
    ("bool", DataType::Boolean),
    ("byte", DataType::TinyInt),
    ("short", DataType::SmallInt),
    ("integer", DataType::Int),
    ("long", DataType::BigInt),
    ("void", DataType::Null),
    ("binary", DataType::Bytes),
];

struct TypeReader<'a> {
    rest: &'a str,
}

impl<'a> TypeReader<'a> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, expected: char) -> Result<(), String> {
        self.skip();
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(format!("expected {expected:?} before {:?}", self.rest)),
        }
    }

    fn take_if(&mut self, wanted: char) -> bool {
        self.take(wanted).is_ok()
    }

    fn word(&mut self) -> &'a str {
        self.skip();
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$')))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn data_type(&mut self) -> Result<DataType, String> {
        self.skip();
        if self.rest.starts_with('{') {
            return self.row();
        }
        let name = self.word();
        match name.to_ascii_lowercase().as_str() {
            "" => Err("a type is missing".to_owned()),
            "array" | "list" => {
                self.take('<')?;
                let item = self.data_type()?;
                self.take('>')?;
                Ok(DataType::Array(Box::new(item)))
            }
            "map" => {
                self.take('<')?;
                let key = self.data_type()?;
                self.take(',')?;
                let value = self.data_type()?;
                self.take('>')?;
                Ok(DataType::Map(Box::new(key), Box::new(value)))
            }
            "decimal" | "numeric" => self.decimal(),
            "float_vector" => {
                let mut dimension = 0;
                if self.take_if('(') {
                    dimension = self.number()?;
                    self.take(')')?;
                }
                Ok(DataType::FloatVector(dimension))
            }
            lower => match SIMPLE.iter().find(|(known, _)| *known == lower) {
                Some((_, data_type)) => Ok(data_type.clone()),
                None => {
                    let known = SIMPLE
                        .iter()
                        .map(|(name, _)| *name)
                        .chain(["array", "map", "decimal"]);
                    Err(match crate::config::nearest(name, known) {
                        Some(near) => format!("unknown type {name:?}, did you mean {near:?}?"),
                        None => format!("unknown type {name:?}"),
                    })
                }
            },
        }
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, String> {
        let word = self.word();
        word.parse()
            .map_err(|_| format!("expected a number, found {word:?}"))
    }

    fn decimal(&mut self) -> Result<DataType, String> {
        let (mut precision, mut scale) = (38u8, 18i8);
        if self.take_if('(') {
            precision = self.number()?;
            scale = 0;
            if self.take_if(',') {
                scale = self.number()?;
            }
            self.take(')')?;
        }
        if precision == 0 || precision > MAX_DECIMAL {
            return Err(format!(
                "a decimal has 1 to {MAX_DECIMAL} digits, not {precision}"
            ));
        }
        if scale > precision as i8 {
            return Err(format!(
                "decimal({precision}, {scale}) has more digits after the point than digits"
            ));
        }
        Ok(DataType::Decimal { precision, scale })
    }

    fn row(&mut self) -> Result<DataType, String> {
        self.take('{')?;
        let mut fields = Vec::new();
        while !self.take_if('}') {
            let name = self.word().to_owned();
            if name.is_empty() {
                return Err(format!("expected a field name before {:?}", self.rest));
            }
            if !self.take_if('=') {
                self.take(':')?;
            }
            let data_type = self.data_type()?;
            fields.push(RowField { name, data_type });
            self.take_if(',');
        }
        Ok(DataType::Row(fields.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_reads_back_as_it_was_printed() {
        for text in [
            "string",
            "decimal(30, 8)",
            "map<string, array<int>>",
            "map<decimal(10, 2), {a = int, b = map<date, timestamp_tz>}>",
            "float_vector(4)",
        ] {
            let parsed = DataType::parse(text).unwrap();
            assert_eq!(parsed.to_string(), text);
            assert_eq!(DataType::from_arrow(&parsed.to_arrow()).unwrap(), parsed);
        }
        assert_eq!(DataType::parse(" BIGINT ").unwrap(), DataType::BigInt);
    }

    #[test]
    fn a_misspelt_type_names_the_nearest() {
        let message = DataType::parse("bigin").unwrap_err();
        assert_eq!(message, "unknown type \"bigin\", did you mean \"bigint\"?");
        assert!(DataType::parse("decimal(80, 2)").is_err());
        assert!(DataType::parse("int, int").is_err());
    }
}
