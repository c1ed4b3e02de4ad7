//! Which values go into which columns, and in which binary form: the table of both.

use seatunnel_api::DataType;

/// Numbers of built-in types, as `pg_type` has them.
pub(crate) mod oid {
    pub(crate) const BOOL: u32 = 16;
    pub(crate) const BYTEA: u32 = 17;
    pub(crate) const NAME: u32 = 19;
    pub(crate) const INT8: u32 = 20;
    pub(crate) const INT2: u32 = 21;
    pub(crate) const INT4: u32 = 23;
    pub(crate) const TEXT: u32 = 25;
    pub(crate) const OID: u32 = 26;
    pub(crate) const JSON: u32 = 114;
    pub(crate) const XML: u32 = 142;
    pub(crate) const CIDR: u32 = 650;
    pub(crate) const FLOAT4: u32 = 700;
    pub(crate) const FLOAT8: u32 = 701;
    pub(crate) const INET: u32 = 869;
    pub(crate) const BPCHAR: u32 = 1042;
    pub(crate) const VARCHAR: u32 = 1043;
    pub(crate) const DATE: u32 = 1082;
    pub(crate) const TIME: u32 = 1083;
    pub(crate) const TIMESTAMP: u32 = 1114;
    pub(crate) const TIMESTAMPTZ: u32 = 1184;
    pub(crate) const NUMERIC: u32 = 1700;
    pub(crate) const UUID: u32 = 2950;
    pub(crate) const JSONB: u32 = 3802;
}

/// The type of a column that is written, or of a statement's parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetType {
    /// Its number; of a domain that of what it is over.
    pub(crate) oid: u32,
    /// As a cast spells it: `numeric(10,2)`.
    pub(crate) name: String,
    /// What is known of it besides its number.
    pub(crate) class: TypeClass,
}

/// What is known of a type besides its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TypeClass {
    /// Nothing: the number tells all, or it is of an extension.
    Plain,
    /// Its binary form is its text: enums, `citext`.
    TextLike,
    /// An array of this type.
    ArrayOf(Box<TargetType>),
}

/// How values of one column are written in binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Always null.
    Null,
    /// As they are, one byte.
    Bool,
    /// A number of so many bytes, from a boolean, an integer, or a float or decimal without fraction.
    Integer(Width),
    /// True and false from 1 and 0.
    BoolOfInteger,
    /// `oid`, 32 bits unsigned.
    Unsigned,
    /// 32 bits.
    Float4,
    /// 64 bits.
    Float8,
    /// Groups of decimal digits.
    Numeric,
    /// The bytes of texts and binary values.
    Bytes,
    /// The value's text.
    Text,
    /// The value's text behind a version byte.
    Jsonb,
    /// 16 bytes.
    Uuid,
    /// Family, prefix length and address.
    Address {
        /// `cidr` rather than `inet`.
        network: bool,
    },
    /// Days since 2000.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds since 2000, from microseconds since 1970.
    Timestamp,
    /// Microseconds since 2000, from a day.
    TimestampOfDate,
    /// Days since 2000, from microseconds since 1970.
    DateOfTimestamp,
    /// A list of values of a type, which has this number.
    List(u32, Box<Form>),
}

/// Bytes of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Two,
    Four,
    Eight,
}

/// How a column gets into the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In the binary form of its type.
    Direct(Form),
    /// In the binary form of another type, which the server casts.
    Cast {
        form: Form,
        /// The type it travels as.
        through: &'static str,
    },
}

/// How values of `source` get into a column of type `target`. `utc` says that the session's time
/// zone is UTC, so that wall clocks and instants show the same.
///
/// # Errors
/// A sentence, if there is no way.
pub(crate) fn way(source: &DataType, target: &TargetType, utc: bool) -> Result<Way, String> {
    if let Some(form) = direct(source, target, utc) {
        return Ok(Way::Direct(form));
    }
    let (form, through) = natural(source).ok_or_else(|| {
        format!(
            "a value of type {source} can't be written into a column of type {}",
            target.name
        )
    })?;
    Ok(Way::Cast { form, through })
}

