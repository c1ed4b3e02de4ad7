//! Files of formats that are written as a whole: ORC, Avro, Excel, XML.

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use seatunnel_api::{Column, Error, Result, codes as api_codes};
use seatunnel_file_formats::avro::{AvroCodec, AvroWriter};
use seatunnel_file_formats::excel::{self, ExcelStyle, ExcelWriter};
use seatunnel_file_formats::orc::{self, OrcCompression, OrcWriter};
use seatunnel_file_formats::xml::{self, XmlStyle, XmlWriter};
use seatunnel_file_formats::{Fault, FileWriter, TextRules, TimePatterns};

use crate::codes;
use crate::sink::handle::FileHandle;
use crate::sink::io_error::io_error;
use crate::sink::output::OutputFile;
use crate::sink_options::{FileSinkOptions, SinkCompression, SinkFormat};

/// Rows of a sheet if the job file does not say.
const SHEET_ROWS: u32 = 1_048_576;

/// What the files of one table have in common.
pub(crate) struct WholeSettings {
    columns: Vec<Column>,
    format: Format,
}

enum Format {
    Orc(OrcCompression),
    Avro(AvroCodec),
    Excel(ExcelStyle, Arc<TextRules>),
    Xml(XmlStyle, Arc<TextRules>),
}

/// A file that is being written.
pub(crate) enum WholeFile {
    /// Its bytes are those of the file.
    Bytes(Box<dyn FileWriter<FileHandle>>),
    /// It is a text, which is encoded and compressed on its way.
    Text(Box<dyn FileWriter<OutputFile>>),
}

impl WholeSettings {
    /// Settings for files with these columns; none if the format is written in another way.
    ///
    /// # Errors
    /// If a column can't be written in the format.
    pub(crate) fn new(options: &FileSinkOptions, columns: &[Column]) -> Result<Option<Self>> {
        let patterns = TimePatterns {
            date: options.date_format.clone(),
            time: options.time_format.clone(),
            timestamp: options.datetime_format.clone(),
        };
        let delimiter = options.field_delimiter.as_deref().filter(|d| !d.is_empty());
        let rules = |between| TextRules::new(&patterns, between, delimiter).map(Arc::new);
        let codec = options.compress_codec;
        let format = match options.file_format_type {
            SinkFormat::Orc => Format::Orc(match codec {
                SinkCompression::Zlib => OrcCompression::Zlib,
                SinkCompression::Snappy => OrcCompression::Snappy,
                SinkCompression::Lz4 => OrcCompression::Lz4,
                SinkCompression::Lzo => OrcCompression::Lzo,
                SinkCompression::Zstd => OrcCompression::Zstd,
                _ => OrcCompression::None,
            }),
            SinkFormat::Avro => Format::Avro(match codec {
                SinkCompression::Zlib => AvroCodec::Deflate,
                SinkCompression::Snappy => AvroCodec::Snappy,
                SinkCompression::Zstd => AvroCodec::Zstandard,
                SinkCompression::Bzip2 => AvroCodec::Bzip2,
                _ => AvroCodec::Null,
            }),
            SinkFormat::Excel => {
                let style = ExcelStyle {
                    sheet: options.sheet_name.clone().unwrap_or("Sheet0".to_owned()),
                    sheet_rows: options
                        .sheet_max_rows
                        .and_then(|rows| u32::try_from(rows).ok())
                        .unwrap_or(SHEET_ROWS),
                    patterns: patterns.clone(),
                };
                Format::Excel(style, rules(b' ')?)
            }
            SinkFormat::Xml => {
                let tag = |tag: &Option<String>, default: &str| {
                    let tag = tag.as_deref().filter(|t| !t.is_empty());
                    tag.unwrap_or(default).to_owned()
                };
                let style = XmlStyle {
                    root_tag: tag(&options.xml_root_tag, "RECORDS"),
                    row_tag: tag(&options.xml_row_tag, "RECORD"),
                    use_attributes: options.xml_use_attr_format.ok_or_else(|| {
                        Error::new(
                            api_codes::OPTION_INVALID,
                            "files of the format xml need the option `xml_use_attr_format`",
                        )
                    })?,
                    encoding: options.encoding.trim().to_owned(),
                };
                Format::Xml(style, rules(b'T')?)
            }
            _ => return Ok(None),
        };
        let settings = Self {
            columns: columns.to_vec(),
            format,
        };
        settings.check().map_err(unfit)?;
        Ok(Some(settings))
    }

    /// Whether the columns have a place in the format.
    fn check(&self) -> Result<(), Fault> {
        match &self.format {
            Format::Orc(_) => self.columns.iter().try_for_each(|column| {
                orc::check_column(&column.data_type).map_err(|fault| {
                    Fault::Unsupported(format!("column {:?}: {fault}", column.name))
                })
            }),
            Format::Avro(_) => AvroWriter::check(&self.columns),
            Format::Excel(style, rules) => {
                ExcelWriter::new(std::io::sink(), &self.columns, style.clone(), rules.clone())
                    .map(|_| ())
            }
            Format::Xml(style, rules) => {
                XmlWriter::new(std::io::sink(), &self.columns, style.clone(), rules.clone())
                    .map(|_| ())
            }
        }
    }

