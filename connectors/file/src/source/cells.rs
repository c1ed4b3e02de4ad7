//! Turns the fields of records into columns.

use std::sync::Arc;

use arrow_array::builder::BooleanBuilder;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, NullArray, PrimitiveArray, StringArray};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use seatunnel_api::time;
use seatunnel_api::{
    BatchBuilder, CatalogTable, Column, DataType, MAX_DECIMAL128, RowKind, TablePath, TableSchema,
};

use super::java_parse::JavaPattern;
use super::nested::Nested;
use super::numbers::{parse_decimal, parse_float, parse_integer};
use super::records::Records;

/// How texts become values.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextRules {
    /// What stands for NULL, besides nothing.
    pub(crate) null: Option<Vec<u8>>,
    pub(crate) date: Option<JavaPattern>,
    pub(crate) time: Option<JavaPattern>,
    pub(crate) timestamp: Option<JavaPattern>,
    /// The delimiter between fields, the first of those between nested values.
    pub(crate) delimiter: Vec<u8>,
}

/// A field that is not what its column holds.
#[derive(Debug)]
pub(crate) struct CellError {
    /// Its row among those converted.
    pub(crate) row: usize,
    /// Its bytes, shortened.
    pub(crate) text: String,
}

/// The fields of one column.
struct Fields<'a> {
    records: &'a Records,
    data: &'a [u8],
    position: usize,
    null: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    /// The bytes of a field; none if it stands for NULL.
    #[inline(always)]
    fn get(&self, row: usize) -> Option<&'a [u8]> {
        let field = self.records.fields[row * self.records.width + self.position];
        let bytes = field.bytes(self.data, &self.records.scratch);
        if bytes.is_empty() {
            return field.is_quoted().then_some(bytes);
        }
        match self.null {
            Some(null) if bytes == null && !field.is_quoted() => None,
            _ => Some(bytes),
        }
    }

    /// As [`Fields::get`], for types that have no blank values.
    #[inline(always)]
    fn trimmed(&self, row: usize) -> Option<&'a [u8]> {
        let bytes = self.get(row)?;
        // Most fields have no blanks around: looking at both ends is cheaper than trimming.
        match bytes {
            [first, .., last] if *first > b' ' && *last > b' ' => Some(bytes),
            _ => Some(bytes.trim_ascii()).filter(|b| !b.is_empty()),
        }
    }

    fn rows(&self) -> usize {
        self.records.rows()
    }

    fn error(&self, row: usize) -> CellError {
        let text = String::from_utf8_lossy(self.get(row).unwrap_or_default());
        let mut shown: String = text.chars().take(60).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        CellError { row, text: shown }
    }

    /// A column of fixed-width values.
    fn primitive<T: ArrowPrimitiveType>(
        &self,
        parse: impl Fn(&[u8]) -> Option<T::Native>,
    ) -> Result<PrimitiveArray<T>, CellError> {
        let rows = self.rows();
        let mut values: Vec<T::Native> = Vec::with_capacity(rows);
        let mut nulls = NullBufferBuilder::new(rows);
        for row in 0..rows {
            match self.trimmed(row) {
                Some(bytes) => {
                    values.push(parse(bytes).ok_or_else(|| self.error(row))?);
                    nulls.append_non_null();
                }
                None => {
                    values.push(T::Native::default());
                    nulls.append_null();
                }
            }
        }
        Ok(PrimitiveArray::new(
            ScalarBuffer::from(values),
            nulls.finish(),
        ))
    }

    fn strings(&self) -> Result<StringArray, CellError> {
        let rows = self.rows();
        let mut offsets: Vec<i32> = Vec::with_capacity(rows + 1);
        let mut values: Vec<u8> = Vec::with_capacity(rows * 16);
        let mut nulls = NullBufferBuilder::new(rows);
        offsets.push(0);
        for row in 0..rows {
            match self.get(row) {
                Some(bytes) => {
                    values.extend_from_slice(bytes);
                    nulls.append_non_null();
                }
                None => nulls.append_null(),
            }
            offsets.push(values.len() as i32);
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        // Checked at once for the whole column: that is many times quicker than by field.
        StringArray::try_new(offsets, Buffer::from_vec(values), nulls.finish()).map_err(|_| {
            let is_text = |row: &usize| std::str::from_utf8(self.get(*row).unwrap_or_default());
            let row = (0..rows).find(|row| is_text(row).is_err()).unwrap_or(0);
            self.error(row)
        })
    }
}

