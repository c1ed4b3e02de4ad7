//! Reads the rows of a sheet.

use std::fmt::Write;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::StringArray;
use calamine::{Data, DataRef, ExcelDateTime, Reader, Xls, XlsError, Xlsx, XlsxError};
use seatunnel_api::{DataType, time};
use seatunnel_formats::cells::JavaTimeFormat;

use crate::{Fault, ReadAt, Reading, Result, TextColumns, TimePatterns};

/// What is read of a workbook.
#[derive(Debug)]
pub struct ExcelRules {
    sheet: Option<String>,
    skip: u64,
    columns: Vec<(usize, DataType)>,
    /// The names of the columns, if the first row tells where they are.
    names: Option<Vec<String>>,
    date: Option<JavaTimeFormat>,
    time: Option<JavaTimeFormat>,
    timestamp: Option<JavaTimeFormat>,
}

/// Where a batch of rows goes. It says whether more are wanted.
pub type ExcelRows<'a> = &'a mut dyn FnMut(Vec<StringArray>) -> Result<bool>;

/// What the files of old and new workbooks start with.
const XLS: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0];
const XLSX: &[u8] = b"PK";

impl ExcelRules {
    /// Rules for the sheet of this name, or the first one, without its first `skip` rows. `columns` are those that are
    /// read: their places, from 0, and their types, which decide how the text of a date looks. Patterns are those that
    /// the texts of dates are going to be read by.
    ///
    /// # Errors
    /// If a pattern is none.
    pub fn new(
        sheet: Option<String>,
        skip: u64,
        columns: Vec<(usize, DataType)>,
        patterns: &TimePatterns,
    ) -> Result<Self> {
        let compile = |pattern: &Option<String>| match pattern {
            None => Ok(None),
            Some(text) => JavaTimeFormat::compile(text)
                .map(Some)
                .map_err(|e| Fault::Unsupported(format!("{text:?} is no pattern of dates: {e}"))),
        };
        Ok(Self {
            sheet,
            skip,
            columns,
            names: None,
            date: compile(&patterns.date)?,
            time: compile(&patterns.time)?,
            timestamp: compile(&patterns.timestamp)?,
        })
    }

    /// The same, where the first row that is not skipped names the columns, in whatever order they are there. `names` are
    /// those of the columns that are read; one that the sheet does not have is null.
    pub fn with_header(mut self, names: Vec<String>) -> Self {
        self.names = Some(names);
        self
    }

    /// Reads a workbook, and gives its rows in batches of so many rows and about so many bytes. What texts are shared
    /// by cells is held in memory; of an xls file all is.
    ///
    /// # Errors
    /// If it is no workbook, is damaged, or has no such sheet; and those of `each`.
    pub fn read(
        &self,
        from: Arc<dyn ReadAt>,
        most: usize,
        bytes: usize,
        each: ExcelRows<'_>,
    ) -> Result<()> {
        // What a damaged file makes the library panic with is an error like others.
        let read = AssertUnwindSafe(|| self.read_sheet(from, most, bytes, each));
        catch_unwind(read).unwrap_or_else(|_| Err(Fault::malformed("the workbook is damaged")))
    }

