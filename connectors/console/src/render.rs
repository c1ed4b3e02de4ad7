//! Values as SeaTunnel's Console shows them.
//!
//! | type | shown as |
//! |---|---|
//! | null | nothing; `null` inside of other values |
//! | numbers, texts, days, times | as Java's `toString` |
//! | decimal | all digits, never with an exponent |
//! | bytes, array, row | `[a, b]`, bytes as signed numbers |
//! | map | JSON |

use std::fmt::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{
    Array, BinaryArray, BooleanArray, FixedSizeListArray, ListArray, MapArray, PrimitiveArray,
    StringArray,
};
use arrow_buffer::i256;
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, format_decimal};
use seatunnel_api::{Batch, CatalogTable, DataType};

/// `name<STRING>, age<INT>`
pub(crate) fn row_type(table: &CatalogTable, out: &mut String) {
    for (index, column) in table.columns().iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(out, "{comma}{}<", column.name);
        type_name(&column.data_type, out);
        out.push('>');
    }
}

fn type_name(data_type: &DataType, out: &mut String) {
    match data_type {
        DataType::Decimal { precision, scale } => {
            let _ = write!(out, "Decimal({precision}, {scale})");
        }
        DataType::Array(item) => {
            out.push_str("ARRAY<");
            type_name(item, out);
            out.push('>');
        }
        DataType::Map(key, value) => {
            out.push_str("MAP<");
            type_name(key, out);
            out.push_str(", ");
            type_name(value, out);
            out.push('>');
        }
        DataType::Row(fields) => {
            out.push_str("ROW<");
            for (index, field) in fields.iter().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                let _ = write!(out, "{comma}{} ", field.name);
                type_name(&field.data_type, out);
            }
            out.push('>');
        }
        DataType::FloatVector(_) => out.push_str("FLOAT_VECTOR"),
        simple => out.extend(simple.to_string().chars().map(|c| c.to_ascii_uppercase())),
    }
}

/// The columns of a batch, their types found out once.
pub(crate) struct RowRenderer<'a>(Vec<Column<'a>>);

impl<'a> RowRenderer<'a> {
    pub(crate) fn new(batch: &'a Batch) -> Self {
        let columns = batch.records().columns().iter();
        Self(
            columns
                .zip(batch.table().columns())
                .map(|(array, column)| Column::new(array.as_ref(), &column.data_type))
                .collect(),
        )
    }

    pub(crate) fn row(&self, row: usize, out: &mut String) {
        for (index, column) in self.0.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            if !column.is_null(row) {
                column.text(row, out);
            }
        }
    }
}

struct Column<'a> {
    array: &'a dyn Array,
    cells: Cells<'a>,
}

