//! Columns of a stripe that is being written.

use std::io;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_select::filter::filter;
use seatunnel_api::DataType;
use seatunnel_api::time::MICROS_PER_SECOND;

use super::proto::Message;
use super::rle::{self, Bits, varint128};
use super::statistics::{Range, Statistics};
use super::streams::{OrcCompression, Stream};
use crate::{Fault, Result};

/// Seconds between 1970 and 2015, from which ORC counts.
const EPOCH: i64 = 1_420_070_400;
/// Fractions of a second above which readers take a second off what lies before 1970 (ORC-763).
const MOST_FRACTION: i64 = 999;

/// What a stream of a column holds, by its number in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Present = 0,
    Data = 1,
    Length = 2,
    Secondary = 5,
}

/// One column of a stripe.
pub(super) struct ColumnWriter {
    data_type: DataType,
    compression: OrcCompression,
    /// Bits of values that are there; only once there is one that is not.
    present: Option<Bits>,
    bits: Bits,
    data: Stream,
    second: Stream,
    children: Vec<Self>,
    statistics: Statistics,
    scratch: Vec<i64>,
}

/// A stripe's streams, in the order of the file.
#[derive(Default)]
pub(super) struct StripeParts {
    pub(super) bytes: Vec<u8>,
    pub(super) streams: Vec<Message>,
    pub(super) encodings: Vec<Message>,
    /// One for each column.
    pub(super) statistics: Vec<Statistics>,
}

impl ColumnWriter {
    /// For values of a type that has been checked.
    pub(super) fn new(data_type: &DataType, compression: OrcCompression) -> Self {
        let child = |data_type: &DataType| Self::new(data_type, compression);
        Self {
            children: match data_type {
                DataType::Array(item) => vec![child(item)],
                DataType::FloatVector(_) => vec![child(&DataType::Float)],
                DataType::Map(key, value) => vec![child(key), child(value)],
                DataType::Row(fields) => fields.iter().map(|f| child(&f.data_type)).collect(),
                _ => Vec::new(),
            },
            statistics: empty(data_type),
            data_type: data_type.clone(),
            compression,
            present: None,
            bits: Bits::default(),
            data: Stream::default(),
            second: Stream::default(),
            scratch: Vec::new(),
        }
    }

    /// Adds values.
    pub(super) fn write(&mut self, values: &ArrayRef) -> Result<()> {
        let before = self.statistics.values as usize;
        let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
        let Some(nulls) = nulls else {
            if let Some(present) = &mut self.present {
                present.push_many(true, values.len());
            }
            self.statistics.values += values.len() as u64;
            return self.dense(values);
        };
        self.statistics.has_null = true;
        let present = self.present.get_or_insert_with(|| {
            let mut bits = Bits::default();
            bits.push_many(true, before);
            bits
        });
        nulls.iter().for_each(|valid| present.push(valid));
        // Nothing is written for what is missing, nor for what would be inside of it.
        let kept = filter(values, &BooleanArray::new(nulls.inner().clone(), None))?;
        self.statistics.values += kept.len() as u64;
        self.dense(&kept)
    }

