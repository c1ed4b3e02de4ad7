//! Formats of files other than lines and Parquet.

use std::path::Path;
use std::sync::Arc;

use seatunnel_api::options::OptionValue;
use seatunnel_api::{Column, DataType, DirtyRows, Error, Output, Result, codes as api_codes};
use seatunnel_file_formats::excel::ExcelRules;
use seatunnel_file_formats::xml::XmlRules;
use seatunnel_file_formats::{TimePatterns, markdown, word};

use super::binary_rows::{self, BinaryRules, CHUNK};
use super::cells::TextRules;
use super::change_rows::{self, ChangeRules};
use super::chunks;
use super::listing::Found;
use super::rules::text_delimiter;
use super::split::FileSplit;
use super::table::FileTable;
use super::text_values::TextValues;
use super::whole::told;
use super::{avro_rows, excel_rows, markdown_rows, orc_rows, word_rows, xml_rows};
use crate::codes;
use crate::place::Place;
use crate::source_options::{FileTableOptions, SourceFormat};

/// Bytes of a piece of a binary file at most, as in SeaTunnel.
const MOST_CHUNK: u64 = 100 << 20;

/// A format and how its files are read.
pub(crate) enum More {
    Orc,
    Avro,
    Xml(XmlRules, TextValues),
    Excel(Arc<ExcelRules>, TextValues),
    Binary(BinaryRules),
    Word,
    /// Whether the metadata of chunks comes along.
    Markdown(bool),
    Changes(ChangeRules),
}

/// The columns that files of a format have by themselves; none if the job file has to say them. `file` is one of them.
///
/// # Errors
/// If the file is none of the format.
pub(crate) fn columns(
    place: &Place,
    format: SourceFormat,
    file: Option<&Found>,
) -> Result<Option<Vec<Column>>> {
    Ok(match (format, file) {
        (SourceFormat::Orc, Some(file)) => Some(orc_rows::columns(place, &file.path)?),
        (SourceFormat::Avro, Some(file)) => Some(avro_rows::columns(place, &file.path)?),
        _ => None,
    })
}

/// The columns of formats that are the same for all files.
pub(crate) fn fixed_columns(
    format: SourceFormat,
    options: &FileTableOptions,
) -> Option<Vec<Column>> {
    match format {
        SourceFormat::Binary => Some(binary_rows::columns()),
        SourceFormat::Word => Some(word::columns()),
        SourceFormat::Markdown => {
            let mut columns = markdown::columns();
            if options.markdown_rag_metadata_enabled {
                columns.extend(chunks::columns());
            }
            Some(columns)
        }
        _ => None,
    }
}

/// What the names of files of a format end with in archives, as SeaTunnel has it; any where it reads no archives.
pub(crate) fn endings(format: SourceFormat) -> &'static [&'static str] {
    match format {
        SourceFormat::Csv => &[".csv"],
        SourceFormat::Text => &[".txt"],
        SourceFormat::Json => &[".json"],
        SourceFormat::Xml => &[".xml"],
        SourceFormat::Excel => &[".xlsx", ".xls"],
        _ => &[],
    }
}

