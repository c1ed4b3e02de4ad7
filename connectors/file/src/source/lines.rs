//! Reads csv and text.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use seatunnel_api::{Batch, DirtyRows, Error, Fact, Output, Result};

use super::boundaries::line_at;
use super::cells::{CellError, TextRules, convert};
use super::dirty::{DirtyLine, Lines, set_aside};
use super::progress::Progress;
use super::records::{MAX_RECORD, Records, Splitter};
use super::split::FileSplit;
use super::streams::{Transcoder, read_failed};
use super::table::FileTable;
use super::window::Window;
use crate::codes;
use crate::halving::find_bad;
use crate::place::Place;

/// How the lines of a table's files are read.
#[derive(Clone, Debug)]
pub(crate) struct LineRules {
    pub(crate) splitter: Splitter,
    pub(crate) text: TextRules,
    pub(crate) skip: u64,
    pub(crate) use_header: bool,
    pub(crate) row_end: Vec<u8>,
}

/// Reads the rows of a split.
///
/// # Errors
/// If the file can't be read or a field is not of its column's type.
pub(crate) async fn read(
    table: &FileTable,
    rules: &LineRules,
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
    dirty: &DirtyRows,
) -> Result<()> {
    let path = Path::new(&split.path).to_owned();
    let by_bytes = table.reads_by_bytes();
    let range = by_bytes.then_some((split.start, split.end));
    let mut parts = table.packing.open(&table.place, &path, range)?;
    let start = split.start;
    let mut progress = Progress::new(split, by_bytes);
    // What the header of a file says about the order of its columns.
    let header_of_plain = match (by_bytes, rules.use_header) {
        (true, true) => Some(read_header(table, rules, &path)?),
        _ => None,
    };
    while let Some(stream) = parts.next(&path)? {
        let stream = match table.encoding {
            Some(encoding) => Box::new(Transcoder::new(stream, encoding)),
            None => stream,
        };
        let starts_file = !by_bytes || start == 0;
        let mut window = Window::new(stream, if by_bytes { start } else { 0 });
        window.fill(false).map_err(|e| read_failed(&path, e))?;
        let mut lines_before = 0;
        let mut order = header_of_plain.clone();
        if starts_file {
            skip_start(rules, &mut window, &path)?;
            lines_before += rules.skip;
            if rules.use_header {
                if order.is_none() {
                    order = Some(header_order(table, rules, window.bytes(), &path)?);
                }
                let length = header_length(rules, window.bytes());
                lines_before += line_ends(&window.bytes()[..length]);
                window.consume(length);
            }
        }
        let mut reading = Reading {
            table,
            rules,
            path: &path,
            order: order.as_deref(),
            keep_dirty: dirty.is_on(),
            lines_before: (!by_bytes).then_some(lines_before),
            records: Records::default(),
        };
        loop {
            let most = out.batch_size().rows;
            if window.is_low() {
                window.fill(false).map_err(|e| read_failed(&path, e))?;
            }
            let Some(lines) = reading.next(&mut window, most, out.batch_size().bytes)? else {
                break;
            };
            reading.consume(&mut window, lines.used);
            if let Some(batch) = lines.batch {
                progress.emit(batch, window.offset(), out).await?;
            }
            set_aside(lines.dirty, table, dirty).await?;
        }
    }
    Ok(())
}

struct Reading<'a> {
    table: &'a FileTable,
    rules: &'a LineRules,
    path: &'a Path,
    /// For each column of the schema its field in the file, where the header tells.
    order: Option<&'a [Option<usize>]>,
    /// Whether rows with wrong fields are set aside.
    keep_dirty: bool,
    /// Lines of this part that were read already, for messages; where positions tell, they are only
    /// counted once a row was set aside.
    lines_before: Option<u64>,
    records: Records,
}

