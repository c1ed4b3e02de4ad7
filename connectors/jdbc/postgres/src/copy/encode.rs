//! Rows of a batch in the binary form of COPY.
//!
//! Layout (PostgreSQL docs, COPY, Binary Format): a header, then for each row the number of its fields
//! and for each field its length, -1 for null, and its bytes; -1 in place of a number of fields ends
//! the data. All numbers are big endian.
//!
//! A column is matched on its type once per batch and brought into one of few physical shapes; then
//! rows are written one by one, with one branch per value and nothing allocated.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Int16Type, Int32Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use seatunnel_api::time::MICROS_PER_DAY;
use seatunnel_api::{DataType, MAX_DECIMAL128};

use super::encode_form::{Form, Width};
use super::encode_numeric as numeric;
use super::encode_text::{Texts, texts};
pub(crate) use super::encode_values::Unfit;
use super::encode_values::{
    Trouble, address, bytes, converted, floats, integers, made, narrowed, numeric_of, shifted,
    shortened, too_long, uuid, valid,
};

/// What COPY data begins with: signature, flags, length of an extension that there is none of.
pub(crate) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What ends COPY data.
pub(crate) const TRAILER: &[u8] = &(-1i16).to_be_bytes();

/// Days from 1970-01-01 to 2000-01-01, from which the server counts.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * MICROS_PER_DAY;
/// The length of a null.
const NULL: [u8; 4] = (-1i32).to_be_bytes();

/// A column that is written: its place in the rows, its type there, and its form.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) place: usize,
    pub(crate) data_type: DataType,
    pub(crate) form: Form,
}

/// The columns of a batch, ready to be written row by row.
pub(crate) struct Rows<'a> {
    columns: Vec<Column<'a>>,
    /// Bytes that a row takes besides what has no fixed length.
    fixed: usize,
}

impl<'a> Rows<'a> {
    /// Looks through a batch; `unfit` gets the values that can't be written, row by row, whose rows
    /// must not be.
    pub(crate) fn new(records: &'a RecordBatch, fields: &[Field], unfit: &mut Vec<Unfit>) -> Self {
        let columns: Vec<Column<'a>> = fields
            .iter()
            .enumerate()
            .map(|(index, field)| {
                let mut trouble = Trouble {
                    field: index,
                    unfit,
                };
                let array = records.column(field.place).as_ref();
                Column::new(array, &field.data_type, &field.form, &mut trouble)
            })
            .collect();
        unfit.sort_by_key(|u| u.row);
        let fixed = columns.iter().map(Column::fixed).sum();
        Self { columns, fixed }
    }

    /// Appends rows, each with `tail` as a further field that is written as it stands, until `out`
    /// has `limit` bytes. Gives how many rows were taken.
    pub(crate) fn write(
        &self,
        rows: impl Iterator<Item = usize>,
        tail: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
    ) -> usize {
        let fields = self.columns.len() + usize::from(!tail.is_empty());
        let fields = (fields as i16).to_be_bytes();
        let mut taken = 0;
        for row in rows {
            out.reserve(2 + self.fixed + tail.len());
            out.extend_from_slice(&fields);
            for column in &self.columns {
                column.write(row, out);
            }
            out.extend_from_slice(tail);
            taken += 1;
            if out.len() >= limit {
                break;
            }
        }
        taken
    }

    /// Appends one field of a row with its length; for parameters of statements.
    pub(crate) fn write_field(&self, field: usize, row: usize, out: &mut Vec<u8>) {
        self.columns[field].write(row, out);
    }
}

struct Column<'a> {
    nulls: Option<&'a NullBuffer>,
    data: Data<'a>,
}

