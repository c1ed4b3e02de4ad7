//! Columns that values are added to, in the forms that [`Reading`](crate::types::Reading) asks for.

use std::iter;
use std::sync::Arc;

use arrow_array::types::{Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, ListArray,
    PrimitiveArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, i256};
use arrow_schema::{DataType as ArrowType, Field};
use seatunnel_api::{DataType, MAX_DECIMAL128};

use super::decode_bytes::{Bytes, offsets};
use super::decode_value::{BROKEN, Why, date, fixed, put_uuid, time, timestamp, why_not};
use super::{decode_digits as digits, decode_numeric as numeric};
use crate::types::{Coding, Digits};

/// Bytes of a value, where nothing is known.
const USUAL_LENGTH: usize = 16;

/// Values of one column, and which of them are null.
pub(super) struct Column {
    values: Values,
    /// Which are there; none as long as all are.
    present: Option<BooleanBufferBuilder>,
}

enum Values {
    Bool(Vec<bool>),
    Int2(Vec<i16>),
    Int4(Vec<i32>),
    Int4Text(Vec<i32>),
    Int8(Vec<i64>),
    Oid(Vec<i64>),
    Float4(Vec<f32>),
    Float8(Vec<f64>),
    Numeric(Digits, Vec<i128>),
    NumericText(Digits, Vec<i128>),
    WideNumeric(Digits, Vec<i256>),
    Text(Bytes),
    Jsonb(Bytes),
    Uuid(Bytes),
    Bytea(Bytes),
    Date(Vec<i32>),
    Time(Vec<i64>),
    TimeTz(Vec<i64>),
    Timestamp { utc: bool, values: Vec<i64> },
    List(Box<List>),
}

struct List {
    ends: Vec<i32>,
    items: Column,
    item_type: DataType,
}

impl Column {
    /// With room for so many rows, and so many bytes where values differ in length.
    pub(super) fn new(
        coding: &Coding,
        data_type: &DataType,
        rows: usize,
        bytes: Option<usize>,
    ) -> Self {
        let bytes = bytes.unwrap_or(rows * USUAL_LENGTH);
        let values = match coding {
            Coding::Bool => Values::Bool(Vec::with_capacity(rows)),
            Coding::Int2 => Values::Int2(Vec::with_capacity(rows)),
            Coding::Int4 => Values::Int4(Vec::with_capacity(rows)),
            Coding::Int4Text => Values::Int4Text(Vec::with_capacity(rows)),
            Coding::Int8 => Values::Int8(Vec::with_capacity(rows)),
            Coding::Oid => Values::Oid(Vec::with_capacity(rows)),
            Coding::Float4 => Values::Float4(Vec::with_capacity(rows)),
            Coding::Float8 => Values::Float8(Vec::with_capacity(rows)),
            Coding::Numeric(digits) if digits.precision <= MAX_DECIMAL128 => {
                Values::Numeric(*digits, Vec::with_capacity(rows))
            }
            Coding::Numeric(digits) => Values::WideNumeric(*digits, Vec::with_capacity(rows)),
            Coding::NumericText(digits) => Values::NumericText(*digits, Vec::with_capacity(rows)),
            Coding::Text => Values::Text(Bytes::with_capacity(rows, bytes)),
            Coding::Jsonb => Values::Jsonb(Bytes::with_capacity(rows, bytes)),
            Coding::Uuid => Values::Uuid(Bytes::with_capacity(rows, bytes)),
            Coding::Bytea => Values::Bytea(Bytes::with_capacity(rows, bytes)),
            Coding::Date => Values::Date(Vec::with_capacity(rows)),
            Coding::Time => Values::Time(Vec::with_capacity(rows)),
            Coding::TimeTz => Values::TimeTz(Vec::with_capacity(rows)),
            Coding::Timestamp => Values::Timestamp {
                utc: *data_type == DataType::TimestampTz,
                values: Vec::with_capacity(rows),
            },
            Coding::Array(item) => {
                let item_type = match data_type {
                    DataType::Array(item) => (**item).clone(),
                    other => other.clone(),
                };
                let mut ends = Vec::with_capacity(rows + 1);
                ends.push(0);
                Values::List(Box::new(List {
                    ends,
                    items: Self::new(item, &item_type, rows, None),
                    item_type,
                }))
            }
        };
        Self {
            values,
            present: None,
        }
    }

