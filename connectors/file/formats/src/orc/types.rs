//! Which type of ORC holds which column.

use seatunnel_api::{Column, DataType, MAX_DECIMAL128, RowField};

use super::proto::Message;
use crate::{Fault, Result};

/// Types of ORC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean = 0,
    Byte = 1,
    Short = 2,
    Int = 3,
    Long = 4,
    Float = 5,
    Double = 6,
    String = 7,
    Binary = 8,
    Timestamp = 9,
    List = 10,
    Map = 11,
    Struct = 12,
    Decimal = 14,
    Date = 15,
    Instant = 18,
}

/// The type of a column. A time of day is a timestamp of 1970-01-01, as SeaTunnel has it.
fn kind(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        DataType::Boolean => Kind::Boolean,
        DataType::TinyInt => Kind::Byte,
        DataType::SmallInt => Kind::Short,
        DataType::Int => Kind::Int,
        DataType::BigInt => Kind::Long,
        DataType::Float => Kind::Float,
        DataType::Double => Kind::Double,
        DataType::String => Kind::String,
        DataType::Bytes => Kind::Binary,
        DataType::Date => Kind::Date,
        DataType::Time | DataType::Timestamp => Kind::Timestamp,
        DataType::TimestampTz => Kind::Instant,
        DataType::Array(_) | DataType::FloatVector(_) => Kind::List,
        DataType::Map(..) => Kind::Map,
        DataType::Row(fields) if !fields.is_empty() => Kind::Struct,
        DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 && *scale >= 0 => {
            Kind::Decimal
        }
        DataType::Decimal { .. } | DataType::Null | DataType::Row(_) => return None,
    })
}

/// Whether a column can be written.
///
/// # Errors
/// Why not: ORC has no place for decimals of more than 38 digits, columns of nothing but nulls, and rows without fields.
pub fn check_column(data_type: &DataType) -> Result<()> {
    if kind(data_type).is_none() {
        return Err(Fault::Unsupported(match data_type {
            DataType::Decimal { .. } => {
                format!("decimals in ORC have at most {MAX_DECIMAL128} digits, not {data_type}")
            }
            DataType::Null => "ORC has no type of nothing but nulls".to_owned(),
            _ => "ORC has no row type without fields".to_owned(),
        }));
    }
    match data_type {
        DataType::Array(item) => check_column(item),
        DataType::Map(key, value) => check_column(key).and_then(|()| check_column(value)),
        DataType::Row(fields) => fields.iter().try_for_each(|f| check_column(&f.data_type)),
        _ => Ok(()),
    }
}

/// A type of the file's schema.
struct Type {
    kind: Kind,
    children: Vec<u64>,
    names: Vec<String>,
    decimal: Option<(u64, u64)>,
}

/// The types of a file with these columns, as its footer has them: the row first, each before those inside of it.
pub(super) fn schema(columns: &[Column]) -> Vec<Message> {
    let fields: Vec<RowField> = columns
        .iter()
        .map(|c| RowField {
            name: c.name.clone(),
            data_type: c.data_type.clone(),
        })
        .collect();
    let mut types = Vec::new();
    structure(&fields, &mut types);
    types.iter().map(Type::message).collect()
}

fn structure(fields: &[RowField], types: &mut Vec<Type>) -> u64 {
    let place = types.len();
    types.push(Type {
        kind: Kind::Struct,
        children: Vec::new(),
        names: fields.iter().map(|f| f.name.clone()).collect(),
        decimal: None,
    });
    let children = fields.iter().map(|f| add(&f.data_type, types));
    types[place].children = children.collect::<Vec<_>>();
    place as u64
}

fn add(data_type: &DataType, types: &mut Vec<Type>) -> u64 {
    if let DataType::Row(fields) = data_type {
        return structure(fields, types);
    }
    let place = types.len();
    types.push(Type {
        // Columns have been checked: there is none without a kind.
        kind: kind(data_type).unwrap_or(Kind::Binary),
        children: Vec::new(),
        names: Vec::new(),
        decimal: match data_type {
            DataType::Decimal { precision, scale } => {
                Some((u64::from(*precision), u64::from(scale.unsigned_abs())))
            }
            _ => None,
        },
    });
    let children = match data_type {
        DataType::Array(item) => vec![add(item, types)],
        DataType::FloatVector(_) => vec![add(&DataType::Float, types)],
        DataType::Map(key, value) => vec![add(key, types), add(value, types)],
        _ => Vec::new(),
    };
    types[place].children = children;
    place as u64
}

impl Type {
    fn message(&self) -> Message {
        let mut message = Message::default();
        message.number(1, self.kind as u64);
        if !self.children.is_empty() {
            let mut packed = Vec::new();
            for child in &self.children {
                super::rle::varint(&mut packed, *child);
            }
            message.bytes(2, &packed);
        }
        for name in &self.names {
            message.bytes(3, name.as_bytes());
        }
        if let Some((precision, scale)) = self.decimal {
            message.number(5, precision).number(6, scale);
        }
        message
    }
}
