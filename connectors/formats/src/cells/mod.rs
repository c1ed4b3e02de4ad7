//! Columns as text: each value a stretch of bytes.
//!
//! A column is rendered as a whole, its type looked at once; nested values from their rendered items.

mod delimited;
mod java_time;
mod json;
mod number;
mod time_text;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use seatunnel_api::{DataType, MAX_DECIMAL128};

pub use delimited::{CsvStringQuoteMode, Delimited};
pub use java_time::JavaTimeFormat;
pub use json::Json;
pub use time_text::TimeText;

/// The values of a column as text, one behind the other.
#[derive(Default)]
pub struct Cells {
    bytes: Vec<u8>,
    /// Where each value ends.
    ends: Vec<usize>,
}

impl Cells {
    /// Forgets all values and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a value.
    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// Adds a value by what `write` puts behind the bytes.
    #[inline]
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }
}

/// How the values of a format look.
pub trait CellStyle {
    /// A missing value at this depth of nesting.
    fn null(&self, level: usize) -> &[u8];
    /// A text.
    fn string(&self, out: &mut Vec<u8>, value: &[u8], level: usize);
    /// Binary data.
    fn bytes(&self, out: &mut Vec<u8>, value: &[u8], level: usize);
    /// A number that is not finite or a date: what stands around it.
    fn quote(&self) -> &[u8];
    /// How dates are written.
    fn date(&self) -> &TimeText;
    /// How times are written.
    fn time(&self) -> &TimeText;
    /// How timestamps are written.
    fn timestamp(&self) -> &TimeText;
    /// What stands before, between and behind the items of a list or a row at this depth.
    fn list(&self, level: usize) -> [&[u8]; 3];
    /// What stands before, between and behind the values of a row type, and whether their names are written.
    fn row(&self, level: usize) -> ([&[u8]; 3], bool);
    /// What stands before, between and behind the entries of a map, and between key and value.
    fn map(&self, level: usize) -> [&[u8]; 4];
    /// A key of a map, from its rendered text.
    fn key(&self, out: &mut Vec<u8>, text: &[u8]);
}

