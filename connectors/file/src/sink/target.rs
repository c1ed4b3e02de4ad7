//! What the options mean for one table, checked and worked out once.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_schema::Schema;
use seatunnel_api::config::nearest;
use seatunnel_api::{CatalogTable, DataType, Error, Result, codes};

use super::charset::Charset;
use super::encode::{
    BinaryEncoder, ChangeEncoder, Delimited, Int96Columns, Json, LineEncoder, LineStyle,
    ParquetSettings, TimeText, WholeSettings, is_supported,
};
use super::naming::{FileNames, FolderNames};
use super::partition::Partitioner;
use crate::place::{Place, Root};
use crate::sink_options::{FileSinkOptions, SinkArchive, SinkCompression, SinkFormat};

/// Where and how the rows of one table are written.
pub(crate) struct Target {
    pub(crate) options: FileSinkOptions,
    /// What the paths are part of.
    pub(crate) root: Root,
    /// Absolute, so that files find their place whatever folder a restarted job runs in.
    pub(crate) path: PathBuf,
    pub(crate) tmp_path: PathBuf,
    /// The columns that are written, in their order.
    pub(crate) columns: Vec<usize>,
    pub(crate) names: FileNames,
    pub(crate) charset: Charset,
    table: Arc<CatalogTable>,
    partition: Option<(Vec<usize>, Arc<FolderNames>)>,
}

/// What makes bytes of rows.
pub(crate) enum Encoder {
    /// Lines, all files by one encoder.
    Lines(Box<LineEncoder>),
    /// Parquet, each file by itself.
    Parquet(ParquetSettings),
    /// Other formats, each file by itself.
    Whole(WholeSettings),
    /// Changes of a database, a line each.
    Changes(Box<ChangeEncoder>),
    /// Pieces of files, put together again.
    Binary(BinaryEncoder),
}

/// Compressions of files that are texts.
const TEXT: &[SinkCompression] = &[
    SinkCompression::None,
    SinkCompression::Lzo,
    SinkCompression::Gzip,
    SinkCompression::Zstd,
    SinkCompression::Lz4,
    SinkCompression::Snappy,
    SinkCompression::Bzip2,
];

/// The formats that are built in: their endings and the compressions they have.
const FORMATS: &[(SinkFormat, &str, &[SinkCompression])] = &[
    (SinkFormat::Csv, ".csv", TEXT),
    (SinkFormat::Text, ".txt", TEXT),
    (SinkFormat::Json, ".json", TEXT),
    (SinkFormat::Xml, ".xml", TEXT),
    (SinkFormat::CanalJson, ".canal_json", TEXT),
    (SinkFormat::DebeziumJson, ".debezium_json", TEXT),
    (SinkFormat::MaxwellJson, ".maxwell_json", TEXT),
    (SinkFormat::Excel, ".xlsx", &[SinkCompression::None]),
    (SinkFormat::Binary, "", &[SinkCompression::None]),
    (
        SinkFormat::Orc,
        ".orc",
        &[
            SinkCompression::None,
            SinkCompression::Lzo,
            SinkCompression::Snappy,
            SinkCompression::Lz4,
            SinkCompression::Zlib,
            SinkCompression::Zstd,
        ],
    ),
    (
        SinkFormat::Avro,
        ".avro",
        &[
            SinkCompression::None,
            SinkCompression::Snappy,
            SinkCompression::Zlib,
            SinkCompression::Zstd,
            SinkCompression::Bzip2,
        ],
    ),
    (
        SinkFormat::Parquet,
        ".parquet",
        &[
            SinkCompression::None,
            SinkCompression::Snappy,
            SinkCompression::Lz4,
            SinkCompression::Gzip,
            SinkCompression::Brotli,
            SinkCompression::Zstd,
        ],
    ),
];

/// The part of a file's ending that names its compression, as SeaTunnel has it.
fn compression_ending(compression: SinkCompression) -> &'static str {
    match compression {
        SinkCompression::None => "",
        SinkCompression::Lzo => ".lzo",
        SinkCompression::Snappy => ".snappy",
        SinkCompression::Lz4 => ".lz4",
        SinkCompression::Zlib => ".zlib",
        SinkCompression::Gzip => ".gz",
        SinkCompression::Brotli => ".br",
        SinkCompression::Zstd => ".zstd",
        SinkCompression::Bzip2 => ".bz2",
    }
}

