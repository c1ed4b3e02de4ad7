//! Parquet files with timestamps of 96 bits, which Spark and Hive wrote before 2016 and some programs still ask for.
//!
//! The writer for Arrow knows no such columns. A row group is written by it into memory with what it has instead (64-bit
//! microseconds, or 12 bytes); those columns are then written anew as INT96, and the others copied as they are.

use std::io::Write;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{LogicalType, Type as PhysicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{ByteArray, DataType, Int96, Int96Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

/// Values that are written anew at once.
const STEP: usize = 8_192;
/// The day of 1970-01-01 as INT96 counts them.
const JULIAN_1970: i64 = 2_440_588;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Which columns become INT96.
#[derive(Clone, Debug, Default)]
pub(crate) struct Int96Columns {
    /// All timestamps.
    pub(crate) timestamps: bool,
    /// Columns of 12 bytes, by name: what they hold is taken for an INT96.
    pub(crate) fixed: Vec<String>,
}

impl Int96Columns {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        !self.timestamps && self.fixed.is_empty()
    }

    fn takes(&self, column: &Type, name: &str) -> bool {
        let is_time = matches!(
            column.get_basic_info().logical_type_ref(),
            Some(LogicalType::Timestamp(_))
        );
        match column.get_physical_type() {
            PhysicalType::INT64 => self.timestamps && is_time,
            PhysicalType::BYTE_ARRAY => self.fixed.iter().any(|fixed| fixed == name),
            _ => false,
        }
    }

    /// The type of a file's columns, with those that become INT96.
    fn changed(&self, from: &TypePtr, name: &str) -> Result<TypePtr> {
        let info = from.get_basic_info();
        if from.is_primitive() {
            if !self.takes(from, name) {
                return Ok(from.clone());
            }
            let column = Type::primitive_type_builder(from.name(), PhysicalType::INT96)
                .with_repetition(info.repetition());
            return Ok(Arc::new(column.build()?));
        }
        let fields = from.get_fields().iter();
        let fields = fields.map(|field| self.changed(field, name));
        let mut group = Type::group_type_builder(from.name())
            .with_fields(fields.collect::<Result<Vec<_>>>()?)
            .with_converted_type(info.converted_type())
            .with_logical_type(info.logical_type_ref().cloned());
        if info.has_repetition() {
            group = group.with_repetition(info.repetition());
        }
        Ok(Arc::new(group.build()?))
    }
}

/// A file with columns of INT96 that is being written. Holds a row group in memory.
pub(crate) struct Int96Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    schema: SchemaRef,
    properties: WriterProperties,
    staged: Option<ArrowWriter<Vec<u8>>>,
}