    fn read_sheet(
        &self,
        from: Arc<dyn ReadAt>,
        most: usize,
        bytes: usize,
        each: ExcelRows<'_>,
    ) -> Result<()> {
        let start = from.bytes_at(0, from.size().min(4) as usize)?;
        let mut rows = Rows {
            rules: self,
            columns: TextColumns::new(self.columns.len()),
            places: match &self.names {
                None => self.columns.iter().map(|(place, _)| Some(*place)).collect(),
                Some(names) => vec![None; names.len()],
            },
            header: None,
            row: None,
            texts: vec![None; self.columns.len()],
            most,
            bytes,
        };
        let content = BufReader::new(Reading::new(from, 0));
        if start.starts_with(XLSX) {
            let mut workbook = Xlsx::new(content).map_err(|e| xlsx(&e))?;
            let sheet = self.sheet(workbook.sheet_names())?;
            let mut cells = workbook.worksheet_cells_reader(&sheet);
            let cells = cells.as_mut().map_err(|e| xlsx(e))?;
            while let Some(cell) = cells.next_cell().map_err(|e| xlsx(&e))? {
                if !rows.cell(cell.get_position(), &Value::of(cell.get_value()), each)? {
                    return Ok(());
                }
            }
        } else if start[..] == *XLS {
            let mut workbook: Xls<_> = Xls::new(content).map_err(|e| xls(&e))?;
            let sheet = self.sheet(workbook.sheet_names())?;
            let range = workbook.worksheet_range(&sheet).map_err(|e| xls(&e))?;
            let (top, left) = range.start().unwrap_or_default();
            for (row, column, value) in range.used_cells() {
                let place = (top + row as u32, left + column as u32);
                if !rows.cell(place, &Value::of_data(value), each)? {
                    return Ok(());
                }
            }
        } else {
            return Err(Fault::malformed("it is no workbook of Excel"));
        }
        if rows.end_row() && rows.columns.rows() > 0 {
            each(rows.columns.finish())?;
        }
        Ok(())
    }

    fn sheet(&self, names: Vec<String>) -> Result<String> {
        match &self.sheet {
            None => names
                .into_iter()
                .next()
                .ok_or_else(|| Fault::malformed("the workbook has no sheet")),
            Some(wanted) if names.contains(wanted) => Ok(wanted.clone()),
            Some(wanted) => Err(Fault::malformed(format!(
                "it has no sheet {wanted:?}, but {}",
                names.join(", ")
            ))),
        }
    }
}

fn xlsx(error: &XlsxError) -> Fault {
    Fault::malformed(format!("the workbook is damaged: {error}"))
}

fn xls(error: &XlsError) -> Fault {
    Fault::malformed(format!("the workbook is damaged: {error}"))
}

/// The value of a cell.
enum Value<'a> {
    Nothing,
    Text(&'a str),
    /// A text with characters that XML does not have as `_x0001_`.
    Escaped(&'a str),
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Date(&'a ExcelDateTime),
}

impl<'a> Value<'a> {
    fn of(value: &'a DataRef<'_>) -> Self {
        match value {
            DataRef::Int(number) => Self::Integer(*number),
            DataRef::Float(number) => Self::Number(*number),
            DataRef::String(text) => Self::Escaped(text),
            DataRef::SharedString(text) => Self::Escaped(text),
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Self::Text(text),
            DataRef::Bool(value) => Self::Boolean(*value),
            DataRef::DateTime(date) => Self::Date(date),
            DataRef::Error(_) | DataRef::Empty => Self::Nothing,
        }
    }

    fn of_data(value: &'a Data) -> Self {
        match value {
            Data::Int(number) => Self::Integer(*number),
            Data::Float(number) => Self::Number(*number),
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
                Self::Text(text)
            }
            Data::Bool(value) => Self::Boolean(*value),
            Data::DateTime(date) => Self::Date(date),
            Data::Error(_) | Data::Empty => Self::Nothing,
        }
    }
}

/// A text with its escapes as the characters that they stand for (ECMA-376, ST_Xstring).
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 7).and_then(|c| c.strip_suffix('_'));
        let code = code.filter(|c| c.bytes().all(|b| b.is_ascii_hexdigit()));
        let character = code.and_then(|c| char::from_u32(u32::from_str_radix(c, 16).ok()?));
        match character {
            Some(character) => {
                out.push_str(&rest[..at]);
                out.push(character);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Collects cells, which come row by row.
struct Rows<'a> {
    rules: &'a ExcelRules,
    columns: TextColumns,
    /// Where each column is; none if the sheet does not have it.
    places: Vec<Option<usize>>,
    /// The row that names the columns.
    header: Option<u32>,
    /// The row that is read.
    row: Option<u32>,
    texts: Vec<Option<String>>,
    most: usize,
    bytes: usize,
}

impl Rows<'_> {
    /// Takes a cell; gives whether more are wanted.
    fn cell(&mut self, place: (u32, u32), value: &Value<'_>, each: ExcelRows<'_>) -> Result<bool> {
        let (row, column) = place;
        if u64::from(row) < self.rules.skip {
            return Ok(true);
        }
        if let Some(names) = &self.rules.names
            && *self.header.get_or_insert(row) == row
        {
            let name = self.rules.text(value, &DataType::String);
            for (place, wanted) in self.places.iter_mut().zip(names) {
                if place.is_none() && name.as_deref() == Some(wanted) {
                    *place = Some(column as usize);
                }
            }
            return Ok(true);
        }
        if self.row != Some(row) {
            self.end_row();
            self.row = Some(row);
            let full = self.columns.rows() >= self.most || self.columns.bytes() >= self.bytes;
            if full && !each(self.columns.finish())? {
                return Ok(false);
            }
        }
        let columns = self.rules.columns.iter().zip(&self.places).enumerate();
        for (index, ((_, data_type), place)) in columns {
            if *place == Some(column as usize) {
                self.texts[index] = self.rules.text(value, data_type);
            }
        }
        Ok(true)
    }

    fn end_row(&mut self) -> bool {
        if self.row.take().is_some() {
            self.columns.push(self.texts.iter().map(Option::as_deref));
            self.texts.fill(None);
        }
        true
    }
}

