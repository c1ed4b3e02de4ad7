//! What is done with each field of a message: worked out once for a message type and a table.

use std::collections::HashMap;

use prost_reflect::{Cardinality, FieldDescriptor, Kind as Declared, MessageDescriptor, Value};
use seatunnel_api::{DataType, Error, Result, RowField, codes as api_codes};

use super::input::WireType;

/// What is done with a message.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) fields: Vec<Field>,
    /// By number of the field less one: its place in `fields` and one more, or 0.
    small: Vec<u16>,
    /// The same for large numbers.
    large: HashMap<u32, usize>,
}

/// A field that has a column.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) column: usize,
    pub(super) shape: Shape,
    /// Other fields of the same `oneof`, by their place: at most one of them is there.
    pub(super) rivals: Vec<usize>,
}

/// How often a field's value may come.
#[derive(Debug)]
pub(super) enum Shape {
    /// Once; what it is when it doesn't come.
    One(Element, Option<Absent>),
    /// Any number of times, into a list or a vector.
    List(Element),
    /// Any number of entries.
    Map(Element, Element),
}

/// What a field without a value stands for, where that is no null.
#[derive(Debug)]
pub(super) enum Absent {
    Number(u64),
    Bytes(Vec<u8>),
}

/// One value.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) kind: Kind,
    /// The type that it goes into.
    pub(super) to: DataType,
}

