//! The values of one column while rows come, and the array they become.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, NullArray, PrimitiveArray, StringArray};
use arrow_buffer::{
    BooleanBufferBuilder, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer,
};
use seatunnel_api::{DataType, Error};

use super::parts::{Bytes, LastDate};
use super::values::{self, DAY, Unfit};
use crate::types::{Declared, Kind};
use crate::wire::{Fields, ZeroDates};

/// How the values of a column come, and what they become.
pub(crate) enum Values {
    Null(usize),
    /// `tinyint(1)`
    TinyBoolean(BooleanBufferBuilder),
    /// `bit(1)`
    BitBoolean(BooleanBufferBuilder),
    Int8(Vec<i8>),
    UInt8(Vec<i16>),
    Int16(Vec<i16>),
    UInt16(Vec<i32>),
    Int32(Vec<i32>),
    UInt32(Vec<i64>),
    Int64(Vec<i64>),
    UInt64(Vec<i128>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Decimal {
        values: Vec<i128>,
        precision: u8,
        scale: u8,
    },
    Date(Vec<i32>, LastDate),
    DateTime(Vec<i64>, LastDate),
    Time(Vec<i64>),
    TimeText(Bytes, u8),
    Text(Bytes),
    /// Bytes that are to be text, which the server has not looked at.
    BytesText(Bytes),
    Bytes(Bytes),
}

/// A column being read.
pub(crate) struct Column {
    pub(crate) values: Values,
    nulls: NullBufferBuilder,
    /// Bytes of a value, where all have the same.
    pub(crate) width: usize,
}

impl Column {
    /// A column that comes as `declared` and is to be read as `data_type`.
    ///
    /// None if it can't be.
    pub(crate) fn new(
        declared: &Declared,
        data_type: &DataType,
        zero_dates: ZeroDates,
        rows: usize,
    ) -> Option<Self> {
        let booleans = || BooleanBufferBuilder::new(rows);
        let unsigned = declared.unsigned;
        let (values, width) = match (declared.kind, data_type) {
            (Kind::Null, DataType::Null) => (Values::Null(0), 0),
            (Kind::TinyInt, DataType::Boolean) => (Values::TinyBoolean(booleans()), 1),
            (Kind::Bit, DataType::Boolean) => (Values::BitBoolean(booleans()), 1),
            (Kind::TinyInt, DataType::TinyInt) if !unsigned => (Values::Int8(vec(rows)), 1),
            (Kind::TinyInt, DataType::SmallInt) if unsigned => (Values::UInt8(vec(rows)), 2),
            (Kind::SmallInt, DataType::SmallInt) if !unsigned => (Values::Int16(vec(rows)), 2),
            (Kind::SmallInt, DataType::Int) if unsigned => (Values::UInt16(vec(rows)), 4),
            (Kind::Year, DataType::Int) => (Values::UInt16(vec(rows)), 4),
            (Kind::MediumInt, DataType::Int) => (Values::Int32(vec(rows)), 4),
            (Kind::Int, DataType::Int) if !unsigned => (Values::Int32(vec(rows)), 4),
            (Kind::Int, DataType::BigInt) if unsigned => (Values::UInt32(vec(rows)), 8),
            (Kind::BigInt, DataType::BigInt) if !unsigned => (Values::Int64(vec(rows)), 8),
            (
                Kind::BigInt,
                DataType::Decimal {
                    precision: 20,
                    scale: 0,
                },
            ) if unsigned => (Values::UInt64(vec(rows)), 16),
            (Kind::Float, DataType::Float) => (Values::Float32(vec(rows)), 4),
            (Kind::Double, DataType::Double) => (Values::Float64(vec(rows)), 8),
            (Kind::Decimal, DataType::Decimal { precision, scale }) => {
                let decimal = Values::Decimal {
                    values: vec(rows),
                    precision: *precision,
                    scale: u8::try_from(*scale).ok()?,
                };
                (decimal, 16)
            }
            (Kind::Date, DataType::Date) => (Values::Date(vec(rows), LastDate::new(zero_dates)), 4),
            (Kind::DateTime, DataType::Timestamp) => {
                (Values::DateTime(vec(rows), LastDate::new(zero_dates)), 8)
            }
            (Kind::Time, DataType::Time) => (Values::Time(vec(rows)), 8),
            (Kind::Time, DataType::String) => {
                (Values::TimeText(Bytes::new(), declared.decimals), 14)
            }
            (Kind::Text, DataType::String) => (Values::Text(Bytes::new()), 4),
            (Kind::Bytes, DataType::String) => (Values::BytesText(Bytes::new()), 4),
            (Kind::Text | Kind::Bytes | Kind::Bit | Kind::Geometry, DataType::Bytes) => {
                (Values::Bytes(Bytes::new()), 4)
            }
            _ => return None,
        };
        Some(Self {
            values,
            nulls: NullBufferBuilder::new(rows),
            width,
        })
    }

