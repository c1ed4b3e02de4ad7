//! Reads back what the sink has written, with the source of this crate.

use seatunnel_api::config::{ConfigValue, Kind, Span};
use seatunnel_api::options::{Options, SchemaOption};
use seatunnel_api::{
    ChangesBecome, Column, Readback, ReadbackTable, Result, TablePath, TableSchema,
};

use super::target::Target;
use crate::sink_options::{FileSinkOptions, SinkCompression, SinkFormat};
use crate::source::source_of;
use crate::source_options::{FileTableOptions, SourceCompression, SourceFormat};

/// What the target of a table holds.
///
/// # Errors
/// If its folder is missing, or a file can't be read.
pub(crate) fn readback(target: &Target) -> Result<Readback> {
    let table = target.table();
    let written = target.columns.iter().map(|i| table.columns()[*i].clone());
    let written: Vec<Column> = written.collect();
    let mut options = source_options(&target.options, target.root.plugin)?;
    options.path = Some(target.path.to_string_lossy().into_owned());
    let mut names: Vec<String> = written.iter().map(|c| c.name.clone()).collect();
    options.schema = Some(SchemaOption {
        path: Some(TablePath::clone(table.path())),
        comment: None,
        schema: TableSchema::new(written),
    });
    let source = source_of(&options, &target.root)?;
    let tables = source.tables();
    // Columns that only the names of folders hold are there as soon as there is a file.
    let partitions = tables.iter().flat_map(|t| t.partition_keys());
    names.extend(
        partitions
            .filter(|key| table.schema().index_of(key).is_some())
            .cloned(),
    );
    let tables = tables.iter().map(|found| ReadbackTable {
        table: table.path().clone(),
        target: found.path().clone(),
        columns: Some(names.clone()),
        changes: ChangesBecome::Rows,
    });
    Ok(Readback {
        tables: tables.collect(),
        source,
    })
}

/// The options that read what these have written.
fn source_options(sink: &FileSinkOptions, plugin: &str) -> Result<FileTableOptions> {
    let nothing = ConfigValue::new(Kind::Object(Default::default()), Span::none());
    let mut source = FileTableOptions::from_config(plugin, &nothing)?;
    let is_text = sink.file_format_type == SinkFormat::Text;
    source.file_format_type = Some(match sink.file_format_type {
        SinkFormat::Csv => SourceFormat::Csv,
        SinkFormat::Text => SourceFormat::Text,
        SinkFormat::Json => SourceFormat::Json,
        SinkFormat::Orc => SourceFormat::Orc,
        SinkFormat::Avro => SourceFormat::Avro,
        SinkFormat::Excel => SourceFormat::Excel,
        SinkFormat::Xml => SourceFormat::Xml,
        SinkFormat::Binary => SourceFormat::Binary,
        SinkFormat::CanalJson => SourceFormat::CanalJson,
        SinkFormat::DebeziumJson => SourceFormat::DebeziumJson,
        SinkFormat::MaxwellJson => SourceFormat::MaxwellJson,
        SinkFormat::Parquet => SourceFormat::Parquet,
    });
    source.compress_codec = match sink.compress_codec {
        SinkCompression::Lzo => SourceCompression::Lzo,
        SinkCompression::Gzip => SourceCompression::Gzip,
        SinkCompression::Zstd => SourceCompression::Zstd,
        SinkCompression::Lz4 => SourceCompression::Lz4,
        SinkCompression::Snappy => SourceCompression::Snappy,
        SinkCompression::Bzip2 => SourceCompression::Bzip2,
        _ => SourceCompression::None,
    };
    if matches!(
        sink.file_format_type,
        SinkFormat::Parquet | SinkFormat::Orc | SinkFormat::Avro
    ) {
        // These files say themselves how they are compressed.
        source.compress_codec = SourceCompression::None;
    }
    let tag = |tag: &Option<String>| tag.clone().filter(|t| !t.is_empty());
    source.xml_row_tag = Some(tag(&sink.xml_row_tag).unwrap_or("RECORD".to_owned()));
    source.xml_use_attr_format = sink.xml_use_attr_format;
    source.sheet_name.clone_from(&sink.sheet_name);
    let delimiter = sink.field_delimiter.as_deref().filter(|d| !d.is_empty());
    // Text files are read with an expression between fields, and written with a text.
    source.field_delimiter = delimiter.map(|d| match is_text {
        true => escaped(d),
        false => d.to_owned(),
    });
    source.row_delimiter.clone_from(&sink.row_delimiter);
    source.encoding.clone_from(&sink.encoding);
    source.date_format.clone_from(&sink.date_format);
    source.time_format.clone_from(&sink.time_format);
    source.datetime_format.clone_from(&sink.datetime_format);
    source.null_format = Some(sink.null_format.clone()).filter(|text| !text.is_empty());
    let header = match sink.file_format_type {
        SinkFormat::Csv | SinkFormat::Text => sink.enable_header_write,
        SinkFormat::Excel => true,
        _ => false,
    };
    source.skip_header_row_number = u64::from(header);
    Ok(source)
}

/// A text as an expression that stands for itself.
fn escaped(text: &str) -> String {
    match text.chars().count() {
        1 => text.to_owned(),
        _ => regex::escape(text),
    }
}
