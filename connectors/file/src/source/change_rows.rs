//! Reads changes of databases: a line is one of them, in JSON.

use std::path::Path;
use std::sync::Arc;

use memchr::memchr_iter;
use seatunnel_api::config::{ConfigValue, Kind, Span};
use seatunnel_api::options::Options;
use seatunnel_api::{
    CatalogTable, Column, DirtyRows, Error, Output, Result, TablePath, TableSchema,
};
use seatunnel_formats::{Decoder, Format, FormatOptions, Message};

use super::boundaries::line_at;
use super::dirty::{DirtyLine, set_aside};
use super::json_rows::whole_lines;
use super::progress::Progress;
use super::split::FileSplit;
use super::streams::{Transcoder, read_failed};
use super::table::FileTable;
use super::whole::with_kinds;
use super::window::Window;
use crate::codes;

/// How changes are read.
pub(crate) struct ChangeRules {
    options: FormatOptions,
    table: Arc<CatalogTable>,
}

impl ChangeRules {
    /// For changes of this format whose rows have these columns.
    ///
    /// # Errors
    /// If the format does not fit them.
    pub(crate) fn new(format: Format, columns: Vec<Column>) -> Result<Self> {
        let nothing = ConfigValue::new(Kind::Object(Default::default()), Span::none());
        let mut options = FormatOptions::from_config("file", &nothing)?;
        options.format = format;
        let schema = TableSchema::new(columns);
        let table = CatalogTable::new("file", TablePath::unnamed(), schema);
        let rules = Self {
            options,
            table: Arc::new(table),
        };
        rules.decoder()?;
        Ok(rules)
    }

    fn decoder(&self) -> Result<Decoder> {
        Decoder::new(self.table.clone(), &self.options, true)
    }
}

/// Reads the changes of a split.
///
/// # Errors
/// If the file can't be read, or a line is no such change.
pub(crate) async fn read(
    table: &FileTable,
    rules: &ChangeRules,
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
    let mut decoder = rules.decoder()?;
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
        let mut lines_before = 0;
        loop {
            if window.is_low() {
                window.fill(false).map_err(|e| read_failed(&path, e))?;
            }
            let size = out.batch_size();
            let Some(length) = whole_lines(&mut window, size.bytes, &path)? else {
                break;
            };
            let data = &window.bytes()[..length];
            let (mut used, mut bad) = (0, Vec::new());
            for line in data.split_inclusive(|b| *b == b'\n') {
                if decoder.rows() >= size.rows {
                    break;
                }
                let trimmed = line.trim_ascii();
                if !trimmed.is_empty()
                    && let Err(error) = push(&mut decoder, trimmed)
                {
                    let offset = window.offset() + used as u64;
                    let number = match by_bytes {
                        true => line_at(&table.place, &path, offset).unwrap_or_default(),
                        false => {
                            lines_before + memchr_iter(b'\n', &data[..used]).count() as u64 + 1
                        }
                    };
                    let error = error
                        .with_context("file", path.display())
                        .with_context("line", number);
                    if !dirty.is_on() {
                        return Err(error.with_context("table", table.table.path()));
                    }
                    bad.push(DirtyLine::new(error, line));
                }
                used += line.len();
            }
            lines_before += memchr_iter(b'\n', &data[..used]).count() as u64;
            window.consume(used);
            if decoder.rows() > 0 {
                let (_, records, kinds) = decoder.finish()?.into_parts();
                let columns = records.columns().to_vec();
                let batch = table.with_partitions(&path, columns, records.num_rows())?;
                let batch = with_kinds(batch, kinds);
                progress.emit(batch, window.offset(), out).await?;
            }
            set_aside(bad, table, dirty).await?;
        }
    }
    Ok(())
}

fn push(decoder: &mut Decoder, line: &[u8]) -> Result<()> {
    let message = Message {
        value: Some(line),
        ..Message::default()
    };
    // No change asks for a schema of elsewhere.
    decoder.push(&message).map(|_| ()).map_err(|e| {
        Error::new(codes::VALUE_INVALID, e.message()).with_help("files of changes have one a line")
    })
}
