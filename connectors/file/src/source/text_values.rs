//! Columns of texts as columns of the table: for formats whose values have no types, or others.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::PrimitiveBuilder;
use arrow_array::types::{ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, StringArray};
use arrow_select::filter::filter;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, Error, Result, RowField, RowKind,
    TablePath, TableSchema, Value,
};

use super::cells::{CellError, TextRules, convert};
use super::dirty::DirtyLine;
use super::json_numbers::long_numbers_as_texts;
use super::nested::Nested;
use super::numbers::{parse_decimal, parse_integer};
use super::records::{Delimiter, Records};
use super::table::FileTable;
use crate::codes;
use crate::halving::find_bad;

/// How texts become values: lists and maps are JSON; rows are too, or their fields stand between delimiters.
#[derive(Clone, Debug)]
pub(crate) struct TextValues {
    pub(crate) text: TextRules,
    /// Between the fields of a row.
    pub(crate) delimiter: Delimiter,
}

/// What became of rows of texts.
pub(crate) struct TextBatch {
    /// The rows; none if there is no good one.
    pub(crate) batch: Option<Batch>,
    pub(crate) dirty: Vec<DirtyLine>,
}

impl TextValues {
    /// A batch of the table. `columns` are those that are wanted, in the order of the table; `before` says how many
    /// rows of the file came before.
    ///
    /// # Errors
    /// The first text that is not of its column's type, unless rows with such are set aside (`keep_dirty`).
    pub(crate) fn batch(
        &self,
        table: &FileTable,
        path: &Path,
        columns: &[StringArray],
        before: u64,
        keep_dirty: bool,
    ) -> Result<TextBatch> {
        let rows = columns.first().map_or(0, Array::len);
        let error = |row: u64, column: usize, found: &CellError| {
            let column = &table.file_columns[table.wanted[column]];
            not_of_type(table, path, before + row + 1, column, found)
        };
        let (column, found) = match self.columns(table, columns) {
            Ok(columns) => {
                let batch = table.with_partitions(path, columns, rows)?;
                return Ok(TextBatch {
                    batch: Some(batch),
                    dirty: Vec::new(),
                });
            }
            Err(found) => found,
        };
        if !keep_dirty {
            return Err(error(found.row as u64, column, &found));
        }
        let bad = find_bad(rows, |from, to| {
            let part: Vec<StringArray> = columns.iter().map(|c| c.slice(from, to - from)).collect();
            self.columns(table, &part).map(|_| ())
        });
        let mut keep = vec![true; rows];
        let mut dirty = Vec::with_capacity(bad.len());
        for (row, (column, found)) in bad {
            keep[row] = false;
            let text = as_json(table, columns, row);
            dirty.push(DirtyLine::new(
                error(row as u64, column, &found),
                text.as_bytes(),
            ));
        }
        let keep = BooleanArray::from(keep);
        let good = columns.iter().map(|column| {
            let kept = filter(column, &keep)?;
            Ok(StringArray::from(kept.to_data()))
        });
        let good = good.collect::<Result<Vec<_>>>()?;
        let rows = keep.true_count();
        let batch = match rows {
            0 => None,
            rows => {
                let columns = self.columns(table, &good);
                let columns =
                    columns.map_err(|(column, found)| error(found.row as u64, column, &found))?;
                Some(table.with_partitions(path, columns, rows)?)
            }
        };
        Ok(TextBatch { batch, dirty })
    }

    /// The columns of the table; or the first text that is wrong, and its column's place.
    fn columns(
        &self,
        table: &FileTable,
        texts: &[StringArray],
    ) -> std::result::Result<Vec<ArrayRef>, (usize, CellError)> {
        let wanted = table.wanted.iter().enumerate();
        wanted
            .map(|(place, index)| {
                let data_type = &table.file_columns[*index].data_type;
                self.column(&texts[place], data_type)
                    .map_err(|e| (place, e))
            })
            .collect()
    }

    fn column(&self, texts: &StringArray, data_type: &DataType) -> Result<ArrayRef, CellError> {
        match data_type {
            DataType::String => Ok(Arc::new(texts.clone())),
            DataType::Bytes => {
                let bytes = texts.iter().map(|text| text.map(str::as_bytes));
                Ok(Arc::new(BinaryArray::from_iter(bytes)))
            }
            DataType::TinyInt => integers::<Int8Type>(texts),
            DataType::SmallInt => integers::<Int16Type>(texts),
            DataType::Int => integers::<Int32Type>(texts),
            DataType::BigInt => integers::<Int64Type>(texts),
            DataType::Array(_)
            | DataType::Map(..)
            | DataType::Row(_)
            | DataType::FloatVector(_) => self.one_by_one(texts, data_type),
            _ => {
                let records = Records::of_column(texts);
                convert(&records, texts.value_data(), 0, data_type, &self.text)
            }
        }
    }