impl Reading<'_> {
    /// The next batch and the bytes that it took; none at the end.
    fn next<R: std::io::Read>(
        &mut self,
        window: &mut Window<R>,
        most: usize,
        bytes: usize,
    ) -> Result<Option<Lines>> {
        loop {
            let data = window.bytes();
            if data.is_empty() && window.is_last() {
                return Ok(None);
            }
            // Batches end at so many bytes too: what lies beyond is not looked at yet.
            let within = data.len() <= bytes || data.len() < 2 * bytes;
            let view = if within { data } else { &data[..bytes] };
            let last = window.is_last() && within;
            let width = self.order.map_or(self.table.file_columns.len(), |order| {
                order.iter().flatten().max().map_or(1, |most| most + 1)
            });
            let mut records = std::mem::take(&mut self.records);
            let mut used = self
                .rules
                .splitter
                .split(view, last, width, most, &mut records);
            if records.rows() == 0 && used == 0 && !within {
                let most_bytes = data.len().min(MAX_RECORD);
                let last = window.is_last() && most_bytes == data.len();
                used =
                    self.rules
                        .splitter
                        .split(&data[..most_bytes], last, width, most, &mut records);
            }
            if let Some(start) = records.unclosed {
                return Err(self.unclosed(start, data, window.offset()));
            }
            if records.rows() > 0 {
                let lines = self.lines(&records, window.bytes(), window.offset(), used);
                self.records = records;
                return lines.map(Some);
            }
            self.records = records;
            if used > 0 {
                self.consume(window, used);
                continue;
            }
            if window.is_last() {
                return Ok(None);
            }
            if window.bytes().len() >= MAX_RECORD {
                return Err(Error::new(
                    codes::MALFORMED,
                    format!("a row of {} has more than 1 GiB", self.path.display()),
                )
                .with_help("is a quote not closed, or `row_delimiter` another?"));
            }
            window.fill(true).map_err(|e| read_failed(self.path, e))?;
        }
    }

    /// The rows of the records; with those that are none, where they are set aside.
    fn lines(&mut self, records: &Records, data: &[u8], offset: u64, used: usize) -> Result<Lines> {
        let (position, error) = match self.columns(records, data) {
            Ok(columns) => {
                let rows = records.rows();
                let batch = self.table.with_partitions(self.path, columns, rows)?;
                return Ok(Lines {
                    batch: Some(batch),
                    used,
                    dirty: Vec::new(),
                });
            }
            Err(found) => found,
        };
        if !self.keep_dirty {
            let line = self.line(records.starts[error.row], data, offset);
            return Err(self.error(&error, line, position));
        }
        self.lines_before = Some(self.line(0, data, offset) - 1);
        // Copied once, not for each part looked at.
        let mut scratch = records.scratch.clone();
        let bad = find_bad(records.rows(), |from, to| {
            let part = records.only(from..to, std::mem::take(&mut scratch));
            let columns = self.columns(&part, data);
            scratch = part.scratch;
            columns.map(|_| ())
        });
        let mut dirty = Vec::with_capacity(bad.len());
        // Lines are counted on from one to the next.
        let (mut at, mut line) = (0, self.line(0, data, offset));
        for (row, (position, error)) in &bad {
            let start = records.starts[*row] as usize;
            let end = records.starts.get(row + 1).map_or(used, |s| *s as usize);
            line += line_ends(&data[at..start]);
            at = start;
            let error = self.error(error, line, *position);
            dirty.push(DirtyLine::new(error, &data[start..end]));
        }
        let mut rows_bad = bad.iter().map(|(row, _)| *row).peekable();
        let good = (0..records.rows()).filter(|row| rows_bad.next_if_eq(row).is_none());
        let good = records.only(good, scratch);
        let batch = match good.rows() {
            0 => None,
            rows => {
                let columns = self.columns(&good, data).map_err(|(position, error)| {
                    let line = self.line(good.starts[error.row], data, offset);
                    self.error(&error, line, position)
                })?;
                let batch = self.table.with_partitions(self.path, columns, rows)?;
                Some(batch)
            }
        };
        Ok(Lines { batch, used, dirty })
    }

    /// The columns of the records; or the first field that is wrong, and the position of its column.
    fn columns(
        &self,
        records: &Records,
        data: &[u8],
    ) -> std::result::Result<Vec<ArrayRef>, (usize, CellError)> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.table.wanted.len());
        for index in &self.table.wanted {
            let column = &self.table.file_columns[*index];
            let field = match self.order {
                None => Some(*index),
                Some(order) => order[*index],
            };
            columns.push(match field {
                Some(field) => convert(records, data, field, &column.data_type, &self.rules.text)
                    .map_err(|e| (*index, e))?,
                None => arrow_array::new_null_array(&column.data_type.to_arrow(), records.rows()),
            });
        }
        Ok(columns)
    }

    /// Moves the window, and counts lines where messages will need it.
    fn consume<R: std::io::Read>(&mut self, window: &mut Window<R>, bytes: usize) {
        if let Some(before) = &mut self.lines_before {
            *before += line_ends(&window.bytes()[..bytes]);
        }
        window.consume(bytes);
    }

    /// The number of the line at `start` in the data.
    fn line(&self, start: u32, data: &[u8], offset: u64) -> u64 {
        match self.lines_before {
            Some(before) => before + line_ends(&data[..start as usize]) + 1,
            None => line_at(&self.table.place, self.path, offset + u64::from(start)).unwrap_or(1),
        }
    }

    fn unclosed(&self, start: u32, data: &[u8], offset: u64) -> Error {
        Error::new(codes::MALFORMED, "a quote is never closed")
            .with_context("file", self.path.display())
            .with_context("line", self.line(start, data, offset))
            .with_context("table", self.table.table.path())
            .with_help(
                "close it, or set `quote_char` to what the file has (nothing if it has no quotes)",
            )
    }

    fn error(&self, error: &CellError, line: u64, column: usize) -> Error {
        let column = &self.table.file_columns[column];
        Error::new(
            codes::VALUE_INVALID,
            format!("{:?} is not of type {}", error.text, column.data_type),
        )
        .with_context("file", self.path.display())
        .with_context("line", line)
        .with_context("column", &column.name)
        .with_context("table", self.table.table.path())
        .with_help(
            "correct the row, or give the column the type `string`; dates need `date_format`, `datetime_format` or `time_format` if they are not written as 2024-01-31 and 07:08:09",
        )
    }
}

