//! One column under construction.

use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeListArray, Float32Array, ListArray, MapArray,
    NullArray, StringArray, StructArray,
};
use arrow_buffer::{BooleanBuffer, NullBufferBuilder, i256};
use arrow_schema::DataType as ArrowType;
use seatunnel_api::{DataType, Error, MAX_DECIMAL128, Result, codes};

use super::parts::{Fixed, Lists, Maps, Rows, Variable, Vectors, offsets};

/// One column under construction.
pub enum Column {
    /// Nothing but nulls: how many.
    Null(usize),
    /// True and false.
    Boolean(Fixed<bool>),
    /// TINYINT
    I8(Fixed<i8>),
    /// SMALLINT
    I16(Fixed<i16>),
    /// INT, and DATE as days since 1970-01-01.
    I32(Fixed<i32>),
    /// BIGINT; TIME and both TIMESTAMPs as microseconds.
    I64(Fixed<i64>),
    /// FLOAT
    F32(Fixed<f32>),
    /// DOUBLE
    F64(Fixed<f64>),
    /// DECIMAL up to 38 digits, as digits without the point.
    Decimal128(Fixed<i128>),
    /// DECIMAL above.
    Decimal256(Fixed<i256>),
    /// STRING
    Text(Variable),
    /// BYTES
    Bytes(Variable),
    /// ARRAY
    List(Box<Lists>),
    /// MAP
    Map(Box<Maps>),
    /// ROW
    Row(Box<Rows>),
    /// FLOAT_VECTOR
    Vector(Box<Vectors>),
}

impl Column {
    /// An empty column of a type.
    pub fn new(data_type: &DataType) -> Self {
        let nulls = || NullBufferBuilder::new(0);
        match data_type {
            DataType::Null => Self::Null(0),
            DataType::Boolean => Self::Boolean(Fixed::new()),
            DataType::TinyInt => Self::I8(Fixed::new()),
            DataType::SmallInt => Self::I16(Fixed::new()),
            DataType::Int | DataType::Date => Self::I32(Fixed::new()),
            DataType::BigInt | DataType::Time | DataType::Timestamp | DataType::TimestampTz => {
                Self::I64(Fixed::new())
            }
            DataType::Float => Self::F32(Fixed::new()),
            DataType::Double => Self::F64(Fixed::new()),
            DataType::Decimal { precision, .. } if *precision <= MAX_DECIMAL128 => {
                Self::Decimal128(Fixed::new())
            }
            DataType::Decimal { .. } => Self::Decimal256(Fixed::new()),
            DataType::String => Self::Text(Variable::new()),
            DataType::Bytes => Self::Bytes(Variable::new()),
            DataType::Array(item) => Self::List(Box::new(Lists {
                items: Self::new(item),
                ends: Vec::new(),
                nulls: nulls(),
            })),
            DataType::Map(key, value) => Self::Map(Box::new(Maps {
                keys: Self::new(key),
                values: Self::new(value),
                ends: Vec::new(),
                nulls: nulls(),
            })),
            DataType::Row(fields) => Self::Row(Box::new(Rows {
                fields: fields.iter().map(|f| Self::new(&f.data_type)).collect(),
                nulls: nulls(),
            })),
            DataType::FloatVector(dimension) => Self::Vector(Box::new(Vectors {
                values: Vec::new(),
                dimension: *dimension as usize,
                nulls: nulls(),
            })),
        }
    }

