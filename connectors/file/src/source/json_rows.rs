//! Reads JSON, an object a line.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::PrimitiveBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, StringArray};
use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;
use arrow_schema::{ArrowError, DataType as ArrowType, Field, Schema, SchemaRef};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::{memchr_iter, memrchr};
use seatunnel_api::config::{ConfigValue, Kind};
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
};
use seatunnel_api::{DirtyRows, Error, Output, Result};

use super::boundaries::line_at;
use super::cells::{CellError, TextRules, convert, parse_date, parse_time, parse_timestamp};
use super::dirty::{DirtyLine, Lines, set_aside};
use super::json_columns::JsonColumns;
use super::json_numbers::long_numbers_as_texts;
use super::json_texts::containers_as_texts;
use super::numbers::{parse_decimal, parse_integer};
use super::progress::Progress;
use super::records::{MAX_RECORD, Records};
use super::split::FileSplit;
use super::streams::{Transcoder, read_failed};
use super::table::FileTable;
use super::window::Window;
use crate::codes;
use crate::halving::find_bad;

/// How the objects of a table's files are read.
pub(crate) struct JsonRules {
    text: TextRules,
    /// What reads nearly all files; the way of others, and of lines that it gives up on, is `way`.
    quick: Option<JsonColumns>,
    way: Way,
    columns: Vec<Column>,
}

enum Way {
    /// By columns. Types that JSON doesn't have come as texts first.
    Columns(SchemaRef),
    /// Row by row, for nested values that the quick way can't make.
    Rows,
}

impl JsonRules {
    pub(crate) fn new(columns: &[Column], wanted: &[usize], text: TextRules) -> Self {
        let columns: Vec<Column> = wanted.iter().map(|i| columns[*i].clone()).collect();
        let nested_dates = text.date.is_none() && text.timestamp.is_none();
        let quick = columns.iter().all(|c| match &c.data_type {
            DataType::Array(_) | DataType::Map(..) | DataType::Row(_) => {
                reads_directly(&c.data_type, nested_dates)
            }
            DataType::FloatVector(_) => false,
            _ => true,
        });
        let way = if quick {
            let fields: Vec<Field> = columns
                .iter()
                .map(|c| {
                    let arrow = match &c.data_type {
                        DataType::Float | DataType::Double | DataType::Boolean | DataType::Null => {
                            c.data_type.to_arrow()
                        }
                        DataType::Array(_) | DataType::Map(..) | DataType::Row(_) => {
                            c.data_type.to_arrow()
                        }
                        _ => DataType::String.to_arrow(),
                    };
                    Field::new(&c.name, arrow, true)
                })
                .collect();
            Way::Columns(Arc::new(Schema::new(fields)))
        } else {
            Way::Rows
        };
        Self {
            text,
            quick: JsonColumns::new(columns.iter()),
            way,
            columns,
        }
    }

    fn decoder(schema: &SchemaRef, rows: usize) -> Result<Decoder, ArrowError> {
        ReaderBuilder::new(schema.clone())
            .with_batch_size(rows)
            .with_coerce_primitive(true)
            .build_decoder()
    }
}

/// Whether a column of this name is read as a text.
fn is_text(schema: &Schema, name: &[u8]) -> bool {
    let mut fields = schema.fields().iter();
    fields.any(|f| f.name().as_bytes() == name && *f.data_type() == ArrowType::Utf8)
}

/// Whether a nested value of this type comes out right without texts in between.
fn reads_directly(data_type: &DataType, dates: bool) -> bool {
    match data_type {
        DataType::String | DataType::Boolean => true,
        DataType::Date | DataType::Timestamp => dates,
        DataType::Array(item) => reads_directly(item, dates),
        DataType::Map(key, value) => **key == DataType::String && reads_directly(value, dates),
        DataType::Row(fields) => {
            !fields.is_empty() && fields.iter().all(|f| reads_directly(&f.data_type, dates))
        }
        // Whole numbers don't: the quick way cuts fractions off.
        other => matches!(other, DataType::Float | DataType::Double),
    }
}

