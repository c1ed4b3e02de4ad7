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
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_buffer::{BooleanBuffer, NullBuffer, i256};
use seatunnel_api::time::{MICROS_PER_DAY, format_decimal};
use seatunnel_api::{DataType, MAX_DECIMAL128};

use super::encode_form::{Form, Width};
use super::encode_numeric as numeric;
use super::encode_text::{Texts, texts};

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
/// Longest value that the server takes.
const LONGEST: usize = (1 << 30) - 1;

/// A column that is written: its place in the rows, its type there, and its form.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) place: usize,
    pub(crate) data_type: DataType,
    pub(crate) form: Form,
}

/// A value that has no place in the column it goes into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    pub(crate) row: usize,
    /// Which of the fields.
    pub(crate) field: usize,
    /// Why, as it ends a sentence: `300 is out of range`.
    pub(crate) why: String,
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

/// Collects what can't be written.
struct Trouble<'a> {
    field: usize,
    unfit: &'a mut Vec<Unfit>,
}

impl Trouble<'_> {
    #[cold]
    fn add(&mut self, row: usize, why: String) {
        self.unfit.push(Unfit {
            row,
            field: self.field,
            why,
        });
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

/// Rows that are not null.
fn valid(array: &dyn Array) -> impl Iterator<Item = usize> + '_ {
    (0..array.len()).filter(|row| array.is_valid(*row))
}

/// Every row's value by `convert`; what it gives none for is unfit for the reason `why` gives.
fn converted<T: Copy + Default>(
    array: &dyn Array,
    convert: impl Fn(usize) -> Option<T>,
    trouble: &mut Trouble<'_>,
    why: impl Fn(usize) -> String,
) -> Vec<T> {
    let nulls = array.nulls().filter(|n| n.null_count() > 0);
    (0..array.len())
        .map(|row| {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                return T::default();
            }
            convert(row).unwrap_or_else(|| {
                trouble.add(row, why(row));
                T::default()
            })
        })
        .collect()
}

fn shifted<T: Copy + Default>(
    array: &dyn Array,
    convert: impl Fn(usize) -> Option<T>,
    trouble: &mut Trouble<'_>,
) -> Vec<T> {
    converted(array, convert, trouble, |_| {
        "the time is out of range".to_owned()
    })
}

/// Every row's bytes by `write`, which may refuse.
fn made(
    array: &dyn Array,
    trouble: &mut Trouble<'_>,
    write: impl Fn(usize, &mut Vec<u8>) -> Result<(), String>,
) -> Texts {
    Texts::each(array, |row, out| {
        if let Err(why) = write(row, out) {
            trouble.add(row, why);
        }
    })
}

/// Whole numbers of a column of booleans, integers, floats or decimals.
fn integers<'a>(
    array: &'a dyn Array,
    data_type: &DataType,
    trouble: &mut Trouble<'_>,
) -> Cow<'a, [i64]> {
    fn widened<T: ArrowPrimitiveType>(array: &dyn Array) -> Vec<i64>
    where
        T::Native: Into<i64>,
    {
        let values = array.as_primitive::<T>().values();
        values.iter().map(|v| (*v).into()).collect()
    }
    /// The first number that is past `i64`.
    const END: f64 = 9_223_372_036_854_775_808.0;
    Cow::Owned(match data_type {
        DataType::BigInt => return Cow::Borrowed(array.as_primitive::<Int64Type>().values()),
        DataType::TinyInt => widened::<Int8Type>(array),
        DataType::SmallInt => widened::<Int16Type>(array),
        DataType::Int => widened::<Int32Type>(array),
        DataType::Boolean => {
            let values = array.as_boolean().values();
            values.iter().map(i64::from).collect()
        }
        DataType::Float | DataType::Double => {
            let values = floats(array, data_type);
            let whole = |row: usize| {
                let value: f64 = values[row];
                (value.fract() == 0.0 && (-END..END).contains(&value)).then_some(value as i64)
            };
            converted(array, whole, trouble, |row| {
                format!("{} is no whole number in range", values[row])
            })
        }
        DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 => {
            let values = array.as_primitive::<Decimal128Type>().values();
            let whole = |row: usize| whole(values[row], *scale);
            converted(array, whole, trouble, |row| {
                let text = format_decimal(i256::from_i128(values[row]), *scale);
                format!("{text} is no whole number in range")
            })
        }
        DataType::Decimal { scale, .. } => {
            let values = array.as_primitive::<Decimal256Type>().values();
            let of_wide = |row: usize| {
                let value: i256 = values[row];
                whole(value.to_i128()?, *scale)
            };
            converted(array, of_wide, trouble, |row| {
                let text = format_decimal(values[row], *scale);
                format!("{text} is no whole number in range")
            })
        }
        // `encode_form` makes numbers of nothing else.
        _ => vec![0; array.len()],
    })
}

