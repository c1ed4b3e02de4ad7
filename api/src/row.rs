//! The convenient view: one row at a time.

use std::fmt;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_buffer::i256;

use crate::batch::Batch;
use crate::row_kind::RowKind;
use crate::time;
use crate::types::DataType;

/// One value of a row, owned.
///
/// Convenient, not fast: hot paths read the columns of a [`Batch`].
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Boolean(bool),
    /// 8 bits.
    TinyInt(i8),
    /// 16 bits.
    SmallInt(i16),
    /// 32 bits.
    Int(i32),
    /// 64 bits.
    BigInt(i64),
    /// 32-bit floating point.
    Float(f32),
    /// 64-bit floating point.
    Double(f64),
    /// The digits without a point, and how many of them stand behind it.
    Decimal(i256, i8),
    /// Text.
    String(String),
    /// Binary data.
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01T00:00:00 on a wall clock.
    Timestamp(i64),
    /// Microseconds since 1970-01-01T00:00:00Z.
    TimestampTz(i64),
    /// Values of one type.
    Array(Vec<Value>),
    /// Keys and values in their order.
    Map(Vec<(Value, Value)>),
    /// The values of a row type, in the order of its fields.
    Row(Vec<Value>),
}

impl Value {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Reads the value at `index` of a column.
    pub fn read(column: &dyn Array, data_type: &DataType, index: usize) -> Self {
        if column.is_null(index) || *data_type == DataType::Null {
            return Self::Null;
        }
        match data_type {
            DataType::Null => Self::Null,
            DataType::String => Self::String(column.as_string::<i32>().value(index).to_owned()),
            DataType::Boolean => Self::Boolean(column.as_boolean().value(index)),
            DataType::TinyInt => Self::TinyInt(column.as_primitive::<Int8Type>().value(index)),
            DataType::SmallInt => Self::SmallInt(column.as_primitive::<Int16Type>().value(index)),
            DataType::Int => Self::Int(column.as_primitive::<Int32Type>().value(index)),
            DataType::BigInt => Self::BigInt(column.as_primitive::<Int64Type>().value(index)),
            DataType::Float => Self::Float(column.as_primitive::<Float32Type>().value(index)),
            DataType::Double => Self::Double(column.as_primitive::<Float64Type>().value(index)),
            DataType::Decimal { precision, scale }
                if *precision <= crate::types::MAX_DECIMAL128 =>
            {
                let digits = column.as_primitive::<Decimal128Type>().value(index);
                Self::Decimal(i256::from_i128(digits), *scale)
            }
            DataType::Decimal { scale, .. } => {
                Self::Decimal(column.as_primitive::<Decimal256Type>().value(index), *scale)
            }
            DataType::Bytes => Self::Bytes(column.as_binary::<i32>().value(index).to_owned()),
            DataType::Date => Self::Date(column.as_primitive::<Date32Type>().value(index)),
            DataType::Time => {
                Self::Time(column.as_primitive::<Time64MicrosecondType>().value(index))
            }
            DataType::Timestamp => Self::Timestamp(
                column
                    .as_primitive::<TimestampMicrosecondType>()
                    .value(index),
            ),
            DataType::TimestampTz => Self::TimestampTz(
                column
                    .as_primitive::<TimestampMicrosecondType>()
                    .value(index),
            ),
            DataType::Array(item) => {
                let items = column.as_list::<i32>().value(index);
                Self::Array(Self::read_all(items.as_ref(), item))
            }
            DataType::FloatVector(_) => {
                let items = column.as_fixed_size_list().value(index);
                Self::Array(Self::read_all(items.as_ref(), &DataType::Float))
            }
            DataType::Map(key, value) => {
                let entries = column.as_map().value(index);
                let keys = Self::read_all(entries.column(0).as_ref(), key);
                let values = Self::read_all(entries.column(1).as_ref(), value);
                Self::Map(keys.into_iter().zip(values).collect())
            }
            DataType::Row(fields) => Self::Row(
                fields
                    .iter()
                    .zip(column.as_struct().columns())
                    .map(|(field, column)| Self::read(column.as_ref(), &field.data_type, index))
                    .collect(),
            ),
        }
    }

    fn read_all(column: &dyn Array, data_type: &DataType) -> Vec<Self> {
        (0..column.len())
            .map(|index| Self::read(column, data_type, index))
            .collect()
    }
}

/// As a log or a message shows it: times in ISO form, decimals with their scale, nested values as JSON-like text.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(v) => write!(f, "{v}"),
            Self::TinyInt(v) => write!(f, "{v}"),
            Self::SmallInt(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            Self::BigInt(v) => write!(f, "{v}"),
            Self::Float(v) => write!(f, "{v:?}"),
            Self::Double(v) => write!(f, "{v:?}"),
            Self::Decimal(digits, scale) => f.write_str(&time::format_decimal(*digits, *scale)),
            Self::String(v) => f.write_str(v),
            Self::Bytes(v) => {
                for byte in v {
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
            Self::Date(v) => f.write_str(&time::format_date(*v)),
            Self::Time(v) => f.write_str(&time::format_time(*v)),
            Self::Timestamp(v) => f.write_str(&time::format_timestamp(*v)),
            Self::TimestampTz(v) => write!(f, "{}Z", time::format_timestamp(*v)),
            Self::Array(items) | Self::Row(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{key}={value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

/// One row of a batch, borrowed.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    batch: &'a Batch,
    index: usize,
}

impl<'a> Row<'a> {
    pub(crate) fn new(batch: &'a Batch, index: usize) -> Self {
        assert!(index < batch.num_rows(), "row {index} is out of the batch");
        Self { batch, index }
    }

    pub(crate) fn batch(&self) -> &'a Batch {
        self.batch
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// What the row does to the table.
    pub fn kind(&self) -> RowKind {
        self.batch.kinds().get(self.index)
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.batch.records().num_columns()
    }

    /// Whether the row has no column.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a column by position.
    pub fn get(&self, column: usize) -> Value {
        Value::read(
            self.batch.records().column(column).as_ref(),
            &self.batch.table().columns()[column].data_type,
            self.index,
        )
    }

    /// The value of a column by its exact name.
    pub fn get_by_name(&self, name: &str) -> Option<Value> {
        self.batch
            .table()
            .schema()
            .index_of(name)
            .map(|column| self.get(column))
    }

    /// All values in the order of the columns.
    pub fn values(&self) -> Vec<Value> {
        (0..self.len()).map(|column| self.get(column)).collect()
    }
}
