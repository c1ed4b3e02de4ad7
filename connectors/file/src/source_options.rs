//! Options of the LocalFile source.

use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::{OptionEnum, Options, SchemaOption};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SourceFormat {
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
    /// Excel workbooks, xls and xlsx.
    #[option(name = "excel")]
    Excel,
    /// XML.
    #[option(name = "xml")]
    Xml,
    /// Files as they are.
    #[option(name = "binary")]
    Binary,
    /// Markdown documents, a row for each of their parts.
    #[option(name = "markdown")]
    Markdown,
    /// PDF. Not built in yet.
    #[option(name = "pdf")]
    Pdf,
    /// Documents of Word (docx), a row for each paragraph and table.
    #[option(name = "word")]
    Word,
    /// Change events in Canal's JSON.
    #[option(name = "canal_json")]
    CanalJson,
    /// Change events in Debezium's JSON.
    #[option(name = "debezium_json")]
    DebeziumJson,
    /// Change events in Maxwell's JSON.
    #[option(name = "maxwell_json")]
    MaxwellJson,
    /// Change events in Oracle GoldenGate's JSON.
    #[option(name = "ogg_json")]
    OggJson,
}

/// What reads workbooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum ExcelEngine {
    /// SeaTunnel's default.
    #[option(name = "POI")]
    Poi,
    /// SeaTunnel's for large files.
    #[option(name = "EasyExcel")]
    EasyExcel,
}

/// How a file's content is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SourceCompression {
    /// Not at all; formats that know their own compression read it by themselves.
    #[option(name = "none")]
    None,
    /// LZO in the container of `lzop`.
    #[option(name = "lzo")]
    Lzo,
    /// gzip.
    #[option(name = "gzip", alias = "gz")]
    Gzip,
    /// Snappy in frames.
    #[option(name = "snappy")]
    Snappy,
    /// LZ4 in frames.
    #[option(name = "lz4")]
    Lz4,
    /// The business of formats with their own compression.
    #[option(name = "zlib")]
    Zlib,
    /// The business of formats with their own compression.
    #[option(name = "brotli")]
    Brotli,
    /// Zstandard.
    #[option(name = "zstd")]
    Zstd,
    /// bzip2.
    #[option(name = "bzip2", alias = "bz2")]
    Bzip2,
}

/// How files are packed into archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SourceArchive {
    /// Not at all.
    #[option(name = "none")]
    None,
    /// A zip archive of one or more files.
    #[option(name = "zip")]
    Zip,
    /// A tar archive of one or more files.
    #[option(name = "tar")]
    Tar,
    /// A tar archive, compressed by gzip.
    #[option(name = "tar_gz", alias = "tgz")]
    TarGz,
    /// One file, compressed by gzip.
    #[option(name = "gz", alias = "gzip")]
    Gz,
}

/// How long files are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum DiscoveryMode {
    /// When the job begins.
    #[option(name = "once")]
    Once,
    /// As long as it runs.
    #[option(name = "continuous")]
    Continuous,
}

/// Which files a job begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum StartMode {
    /// All that are there.
    #[option(name = "earliest")]
    Earliest,
    /// Those that come later.
    #[option(name = "latest")]
    Latest,
}

/// Which files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SyncMode {
    /// All.
    #[option(name = "full")]
    Full,
    /// Those that the target lacks, or has otherwise.
    #[option(name = "update")]
    Update,
}

/// When a file of the target counts as another than that of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum UpdateStrategy {
    /// It has another length, or is older.
    #[option(name = "distcp")]
    Distcp,
    /// As `compare_mode` says.
    #[option(name = "strict")]
    Strict,
}

/// What is compared of two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum CompareMode {
    /// Their length and when they were changed.
    #[option(name = "len_mtime")]
    LenMtime,
    /// What is in them.
    #[option(name = "checksum")]
    Checksum,
}

/// What becomes of files that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum PostSyncAction {
    /// They stay.
    #[option(name = "none")]
    None,
    /// They are deleted.
    #[option(name = "delete")]
    Delete,
    /// They are moved to `backup_path`.
    #[option(name = "backup")]
    Backup,
}

/// Reads files of a folder of this machine: csv, text, json lines, parquet, orc, avro, excel, xml, changes of databases
/// in JSON, Markdown, Word, and any files as they are. Large files are read
/// by several readers at once when the source has more than one.
#[derive(Clone, Debug, Options)]
#[options(one_of("path", "tables_configs"))]
pub struct LocalFileSourceOptions {
    /// Several tables, each with options of its own.
    #[option(fallback("table_list"))]
    pub tables_configs: Option<Vec<FileTableOptions>>,
    /// The only table.
    #[option(flatten)]
    pub table: FileTableOptions,
}