    /// Adds values; `None` is null.
    ///
    /// # Errors
    /// If one does not fit. Some may have been added then: the column is to be truncated.
    #[inline]
    pub(super) fn extend<'a>(
        &mut self,
        values: impl Iterator<Item = Option<&'a [u8]>> + Clone,
    ) -> Result<(), Why> {
        if self.present.is_some() || values.clone().any(|value| value.is_none()) {
            let before = self.len();
            let present = self.present.get_or_insert_with(|| {
                let mut present = BooleanBufferBuilder::new(before + 1_024);
                present.append_n(before, true);
                present
            });
            for value in values.clone() {
                present.append(value.is_some());
            }
        }
        match &mut self.values {
            Values::Bool(to) => add(to, values, |value| Ok(fixed::<1>(value)?[0] != 0)),
            Values::Int2(to) => add(to, values, |value| Ok(i16::from_be_bytes(fixed(value)?))),
            Values::Int4(to) => add(to, values, |value| Ok(i32::from_be_bytes(fixed(value)?))),
            Values::Int4Text(to) => add(to, values, |value| digits::integer(value).ok_or(BROKEN)),
            Values::Int8(to) => add(to, values, |value| Ok(i64::from_be_bytes(fixed(value)?))),
            Values::Oid(to) => add(to, values, |value| {
                Ok(u32::from_be_bytes(fixed(value)?).into())
            }),
            Values::Float4(to) => add(to, values, |value| Ok(f32::from_be_bytes(fixed(value)?))),
            Values::Float8(to) => add(to, values, |value| Ok(f64::from_be_bytes(fixed(value)?))),
            Values::Numeric(of, to) => add(to, values, |value| {
                numeric::read(value, of.precision, of.scale, of.rounds).map_err(why_not)
            }),
            Values::NumericText(of, to) => add(to, values, |value| {
                digits::decimal(value, of.precision, of.scale, of.rounds).map_err(why_not)
            }),
            Values::WideNumeric(of, to) => add(to, values, |value| {
                numeric::read_wide(value, of.precision, of.scale, of.rounds).map_err(why_not)
            }),
            Values::Text(to) | Values::Bytea(to) => to.add(values, |bytes, value| {
                bytes.extend_from_slice(value);
                Ok(())
            }),
            Values::Jsonb(to) => to.add(values, |bytes, value| {
                let [1, text @ ..] = value else {
                    return Err(BROKEN);
                };
                bytes.extend_from_slice(text);
                Ok(())
            }),
            Values::Uuid(to) => to.add(values, |bytes, value| {
                put_uuid(bytes, fixed(value)?);
                Ok(())
            }),
            Values::Date(to) => add(to, values, date),
            Values::Time(to) => add(to, values, |value| time(i64::from_be_bytes(fixed(value)?))),
            Values::TimeTz(to) => add(to, values, |value| {
                let [micros @ .., _, _, _, _] = fixed::<12>(value)?;
                time(i64::from_be_bytes(micros))
            }),
            Values::Timestamp { values: to, .. } => add(to, values, timestamp),
            Values::List(list) => list.add(values),
        }
    }

    /// How many values there are.
    fn len(&self) -> usize {
        match &self.values {
            Values::Bool(values) => values.len(),
            Values::Int2(values) => values.len(),
            Values::Int4(values) | Values::Int4Text(values) | Values::Date(values) => values.len(),
            Values::Int8(values)
            | Values::Oid(values)
            | Values::Time(values)
            | Values::TimeTz(values)
            | Values::Timestamp { values, .. } => values.len(),
            Values::Float4(values) => values.len(),
            Values::Float8(values) => values.len(),
            Values::Numeric(_, values) | Values::NumericText(_, values) => values.len(),
            Values::WideNumeric(_, values) => values.len(),
            Values::Text(bytes)
            | Values::Jsonb(bytes)
            | Values::Uuid(bytes)
            | Values::Bytea(bytes) => bytes.count(),
            Values::List(list) => list.ends.len() - 1,
        }
    }

    /// Bytes of values that differ in length.
    pub(super) fn bytes(&self) -> usize {
        match &self.values {
            Values::Text(bytes)
            | Values::Jsonb(bytes)
            | Values::Uuid(bytes)
            | Values::Bytea(bytes) => bytes.len(),
            _ => 0,
        }
    }

    /// Forgets what comes after so many values.
    pub(super) fn truncate(&mut self, rows: usize) {
        if let Some(present) = &mut self.present {
            present.truncate(rows);
        }
        match &mut self.values {
            Values::Bool(values) => values.truncate(rows),
            Values::Int2(values) => values.truncate(rows),
            Values::Int4(values) | Values::Int4Text(values) | Values::Date(values) => {
                values.truncate(rows)
            }
            Values::Int8(values)
            | Values::Oid(values)
            | Values::Time(values)
            | Values::TimeTz(values)
            | Values::Timestamp { values, .. } => values.truncate(rows),
            Values::Float4(values) => values.truncate(rows),
            Values::Float8(values) => values.truncate(rows),
            Values::Numeric(_, values) | Values::NumericText(_, values) => values.truncate(rows),
            Values::WideNumeric(_, values) => values.truncate(rows),
            Values::Text(bytes)
            | Values::Jsonb(bytes)
            | Values::Uuid(bytes)
            | Values::Bytea(bytes) => bytes.truncate(rows),
            Values::List(list) => {
                list.ends.truncate(rows + 1);
                let items = list.ends[rows.min(list.ends.len() - 1)] as usize;
                list.items.truncate(items);
            }
        }
    }

    /// The column; `bad` hears of the rows whose bytes are no text.
    pub(super) fn finish(self, rows: usize, bad: &mut dyn FnMut(usize)) -> ArrayRef {
        debug_assert_eq!(self.len(), rows);
        let nulls = self
            .present
            .map(|mut present| NullBuffer::new(present.finish()))
            .filter(|nulls| nulls.null_count() > 0);
        match self.values {
            Values::Bool(values) => Arc::new(BooleanArray::new(values.into(), nulls)),
            Values::Int2(v) => Arc::new(PrimitiveArray::<Int16Type>::new(v.into(), nulls)),
            Values::Int4(v) | Values::Int4Text(v) => {
                Arc::new(PrimitiveArray::<Int32Type>::new(v.into(), nulls))
            }
            Values::Int8(v) | Values::Oid(v) => {
                Arc::new(PrimitiveArray::<Int64Type>::new(v.into(), nulls))
            }
            Values::Float4(v) => Arc::new(PrimitiveArray::<Float32Type>::new(v.into(), nulls)),
            Values::Float8(v) => Arc::new(PrimitiveArray::<Float64Type>::new(v.into(), nulls)),
            Values::Numeric(digits, v) | Values::NumericText(digits, v) => {
                let array = Decimal128Array::new(v.into(), nulls);
                let data_type = ArrowType::Decimal128(digits.precision, digits.scale);
                Arc::new(array.with_data_type(data_type))
            }
            Values::WideNumeric(digits, v) => {
                let array = Decimal256Array::new(v.into(), nulls);
                let data_type = ArrowType::Decimal256(digits.precision, digits.scale);
                Arc::new(array.with_data_type(data_type))
            }
            Values::Text(bytes) | Values::Jsonb(bytes) | Values::Uuid(bytes) => {
                bytes.into_strings(nulls, bad)
            }
            Values::Bytea(bytes) => bytes.into_bytes(nulls),
            Values::Date(v) => Arc::new(Date32Array::new(v.into(), nulls)),
            Values::Time(v) | Values::TimeTz(v) => {
                Arc::new(Time64MicrosecondArray::new(v.into(), nulls))
            }
            Values::Timestamp { utc, values } => {
                let array = TimestampMicrosecondArray::new(values.into(), nulls);
                Arc::new(if utc {
                    array.with_timezone("UTC")
                } else {
                    array
                })
            }
            Values::List(list) => list.finish(nulls, bad),
        }
    }
}

