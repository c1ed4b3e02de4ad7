//! Writes the rows of a workbook.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use seatunnel_api::time::MICROS_PER_DAY;
use seatunnel_api::{Column, DataType};
use seatunnel_formats::cells::Cells;

use super::dates::{serial, time_serial};
use crate::cells::{TextRules, is_missing};
use crate::{Fault, FileWriter, Result, TimePatterns};

/// Characters that a cell holds at most.
const MOST_TEXT: usize = 32_767;
/// Whole numbers up to here are exact as Excel keeps numbers.
const EXACT: u64 = 1 << 53;
/// Digits that Excel keeps of a number.
const DIGITS: usize = 15;
/// Rows that a sheet has at most.
const MOST_ROWS: u32 = 1_048_576;
/// Columns that a sheet has at most.
const MOST_COLUMNS: usize = 16_384;

/// How a workbook looks.
#[derive(Clone, Debug)]
pub struct ExcelStyle {
    /// The name of the sheet. Further sheets, when one is full, have a number behind it.
    pub sheet: String,
    /// Rows of a sheet at most, its header too.
    pub sheet_rows: u32,
    /// How dates are shown.
    pub patterns: TimePatterns,
}

/// A workbook that is being written. Rows lie in a temporary file until it is finished.
pub struct ExcelWriter<W> {
    out: W,
    workbook: Workbook,
    style: ExcelStyle,
    rules: Arc<TextRules>,
    formats: Formats,
    columns: Vec<Column>,
    cells: Vec<Cells>,
    /// Sheets there are.
    sheets: usize,
    /// The next row of the last one.
    row: u32,
}

struct Formats {
    text: Format,
    date: Format,
    time: Format,
    timestamp: Format,
}

impl<W: Write> ExcelWriter<W> {
    /// A workbook with a header of these columns.
    ///
    /// # Errors
    /// If it has too many columns, the name of the sheet is none, or there is no room for temporary files.
    pub fn new(
        out: W,
        columns: &[Column],
        style: ExcelStyle,
        rules: Arc<TextRules>,
    ) -> Result<Self> {
        if columns.len() > MOST_COLUMNS {
            return Err(Fault::Unsupported(format!(
                "a sheet of Excel has at most {MOST_COLUMNS} columns, not {}",
                columns.len()
            )));
        }
        let shown = |pattern: &Option<String>, default: &str| {
            Format::new().set_num_format(pattern.as_deref().unwrap_or(default))
        };
        let mut writer = Self {
            out,
            workbook: Workbook::new(),
            formats: Formats {
                text: Format::new().set_num_format("@"),
                date: shown(&style.patterns.date, "yyyy-mm-dd"),
                time: shown(&style.patterns.time, "hh:mm:ss"),
                timestamp: shown(&style.patterns.timestamp, "yyyy-mm-dd hh:mm:ss"),
            },
            style,
            rules,
            cells: columns.iter().map(|_| Cells::default()).collect(),
            columns: columns.to_vec(),
            sheets: 0,
            row: 0,
        };
        writer.add_sheet()?;
        Ok(writer)
    }

    fn add_sheet(&mut self) -> Result<()> {
        let sheet = self.workbook.add_worksheet_with_constant_memory();
        let sheet = sheet.map_err(failed)?;
        let name = match self.sheets {
            0 => self.style.sheet.clone(),
            number => format!("{}_{number}", self.style.sheet),
        };
        sheet.set_name(&name).map_err(failed)?;
        for (place, column) in self.columns.iter().enumerate() {
            sheet
                .write_string(0, place as u16, &column.name)
                .map_err(failed)?;
        }
        self.sheets += 1;
        self.row = 1;
        Ok(())
    }
}

/// Whether rows can be written.
///
/// # Errors
/// The first value that has no place in a cell.
pub fn check_rows(columns: &[Column], rules: &TextRules, rows: &RecordBatch) -> Result<()> {
    let mut cells: Vec<Cells> = columns.iter().map(|_| Cells::default()).collect();
    render(columns, rules, rows, &mut cells)
}

/// Renders what becomes texts, and finds what has no place.
fn render(
    columns: &[Column],
    rules: &TextRules,
    rows: &RecordBatch,
    cells: &mut [Cells],
) -> Result<()> {
    let columns = columns.iter().zip(rows.columns());
    for ((column, values), cells) in columns.zip(cells) {
        cells.clear();
        if has_own_cells(&column.data_type) {
            continue;
        }
        rules.render(values, &column.data_type, cells);
        for row in 0..cells.len() {
            let bytes = cells.get(row);
            let why = match std::str::from_utf8(bytes) {
                Err(_) => "bytes that are no text have no place in a cell",
                Ok(text) if bytes.len() > MOST_TEXT && text.encode_utf16().count() > MOST_TEXT => {
                    "a cell holds at most 32,767 characters"
                }
                Ok(_) => continue,
            };
            return Err(Fault::value(row, &column.name, why));
        }
    }
    Ok(())
}

/// Whether values of a type have a kind of cells of their own, not texts.
fn has_own_cells(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Boolean
            | DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::Float
            | DataType::Double
            | DataType::Date
    )
}

fn failed(error: XlsxError) -> Fault {
    match error {
        XlsxError::IoError(error) => Fault::Io(error),
        other => Fault::Unsupported(other.to_string()),
    }
}

