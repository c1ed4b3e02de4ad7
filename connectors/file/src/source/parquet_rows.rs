//! Reads Parquet.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType as ArrowType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{ConvertedType, Type as PhysicalType};
use parquet::file::metadata::ParquetMetaData;
use seatunnel_api::config::nearest;
use seatunnel_api::{BatchSize, Column, DataType, Error, Output, Result};
use seatunnel_file_store::RandomFile;

use super::split::FileSplit;
use super::streams::read_failed;
use super::table::FileTable;
use super::whole::emit_in_pieces;
use crate::codes;
use crate::place::{ParquetBytes, Place};

fn open(place: &Place, path: &Path) -> Result<ParquetRecordBatchReaderBuilder<ParquetBytes>> {
    let file = place.open(path).map_err(|e| read_failed(path, e))?;
    read_footer(file, path)
}

fn read_footer(
    file: RandomFile,
    path: &Path,
) -> Result<ParquetRecordBatchReaderBuilder<ParquetBytes>> {
    let file = ParquetBytes(file);
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
    let metadata = metadata.map_err(|e| failed(&file.0, path, e))?;
    let metadata = match with_micros(&metadata) {
        None => metadata,
        Some(schema) => {
            let options = ArrowReaderOptions::new().with_schema(schema);
            let metadata = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options);
            metadata.map_err(|e| damaged(path, e))?
        }
    };
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(
        file, metadata,
    ))
}