/// Reads the rows of a split.
///
/// # Errors
/// If the file can't be read, a line is no object, or a value is not of its column's type.
pub(crate) async fn read(
    table: &FileTable,
    rules: &JsonRules,
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
    dirty: &DirtyRows,
) -> Result<()> {
    let path = Path::new(&split.path).to_owned();
    let by_bytes = table.reads_by_bytes();
    let range = by_bytes.then_some((split.start, split.end));
    let start = split.start;
    let mut parts = table.packing.open(&table.place, &path, range)?;
    let mut progress = Progress::new(split, by_bytes);
    while let Some(stream) = parts.next(&path)? {
        let stream = match table.encoding {
            Some(encoding) => Box::new(Transcoder::new(stream, encoding)),
            None => stream,
        };
        let mut window = Window::new(stream, if by_bytes { start } else { 0 });
        window.fill(false).map_err(|e| read_failed(&path, e))?;
        if window.bytes().starts_with(b"\xef\xbb\xbf") {
            window.consume(3);
        }
        let mut lines_before = (!by_bytes).then_some(0);
        loop {
            if window.is_low() {
                window.fill(false).map_err(|e| read_failed(&path, e))?;
            }
            let Some(length) = whole_lines(&mut window, out.batch_size().bytes, &path)? else {
                break;
            };
            let size = out.batch_size();
            let mut place = Place {
                table,
                path: &path,
                offset: window.offset(),
                lines_before,
            };
            let data = &window.bytes()[..length];
            let lines = match rules.next(data, size.rows, &place) {
                Ok((batch, used)) => Lines {
                    batch,
                    used,
                    dirty: Vec::new(),
                },
                Err(error) if dirty.is_on() && error.code() == codes::VALUE_INVALID => {
                    place.count_lines();
                    lines_before = place.lines_before;
                    rules.next_good(data, size.rows, &place)?
                }
                Err(error) => return Err(error),
            };
            if let Some(before) = &mut lines_before {
                *before += line_ends(&data[..lines.used]);
            }
            window.consume(lines.used);
            if let Some(batch) = lines.batch {
                progress.emit(batch, window.offset(), out).await?;
            }
            set_aside(lines.dirty, table, dirty).await?;
        }
    }
    Ok(())
}

/// Length of the lines at the front of the window, about so many bytes; none at the end.
///
/// # Errors
/// If the file can't be read, or a line is too long.
pub(crate) fn whole_lines<R: std::io::Read>(
    window: &mut Window<R>,
    bytes: usize,
    path: &Path,
) -> Result<Option<usize>> {
    loop {
        let data = window.bytes();
        if data.is_empty() && window.is_last() {
            return Ok(None);
        }
        let near = &data[..data.len().min(bytes)];
        let end = memrchr(b'\n', near).or_else(|| memrchr(b'\n', data));
        match end {
            Some(at) => return Ok(Some(at + 1)),
            None if window.is_last() => return Ok(Some(data.len())),
            None if data.len() >= MAX_RECORD => {
                return Err(Error::new(
                    codes::MALFORMED,
                    format!("a line of {} has more than 1 GiB", path.display()),
                )
                .with_help("JSON files have one object a line"));
            }
            None => window.fill(true).map_err(|e| read_failed(path, e))?,
        }
    }
}

/// Where lines stand, for messages.
struct Place<'a> {
    table: &'a FileTable,
    path: &'a Path,
    offset: u64,
    /// Lines before the data; where positions tell, they are only counted once a line was set aside.
    lines_before: Option<u64>,
}

fn line_ends(data: &[u8]) -> u64 {
    memchr_iter(b'\n', data).count() as u64
}

impl Place<'_> {
    /// Counts the lines before the data, if they are not.
    fn count_lines(&mut self) {
        let count =
            || line_at(&self.table.place, self.path, self.offset).map_or(0, |line| line - 1);
        self.lines_before = Some(self.lines_before.unwrap_or_else(count));
    }

    /// The place of what comes so many bytes and lines later.
    fn behind(&self, bytes: usize, lines: usize) -> Self {
        Self {
            table: self.table,
            path: self.path,
            offset: self.offset + bytes as u64,
            lines_before: self.lines_before.map(|before| before + lines as u64),
        }
    }

    fn error(&self, message: String, data: &[u8], start: usize) -> Error {
        let line = match self.lines_before {
            Some(before) => Some(before + line_ends(&data[..start]) + 1),
            None => line_at(&self.table.place, self.path, self.offset + start as u64),
        };
        let text = String::from_utf8_lossy(&data[start..]);
        let mut shown: String = text.lines().next().unwrap_or("").chars().take(80).collect();
        if shown.len() < text.lines().next().unwrap_or("").len() {
            shown.push('…');
        }
        Error::new(codes::VALUE_INVALID, message)
            .with_context("file", self.path.display())
            .with_context("line", line.unwrap_or_default())
            .with_context("table", self.table.table.path())
            .with_help(format!(
                "the line is {shown}; JSON files have one object a line"
            ))
    }
}