    /// Adds values of which none is missing.
    fn dense(&mut self, values: &ArrayRef) -> Result<()> {
        let array = values.as_ref();
        match &self.data_type {
            DataType::Boolean => {
                let column = array.as_boolean();
                column.values().iter().for_each(|bit| self.bits.push(bit));
                if let Range::Booleans(count) = &mut self.statistics.range {
                    *count += column.values().count_set_bits() as u64;
                }
            }
            DataType::TinyInt => {
                let column = array.as_primitive::<Int8Type>().values();
                self.statistics.integers(column.iter().map(|v| (*v).into()));
                let plain: Vec<u8> = column.iter().map(|v| *v as u8).collect();
                rle::bytes(self.data.buffer(), &plain);
            }
            DataType::SmallInt => {
                let column = array.as_primitive::<Int16Type>().values();
                self.integers(column.iter().map(|v| i64::from(*v)));
            }
            DataType::Int => {
                let column = array.as_primitive::<Int32Type>().values();
                self.integers(column.iter().map(|v| i64::from(*v)));
            }
            DataType::Date => {
                let column = array.as_primitive::<Date32Type>().values();
                self.integers(column.iter().map(|v| i64::from(*v)));
            }
            DataType::BigInt => {
                let column = array.as_primitive::<Int64Type>().values();
                self.integers(column.iter().copied());
            }
            DataType::Float => {
                let column = array.as_primitive::<Float32Type>().values();
                self.statistics.doubles(column.iter().map(|v| (*v).into()));
                let out = self.data.buffer();
                column
                    .iter()
                    .for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
            }
            DataType::Double => {
                let column = array.as_primitive::<Float64Type>().values();
                self.statistics.doubles(column.iter().copied());
                let out = self.data.buffer();
                column
                    .iter()
                    .for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
            }
            DataType::String => {
                let column = array.as_string::<i32>();
                self.statistics
                    .texts((0..column.len()).map(|i| column.value(i)));
                let (offsets, bytes) = (column.value_offsets(), column.value_data());
                self.variable(offsets, bytes);
            }
            DataType::Bytes => {
                let column = array.as_binary::<i32>();
                let (offsets, bytes) = (column.value_offsets(), column.value_data());
                let length = self.variable(offsets, bytes);
                if let Range::Bytes(sum) = &mut self.statistics.range {
                    *sum += length as u64;
                }
            }
            DataType::Decimal { scale, .. } => {
                let scale = i64::from(*scale);
                let column = array.as_primitive::<Decimal128Type>().values();
                let out = self.data.buffer();
                column.iter().for_each(|digits| varint128(out, *digits));
                self.scratch.clear();
                self.scratch.resize(column.len(), scale);
                rle::integers(self.second.buffer(), &self.scratch, true);
            }
            DataType::Time => {
                let column = array.as_primitive::<Time64MicrosecondType>().values();
                self.times(column)?;
            }
            DataType::Timestamp | DataType::TimestampTz => {
                let column = array.as_primitive::<TimestampMicrosecondType>().values();
                self.times(column)?;
            }
            DataType::Array(_) => {
                let column = array.as_list::<i32>();
                let (first, last) = self.lengths(column.value_offsets());
                self.children[0].write(&column.values().slice(first, last - first))?;
            }
            DataType::FloatVector(size) => {
                let column = array.as_fixed_size_list();
                let size = *size as usize;
                self.scratch.clear();
                self.scratch.resize(column.len(), size as i64);
                rle::integers(self.second.buffer(), &self.scratch, false);
                let first = column.value_offset(0) as usize;
                let items = column.values().slice(first, column.len() * size);
                self.children[0].write(&items)?;
            }
            DataType::Map(..) => {
                let column = array.as_map();
                let (first, last) = self.lengths(column.value_offsets());
                let length = last - first;
                self.children[0].write(&column.keys().slice(first, length))?;
                self.children[1].write(&column.values().slice(first, length))?;
            }
            DataType::Row(_) => {
                let column = array.as_struct();
                for (child, part) in self.children.iter_mut().zip(column.columns()) {
                    child.write(part)?;
                }
            }
            DataType::Null => {}
        }
        self.data.settle(self.compression)?;
        self.second.settle(self.compression)?;
        Ok(())
    }

    fn integers(&mut self, values: impl Iterator<Item = i64>) {
        self.scratch.clear();
        self.scratch.extend(values);
        self.statistics.integers(self.scratch.iter().copied());
        rle::integers(self.data.buffer(), &self.scratch, true);
    }

    /// Values of different lengths; gives the bytes of all.
    fn variable(&mut self, offsets: &[i32], bytes: &[u8]) -> usize {
        let (first, last) = self.lengths(offsets);
        self.data.buffer().extend_from_slice(&bytes[first..last]);
        last - first
    }

    /// Writes the lengths between offsets; gives the first and the last offset.
    fn lengths(&mut self, offsets: &[i32]) -> (usize, usize) {
        self.scratch.clear();
        let lengths = offsets.windows(2).map(|pair| i64::from(pair[1] - pair[0]));
        self.scratch.extend(lengths);
        rle::integers(self.second.buffer(), &self.scratch, false);
        let end = |offset: Option<&i32>| offset.map_or(0, |o| *o as usize);
        (end(offsets.first()), end(offsets.last()))
    }

    fn times(&mut self, micros: &[i64]) -> Result<()> {
        self.scratch.clear();
        let mut fractions = Vec::with_capacity(micros.len());
        for (row, value) in micros.iter().enumerate() {
            let mut seconds = value.div_euclid(MICROS_PER_SECOND);
            let fraction = value.rem_euclid(MICROS_PER_SECOND);
            if !is_writable(*value) {
                return Err(Fault::value(row, "", NO_PLACE));
            }
            if seconds < 0 && fraction > MOST_FRACTION {
                seconds += 1;
            }
            self.scratch.push(seconds - EPOCH);
            fractions.push(nanos(fraction * 1000));
        }
        rle::integers(self.data.buffer(), &self.scratch, true);
        rle::integers(self.second.buffer(), &fractions, false);
        Ok(())
    }

