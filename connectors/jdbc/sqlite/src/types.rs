//! How SQLite's types and SeaTunnel's map, both ways.
//!
//! SQLite has five storage classes and takes the declared type of a column as a hint. Reading goes
//! by the declared name, as SeaTunnel does ([`READ`]); what is stored is checked value by value.
//! Writing keeps every value without loss:
//!
//! | SeaTunnel | declared in a created table | stored |
//! |---|---|---|
//! | boolean | BOOLEAN | integer 0 or 1 |
//! | tinyint, smallint | TINYINT, SMALLINT | integer |
//! | int, bigint | INTEGER, BIGINT | integer |
//! | float, double | FLOAT, DOUBLE | real; SQLite has no NaN, which is an error |
//! | decimal of up to 15 digits | DECIMAL(p,s) | number: a double keeps 15 digits exactly |
//! | decimal of more digits | TEXT | text: a number would be rounded |
//! | string | VARCHAR(n), TEXT without a length | text |
//! | bytes | BLOB | blob |
//! | date, time | DATE, TIME | text `2024-05-31`, `23:59:59.5` |
//! | timestamp | TIMESTAMP | text `2024-05-31 23:59:59.5`, which SQLite's date functions read |
//! | timestamp_tz | TIMESTAMP_TZ | text `2024-05-31 23:59:59.5Z`, in UTC |
//! | array, map, row, float_vector | TEXT | JSON text |
//! | null | TEXT | null |

use seatunnel_api::{Column, DataType};

/// Types by declared name, without what stands in parentheses.
const READ: &[(&str, DataType)] = &[
    ("BIT", DataType::Boolean),
    ("BOOL", DataType::Boolean),
    ("BOOLEAN", DataType::Boolean),
    ("TINYINT", DataType::SmallInt),
    ("SMALLINT", DataType::SmallInt),
    ("INT2", DataType::SmallInt),
    ("MEDIUMINT", DataType::Int),
    ("INT", DataType::Int),
    ("INT4", DataType::Int),
    ("INTEGER", DataType::Int),
    ("BIGINT", DataType::BigInt),
    ("INT8", DataType::BigInt),
    ("UNSIGNED BIG INT", DataType::BigInt),
    ("UNSIGNED", DataType::BigInt),
    ("NUMERIC", DataType::BigInt),
    ("DECIMAL", DataType::Double),
    ("DOUBLE", DataType::Double),
    ("DOUBLE PRECISION", DataType::Double),
    ("REAL", DataType::Double),
    ("FLOAT", DataType::Float),
    ("CHAR", DataType::String),
    ("CHARACTER", DataType::String),
    ("NCHAR", DataType::String),
    ("VARCHAR", DataType::String),
    ("NVARCHAR", DataType::String),
    ("LONGVARCHAR", DataType::String),
    ("LONGNVARCHAR", DataType::String),
    ("TEXT", DataType::String),
    ("CLOB", DataType::String),
    ("JSON", DataType::String),
    ("UUID", DataType::String),
    ("DATE", DataType::String),
    ("TIME", DataType::String),
    ("DATETIME", DataType::String),
    ("TIMESTAMP", DataType::String),
    ("TIMESTAMP_TZ", DataType::String),
    ("BLOB", DataType::Bytes),
    ("BINARY", DataType::Bytes),
    ("VARBINARY", DataType::Bytes),
    ("LONGVARBINARY", DataType::Bytes),
];

/// What SQLite does to values that are put into a column (its documentation, "Datatypes", 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

/// The affinity of a declared type.
pub(crate) fn affinity(declared: &str) -> Affinity {
    let upper = declared.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| upper.contains(part));
    if has(&["INT"]) {
        Affinity::Integer
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if upper.is_empty() || has(&["BLOB"]) {
        Affinity::Blob
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// The options that reading depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadTypes {
    /// Whether integers are as narrow as declared.
    pub(crate) narrow_integers: bool,
    /// Whether blobs are text.
    pub(crate) blob_as_string: bool,
}

impl ReadTypes {
    /// The type of a declared name; none where the declaration says nothing, so that the stored
    /// values must be looked at.
    pub(crate) fn of(self, declared: &str) -> Option<DataType> {
        let (name, arguments) = split_declaration(declared);
        let known = READ.iter().find(|(known, _)| *known == name);
        let data_type = match known {
            // Digits behind the point are announced: SeaTunnel would cut them off.
            Some((_, DataType::BigInt)) if name == "NUMERIC" && arguments.1 > 0 => DataType::Double,
            Some((_, data_type)) => data_type.clone(),
            None => match affinity(&name) {
                Affinity::Integer => DataType::BigInt,
                Affinity::Text => DataType::String,
                Affinity::Real => DataType::Double,
                Affinity::Blob if !name.is_empty() => DataType::Bytes,
                Affinity::Blob | Affinity::Numeric => return None,
            },
        };
        Some(self.adjust(data_type))
    }

    /// The type as the options want it.
    pub(crate) fn adjust(self, data_type: DataType) -> DataType {
        match data_type {
            DataType::SmallInt | DataType::Int if !self.narrow_integers => DataType::BigInt,
            DataType::Bytes if self.blob_as_string => DataType::String,
            other => other,
        }
    }
}

/// `varchar(20)` as `VARCHAR` and 20; the second argument is 0 where there is none.
pub(crate) fn split_declaration(declared: &str) -> (String, (u64, u64)) {
    let (name, arguments) = match declared.split_once('(') {
        Some((name, rest)) => (name, rest.split(')').next().unwrap_or_default()),
        None => (declared, ""),
    };
    let mut numbers = arguments
        .split(',')
        .map(|a| a.trim().parse::<u64>().unwrap_or(0));
    let name = name.trim().to_ascii_uppercase();
    let first = numbers.next().unwrap_or(0);
    (name, (first, numbers.next().unwrap_or(0)))
}

/// Digits that a double keeps.
const EXACT_DIGITS: u8 = 15;

/// The declared type of a column in a created table.
pub(crate) fn declaration(column: &Column) -> String {
    let name = match &column.data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::TinyInt => "TINYINT",
        DataType::SmallInt => "SMALLINT",
        DataType::Int => "INTEGER",
        DataType::BigInt => "BIGINT",
        DataType::Float => "FLOAT",
        DataType::Double => "DOUBLE",
        DataType::Decimal { precision, scale } if *precision <= EXACT_DIGITS => {
            return format!("DECIMAL({precision},{})", (*scale).max(0));
        }
        DataType::String => match column.length {
            Some(length) if length > 0 => return format!("VARCHAR({length})"),
            _ => "TEXT",
        },
        DataType::Bytes => "BLOB",
        DataType::Date => "DATE",
        DataType::Time => "TIME",
        DataType::Timestamp => "TIMESTAMP",
        DataType::TimestampTz => "TIMESTAMP_TZ",
        DataType::Decimal { .. }
        | DataType::Null
        | DataType::Array(_)
        | DataType::Map(..)
        | DataType::Row(_)
        | DataType::FloatVector(_) => "TEXT",
    };
    name.to_owned()
}