impl List {
    fn add<'a>(&mut self, values: impl Iterator<Item = Option<&'a [u8]>>) -> Result<(), Why> {
        for value in values {
            if let Some(value) = value {
                self.add_items(value)?;
            }
            self.ends.push(self.items.len() as i32);
        }
        Ok(())
    }

    /// Dimensions, whether there are nulls, the elements' type; for each dimension its length and where
    /// it counts from; then the elements.
    fn add_items(&mut self, value: &[u8]) -> Result<(), Why> {
        let (head, rest) = value.split_first_chunk::<12>().ok_or(BROKEN)?;
        let mut rest = match head[..4] {
            [0, 0, 0, 0] => &[][..],
            [0, 0, 0, 1] => rest.get(8..).ok_or(BROKEN)?,
            _ => return Err("has several dimensions, in a column declared with one"),
        };
        while let Some((length, values)) = rest.split_first_chunk::<4>() {
            let length = i32::from_be_bytes(*length);
            if length < 0 {
                self.items.extend(iter::once(None))?;
                rest = values;
                continue;
            }
            let (item, values) = values.split_at_checked(length as usize).ok_or(BROKEN)?;
            self.items.extend(iter::once(Some(item)))?;
            rest = values;
        }
        Ok(())
    }

    fn finish(self, nulls: Option<NullBuffer>, bad: &mut dyn FnMut(usize)) -> ArrayRef {
        let count = self.items.len();
        let ends = self.ends.clone();
        let items = self.items.finish(count, &mut |item| {
            let row = ends.partition_point(|end| *end as usize <= item);
            bad(row.saturating_sub(1));
        });
        let field = Field::new("item", self.item_type.to_arrow(), true);
        let offsets = offsets(self.ends);
        Arc::new(ListArray::new(Arc::new(field), offsets, items, nulls))
    }
}

/// Adds values, each as `read` gives it; null is the default, and not seen by anyone.
#[inline]
fn add<'a, T: Default>(
    to: &mut Vec<T>,
    values: impl Iterator<Item = Option<&'a [u8]>>,
    read: impl Fn(&'a [u8]) -> Result<T, Why>,
) -> Result<(), Why> {
    for value in values {
        to.push(match value {
            Some(value) => read(value)?,
            None => T::default(),
        });
    }
    Ok(())
}
