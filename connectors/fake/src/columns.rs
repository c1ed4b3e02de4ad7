//! Fills columns, a whole one at a time.

use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeListArray, ListArray, MapArray, NullArray,
    PrimitiveArray, StringArray, StructArray, UInt32Array,
};
use arrow_buffer::{BooleanBuffer, Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType as ArrowType;
use seatunnel_api::time::MICROS_PER_DAY;
use seatunnel_api::time::MICROS_PER_SECOND;
use seatunnel_api::{DataType, Error, Result};

use crate::codes;
use crate::now::now;
use crate::numbers::{count, decimals, floats, integers, picks, primitive, rounded};
use crate::plan::{Choice, Clock, Plan, one_row};
use crate::random::{Stream, below, unit};

/// A plan, where its random numbers come from, and what its last batch left to use again.
pub(crate) struct ColumnFiller {
    plan: Filling,
    stream: Stream,
    arrow: ArrowType,
    /// Offsets of values of one length, which are the same in every batch of so many rows.
    offsets: Option<OffsetBuffer<i32>>,
}

/// A plan whose parts are fillers themselves.
enum Filling {
    Simple(Plan),
    Array(Box<ColumnFiller>, usize),
    Map(Box<(ColumnFiller, ColumnFiller)>, usize),
    Row(Vec<ColumnFiller>),
}

impl ColumnFiller {
    pub(crate) fn new(plan: Plan, data_type: &DataType, stream: Stream) -> Self {
        let child = |plan: Plan, data_type: &DataType, index: u64| {
            Self::new(plan, data_type, stream.child(index))
        };
        let filling = match (plan, data_type) {
            (Plan::Array { item, size }, DataType::Array(of)) => {
                Filling::Array(Box::new(child(*item, of, 0)), size)
            }
            (Plan::Map { key, value, size }, DataType::Map(key_type, value_type)) => {
                let pair = (child(*key, key_type, 0), child(*value, value_type, 1));
                Filling::Map(Box::new(pair), size)
            }
            (Plan::Row(plans), DataType::Row(fields)) => Filling::Row(
                plans
                    .into_iter()
                    .zip(fields.iter())
                    .zip(0..)
                    .map(|((plan, field), index)| child(plan, &field.data_type, index))
                    .collect(),
            ),
            (plan, _) => Filling::Simple(plan),
        };
        Self {
            plan: filling,
            stream,
            arrow: data_type.to_arrow(),
            offsets: None,
        }
    }

    /// Values of rows `first..first + rows`.
    pub(crate) fn fill(&mut self, first: u64, rows: usize) -> Result<ArrayRef> {
        let stream = self.stream;
        Ok(match &mut self.plan {
            Filling::Simple(Plan::Letters { length, text }) => {
                let (length, text) = (*length, *text);
                let offsets = self.offsets(rows, length)?;
                let start = first.wrapping_mul(length as u64);
                let values = letters(stream, start, rows * length);
                if text {
                    Arc::new(StringArray::try_new(offsets, values, None)?)
                } else {
                    Arc::new(BinaryArray::try_new(offsets, values, None)?)
                }
            }
            Filling::Simple(plan) => fill_simple(plan, stream, &self.arrow, first, rows)?,
            Filling::Array(item, size) => {
                let size = *size;
                check_size(rows, size)?;
                let items = item.fill(first.wrapping_mul(size as u64), rows * size)?;
                let offsets = self.offsets(rows, size)?;
                let ArrowType::List(field) = &self.arrow else {
                    unreachable!("an array is a list in Arrow");
                };
                Arc::new(ListArray::try_new(field.clone(), offsets, items, None)?)
            }
            Filling::Map(pair, size) => {
                let size = *size;
                check_size(rows, size)?;
                let start = first.wrapping_mul(size as u64);
                let keys = pair.0.fill(start, rows * size)?;
                let values = pair.1.fill(start, rows * size)?;
                self.map(keys, values, rows, size)?
            }
            Filling::Row(fields) => {
                let columns = fields
                    .iter_mut()
                    .map(|field| field.fill(first, rows))
                    .collect::<Result<Vec<_>>>()?;
                let ArrowType::Struct(fields) = &self.arrow else {
                    unreachable!("a row is a struct in Arrow");
                };
                Arc::new(StructArray::try_new_with_length(
                    fields.clone(),
                    columns,
                    None,
                    rows,
                )?)
            }
        })
    }

    /// Where values of one length begin and end.
    fn offsets(&mut self, rows: usize, length: usize) -> Result<OffsetBuffer<i32>> {
        check_size(rows, length)?;
        match &self.offsets {
            Some(offsets) if offsets.len() == rows + 1 => Ok(offsets.clone()),
            _ => {
                let ends: Vec<i32> = (0..=rows).map(|row| (row * length) as i32).collect();
                let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
                self.offsets = Some(offsets.clone());
                Ok(offsets)
            }
        }
    }

    fn map(
        &mut self,
        keys: ArrayRef,
        values: ArrayRef,
        rows: usize,
        size: usize,
    ) -> Result<ArrayRef> {
        let (offsets, keys, values) = match repeated_keys(&keys, size)? {
            None => (self.offsets(rows, size)?, keys, values),
            Some(keep) => {
                let mut end = 0;
                let mut ends = vec![0i32];
                for row in keep.chunks(size) {
                    end += row.iter().filter(|kept| **kept).count() as i32;
                    ends.push(end);
                }
                let keep = BooleanArray::from(keep);
                (
                    OffsetBuffer::new(ScalarBuffer::from(ends)),
                    arrow_select::filter::filter(&keys, &keep)?,
                    arrow_select::filter::filter(&values, &keep)?,
                )
            }
        };
        let ArrowType::Map(entries, sorted) = &self.arrow else {
            unreachable!("a map is a map in Arrow");
        };
        let ArrowType::Struct(fields) = entries.data_type() else {
            unreachable!("a map's entries are a struct");
        };
        let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
        Ok(Arc::new(MapArray::try_new(
            entries.clone(),
            offsets,
            pairs,
            None,
            *sorted,
        )?))
    }
}

fn fill_simple(
    plan: &Plan,
    stream: Stream,
    arrow: &ArrowType,
    first: u64,
    rows: usize,
) -> Result<ArrayRef> {
    let each = || (0..rows).map(move |row| stream.word(first.wrapping_add(row as u64)));
    Ok(match plan {
        Plan::Null => Arc::new(NullArray::new(rows)),
        Plan::Constant(array) => repeat(array, rows)?,
        Plan::Now(data_type) => repeat(&one_row(data_type, now(data_type))?, rows)?,
        Plan::Count { data_type, start } => count(data_type, *start, first, rows)?,
        Plan::Boolean => {
            let words = (first % 64 + rows as u64).div_ceil(64);
            let bits: Vec<u64> = (first / 64..first / 64 + words)
                .map(|n| stream.word(n).to_le())
                .collect();
            let bits = BooleanBuffer::new(Buffer::from_vec(bits), (first % 64) as usize, rows);
            Arc::new(BooleanArray::new(bits, None))
        }
        Plan::Integer { data_type, choice } => match data_type {
            DataType::TinyInt => integers::<Int8Type>(each(), choice, |v| v as i8),
            DataType::SmallInt => integers::<Int16Type>(each(), choice, |v| v as i16),
            DataType::Int => integers::<Int32Type>(each(), choice, |v| v as i32),
            _ => integers::<Int64Type>(each(), choice, |v| v),
        },
        Plan::Float { choice, scale } => {
            let values = match choice {
                Choice::Range(min, max) => floats(each(), *min, *max),
                Choice::Template(values) => picks(each(), values).collect(),
            };
            let values = match scale {
                Some(scale) => values
                    .into_iter()
                    .map(|v| rounded(f64::from(v), *scale) as f32)
                    .collect(),
                None => values,
            };
            primitive::<Float32Type>(values)
        }
        Plan::Double { choice, scale } => {
            let values: Vec<f64> = match choice {
                Choice::Range(min, max) => {
                    let (min, max) = (*min, *max);
                    each()
                        .map(|word| {
                            let part = unit(word);
                            // Not min + part * (max - min), which may overflow.
                            (min * (1.0 - part) + max * part).clamp(min, max)
                        })
                        .collect()
                }
                Choice::Template(values) => picks(each(), values).collect(),
            };
            let values = match scale {
                Some(scale) => values.into_iter().map(|v| rounded(v, *scale)).collect(),
                None => values,
            };
            primitive::<Float64Type>(values)
        }
        Plan::Decimal { precision, scale } => decimals(stream, first, rows, *precision, *scale)?,
        Plan::Letters { .. } => unreachable!("texts of one length keep their offsets"),
        Plan::Texts(texts) => {
            let mut ends = Vec::with_capacity(rows + 1);
            let mut bytes = Vec::with_capacity(rows * texts[0].len());
            ends.push(0);
            for word in each() {
                bytes.extend_from_slice(
                    texts[below(word, texts.len() as u64).0 as usize].as_bytes(),
                );
                ends.push(i32::try_from(bytes.len()).map_err(|_| too_large())?);
            }
            let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
            Arc::new(StringArray::try_new(
                offsets,
                Buffer::from_vec(bytes),
                None,
            )?)
        }
        Plan::Date { days } => primitive::<Date32Type>(picks(each(), days).collect()),
        Plan::Time { clock } => primitive::<Time64MicrosecondType>(
            each().map(|word| time_of_day(word, clock)).collect(),
        ),
        Plan::Timestamp { days, clock, zoned } => {
            let values: Vec<i64> = each()
                .map(|word| {
                    let (day, rest) = below(word, days.len() as u64);
                    i64::from(days[day as usize]) * MICROS_PER_DAY + time_of_day(rest, clock)
                })
                .collect();
            let array = PrimitiveArray::<TimestampMicrosecondType>::new(values.into(), None);
            Arc::new(array.with_timezone_opt(zoned.then_some("UTC")))
        }
        Plan::Vector {
            dimension,
            min,
            max,
        } => {
            let width = *dimension as usize;
            check_size(rows, width)?;
            let start = first.wrapping_mul(u64::from(*dimension));
            let words = (0..(rows * width) as u64).map(|n| stream.word(start.wrapping_add(n)));
            let items = primitive::<Float32Type>(floats(words, *min, *max));
            let ArrowType::FixedSizeList(field, _) = arrow else {
                unreachable!("a vector is a list of fixed size in Arrow");
            };
            Arc::new(FixedSizeListArray::try_new_with_length(
                field.clone(),
                *dimension as i32,
                items,
                None,
                rows,
            )?)
        }
        Plan::Array { .. } | Plan::Map { .. } | Plan::Row(_) => {
            unreachable!("nested plans are fillers of their own")
        }
    })
}

#[inline(always)]
fn time_of_day(word: u64, clock: &Clock) -> i64 {
    match clock {
        Clock::Any => below(word, 86_400).0 as i64 * MICROS_PER_SECOND,
        Clock::Template(times) => times[below(word, times.len() as u64).0 as usize],
    }
}

/// Letters `start..start + count` of a stream of letters, eight a word.
fn letters(stream: Stream, start: u64, count: usize) -> Buffer {
    let skip = (start % 8) as usize;
    let words = (skip + count).div_ceil(8) as u64;
    let bytes: Vec<[u8; 8]> = (start / 8..start / 8 + words)
        .map(|n| stream.word(n).to_le_bytes().map(letter))
        .collect();
    Buffer::from_vec(bytes.into_flattened()).slice_with_length(skip, count)
}

/// `A` to `Z` and `a` to `z`.
#[inline(always)]
fn letter(byte: u8) -> u8 {
    let index = ((u16::from(byte) * 52) >> 8) as u8;
    // Six characters stand between the two alphabets.
    b'A' + index + if index >= 26 { 6 } else { 0 }
}

fn repeat(one: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    let zeros = UInt32Array::from(vec![0; rows]);
    Ok(arrow_select::take::take(one.as_ref(), &zeros, None)?)
}

/// Which entries to keep where a key comes twice in one map; none where no key does.
fn repeated_keys(keys: &ArrayRef, size: usize) -> Result<Option<Vec<bool>>> {
    let mut keep: Option<Vec<bool>> = None;
    for distance in 1..size.min(keys.len()) {
        let compared = keys.len() - distance;
        let same = arrow_ord::cmp::eq(&keys.slice(0, compared), &keys.slice(distance, compared))?;
        for index in same.values().set_indices() {
            if index % size + distance < size {
                keep.get_or_insert_with(|| vec![true; keys.len()])[index + distance] = false;
            }
        }
    }
    Ok(keep)
}

fn check_size(rows: usize, length: usize) -> Result<()> {
    match rows.checked_mul(length) {
        Some(all) if i32::try_from(all).is_ok() => Ok(()),
        _ => Err(too_large()),
    }
}

fn too_large() -> Error {
    Error::new(
        codes::CONTENT,
        "the values of one batch take more than 2 GiB",
    )
    .with_help("make `string.length`, `bytes.length`, `array.size` or `map.size` smaller")
}