/// How the values of a column are handed to SQLite; decided once per column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    /// Decimal as a double, which holds its digits exactly.
    DecimalNumber(i8),
    /// Decimal as text, of up to 38 digits.
    DecimalText(i8),
    /// Decimal as text, of more digits.
    WideDecimalText(i8),
    Text,
    Bytes,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Json(DataType),
    Null,
}

/// The form of a column's values for a target column of this affinity, where that is known.
pub(crate) fn form(data_type: &DataType, target: Option<Affinity>) -> Form {
    match data_type {
        DataType::Boolean => Form::Boolean,
        DataType::TinyInt => Form::TinyInt,
        DataType::SmallInt => Form::SmallInt,
        DataType::Int => Form::Int,
        DataType::BigInt => Form::BigInt,
        DataType::Float => Form::Float,
        DataType::Double => Form::Double,
        DataType::Decimal { precision, scale } => {
            let number = matches!(
                target,
                Some(Affinity::Numeric | Affinity::Real | Affinity::Integer)
            );
            if number && *precision <= EXACT_DIGITS && (0..=15).contains(scale) {
                Form::DecimalNumber(*scale)
            } else if *precision <= seatunnel_api::MAX_DECIMAL128 {
                Form::DecimalText(*scale)
            } else {
                Form::WideDecimalText(*scale)
            }
        }
        DataType::String => Form::Text,
        DataType::Bytes => Form::Bytes,
        DataType::Date => Form::Date,
        DataType::Time => Form::Time,
        DataType::Timestamp => Form::Timestamp,
        DataType::TimestampTz => Form::TimestampTz,
        DataType::Null => Form::Null,
        nested @ (DataType::Array(_)
        | DataType::Map(..)
        | DataType::Row(_)
        | DataType::FloatVector(_)) => Form::Json(nested.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: ReadTypes = ReadTypes {
        narrow_integers: true,
        blob_as_string: false,
    };

    #[test]
    fn declared_names_map_as_in_seatunnel() {
        for (declared, expected) in [
            ("integer", DataType::Int),
            ("VARCHAR(20)", DataType::String),
            ("decimal(10, 2)", DataType::Double),
            ("NUMERIC", DataType::BigInt),
            ("NUMERIC(10,2)", DataType::Double),
            ("datetime", DataType::String),
            ("Unsigned Big Int", DataType::BigInt),
            ("NATIVE CHARACTER(70)", DataType::String),
            ("LONGBLOB", DataType::Bytes),
            ("INT UNSIGNED", DataType::BigInt),
        ] {
            assert_eq!(TYPES.of(declared), Some(expected), "{declared}");
        }
        assert_eq!(TYPES.of(""), None);
        assert_eq!(TYPES.of("MONEY"), None);
    }

    #[test]
    fn options_widen_integers_and_turn_blobs_into_text() {
        let types = ReadTypes {
            narrow_integers: false,
            blob_as_string: true,
        };
        assert_eq!(types.of("SMALLINT"), Some(DataType::BigInt));
        assert_eq!(types.of("BLOB"), Some(DataType::String));
        assert_eq!(types.of("BOOLEAN"), Some(DataType::Boolean));
    }

    #[test]
    fn created_columns_have_an_affinity_that_keeps_their_values() {
        let declared = |data_type| declaration(&Column::new("c", data_type));
        let decimal = |precision, scale| DataType::Decimal { precision, scale };
        assert_eq!(declared(decimal(15, 2)), "DECIMAL(15,2)");
        assert_eq!(declared(decimal(16, 2)), "TEXT");
        assert_eq!(affinity(&declared(DataType::Timestamp)), Affinity::Numeric);
        assert_eq!(affinity("FLOATING POINT"), Affinity::Integer);
    }
}
