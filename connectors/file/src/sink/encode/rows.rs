//! Rows as lines: text, CSV, JSON.

use std::path::Path;

use arrow_array::{Array, RecordBatch};
use seatunnel_api::{DataType, Error, Result, codes};
use seatunnel_formats::cells::{CellStyle, Cells, Delimited, Json, render};

use crate::sink::charset::Charset;
use crate::sink::output::OutputFile;

/// How the values of a line look.
pub(crate) enum LineStyle {
    /// Between delimiters.
    Delimited(Box<Delimited>),
    /// As a JSON object.
    Json(Json),
}

/// Makes lines of rows: columns are rendered one by one, then their values put together.
pub(crate) struct LineEncoder {
    style: LineStyle,
    columns: Vec<(String, DataType)>,
    /// What stands before the value of each column.
    leads: Vec<Vec<u8>>,
    /// What stands behind the last value.
    tail: Vec<u8>,
    cells: Vec<Cells>,
    plain: Cells,
    /// Whether a row of one blank value is written as quotes, so that it is not taken for no row.
    marks_blank: bool,
}

impl LineEncoder {
    /// An encoder for rows of these columns.
    ///
    /// # Errors
    /// If values of a column can't be written in this style.
    pub(crate) fn new(
        style: LineStyle,
        columns: Vec<(String, DataType)>,
        row_delimiter: &str,
    ) -> Result<Self> {
        let mut leads = Vec::with_capacity(columns.len());
        let mut tail = Vec::new();
        match &style {
            LineStyle::Delimited(style) => {
                for (name, data_type) in &columns {
                    if Delimited::is_too_deep(data_type) {
                        return Err(Error::new(
                            codes::TYPE_UNSUPPORTED,
                            format!(
                                "column {name:?} nests deeper than text and csv files have separators for"
                            ),
                        )
                        .with_context("type", data_type)
                        .with_help("write it as json or parquet"));
                    }
                    let first = leads.is_empty();
                    leads.push(if first {
                        Vec::new()
                    } else {
                        style.field_delimiter().to_vec()
                    });
                }
            }
            LineStyle::Json(style) => {
                for (name, _) in &columns {
                    let mut lead = vec![if leads.is_empty() { b'{' } else { b',' }];
                    style.string(&mut lead, name.as_bytes(), 0);
                    lead.push(b':');
                    leads.push(lead);
                }
                tail.push(b'}');
            }
        }
        tail.extend_from_slice(row_delimiter.as_bytes());
        Ok(Self {
            marks_blank: columns.len() == 1
                && matches!(&style, LineStyle::Delimited(style) if style.marks_blank_rows()),
            cells: columns.iter().map(|_| Cells::default()).collect(),
            style,
            columns,
            leads,
            tail,
            plain: Cells::default(),
        })
    }

    /// The line with the names of the columns; none in JSON.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut line = Vec::new();
        if let LineStyle::Delimited(style) = &self.style {
            for ((name, _), lead) in self.columns.iter().zip(&self.leads) {
                line.extend_from_slice(lead);
                style.name(&mut line, name);
            }
            line.extend_from_slice(&self.tail);
        }
        line
    }

    /// Writes rows behind those that the file has.
    ///
    /// # Errors
    /// If a value can't be written in this style, or the file can't be written.
    pub(crate) fn write(&mut self, records: &RecordBatch, file: &mut OutputFile) -> Result<()> {
        self.render(records)?;
        for row in 0..records.num_rows() {
            self.line(row, file.buffer());
            file.write_if_large()?;
        }
        Ok(())
    }

    /// Whether there are values that can't be written in this style and in an encoding.
    pub(crate) fn may_refuse(&self, charset: Charset) -> bool {
        let forbids = matches!(&self.style, LineStyle::Delimited(style) if style.forbids_quotes());
        forbids || !charset.is_utf8()
    }

    /// Finds out whether rows can be written, without writing them.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(
        &mut self,
        records: &RecordBatch,
        charset: Charset,
        file: &Path,
    ) -> Result<()> {
        self.render(records)?;
        if charset.is_utf8() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for row in 0..records.num_rows() {
            self.line(row, &mut lines);
        }
        charset.encode(&lines, &mut Vec::new(), file)
    }

    /// Adds a row of those rendered.
    #[inline]
    fn line(&self, row: usize, out: &mut Vec<u8>) {
        for (lead, cells) in self.leads.iter().zip(&self.cells) {
            out.extend_from_slice(lead);
            out.extend_from_slice(cells.get(row));
        }
        if self.marks_blank && self.cells[0].get(row).is_empty() {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(&self.tail);
    }

    fn render(&mut self, records: &RecordBatch) -> Result<()> {
        let columns = records.columns().iter().zip(&self.columns);
        for ((column, (name, data_type)), cells) in columns.zip(&mut self.cells) {
            cells.clear();
            match &self.style {
                LineStyle::Json(style) => render(column.as_ref(), data_type, style, 0, cells),
                LineStyle::Delimited(style) if style.needs_second_look(data_type) => {
                    self.plain.clear();
                    render(
                        column.as_ref(),
                        data_type,
                        style.as_ref(),
                        0,
                        &mut self.plain,
                    );
                    for row in 0..self.plain.len() {
                        let value = self.plain.get(row);
                        cells.push(|out| {
                            if column.is_null(row) {
                                out.extend_from_slice(value);
                            } else {
                                style.quote_if_needed(out, value);
                            }
                        });
                    }
                }
                LineStyle::Delimited(style) => {
                    render(column.as_ref(), data_type, style.as_ref(), 0, cells);
                }
            }
            if let LineStyle::Delimited(style) = &self.style
                && style.forbids_quotes()
                && let Some(row) = (0..cells.len()).find(|row| style.is_unwritable(cells.get(*row)))
            {
                return Err(Error::new(
                    codes::VALUE_INVALID,
                    format!(
                        "a value of column {name:?} has a delimiter or a line break in it and csv_string_quote_mode is NONE"
                    ),
                )
                .with_context("value", String::from_utf8_lossy(cells.get(row)))
                .with_help("use csv_string_quote_mode = MINIMAL, or another field_delimiter"));
            }
        }
        Ok(())
    }
}