fn line_ends(data: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', data).count() as u64
}

/// Moves the window behind what is left out at the start of a file: a byte order mark, and lines.
fn skip_start<R: std::io::Read>(
    rules: &LineRules,
    window: &mut Window<R>,
    path: &Path,
) -> Result<()> {
    if window.bytes().starts_with(b"\xef\xbb\xbf") {
        window.consume(3);
    }
    for _ in 0..rules.skip {
        skip_line(&rules.row_end, window, path)?;
    }
    Ok(())
}

/// Bytes of the header at the front of `data`.
fn header_length(rules: &LineRules, data: &[u8]) -> usize {
    let mut records = Records::default();
    rules.splitter.split(data, true, 1, 1, &mut records)
}

/// The byte of a plain file where its first record starts.
///
/// # Errors
/// If the file can't be read.
pub(crate) fn first_record(place: &Place, rules: &LineRules, path: &Path) -> Result<u64> {
    let file = place.start(path).map_err(|e| read_failed(path, e))?;
    let mut window = Window::new(file, 0);
    window.fill(false).map_err(|e| read_failed(path, e))?;
    skip_start(rules, &mut window, path)?;
    if rules.use_header {
        window.consume(header_length(rules, window.bytes()));
    }
    Ok(window.offset())
}

/// Moves the window behind the next end of a row.
fn skip_line<R: std::io::Read>(row_end: &[u8], window: &mut Window<R>, path: &Path) -> Result<()> {
    loop {
        match memchr::memmem::find(window.bytes(), row_end) {
            Some(at) => {
                window.consume(at + row_end.len());
                return Ok(());
            }
            None if window.is_last() => {
                window.consume(window.bytes().len());
                return Ok(());
            }
            None => window.fill(true).map_err(|e| read_failed(path, e))?,
        }
    }
}

/// Reads the header of a plain file, for splits that don't start with it.
fn read_header(table: &FileTable, rules: &LineRules, path: &Path) -> Result<Vec<Option<usize>>> {
    let file = table.place.start(path).map_err(|e| read_failed(path, e))?;
    let mut window = Window::new(file, 0);
    window.fill(false).map_err(|e| read_failed(path, e))?;
    skip_start(rules, &mut window, path)?;
    header_order(table, rules, window.bytes(), path)
}

/// For each column of the schema the position of the field with its name; none where there is none.
fn header_order(
    table: &FileTable,
    rules: &LineRules,
    data: &[u8],
    path: &Path,
) -> Result<Vec<Option<usize>>> {
    const MOST: usize = 10_000;
    let mut records = Records::default();
    rules.splitter.split(data, true, MOST, 1, &mut records);
    let names: Vec<String> = records
        .fields
        .iter()
        .map(|field| {
            String::from_utf8_lossy(field.bytes(data, &records.scratch))
                .trim()
                .to_owned()
        })
        .collect();
    let order: Vec<Option<usize>> = table
        .file_columns
        .iter()
        .map(|c| names.iter().position(|name| *name == c.name))
        .collect();
    if order.iter().all(Option::is_none) {
        let names: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|n| !n.is_empty())
            .collect();
        return Err(Error::new(
            codes::MALFORMED,
            format!(
                "the first line of {} names no column of the schema: {}",
                path.display(),
                names.join(", ")
            ),
        )
        .with_help("set csv_use_header_line = false if the file has no header"));
    }
    Ok(order)
}

/// What is known of each row of a file besides its values.
pub(crate) const FACTS: [&str; 2] = ["FilePath", "FileType"];

fn facts(path: &Path) -> Vec<Fact> {
    let ending = path
        .extension()
        .map_or_else(String::new, |ending| ending.to_string_lossy().into_owned());
    let values = [path.to_string_lossy().into_owned(), ending];
    let facts = FACTS.into_iter().zip(values);
    facts
        .map(|(name, value)| Fact::same(name, Arc::new(StringArray::from(vec![value]))))
        .collect()
}

/// Columns and the partitions of their file as a batch of the table.
impl FileTable {
    pub(crate) fn with_partitions(
        &self,
        path: &Path,
        mut columns: Vec<ArrayRef>,
        rows: usize,
    ) -> Result<Batch> {
        if !self.partition_columns.is_empty() {
            let of_file = super::listing::partitions(path);
            for name in &self.partition_columns {
                let value = of_file
                    .iter()
                    .find(|(key, _)| key == name)
                    .map(|(_, v)| v.as_str());
                columns.push(Arc::new(StringArray::from_iter(std::iter::repeat_n(
                    value, rows,
                ))));
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = self.table.arrow_schema().clone();
        let records = RecordBatch::try_new_with_options(schema, columns, &options)?;
        Ok(Batch::inserts(self.table.clone(), records).with_facts(facts(path)))
    }
}