/// One table that is read from files.
#[derive(Clone, Debug, Options)]
pub struct FileTableOptions {
    /// A file, or a folder whose files are read, those of its folders too. Files called `_SUCCESS`, hidden files (`.` in front) and empty files are left out.
    pub path: Option<String>,
    /// What the files hold.
    #[option(fallback("file_format", "format"))]
    pub file_format_type: Option<SourceFormat>,
    /// Columns of the table, in the order of the file. Needed for csv, text and json, where without it each line is one `content`, and for excel, xml and changes. Files of parquet, orc and avro bring their own; those of binary, markdown and word are always the same.
    pub schema: Option<SchemaOption>,
    /// Columns that are read, in this order; all if not given.
    pub read_columns: Option<Vec<String>>,
    /// What stands between two fields: `,` in csv and the character U+0001 in text files if not given. In text files it may be a regular expression, such as `\\s+`.
    #[option(fallback("delimiter"))]
    pub field_delimiter: Option<String>,
    /// What stands behind each row of csv and text files. `\n` also takes `\r\n`.
    #[option(default = "\n")]
    pub row_delimiter: String,
    /// Encoding of csv, text, json, xml and markdown files.
    #[option(default = "UTF-8")]
    pub encoding: String,
    /// How dates are written: a pattern of Java's DateTimeFormatter. `yyyy-MM-dd`, `yyyy/MM/dd`, `yyyy.MM.dd`, `yyyyMMdd` and `yyyy年MM月dd日` are understood if it is not given, or one of the first four.
    pub date_format: Option<String>,
    /// How timestamps are written: a pattern of Java's DateTimeFormatter. If it is not given, or one of SeaTunnel's patterns, dates as by `date_format` with a blank or `T`, `HH:mm:ss` or `HH时mm分ss秒` behind them are understood, with fractions of seconds, and `yyyyMMddHHmmss`.
    pub datetime_format: Option<String>,
    /// How times are written: a pattern of Java's DateTimeFormatter. `HH:mm:ss` if not given; fractions of seconds are understood then too.
    pub time_format: Option<String>,
    /// Lines at the start of each csv or text file, or rows of each sheet, that are left out.
    #[option(default = 0)]
    pub skip_header_row_number: u64,
    /// Whether the first line of each csv file names its columns, in whatever order they are there.
    #[option(default = false, since = "2.3.11")]
    pub csv_use_header_line: bool,
    /// What stands around csv fields that hold delimiters or line ends.
    #[option(default = "\"", since = "2.3.13")]
    pub quote_char: String,
    /// What takes the next character of a csv field out of its meaning; two quotes are one in any case.
    #[option(since = "2.3.13")]
    pub escape_char: Option<String>,
    /// What stands for NULL in csv and text fields, besides nothing.
    #[option(since = "2.3.9")]
    pub null_format: Option<String>,
    /// Whether folders called `key=value` give columns.
    #[option(default = true)]
    pub parse_partition_from_path: bool,
    /// Texts of which one must be part of a file's path: `day=2024-01-31`.
    #[option(default = Vec::new())]
    pub read_partitions: Vec<String>,
    /// A regular expression that a file's name must match, or, where there is a `/` in it, its path, as a whole or below `path`.
    pub file_filter_pattern: Option<String>,
    /// Only files changed at this time or later: `2024-01-31 00:00:00`, UTC.
    pub file_filter_modified_start: Option<String>,
    /// Only files changed before this time: `2024-01-31 00:00:00`, UTC.
    pub file_filter_modified_end: Option<String>,
    /// Only files with this ending.
    #[option(since = "2.3.10")]
    pub filename_extension: Option<String>,
    /// Whether files in folders below `path` are read.
    #[option(default = true)]
    pub recursive_file_scan: bool,
    /// Compression of csv, text, json, xml and markdown files: none, lzo, gzip, zstd, lz4, snappy or bzip2. A file that is not compressed so is read as it is with zstd, lz4, snappy and bzip2.
    #[option(default = SourceCompression::None)]
    pub compress_codec: SourceCompression,
    /// Archives that the files are: none, zip, tar, tar_gz or gz. Of a zip or tar archive, files are read whose names end as those of the format do: txt, csv, json, xml, xlsx and xls; any for other formats.
    #[option(default = SourceArchive::None)]
    pub archive_compress_codec: SourceArchive,
    /// Whether a large file is read by several readers. They do whenever the source has more than one, unless this is `false`.
    #[option(since = "2.3.13")]
    pub enable_file_split: Option<bool>,
    /// Bytes of a file that one split takes; by size and readers if not given.
    #[option(min = 1, since = "2.3.13")]
    pub file_split_size: Option<u64>,
    /// Excel: name of the sheet; the first one if not given.
    pub sheet_name: Option<String>,
    /// Excel: whether the first row of a sheet that is not skipped names its columns, in whatever order they are there.
    #[option(default = false, since = "3.1.0")]
    pub excel_use_header_line: bool,
    /// Excel: accepted; there is one that reads all workbooks.
    #[option(since = "2.3.10")]
    pub excel_engine: Option<ExcelEngine>,
    /// Excel: accepted; files are read whatever their size.
    #[option(since = "2.3.13")]
    pub poi_excel_max_file_size: Option<u64>,
    /// XML: the tag of a row, wherever it is in the document. Needed for xml.
    pub xml_row_tag: Option<String>,
    /// XML: whether fields are attributes of a row, or elements inside of it. Needed for xml.
    pub xml_use_attr_format: Option<bool>,
    /// Binary: bytes of a row, up to 100 MiB; 1024 if not given.
    #[option(since = "2.3.12")]
    pub binary_chunk_size: Option<u64>,
    /// Binary: whether a row is a whole file.
    #[option(since = "2.3.12")]
    pub binary_complete_file_mode: Option<bool>,
    /// Markdown: whether rows also have `source_uri`, `document_id`, `chunk_id`, `chunk_index` and `content_hash`, which stay the same for the same document, path and text.
    #[option(default = false, since = "3.0.0")]
    pub markdown_rag_metadata_enabled: bool,
    /// Not built in, as PDF is not.
    #[option(since = "3.0.0")]
    pub pdf_rag_metadata_enabled: Option<bool>,
    /// Not built in: the columns of a table are given by `schema`, or come with the files.
    #[option(since = "2.3.13")]
    pub metalake_type: Option<String>,
    /// Whether the file that was changed last comes first, also where files bring the schema; else they come in the order of their paths.
    #[option(default = false, since = "3.0.0")]
    pub sort_files_by_modification_time: bool,
    /// Binary: `update` leaves out files that are below `target_path` already.
    #[option(default = SyncMode::Full, since = "2.3.13")]
    pub sync_mode: SyncMode,
    /// The folder that `sync_mode = update` compares with, in the same place as `path`: the `path` of the sink.
    #[option(since = "2.3.13")]
    pub target_path: Option<String>,
    /// Not built in: the target is in the same place as `path`.
    #[option(since = "2.3.13")]
    pub target_hadoop_conf: Option<ConfigValue>,
    /// When a file of the target is another: `distcp` if it has another length or is older; `strict` as `compare_mode` says.
    #[option(default = UpdateStrategy::Distcp, since = "2.3.13")]
    pub update_strategy: UpdateStrategy,
    /// What `update_strategy = strict` compares: length and time, or, as `checksum`, length and content. Both files are read for that.
    #[option(default = CompareMode::LenMtime, since = "2.3.13")]
    pub compare_mode: CompareMode,
    /// Accepted; the target is listed as a whole.
    #[option(since = "3.0.0")]
    pub update_compare_parallelism: Option<u64>,
    /// Accepted; the target is listed as a whole.
    #[option(since = "3.0.0")]
    pub update_compare_bulk_threshold: Option<u64>,
    /// Whether files are looked for once, or, as `continuous`, as long as the job runs: it is a streaming job then. A file that has changed is read again, as a whole. Files are left alone until they stay as they are from one look to the next, but those of object stores, which come in one piece.
    #[option(default = DiscoveryMode::Once, since = "2.3.13")]
    pub discovery_mode: DiscoveryMode,
    /// Time between two looks for files: `10S`, `500MS`, `5M`, `1H` or `PT10S`; `10S` if not given.
    #[option(since = "2.3.13")]
    pub scan_interval: Option<String>,
    /// Whether `discovery_mode = continuous` reads the files that are there when the job begins, or, as `latest`, only those that come or change later.
    #[option(default = StartMode::Earliest, since = "2.3.13")]
    pub start_mode: StartMode,
    /// What becomes of a file that was read, with `discovery_mode = continuous`, when a checkpoint that has all its rows is complete and committed: `delete`, or, as `backup`, it goes to `backup_path`. One that was changed after it was read stays, and is read again; one that another table of the source has stays, too. What fails is tried again at the next checkpoint. Nobody should write to files that are there already, and no other source may need them.
    #[option(default = PostSyncAction::None, since = "3.0.0")]
    pub post_sync_action: PostSyncAction,
    /// Where `post_sync_action = backup` moves files to, in the same place as `path`, but neither inside of it nor around it. Behind their names stand when they were moved and changed and how many bytes they have.
    #[option(since = "3.0.0")]
    pub backup_path: Option<String>,
    /// How long files stay in `backup_path` after they were moved there: `30S`, `12H` or `7D`; for good if not given. Files of others are left alone.
    #[option(since = "3.0.0")]
    pub retention_max_age: Option<String>,
    /// Time between two looks for files that are older than `retention_max_age`; `1H` if not given.
    #[option(since = "3.0.0")]
    pub retention_check_interval: Option<String>,
}