impl JsonRules {
    /// A batch of the lines in `data`, and the bytes that it took.
    fn next(&self, data: &[u8], rows: usize, place: &Place<'_>) -> Result<(Option<Batch>, usize)> {
        let quick = self.quick.as_ref();
        if let Some(read) = quick.and_then(|quick| quick.read(data, rows, &self.text)) {
            let batch = match read.rows {
                0 => None,
                rows => Some(
                    place
                        .table
                        .with_partitions(place.path, read.columns, rows)?,
                ),
            };
            return Ok((batch, read.used));
        }
        match &self.way {
            Way::Columns(schema) => {
                let decoded = match Self::decode(schema, data, rows) {
                    Ok(decoded) => Ok(decoded),
                    Err(error) => self.decode_with_containers(schema, data, rows, place, &error),
                };
                let (records, used) = match decoded {
                    Ok(decoded) => decoded,
                    // Rows as lists, and days within values as SeaTunnel recognises them.
                    Err(error) => return self.row_by_row(data, rows, place).map_err(|_| error),
                };
                let data = &data[..used];
                let Some(records) = records else {
                    return Ok((None, data.len()));
                };
                let columns = self.columns(&records, place, data)?;
                let rows = records.num_rows();
                let batch = place.table.with_partitions(place.path, columns, rows)?;
                Ok((Some(batch), used))
            }
            Way::Rows => self.row_by_row(data, rows, place),
        }
    }

    /// The good ones among lines that have bad ones.
    fn next_good(&self, data: &[u8], rows: usize, place: &Place<'_>) -> Result<Lines> {
        // No more than make a batch, so that each line looked at is used.
        let ends: Vec<usize> = memchr_iter(b'\n', data)
            .map(|at| at + 1)
            .take(rows)
            .collect();
        let ends = match ends.last() {
            Some(last) if ends.len() == rows || *last == data.len() => ends,
            _ => ends.into_iter().chain([data.len()]).collect(),
        };
        let used = ends.last().copied().unwrap_or(0);
        // A line may hold more than one object.
        let most = rows.max(memchr_iter(b'{', &data[..used]).count());
        let span = |from: usize, to: usize| {
            let start = from.checked_sub(1).map_or(0, |before| ends[before]);
            start..ends[to - 1]
        };
        let bad = find_bad(ends.len(), |from, to| {
            let span = span(from, to);
            let place = place.behind(span.start, from);
            self.next(&data[span], most, &place).map(|_| ())
        });
        let mut good = Vec::with_capacity(used);
        let mut dirty = Vec::with_capacity(bad.len());
        let mut from = 0;
        for (line, error) in bad {
            if error.code() != codes::VALUE_INVALID {
                return Err(error);
            }
            let span = span(line, line + 1);
            good.extend_from_slice(&data[from..span.start]);
            from = span.end;
            dirty.push(DirtyLine::new(error, &data[span]));
        }
        good.extend_from_slice(&data[from..used]);
        let (batch, _) = self.next(&good, most, place)?;
        Ok(Lines { batch, used, dirty })
    }

    fn decode(
        schema: &SchemaRef,
        data: &[u8],
        rows: usize,
    ) -> Result<(Option<RecordBatch>, usize), ArrowError> {
        let mut decoder = Self::decoder(schema, rows)?;
        let used = decoder.decode(data)?;
        Ok((decoder.flush()?, used))
    }