    /// Begins a file that is a text; none if its bytes are no text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.format, Format::Xml(..))
    }

    /// Begins a file.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn begin(&self, file: FileHandle) -> Result<WholeFile> {
        let path = file.path().to_owned();
        let columns = &self.columns;
        let begun: Result<Box<dyn FileWriter<FileHandle>>, Fault> = match &self.format {
            Format::Orc(compression) => {
                OrcWriter::new(file, columns, *compression).map(|w| Box::new(w) as _)
            }
            Format::Avro(codec) => AvroWriter::new(file, columns, *codec).map(|w| Box::new(w) as _),
            Format::Excel(style, rules) => {
                ExcelWriter::new(file, columns, style.clone(), rules.clone())
                    .map(|w| Box::new(w) as _)
            }
            Format::Xml(..) => Err(Fault::Unsupported("a text is no bytes".to_owned())),
        };
        begun
            .map(WholeFile::Bytes)
            .map_err(|e| not_written(&path, e))
    }

    /// Begins a file that is a text.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn begin_text(&self, mut file: OutputFile) -> Result<WholeFile> {
        let path = file.handle().path().to_owned();
        match &self.format {
            Format::Xml(style, rules) => {
                let writer = XmlWriter::new(file, &self.columns, style.clone(), rules.clone());
                let writer = writer.map_err(|e| not_written(&path, e))?;
                Ok(WholeFile::Text(Box::new(writer)))
            }
            _ => Err(not_written(
                &path,
                Fault::Unsupported("bytes are no text".to_owned()),
            )),
        }
    }

    /// Finds out whether rows can be written, without writing them.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check_rows(&self, rows: &RecordBatch, path: &Path) -> Result<()> {
        let checked = match &self.format {
            Format::Orc(_) => orc::check_rows(&self.columns, rows),
            Format::Avro(_) => Ok(()),
            Format::Excel(_, rules) => excel::check_rows(&self.columns, rules, rows),
            Format::Xml(_, rules) => xml::check_rows(&self.columns, rules, rows),
        };
        checked.map_err(|e| not_written(path, e))
    }
}

impl WholeFile {
    /// Adds rows.
    ///
    /// # Errors
    /// If the file can't be written, or a value has no place in the format.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let written = match self {
            Self::Bytes(writer) => writer.write(rows),
            Self::Text(writer) => writer.write(rows),
        };
        written.map_err(|e| not_written(self.handle().path(), e))
    }

    /// Bytes that it holds in memory.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Bytes(writer) => writer.memory(),
            Self::Text(writer) => writer.memory(),
        }
    }

    /// Writes out what it can.
    ///
    /// # Errors
    /// If the file can't be written.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let flushed = match self {
            Self::Bytes(writer) => writer.flush(),
            Self::Text(writer) => writer.flush(),
        };
        flushed.map_err(|e| not_written(self.handle().path(), e))
    }

    /// The file itself.
    pub(crate) fn handle(&mut self) -> &mut FileHandle {
        match self {
            Self::Bytes(writer) => writer.inner_mut(),
            Self::Text(writer) => writer.inner_mut().handle(),
        }
    }

    /// Gives up memory and handle until the next rows.
    ///
    /// # Errors
    /// If the file can't be written.
    pub(crate) fn put_aside(&mut self) -> Result<()> {
        match self {
            Self::Bytes(writer) => {
                let handle = writer.inner_mut();
                let paused = handle.pause();
                paused.map_err(|e| io_error("write", handle.path(), e))
            }
            Self::Text(writer) => writer.inner_mut().put_aside(),
        }
    }

    /// Writes what is left; the file can then be closed.
    ///
    /// # Errors
    /// If the file can't be written.
    pub(crate) fn finish(mut self) -> Result<FileHandle> {
        let path = self.handle().path().to_owned();
        match self {
            Self::Bytes(writer) => writer.finish().map_err(|e| not_written(&path, e)),
            Self::Text(writer) => {
                let file = writer.finish().map_err(|e| not_written(&path, e))?;
                file.finish()
            }
        }
    }
}

/// Columns that have no place in a format.
fn unfit(fault: Fault) -> Error {
    match fault {
        Fault::Told(error) => error,
        other => Error::new(api_codes::TYPE_UNSUPPORTED, other.to_string())
            .with_help("leave columns out with `sink_columns`, or write another format"),
    }
}

fn not_written(path: &Path, fault: Fault) -> Error {
    match fault {
        Fault::Io(error) => match error.downcast::<Error>() {
            // What encodes on the way has told what is wrong.
            Ok(told) => told,
            Err(error) => io_error("write", path, error),
        },
        Fault::Value { column, why, .. } => Error::new(api_codes::VALUE_INVALID, why)
            .with_context("column", column)
            .with_context("file", path.display())
            .with_help("write it in another format, or correct the value")
            .of_row(),
        Fault::Told(error) => error.with_context("file", path.display()),
        other => Error::new(
            codes::WRITE_FAILED,
            format!("can't write {}: {other}", path.display()),
        ),
    }
}