impl Target {
    /// Works out what the options mean for a table.
    ///
    /// # Errors
    /// If they make no sense together, or don't fit the table.
    pub(crate) fn new(
        options: FileSinkOptions,
        root: Root,
        table: &Arc<CatalogTable>,
    ) -> Result<Self> {
        let format_ending = check_format(&options)?;
        let partition_by: &[String] = match (&options.partition_by, options.have_partition) {
            (_, Some(false)) => &[],
            (Some(columns), _) => columns,
            (None, Some(true)) => {
                return Err(invalid(
                    "`have_partition` is true, but `partition_by` is missing",
                ));
            }
            (None, None) => &[],
        };
        let partition_columns = find_columns(table, "partition_by", partition_by)?;
        let columns = written_columns(&options, table, &partition_columns)?;
        let ending = match options.filename_extension.as_deref().map(str::trim) {
            Some(own) if own.starts_with('.') => own.to_owned(),
            Some(own) if !own.is_empty() => format!(".{own}"),
            _ => format_ending.to_owned(),
        };
        let names = FileNames::new(
            match options.custom_filename {
                Some(false) => "${transactionId}",
                _ => non_blank(&options.file_name_expression).unwrap_or("${transactionId}"),
            },
            &options.filename_time_format,
            options.is_enable_transaction,
            !options.single_file_mode,
            format!("{}{ending}", compression_ending(options.compress_codec)),
        )?;
        let partition = if partition_columns.is_empty() {
            None
        } else {
            let names = partition_columns
                .iter()
                .map(|i| table.columns()[*i].name.clone());
            let expression = options.partition_dir_expression.as_deref();
            let folders = FolderNames::new(names.collect(), expression)?;
            Some((partition_columns, Arc::new(folders)))
        };
        let target = Self {
            path: absolute(&root, "path", &options.path)?,
            tmp_path: absolute(
                &root,
                "tmp_path",
                non_blank(&options.tmp_path).unwrap_or("/tmp/seatunnel"),
            )?,
            charset: Charset::named(&options.encoding)?,
            options,
            root,
            columns,
            names,
            table: table.clone(),
            partition,
        };
        // Whatever a writer would stumble over is found before the first row.
        target.encoder()?;
        target.partitioner()?;
        Ok(target)
    }

    /// The table whose rows are written.
    pub(crate) fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    /// A new encoder.
    ///
    /// # Errors
    /// If a column can't be written in the format, or a pattern is none.
    pub(crate) fn encoder(&self) -> Result<Encoder> {
        let options = &self.options;
        let columns = self.columns.iter().map(|i| &self.table.columns()[*i]);
        let format = options.file_format_type;
        if format == SinkFormat::Binary {
            return Ok(Encoder::Binary(BinaryEncoder::new(&self.table)?));
        }
        let merge = options.merge_update_event;
        if let Some(changes) = ChangeEncoder::new(format, &self.table, &self.columns, merge)? {
            return Ok(Encoder::Changes(Box::new(changes)));
        }
        let all: Vec<_> = columns.clone().cloned().collect();
        if let Some(whole) = WholeSettings::new(options, &all)? {
            return Ok(Encoder::Whole(whole));
        }
        if options.file_format_type == SinkFormat::Parquet {
            if let Some(column) = columns
                .clone()
                .find(|c| !is_supported(&c.data_type.to_arrow()))
            {
                return Err(Error::new(
                    codes::TYPE_UNSUPPORTED,
                    format!(
                        "column {:?}: parquet has no row type without fields",
                        column.name
                    ),
                ));
            }
            let schema = self.table.arrow_schema().project(&self.columns)?;
            // The table's own metadata says nothing about the file.
            let schema = Arc::new(Schema::new(schema.fields));
            let int96 = Int96Columns {
                timestamps: options.parquet_avro_write_timestamp_as_int96,
                fixed: options.parquet_avro_write_fixed_as_int96.clone(),
            };
            for name in &int96.fixed {
                let found = all.iter().find(|c| c.name == *name);
                if found.is_none_or(|c| c.data_type != DataType::Bytes) {
                    return Err(invalid(format!(
                        "option `parquet_avro_write_fixed_as_int96`: there is no column {name:?} of bytes"
                    )));
                }
            }
            return Ok(Encoder::Parquet(ParquetSettings::new(
                schema,
                options.compress_codec,
                int96,
            )));
        }
        let between = if options.file_format_type == SinkFormat::Json {
            b'T'
        } else {
            b' '
        };
        let times = [
            TimeText::new("date_format", options.date_format.as_deref(), between)?,
            TimeText::new("time_format", options.time_format.as_deref(), between)?,
            TimeText::new(
                "datetime_format",
                options.datetime_format.as_deref(),
                between,
            )?,
        ];
        let row_delimiter = options.row_delimiter.as_str();
        let field_delimiter = options.field_delimiter.as_deref().filter(|d| !d.is_empty());
        let null = options.null_format.as_str();
        let style = match options.file_format_type {
            SinkFormat::Json => LineStyle::Json(Json::new(times)),
            SinkFormat::Csv => LineStyle::Delimited(Box::new(
                Delimited::new(field_delimiter.unwrap_or(","), null, times)
                    .with_quotes(options.csv_string_quote_mode, row_delimiter),
            )),
            _ => {
                let delimiter = field_delimiter.unwrap_or("\u{1}");
                LineStyle::Delimited(Box::new(Delimited::new(delimiter, null, times)))
            }
        };
        let columns: Vec<(String, DataType)> = columns
            .map(|c| (c.name.clone(), c.data_type.clone()))
            .collect();
        let encoder = LineEncoder::new(style, columns, row_delimiter)?;
        Ok(Encoder::Lines(Box::new(encoder)))
    }