    /// Reads data that the decoder refused once more, with objects and lists as the texts that
    /// columns of texts take them for.
    fn decode_with_containers(
        &self,
        schema: &SchemaRef,
        data: &[u8],
        rows: usize,
        place: &Place<'_>,
        error: &ArrowError,
    ) -> Result<(Option<RecordBatch>, usize)> {
        let most = rows.saturating_sub(1);
        let length = memchr_iter(b'\n', data)
            .nth(most)
            .map_or(data.len(), |at| at + 1);
        let data = &data[..length];
        let texts = containers_as_texts(data, |key| is_text(schema, key));
        match Self::decode(schema, &texts, rows) {
            Ok((records, used)) if used == texts.len() => Ok((records, length)),
            Ok(_) => Err(self.find_line(schema, data, place, error)),
            Err(error) => Err(self.find_line(schema, data, place, &error)),
        }
    }

    /// The error of a batch, told of the line that has it.
    fn find_line(
        &self,
        schema: &SchemaRef,
        data: &[u8],
        place: &Place<'_>,
        error: &ArrowError,
    ) -> Error {
        let mut start = 0;
        for line in data.split(|b| *b == b'\n') {
            let texts = containers_as_texts(line, |key| is_text(schema, key));
            if let Err(error) = Self::decode(schema, &texts, 2) {
                return place.error(plain(&error.to_string()), data, start);
            }
            start += line.len() + 1;
        }
        place.error(plain(&error.to_string()), data, 0)
    }

    /// The columns as the table has them.
    fn columns(
        &self,
        records: &RecordBatch,
        place: &Place<'_>,
        data: &[u8],
    ) -> Result<Vec<ArrayRef>> {
        let wanted = place.table.wanted.iter();
        let columns = wanted.map(|i| &place.table.file_columns[*i]);
        columns
            .zip(records.columns())
            .map(|(column, values)| {
                let wanted = column.data_type.to_arrow();
                if *values.data_type() == wanted {
                    return Ok(values.clone());
                }
                let texts = values.as_string::<i32>();
                self.read_texts(texts, &column.data_type).map_err(|e| {
                    let message = format!(
                        "{:?} in the column {:?} is not of type {}",
                        e.text, column.name, column.data_type
                    );
                    let start = nth_line(data, e.row);
                    place.error(message, data, start)
                })
            })
            .collect()
    }

    fn read_texts(&self, texts: &StringArray, data_type: &DataType) -> Result<ArrayRef, CellError> {
        if *data_type == DataType::Bytes {
            let decoded: Result<Vec<Option<Vec<u8>>>, CellError> = texts
                .iter()
                .enumerate()
                .map(|(row, text)| match text {
                    None => Ok(None),
                    Some(text) => STANDARD.decode(text).map(Some).map_err(|_| CellError {
                        row,
                        text: text.chars().take(60).collect(),
                    }),
                })
                .collect();
            return Ok(Arc::new(BinaryArray::from_iter(decoded?)));
        }
        match data_type {
            DataType::TinyInt => return integers::<Int8Type>(texts),
            DataType::SmallInt => return integers::<Int16Type>(texts),
            DataType::Int => return integers::<Int32Type>(texts),
            DataType::BigInt => return integers::<Int64Type>(texts),
            _ => {}
        }
        let records = Records::of_column(texts);
        convert(&records, texts.value_data(), 0, data_type, &self.text)
    }

    /// A day or a time that is written by a pattern of the options, or as files have it; none for anything else.
    fn by_pattern(
        &self,
        value: &ConfigValue,
        data_type: &DataType,
    ) -> Option<Result<Value, String>> {
        let Kind::String(text) = &value.kind else {
            return None;
        };
        let bytes = text.trim().as_bytes();
        let (date, time, timestamp) = (&self.text.date, &self.text.time, &self.text.timestamp);
        let (parsed, told) = match data_type {
            DataType::Date => (parse_date(bytes, date.as_ref()).map(Value::Date), date),
            DataType::Time => (parse_time(bytes, time.as_ref()).map(Value::Time), time),
            DataType::Timestamp => {
                let micros = parse_timestamp(bytes, timestamp.as_ref());
                (micros.map(Value::Timestamp), timestamp)
            }
            _ => return None,
        };
        let empty = bytes.is_empty().then_some(Value::Null);
        match parsed.or(empty) {
            None if told.is_none() => None,
            value => {
                Some(value.ok_or_else(|| {
                    format!("{text:?} is not of type {data_type} as its format says")
                }))
            }
        }
    }

