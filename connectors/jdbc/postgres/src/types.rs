//! How columns are read: what each type becomes, and how its values come. `NOTES.md` has the table.
//!
//! A column that goes by text is cast by the server; the others of its table come as the table says. In
//! the results of statements that are no queries nothing can be cast: what is cast here is a STRING there.

use seatunnel_api::{Column, DataType, MAX_DECIMAL, MAX_DECIMAL128};

use crate::copy::encode_form::oid;

/// More numbers of built-in types, as `pg_type` has them.
const MONEY: u32 = 790;
const TIMETZ: u32 = 1266;
const INTERVAL: u32 = 1186;
const CITEXT: &str = "citext";

/// A type as the catalog has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PgType {
    /// Its number; of a domain that of what it is over.
    pub(crate) oid: u32,
    /// Its name in `pg_type`, of a domain that of what it is over.
    pub(crate) name: String,
    /// `b` base, `e` enum, `c` composite, `r` range, `m` multirange, `p` pseudo.
    pub(crate) kind: char,
    /// What it takes in brackets, coded; -1 if nothing.
    pub(crate) modifier: i32,
    /// Of an array: its elements.
    pub(crate) element: Option<Box<PgType>>,
    /// Dimensions that an array column is declared with; the server takes any.
    pub(crate) dimensions: u32,
}

impl PgType {
    /// A type of every day, by its number alone; none for arrays, domains, enums and all the rest,
    /// which the server must be asked about.
    pub(crate) fn built_in(number: u32, modifier: i32) -> Option<Self> {
        let (_, name) = NAMES.iter().find(|(known, _)| *known == number)?;
        Some(Self {
            oid: number,
            name: (*name).to_owned(),
            kind: 'b',
            modifier,
            element: None,
            dimensions: 0,
        })
    }
}

/// Names of types, as SQL spells them.
const NAMES: &[(u32, &str)] = &[
    (oid::BOOL, "boolean"),
    (oid::INT2, "smallint"),
    (oid::INT4, "integer"),
    (oid::INT8, "bigint"),
    (oid::FLOAT4, "real"),
    (oid::FLOAT8, "double precision"),
    (oid::NUMERIC, "numeric"),
    (oid::TEXT, "text"),
    (oid::VARCHAR, "character varying"),
    (oid::BPCHAR, "bpchar"),
    (oid::BYTEA, "bytea"),
    (oid::DATE, "date"),
    (oid::TIME, "time without time zone"),
    (oid::TIMESTAMP, "timestamp without time zone"),
    (oid::TIMESTAMPTZ, "timestamp with time zone"),
    (oid::JSON, "json"),
    (oid::JSONB, "jsonb"),
    (oid::UUID, "uuid"),
    (oid::OID, "oid"),
    (oid::NAME, "name"),
    (oid::XML, "xml"),
    (oid::INET, "inet"),
    (oid::CIDR, "cidr"),
    (MONEY, "money"),
    (TIMETZ, "time with time zone"),
    (INTERVAL, "interval"),
];

/// How values of a column come over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Bool,
    Int2,
    Int4,
    /// An `Int4` as text.
    Int4Text,
    Int8,
    /// 32 bits, unsigned.
    Oid,
    Float4,
    Float8,
    Numeric(Digits),
    /// A `Numeric` as text.
    NumericText(Digits),
    /// The bytes of the text.
    Text,
    /// A version byte and the text.
    Jsonb,
    Bytea,
    /// 16 bytes, read as text.
    Uuid,
    Date,
    Time,
    /// A time and the offset of its zone.
    TimeTz,
    Timestamp,
    /// Dimensions and elements.
    Array(Box<Coding>),
}

/// The digits that a `numeric` is read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    pub(crate) precision: u8,
    pub(crate) scale: i8,
    /// Whether digits beyond the scale are rounded rather than refused.
    pub(crate) rounds: bool,
}

