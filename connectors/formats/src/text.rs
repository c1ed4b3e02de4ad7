//! Fields between delimiters.

use memchr::memmem;
use seatunnel_api::{CatalogTable, DataType, Error, Result, RowKind};

use crate::codes;
use crate::columns::{Column, RowColumns};
use crate::fault::{Fault, Step};
use crate::scalars::push_scalar;

/// Separators of nested values by level; level 0 is the delimiter between fields.
const SEPARATORS: [&[u8]; 7] = [
    b"\x01", b"\x02", b"\x03", b"\x04", b"\x05", b"\x06", b"\x07",
];

/// Reads one line a message.
pub(crate) struct Text {
    delimiter: Vec<u8>,
}

impl Text {
    /// With what stands between two fields, a backslash before a sign aside: SeaTunnel takes the
    /// delimiter for a regular expression, and job files are written so.
    ///
    /// # Errors
    /// If the delimiter is empty.
    pub(crate) fn new(delimiter: &str) -> Result<Self> {
        let delimiter = plain_delimiter(delimiter)?;
        Ok(Self { delimiter })
    }

    /// A message: one row. Fields that it does not have are null, more than columns are left out.
    pub(crate) fn decode(&self, message: &[u8], rows: &mut RowColumns) -> Step {
        let message = crate::json::text(message)?;
        let table = rows.table().clone();
        self.fields(message, &table, rows)?;
        rows.end_row(RowKind::Insert);
        Ok(())
    }

    fn fields(&self, message: &[u8], table: &CatalogTable, rows: &mut RowColumns) -> Step {
        let columns = rows.columns_mut().iter_mut().zip(table.columns());
        for (part, (column, declared)) in split(message, &self.delimiter).zip(columns) {
            push(part, column, &declared.data_type, 1).map_err(|f| f.within(&declared.name))?;
        }
        Ok(())
    }
}

/// A value whose parts are separated by the separator of `level`.
fn push(text: &[u8], column: &mut Column, data_type: &DataType, level: usize) -> Step {
    if text.is_empty() {
        column.push_null();
        return Ok(());
    }
    match (column, data_type) {
        (Column::List(lists), DataType::Array(item)) => {
            for part in split(text, separator(level)?) {
                push(part, &mut lists.items, item, level + 1)?;
            }
            lists.end();
        }
        (Column::Map(maps), DataType::Map(key, value)) => {
            let between = separator(level + 1)?;
            for entry in split(text, separator(level)?) {
                // The first one ends the key: the parts of a value that has some stand between the same.
                let (key_text, value_text) = match memmem::find(entry, between) {
                    Some(at) => (&entry[..at], &entry[at + between.len()..]),
                    None => (entry, &entry[entry.len()..]),
                };
                if key_text.is_empty() {
                    return Err(Fault::new("an entry of a map has no key"));
                }
                push(key_text, &mut maps.keys, key, level + 1)?;
                push(value_text, &mut maps.values, value, level + 1)?;
            }
            maps.end_unique();
        }
        (Column::Row(rows), DataType::Row(fields)) => {
            let parts = split(text, separator(level)?);
            for ((part, column), field) in parts.zip(&mut rows.fields).zip(fields.iter()) {
                push(part, column, &field.data_type, level + 1)
                    .map_err(|f| f.within(&field.name))?;
            }
            rows.end();
        }
        (Column::Vector(vectors), _) => {
            for part in split(text, separator(level)?) {
                let value = fast_float2::parse(part.trim_ascii());
                vectors
                    .values
                    .push(value.map_err(|_| crate::scalars::wrong(part, data_type))?);
            }
            if !vectors.end() {
                return Err(Fault::new(format!(
                    "a vector does not have {} values",
                    vectors.dimension
                )));
            }
        }
        (column, _) => push_scalar(column, data_type, text)?,
    }
    Ok(())
}

fn separator(level: usize) -> Step<&'static [u8]> {
    let found = SEPARATORS.get(level).copied();
    found.ok_or_else(|| Fault::new("values are nested too deep for text"))
}

fn split<'a>(bytes: &'a [u8], separator: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let current = rest?;
        match memmem::find(current, separator) {
            Some(at) => {
                rest = Some(&current[at + separator.len()..]);
                Some(&current[..at])
            }
            None => {
                rest = None;
                Some(current)
            }
        }
    })
}

/// The delimiter that a job file names, a backslash before a sign aside.
///
/// # Errors
/// If it is empty.
pub(crate) fn plain_delimiter(delimiter: &str) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut signs = delimiter.chars().peekable();
    while let Some(sign) = signs.next() {
        let sign = match (sign, signs.peek()) {
            ('\\', Some('t')) => {
                signs.next();
                '\t'
            }
            ('\\', Some(next)) if next.is_ascii_punctuation() => {
                let next = *next;
                signs.next();
                next
            }
            _ => sign,
        };
        plain.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
    }
    if plain.is_empty() {
        return Err(Error::new(codes::SCHEMA, "`field_delimiter` is empty"));
    }
    Ok(plain)
}