    /// Takes a null.
    #[inline]
    pub(crate) fn null(&mut self) {
        match &mut self.values {
            Values::Null(count) => *count += 1,
            Values::TinyBoolean(values) | Values::BitBoolean(values) => values.append(false),
            Values::Int8(values) => values.push(0),
            Values::UInt8(values) | Values::Int16(values) => values.push(0),
            Values::UInt16(values) | Values::Int32(values) | Values::Date(values, _) => {
                values.push(0);
            }
            Values::UInt32(values)
            | Values::Int64(values)
            | Values::DateTime(values, _)
            | Values::Time(values) => values.push(0),
            Values::UInt64(values) | Values::Decimal { values, .. } => values.push(0),
            Values::Float32(values) => values.push(0.0),
            Values::Float64(values) => values.push(0.0),
            Values::TimeText(bytes, _)
            | Values::Text(bytes)
            | Values::BytesText(bytes)
            | Values::Bytes(bytes) => bytes.end(),
        }
        self.nulls.append_null();
    }

    /// Forgets all values but the first `rows`.
    pub(crate) fn truncate(&mut self, rows: usize) {
        match &mut self.values {
            Values::Null(count) => *count = rows,
            Values::TinyBoolean(values) | Values::BitBoolean(values) => values.truncate(rows),
            Values::Int8(values) => values.truncate(rows),
            Values::UInt8(values) | Values::Int16(values) => values.truncate(rows),
            Values::UInt16(values) | Values::Int32(values) | Values::Date(values, _) => {
                values.truncate(rows);
            }
            Values::UInt32(values)
            | Values::Int64(values)
            | Values::DateTime(values, _)
            | Values::Time(values) => values.truncate(rows),
            Values::UInt64(values) | Values::Decimal { values, .. } => values.truncate(rows),
            Values::Float32(values) => values.truncate(rows),
            Values::Float64(values) => values.truncate(rows),
            Values::TimeText(bytes, _)
            | Values::Text(bytes)
            | Values::BytesText(bytes)
            | Values::Bytes(bytes) => bytes.truncate(rows),
        }
        self.nulls.truncate(rows);
    }

    /// Takes a value off a row; gives its bytes, where it is of any length.
    #[inline]
    pub(crate) fn push(&mut self, row: &mut Fields<'_>) -> Result<usize, Unfit> {
        let mut size = 0;
        match &mut self.values {
            Values::Int32(values) => values.push(i32::from_le_bytes(fixed(row)?)),
            Values::Int64(values) => values.push(i64::from_le_bytes(fixed(row)?)),
            Values::Text(bytes) | Values::Bytes(bytes) => {
                let value = row.text().ok_or(Unfit::Cut)?;
                size = value.len();
                bytes.push(value);
            }
            Values::BytesText(bytes) => {
                let value = row.text().ok_or(Unfit::Cut)?;
                std::str::from_utf8(value).map_err(|_| Unfit::Text)?;
                size = value.len();
                bytes.push(value);
            }
            Values::Decimal {
                values,
                precision,
                scale,
            } => {
                let text = row.text().ok_or(Unfit::Cut)?;
                values.push(values::decimal(text, *precision, *scale)?);
            }
            Values::Date(values, last) => {
                let (date, _) = moment(row)?;
                match last.days(date)? {
                    Some(days) => values.push(days),
                    None => {
                        self.null();
                        return Ok(0);
                    }
                }
            }
            Values::DateTime(values, last) => {
                let (date, micros) = moment(row)?;
                match last.days(date)? {
                    Some(days) => values.push(i64::from(days) * DAY + micros),
                    None => {
                        self.null();
                        return Ok(0);
                    }
                }
            }
            Values::Time(values) => match time(row)? {
                (false, micros @ ..DAY) => values.push(micros),
                _ => return Err(Unfit::NoTimeOfDay),
            },
            Values::TimeText(bytes, decimals) => {
                let (negative, micros) = time(row)?;
                values::time_text(&mut bytes.data, negative, micros, *decimals);
                bytes.end();
            }
            Values::Float32(values) => values.push(f32::from_le_bytes(fixed(row)?)),
            Values::Float64(values) => values.push(f64::from_le_bytes(fixed(row)?)),
            Values::TinyBoolean(values) => values.append(fixed(row)? != [0]),
            Values::BitBoolean(values) => {
                let bits = row.text().ok_or(Unfit::Cut)?;
                values.append(bits.iter().any(|byte| *byte != 0));
            }
            Values::Int8(values) => values.push(i8::from_le_bytes(fixed(row)?)),
            Values::UInt8(values) => values.push(u8::from_le_bytes(fixed(row)?).into()),
            Values::Int16(values) => values.push(i16::from_le_bytes(fixed(row)?)),
            Values::UInt16(values) => values.push(u16::from_le_bytes(fixed(row)?).into()),
            Values::UInt32(values) => values.push(u32::from_le_bytes(fixed(row)?).into()),
            Values::UInt64(values) => values.push(u64::from_le_bytes(fixed(row)?).into()),
            Values::Null(count) => *count += 1,
        }
        self.nulls.append_non_null();
        Ok(size)
    }

