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
use seatunnel_api::java_text::{date, decimal, decimal128, double, float, time, timestamp};
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
                float(a.value(row), out);
                Ok(())
            }
            Cells::Double(a) => {
                double(a.value(row), out);
                Ok(())
            }
            Cells::Decimal128(a, scale) => {
                decimal128(a.value(row), *scale, out);
                Ok(())
            }
            Cells::Decimal256(a, scale) => {
                decimal(a.value(row), *scale, out);
                Ok(())
            }
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
                timestamp(a.value(row), out);
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

#[cfg(test)]
mod tests;