/// Renders all values of a column behind those that `cells` holds.
pub fn render<S: CellStyle>(
    column: &dyn Array,
    data_type: &DataType,
    style: &S,
    level: usize,
    cells: &mut Cells,
) {
    let quote = style.quote();
    match data_type {
        DataType::Null => {
            for _ in 0..column.len() {
                cells.push(|out| out.extend_from_slice(style.null(level)));
            }
        }
        DataType::String => {
            let column = column.as_string::<i32>();
            values(column, style, level, cells, |out, index| {
                style.string(out, column.value(index).as_bytes(), level);
            });
        }
        DataType::Bytes => {
            let column = column.as_binary::<i32>();
            values(column, style, level, cells, |out, index| {
                style.bytes(out, column.value(index), level);
            });
        }
        DataType::Boolean => {
            let column = column.as_boolean();
            values(column, style, level, cells, |out, index| {
                out.extend_from_slice(if column.value(index) {
                    b"true"
                } else {
                    b"false"
                });
            });
        }
        DataType::TinyInt => primitive::<Int8Type, S>(column, style, level, cells, number::integer),
        DataType::SmallInt => {
            primitive::<Int16Type, S>(column, style, level, cells, number::integer);
        }
        DataType::Int => primitive::<Int32Type, S>(column, style, level, cells, number::integer),
        DataType::BigInt => primitive::<Int64Type, S>(column, style, level, cells, number::integer),
        DataType::Float => {
            primitive::<Float32Type, S>(column, style, level, cells, |out, value| {
                let quote = if value.is_finite() { b"" } else { quote };
                quoted(out, quote, |out| number::float(out, value));
            })
        }
        DataType::Double => {
            primitive::<Float64Type, S>(column, style, level, cells, |out, value| {
                let quote = if value.is_finite() { b"" } else { quote };
                quoted(out, quote, |out| number::double(out, value));
            })
        }
        DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 => {
            primitive::<Decimal128Type, S>(column, style, level, cells, |out, value| {
                number::decimal128(out, value, *scale);
            });
        }
        DataType::Decimal { scale, .. } => {
            primitive::<Decimal256Type, S>(column, style, level, cells, |out, value| {
                number::decimal256(out, value, *scale);
            });
        }
        DataType::Date => primitive::<Date32Type, S>(column, style, level, cells, |out, days| {
            quoted(out, quote, |out| style.date().date(out, days));
        }),
        DataType::Time => {
            primitive::<Time64MicrosecondType, S>(column, style, level, cells, |out, micros| {
                quoted(out, quote, |out| style.time().time(out, micros));
            });
        }
        DataType::Timestamp => {
            primitive::<TimestampMicrosecondType, S>(column, style, level, cells, |out, micros| {
                quoted(out, quote, |out| style.timestamp().timestamp(out, micros));
            });
        }
        DataType::TimestampTz => {
            primitive::<TimestampMicrosecondType, S>(column, style, level, cells, |out, micros| {
                quoted(out, quote, |out| style.timestamp().instant(out, micros));
            });
        }
        DataType::Array(item) => {
            let column = column.as_list::<i32>();
            let offsets = column.value_offsets();
            let first = offsets.first().map_or(0, |o| *o as usize);
            let last = offsets.last().map_or(0, |o| *o as usize);
            let items = rendered(
                &column.values().slice(first, last - first),
                item,
                style,
                level + 1,
            );
            let around = style.list(level);
            values(column, style, level, cells, |out, index| {
                let range = offsets[index] as usize - first..offsets[index + 1] as usize - first;
                join(out, around, range.map(|item| items.get(item)));
            });
        }
        DataType::FloatVector(dimension) => {
            let column = column.as_fixed_size_list();
            let size = *dimension as usize;
            let items = rendered(column.values(), &DataType::Float, style, level + 1);
            let around = style.list(level);
            values(column, style, level, cells, |out, index| {
                let start = column.value_offset(index) as usize;
                join(
                    out,
                    around,
                    (start..start + size).map(|item| items.get(item)),
                );
            });
        }
        DataType::Map(key, value) => {
            let column = column.as_map();
            let offsets = column.value_offsets();
            let first = offsets.first().map_or(0, |o| *o as usize);
            let last = offsets.last().map_or(0, |o| *o as usize);
            let length = last - first;
            let keys = rendered(&column.keys().slice(first, length), key, style, level + 1);
            let items = rendered(
                &column.values().slice(first, length),
                value,
                style,
                level + 1,
            );
            let [before, between, behind, arrow] = style.map(level);
            values(column, style, level, cells, |out, index| {
                let range = offsets[index] as usize - first..offsets[index + 1] as usize - first;
                out.extend_from_slice(before);
                for (count, entry) in range.enumerate() {
                    if count > 0 {
                        out.extend_from_slice(between);
                    }
                    style.key(out, keys.get(entry));
                    out.extend_from_slice(arrow);
                    out.extend_from_slice(items.get(entry));
                }
                out.extend_from_slice(behind);
            });
        }
        DataType::Row(fields) => {
            let column = column.as_struct();
            let parts: Vec<Cells> = fields
                .iter()
                .zip(column.columns())
                .map(|(field, part)| rendered(part, &field.data_type, style, level + 1))
                .collect();
            let ([before, between, behind], named) = style.row(level);
            let names: Vec<Vec<u8>> = fields
                .iter()
                .map(|field| {
                    let mut name = Vec::new();
                    if named {
                        style.string(&mut name, field.name.as_bytes(), level + 1);
                        name.push(b':');
                    }
                    name
                })
                .collect();
            values(column, style, level, cells, |out, index| {
                out.extend_from_slice(before);
                for (count, (name, part)) in names.iter().zip(&parts).enumerate() {
                    if count > 0 {
                        out.extend_from_slice(between);
                    }
                    out.extend_from_slice(name);
                    out.extend_from_slice(part.get(index));
                }
                out.extend_from_slice(behind);
            });
        }
    }
}

fn rendered<S: CellStyle>(
    column: &ArrayRef,
    data_type: &DataType,
    style: &S,
    level: usize,
) -> Cells {
    let mut cells = Cells::default();
    render(column.as_ref(), data_type, style, level, &mut cells);
    cells
}

/// Writes each value that is there by `write`, and the others as missing.
#[inline]
fn values<S: CellStyle>(
    column: &dyn Array,
    style: &S,
    level: usize,
    cells: &mut Cells,
    write: impl Fn(&mut Vec<u8>, usize),
) {
    cells.ends.reserve(column.len());
    match column.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => {
            for index in 0..column.len() {
                cells.push(|out| write(out, index));
            }
        }
        Some(nulls) => {
            let null = style.null(level);
            for index in 0..column.len() {
                cells.push(|out| {
                    if nulls.is_valid(index) {
                        write(out, index);
                    } else {
                        out.extend_from_slice(null);
                    }
                });
            }
        }
    }
}

#[inline]
fn primitive<T: ArrowPrimitiveType, S: CellStyle>(
    column: &dyn Array,
    style: &S,
    level: usize,
    cells: &mut Cells,
    write: impl Fn(&mut Vec<u8>, T::Native),
) {
    let column = column.as_primitive::<T>();
    let numbers = column.values();
    values(column, style, level, cells, |out, index| {
        write(out, numbers[index]);
    });
}

#[inline]
fn quoted(out: &mut Vec<u8>, quote: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(quote);
    write(out);
    out.extend_from_slice(quote);
}

fn join<'a>(
    out: &mut Vec<u8>,
    [before, between, behind]: [&[u8]; 3],
    items: impl Iterator<Item = &'a [u8]>,
) {
    out.extend_from_slice(before);
    for (count, item) in items.enumerate() {
        if count > 0 {
            out.extend_from_slice(between);
        }
        out.extend_from_slice(item);
    }
    out.extend_from_slice(behind);
}
