//! Columns as texts for formats that have no types of their own.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as ArrowType;
use seatunnel_api::{DataType, Result, RowField};
use seatunnel_formats::cells::{CellStyle, Cells, Json, TimeText, render};

/// How values are written as texts.
pub struct TextRules {
    plain: Plain,
    json: Json,
    /// What stands between the fields of a row; a row is an object of JSON without it.
    delimiter: Option<Vec<u8>>,
}

/// Patterns of options, and what stands between date and time without one.
#[derive(Clone, Debug, Default)]
pub struct TimePatterns {
    /// `date_format`
    pub date: Option<String>,
    /// `time_format`
    pub time: Option<String>,
    /// `datetime_format`
    pub timestamp: Option<String>,
}

impl TimePatterns {
    fn texts(&self, between: u8) -> Result<[TimeText; 3]> {
        Ok([
            TimeText::new("date_format", self.date.as_deref(), between)?,
            TimeText::new("time_format", self.time.as_deref(), between)?,
            TimeText::new("datetime_format", self.timestamp.as_deref(), between)?,
        ])
    }
}

impl TextRules {
    /// Rules with these patterns. A `delimiter` stands between the fields of rows, as in SeaTunnel; without one rows
    /// are objects of JSON.
    ///
    /// # Errors
    /// If a pattern is none.
    pub fn new(patterns: &TimePatterns, between: u8, delimiter: Option<&str>) -> Result<Self> {
        Ok(Self {
            plain: Plain {
                times: patterns.texts(between)?,
            },
            json: Json::new(TimePatterns::default().texts(b'T')?),
            delimiter: delimiter.map(|d| d.as_bytes().to_vec()),
        })
    }

    /// Adds the texts of a column; those of values that are missing are empty.
    pub(crate) fn render(&self, column: &ArrayRef, data_type: &DataType, cells: &mut Cells) {
        match (data_type, &self.delimiter) {
            (DataType::Row(fields), Some(delimiter)) => {
                self.row(column, fields, delimiter, cells);
            }
            (DataType::Row(_), None)
            | (DataType::Array(_) | DataType::Map(..) | DataType::FloatVector(_), _) => {
                render(column.as_ref(), data_type, &self.json, 0, cells);
            }
            _ => render(column.as_ref(), data_type, &self.plain, 0, cells),
        }
    }

    /// The fields of rows, between delimiters.
    fn row(&self, column: &ArrayRef, fields: &[RowField], delimiter: &[u8], cells: &mut Cells) {
        let column = column.as_struct();
        let parts = fields.iter().zip(column.columns()).map(|(field, part)| {
            let mut cells = Cells::default();
            match &field.data_type {
                DataType::Row(_) => {
                    render(part.as_ref(), &field.data_type, &self.json, 0, &mut cells);
                }
                other => self.render(part, other, &mut cells),
            }
            (part, cells)
        });
        let parts: Vec<_> = parts.collect();
        for row in 0..column.len() {
            cells.push(|out| {
                if column.is_null(row) {
                    return;
                }
                for (place, (part, cells)) in parts.iter().enumerate() {
                    if place > 0 {
                        out.extend_from_slice(delimiter);
                    }
                    if part.is_valid(row) {
                        out.extend_from_slice(cells.get(row));
                    }
                }
            });
        }
    }
}

/// Whether a value is null, in columns of nothing but nulls too.
pub(crate) fn is_missing(values: &ArrayRef, row: usize) -> bool {
    values.is_null(row) || *values.data_type() == ArrowType::Null
}

/// Single values as they are.
struct Plain {
    times: [TimeText; 3],
}

impl CellStyle for Plain {
    fn null(&self, _level: usize) -> &[u8] {
        b""
    }

    fn string(&self, out: &mut Vec<u8>, value: &[u8], _level: usize) {
        out.extend_from_slice(value);
    }

    fn bytes(&self, out: &mut Vec<u8>, value: &[u8], _level: usize) {
        out.extend_from_slice(value);
    }

    fn quote(&self) -> &[u8] {
        b""
    }

    fn date(&self) -> &TimeText {
        &self.times[0]
    }

    fn time(&self) -> &TimeText {
        &self.times[1]
    }

    fn timestamp(&self) -> &TimeText {
        &self.times[2]
    }

    fn list(&self, _level: usize) -> [&[u8]; 3] {
        [b"[", b",", b"]"]
    }

    fn row(&self, _level: usize) -> ([&[u8]; 3], bool) {
        ([b"{", b",", b"}"], true)
    }

    fn map(&self, _level: usize) -> [&[u8]; 4] {
        [b"{", b",", b"}", b":"]
    }

    fn key(&self, out: &mut Vec<u8>, text: &[u8]) {
        out.extend_from_slice(text);
    }
}
