//! One table that is read from files.

use std::path::Path;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8, UTF_16BE};
use regex::bytes::Regex;
use seatunnel_api::config::nearest;
use seatunnel_api::options::SchemaOption;
use seatunnel_api::{
    CatalogTable, Column, DataType, DirtyRows, Error, Output, Result, TableSchema,
    codes as api_codes,
};

use super::boundaries::record_starts;
use super::cells::TextRules;
use super::discovery::{self, Discovering};
use super::formats::{self, More};
use super::java_parse::JavaPattern;
use super::json_rows::JsonRules;
use super::lines::LineRules;
use super::listing::{self, Found, Listing};
use super::records::{Delimiter, Splitter};
use super::split::FileSplit;
use super::streams::{Packing, read_failed};
use super::{json_rows, lines, parquet_rows};
use crate::place::{Place, Root};
use crate::source_options::{FileTableOptions, SourceFormat};

/// What connectors of files call the catalog of their tables.
const CATALOG: &str = "FileSystem";
/// The column of a file that has no schema.
const CONTENT: &str = "content";

/// A table and how its files are read.
pub(crate) struct FileTable {
    pub(crate) table: Arc<CatalogTable>,
    /// The columns that the files have.
    pub(crate) file_columns: Vec<Column>,
    /// Which of them are read, in the order of the table.
    pub(crate) wanted: Vec<usize>,
    /// Columns whose values stand in the names of folders; they come last.
    pub(crate) partition_columns: Vec<String>,
    pub(crate) packing: Packing,
    /// The encoding, if it is not UTF-8.
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) place: Place,
    pub(crate) listing: Listing,
    /// How files that come later are found; none if they are not.
    pub(crate) discovery: Option<Discovering>,
    format: Format,
    split: SplitRules,
}

enum Format {
    Lines(LineRules),
    Json(JsonRules),
    Parquet,
    More(More),
}

/// Whether and how large files are cut.
#[derive(Clone, Copy)]
struct SplitRules {
    enabled: bool,
    asked_for: bool,
    bytes: Option<u64>,
}

/// Bytes of a file below which cutting it is not worth it.
const SMALLEST_SPLIT: u64 = 4 << 20;
/// Splits of a file for each reader, so that a slow reader does not hold up the end.
const SPLITS_PER_READER: u64 = 4;

impl FileTable {
    /// A table of the options; looks at the files, and into the first one where it brings the schema.
    ///
    /// # Errors
    /// If the options make no sense, the path leads nowhere or a file can't be read.
    pub(crate) fn new(
        options: &FileTableOptions,
        root: &Root,
        plugin_output: Option<&str>,
    ) -> Result<Self> {
        let place = root.place.clone();
        place.tell(Self::in_place(options, root, plugin_output))
    }

    fn in_place(
        options: &FileTableOptions,
        root: &Root,
        plugin_output: Option<&str>,
    ) -> Result<Self> {
        let missing = |name: &str| {
            Error::new(
                api_codes::OPTION_INVALID,
                format!("{} needs the option `{name}`", root.plugin),
            )
        };
        let path = options.path.as_ref().ok_or_else(|| missing("path"))?;
        let path = root.path("path", path)?;
        let format = options
            .file_format_type
            .ok_or_else(|| missing("file_format_type"))?;
        let discovery = Discovering::new(options)?;
        let listing = Listing::new(root, path, options)?;
        let files = listing.files()?;
        if discovery.is_some() && files.is_empty() {
            discovery::needs_schema(options, format)?;
        }
        let (file_columns, declared) = columns(&root.place, options, format, &files)?;
        let has_columns = declared.is_some_and(|d| !d.schema.columns.is_empty());
        let wanted = wanted(options, &file_columns)?;
        let partition_columns = match files.first() {
            Some(file) if options.parse_partition_from_path && format != SourceFormat::Binary => {
                listing::partitions(&file.path)
                    .into_iter()
                    .map(|(key, _)| key)
                    .filter(|key| !file_columns.iter().any(|c| c.name == *key))
                    .collect()
            }
            _ => Vec::new(),
        };
        let encoding = encoding(&options.encoding)?;
        let text = text_rules(options, format)?;
        let format_rules = match format {
            SourceFormat::Csv | SourceFormat::Text => {
                Format::Lines(line_rules(options, format, text, has_columns)?)
            }
            SourceFormat::Json if !has_columns => {
                let mut rules = line_rules(options, SourceFormat::Text, text, false)?;
                rules.skip = 0;
                Format::Lines(rules)
            }
            SourceFormat::Json => Format::Json(JsonRules::new(&file_columns, &wanted, text)),
            SourceFormat::Parquet => Format::Parquet,
            other => {
                let columns = (&file_columns[..], &wanted[..], has_columns);
                Format::More(More::new(other, options, columns, text)?)
            }
        };
        let table = table(
            declared,
            plugin_output,
            &file_columns,
            &wanted,
            &partition_columns,
        );
        Ok(Self {
            table,
            file_columns,
            wanted,
            partition_columns,
            packing: Packing {
                compression: options.compress_codec,
                archive: options.archive_compress_codec,
            },
            encoding: (encoding != UTF_8).then_some(encoding),
            place: root.place.clone(),
            listing,
            discovery,
            format: format_rules,
            split: SplitRules {
                enabled: options.enable_file_split.unwrap_or(true),
                asked_for: options.enable_file_split == Some(true),
                bytes: options.file_split_size,
            },
        })
    }