/// A decimal as a whole number; none if it has a fraction or is too large.
fn whole(digits: i128, scale: i8) -> Option<i64> {
    let power = 10i128.checked_pow(u32::from(scale.unsigned_abs()))?;
    let number = if scale < 0 {
        digits.checked_mul(power)?
    } else if digits % power == 0 {
        digits / power
    } else {
        return None;
    };
    i64::try_from(number).ok()
}

fn narrowed<T: TryFrom<i64> + Copy + Default>(
    array: &dyn Array,
    data_type: &DataType,
    name: &str,
    trouble: &mut Trouble<'_>,
) -> Vec<T> {
    let values = integers(array, data_type, trouble);
    converted(
        array,
        |row| T::try_from(values[row]).ok(),
        trouble,
        |row| format!("{} is out of range of {name}", values[row]),
    )
}

/// Numbers of a column of integers, floats or decimals as floats, the nearest there are.
fn floats<'a>(array: &'a dyn Array, data_type: &DataType) -> Cow<'a, [f64]> {
    fn of<T: ArrowPrimitiveType>(array: &dyn Array) -> Vec<f64>
    where
        T::Native: Into<f64>,
    {
        let values = array.as_primitive::<T>().values();
        values.iter().map(|v| (*v).into()).collect()
    }
    Cow::Owned(match data_type {
        DataType::Double => return Cow::Borrowed(array.as_primitive::<Float64Type>().values()),
        DataType::Float => of::<Float32Type>(array),
        DataType::TinyInt => of::<Int8Type>(array),
        DataType::SmallInt => of::<Int16Type>(array),
        DataType::Int => of::<Int32Type>(array),
        DataType::BigInt => {
            let values = array.as_primitive::<Int64Type>().values();
            values.iter().map(|v| *v as f64).collect()
        }
        // By way of the text, which rounds once.
        _ => {
            let texts = texts(array, data_type);
            (0..array.len())
                .map(|row| std::str::from_utf8(texts.get(row)).ok()?.parse().ok())
                .map(Option::unwrap_or_default)
                .collect()
        }
    })
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

fn numeric_of(texts: &Texts, row: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let text = std::str::from_utf8(texts.get(row)).unwrap_or_default();
    numeric::put_text(out, text).ok_or_else(|| format!("{text} is no number that can be stored"))
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

/// Where the values of a text or binary column end, and the values.
fn bytes<'a>(array: &'a dyn Array, data_type: &DataType) -> (&'a [i32], &'a [u8]) {
    match data_type {
        DataType::Bytes => {
            let values = array.as_binary::<i32>();
            (values.value_offsets(), values.value_data())
        }
        _ => {
            let values = array.as_string::<i32>();
            (values.value_offsets(), values.value_data())
        }
    }
}

