//! Tells the arrays of a batch apart, once: which field each is, and how its values are written.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, StringArray};
use arrow_buffer::{NullBuffer, i256};
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};
use seatunnel_api::{DataType, Error, Result, codes as api_codes};

use super::plan::{field_of, name, wrapped};
use super::schema::invalid;
use super::write::varint;

/// The columns of a batch as the fields of a message.
pub(super) struct Fields<'a>(pub(super) Vec<Field<'a>>);

pub(super) struct Field<'a> {
    pub(super) name: String,
    /// In front of each value.
    pub(super) tag: Vec<u8>,
    pub(super) nulls: Option<&'a NullBuffer>,
    pub(super) shape: Shape<'a>,
}

pub(super) enum Shape<'a> {
    /// One value; left out if it is the default and `implicit`.
    One { put: Put<'a>, implicit: bool },
    /// Several, each with a tag, or all behind one.
    List {
        items: Items<'a>,
        item_nulls: Option<&'a NullBuffer>,
        put: Put<'a>,
        packed: bool,
    },
    /// Key and value, each with its own tag, in a message each.
    Map {
        offsets: &'a [i32],
        key: (Vec<u8>, Put<'a>),
        value: (Vec<u8>, Put<'a>),
        value_nulls: Option<&'a NullBuffer>,
    },
}

/// Where the items of a row are.
pub(super) enum Items<'a> {
    Offsets(&'a [i32]),
    Fixed(usize),
}

pub(super) enum Put<'a> {
    Bool(&'a BooleanArray),
    Whole(Numbers<'a>, Whole),
    F32(&'a [f32]),
    F32AsDouble(&'a [f32]),
    F64(&'a [f64]),
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
    Enum(&'a StringArray, HashMap<String, i32>),
    Message(Fields<'a>),
    Timestamp(&'a [i64]),
    Wrapped(Vec<u8>, Box<Put<'a>>),
    /// Types that Protocol Buffers doesn't know, as texts.
    DateText(&'a [i32]),
    TimeText(&'a [i64]),
    TimestampText(&'a [i64]),
    DecimalText(Decimals<'a>, i8),
}

pub(super) enum Numbers<'a> {
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    /// Of scale 0.
    I128(&'a [i128]),
}

pub(super) enum Decimals<'a> {
    Small(&'a [i128]),
    Large(&'a [i256]),
}

/// How whole numbers are written.
#[derive(Clone, Copy)]
pub(super) enum Whole {
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
}

/// The columns of a batch as fields of this message.
///
/// # Errors
/// If there is no field for a column, or one of another type.
pub(super) fn bind<'a>(
    message: &MessageDescriptor,
    columns: &[(&str, &DataType)],
    arrays: &'a [ArrayRef],
) -> Result<Fields<'a>> {
    let mut fields = Vec::with_capacity(columns.len());
    for ((column, data_type), array) in columns.iter().zip(arrays) {
        if **data_type == DataType::Null {
            continue;
        }
        let field = field_of(message, column).ok_or_else(|| {
            let names: Vec<String> = message.fields().map(|f| f.name().to_owned()).collect();
            invalid(format!(
                "the message {} has no field for the column `{column}`",
                message.name()
            ))
            .with_help(format!("it has: {}", names.join(", ")))
        })?;
        fields.push(
            bind_field(&field, data_type, array)
                .map_err(|e| e.with_context("field", field.full_name()))?,
        );
    }
    // Fields are best written in the order of their numbers.
    fields.sort_by_key(|(number, _)| *number);
    Ok(Fields(fields.into_iter().map(|(_, field)| field).collect()))
}

fn bind_field<'a>(
    field: &FieldDescriptor,
    data_type: &DataType,
    array: &'a ArrayRef,
) -> Result<(u32, Field<'a>)> {
    let kind = field.kind();
    let number = field.number();
    let (shape, wire) = if field.is_map() {
        let (Some(entry), DataType::Map(key_type, value_type)) = (kind.as_message(), data_type)
        else {
            return Err(unfit(data_type, "a map"));
        };
        let map = array.as_map();
        let (key, value) = (
            entry.map_entry_key_field().kind(),
            entry.map_entry_value_field().kind(),
        );
        let shape = Shape::Map {
            offsets: map.value_offsets(),
            key: (tag(1, wire(&key)), bind_value(&key, key_type, map.keys())?),
            value: (
                tag(2, wire(&value)),
                bind_value(&value, value_type, map.values())?,
            ),
            value_nulls: map.values().nulls(),
        };
        (shape, LENGTH)
    } else if field.cardinality() == Cardinality::Repeated {
        let (items, values, item) = match data_type {
            DataType::Array(item) => {
                let list = array.as_list::<i32>();
                (Items::Offsets(list.value_offsets()), list.values(), &**item)
            }
            DataType::FloatVector(size) => {
                let values = array.as_fixed_size_list().values();
                (Items::Fixed(*size as usize), values, &DataType::Float)
            }
            _ => return Err(unfit(data_type, "a repeated field")),
        };
        let packed = field.is_packed() && wire(&kind) != LENGTH;
        let shape = Shape::List {
            items,
            item_nulls: values.nulls(),
            put: bind_value(&kind, item, values)?,
            packed,
        };
        (shape, if packed { LENGTH } else { wire(&kind) })
    } else {
        let shape = Shape::One {
            put: bind_value(&kind, data_type, array)?,
            implicit: !field.supports_presence(),
        };
        (shape, wire(&kind))
    };
    let field = Field {
        name: field.name().to_owned(),
        tag: tag(number, wire),
        nulls: array.nulls(),
        shape,
    };
    Ok((number, field))
}

fn bind_value<'a>(kind: &Kind, data_type: &DataType, array: &'a ArrayRef) -> Result<Put<'a>> {
    use DataType as T;
    let whole = match kind {
        Kind::Int32 | Kind::Enum(_) => Some(Whole::Int32),
        Kind::Int64 => Some(Whole::Int64),
        Kind::Uint32 => Some(Whole::Uint32),
        Kind::Uint64 => Some(Whole::Uint64),
        Kind::Sint32 => Some(Whole::Sint32),
        Kind::Sint64 => Some(Whole::Sint64),
        Kind::Fixed32 => Some(Whole::Fixed32),
        Kind::Fixed64 => Some(Whole::Fixed64),
        Kind::Sfixed32 => Some(Whole::Sfixed32),
        Kind::Sfixed64 => Some(Whole::Sfixed64),
        _ => None,
    };
    if let Some(whole) = whole {
        let numbers = match data_type {
            T::TinyInt => Some(Numbers::I8(array.as_primitive::<Int8Type>().values())),
            T::SmallInt => Some(Numbers::I16(array.as_primitive::<Int16Type>().values())),
            T::Int => Some(Numbers::I32(array.as_primitive::<Int32Type>().values())),
            T::BigInt => Some(Numbers::I64(array.as_primitive::<Int64Type>().values())),
            T::Decimal { scale: 0, .. } => array
                .as_primitive_opt::<Decimal128Type>()
                .map(|array| Numbers::I128(array.values())),
            _ => None,
        };
        if let Some(numbers) = numbers {
            return Ok(Put::Whole(numbers, whole));
        }
    }
    Ok(match (kind, data_type) {
        (Kind::Bool, T::Boolean) => Put::Bool(array.as_boolean()),
        (Kind::Float, T::Float) => Put::F32(array.as_primitive::<Float32Type>().values()),
        (Kind::Double, T::Float) => Put::F32AsDouble(array.as_primitive::<Float32Type>().values()),
        (Kind::Double, T::Double) => Put::F64(array.as_primitive::<Float64Type>().values()),
        (Kind::String | Kind::Bytes, T::String) => Put::Text(array.as_string()),
        (Kind::Bytes, T::Bytes) => Put::Bytes(array.as_binary()),
        (Kind::String, T::Date) => Put::DateText(array.as_primitive::<Date32Type>().values()),
        (Kind::String, T::Time) => {
            Put::TimeText(array.as_primitive::<Time64MicrosecondType>().values())
        }
        (Kind::String, T::Timestamp | T::TimestampTz) => {
            Put::TimestampText(array.as_primitive::<TimestampMicrosecondType>().values())
        }
        (Kind::String, T::Decimal { scale, .. }) => {
            let decimals = match array.as_primitive_opt::<Decimal128Type>() {
                Some(array) => Decimals::Small(array.values()),
                None => Decimals::Large(array.as_primitive::<Decimal256Type>().values()),
            };
            Put::DecimalText(decimals, *scale)
        }
        (Kind::Enum(values), T::String) => Put::Enum(
            array.as_string(),
            values
                .values()
                .map(|v| (v.name().to_owned(), v.number()))
                .collect(),
        ),
        (Kind::Message(message), T::Row(fields)) => {
            let columns: Vec<_> = fields
                .iter()
                .map(|f| (f.name.as_str(), &f.data_type))
                .collect();
            Put::Message(bind(message, &columns, array.as_struct().columns())?)
        }
        (Kind::Message(message), T::Timestamp | T::TimestampTz)
            if message.full_name() == "google.protobuf.Timestamp" =>
        {
            Put::Timestamp(array.as_primitive::<TimestampMicrosecondType>().values())
        }
        (Kind::Message(message), data_type) => match wrapped(message) {
            Some(inner) => {
                let put = bind_value(&inner, data_type, array)?;
                Put::Wrapped(tag(1, wire(&inner)), Box::new(put))
            }
            None => return Err(unfit(data_type, &name(kind))),
        },
        (kind, data_type) => return Err(unfit(data_type, &name(kind))),
    })
}

const VARINT: u8 = 0;
const EIGHT: u8 = 1;
const LENGTH: u8 = 2;
const FOUR: u8 = 5;

fn wire(kind: &Kind) -> u8 {
    match kind {
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => EIGHT,
        Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => FOUR,
        Kind::String | Kind::Bytes | Kind::Message(_) => LENGTH,
        _ => VARINT,
    }
}

fn tag(number: u32, wire: u8) -> Vec<u8> {
    let mut tag = Vec::with_capacity(5);
    varint(u64::from(number) << 3 | u64::from(wire), &mut tag);
    tag
}

fn unfit(data_type: &DataType, what: &str) -> Error {
    Error::new(
        api_codes::TYPE_UNSUPPORTED,
        format!("a column of type {data_type} can't be written as {what} of Protocol Buffers"),
    )
}