    /// A value of a type, in which days and times are as in the columns.
    fn value(&self, value: &ConfigValue, data_type: &DataType) -> Result<Value, String> {
        match (data_type, &value.kind) {
            (DataType::Array(item), Kind::List(items)) => {
                let items = items.iter().map(|value| self.value(value, item));
                items.collect::<Result<_, _>>().map(Value::Array)
            }
            (DataType::Row(fields), Kind::Object(members)) => {
                let fields = fields.iter().map(|field| match members.get(&field.name) {
                    None => Ok(Value::Null),
                    Some(value) => self
                        .value(value, &field.data_type)
                        .map_err(|message| format!("field {}: {message}", field.name)),
                });
                fields.collect::<Result<_, _>>().map(Value::Row)
            }
            _ => self
                .by_pattern(value, data_type)
                .unwrap_or_else(|| Value::from_config(value, data_type)),
        }
    }

    fn row_by_row(
        &self,
        data: &[u8],
        rows: usize,
        place: &Place<'_>,
    ) -> Result<(Option<Batch>, usize)> {
        let schema = TableSchema::new(self.columns.clone());
        let table = CatalogTable::new("file", TablePath::unnamed(), schema);
        let mut builder = BatchBuilder::new(Arc::new(table));
        let mut used = 0;
        for line in data.split_inclusive(|b| *b == b'\n') {
            if builder.len() >= rows {
                break;
            }
            let start = used;
            used += line.len();
            if line.trim_ascii().is_empty() {
                continue;
            }
            let failed = |message: String| place.error(message, data, start);
            let json: serde_json::Value = serde_json::from_slice(&long_numbers_as_texts(line))
                .map_err(|e| failed(format!("it is no JSON: {e}")))?;
            let tree = ConfigValue::from_json(&json);
            let given = |name: &str, at: usize| match &tree.kind {
                Kind::Object(members) => Ok(members.get(name)),
                // As SeaTunnel has it: the values of the columns in their order.
                Kind::List(items) => Ok(items.get(at)),
                _ => Err(failed(format!(
                    "expected an object, found {}",
                    tree.type_name()
                ))),
            };
            let columns = self.columns.iter().zip(&place.table.wanted);
            let values = columns
                .map(|(column, at)| match given(&column.name, *at)? {
                    None => Ok(Value::Null),
                    Some(value) => self
                        .value(value, &column.data_type)
                        .map_err(|e| failed(format!("in the column {:?}: {e}", column.name))),
                })
                .collect::<Result<Vec<_>>>()?;
            builder
                .push(RowKind::Insert, &values)
                .map_err(|e| failed(e.to_string()))?;
        }
        if builder.is_empty() {
            return Ok((None, used));
        }
        let (_, records, _) = builder.finish().into_parts();
        let rows = records.num_rows();
        let columns = records.columns().to_vec();
        let batch = place.table.with_partitions(place.path, columns, rows)?;
        Ok((Some(batch), used))
    }
}

/// Whole numbers. `1.0` and `1e3` are some, too; `1.5` is none, and is not cut off.
fn integers<T: ArrowPrimitiveType>(texts: &StringArray) -> Result<ArrayRef, CellError>
where
    T::Native: TryFrom<i64>,
{
    let mut column = PrimitiveBuilder::<T>::with_capacity(texts.len());
    for (row, text) in texts.iter().enumerate() {
        let Some(text) = text else {
            column.append_null();
            continue;
        };
        let bytes = text.as_bytes();
        let number = parse_integer(bytes).or_else(|| parse_decimal(bytes, 19, 0)?.try_into().ok());
        let value = number.and_then(|n| T::Native::try_from(n).ok());
        column.append_value(value.ok_or_else(|| CellError {
            row,
            text: text.chars().take(60).collect(),
        })?);
    }
    Ok(Arc::new(column.finish()))
}

/// Where the n-th line that isn't blank starts.
fn nth_line(data: &[u8], wanted: usize) -> usize {
    let mut start = 0;
    let mut seen = 0;
    for line in data.split_inclusive(|b| *b == b'\n') {
        if !line.trim_ascii().is_empty() {
            if seen == wanted {
                return start;
            }
            seen += 1;
        }
        start += line.len();
    }
    0
}

/// Arrow's message without its kind in front.
fn plain(message: &str) -> String {
    let text = message.strip_prefix("Json error: ").unwrap_or(message);
    text.to_owned()
}