impl More {
    /// What the options say of a format. `columns` are those of the files, of which `wanted` are read; `declared` says
    /// whether the job file has them.
    ///
    /// # Errors
    /// If the options make no sense, or the format is not built in.
    pub(crate) fn new(
        format: SourceFormat,
        options: &FileTableOptions,
        (columns, wanted, declared): (&[Column], &[usize], bool),
        text: TextRules,
    ) -> Result<Self> {
        let needs = |option: &str| {
            Error::new(
                api_codes::OPTION_INVALID,
                format!(
                    "files of the format {} need the option `{option}`",
                    format.render()
                ),
            )
        };
        let wanted_columns = || wanted.iter().map(|index| &columns[*index]);
        let values = |text: TextRules| {
            let delimiter = text_delimiter(&text.delimiter)?;
            Ok::<_, Error>(TextValues { text, delimiter })
        };
        Ok(match format {
            SourceFormat::Orc => Self::Orc,
            SourceFormat::Avro => Self::Avro,
            SourceFormat::Word => Self::Word,
            SourceFormat::Markdown => Self::Markdown(options.markdown_rag_metadata_enabled),
            SourceFormat::Xml => {
                if !declared {
                    return Err(needs("schema"));
                }
                let row_tag = options.xml_row_tag.clone().filter(|tag| !tag.is_empty());
                let rules = XmlRules {
                    row_tag: row_tag.ok_or_else(|| needs("xml_row_tag"))?,
                    use_attributes: options
                        .xml_use_attr_format
                        .ok_or_else(|| needs("xml_use_attr_format"))?,
                    names: wanted_columns().map(|c| c.name.clone()).collect(),
                };
                Self::Xml(rules, values(text)?)
            }
            SourceFormat::Excel => {
                if !declared {
                    return Err(needs("schema"));
                }
                let patterns = TimePatterns {
                    date: options.date_format.clone(),
                    time: options.time_format.clone(),
                    timestamp: options.datetime_format.clone(),
                };
                let columns = wanted.iter().zip(wanted_columns());
                let columns: Vec<(usize, DataType)> = columns
                    .map(|(place, column)| (*place, column.data_type.clone()))
                    .collect();
                let sheet = options.sheet_name.clone().filter(|name| !name.is_empty());
                let skip = options.skip_header_row_number;
                let rules = ExcelRules::new(sheet, skip, columns, &patterns);
                let mut rules = rules.map_err(|e| told(Path::new("the workbook"), "Excel", e))?;
                if options.excel_use_header_line {
                    rules = rules.with_header(wanted_columns().map(|c| c.name.clone()).collect());
                }
                Self::Excel(Arc::new(rules), values(text)?)
            }
            SourceFormat::Binary => {
                let chunk = options.binary_chunk_size.unwrap_or(CHUNK);
                if !(1..=MOST_CHUNK).contains(&chunk) {
                    return Err(Error::new(
                        api_codes::OPTION_INVALID,
                        format!("`binary_chunk_size` is 1 to {MOST_CHUNK} bytes, not {chunk}"),
                    ));
                }
                Self::Binary(BinaryRules {
                    chunk,
                    whole: options.binary_complete_file_mode.unwrap_or(false),
                })
            }
            SourceFormat::CanalJson
            | SourceFormat::DebeziumJson
            | SourceFormat::MaxwellJson
            | SourceFormat::OggJson => {
                if !declared {
                    return Err(needs("schema"));
                }
                let columns = wanted_columns().cloned().collect();
                let format = match format {
                    SourceFormat::CanalJson => seatunnel_formats::Format::CanalJson,
                    SourceFormat::DebeziumJson => seatunnel_formats::Format::DebeziumJson,
                    SourceFormat::MaxwellJson => seatunnel_formats::Format::MaxwellJson,
                    _ => seatunnel_formats::Format::OggJson,
                };
                Self::Changes(ChangeRules::new(format, columns)?)
            }
            other => return Err(not_built_in(other)),
        })
    }

    /// The splits of a file, for so many readers.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn splits(
        &self,
        table: &FileTable,
        index: usize,
        file: &Found,
        readers: usize,
    ) -> Result<Vec<FileSplit>> {
        let new = |start, end| FileSplit::new(index, &file.path, start, end);
        Ok(match self {
            Self::Orc => {
                let stripes = orc_rows::stripes(&table.place, &file.path)?;
                match readers > 1 && table.may_split() {
                    true => (0..stripes).map(|stripe| new(stripe, stripe + 1)).collect(),
                    false if stripes > 0 => vec![new(0, stripes)],
                    false => Vec::new(),
                }
            }
            Self::Avro => {
                let piece = table.piece(file, readers);
                let cuts = avro_rows::cuts(&table.place, &file.path, piece)?;
                let pairs = cuts.windows(2).filter(|w| w[0] < w[1]);
                pairs.map(|w| new(w[0], w[1])).collect()
            }
            _ => vec![new(0, file.bytes)],
        })
    }

    /// Reads a split.
    ///
    /// # Errors
    /// If the file can't be read or holds what its columns can't.
    pub(crate) async fn read(
        &self,
        table: &FileTable,
        split: FileSplit,
        out: &mut Output<'_, FileSplit>,
        dirty: &DirtyRows,
    ) -> Result<()> {
        match self {
            Self::Orc => orc_rows::read(table, split, out).await,
            Self::Avro => avro_rows::read(table, split, out).await,
            Self::Xml(rules, values) => {
                xml_rows::read(table, (rules, values), split, out, dirty).await
            }
            Self::Excel(rules, values) => {
                excel_rows::read(table, (rules, values), split, out, dirty).await
            }
            Self::Binary(rules) => binary_rows::read(table, *rules, split, out).await,
            Self::Word => word_rows::read(table, split, out).await,
            Self::Markdown(chunks) => markdown_rows::read(table, *chunks, split, out).await,
            Self::Changes(rules) => change_rows::read(table, rules, split, out, dirty).await,
        }
    }
}

fn not_built_in(format: SourceFormat) -> Error {
    Error::new(
        codes::UNSUPPORTED,
        format!("files of the format {} can't be read yet", format.render()),
    )
    .with_help(
        "built in are csv, text, json, parquet, orc, avro, excel, xml, binary, markdown, word, canal_json, debezium_json, maxwell_json and ogg_json",
    )
}