    fn one_by_one(&self, texts: &StringArray, data_type: &DataType) -> Result<ArrayRef, CellError> {
        let schema = TableSchema::new(vec![Column::new("column", data_type.clone())]);
        let table = CatalogTable::new("file", TablePath::unnamed(), schema);
        let mut builder = BatchBuilder::new(Arc::new(table));
        for (row, text) in texts.iter().enumerate() {
            let value = text.map_or(Some(Value::Null), |text| self.value(text, data_type));
            let value = value.ok_or_else(|| wrong(row, text))?;
            let pushed = builder.push(RowKind::Insert, &[value]);
            pushed.map_err(|_| wrong(row, text))?;
        }
        Ok(builder.finish().records().column(0).clone())
    }

    fn value(&self, text: &str, data_type: &DataType) -> Option<Value> {
        let trimmed = text.trim();
        match data_type {
            DataType::Row(fields) if !trimmed.starts_with('{') || !is_json(trimmed) => {
                if trimmed.is_empty() {
                    return Some(Value::Null);
                }
                self.row(text, fields)
            }
            DataType::Array(_)
            | DataType::Map(..)
            | DataType::Row(_)
            | DataType::FloatVector(_) => {
                if trimmed.is_empty() {
                    return Some(Value::Null);
                }
                let json = long_numbers_as_texts(trimmed.as_bytes());
                let json: serde_json::Value = serde_json::from_slice(&json).ok()?;
                Value::from_config(&ConfigValue::from_json(&json), data_type).ok()
            }
            _ => Nested { rules: &self.text }.value(text.as_bytes(), data_type, 1),
        }
    }

    /// A row whose fields stand between delimiters; those that are missing are null.
    fn row(&self, text: &str, fields: &[RowField]) -> Option<Value> {
        let mut parts: Vec<&str> = match &self.delimiter {
            Delimiter::None => vec![text],
            Delimiter::Literal(literal) => text.split(std::str::from_utf8(literal).ok()?).collect(),
            Delimiter::Regex(regex) => {
                let mut parts = Vec::new();
                let mut from = 0;
                for found in regex.find_iter(text.as_bytes()) {
                    parts.push(text.get(from..found.start())?);
                    from = found.end();
                }
                parts.push(text.get(from..)?);
                parts
            }
        };
        parts.resize(fields.len().max(parts.len()), "");
        let values = fields.iter().zip(parts);
        let values = values.map(|(field, part)| self.value(part, &field.data_type));
        Some(Value::Row(values.collect::<Option<Vec<_>>>()?))
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whole numbers. `1.0` and `1e3` are some, too; `1.5` is none, and is not cut off. Blank is null.
fn integers<T: ArrowPrimitiveType>(texts: &StringArray) -> Result<ArrayRef, CellError>
where
    T::Native: TryFrom<i64>,
{
    let mut column = PrimitiveBuilder::<T>::with_capacity(texts.len());
    for (row, text) in texts.iter().enumerate() {
        let bytes = text.unwrap_or_default().as_bytes().trim_ascii();
        if bytes.is_empty() {
            column.append_null();
            continue;
        }
        let number = parse_integer(bytes).or_else(|| parse_decimal(bytes, 19, 0)?.try_into().ok());
        let value = number.and_then(|n| T::Native::try_from(n).ok());
        column.append_value(value.ok_or_else(|| wrong(row, text))?);
    }
    Ok(Arc::new(column.finish()))
}

fn wrong(row: usize, text: Option<&str>) -> CellError {
    let text = text.unwrap_or_default();
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    CellError { row, text: shown }
}

/// A row as it came.
fn as_json(table: &FileTable, columns: &[StringArray], row: usize) -> String {
    let members = table.wanted.iter().zip(columns).map(|(index, column)| {
        let name = table.file_columns[*index].name.clone();
        let value = column.is_valid(row).then(|| column.value(row));
        (name, value.into())
    });
    serde_json::Value::Object(members.collect()).to_string()
}

fn not_of_type(
    table: &FileTable,
    path: &Path,
    row: u64,
    column: &Column,
    found: &CellError,
) -> Error {
    Error::new(
        codes::VALUE_INVALID,
        format!("{:?} is not of type {}", found.text, column.data_type),
    )
    .with_context("file", path.display())
    .with_context("row", row)
    .with_context("column", &column.name)
    .with_context("table", table.table.path())
    .with_help(
        "correct the row, or give the column the type `string`; dates need `date_format`, `datetime_format` or `time_format` if they are not written as 2024-01-31 and 07:08:09",
    )
}