    /// Whether positions are bytes of the file: not where it has to be unpacked or decoded.
    pub(crate) fn reads_by_bytes(&self) -> bool {
        self.packing.is_plain() && self.encoding.is_none()
    }

    /// The splits of all files, for so many readers.
    ///
    /// # Errors
    /// If a file can't be read.
    pub(crate) fn splits(&self, index: usize, readers: usize) -> Result<Vec<FileSplit>> {
        let mut splits = Vec::new();
        for file in self.listing.to_read()? {
            splits.extend(self.splits_of(index, &file, readers)?);
        }
        Ok(splits)
    }

    /// The splits of a file, for so many readers.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn splits_of(
        &self,
        index: usize,
        file: &Found,
        readers: usize,
    ) -> Result<Vec<FileSplit>> {
        let new = |start, end| FileSplit::new(index, &file.path, start, end);
        match &self.format {
            Format::Parquet => {
                let groups = parquet_rows::row_groups(&self.place, &file.path)?;
                Ok(match readers > 1 && self.split.enabled {
                    true => (0..groups).map(|group| new(group, group + 1)).collect(),
                    false if groups > 0 => vec![new(0, groups)],
                    false => Vec::new(),
                })
            }
            Format::More(more) if !matches!(more, More::Changes(_)) => {
                more.splits(self, index, file, readers)
            }
            _ => Ok(match self.cuts(file, readers)? {
                Some(cuts) => {
                    let pieces = cuts.windows(2).filter(|w| w[0] < w[1]);
                    pieces.map(|w| new(w[0], w[1])).collect()
                }
                None => vec![new(0, file.bytes)],
            }),
        }
    }

    /// Whether files are read by several readers at once.
    pub(crate) fn may_split(&self) -> bool {
        self.split.enabled
    }

    /// Bytes of the pieces that a file is cut into for so many readers; none if it is not.
    pub(crate) fn piece(&self, file: &Found, readers: usize) -> Option<u64> {
        let size = match self.split.bytes {
            Some(bytes) => bytes,
            None if readers > 1 => {
                let pieces = readers as u64 * SPLITS_PER_READER;
                file.bytes.div_ceil(pieces).max(SMALLEST_SPLIT)
            }
            None => return None,
        };
        (self.split.enabled && size < file.bytes).then_some(size)
    }

    /// The path of a file below that of the table, or its name if it is all there is.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.listing.root).unwrap_or(path);
        let below = match below.as_os_str().is_empty() {
            true => path.file_name().map_or(path, Path::new),
            false => below,
        };
        below.to_string_lossy().into_owned()
    }

    /// Where a file of lines is cut, its start and end included; none if it is read as a whole.
    fn cuts(&self, file: &Found, readers: usize) -> Result<Option<Vec<u64>>> {
        let Some(size) = self.piece(file, readers).filter(|_| self.reads_by_bytes()) else {
            return Ok(None);
        };
        let (delimiter, quote) = match &self.format {
            Format::Json(_) | Format::More(_) => (b',', None),
            Format::Lines(LineRules {
                splitter: Splitter::Bytes { delimiter, quote },
                ..
            }) => (*delimiter, *quote),
            Format::Lines(LineRules {
                splitter:
                    Splitter::General {
                        quote: None,
                        escape: None,
                        ..
                    },
                row_end,
                ..
            }) if row_end == b"\n" => (b',', None),
            _ => return Ok(None),
        };
        // Finding the ends of rows with quotes means reading the file: from afar only if it is asked for.
        if (quote.is_some() || !self.place.reads_anywhere())
            && !self.place.is_near()
            && self.split.bytes.is_none()
            && !self.split.asked_for
        {
            return Ok(None);
        }
        // The lines left out at the start stay with the first split, and with its first row.
        let first = match &self.format {
            Format::Lines(rules) => lines::first_record(&self.place, rules, &file.path)?,
            _ => 0,
        };
        let targets: Vec<u64> = (1..file.bytes.div_ceil(size))
            .map(|n| n * size)
            .filter(|target| *target > first)
            .collect();
        let range = (first, file.bytes);
        let starts = record_starts(&self.place, &file.path, range, &targets, delimiter, quote)
            .map_err(|e| read_failed(&file.path, e))?;
        let mut cuts = vec![0];
        cuts.extend(starts.into_iter().filter(|at| *at < file.bytes));
        cuts.push(file.bytes);
        cuts.dedup();
        Ok(Some(cuts))
    }

    /// Reads a split.
    ///
    /// # Errors
    /// If the file can't be read or holds what its columns can't.
    pub(crate) async fn read(
        &self,
        split: FileSplit,
        out: &mut Output<'_, FileSplit>,
        dirty: &DirtyRows,
    ) -> Result<()> {
        match &self.format {
            Format::Lines(rules) => lines::read(self, rules, split, out, dirty).await,
            Format::Json(rules) => json_rows::read(self, rules, split, out, dirty).await,
            Format::Parquet => parquet_rows::read(self, split, out).await,
            Format::More(more) => more.read(self, split, out, dirty).await,
        }
    }

    /// Whether the path can still be read.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(&self) -> Result<()> {
        let files = self.listing.files()?;
        // In a store, whoever may list files may read them, or hears of it soon enough.
        for file in files.iter().filter(|_| self.place.is_near()) {
            let opened = self.place.open(&file.path);
            opened.map_err(|e| read_failed(&file.path, e))?;
        }
        Ok(())
    }
}