    /// Turns what has come into an array, and begins anew.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, Unfinished> {
        let nulls = self.nulls.finish();
        Ok(match &mut self.values {
            Values::Null(count) => Arc::new(NullArray::new(std::mem::take(count))),
            Values::TinyBoolean(values) | Values::BitBoolean(values) => {
                Arc::new(BooleanArray::new(values.finish(), nulls))
            }
            Values::Int8(values) => primitive::<Int8Type>(values, nulls),
            Values::UInt8(values) | Values::Int16(values) => primitive::<Int16Type>(values, nulls),
            Values::UInt16(values) | Values::Int32(values) => primitive::<Int32Type>(values, nulls),
            Values::UInt32(values) | Values::Int64(values) => primitive::<Int64Type>(values, nulls),
            Values::UInt64(values) => decimals(values, 20, 0, nulls)?,
            Values::Decimal {
                values,
                precision,
                scale,
            } => decimals(values, *precision, *scale, nulls)?,
            Values::Float32(values) => primitive::<Float32Type>(values, nulls),
            Values::Float64(values) => primitive::<Float64Type>(values, nulls),
            Values::Date(values, _) => primitive::<Date32Type>(values, nulls),
            Values::DateTime(values, _) => primitive::<TimestampMicrosecondType>(values, nulls),
            Values::Time(values) => primitive::<Time64MicrosecondType>(values, nulls),
            Values::Text(bytes) | Values::BytesText(bytes) | Values::TimeText(bytes, _) => {
                let (offsets, data) = bytes.finish();
                match StringArray::try_new(offsets.clone(), data.clone(), nulls) {
                    Ok(array) => Arc::new(array),
                    Err(_) => return Err(Unfinished::NotText(bad_text(&offsets, &data))),
                }
            }
            Values::Bytes(bytes) => {
                let (offsets, data) = bytes.finish();
                Arc::new(BinaryArray::try_new(offsets, data, nulls).map_err(internal)?)
            }
        })
    }
}

/// Why a column did not become an array.
pub(crate) enum Unfinished {
    /// The text in this row, of the batch's, is not UTF-8.
    NotText(usize),
    Other(Box<Error>),
}

fn internal(error: arrow_schema::ArrowError) -> Unfinished {
    Unfinished::Other(Box::new(error.into()))
}

fn vec<T>(rows: usize) -> Vec<T> {
    Vec::with_capacity(rows)
}

#[inline]
fn fixed<const N: usize>(row: &mut Fields<'_>) -> Result<[u8; N], Unfit> {
    row.array().ok_or(Unfit::Cut)
}

/// Date and microseconds of the day of a date or datetime.
#[inline]
fn moment(row: &mut Fields<'_>) -> Result<([u8; 4], i64), Unfit> {
    match row.u8().ok_or(Unfit::Cut)? {
        4 => Ok((fixed(row)?, 0)),
        7 => Ok((fixed(row)?, values::clock(fixed(row)?, None))),
        11 => {
            let date = fixed(row)?;
            let time = fixed(row)?;
            Ok((date, values::clock(time, Some(fixed(row)?))))
        }
        0 => Ok(([0; 4], 0)),
        _ => Err(Unfit::Cut),
    }
}

#[inline]
fn time(row: &mut Fields<'_>) -> Result<(bool, i64), Unfit> {
    let length = row.u8().ok_or(Unfit::Cut)?;
    values::time(row.take(length.into()).ok_or(Unfit::Cut)?)
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    let next = Vec::with_capacity(values.len() + values.len() / 8);
    let values = std::mem::replace(values, next);
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls))
}

fn decimals(
    values: &mut Vec<i128>,
    precision: u8,
    scale: u8,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, Unfinished> {
    let next = Vec::with_capacity(values.len() + values.len() / 8);
    let values = std::mem::replace(values, next);
    let array = PrimitiveArray::<Decimal128Type>::new(ScalarBuffer::from(values), nulls);
    let array = array
        .with_precision_and_scale(precision, scale as i8)
        .map_err(internal)?;
    Ok(Arc::new(array))
}

/// The first row whose text is not UTF-8.
fn bad_text(offsets: &OffsetBuffer<i32>, data: &Buffer) -> usize {
    offsets
        .windows(2)
        .position(|pair| {
            let text = data.get(pair[0] as usize..pair[1] as usize);
            text.is_none_or(|text| std::str::from_utf8(text).is_err())
        })
        .unwrap_or(0)
}