    /// Values pushed, nulls too.
    pub fn len(&self) -> usize {
        match self {
            Self::Null(rows) => *rows,
            Self::Boolean(c) => c.values.len(),
            Self::I8(c) => c.values.len(),
            Self::I16(c) => c.values.len(),
            Self::I32(c) => c.values.len(),
            Self::I64(c) => c.values.len(),
            Self::F32(c) => c.values.len(),
            Self::F64(c) => c.values.len(),
            Self::Decimal128(c) => c.values.len(),
            Self::Decimal256(c) => c.values.len(),
            Self::Text(c) | Self::Bytes(c) => c.ends.len(),
            Self::List(c) => c.ends.len(),
            Self::Map(c) => c.ends.len(),
            Self::Row(c) => c.nulls.len(),
            Self::Vector(c) => c.nulls.len(),
        }
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes the values take.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Null(_) => 0,
            Self::Text(c) | Self::Bytes(c) => c.bytes.len() + 4 * c.ends.len(),
            Self::List(c) => c.items.bytes() + 4 * c.ends.len(),
            Self::Map(c) => c.keys.bytes() + c.values.bytes() + 4 * c.ends.len(),
            Self::Row(c) => c.fields.iter().map(Self::bytes).sum(),
            Self::Vector(c) => 4 * c.values.len(),
            Self::Boolean(c) => c.values.len() / 8,
            Self::I8(c) => c.values.len(),
            Self::I16(c) => 2 * c.values.len(),
            Self::I32(c) => 4 * c.values.len(),
            Self::F32(c) => 4 * c.values.len(),
            Self::I64(c) => 8 * c.values.len(),
            Self::F64(c) => 8 * c.values.len(),
            Self::Decimal128(c) => 16 * c.values.len(),
            Self::Decimal256(c) => 32 * c.values.len(),
        }
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        match self {
            Self::Null(rows) => *rows += 1,
            Self::Boolean(c) => c.push_null(),
            Self::I8(c) => c.push_null(),
            Self::I16(c) => c.push_null(),
            Self::I32(c) => c.push_null(),
            Self::I64(c) => c.push_null(),
            Self::F32(c) => c.push_null(),
            Self::F64(c) => c.push_null(),
            Self::Decimal128(c) => c.push_null(),
            Self::Decimal256(c) => c.push_null(),
            Self::Text(c) | Self::Bytes(c) => c.push_null(),
            Self::List(c) => {
                c.ends.push(c.items.len());
                c.nulls.append_null();
            }
            Self::Map(c) => {
                c.ends.push(c.keys.len());
                c.nulls.append_null();
            }
            Self::Row(c) => {
                c.nulls.append_null();
                c.fill();
            }
            Self::Vector(c) => c.end_null(),
        }
    }

    /// Keeps the first `rows` values only, and what belongs to them.
    pub fn truncate(&mut self, rows: usize) {
        match self {
            Self::Null(have) => *have = rows.min(*have),
            Self::Boolean(c) => c.truncate(rows),
            Self::I8(c) => c.truncate(rows),
            Self::I16(c) => c.truncate(rows),
            Self::I32(c) => c.truncate(rows),
            Self::I64(c) => c.truncate(rows),
            Self::F32(c) => c.truncate(rows),
            Self::F64(c) => c.truncate(rows),
            Self::Decimal128(c) => c.truncate(rows),
            Self::Decimal256(c) => c.truncate(rows),
            Self::Text(c) | Self::Bytes(c) => c.truncate(rows),
            Self::List(c) => {
                c.ends.truncate(rows);
                c.nulls.truncate(rows);
                c.items.truncate(c.ends.last().copied().unwrap_or(0));
            }
            Self::Map(c) => {
                c.ends.truncate(rows);
                c.nulls.truncate(rows);
                let entries = c.ends.last().copied().unwrap_or(0);
                c.keys.truncate(entries);
                c.values.truncate(entries);
            }
            Self::Row(c) => {
                c.nulls.truncate(rows);
                for field in &mut c.fields {
                    field.truncate(rows);
                }
            }
            Self::Vector(c) => {
                c.nulls.truncate(rows);
                c.values.truncate(c.nulls.len() * c.dimension);
            }
        }
    }

    /// The values as an array; the column is empty then.
    pub(super) fn finish(&mut self, data_type: &DataType) -> Result<ArrayRef> {
        let arrow = data_type.to_arrow();
        Ok(match (self, data_type) {
            (Self::Null(rows), _) => Arc::new(NullArray::new(std::mem::take(rows))),
            (Self::Boolean(c), _) => {
                let values = BooleanBuffer::from(std::mem::take(&mut c.values));
                Arc::new(BooleanArray::new(values, c.nulls.finish()))
            }
            (Self::I8(c), _) => c.array::<Int8Type>(arrow),
            (Self::I16(c), _) => c.array::<Int16Type>(arrow),
            (Self::I32(c), DataType::Date) => c.array::<Date32Type>(arrow),
            (Self::I32(c), _) => c.array::<Int32Type>(arrow),
            (Self::I64(c), DataType::Time) => c.array::<Time64MicrosecondType>(arrow),
            (Self::I64(c), DataType::BigInt) => c.array::<Int64Type>(arrow),
            (Self::I64(c), _) => c.array::<TimestampMicrosecondType>(arrow),
            (Self::F32(c), _) => c.array::<Float32Type>(arrow),
            (Self::F64(c), _) => c.array::<Float64Type>(arrow),
            (Self::Decimal128(c), _) => c.array::<Decimal128Type>(arrow),
            (Self::Decimal256(c), _) => c.array::<Decimal256Type>(arrow),
            (Self::Text(c), _) => {
                let (offsets, bytes, nulls) = c.parts()?;
                Arc::new(StringArray::try_new(offsets, bytes, nulls)?)
            }
            (Self::Bytes(c), _) => {
                let (offsets, bytes, nulls) = c.parts()?;
                Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?)
            }
            (Self::List(c), DataType::Array(item)) => {
                let ArrowType::List(field) = arrow else {
                    return Err(mixed_up());
                };
                let offsets = offsets(&std::mem::take(&mut c.ends))?;
                let items = c.items.finish(item)?;
                Arc::new(ListArray::try_new(field, offsets, items, c.nulls.finish())?)
            }
            (Self::Map(c), DataType::Map(key, value)) => {
                let ArrowType::Map(entries, sorted) = arrow else {
                    return Err(mixed_up());
                };
                let ArrowType::Struct(fields) = entries.data_type() else {
                    return Err(mixed_up());
                };
                let offsets = offsets(&std::mem::take(&mut c.ends))?;
                let columns = vec![c.keys.finish(key)?, c.values.finish(value)?];
                let pairs = StructArray::try_new(fields.clone(), columns, None)?;
                let nulls = c.nulls.finish();
                Arc::new(MapArray::try_new(entries, offsets, pairs, nulls, sorted)?)
            }
            (Self::Row(c), DataType::Row(fields)) => {
                let ArrowType::Struct(arrow_fields) = arrow else {
                    return Err(mixed_up());
                };
                let rows = c.nulls.len();
                let nulls = c.nulls.finish();
                let columns = c.fields.iter_mut().zip(fields.iter());
                let columns = columns
                    .map(|(column, field)| column.finish(&field.data_type))
                    .collect::<Result<Vec<_>>>()?;
                match columns.is_empty() {
                    true => Arc::new(StructArray::new_empty_fields(rows, nulls)),
                    false => Arc::new(StructArray::try_new(arrow_fields, columns, nulls)?),
                }
            }
            (Self::Vector(c), _) => {
                let ArrowType::FixedSizeList(field, size) = arrow else {
                    return Err(mixed_up());
                };
                let values = Arc::new(Float32Array::from(std::mem::take(&mut c.values)));
                let nulls = c.nulls.finish();
                Arc::new(FixedSizeListArray::try_new(field, size, values, nulls)?)
            }
            _ => return Err(mixed_up()),
        })
    }
}

fn mixed_up() -> Error {
    Error::new(codes::INTERNAL, "a column is not of the type of its table")
}