impl<W: Write + Send> Int96Writer<W> {
    /// A file of rows with this schema.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn new(
        out: W,
        schema: SchemaRef,
        properties: WriterProperties,
        columns: &Int96Columns,
    ) -> Result<Self> {
        let converter = ArrowSchemaConverter::new().with_coerce_types(properties.coerce_types());
        let descriptor: SchemaDescriptor = converter.convert(&schema)?;
        let root = descriptor.root_schema();
        let fields = root.get_fields().iter();
        let fields = fields.map(|field| columns.changed(field, field.name()));
        let root = Type::group_type_builder(root.name())
            .with_fields(fields.collect::<Result<Vec<_>>>()?)
            .build()?;
        // Pages of columns that are copied as they are have no index any more: a file has one of all columns, or of none.
        let properties = properties
            .into_builder()
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let shared: WriterPropertiesPtr = Arc::new(properties.clone());
        Ok(Self {
            file: SerializedFileWriter::new(out, Arc::new(root), shared)?,
            schema,
            properties,
            staged: None,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// If they can't be written.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let staged = match &mut self.staged {
            Some(staged) => staged,
            None => {
                let options = ArrowWriterOptions::new().with_properties(self.properties.clone());
                let schema = self.schema.clone();
                let staged = ArrowWriter::try_new_with_options(Vec::new(), schema, options)?;
                self.staged.insert(staged)
            }
        };
        staged.write(rows)
    }

    /// Bytes held in memory.
    pub(crate) fn memory_size(&self) -> usize {
        self.staged.as_ref().map_or(0, ArrowWriter::memory_size)
    }

    /// What is written to.
    pub(crate) fn inner_mut(&mut self) -> &mut W {
        self.file.inner_mut()
    }

    /// Writes the row group.
    ///
    /// # Errors
    /// If it can't be written, or bytes that should be an INT96 are not 12.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let Some(staged) = self.staged.take() else {
            return Ok(());
        };
        let staged = Bytes::from(staged.into_inner()?);
        let reader = SerializedFileReader::new(staged.clone())?;
        let columns = self.file.schema_descr().columns().iter();
        let wanted: Vec<PhysicalType> = columns.map(|c| c.physical_type()).collect();
        for group in 0..reader.num_row_groups() {
            let group = reader.get_row_group(group)?;
            let mut out = self.file.next_row_group()?;
            for (index, column) in group.metadata().columns().iter().enumerate() {
                if column.column_type() == wanted[index] {
                    let close = ColumnCloseResult {
                        bytes_written: column.compressed_size().unsigned_abs(),
                        rows_written: group.metadata().num_rows().unsigned_abs(),
                        metadata: column.clone(),
                        bloom_filter: None,
                        column_index: None,
                        offset_index: None,
                    };
                    out.append_column(&staged, close)?;
                    continue;
                }
                let levels = column.column_descr();
                let (definition, repetition) = (levels.max_def_level(), levels.max_rep_level());
                let levels = (definition > 0, repetition > 0);
                match group.get_column_reader(index)? {
                    ColumnReader::Int64ColumnReader(from) => {
                        copy(from, levels, &mut out, |micros| Ok(of_micros(*micros)))?;
                    }
                    ColumnReader::ByteArrayColumnReader(from) => {
                        copy(from, levels, &mut out, of_bytes)?;
                    }
                    _ => return Err(ParquetError::General("a column has changed".to_owned())),
                }
            }
            out.close()?;
        }
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn into_inner(mut self) -> Result<W> {
        self.flush()?;
        self.file.into_inner()
    }
}

/// Writes the values of a column as INT96.
fn copy<T: DataType, W: Write + Send>(
    mut from: ColumnReaderImpl<T>,
    (definition, repetition): (bool, bool),
    out: &mut SerializedRowGroupWriter<'_, W>,
    value: impl Fn(&T::T) -> Result<Int96>,
) -> Result<()> {
    let missing = || ParquetError::General("a column is missing".to_owned());
    let mut to = out.next_column()?.ok_or_else(missing)?;
    let (mut values, mut def, mut rep) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        values.clear();
        def.clear();
        rep.clear();
        let (def_levels, rep_levels) = (
            definition.then_some(&mut def),
            repetition.then_some(&mut rep),
        );
        let (records, ..) = from.read_records(STEP, def_levels, rep_levels, &mut values)?;
        if records == 0 {
            break;
        }
        let written = values.iter().map(&value).collect::<Result<Vec<_>>>()?;
        to.typed::<Int96Type>().write_batch(
            &written,
            definition.then_some(&def[..]),
            repetition.then_some(&rep[..]),
        )?;
    }
    to.close()
}

/// A moment as nanoseconds of a day, and the day.
fn of_micros(micros: i64) -> Int96 {
    let day = micros.div_euclid(MICROS_PER_DAY) + JULIAN_1970;
    let nanos = (micros.rem_euclid(MICROS_PER_DAY) * 1000) as u64;
    let mut value = Int96::new();
    value.set_data(nanos as u32, (nanos >> 32) as u32, day as u32);
    value
}

fn of_bytes(bytes: &ByteArray) -> Result<Int96> {
    let parts: Option<[u8; 12]> = bytes.data().try_into().ok();
    let parts = parts.ok_or_else(|| {
        ParquetError::General(format!(
            "a value of a column of `parquet_avro_write_fixed_as_int96` has {} bytes, not 12",
            bytes.len()
        ))
    })?;
    let part =
        |at: usize| u32::from_le_bytes([parts[at], parts[at + 1], parts[at + 2], parts[at + 3]]);
    let mut value = Int96::new();
    value.set_data(part(0), part(4), part(8));
    Ok(value)
}