fn direct(source: &DataType, target: &TargetType, utc: bool) -> Option<Form> {
    use DataType as D;
    if *source == D::Null {
        return Some(Form::Null);
    }
    if let TypeClass::ArrayOf(item) = &target.class {
        let of = match source {
            D::Array(of) => of.as_ref(),
            D::FloatVector(_) => &D::Float,
            _ => return None,
        };
        return match direct(of, item, utc)? {
            Form::List(..) => None,
            form => Some(Form::List(item.oid, Box::new(form))),
        };
    }
    let integer = matches!(source, D::TinyInt | D::SmallInt | D::Int | D::BigInt);
    let float = matches!(source, D::Float | D::Double);
    let decimal = matches!(source, D::Decimal { .. });
    let number = integer || float || decimal;
    if target.class == TypeClass::TextLike {
        return match source {
            D::Bytes => None,
            D::String => Some(Form::Bytes),
            _ => Some(Form::Text),
        };
    }
    Some(match target.oid {
        oid::BOOL if *source == D::Boolean => Form::Bool,
        oid::BOOL if integer => Form::BoolOfInteger,
        oid::INT2 if number || *source == D::Boolean => Form::Integer(Width::Two),
        oid::INT4 if number || *source == D::Boolean => Form::Integer(Width::Four),
        oid::INT8 if number || *source == D::Boolean => Form::Integer(Width::Eight),
        oid::OID if integer || decimal => Form::Unsigned,
        oid::FLOAT4 if number => Form::Float4,
        oid::FLOAT8 if number => Form::Float8,
        oid::NUMERIC if number => Form::Numeric,
        oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::JSON | oid::XML => match source {
            D::String => Form::Bytes,
            // Bytes are no text, and a server refuses what is not in its encoding.
            D::Bytes => return None,
            _ => Form::Text,
        },
        oid::JSONB if *source != D::Bytes => Form::Jsonb,
        oid::BYTEA if *source == D::Bytes => Form::Bytes,
        oid::UUID if *source == D::String => Form::Uuid,
        oid::INET if *source == D::String => Form::Address { network: false },
        oid::CIDR if *source == D::String => Form::Address { network: true },
        oid::DATE => match source {
            D::Date => Form::Date,
            D::Timestamp => Form::DateOfTimestamp,
            D::TimestampTz if utc => Form::DateOfTimestamp,
            _ => return None,
        },
        oid::TIME if *source == D::Time => Form::Time,
        oid::TIMESTAMP | oid::TIMESTAMPTZ => {
            let same_clock = utc
                || match source {
                    D::TimestampTz => target.oid == oid::TIMESTAMPTZ,
                    _ => target.oid == oid::TIMESTAMP,
                };
            match source {
                D::Timestamp | D::TimestampTz if same_clock => Form::Timestamp,
                D::Date if same_clock => Form::TimestampOfDate,
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// The form of a type's own, and the server's type of that form.
fn natural(source: &DataType) -> Option<(Form, &'static str)> {
    use DataType as D;
    Some(match source {
        D::Null => (Form::Null, "text"),
        D::String => (Form::Bytes, "text"),
        D::Boolean => (Form::Bool, "boolean"),
        D::TinyInt | D::SmallInt => (Form::Integer(Width::Two), "smallint"),
        D::Int => (Form::Integer(Width::Four), "integer"),
        D::BigInt => (Form::Integer(Width::Eight), "bigint"),
        D::Float => (Form::Float4, "real"),
        D::Double => (Form::Float8, "double precision"),
        D::Decimal { .. } => (Form::Numeric, "numeric"),
        D::Bytes => (Form::Bytes, "bytea"),
        D::Date => (Form::Date, "date"),
        D::Time => (Form::Time, "time"),
        D::Timestamp => (Form::Timestamp, "timestamp"),
        D::TimestampTz => (Form::Timestamp, "timestamptz"),
        D::FloatVector(_) => (Form::List(oid::FLOAT4, Box::new(Form::Float4)), "real[]"),
        D::Array(item) => {
            let (form, through) = natural(item)?;
            let (oid, name) = ARRAYS
                .iter()
                .find(|(_, _, of)| *of == through)
                .map(|(oid, name, _)| (*oid, *name))?;
            (Form::List(oid, Box::new(form)), name)
        }
        D::Map(..) | D::Row(_) => (Form::Text, "text"),
    })
}

/// Number of the items' type, the array's name, the items' name.
const ARRAYS: &[(u32, &str, &str)] = &[
    (oid::TEXT, "text[]", "text"),
    (oid::BOOL, "boolean[]", "boolean"),
    (oid::INT2, "smallint[]", "smallint"),
    (oid::INT4, "integer[]", "integer"),
    (oid::INT8, "bigint[]", "bigint"),
    (oid::FLOAT4, "real[]", "real"),
    (oid::FLOAT8, "double precision[]", "double precision"),
    (oid::NUMERIC, "numeric[]", "numeric"),
    (oid::BYTEA, "bytea[]", "bytea"),
    (oid::DATE, "date[]", "date"),
    (oid::TIME, "time[]", "time"),
    (oid::TIMESTAMP, "timestamp[]", "timestamp"),
    (oid::TIMESTAMPTZ, "timestamptz[]", "timestamptz"),
];