    /// Bytes held in memory.
    pub(super) fn memory(&self) -> usize {
        let own = self.data.memory() + self.second.memory() + self.bits.memory();
        let present = self.present.as_ref().map_or(0, Bits::memory);
        let children = self.children.iter().map(Self::memory);
        own + present + children.sum::<usize>()
    }

    /// Ends the stripe: adds the streams of the column and of those inside of it. `column` is the next column's number.
    pub(super) fn end(&mut self, parts: &mut StripeParts, column: &mut u64) -> io::Result<()> {
        let number = *column;
        *column += 1;
        let compression = self.compression;
        let mut add = |role: Role, bytes: &[u8]| {
            let mut stream = Message::default();
            stream.number(1, role as u64).number(2, number);
            stream.number(3, bytes.len() as u64);
            parts.streams.push(stream);
            parts.bytes.extend_from_slice(bytes);
        };
        if let Some(mut present) = self.present.take() {
            let mut stored = Vec::new();
            compression.store(&present.take(), &mut stored)?;
            add(Role::Present, &stored);
        }
        if self.data_type == DataType::Boolean {
            *self.data.buffer() = self.bits.take();
        }
        let (has_data, second) = roles(&self.data_type);
        if has_data {
            add(Role::Data, &self.data.take(compression)?);
        }
        if let Some(role) = second {
            add(role, &self.second.take(compression)?);
        }
        let mut encoding = Message::default();
        encoding.number(1, encoding_of(&self.data_type));
        parts.encodings.push(encoding);
        let fresh = empty(&self.data_type);
        parts
            .statistics
            .push(std::mem::replace(&mut self.statistics, fresh));
        let mut children = self.children.iter_mut();
        children.try_for_each(|child| child.end(parts, column))
    }
}

/// Why a timestamp can't be written.
pub(super) const NO_PLACE: &str = "a timestamp of the last second before 1970 with more than 0.000999 seconds has no place in ORC: readers take it for one of 1970";

/// Whether a timestamp reads back as it is: those within the second before 1970 don't (ORC-763).
pub(super) fn is_writable(micros: i64) -> bool {
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    seconds != -1 || micros.rem_euclid(MICROS_PER_SECOND) <= MOST_FRACTION
}

/// Nanoseconds without closing zeros, whose number stands in the last three bits.
fn nanos(nanos: i64) -> i64 {
    if nanos == 0 || nanos % 100 != 0 {
        return nanos << 3;
    }
    let (mut rest, mut zeros) = (nanos / 100, 1);
    while rest % 10 == 0 && zeros < 7 {
        rest /= 10;
        zeros += 1;
    }
    rest << 3 | zeros
}

/// Whether values of a type have a stream of data, and their second stream.
fn roles(data_type: &DataType) -> (bool, Option<Role>) {
    match data_type {
        DataType::String | DataType::Bytes => (true, Some(Role::Length)),
        DataType::Decimal { .. } | DataType::Time | DataType::Timestamp | DataType::TimestampTz => {
            (true, Some(Role::Secondary))
        }
        DataType::Array(_) | DataType::FloatVector(_) | DataType::Map(..) => {
            (false, Some(Role::Length))
        }
        DataType::Row(_) | DataType::Null => (false, None),
        _ => (true, None),
    }
}

/// 2 where streams of integers are part of it, in the second version of their encoding.
fn encoding_of(data_type: &DataType) -> u64 {
    match data_type {
        DataType::Boolean
        | DataType::TinyInt
        | DataType::Float
        | DataType::Double
        | DataType::Row(_)
        | DataType::Null => 0,
        _ => 2,
    }
}

/// Statistics of no value yet.
pub(super) fn empty(data_type: &DataType) -> Statistics {
    Statistics {
        values: 0,
        has_null: false,
        range: match data_type {
            DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
                Range::Integers(None)
            }
            DataType::Date => Range::Days(None),
            DataType::Float | DataType::Double => Range::Doubles(None),
            DataType::String => Range::Texts(None, 0),
            DataType::Boolean => Range::Booleans(0),
            DataType::Bytes => Range::Bytes(0),
            _ => Range::Untold,
        },
    }
}