/// How a column is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) data_type: DataType,
    pub(crate) coding: Coding,
    /// What the server is to cast it to first.
    pub(crate) cast: Option<&'static str>,
    /// Whether it is asked for as text: where servers make that faster than the binary form.
    pub(crate) as_text: bool,
}

/// What options say about reading.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReadOptions {
    /// Whether `bytea` is text.
    pub(crate) blob_as_string: bool,
    /// Whether numbers without declared digits are results of an expression, to be rounded.
    pub(crate) rounds: bool,
}

impl Reading {
    /// As its text, whatever it is.
    pub(crate) fn text() -> Self {
        Self {
            data_type: DataType::String,
            coding: Coding::Text,
            cast: Some("text"),
            as_text: true,
        }
    }

    /// How a column of this type is read.
    pub(crate) fn of(pg: &PgType, options: ReadOptions) -> Self {
        let Some(element) = &pg.element else {
            return plain(pg, options).map_or_else(Self::text, Self::quick);
        };
        if pg.dimensions > 1 || element.element.is_some() {
            return Self::text();
        }
        let options = ReadOptions {
            blob_as_string: false,
            ..options
        };
        let (item, cast) = match plain(element, options) {
            Some(Reading {
                cast: Some(_),
                data_type,
                coding,
                ..
            }) => (Some((data_type, coding)), Some("numeric[]")),
            Some(item) => (Some((item.data_type, item.coding)), None),
            None => (None, Some("text[]")),
        };
        let (data_type, coding) = item.unwrap_or((DataType::String, Coding::Text));
        Self {
            data_type: DataType::Array(Box::new(data_type)),
            coding: Coding::Array(Box::new(coding)),
            cast,
            as_text: false,
        }
    }

    /// In the form that servers make faster.
    fn quick(self) -> Self {
        let coding = match self.coding {
            Coding::Int4 => Coding::Int4Text,
            Coding::Numeric(digits) if digits.precision <= MAX_DECIMAL128 => {
                Coding::NumericText(digits)
            }
            coding => return Self { coding, ..self },
        };
        Self {
            coding,
            as_text: true,
            ..self
        }
    }

    /// Fills in what a column's type says about it.
    pub(crate) fn describe(&self, pg: &PgType, column: &mut Column) {
        column.data_type = self.data_type.clone();
        match pg.oid {
            oid::VARCHAR | oid::BPCHAR => {
                column.length = u64::try_from(pg.modifier - 4).ok().filter(|n| *n > 0);
            }
            oid::TIME | TIMETZ | oid::TIMESTAMP | oid::TIMESTAMPTZ => {
                column.scale = Some(if pg.modifier < 0 { 6 } else { pg.modifier });
            }
            _ => {}
        }
    }
}

/// Types by number: what they become and how they come.
const PLAIN: &[(u32, DataType, Coding)] = &[
    (oid::BOOL, DataType::Boolean, Coding::Bool),
    (oid::INT2, DataType::SmallInt, Coding::Int2),
    (oid::INT4, DataType::Int, Coding::Int4),
    (oid::INT8, DataType::BigInt, Coding::Int8),
    (oid::OID, DataType::BigInt, Coding::Oid),
    (oid::FLOAT4, DataType::Float, Coding::Float4),
    (oid::FLOAT8, DataType::Double, Coding::Float8),
    (oid::TEXT, DataType::String, Coding::Text),
    (oid::VARCHAR, DataType::String, Coding::Text),
    (oid::BPCHAR, DataType::String, Coding::Text),
    (oid::NAME, DataType::String, Coding::Text),
    (oid::JSON, DataType::String, Coding::Text),
    (oid::JSONB, DataType::String, Coding::Jsonb),
    (oid::UUID, DataType::String, Coding::Uuid),
    (oid::DATE, DataType::Date, Coding::Date),
    (oid::TIME, DataType::Time, Coding::Time),
    (TIMETZ, DataType::Time, Coding::TimeTz),
    (oid::TIMESTAMP, DataType::Timestamp, Coding::Timestamp),
    (oid::TIMESTAMPTZ, DataType::TimestampTz, Coding::Timestamp),
];