impl ExcelRules {
    /// The text of a value, as a column of this type is going to read it.
    fn text(&self, value: &Value<'_>, data_type: &DataType) -> Option<String> {
        Some(match value {
            Value::Nothing => return None,
            Value::Text(text) => (*text).to_owned(),
            Value::Escaped(text) => unescaped(text),
            Value::Boolean(value) => value.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Date(date) => self.date(date, data_type),
        })
    }

    fn date(&self, date: &ExcelDateTime, data_type: &DataType) -> String {
        let number = date.as_f64();
        let is_number = matches!(
            data_type,
            DataType::TinyInt
                | DataType::SmallInt
                | DataType::Int
                | DataType::BigInt
                | DataType::Float
                | DataType::Double
                | DataType::Decimal { .. }
        );
        let is_time = (0.0..1.0).contains(&number);
        if is_number || date.is_duration() && !is_time {
            return number.to_string();
        }
        let (year, month, day, hour, minute, second, milli) = date.to_ymd_hms_milli();
        let days = time::days_from_civil(i32::from(year), u32::from(month), u32::from(day));
        let clock = ((i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second)) * 1000;
        let clock = (clock + i64::from(milli)) * 1000;
        let micros = days.map(|days| i64::from(days) * time::MICROS_PER_DAY + clock);
        let (wants_date, wants_time, pattern) = match data_type {
            DataType::Date => (true, false, &self.date),
            DataType::Time => (false, true, &self.time),
            DataType::Timestamp | DataType::TimestampTz => (true, true, &self.timestamp),
            // A text: what there is of both.
            _ => (!is_time, clock != 0 || is_time, &None),
        };
        if let (Some(pattern), Some(micros)) = (pattern, micros) {
            let mut text = Vec::new();
            pattern.format_timestamp_into(micros, &mut text);
            return String::from_utf8_lossy(&text).into_owned();
        }
        let mut text = String::new();
        if wants_date {
            let _ = write!(text, "{year:04}-{month:02}-{day:02}");
        }
        if wants_time {
            let between = if wants_date { " " } else { "" };
            let _ = write!(text, "{between}{hour:02}:{minute:02}:{second:02}");
            if milli != 0 {
                let _ = write!(text, ".{milli:03}");
            }
        }
        text
    }
}