#[derive(Debug)]
pub(super) enum Kind {
    Bool,
    /// Signed, as two's complement of 64 bits.
    Int,
    /// Unsigned.
    Uint,
    /// Signed, the sign in the lowest bit.
    Zigzag,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Float,
    Double,
    Text,
    Bytes,
    /// Names of numbers, for columns of texts.
    Enum(HashMap<i32, String>),
    Message(Plan),
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Int32Value` and its like: a message around one value.
    Wrapped(Box<Element>),
}

impl Kind {
    /// How it is written.
    pub(super) fn wire(&self) -> WireType {
        match self {
            Self::Bool | Self::Int | Self::Uint | Self::Zigzag | Self::Enum(_) => WireType::Varint,
            Self::Fixed32 | Self::Sfixed32 | Self::Float => WireType::Four,
            Self::Fixed64 | Self::Sfixed64 | Self::Double => WireType::Eight,
            Self::Text | Self::Bytes | Self::Message(_) | Self::Timestamp | Self::Wrapped(_) => {
                WireType::Length
            }
        }
    }
}

impl Plan {
    /// For messages of this type into columns of these names and types.
    ///
    /// # Errors
    /// If a column's type doesn't go with its field.
    pub(super) fn new(message: &MessageDescriptor, columns: &[RowField]) -> Result<Self> {
        let mut fields: Vec<Field> = Vec::new();
        let mut oneofs: Vec<Option<String>> = Vec::new();
        for (column, wanted) in columns.iter().enumerate() {
            let Some(field) = field_of(message, &wanted.name) else {
                continue;
            };
            if wanted.data_type == DataType::Null
                || fields.iter().any(|f| f.number == field.number())
            {
                continue;
            }
            let shape = shape(&field, &wanted.data_type)
                .map_err(|e| e.with_context("field", field.full_name()))?;
            let oneof = field.containing_oneof().map(|o| o.full_name().to_owned());
            oneofs.push(oneof);
            fields.push(Field {
                number: field.number(),
                name: field.name().to_owned(),
                column,
                shape,
                rivals: Vec::new(),
            });
        }
        for (place, field) in fields.iter_mut().enumerate() {
            let same = |other: &usize| {
                *other != place && oneofs[place].is_some() && oneofs[*other] == oneofs[place]
            };
            field.rivals = (0..oneofs.len()).filter(same).collect();
        }
        let mut plan = Self {
            small: Vec::new(),
            large: HashMap::new(),
            fields,
        };
        for (place, field) in plan.fields.iter().enumerate() {
            let index = field.number as usize - 1;
            match u16::try_from(place + 1) {
                Ok(place) if index < 1024 => {
                    if plan.small.len() <= index {
                        plan.small.resize(index + 1, 0);
                    }
                    plan.small[index] = place;
                }
                _ => {
                    plan.large.insert(field.number, place);
                }
            }
        }
        Ok(plan)
    }

    /// The place of the field of a number; none if it has no column.
    #[inline]
    pub(super) fn place(&self, number: u32) -> Option<usize> {
        match self.small.get(number as usize - 1) {
            Some(0) | None if self.large.is_empty() => None,
            Some(0) | None => self.large.get(&number).copied(),
            Some(place) => Some(usize::from(*place) - 1),
        }
    }
}

/// The field of a column: of its name, else of its name in other cases.
pub(super) fn field_of(message: &MessageDescriptor, column: &str) -> Option<FieldDescriptor> {
    message.get_field_by_name(column).or_else(|| {
        message
            .fields()
            .find(|f| f.name().eq_ignore_ascii_case(column) || f.json_name() == column)
    })
}

fn shape(field: &FieldDescriptor, to: &DataType) -> Result<Shape> {
    let kind = field.kind();
    if field.is_map() {
        let (Some(entry), DataType::Map(key, value)) = (kind.as_message(), to) else {
            return Err(unfit("a map", to));
        };
        return Ok(Shape::Map(
            element(&entry.map_entry_key_field().kind(), key)?,
            element(&entry.map_entry_value_field().kind(), value)?,
        ));
    }
    if field.cardinality() == Cardinality::Repeated {
        return match to {
            DataType::Array(item) => Ok(Shape::List(element(&kind, item)?)),
            DataType::FloatVector(_) if kind == Declared::Float => {
                Ok(Shape::List(element(&kind, &DataType::Float)?))
            }
            _ => Err(unfit("a repeated field", to)),
        };
    }
    let element = element(&kind, to)?;
    let told = field.field_descriptor_proto().default_value.is_some();
    let absent = match field.supports_presence() && !told {
        true => None,
        false => absent(field.default_value(), &element.kind),
    };
    Ok(Shape::One(element, absent))
}

/// A default as it would be written.
fn absent(default: Value, kind: &Kind) -> Option<Absent> {
    Some(match (default, kind) {
        (Value::Bool(v), _) => Absent::Number(u64::from(v)),
        (Value::I32(v), Kind::Zigzag) => Absent::Number(((v << 1) ^ (v >> 31)) as u32 as u64),
        (Value::I64(v), Kind::Zigzag) => Absent::Number(((v << 1) ^ (v >> 63)) as u64),
        (Value::I32(v), Kind::Sfixed32) => Absent::Number(u64::from(v as u32)),
        (Value::I32(v) | Value::EnumNumber(v), _) => Absent::Number(i64::from(v) as u64),
        (Value::I64(v), _) => Absent::Number(v as u64),
        (Value::U32(v), _) => Absent::Number(u64::from(v)),
        (Value::U64(v), _) => Absent::Number(v),
        (Value::F32(v), _) => Absent::Number(u64::from(v.to_bits())),
        (Value::F64(v), _) => Absent::Number(v.to_bits()),
        (Value::String(v), _) => Absent::Bytes(v.into_bytes()),
        (Value::Bytes(v), _) => Absent::Bytes(v.to_vec()),
        _ => return None,
    })
}

fn element(declared: &Declared, to: &DataType) -> Result<Element> {
    use DataType as T;
    let whole = matches!(
        to,
        T::TinyInt
            | T::SmallInt
            | T::Int
            | T::BigInt
            | T::Float
            | T::Double
            | T::Decimal { .. }
            | T::String
    );
    let kind = match declared {
        Declared::Bool if *to == T::Boolean => Kind::Bool,
        Declared::Int32 | Declared::Int64 if whole => Kind::Int,
        Declared::Uint32 | Declared::Uint64 if whole => Kind::Uint,
        Declared::Sint32 | Declared::Sint64 if whole => Kind::Zigzag,
        Declared::Fixed32 if whole => Kind::Fixed32,
        Declared::Fixed64 if whole => Kind::Fixed64,
        Declared::Sfixed32 if whole => Kind::Sfixed32,
        Declared::Sfixed64 if whole => Kind::Sfixed64,
        Declared::Float if matches!(to, T::Float | T::Double) => Kind::Float,
        Declared::Double if *to == T::Double => Kind::Double,
        Declared::String
            if matches!(
                to,
                T::String
                    | T::Bytes
                    | T::Decimal { .. }
                    | T::Date
                    | T::Time
                    | T::Timestamp
                    | T::TimestampTz
            ) =>
        {
            Kind::Text
        }
        Declared::Bytes if *to == T::Bytes => Kind::Bytes,
        Declared::Bytes if *to == T::String => Kind::Text,
        Declared::Enum(values) if whole => Kind::Enum(
            values
                .values()
                .map(|v| (v.number(), v.name().to_owned()))
                .collect(),
        ),
        Declared::Message(message) => return message_element(message, to),
        other => return Err(unfit(&name(other), to)),
    };
    Ok(Element {
        kind,
        to: to.clone(),
    })
}

fn message_element(message: &MessageDescriptor, to: &DataType) -> Result<Element> {
    let kind = match to {
        DataType::Row(fields) => Kind::Message(Plan::new(message, fields)?),
        DataType::Timestamp | DataType::TimestampTz
            if message.full_name() == "google.protobuf.Timestamp" =>
        {
            Kind::Timestamp
        }
        _ => match wrapped(message) {
            Some(inner) => Kind::Wrapped(Box::new(element(&inner, to)?)),
            None => return Err(unfit(&name(&Declared::Message(message.clone())), to)),
        },
    };
    Ok(Element {
        kind,
        to: to.clone(),
    })
}

/// The value in one of the messages that come with Protocol Buffers to wrap values.
pub(super) fn wrapped(message: &MessageDescriptor) -> Option<Declared> {
    let simple = message.full_name().strip_prefix("google.protobuf.")?;
    (simple.ends_with("Value") && message.fields().len() == 1)
        .then(|| message.get_field(1).map(|f| f.kind()))
        .flatten()
        .filter(|kind| !matches!(kind, Declared::Message(_) | Declared::Enum(_)))
}

pub(super) fn name(kind: &Declared) -> String {
    match kind {
        Declared::Message(message) => format!("the message {}", message.name()),
        Declared::Enum(values) => format!("the enum {}", values.name()),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn unfit(what: &str, to: &DataType) -> Error {
    Error::new(
        api_codes::TYPE_UNSUPPORTED,
        format!("{what} of Protocol Buffers doesn't go into a column of type {to}"),
    )
}
