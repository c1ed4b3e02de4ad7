//! What the options of a table say about its columns and its texts.

use std::sync::Arc;

use encoding_rs::{Encoding, UTF_16BE};
use regex::bytes::Regex;
use seatunnel_api::config::nearest;
use seatunnel_api::options::SchemaOption;
use seatunnel_api::{
    CatalogTable, Column, DataType, Error, Result, TableSchema, codes as api_codes,
};

use super::cells::TextRules;
use super::java_parse::JavaPattern;
use super::lines::{FACTS, LineRules};
use super::listing::Found;
use super::records::{Delimiter, Splitter};
use super::{formats, parquet_rows};
use crate::codes;
use crate::place::Place;
use crate::source_options::{FileTableOptions, SourceFormat};

/// What connectors of files call the catalog of their tables.
const CATALOG: &str = "FileSystem";
/// The column of a file that has no schema.
const CONTENT: &str = "content";
/// The patterns that SeaTunnel has. What is written by one of them is recognised without being told, as there, and no
/// text means something else by another.
const KNOWN_PATTERNS: &[&str] = &[
    "yyyy-MM-dd",
    "yyyy.MM.dd",
    "yyyy/MM/dd",
    "yyyyMMdd",
    "HH:mm:ss",
    "HH:mm:ss.SSS",
    "yyyy-MM-dd HH:mm:ss",
    "yyyy-MM-dd HH:mm:ss.SSSSSS",
    "yyyy.MM.dd HH:mm:ss",
    "yyyy/MM/dd HH:mm:ss",
    "yyyyMMddHHmmss",
    "yyyy-MM-dd'T'HH:mm:ss",
    "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
    "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS",
];

/// Tells of options of SeaTunnel that there are not here.
///
/// # Errors
/// If one is given.
pub(super) fn check_built_in(options: &FileTableOptions) -> Result<()> {
    let lacking = [
        (
            "target_hadoop_conf",
            options.target_hadoop_conf.is_some(),
            "`target_path` is looked for in the place that `path` is in",
        ),
        (
            "pdf_rag_metadata_enabled",
            options.pdf_rag_metadata_enabled == Some(true),
            "PDF is not read; markdown and word are, and `markdown_rag_metadata_enabled` adds such columns",
        ),
        (
            "metalake_type",
            options.metalake_type.is_some(),
            "no service of metadata is asked for schemas: give the columns by `schema { fields { … } }`",
        ),
    ];
    match lacking.into_iter().find(|(_, is_given, _)| *is_given) {
        Some((name, _, instead)) => Err(Error::new(
            codes::UNSUPPORTED,
            format!("option `{name}` is SeaTunnel's, but not built in"),
        )
        .with_help(instead)),
        None => Ok(()),
    }
}

/// The columns that the files have, and the schema where one is declared.
pub(super) fn columns<'a>(
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
pub(super) fn encoding(name: &str) -> Result<&'static Encoding> {
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

pub(super) fn wanted(options: &FileTableOptions, columns: &[Column]) -> Result<Vec<usize>> {
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

pub(super) fn table(
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
    let table = CatalogTable::clone(&table).with_partition_keys(partitions.to_vec());
    Arc::new(
        FACTS
            .iter()
            .fold(table, |table, fact| table.with_fact(fact, DataType::String)),
    )
}

pub(super) fn text_rules(options: &FileTableOptions, format: SourceFormat) -> Result<TextRules> {
    let pattern = |name: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) if KNOWN_PATTERNS.contains(&text.as_str()) => Ok(None),
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

pub(super) fn line_rules(
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