/// What is written into a cell.
enum Cell {
    Number(f64),
    Boolean(bool),
    Date(f64),
    Time(f64),
    Timestamp(f64),
    /// Its rendered text.
    Text,
}

fn whole(value: i64) -> Cell {
    match value.unsigned_abs() <= EXACT {
        true => Cell::Number(value as f64),
        false => Cell::Text,
    }
}

fn cell(values: &ArrayRef, data_type: &DataType, row: usize, text: &[u8]) -> Cell {
    match data_type {
        DataType::Boolean => Cell::Boolean(values.as_boolean().value(row)),
        DataType::TinyInt => whole(values.as_primitive::<Int8Type>().value(row).into()),
        DataType::SmallInt => whole(values.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int => whole(values.as_primitive::<Int32Type>().value(row).into()),
        DataType::BigInt => whole(values.as_primitive::<Int64Type>().value(row)),
        DataType::Float => {
            // As it is read, not as its bits are: 0.1, not 0.10000000149011612.
            let value = values.as_primitive::<Float32Type>().value(row);
            number(value.to_string().parse().unwrap_or(f64::from(value)))
        }
        DataType::Double => number(values.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal { .. } => {
            let digits = text.iter().filter(|b| b.is_ascii_digit());
            let digits = digits.skip_while(|b| **b == b'0').count();
            let parsed = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
            match parsed {
                Some(parsed) if digits <= DIGITS => Cell::Number(parsed),
                _ => Cell::Text,
            }
        }
        DataType::Date => {
            let days = values.as_primitive::<Date32Type>().value(row);
            serial(i64::from(days) * MICROS_PER_DAY).map_or(Cell::Text, Cell::Date)
        }
        DataType::Time => {
            let micros = values.as_primitive::<Time64MicrosecondType>().value(row);
            time_serial(micros).map_or(Cell::Text, Cell::Time)
        }
        DataType::Timestamp => {
            let micros = values.as_primitive::<TimestampMicrosecondType>();
            serial(micros.value(row)).map_or(Cell::Text, Cell::Timestamp)
        }
        _ => Cell::Text,
    }
}

fn number(value: f64) -> Cell {
    match value.is_finite() {
        true => Cell::Number(value),
        false => Cell::Text,
    }
}

/// The library panics when the disk of its temporary files is full; that is an error like others.
fn guarded<T>(write: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(|_| {
        Err(Fault::Io(io::Error::other(
            "the rows of the workbook can't be written to a temporary file: is the disk full?",
        )))
    })
}

impl<W: Write> ExcelWriter<W> {
    fn write_rows(&mut self, rows: &RecordBatch) -> Result<()> {
        render(&self.columns, &self.rules, rows, &mut self.cells)?;
        for row in 0..rows.num_rows() {
            if self.row >= self.style.sheet_rows.clamp(2, MOST_ROWS) {
                self.add_sheet()?;
            }
            let (sheet, formats) = (self.sheets - 1, &self.formats);
            let sheet = self.workbook.worksheet_from_index(sheet).map_err(failed)?;
            let mut is_blank = true;
            let fields = self.columns.iter().zip(rows.columns()).zip(&self.cells);
            for (place, ((column, values), cells)) in fields.enumerate() {
                if is_missing(values, row) {
                    continue;
                }
                is_blank = false;
                let text = match cells.is_empty() {
                    true => &[],
                    false => cells.get(row),
                };
                let written = match cell(values, &column.data_type, row, text) {
                    Cell::Text if cells.is_empty() => {
                        // One of those that have no number in Excel.
                        let mut own = Cells::default();
                        self.rules
                            .render(&values.slice(row, 1), &column.data_type, &mut own);
                        put_text(sheet, self.row, place, own.get(0), &formats.text)
                    }
                    Cell::Text => put_text(sheet, self.row, place, text, &formats.text),
                    Cell::Number(number) => sheet.write_number(self.row, place as u16, number),
                    Cell::Boolean(value) => sheet.write_boolean(self.row, place as u16, value),
                    Cell::Date(number) => sheet.write_number_with_format(
                        self.row,
                        place as u16,
                        number,
                        &formats.date,
                    ),
                    Cell::Time(number) => sheet.write_number_with_format(
                        self.row,
                        place as u16,
                        number,
                        &formats.time,
                    ),
                    Cell::Timestamp(number) => sheet.write_number_with_format(
                        self.row,
                        place as u16,
                        number,
                        &formats.timestamp,
                    ),
                };
                written.map_err(failed)?;
            }
            if is_blank {
                // A row without cells would be none.
                sheet
                    .write_blank(self.row, 0, &formats.text)
                    .map_err(failed)?;
            }
            self.row += 1;
        }
        Ok(())
    }
}

impl<W: Write + Send> FileWriter<W> for ExcelWriter<W> {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        guarded(|| self.write_rows(rows))
    }

    fn memory(&self) -> usize {
        0
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn inner_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn finish(mut self: Box<Self>) -> Result<W> {
        let Self { workbook, out, .. } = &mut *self;
        guarded(|| workbook.save_to_writer(out).map_err(failed))?;
        Ok(self.out)
    }
}

fn put_text<'a>(
    sheet: &'a mut Worksheet,
    row: u32,
    place: usize,
    text: &[u8],
    format: &Format,
) -> Result<&'a mut Worksheet, XlsxError> {
    let text = String::from_utf8_lossy(text);
    sheet.write_string_with_format(row, place as u16, text, format)
}
