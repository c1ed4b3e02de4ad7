//! Options of the LocalFile sink.

use seatunnel_api::options::{OptionEnum, Options};
use seatunnel_formats::cells::CsvStringQuoteMode;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SinkFormat {
    /// Comma-separated values with quotes where needed (RFC 4180).
    #[option(name = "csv")]
    Csv,
    /// Fields between delimiters, without quotes.
    #[option(name = "text", alias = "txt")]
    Text,
    /// One JSON object a line.
    #[option(name = "json")]
    Json,
    /// Apache Parquet.
    #[option(name = "parquet")]
    Parquet,
    /// Apache ORC.
    #[option(name = "orc")]
    Orc,
    /// Apache Avro.
    #[option(name = "avro")]
    Avro,
    /// Excel workbooks, xlsx.
    #[option(name = "excel")]
    Excel,
    /// XML.
    #[option(name = "xml")]
    Xml,
    /// Files copied as they are.
    #[option(name = "binary")]
    Binary,
    /// Change events in Canal's JSON.
    #[option(name = "canal_json")]
    CanalJson,
    /// Change events in Debezium's JSON.
    #[option(name = "debezium_json")]
    DebeziumJson,
    /// Change events in Maxwell's JSON.
    #[option(name = "maxwell_json")]
    MaxwellJson,
}

/// How what is written is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SinkCompression {
    /// Not at all.
    #[option(name = "none")]
    None,
    /// LZO: text, csv, json, xml and changes in the container of `lzop`, orc in its own.
    #[option(name = "lzo")]
    Lzo,
    /// Snappy: parquet, orc, avro; texts in frames.
    #[option(name = "snappy")]
    Snappy,
    /// LZ4: parquet, orc; texts in frames.
    #[option(name = "lz4")]
    Lz4,
    /// zlib: orc, avro.
    #[option(name = "zlib")]
    Zlib,
    /// gzip: parquet and texts.
    #[option(name = "gzip", alias = "gz")]
    Gzip,
    /// Brotli: parquet.
    #[option(name = "brotli")]
    Brotli,
    /// Zstandard: parquet, orc, avro and texts.
    #[option(name = "zstd")]
    Zstd,
    /// bzip2: avro and texts.
    #[option(name = "bzip2", alias = "bz2")]
    Bzip2,
}

/// How whole files are packed into archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SinkArchive {
    /// Not at all.
    #[option(name = "none")]
    None,
    /// A zip archive.
    #[option(name = "zip")]
    Zip,
    /// A tar archive.
    #[option(name = "tar")]
    Tar,
    /// A tar archive, compressed by gzip.
    #[option(name = "tar_gz")]
    TarGz,
    /// One file, compressed by gzip.
    #[option(name = "gz")]
    Gz,
}

/// What happens to the target folder before the first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SchemaSaveMode {
    /// It is emptied if it exists, created if not.
    RecreateSchema,
    /// It is created if it does not exist.
    CreateSchemaWhenNotExist,
    /// The job fails if it does not exist.
    ErrorWhenSchemaNotExist,
    /// Nothing.
    Ignore,
}

/// What happens to files in the target folder before the first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum DataSaveMode {
    /// They are deleted.
    DropData,
    /// They stay, new files come beside them.
    AppendData,
    /// The job fails if there are any.
    ErrorWhenDataExists,
}

