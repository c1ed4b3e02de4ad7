//! Parquet files that are being written.

use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::{DataType as ArrowType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use seatunnel_api::{Error, Result};

use super::dictionaries;
use super::int96::{Int96Columns, Int96Writer};
use crate::codes;
use crate::sink::handle::FileHandle;
use crate::sink::io_error::io_error;
use crate::sink_options::SinkCompression;

/// Bytes in memory at which a row group is closed. Large enough for readers to work on one in peace,
/// small enough for a job with many writers.
const ROW_GROUP_BYTES: usize = 32 * 1024 * 1024;

/// What the Parquet files of one table have in common.
pub(crate) struct ParquetSettings {
    schema: SchemaRef,
    compression: Compression,
    int96: Int96Columns,
    /// For each column whether a dictionary pays; known once rows have been seen.
    dictionaries: Option<Vec<bool>>,
}

impl ParquetSettings {
    /// Settings for files with these columns.
    pub(crate) fn new(
        schema: SchemaRef,
        compression: SinkCompression,
        int96: Int96Columns,
    ) -> Self {
        let compression = match compression {
            SinkCompression::Snappy => Compression::SNAPPY,
            SinkCompression::Lz4 => Compression::LZ4_RAW,
            SinkCompression::Gzip => Compression::GZIP(GzipLevel::default()),
            SinkCompression::Brotli => Compression::BROTLI(BrotliLevel::default()),
            SinkCompression::Zstd => Compression::ZSTD(ZstdLevel::default()),
            SinkCompression::None
            | SinkCompression::Lzo
            | SinkCompression::Zlib
            | SinkCompression::Bzip2 => Compression::UNCOMPRESSED,
        };
        Self {
            schema,
            compression,
            int96,
            dictionaries: None,
        }
    }

    fn properties(&self) -> WriterProperties {
        let mut properties = WriterProperties::builder()
            .set_compression(self.compression)
            .set_created_by(concat!("seatunnel version ", env!("CARGO_PKG_VERSION")).to_owned())
            // The names that the Parquet format prescribes for lists and maps.
            .set_coerce_types(true)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_dictionary_page_size_limit(dictionaries::DICTIONARY_BYTES)
            .set_max_row_group_row_count(None);
        if let Some(dictionaries) = &self.dictionaries {
            for (field, pays) in self.schema.fields().iter().zip(dictionaries) {
                if !pays {
                    let column = ColumnPath::from(field.name().as_str());
                    properties = properties.set_column_dictionary_enabled(column, false);
                }
            }
        }
        properties.build()
    }
}

/// A Parquet file that is being written.
pub(crate) struct ParquetFile {
    path: PathBuf,
    writer: Writer,
    memory: usize,
}

enum Writer {
    Plain(Box<ArrowWriter<FileHandle>>),
    Int96(Box<Int96Writer<FileHandle>>),
}

impl ParquetFile {
    /// A file that is open and empty; `first` are rows that it is going to hold, if there are any.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn new(
        file: FileHandle,
        settings: &mut ParquetSettings,
        first: Option<&RecordBatch>,
    ) -> Result<Self> {
        if let (None, Some(first)) = (&settings.dictionaries, first) {
            settings.dictionaries = Some(dictionaries::that_pay(first, ROW_GROUP_BYTES));
        }
        let path = file.path().to_owned();
        let (schema, properties) = (settings.schema.clone(), settings.properties());
        let writer = match settings.int96.is_empty() {
            true => {
                let options = ArrowWriterOptions::new().with_properties(properties);
                ArrowWriter::try_new_with_options(file, schema, options)
                    .map(|w| Writer::Plain(Box::new(w)))
            }
            false => Int96Writer::new(file, schema, properties, &settings.int96)
                .map(|w| Writer::Int96(Box::new(w))),
        };
        Ok(Self {
            writer: writer.map_err(|e| parquet_error(&path, e))?,
            path,
            memory: 0,
        })
    }

    /// Adds rows. A row group that is full is written out.
    ///
    /// # Errors
    /// If the file can't be written.
    pub(crate) fn write(&mut self, records: &RecordBatch) -> Result<()> {
        let written = match &mut self.writer {
            Writer::Plain(writer) => writer.write(records).map(|()| writer.memory_size()),
            Writer::Int96(writer) => writer.write(records).map(|()| writer.memory_size()),
        };
        self.memory = written.map_err(|e| parquet_error(&self.path, e))?;
        if self.memory >= ROW_GROUP_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Bytes that it holds in memory.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// The file itself.
    pub(crate) fn handle(&mut self) -> &mut FileHandle {
        match &mut self.writer {
            Writer::Plain(writer) => writer.inner_mut(),
            Writer::Int96(writer) => writer.inner_mut(),
        }
    }

    /// Closes the row group, so that nothing is held in memory.
    ///
    /// # Errors
    /// If the file can't be written.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let flushed = match &mut self.writer {
            Writer::Plain(writer) => writer.flush(),
            Writer::Int96(writer) => writer.flush(),
        };
        flushed.map_err(|e| parquet_error(&self.path, e))?;
        self.memory = 0;
        Ok(())
    }

    /// Writes what is left; the file can then be closed.
    ///
    /// # Errors
    /// If the file can't be written.
    pub(crate) fn finish(self) -> Result<FileHandle> {
        let written = match self.writer {
            Writer::Plain(writer) => writer.into_inner(),
            Writer::Int96(writer) => writer.into_inner(),
        };
        written.map_err(|e| parquet_error(&self.path, e))
    }
}

/// Bytes that all Parquet files of a writer may hold together.
pub(crate) const MEMORY: usize = 2 * ROW_GROUP_BYTES;

/// Whether columns of this type can be written.
pub(crate) fn is_supported(data_type: &ArrowType) -> bool {
    match data_type {
        // A row type without fields has no column in a file.
        ArrowType::Struct(fields) => {
            !fields.is_empty() && fields.iter().all(|f| is_supported(f.data_type()))
        }
        ArrowType::List(item) | ArrowType::FixedSizeList(item, _) | ArrowType::Map(item, _) => {
            is_supported(item.data_type())
        }
        _ => true,
    }
}

fn parquet_error(path: &Path, error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(io) => io_error("write", path, *io),
            Err(other) => not_written(path).with_cause(other),
        },
        other => not_written(path).with_cause(other),
    }
}

fn not_written(path: &Path) -> Error {
    Error::new(
        codes::WRITE_FAILED,
        format!("can't write {}", path.display()),
    )
}