fn too_long(array: &dyn Array, ends: &[i32], trouble: &mut Trouble<'_>) {
    let (Some(first), Some(last)) = (ends.first(), ends.last()) else {
        return;
    };
    if ((last - first) as usize) < LONGEST {
        return;
    }
    for row in valid(array) {
        if (ends[row + 1] - ends[row]) as usize >= LONGEST {
            trouble.add(row, "it is longer than 1 GiB".to_owned());
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Reads 32 hexadecimal digits, with or without hyphens and braces, as the server does.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    let text = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let mut id = [0u8; 16];
    let mut digits = 0;
    for byte in text.bytes() {
        if byte == b'-' && digits % 4 == 0 && digits > 0 {
            continue;
        }
        let digit = char::from(byte).to_digit(16)? as u8;
        let place = id.get_mut(digits / 2)?;
        *place = *place << 4 | digit;
        digits += 1;
    }
    (digits == 32).then_some(id)
}

/// Appends an address, `10.1.2.3/24` or `fe80::1`, in its binary form.
fn address(out: &mut Vec<u8>, text: &str, network: bool) -> Option<()> {
    // The server's own numbers, not those of the system (`utils/inet.h`).
    const IPV4: u8 = 2;
    const IPV6: u8 = 3;
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let (family, bytes) = match address.parse().ok()? {
        std::net::IpAddr::V4(v4) => (IPV4, v4.octets().to_vec()),
        std::net::IpAddr::V6(v6) => (IPV6, v6.octets().to_vec()),
    };
    let most = bytes.len() as u8 * 8;
    let bits = bits.unwrap_or(most);
    if bits > most {
        return None;
    }
    out.extend_from_slice(&[family, bits, u8::from(network), bytes.len() as u8]);
    out.extend_from_slice(&bytes);
    Some(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seatunnel_api::{BatchBuilder, CatalogTable, Column as TableColumn, RowKind, TablePath};
    use seatunnel_api::{TableSchema, Value};

    use super::super::encode_form::{TargetType, TypeClass, Way, oid, way};
    use super::*;

    fn plain(oid: u32) -> TargetType {
        TargetType {
            oid,
            name: oid.to_string(),
            class: TypeClass::Plain,
        }
    }

    /// One column of values, written into a column of a type: what is unfit, and the rows' bytes.
    fn written(
        data_type: &str,
        target: &TargetType,
        values: &[Value],
    ) -> (Vec<Unfit>, Vec<Vec<u8>>) {
        let data_type = DataType::parse(data_type).unwrap();
        let columns = vec![TableColumn::new("c", data_type.clone())];
        let table = CatalogTable::new("t", TablePath::table("t"), TableSchema::new(columns));
        let mut builder = BatchBuilder::new(Arc::new(table));
        for value in values {
            builder
                .push(RowKind::Insert, std::slice::from_ref(value))
                .unwrap();
        }
        let batch = builder.finish();
        let Way::Direct(form) = way(&data_type, target, true).unwrap() else {
            panic!("{data_type} does not go into {target:?}");
        };
        let field = Field {
            place: 0,
            data_type,
            form,
        };
        let mut unfit = Vec::new();
        let rows = Rows::new(batch.records(), &[field], &mut unfit);
        let bytes = (0..values.len())
            .map(|row| {
                let mut out = Vec::new();
                assert_eq!(rows.write(row..row + 1, &[], &mut out, usize::MAX), 1);
                assert_eq!(out[..2], [0, 1]);
                out[2..].to_vec()
            })
            .collect();
        (unfit, bytes)
    }

    #[test]
    fn integers_change_width_only_where_they_fit() {
        let values = [Value::Int(-2), Value::Null, Value::Int(40_000)];
        let (unfit, bytes) = written("int", &plain(oid::INT2), &values);
        assert_eq!(bytes[0], [0, 0, 0, 2, 0xff, 0xfe]);
        assert_eq!(bytes[1], NULL);
        assert_eq!(unfit.len(), 1);
        assert_eq!(
            (unfit[0].row, unfit[0].why.as_str()),
            (2, "40000 is out of range of smallint")
        );
        let (unfit, bytes) = written("int", &plain(oid::INT8), &values);
        assert!(unfit.is_empty());
        assert_eq!(bytes[2], [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0x9c, 0x40]);
    }

    #[test]
    fn numbers_with_fractions_are_no_integers() {
        let values = [Value::Double(3.0), Value::Double(3.5), Value::Double(1e19)];
        let (unfit, bytes) = written("double", &plain(oid::INT4), &values);
        assert_eq!(bytes[0], [0, 0, 0, 4, 0, 0, 0, 3]);
        assert_eq!(unfit.iter().map(|u| u.row).collect::<Vec<_>>(), [1, 2]);
        let values = [Value::Decimal(i256::from_i128(-500), 2)];
        let (_, bytes) = written("decimal(5, 2)", &plain(oid::INT2), &values);
        assert_eq!(bytes[0], [0, 0, 0, 2, 0xff, 0xfb]);
    }

    #[test]
    fn times_count_from_2000() {
        let (_, bytes) = written("date", &plain(oid::DATE), &[Value::Date(10_956)]);
        assert_eq!(bytes[0], [0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]);
        let values = [
            Value::Timestamp(EPOCH_MICROS + 1),
            Value::Timestamp(i64::MIN),
        ];
        let (unfit, bytes) = written("timestamp", &plain(oid::TIMESTAMP), &values);
        assert_eq!(bytes[0], [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(unfit.len(), 1);
    }

    #[test]
    fn texts_become_uuids_and_addresses_or_are_refused() {
        let text = |s: &str| Value::String(s.to_owned());
        let values = [
            text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            text("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"),
            text("a0eebc99"),
        ];
        let (unfit, bytes) = written("string", &plain(oid::UUID), &values);
        assert_eq!(bytes[0], bytes[1]);
        assert_eq!(bytes[0][..6], [0, 0, 0, 16, 0xa0, 0xee]);
        assert_eq!(unfit[0].why, "`a0eebc99` is no uuid");
        let values = [text("10.0.0.1/8"), text("::1"), text("10.0.0.300")];
        let (unfit, bytes) = written("string", &plain(oid::INET), &values);
        assert_eq!(bytes[0], [0, 0, 0, 8, 2, 8, 0, 4, 10, 0, 0, 1]);
        assert_eq!(bytes[1][..8], [0, 0, 0, 20, 3, 128, 0, 16]);
        assert_eq!(unfit.len(), 1);
    }

    #[test]
    fn lists_have_their_items_type_and_say_whose_item_is_unfit() {
        let target = TargetType {
            oid: 1005,
            name: "smallint[]".to_owned(),
            class: TypeClass::ArrayOf(Box::new(plain(oid::INT2))),
        };
        let values = [
            Value::Array(vec![Value::Int(1), Value::Null]),
            Value::Null,
            Value::Array(vec![]),
            Value::Array(vec![Value::Int(1 << 20)]),
        ];
        let (unfit, bytes) = written("array<int>", &target, &values);
        let expected: &[&[u8]] = &[
            &[0, 0, 0, 30],
            &[0, 0, 0, 1],
            &[0, 0, 0, 1],
            &[0, 0, 0, 21],
            &[0, 0, 0, 2],
            &[0, 0, 0, 1],
            &[0, 0, 0, 2, 0, 1],
            &NULL,
        ];
        assert_eq!(bytes[0], expected.concat());
        assert_eq!(bytes[2][..8], [0, 0, 0, 12, 0, 0, 0, 0]);
        assert_eq!(unfit.iter().map(|u| u.row).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn pieces_end_at_the_limit_and_rows_may_have_a_tail() {
        let columns = vec![TableColumn::new("c", DataType::Int)];
        let table = CatalogTable::new("t", TablePath::table("t"), TableSchema::new(columns));
        let mut builder = BatchBuilder::new(Arc::new(table));
        for number in 0..10 {
            builder
                .push(RowKind::Insert, &[Value::Int(number)])
                .unwrap();
        }
        let batch = builder.finish();
        let field = Field {
            place: 0,
            data_type: DataType::Int,
            form: Form::Integer(Width::Four),
        };
        let rows = Rows::new(batch.records(), &[field], &mut Vec::new());
        let mut out = Vec::new();
        let tail = [0, 0, 0, 1, b'x'];
        assert_eq!(rows.write(0..10, &tail, &mut out, 40), 3);
        assert_eq!(out.len(), 3 * (2 + 8 + 5));
        assert_eq!(out[..15], [0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, b'x']);
    }
}