enum Cells<'a> {
    Null,
    Boolean(&'a BooleanArray),
    TinyInt(&'a PrimitiveArray<Int8Type>),
    SmallInt(&'a PrimitiveArray<Int16Type>),
    Int(&'a PrimitiveArray<Int32Type>),
    BigInt(&'a PrimitiveArray<Int64Type>),
    Float(&'a PrimitiveArray<Float32Type>),
    Double(&'a PrimitiveArray<Float64Type>),
    Decimal128(&'a PrimitiveArray<Decimal128Type>, i8),
    Decimal256(&'a PrimitiveArray<Decimal256Type>, i8),
    String(&'a StringArray),
    Bytes(&'a BinaryArray),
    Date(&'a PrimitiveArray<Date32Type>),
    Time(&'a PrimitiveArray<Time64MicrosecondType>),
    Timestamp(&'a PrimitiveArray<TimestampMicrosecondType>, bool),
    Array(&'a ListArray, Box<Column<'a>>),
    Vector(&'a FixedSizeListArray, Box<Column<'a>>),
    Map(&'a MapArray, Box<(Column<'a>, Column<'a>)>),
    Row(Vec<Column<'a>>, Vec<&'a str>),
}

fn primitive<T: ArrowPrimitiveType>(array: &dyn Array) -> &PrimitiveArray<T> {
    array.as_primitive::<T>()
}

impl<'a> Column<'a> {
    fn new(array: &'a dyn Array, data_type: &'a DataType) -> Self {
        let cells = match data_type {
            DataType::Null => Cells::Null,
            DataType::Boolean => Cells::Boolean(array.as_boolean()),
            DataType::TinyInt => Cells::TinyInt(primitive(array)),
            DataType::SmallInt => Cells::SmallInt(primitive(array)),
            DataType::Int => Cells::Int(primitive(array)),
            DataType::BigInt => Cells::BigInt(primitive(array)),
            DataType::Float => Cells::Float(primitive(array)),
            DataType::Double => Cells::Double(primitive(array)),
            DataType::Decimal { precision, scale }
                if *precision <= seatunnel_api::MAX_DECIMAL128 =>
            {
                Cells::Decimal128(primitive(array), *scale)
            }
            DataType::Decimal { scale, .. } => Cells::Decimal256(primitive(array), *scale),
            DataType::String => Cells::String(array.as_string()),
            DataType::Bytes => Cells::Bytes(array.as_binary()),
            DataType::Date => Cells::Date(primitive(array)),
            DataType::Time => Cells::Time(primitive(array)),
            DataType::Timestamp => Cells::Timestamp(primitive(array), false),
            DataType::TimestampTz => Cells::Timestamp(primitive(array), true),
            DataType::Array(item) => {
                let list = array.as_list::<i32>();
                Cells::Array(list, Box::new(Self::new(list.values().as_ref(), item)))
            }
            DataType::FloatVector(_) => {
                let list = array.as_fixed_size_list();
                let items = Self::new(list.values().as_ref(), &DataType::Float);
                Cells::Vector(list, Box::new(items))
            }
            DataType::Map(key, value) => {
                let map = array.as_map();
                let keys = Self::new(map.keys().as_ref(), key);
                let values = Self::new(map.values().as_ref(), value);
                Cells::Map(map, Box::new((keys, values)))
            }
            DataType::Row(fields) => {
                let columns = array.as_struct().columns().iter();
                Cells::Row(
                    columns
                        .zip(fields.iter())
                        .map(|(array, field)| Self::new(array.as_ref(), &field.data_type))
                        .collect(),
                    fields.iter().map(|field| field.name.as_str()).collect(),
                )
            }
        };
        Self { array, cells }
    }

    fn is_null(&self, row: usize) -> bool {
        matches!(self.cells, Cells::Null) || self.array.is_null(row)
    }

    /// A value inside another one.
    fn inner(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            out.push_str("null");
        } else {
            self.text(row, out);
        }
    }

    /// A value that is not null.
    fn text(&self, row: usize, out: &mut String) {
        // Writing to a String can't fail.
        let _ = match &self.cells {
            Cells::Null => Ok(()),
            Cells::Boolean(a) => write!(out, "{}", a.value(row)),
            Cells::TinyInt(a) => write!(out, "{}", a.value(row)),
            Cells::SmallInt(a) => write!(out, "{}", a.value(row)),
            Cells::Int(a) => write!(out, "{}", a.value(row)),
            Cells::BigInt(a) => write!(out, "{}", a.value(row)),
            Cells::Float(a) => {
                let value = a.value(row);
                java_float(f64::from(value), |s| write!(s, "{value:e}"), out);
                Ok(())
            }
            Cells::Double(a) => {
                let value = a.value(row);
                java_float(value, |s| write!(s, "{value:e}"), out);
                Ok(())
            }
            Cells::Decimal128(a, scale) => {
                decimal(a.value(row), *scale, out);
                Ok(())
            }
            Cells::Decimal256(a, scale) => out.write_str(&format_decimal(a.value(row), *scale)),
            Cells::String(a) => out.write_str(a.value(row)),
            Cells::Bytes(a) => {
                list(a.value(row).iter(), out, |byte, out| {
                    let _ = write!(out, "{}", *byte as i8);
                });
                Ok(())
            }
            Cells::Date(a) => {
                date(a.value(row), out);
                Ok(())
            }
            Cells::Time(a) => {
                time(a.value(row), out);
                Ok(())
            }
            Cells::Timestamp(a, zoned) => {
                let micros = a.value(row);
                date(micros.div_euclid(MICROS_PER_DAY) as i32, out);
                out.push('T');
                time(micros.rem_euclid(MICROS_PER_DAY), out);
                if *zoned {
                    out.push('Z');
                }
                Ok(())
            }
            Cells::Array(a, items) => {
                let ends = a.value_offsets();
                let range = ends[row] as usize..ends[row + 1] as usize;
                list(range, out, |item, out| items.inner(item, out));
                Ok(())
            }
            Cells::Vector(a, items) => {
                let length = a.value_length() as usize;
                let start = a.value_offset(row) as usize;
                list(start..start + length, out, |item, out| {
                    items.inner(item, out)
                });
                Ok(())
            }
            Cells::Map(..) => {
                self.json(row, out);
                Ok(())
            }
            Cells::Row(columns, _) => {
                list(columns.iter(), out, |column, out| column.inner(row, out));
                Ok(())
            }
        };
    }

    /// A value as JSON.
    fn json(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            out.push_str("null");
            return;
        }
        match &self.cells {
            Cells::String(a) => json_text(a.value(row), out),
            Cells::Float(a) if !a.value(row).is_finite() => quoted(self, row, out),
            Cells::Double(a) if !a.value(row).is_finite() => quoted(self, row, out),
            Cells::Date(_) | Cells::Time(_) | Cells::Timestamp(..) => quoted(self, row, out),
            Cells::Array(a, items) => {
                let ends = a.value_offsets();
                json_list(ends[row] as usize..ends[row + 1] as usize, items, out);
            }
            Cells::Vector(a, items) => {
                let start = a.value_offset(row) as usize;
                json_list(start..start + a.value_length() as usize, items, out);
            }
            Cells::Map(a, pair) => {
                let ends = a.value_offsets();
                out.push('{');
                for entry in ends[row] as usize..ends[row + 1] as usize {
                    if entry > ends[row] as usize {
                        out.push(',');
                    }
                    match &pair.0.cells {
                        Cells::String(keys) => json_text(keys.value(entry), out),
                        _ => quoted(&pair.0, entry, out),
                    }
                    out.push(':');
                    pair.1.json(entry, out);
                }
                out.push('}');
            }
            Cells::Row(columns, names) => {
                out.push('{');
                for (index, (column, name)) in columns.iter().zip(names).enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    json_text(name, out);
                    out.push(':');
                    column.json(row, out);
                }
                out.push('}');
            }
            _ => self.text(row, out),
        }
    }
}

fn quoted(column: &Column<'_>, row: usize, out: &mut String) {
    out.push('"');
    column.inner(row, out);
    out.push('"');
}

fn json_list(range: std::ops::Range<usize>, items: &Column<'_>, out: &mut String) {
    out.push('[');
    for item in range.clone() {
        if item > range.start {
            out.push(',');
        }
        items.json(item, out);
    }
    out.push(']');
}

fn json_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        let _ = match c {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            c if c < ' ' => write!(out, "\\u{:04x}", c as u32),
            c => out.write_char(c),
        };
    }
    out.push('"');
}

fn list<T>(items: impl Iterator<Item = T>, out: &mut String, mut show: impl FnMut(T, &mut String)) {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        show(item, out);
    }
    out.push(']');
}

/// Digits with the point at its place, without an allocation for what 128 bits hold.
fn decimal(digits: i128, scale: i8, out: &mut String) {
    match u32::try_from(scale)
        .ok()
        .and_then(|s| 10u128.checked_pow(s))
    {
        Some(factor) if scale > 0 => {
            let sign = if digits < 0 { "-" } else { "" };
            let digits = digits.unsigned_abs();
            let width = scale as usize;
            let _ = write!(out, "{sign}{}.{:0width$}", digits / factor, digits % factor);
        }
        _ => out.push_str(&format_decimal(i256::from_i128(digits), scale)),
    }
}

fn date(days: i32, out: &mut String) {
    let (year, month, day) = civil_from_days(days);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

/// As `java.time.LocalTime` shows it: no seconds where they are zero, fractions of 3 or 6 digits.
fn time(micros: i64, out: &mut String) {
    let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
    let _ = write!(out, "{:02}:{:02}", seconds / 3_600, seconds / 60 % 60);
    if seconds % 60 != 0 || fraction != 0 {
        let _ = write!(out, ":{:02}", seconds % 60);
    }
    if fraction != 0 {
        let _ = match fraction % 1_000 {
            0 => write!(out, ".{:03}", fraction / 1_000),
            _ => write!(out, ".{fraction:06}"),
        };
    }
}

/// As `Double.toString` shows it: `1.0E7` from ten million on and below a thousandth.
fn java_float(
    value: f64,
    scientific: impl FnOnce(&mut String) -> std::fmt::Result,
    out: &mut String,
) {
    if !value.is_finite() {
        out.push_str(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
        return;
    }
    // The shortest digits that read back, such as -1.25e3, are written in place and then rearranged.
    let start = out.len();
    let _ = scientific(out);
    let mut digits = [0u8; 32];
    let mut count = 0;
    let written = &out[start..];
    let negative = written.starts_with('-');
    let (mantissa, exponent) = written.split_once('e').unwrap_or((written, "0"));
    for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
        digits[count] = digit;
        count += 1;
    }
    let exponent: i32 = exponent.parse().unwrap_or(0);
    out.truncate(start);
    if negative {
        out.push('-');
    }
    let digit = |index: usize| char::from(if index < count { digits[index] } else { b'0' });
    if (-3..7).contains(&exponent) {
        if exponent < 0 {
            out.push_str("0.");
            (1..-exponent).for_each(|_| out.push('0'));
            (0..count).for_each(|index| out.push(digit(index)));
        } else {
            let whole = exponent as usize + 1;
            (0..whole).for_each(|index| out.push(digit(index)));
            out.push('.');
            (whole..count.max(whole + 1)).for_each(|index| out.push(digit(index)));
        }
    } else {
        out.push(digit(0));
        out.push('.');
        (1..count.max(2)).for_each(|index| out.push(digit(index)));
        let _ = write!(out, "E{exponent}");
    }
}

#[cfg(test)]
mod tests;
