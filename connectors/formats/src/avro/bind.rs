//! Tells the arrays of a batch apart, once: which field each is, and how its values are written.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, StringArray};
use arrow_buffer::{NullBuffer, i256};
use seatunnel_api::{DataType, Error, Result, codes as api_codes};

use super::schema::{Layout, Unit, Wire};

/// The values of one column, and how they are written.
pub(super) struct Cell<'a> {
    pub(super) nulls: Option<&'a NullBuffer>,
    /// Where the schema has a union: the numbers of the branches of null, if there is one, and of the value.
    pub(super) union: Option<(Option<u8>, u8)>,
    pub(super) put: Put<'a>,
}

pub(super) enum Put<'a> {
    Null,
    Boolean(&'a BooleanArray),
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    /// Times in another unit: what they are multiplied with, or divided by if it is less than zero.
    Scaled(&'a [i64], i64),
    F32(&'a [f32]),
    F32AsDouble(&'a [f32]),
    F64(&'a [f64]),
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
    Fixed(&'a BinaryArray, usize),
    Enum(&'a StringArray, Vec<String>),
    Decimal128(&'a [i128], Digits),
    Decimal256(&'a [i256], Digits),
    List(&'a [i32], Box<Cell<'a>>),
    /// Items in each, all in one slice.
    Vector(usize, Box<Cell<'a>>),
    Map(&'a [i32], Box<Key<'a>>, Box<Cell<'a>>),
    Row(Vec<(String, Cell<'a>)>),
}

#[derive(Clone, Copy)]
pub(super) struct Digits {
    pub(super) from: i8,
    pub(super) to: i32,
    pub(super) size: Option<usize>,
}

pub(super) enum Key<'a> {
    Text(&'a StringArray),
    Boolean(&'a BooleanArray),
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
}

/// The columns of a batch in the order of the schema's fields.
///
/// # Errors
/// If a column doesn't go with its field, or a field that can't be null has no column.
pub(super) fn bind<'a>(
    layout: &Layout,
    columns: &[(&str, &DataType)],
    arrays: &'a [ArrayRef],
) -> Result<Cell<'a>> {
    let binder = Binder { layout };
    match &layout.root {
        Wire::Record(fields) => Ok(Cell {
            nulls: None,
            union: None,
            put: binder.record(fields, columns, arrays)?,
        }),
        wire => match columns {
            [(_, data_type)] => binder.cell(wire, data_type, &arrays[0]),
            _ => Err(super::schema::invalid(
                "the Avro schema is no record, and rows have more than one column",
            )),
        },
    }
}

struct Binder<'l> {
    layout: &'l Layout,
}

impl Binder<'_> {
    fn record<'a>(
        &self,
        fields: &[(String, Wire)],
        columns: &[(&str, &DataType)],
        arrays: &'a [ArrayRef],
    ) -> Result<Put<'a>> {
        let cells = fields.iter().map(|(name, wire)| {
            let exact = columns.iter().position(|(column, _)| column == name);
            let alike = || {
                columns
                    .iter()
                    .position(|(column, _)| column.eq_ignore_ascii_case(name))
            };
            let cell = match exact.or_else(alike) {
                Some(column) => self
                    .cell(wire, columns[column].1, &arrays[column])
                    .map_err(|e| e.with_context("field", name))?,
                None => Cell {
                    nulls: None,
                    union: null_branch(wire).ok_or_else(|| {
                        super::schema::invalid(format!(
                            "the field {name} of the Avro schema can't be null, and rows have no column of that name"
                        ))
                    })?,
                    put: Put::Null,
                },
            };
            Ok((name.clone(), cell))
        });
        Ok(Put::Row(cells.collect::<Result<_>>()?))
    }

    fn cell<'a>(&self, wire: &Wire, data_type: &DataType, array: &'a ArrayRef) -> Result<Cell<'a>> {
        if let Wire::Named(place) = wire {
            return self.cell(&self.layout.named[*place], data_type, array);
        }
        let Wire::Union(branches) = wire else {
            return Ok(Cell {
                nulls: array.nulls(),
                union: None,
                put: self.put(wire, data_type, array)?,
            });
        };
        let number = |index: usize| u8::try_from(index).ok().filter(|n| *n < 64);
        let null = branches.iter().position(|b| *b == Wire::Null);
        let null = null.and_then(number);
        let mut why = None;
        for (index, branch) in branches.iter().enumerate() {
            if *branch == Wire::Null && *data_type != DataType::Null {
                continue;
            }
            match (self.cell(branch, data_type, array), number(index)) {
                (Ok(cell), Some(value)) => {
                    return Ok(Cell {
                        nulls: cell.nulls,
                        union: Some((null, value)),
                        put: cell.put,
                    });
                }
                (Err(error), _) => why = Some(error),
                _ => {}
            }
        }
        Err(why.unwrap_or_else(|| unfit(wire, data_type)))
    }

    fn put<'a>(&self, wire: &Wire, data_type: &DataType, array: &'a ArrayRef) -> Result<Put<'a>> {
        use DataType as T;
        Ok(match (wire, data_type) {
            (Wire::Null, T::Null) => Put::Null,
            (Wire::Boolean, T::Boolean) => Put::Boolean(array.as_boolean()),
            (Wire::Int | Wire::Long, T::TinyInt) => {
                Put::I8(array.as_primitive::<Int8Type>().values())
            }
            (Wire::Int | Wire::Long, T::SmallInt) => {
                Put::I16(array.as_primitive::<Int16Type>().values())
            }
            (Wire::Int | Wire::Long, T::Int) => {
                Put::I32(array.as_primitive::<Int32Type>().values())
            }
            (Wire::Long, T::BigInt) => Put::I64(array.as_primitive::<Int64Type>().values()),
            (Wire::Date, T::Date) => Put::I32(array.as_primitive::<Date32Type>().values()),
            (Wire::Time(unit), T::Time) => Put::Scaled(
                array.as_primitive::<Time64MicrosecondType>().values(),
                factor(*unit),
            ),
            (Wire::Timestamp(unit), T::Timestamp | T::TimestampTz) => Put::Scaled(
                array.as_primitive::<TimestampMicrosecondType>().values(),
                factor(*unit),
            ),
            (Wire::Float, T::Float) => Put::F32(array.as_primitive::<Float32Type>().values()),
            (Wire::Double, T::Float) => {
                Put::F32AsDouble(array.as_primitive::<Float32Type>().values())
            }
            (Wire::Double, T::Double) => Put::F64(array.as_primitive::<Float64Type>().values()),
            (Wire::String | Wire::Bytes | Wire::Uuid { text: true, .. }, T::String) => {
                Put::Text(array.as_string())
            }
            (Wire::Bytes, T::Bytes) => Put::Bytes(array.as_binary()),
            (Wire::Fixed(size), T::Bytes) => Put::Fixed(array.as_binary(), *size),
            (Wire::Enum(symbols), T::String) => Put::Enum(array.as_string(), symbols.clone()),
            (Wire::Decimal { scale: to, size }, T::Decimal { scale, .. }) => {
                let digits = Digits {
                    from: *scale,
                    to: *to,
                    size: *size,
                };
                match array.as_primitive_opt::<Decimal128Type>() {
                    Some(array) => Put::Decimal128(array.values(), digits),
                    None => {
                        Put::Decimal256(array.as_primitive::<Decimal256Type>().values(), digits)
                    }
                }
            }
            (Wire::Array(wire), T::Array(item)) => {
                let list = array.as_list::<i32>();
                let items = self.cell(wire, item, list.values())?;
                Put::List(list.value_offsets(), Box::new(items))
            }
            (Wire::Array(wire), T::FloatVector(dimension)) => {
                let vectors = array.as_fixed_size_list();
                let items = self.cell(wire, &T::Float, vectors.values())?;
                Put::Vector(*dimension as usize, Box::new(items))
            }
            (Wire::Map(wire), T::Map(key, value)) => {
                let map = array.as_map();
                let values = self.cell(wire, value, map.values())?;
                let keys = map.keys();
                let keys = match &**key {
                    T::String => Key::Text(keys.as_string()),
                    T::Boolean => Key::Boolean(keys.as_boolean()),
                    T::TinyInt => Key::I8(keys.as_primitive::<Int8Type>().values()),
                    T::SmallInt => Key::I16(keys.as_primitive::<Int16Type>().values()),
                    T::Int => Key::I32(keys.as_primitive::<Int32Type>().values()),
                    T::BigInt => Key::I64(keys.as_primitive::<Int64Type>().values()),
                    _ => return Err(unfit(wire, data_type)),
                };
                Put::Map(map.value_offsets(), Box::new(keys), Box::new(values))
            }
            (Wire::Record(fields), T::Row(row)) => {
                let names: Vec<_> = row
                    .iter()
                    .map(|f| (f.name.as_str(), &f.data_type))
                    .collect();
                self.record(fields, &names, array.as_struct().columns())?
            }
            (wire, data_type) => return Err(unfit(wire, data_type)),
        })
    }
}

/// The union of a field that gets nulls only; none if it has no place for them.
#[allow(clippy::option_option)]
fn null_branch(wire: &Wire) -> Option<Option<(Option<u8>, u8)>> {
    match wire {
        Wire::Null => Some(None),
        Wire::Union(branches) => {
            let index = branches.iter().position(|b| *b == Wire::Null)?;
            let index = u8::try_from(index).ok().filter(|n| *n < 64)?;
            Some(Some((Some(index), index)))
        }
        _ => None,
    }
}

fn unfit(wire: &Wire, data_type: &DataType) -> Error {
    Error::new(
        api_codes::TYPE_UNSUPPORTED,
        format!(
            "a column of type {data_type} can't be written as {} of Avro",
            wire.name()
        ),
    )
}

fn factor(unit: Unit) -> i64 {
    match unit {
        Unit::Millis => -1000,
        Unit::Micros => 1,
        Unit::Nanos => 1000,
    }
}