/// The columns that the files have, and the schema where one is declared.
fn columns<'a>(
    place: &Place,
    options: &'a FileTableOptions,
    format: SourceFormat,
    files: &[Found],
) -> Result<(Vec<Column>, Option<&'a SchemaOption>)> {
    let declared = options.schema.as_ref();
    let content = || vec![Column::new(CONTENT, DataType::String)];
    let columns = match (declared, format) {
        _ if let Some(fixed) = formats::fixed_columns(format, options) => fixed,
        (Some(declared), _) if !declared.schema.columns.is_empty() => {
            declared.schema.columns.clone()
        }
        (_, SourceFormat::Parquet) => match files.first() {
            Some(file) => parquet_rows::columns(place, &file.path)?,
            None => content(),
        },
        _ => formats::columns(place, format, files.first())?.unwrap_or_else(content),
    };
    Ok((columns, declared))
}

/// The encoding of this name: those of Java and of the web.
fn encoding(name: &str) -> Result<&'static Encoding> {
    let label = name.trim();
    // The web calls little-endian "utf-16"; Java means big-endian where no mark says otherwise.
    if label.eq_ignore_ascii_case("utf-16") || label.eq_ignore_ascii_case("utf16") {
        return Ok(UTF_16BE);
    }
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        Error::new(
            api_codes::OPTION_INVALID,
            format!("there is no encoding called {name:?}"),
        )
    })
}

fn wanted(options: &FileTableOptions, columns: &[Column]) -> Result<Vec<usize>> {
    let Some(names) = &options.read_columns else {
        return Ok((0..columns.len()).collect());
    };
    names
        .iter()
        .map(|name| {
            columns.iter().position(|c| c.name == *name).ok_or_else(|| {
                let known = columns.iter().map(|c| c.name.as_str());
                let error = Error::new(
                    api_codes::OPTION_INVALID,
                    format!("`read_columns` names {name:?}, which is no column"),
                );
                match nearest(name, known.clone()) {
                    Some(near) => error.with_help(format!("did you mean {near:?}?")),
                    None => error.with_help(format!(
                        "the columns are {}",
                        known.collect::<Vec<_>>().join(", ")
                    )),
                }
            })
        })
        .collect()
}

fn table(
    declared: Option<&SchemaOption>,
    plugin_output: Option<&str>,
    columns: &[Column],
    wanted: &[usize],
    partitions: &[String],
) -> Arc<CatalogTable> {
    let mut schema = TableSchema::new(wanted.iter().map(|i| columns[*i].clone()).collect());
    let partition_columns = partitions.iter();
    schema
        .columns
        .extend(partition_columns.map(|name| Column::new(name, DataType::String)));
    let full = declared.map(|d| &d.schema);
    schema.primary_key = full
        .and_then(|s| s.primary_key.clone())
        .filter(|key| key.columns.iter().all(|c| schema.index_of(c).is_some()));
    schema.constraint_keys = full
        .map(|s| s.constraint_keys.clone())
        .unwrap_or_default()
        .into_iter()
        .filter(|key| {
            key.columns
                .iter()
                .all(|(c, _)| schema.index_of(c).is_some())
        })
        .collect();
    let option = SchemaOption {
        path: declared.and_then(|d| d.path.clone()),
        comment: declared.and_then(|d| d.comment.clone()),
        schema,
    };
    let table = option.to_table(CATALOG, plugin_output);
    Arc::new(CatalogTable::clone(&table).with_partition_keys(partitions.to_vec()))
}