/// Converts column `position` of the records.
///
/// # Errors
/// The first field that is not of the type.
pub(crate) fn convert(
    records: &Records,
    data: &[u8],
    position: usize,
    data_type: &DataType,
    rules: &TextRules,
) -> Result<ArrayRef, CellError> {
    let fields = Fields {
        records,
        data,
        position,
        null: rules.null.as_deref(),
    };
    Ok(match data_type {
        DataType::String => Arc::new(fields.strings()?),
        DataType::TinyInt => Arc::new(
            fields.primitive::<Int8Type>(|b| parse_integer(b).and_then(|n| n.try_into().ok()))?,
        ),
        DataType::SmallInt => Arc::new(
            fields.primitive::<Int16Type>(|b| parse_integer(b).and_then(|n| n.try_into().ok()))?,
        ),
        DataType::Int => Arc::new(
            fields.primitive::<Int32Type>(|b| parse_integer(b).and_then(|n| n.try_into().ok()))?,
        ),
        DataType::BigInt => Arc::new(fields.primitive::<Int64Type>(parse_integer)?),
        DataType::Float => Arc::new(fields.primitive::<Float32Type>(parse_float::<f32>)?),
        DataType::Double => Arc::new(fields.primitive::<Float64Type>(parse_float::<f64>)?),
        DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 => {
            let (precision, scale) = (*precision, *scale);
            let column =
                fields.primitive::<Decimal128Type>(|b| parse_decimal(b, precision, scale))?;
            Arc::new(column.with_data_type(data_type.to_arrow()))
        }
        DataType::Boolean => {
            let mut builder = BooleanBuilder::with_capacity(fields.rows());
            for row in 0..fields.rows() {
                builder.append_option(match fields.trimmed(row) {
                    None => None,
                    Some(bytes) => Some(parse_boolean(bytes).ok_or_else(|| fields.error(row))?),
                });
            }
            Arc::new(builder.finish())
        }
        DataType::Date => {
            Arc::new(fields.primitive::<Date32Type>(|b| parse_date(b, rules.date.as_ref()))?)
        }
        DataType::Time => Arc::new(
            fields.primitive::<Time64MicrosecondType>(|b| parse_time(b, rules.time.as_ref()))?,
        ),
        DataType::Timestamp => Arc::new(fields.primitive::<TimestampMicrosecondType>(|b| {
            parse_timestamp(b, rules.timestamp.as_ref())
        })?),
        DataType::TimestampTz => {
            let column = fields.primitive::<TimestampMicrosecondType>(|b| {
                time::parse_timestamp_tz(b).or_else(|| parse_timestamp(b, rules.timestamp.as_ref()))
            })?;
            Arc::new(column.with_data_type(data_type.to_arrow()))
        }
        DataType::Null => Arc::new(NullArray::new(fields.rows())),
        nested => one_by_one(&fields, nested, rules)?,
    })
}

/// Types that are rare in such files: bytes, lists, maps, rows and very long decimals.
fn one_by_one(
    fields: &Fields<'_>,
    data_type: &DataType,
    rules: &TextRules,
) -> Result<ArrayRef, CellError> {
    let schema = TableSchema::new(vec![Column::new("column", data_type.clone())]);
    let table = CatalogTable::new("file", TablePath::unnamed(), schema);
    let mut builder = BatchBuilder::new(Arc::new(table));
    let nested = Nested { rules };
    for row in 0..fields.rows() {
        let value = match fields.get(row) {
            None => seatunnel_api::Value::Null,
            Some(bytes) => nested
                .value(bytes, data_type, 1)
                .ok_or_else(|| fields.error(row))?,
        };
        let pushed = builder.push(RowKind::Insert, &[value]);
        pushed.map_err(|_| fields.error(row))?;
    }
    Ok(builder.finish().records().column(0).clone())
}

pub(crate) fn parse_boolean(bytes: &[u8]) -> Option<bool> {
    match bytes {
        b"1" => Some(true),
        b"0" => Some(false),
        _ if bytes.eq_ignore_ascii_case(b"true") => Some(true),
        _ if bytes.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

pub(crate) fn parse_date(bytes: &[u8], pattern: Option<&JavaPattern>) -> Option<i32> {
    match pattern {
        Some(pattern) => {
            let micros = pattern.parse(bytes)?;
            Some(micros.div_euclid(time::MICROS_PER_DAY) as i32)
        }
        None => time::parse_date(bytes).or_else(|| match *bytes {
            [a, b, c, d, b'/' | b'.', e, f, b'/' | b'.', g, h] | [a, b, c, d, e, f, g, h] => {
                time::parse_date(&[a, b, c, d, b'-', e, f, b'-', g, h])
            }
            _ => parse_signed(bytes, ["年", "月", "日"]).and_then(|[year, month, day]| {
                (year.len() == 4).then_some(())?;
                time::parse_date(&[year, b"-", month, b"-", day].concat())
            }),
        }),
    }
}

/// Numbers with a sign of Chinese behind each, such as `2024年01月31日`; all but the first have two digits.
fn parse_signed<'a, const N: usize>(bytes: &'a [u8], signs: [&str; N]) -> Option<[&'a [u8]; N]> {
    let mut numbers = [&bytes[..0]; N];
    let mut rest = bytes;
    for (number, sign) in numbers.iter_mut().zip(signs) {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        (*number, rest) = rest.split_at(digits);
        rest = rest.strip_prefix(sign.as_bytes())?;
    }
    let two = numbers[1..].iter().all(|number| number.len() == 2);
    (rest.is_empty() && two).then_some(numbers)
}

pub(crate) fn parse_time(bytes: &[u8], pattern: Option<&JavaPattern>) -> Option<i64> {
    match pattern {
        Some(pattern) => Some(pattern.parse(bytes)?.rem_euclid(time::MICROS_PER_DAY)),
        None => time::parse_time(bytes),
    }
}

pub(crate) fn parse_timestamp(bytes: &[u8], pattern: Option<&JavaPattern>) -> Option<i64> {
    match pattern {
        Some(pattern) => pattern.parse(bytes),
        None => time::parse_timestamp(bytes).or_else(|| {
            let (date, clock) = match *bytes {
                [ref date @ .., h, i, m, n, s, t] if date.len() == 8 => {
                    (date, time::parse_time(&[h, i, b':', m, n, b':', s, t])?)
                }
                _ => match bytes.iter().position(|b| matches!(b, b' ' | b'T')) {
                    None => (bytes, 0),
                    Some(at) => (&bytes[..at], parse_clock(&bytes[at + 1..])?),
                },
            };
            Some(i64::from(parse_date(date, None)?) * time::MICROS_PER_DAY + clock)
        }),
    }
}

fn parse_clock(bytes: &[u8]) -> Option<i64> {
    time::parse_time(bytes).or_else(|| {
        let [hour, minute, second] = parse_signed(bytes, ["时", "分", "秒"])?;
        time::parse_time(&[hour, b":", minute, b":", second].concat())
    })
}