/// Writes rows as files into a folder of this machine. In one piece or not at all: files are written
/// under `tmp_path` and moved into `path` when a checkpoint, or the job, is complete. Rows of every
/// kind are written, deletes too, as SeaTunnel does.
#[derive(Clone, Debug, Options)]
pub struct FileSinkOptions {
    /// The folder that files are written to. `${database_name}`, `${schema_name}`, `${table_name}` and kin stand for the names of the table.
    pub path: String,
    /// Where files are written before they are moved into `path`. Best on the same file system as `path`; otherwise each file is copied.
    #[option(default = "/tmp/seatunnel".to_owned())]
    pub tmp_path: String,
    /// What the files hold.
    #[option(default = SinkFormat::Csv, fallback("file_format"))]
    pub file_format_type: SinkFormat,
    /// Encoding of text, csv, json, xml files and of changes. A character that it does not have is an error.
    #[option(default = "UTF-8".to_owned())]
    pub encoding: String,
    /// Whether `file_name_expression` is used. It is used whenever it is given, unless this is `false`.
    pub custom_filename: Option<bool>,
    /// Name of the files without ending: `${transactionId}`, `${uuid}` and `${now}` are filled in. With transactions, `${transactionId}_` is put in front if it is not part of it.
    #[option(default = "${transactionId}".to_owned())]
    pub file_name_expression: String,
    /// How `${now}` is written in file names: a pattern of Java's DateTimeFormatter.
    #[option(default = "yyyy.MM.dd".to_owned())]
    pub filename_time_format: String,
    /// Ending of the files instead of the one of the format, with or without a dot.
    #[option(since = "2.3.10")]
    pub filename_extension: Option<String>,
    /// What stands between two fields: `,` in csv and the character U+0001 in text files if not given.
    #[option(fallback("delimiter"))]
    pub field_delimiter: Option<String>,
    /// What stands behind each row of text, csv and json files.
    #[option(default = "\n".to_owned())]
    pub row_delimiter: String,
    /// Whether text and csv files start with the names of their columns.
    #[option(default = false)]
    pub enable_header_write: bool,
    /// Whether files are parted into folders by `partition_by`. They are whenever `partition_by` is given, unless this is `false`.
    pub have_partition: Option<bool>,
    /// Columns whose values part rows into folders.
    pub partition_by: Option<Vec<String>>,
    /// Name of a partition's folder: `${k0}` is the first column of `partition_by`, `${v0}` its value, and so on. `${k0}=${v0}/${k1}=${v1}/…` if not given.
    pub partition_dir_expression: Option<String>,
    /// Whether the columns of `partition_by` are also written into the files.
    #[option(default = false)]
    pub is_partition_field_write_in_file: bool,
    /// Columns that are written, in this order; all if not given.
    pub sink_columns: Option<Vec<String>>,
    /// Whether rows become visible only when a checkpoint, or the job, is complete. Without it files are written in place and may be incomplete after a failure.
    #[option(default = true)]
    pub is_enable_transaction: bool,
    /// Rows of a file; further rows go into the next.
    #[option(default = 1_000_000, min = 1)]
    pub batch_size: u64,
    /// Whether each writer writes one file a checkpoint, whatever `batch_size` says, without a number in its name.
    #[option(default = false, since = "2.3.10")]
    pub single_file_mode: bool,
    /// Whether a writer that gets no row at all still writes a file, empty but for its header.
    #[option(default = false, since = "2.3.10")]
    pub create_empty_file_when_no_data: bool,
    /// Compression: none, lzo, gzip, zstd, lz4, snappy or bzip2 for text, csv, json, xml and changes; none, snappy, lz4, gzip, brotli or zstd for parquet; none, lzo, snappy, lz4, zlib or zstd for orc; none, snappy, zlib, zstd or bzip2 for avro; none for excel and binary.
    #[option(default = SinkCompression::None)]
    pub compress_codec: SinkCompression,
    /// Accepted; files are not packed into archives when written, as in SeaTunnel.
    #[option(default = SinkArchive::None)]
    pub archive_compress_codec: SinkArchive,
    /// How dates are written in text, csv and json files: a pattern of Java's DateTimeFormatter; `yyyy-MM-dd` if not given.
    pub date_format: Option<String>,
    /// How timestamps are written in text, csv and json files: a pattern of Java's DateTimeFormatter. If not given, `yyyy-MM-dd HH:mm:ss` and fractions of seconds where there are any; json has a `T` between.
    pub datetime_format: Option<String>,
    /// How times are written in text, csv and json files: a pattern of Java's DateTimeFormatter. If not given, `HH:mm:ss` and fractions of seconds where there are any.
    pub time_format: Option<String>,
    /// When the strings of csv files stand in quotes.
    #[option(default = CsvStringQuoteMode::Minimal, since = "2.3.11")]
    pub csv_string_quote_mode: CsvStringQuoteMode,
    /// What stands for NULL in text and csv files.
    #[option(default = String::new())]
    pub null_format: String,
    /// What happens to the target folder before the first row.
    #[option(default = SchemaSaveMode::CreateSchemaWhenNotExist)]
    pub schema_save_mode: SchemaSaveMode,
    /// What happens to files in the target folder before the first row.
    #[option(default = DataSaveMode::AppendData)]
    pub data_save_mode: DataSaveMode,
    /// Whether timestamps of parquet files are INT96, as programs from before 2016 want them, and not 64-bit microseconds.
    #[option(default = false)]
    pub parquet_avro_write_timestamp_as_int96: bool,
    /// Columns of bytes that hold the 12 bytes of an INT96, and are written to parquet files as such.
    #[option(default = Vec::new())]
    pub parquet_avro_write_fixed_as_int96: Vec<String>,
    /// Excel: accepted; rows go to a temporary file at once.
    pub max_rows_in_memory: Option<u64>,
    /// Excel: rows of a sheet at most, with its header; further rows go into another sheet. 1048576 if not given.
    pub sheet_max_rows: Option<u64>,
    /// Excel: name of the sheet; `Sheet0` if not given.
    pub sheet_name: Option<String>,
    /// XML: the outermost tag; `RECORDS` if not given.
    pub xml_root_tag: Option<String>,
    /// XML: the tag of a row; `RECORD` if not given.
    pub xml_row_tag: Option<String>,
    /// XML: whether fields are attributes of a row, or elements inside of it. Needed for xml.
    pub xml_use_attr_format: Option<bool>,
    /// Changes: whether both halves of an update become one change; without it they are a delete and an insert.
    #[option(default = false)]
    pub merge_update_event: bool,
    /// Not built in yet: the columns of a table do not change while a job runs.
    #[option(default = false, since = "3.1.0")]
    pub schema_evolution_enabled: bool,
    /// Accepted; without effect, as in SeaTunnel. Use `data_save_mode`.
    pub save_mode: Option<String>,
}