/// Types that are no arrays; none for those that come as text.
fn plain(pg: &PgType, options: ReadOptions) -> Option<Reading> {
    let reading = |data_type, coding, cast| Reading {
        data_type,
        coding,
        cast,
        as_text: false,
    };
    let found = PLAIN.iter().find(|(known, ..)| *known == pg.oid);
    if let Some((_, data_type, coding)) = found {
        return Some(Reading {
            as_text: *coding == Coding::Text,
            ..reading(data_type.clone(), coding.clone(), None)
        });
    }
    match pg.oid {
        oid::BYTEA if options.blob_as_string => Some(reading(DataType::String, Coding::Text, None)),
        oid::BYTEA => Some(reading(DataType::Bytes, Coding::Bytea, None)),
        oid::NUMERIC => {
            let (precision, scale) = digits(pg.modifier)?;
            let rounds = pg.modifier < 0 && options.rounds;
            let data_type = DataType::Decimal { precision, scale };
            let coding = Coding::Numeric(Digits {
                precision,
                scale,
                rounds,
            });
            Some(reading(data_type, coding, None))
        }
        MONEY => {
            let (precision, scale) = (30, 2);
            let data_type = DataType::Decimal { precision, scale };
            let coding = Coding::Numeric(Digits {
                precision,
                scale,
                rounds: false,
            });
            Some(reading(data_type, coding, Some("numeric")))
        }
        // Their binary form is their text.
        _ if pg.kind == 'e' || pg.name == CITEXT => Some(Reading {
            as_text: true,
            ..reading(DataType::String, Coding::Text, None)
        }),
        _ => None,
    }
}

/// Digits and scale of `numeric`; none if there are more digits than a DECIMAL has.
fn digits(modifier: i32) -> Option<(u8, i8)> {
    if modifier < 4 {
        return Some((38, 18));
    }
    let precision = (modifier - 4) >> 16 & 0xffff;
    // 11 bits with a sign.
    let scale = ((modifier - 4) & 0x7ff ^ 1024) - 1024;
    let (precision, scale) = match scale {
        ..0 => (precision - scale, 0),
        _ => (precision.max(scale), scale),
    };
    (precision <= i32::from(MAX_DECIMAL)).then_some((precision as u8, scale as i8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pg(oid: u32, modifier: i32) -> PgType {
        PgType {
            oid,
            name: String::new(),
            kind: 'b',
            modifier,
            element: None,
            dimensions: 0,
        }
    }

    fn numeric(precision: i32, scale: i32) -> i32 {
        (precision << 16 | scale & 0x7ff) + 4
    }

    #[test]
    fn declared_digits_are_those_of_the_decimal() {
        assert_eq!(digits(-1), Some((38, 18)));
        assert_eq!(digits(numeric(12, 2)), Some((12, 2)));
        assert_eq!(digits(numeric(5, -2)), Some((7, 0)));
        assert_eq!(digits(numeric(2, 5)), Some((5, 5)));
        assert_eq!(digits(numeric(76, 76)), Some((76, 76)));
        assert_eq!(digits(numeric(77, 0)), None);
    }

    #[test]
    fn what_has_no_binary_form_here_comes_as_text() {
        let interval = Reading::of(&pg(INTERVAL, -1), ReadOptions::default());
        assert_eq!(interval.cast, Some("text"));
        let mut many = pg(0, -1);
        many.element = Some(Box::new(pg(INTERVAL, -1)));
        many.dimensions = 1;
        let reading = Reading::of(&many, ReadOptions::default());
        assert_eq!(reading.cast, Some("text[]"));
        assert_eq!(
            reading.data_type,
            DataType::Array(Box::new(DataType::String))
        );
        many.dimensions = 2;
        assert_eq!(
            Reading::of(&many, ReadOptions::default()).data_type,
            DataType::String
        );
    }
}