fn text_rules(options: &FileTableOptions, format: SourceFormat) -> Result<TextRules> {
    let pattern = |name: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => JavaPattern::compile(text).map(Some).map_err(|e| {
            Error::new(
                api_codes::OPTION_INVALID,
                format!("`{name}` can't be understood: {e} in {text:?}"),
            )
        }),
    };
    let default_delimiter = if format == SourceFormat::Csv {
        ","
    } else {
        "\u{1}"
    };
    let delimiter = options
        .field_delimiter
        .as_deref()
        .unwrap_or(default_delimiter);
    Ok(TextRules {
        null: options.null_format.as_ref().map(|n| n.as_bytes().to_vec()),
        date: pattern("date_format", &options.date_format)?,
        time: pattern("time_format", &options.time_format)?,
        timestamp: pattern("datetime_format", &options.datetime_format)?,
        delimiter: delimiter.as_bytes().to_vec(),
    })
}

fn line_rules(
    options: &FileTableOptions,
    format: SourceFormat,
    text: TextRules,
    has_schema: bool,
) -> Result<LineRules> {
    let one_byte = |name: &str, text: &str| match text.as_bytes() {
        [] => Ok(None),
        [byte] => Ok(Some(*byte)),
        _ => Err(Error::new(
            api_codes::OPTION_INVALID,
            format!("`{name}` is one character of ASCII, not {text:?}"),
        )),
    };
    let csv = format == SourceFormat::Csv;
    let quote = if csv {
        one_byte("quote_char", &options.quote_char)?
    } else {
        None
    };
    let escape = match &options.escape_char {
        Some(escape) if csv => one_byte("escape_char", escape)?,
        _ => None,
    };
    // A quote that escapes itself is what doubled quotes are anyway.
    let escape = escape.filter(|e| Some(*e) != quote);
    let delimiter = match (has_schema, csv) {
        (false, _) => Delimiter::None,
        (true, true) => Delimiter::Literal(text.delimiter.clone()),
        (true, false) => text_delimiter(&text.delimiter)?,
    };
    let row_end = options.row_delimiter.as_bytes().to_vec();
    if row_end.is_empty() {
        return Err(Error::new(
            api_codes::OPTION_INVALID,
            "`row_delimiter` must not be empty",
        ));
    }
    let splitter = match &delimiter {
        Delimiter::Literal(bytes)
            if bytes.len() == 1 && row_end == b"\n" && escape.is_none() && bytes[0] != b'\n' =>
        {
            Splitter::Bytes {
                delimiter: bytes[0],
                quote,
            }
        }
        _ => Splitter::General {
            quote: if matches!(delimiter, Delimiter::Literal(_)) {
                quote
            } else {
                None
            },
            delimiter,
            row_end: row_end.clone(),
            escape,
        },
    };
    Ok(LineRules {
        splitter,
        text,
        skip: options.skip_header_row_number,
        use_header: csv && has_schema && options.csv_use_header_line,
        row_end,
    })
}

/// SeaTunnel takes the delimiter of text files for a regular expression. One that stands for itself,
/// `|` or `\\|` or `||`, is taken as it is; that is also quicker.
pub(super) fn text_delimiter(text: &[u8]) -> Result<Delimiter> {
    const SPECIAL: &[u8] = b".$|()[{^?*+\\";
    if text.len() == 1 || !text.iter().any(|b| SPECIAL.contains(b)) {
        return Ok(Delimiter::Literal(text.to_vec()));
    }
    if text.iter().all(|b| *b == b'|') {
        // As an expression it would match everywhere: nobody means that.
        return Ok(Delimiter::Literal(text.to_vec()));
    }
    let mut literal = Vec::new();
    let mut bytes = text.iter();
    let is_literal = loop {
        match bytes.next() {
            None => break true,
            Some(b'\\') => match bytes.next() {
                Some(b't') => literal.push(b'\t'),
                Some(escaped) if escaped.is_ascii_punctuation() => literal.push(*escaped),
                _ => break false,
            },
            Some(byte) if SPECIAL.contains(byte) => break false,
            Some(byte) => literal.push(*byte),
        }
    };
    if is_literal {
        return Ok(Delimiter::Literal(literal));
    }
    let pattern = String::from_utf8_lossy(text);
    Regex::new(&pattern).map(Delimiter::Regex).map_err(|e| {
        Error::new(
            api_codes::OPTION_INVALID,
            format!("`field_delimiter` is neither a text nor a regular expression: {pattern:?}"),
        )
        .with_cause(e)
    })
}