/// The physical shapes of columns.
enum Data<'a> {
    Null,
    Bool(&'a BooleanBuffer),
    Two(Cow<'a, [i16]>),
    Four(Cow<'a, [i32]>),
    Eight(Cow<'a, [i64]>),
    Sixteen(Vec<[u8; 16]>),
    /// Digits and scale.
    Small(Cow<'a, [i64]>, i8),
    Digits(&'a [i128], i8),
    /// Where texts end, and the texts.
    Bytes(&'a [i32], &'a [u8]),
    Jsonb(&'a [i32], &'a [u8]),
    Made(Texts),
    MadeJsonb(Texts),
    /// Where lists end, number of the items' type, the items.
    List(Cow<'a, [i32]>, u32, Box<Column<'a>>),
}

impl<'a> Column<'a> {
    fn new(
        array: &'a dyn Array,
        data_type: &DataType,
        form: &Form,
        trouble: &mut Trouble<'_>,
    ) -> Self {
        let nulls = array.nulls().filter(|n| n.null_count() > 0);
        let data = Data::new(array, data_type, form, trouble);
        Self { nulls, data }
    }

    /// Bytes of a value with its length, besides what has no fixed length.
    fn fixed(&self) -> usize {
        match &self.data {
            Data::Null => 4,
            Data::Bool(_) => 5,
            Data::Two(_) => 6,
            Data::Four(_) => 8,
            Data::Eight(_) => 12,
            Data::Sixteen(_) => 20,
            Data::Small(..) | Data::Digits(..) => 24,
            _ => 32,
        }
    }

    #[inline]
    fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            out.extend_from_slice(&NULL);
            return;
        }
        match &self.data {
            Data::Null => out.extend_from_slice(&NULL),
            Data::Bool(values) => {
                out.extend_from_slice(&[0, 0, 0, 1, u8::from(values.value(row))]);
            }
            Data::Two(values) => cell::<6>(out, &values[row].to_be_bytes()),
            Data::Four(values) => cell::<8>(out, &values[row].to_be_bytes()),
            Data::Eight(values) => cell::<12>(out, &values[row].to_be_bytes()),
            Data::Sixteen(values) => cell::<20>(out, &values[row]),
            Data::Small(values, scale) => numeric::put_cell(out, i128::from(values[row]), *scale),
            Data::Digits(values, scale) => numeric::put_cell(out, values[row], *scale),
            Data::Bytes(ends, bytes) => {
                let value = &bytes[ends[row] as usize..ends[row + 1] as usize];
                out.extend_from_slice(&(value.len() as u32).to_be_bytes());
                out.extend_from_slice(value);
            }
            Data::Jsonb(ends, bytes) => {
                jsonb(out, &bytes[ends[row] as usize..ends[row + 1] as usize]);
            }
            Data::Made(texts) => {
                let value = texts.get(row);
                out.extend_from_slice(&(value.len() as u32).to_be_bytes());
                out.extend_from_slice(value);
            }
            Data::MadeJsonb(texts) => jsonb(out, texts.get(row)),
            Data::List(ends, of, items) => {
                let range = ends[row] as usize..ends[row + 1] as usize;
                list(out, *of, items, range);
            }
        }
    }
}

/// Appends a value of fixed length with its length; `N` is four more than the value has.
#[inline]
fn cell<const N: usize>(out: &mut Vec<u8>, value: &[u8]) {
    let mut cell = [0u8; N];
    cell[..4].copy_from_slice(&((N - 4) as u32).to_be_bytes());
    cell[4..].copy_from_slice(value);
    out.extend_from_slice(&cell);
}

fn jsonb(out: &mut Vec<u8>, value: &[u8]) {
    const VERSION: u8 = 1;
    out.extend_from_slice(&(value.len() as u32 + 1).to_be_bytes());
    out.push(VERSION);
    out.extend_from_slice(value);
}

/// Number of dimensions, whether there are nulls, the items' type, and for the one dimension its
/// length and the index of its first item; then the items. An empty array has no dimension.
fn list(out: &mut Vec<u8>, of: u32, items: &Column<'_>, range: std::ops::Range<usize>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let nulls = items
        .nulls
        .is_some_and(|nulls| range.clone().any(|i| nulls.is_null(i)));
    let dimensions = u32::from(!range.is_empty());
    for number in [dimensions, u32::from(nulls), of] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    if !range.is_empty() {
        out.extend_from_slice(&(range.len() as u32).to_be_bytes());
        out.extend_from_slice(&1u32.to_be_bytes());
    }
    for item in range {
        items.write(item, out);
    }
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

impl<'a> Data<'a> {
    fn new(
        array: &'a dyn Array,
        data_type: &DataType,
        form: &Form,
        trouble: &mut Trouble<'_>,
    ) -> Self {
        match form {
            Form::Null => Self::Null,
            Form::Bool => Self::Bool(array.as_boolean().values()),
            Form::BoolOfInteger => {
                let values = integers(array, data_type, trouble);
                for row in valid(array).filter(|row| !matches!(values[*row], 0 | 1)) {
                    trouble.add(row, format!("{} is neither 0 nor 1", values[row]));
                }
                // A boolean is a byte that is not zero.
                let bytes = values.iter().map(|v| u8::from(*v != 0)).collect();
                Self::Made(Texts {
                    bytes,
                    ends: (0..=array.len()).collect(),
                })
            }
            Form::Integer(Width::Two) => match data_type {
                DataType::SmallInt => {
                    Self::Two(Cow::Borrowed(array.as_primitive::<Int16Type>().values()))
                }
                _ => Self::Two(Cow::Owned(narrowed(array, data_type, "smallint", trouble))),
            },
            Form::Integer(Width::Four) => match data_type {
                DataType::Int => {
                    Self::Four(Cow::Borrowed(array.as_primitive::<Int32Type>().values()))
                }
                _ => Self::Four(Cow::Owned(narrowed(array, data_type, "integer", trouble))),
            },
            Form::Integer(Width::Eight) => Self::Eight(integers(array, data_type, trouble)),
            Form::Unsigned => {
                let values: Vec<u32> = narrowed(array, data_type, "oid", trouble);
                Self::Four(Cow::Owned(values.into_iter().map(|v| v as i32).collect()))
            }
            Form::Float4 => {
                let values = floats(array, data_type);
                let narrow: Vec<f32> = match data_type {
                    DataType::Float => array.as_primitive::<Float32Type>().values().to_vec(),
                    _ => values.iter().map(|v| *v as f32).collect(),
                };
                for row in valid(array).filter(|r| narrow[*r].is_infinite()) {
                    if values[row].is_finite() {
                        trouble.add(row, format!("{} is out of range of real", values[row]));
                    }
                }
                let bits = narrow.iter().map(|v| v.to_bits() as i32).collect();
                Self::Four(Cow::Owned(bits))
            }
            Form::Float8 => {
                let values = floats(array, data_type);
                let bits = values.iter().map(|v| v.to_bits() as i64).collect();
                Self::Eight(Cow::Owned(bits))
            }
            Form::Numeric => numerics(array, data_type, trouble),
            Form::Bytes => {
                let (ends, bytes) = bytes(array, data_type);
                too_long(array, ends, trouble);
                Self::Bytes(ends, bytes)
            }
            Form::Text => Self::Made(texts(array, data_type)),
            Form::Jsonb => match data_type {
                DataType::String => {
                    let (ends, bytes) = bytes(array, data_type);
                    too_long(array, ends, trouble);
                    Self::Jsonb(ends, bytes)
                }
                _ => Self::MadeJsonb(texts(array, data_type)),
            },
            Form::Uuid => {
                let values = array.as_string::<i32>();
                let parsed = |row| {
                    let text: &str = values.value(row);
                    uuid(text)
                };
                Self::Sixteen(converted(array, parsed, trouble, |row| {
                    format!("`{}` is no uuid", shortened(values.value(row)))
                }))
            }
            Form::Address { network } => {
                let values = array.as_string::<i32>();
                Self::Made(made(array, trouble, |row, out| {
                    let text = values.value(row);
                    address(out, text.trim(), *network)
                        .ok_or_else(|| format!("`{}` is no address", shortened(text)))
                }))
            }
            Form::Date => {
                let values = array.as_primitive::<Date32Type>().values();
                let days = |row: usize| values[row].checked_sub(EPOCH_DAYS);
                Self::Four(Cow::Owned(shifted(array, days, trouble)))
            }
            Form::Time => Self::Eight(Cow::Borrowed(
                array.as_primitive::<Time64MicrosecondType>().values(),
            )),
            Form::Timestamp => {
                let values = array.as_primitive::<TimestampMicrosecondType>().values();
                let micros = |row: usize| values[row].checked_sub(EPOCH_MICROS);
                Self::Eight(Cow::Owned(shifted(array, micros, trouble)))
            }
            Form::TimestampOfDate => {
                let values = array.as_primitive::<Date32Type>().values();
                let micros = |row: usize| {
                    let days = i64::from(values[row]) - i64::from(EPOCH_DAYS);
                    days.checked_mul(MICROS_PER_DAY)
                };
                Self::Eight(Cow::Owned(shifted(array, micros, trouble)))
            }
            Form::DateOfTimestamp => {
                let values = array.as_primitive::<TimestampMicrosecondType>().values();
                let days = |row: usize| {
                    let days = values[row].div_euclid(MICROS_PER_DAY) - i64::from(EPOCH_DAYS);
                    i32::try_from(days).ok()
                };
                Self::Four(Cow::Owned(shifted(array, days, trouble)))
            }
            Form::List(of, form) => lists(array, data_type, *of, form, trouble),
        }
    }
}

fn numerics<'a>(array: &'a dyn Array, data_type: &DataType, trouble: &mut Trouble<'_>) -> Data<'a> {
    match data_type {
        DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 => {
            Data::Digits(array.as_primitive::<Decimal128Type>().values(), *scale)
        }
        DataType::Float | DataType::Double => {
            let values = floats(array, data_type);
            let texts = texts(array, data_type);
            Data::Made(made(array, trouble, |row, out| {
                if values[row].is_finite() {
                    numeric_of(&texts, row, out)
                } else {
                    numeric::put_special(out, values[row]);
                    Ok(())
                }
            }))
        }
        DataType::Decimal { .. } => {
            let texts = texts(array, data_type);
            Data::Made(made(array, trouble, |row, out| {
                numeric_of(&texts, row, out)
            }))
        }
        _ => Data::Small(integers(array, data_type, trouble), 0),
    }
}

fn lists<'a>(
    array: &'a dyn Array,
    data_type: &DataType,
    of: u32,
    form: &Form,
    trouble: &mut Trouble<'_>,
) -> Data<'a> {
    let (ends, items, item_type): (Cow<'a, [i32]>, &'a dyn Array, &DataType) = match data_type {
        DataType::Array(item) => {
            let list = array.as_list::<i32>();
            let ends: &[i32] = list.value_offsets();
            (Cow::Borrowed(ends), list.values().as_ref(), item)
        }
        _ => {
            let list = array.as_fixed_size_list();
            let size = list.value_length();
            let ends = (0..=array.len() as i32).map(|row| row * size).collect();
            (Cow::Owned(ends), list.values().as_ref(), &DataType::Float)
        }
    };
    let mut inner = Vec::new();
    let column = {
        let mut trouble = Trouble {
            field: trouble.field,
            unfit: &mut inner,
        };
        Column::new(items, item_type, form, &mut trouble)
    };
    for unfit in inner {
        // Items are numbered through all rows.
        let row = ends.partition_point(|end| *end as usize <= unfit.row);
        let row = row.saturating_sub(1);
        if row < array.len() && array.is_valid(row) {
            trouble.add(row, unfit.why);
        }
    }
    Data::List(ends, of, Box::new(column))
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