    /// What parts the rows, if they are.
    ///
    /// # Errors
    /// If they can't be parted by these columns.
    pub(crate) fn partitioner(&self) -> Result<Option<Partitioner>> {
        let partition = self.partition.as_ref();
        partition
            .map(|(columns, names)| Partitioner::new(&self.table, columns, names.clone()))
            .transpose()
    }

    /// Whether all columns are written in the order they come in.
    pub(crate) fn takes_all(&self) -> bool {
        self.columns
            .iter()
            .copied()
            .eq(0..self.table.columns().len())
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(codes::OPTION_INVALID, message)
}

fn non_blank(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.trim().is_empty())
}

/// The ending of the format, if it is built in and goes with the other options.
fn check_format(options: &FileSinkOptions) -> Result<&'static str> {
    use seatunnel_api::options::OptionValue;
    let format = options.file_format_type;
    let shown = format.render();
    let Some((_, ending, compressions)) = FORMATS.iter().find(|(f, ..)| *f == format) else {
        let known: Vec<String> = FORMATS.iter().map(|(f, ..)| f.render()).collect();
        return Err(invalid(format!(
            "option `file_format_type`: writing {shown} files is not built in yet"
        ))
        .with_help(format!("built in are {}", known.join(", "))));
    };
    if !compressions.contains(&options.compress_codec) {
        let known: Vec<String> = compressions.iter().map(OptionValue::render).collect();
        return Err(invalid(format!(
            "option `compress_codec`: {} files can't be compressed by {}",
            shown,
            options.compress_codec.render()
        ))
        .with_help(format!("for {shown} there are {}", known.join(", "))));
    }
    if format == SinkFormat::Binary {
        let refused = [
            (
                "create_empty_file_when_no_data",
                options.create_empty_file_when_no_data,
            ),
            (
                "partition_by",
                options.partition_by.as_ref().is_some_and(|p| !p.is_empty()),
            ),
            (
                "sink_columns",
                options.sink_columns.as_ref().is_some_and(|c| !c.is_empty()),
            ),
        ];
        if let Some((name, _)) = refused.iter().find(|(_, is_given)| *is_given) {
            return Err(invalid(format!(
                "option `{name}`: files that are written as they are have no such thing"
            )));
        }
    }
    if options.schema_evolution_enabled {
        return Err(invalid(
            "option `schema_evolution_enabled`: changes of a table's columns are not built in yet",
        ));
    }
    if options.archive_compress_codec != SinkArchive::None {
        tracing::warn!(
            "option `archive_compress_codec` has no effect on a sink: files are not packed into archives"
        );
    }
    if format != SinkFormat::Parquet && options.row_delimiter.is_empty() {
        return Err(invalid("option `row_delimiter` must not be empty"));
    }
    Ok(ending)
}

/// The columns that go into files.
fn written_columns(
    options: &FileSinkOptions,
    table: &CatalogTable,
    partition_columns: &[usize],
) -> Result<Vec<usize>> {
    let mut columns = match options.sink_columns.as_deref() {
        Some(names) if !names.is_empty() => find_columns(table, "sink_columns", names)?,
        _ => (0..table.columns().len()).collect(),
    };
    if !options.is_partition_field_write_in_file {
        columns.retain(|column| !partition_columns.contains(column));
    }
    if columns.is_empty() {
        return Err(invalid(format!(
            "no column of table {} is left to be written",
            table.path()
        ))
        .with_help("columns of `partition_by` are written only with is_partition_field_write_in_file = true"));
    }
    Ok(columns)
}

/// Positions of columns by name, exactly or in another case.
fn find_columns(table: &CatalogTable, option: &str, names: &[String]) -> Result<Vec<usize>> {
    let find = |name: &String| {
        let exact = table.schema().index_of(name);
        let position = || {
            table
                .columns()
                .iter()
                .position(|c| c.name.eq_ignore_ascii_case(name))
        };
        exact.or_else(position).ok_or_else(|| {
            let mut message = format!(
                "option `{option}`: table {} has no column {name:?}",
                table.path()
            );
            if let Some(near) = nearest(name, table.schema().names()) {
                message.push_str(&format!(" (did you mean {near:?}?)"));
            }
            let columns: Vec<&str> = table.schema().names().collect();
            invalid(message).with_help(format!("its columns are {}", columns.join(", ")))
        })
    };
    let found = names.iter().map(find).collect::<Result<Vec<_>>>()?;
    for (index, column) in found.iter().enumerate() {
        if found[..index].contains(column) {
            return Err(invalid(format!(
                "option `{option}` names column {:?} twice",
                table.columns()[*column].name
            )));
        }
    }
    Ok(found)
}

/// A folder as an absolute path; `file://` before it is allowed.
fn absolute(root: &Root, option: &str, path: &str) -> Result<PathBuf> {
    let found = root.path(option, path)?;
    if path.trim().is_empty() || found.as_os_str().is_empty() {
        return Err(invalid(format!("option `{option}` must not be empty")));
    }
    if !matches!(root.place, Place::Here) {
        return Ok(found);
    }
    std::path::absolute(found)
        .map_err(|e| invalid(format!("option `{option}`: {path:?} is not a path")).with_cause(e))
}