/// The schema with timestamps that are INT96 in the file as microseconds: as nanoseconds, which they would be, they
/// end in the year 2262. None if there are none.
fn with_micros(metadata: &ArrowReaderMetadata) -> Option<SchemaRef> {
    let columns = metadata.parquet_schema();
    let roots: Vec<usize> = (0..columns.num_columns())
        .filter(|leaf| columns.column(*leaf).physical_type() == PhysicalType::INT96)
        .map(|leaf| columns.get_column_root_idx(leaf))
        .collect();
    if roots.is_empty() {
        return None;
    }
    let fields = metadata.schema().fields().iter().enumerate();
    let fields = fields.map(|(root, field)| match roots.contains(&root) {
        true => field_with_micros(field),
        false => field.clone(),
    });
    Some(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

fn field_with_micros(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        ArrowType::Timestamp(_, zone) => ArrowType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        ArrowType::List(item) => ArrowType::List(field_with_micros(item)),
        ArrowType::Map(entries, sorted) => ArrowType::Map(field_with_micros(entries), *sorted),
        ArrowType::Struct(fields) => {
            ArrowType::Struct(fields.iter().map(field_with_micros).collect())
        }
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// An error of reading a file: of what holds it, if that has failed; the library hands on no more than a text.
fn failed(
    file: &RandomFile,
    path: &Path,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    match file.failure() {
        Some(error) => read_failed(path, error),
        None => damaged(path, cause),
    }
}

fn damaged(path: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(
        codes::MALFORMED,
        format!("{} is not a Parquet file, or incomplete", path.display()),
    )
    .with_cause(cause)
    .with_help("check that the file was written to its end, and `file_format_type`")
}

/// The columns of a file.
///
/// # Errors
/// If it is no Parquet file, or has a column of a type that there is not.
pub(crate) fn columns(place: &Place, path: &Path) -> Result<Vec<Column>> {
    let builder = open(place, path)?;
    let in_file = builder.parquet_schema().root_schema().get_fields();
    let fields = builder.schema().fields().iter().zip(in_file);
    fields
        .map(|(field, in_file)| {
            let counts_as = match in_file.get_basic_info().converted_type() {
                ConvertedType::ENUM => ArrowType::Utf8,
                _ => without_zone(field.data_type()),
            };
            let data_type = DataType::from_arrow(&counts_as).ok_or_else(|| {
                Error::new(
                    codes::UNSUPPORTED,
                    format!("the type {} can't be read", field.data_type()),
                )
                .with_context("file", path.display())
                .with_context("column", field.name())
                .with_help("leave the column out with `read_columns`")
            })?;
            let mut column = Column::new(field.name(), data_type);
            column.nullable = field.is_nullable();
            Ok(column)
        })
        .collect()
}

/// What a type counts as: milliseconds in UTC are how SeaTunnel, and others by its libraries, write and read timestamps
/// that have no zone.
fn without_zone(arrow: &ArrowType) -> ArrowType {
    let field = |field: &FieldRef| {
        let data_type = without_zone(field.data_type());
        Arc::new(Field::clone(field).with_data_type(data_type))
    };
    match arrow {
        ArrowType::Timestamp(TimeUnit::Millisecond, Some(_)) => {
            ArrowType::Timestamp(TimeUnit::Millisecond, None)
        }
        ArrowType::List(item) => ArrowType::List(field(item)),
        ArrowType::LargeList(item) => ArrowType::LargeList(field(item)),
        ArrowType::Map(entries, sorted) => ArrowType::Map(field(entries), *sorted),
        ArrowType::Struct(fields) => ArrowType::Struct(fields.iter().map(field).collect()),
        other => other.clone(),
    }
}

/// Number of row groups in a file.
///
/// # Errors
/// If it is no Parquet file.
pub(crate) fn row_groups(place: &Place, path: &Path) -> Result<u64> {
    Ok(open(place, path)?.metadata().num_row_groups() as u64)
}

/// Reads the row groups of a split.
///
/// # Errors
/// If the file is damaged, or a column is missing or can't become the type it should have.
pub(crate) async fn read(
    table: &FileTable,
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
) -> Result<()> {
    let path = Path::new(&split.path).to_owned();
    let file = table.place.open(&path).map_err(|e| read_failed(&path, e))?;
    file.read_at_places(table.wanted.len());
    let builder = read_footer(file.clone(), &path)?;
    let schema = builder.schema().clone();
    let wanted: Vec<&Column> = table
        .wanted
        .iter()
        .map(|i| &table.file_columns[*i])
        .collect();
    let roots = wanted
        .iter()
        .map(|column| find(&schema, column, &path))
        .collect::<Result<Vec<_>>>()?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots.iter().copied());
    let groups: Vec<usize> = (split.start as usize..split.end as usize).collect();
    let size = out.batch_size();
    let rows = rows_of_bytes(builder.metadata(), &groups, size);
    let reader = builder
        .with_projection(mask)
        .with_row_groups(groups)
        .with_batch_size(rows)
        .with_offset(split.rows as usize)
        .build()
        .map_err(|e| failed(&file, &path, e))?;
    let mut position = split;
    for records in reader {
        let records = records.map_err(|e| failed(&file, &path, e))?;
        let columns = wanted
            .iter()
            .map(|column| {
                let values = records.column_by_name(&column.name).ok_or_else(|| {
                    Error::new(codes::MALFORMED, "a column of the file has gone")
                        .with_context("column", &column.name)
                })?;
                cast(values, column, &path)
            })
            .collect::<Result<Vec<_>>>()?;
        let batch = table.with_partitions(&path, columns, records.num_rows())?;
        emit_in_pieces(batch, out, |rows| {
            position.rows += rows;
            position.clone()
        })
        .await?;
    }
    Ok(())
}

/// Rows that make about a batch, by the average of the row groups.
fn rows_of_bytes(metadata: &ParquetMetaData, groups: &[usize], size: BatchSize) -> usize {
    let groups = groups.iter().map(|group| metadata.row_group(*group));
    let (bytes, rows) = groups.fold((0, 0), |(bytes, rows), group| {
        (bytes + group.total_byte_size(), rows + group.num_rows())
    });
    let row = usize::try_from(bytes / rows.max(1)).unwrap_or(0).max(1);
    (size.bytes / row).clamp(1, size.rows)
}

fn find(schema: &SchemaRef, column: &Column, path: &Path) -> Result<usize> {
    schema
        .index_of(&column.name)
        .map_err(|_| missing(schema, column, path))
}

/// A file that doesn't have a column.
pub(crate) fn missing(schema: &SchemaRef, column: &Column, path: &Path) -> Error {
    let names = schema.fields().iter().map(|f| f.name().as_str());
    let error = Error::new(
        codes::MALFORMED,
        format!("{} has no column {:?}", path.display(), column.name),
    );
    match nearest(&column.name, names.clone()) {
        Some(near) => error.with_help(format!("did you mean {near:?}?")),
        None => error.with_help(format!(
            "its columns are {}",
            names.collect::<Vec<_>>().join(", ")
        )),
    }
}

/// A column of the file as the type that the table has.
///
/// # Errors
/// If a value doesn't fit that type, or the one can't become the other.
pub(crate) fn cast(values: &ArrayRef, column: &Column, path: &Path) -> Result<ArrayRef> {
    let wanted = column.data_type.to_arrow();
    if *values.data_type() == wanted {
        return Ok(values.clone());
    }
    // Not "safe" in Arrow's sense: a value that doesn't fit is an error, never a silent null.
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(values, &wanted, &options).map_err(|e| {
        Error::new(
            codes::VALUE_INVALID,
            format!(
                "a value of type {} can't become {}",
                values.data_type(),
                column.data_type
            ),
        )
        .with_context("file", path.display())
        .with_context("column", &column.name)
        .with_cause(e)
    })
}
