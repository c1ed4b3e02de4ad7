//! Reads files, stripe by stripe.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, ListArray, MapArray, PrimitiveArray, RecordBatch, StructArray};
use arrow_schema::{DataType as ArrowType, Field, FieldRef, Fields, Schema, TimeUnit};
use bytes::Bytes;
use orc_rust::arrow_reader::{ArrowReader, ArrowReaderBuilder};
use orc_rust::projection::ProjectionMask;
use orc_rust::reader::ChunkReader;
use orc_rust::{ArrowSchemaOptions, TimestampPrecision};
use seatunnel_api::{Column, DataType};

use crate::{Fault, ReadAt, Reading, Result};

/// How orc-rust gives timestamps that nothing is lost of: as nanoseconds, in 128 bits.
const NANOS: ArrowType = ArrowType::Decimal128(38, 9);
/// How many times smaller than in memory the data of a compressed stripe may be taken to be.
const SHRUNK: u64 = 4;

/// Bytes of a file, as orc-rust wants them.
struct Chunks(Arc<dyn ReadAt>);

impl ChunkReader for Chunks {
    type T = Reading;

    fn len(&self) -> u64 {
        self.0.size()
    }

    fn get_read(&self, offset: u64) -> io::Result<Reading> {
        Ok(Reading::new(self.0.clone(), offset))
    }

    fn get_bytes(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        self.0.bytes_at(offset, length)
    }
}

/// A file whose end has been read.
pub struct OrcFile {
    from: Arc<dyn ReadAt>,
    schema: Arc<Schema>,
    stripes: Vec<Stripe>,
}

#[derive(Clone, Copy)]
struct Stripe {
    offset: u64,
    bytes: u64,
    rows: u64,
}

/// What a damaged file makes the library panic with is an error like others.
fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Fault::malformed("its content is damaged")))
}

impl OrcFile {
    /// Reads what a file says of itself.
    ///
    /// # Errors
    /// If it is no ORC file, or can't be read.
    pub fn open(from: Arc<dyn ReadAt>) -> Result<Self> {
        guarded(|| {
            let builder = builder(&from)?;
            let metadata = builder.file_metadata();
            let options =
                ArrowSchemaOptions::new().with_timestamp_precision(TimestampPrecision::Microsecond);
            let schema = metadata
                .root_data_type()
                .create_arrow_schema_with_options(&Default::default(), options);
            let stripes = metadata.stripe_metadatas().iter().map(|stripe| Stripe {
                offset: stripe.offset(),
                bytes: stripe.data_length()
                    * if metadata.compression().is_some() {
                        SHRUNK
                    } else {
                        1
                    },
                rows: stripe.number_of_rows(),
            });
            Ok(Self {
                schema: Arc::new(schema),
                stripes: stripes.collect(),
                from: from.clone(),
            })
        })
    }

    /// The columns of the file.
    ///
    /// # Errors
    /// If it has one of a type that there is not.
    pub fn columns(&self) -> Result<Vec<Column>> {
        let columns = self.schema.fields().iter().map(|field| {
            let data_type = DataType::from_arrow(field.data_type()).ok_or_else(|| {
                Fault::Unsupported(format!(
                    "column {:?}: the type {} can't be read",
                    field.name(),
                    field.data_type()
                ))
            })?;
            Ok(Column::new(field.name(), data_type))
        });
        columns.collect()
    }

    /// Its columns as Arrow has them.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// How many stripes it has.
    pub fn stripes(&self) -> usize {
        self.stripes.len()
    }

    /// How many rows a stripe has; none if there is no such stripe.
    pub fn stripe_rows(&self, stripe: usize) -> u64 {
        self.stripes.get(stripe).map_or(0, |s| s.rows)
    }

    /// The rows of a stripe without the first `skip` ones: of the columns at these places, in the order of the file,
    /// in batches of so many rows and about so many bytes.
    ///
    /// # Errors
    /// If the stripe can't be read.
    pub fn rows(
        &self,
        stripe: usize,
        columns: &[usize],
        skip: u64,
        rows: usize,
        bytes: usize,
    ) -> Result<OrcRows> {
        let Some(place) = self.stripes.get(stripe).copied() else {
            return Err(Fault::malformed(format!("it has no stripe {stripe}")));
        };
        guarded(|| {
            let builder = builder(&self.from)?;
            let root = builder.file_metadata().root_data_type();
            let roots = columns
                .iter()
                .filter_map(|column| root.children().get(*column));
            let roots = roots.map(|child| child.data_type().column_index());
            let mask = ProjectionMask::roots(root, roots);
            let mut places = columns.to_vec();
            places.sort_unstable();
            places.dedup();
            let fields = places.iter().map(|c| self.schema.fields()[*c].clone());
            let fields: Fields = fields.collect();
            let raw: Fields = fields.iter().map(with_nanos).collect();
            let row = usize::try_from(place.bytes / place.rows.max(1)).unwrap_or(usize::MAX);
            let start = usize::try_from(place.offset)
                .map_err(|_| Fault::malformed("a stripe is too far"))?;
            let reader = builder
                .with_projection(mask)
                .with_schema(Arc::new(Schema::new(raw)))
                .with_file_byte_range(start..start + 1)
                .with_batch_size((bytes / row.max(1)).clamp(1, rows.max(1)))
                .build();
            Ok(OrcRows {
                reader,
                schema: Arc::new(Schema::new(fields)),
                skip,
            })
        })
    }
}

fn builder(from: &Arc<dyn ReadAt>) -> Result<ArrowReaderBuilder<Chunks>> {
    ArrowReaderBuilder::try_new(Chunks(from.clone())).map_err(|e| Fault::Malformed(e.to_string()))
}

/// The rows of a stripe.
pub struct OrcRows {
    reader: ArrowReader<Chunks>,
    schema: Arc<Schema>,
    skip: u64,
}

impl OrcRows {
    /// The next rows; none at the end.
    ///
    /// # Errors
    /// If the stripe is damaged.
    pub fn next_rows(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let next = guarded(|| Ok(self.reader.next().transpose()?))?;
            let Some(found) = next else {
                return Ok(None);
            };
            let skipped = self.skip.min(found.num_rows() as u64);
            self.skip -= skipped;
            if skipped as usize == found.num_rows() {
                continue;
            }
            let found = found.slice(skipped as usize, found.num_rows() - skipped as usize);
            let columns = found.columns().iter().zip(self.schema.fields());
            let columns = columns.map(|(column, field)| settled(column, field.data_type()));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let options = arrow_array::RecordBatchOptions::new();
            let options = options.with_row_count(Some(found.num_rows()));
            let schema = self.schema.clone();
            return Ok(Some(RecordBatch::try_new_with_options(
                schema, columns, &options,
            )?));
        }
    }
}

/// A field with timestamps as [`NANOS`].
fn with_nanos(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        ArrowType::Timestamp(..) => NANOS,
        ArrowType::List(item) => ArrowType::List(with_nanos(item)),
        ArrowType::Map(entries, sorted) => ArrowType::Map(with_nanos(entries), *sorted),
        ArrowType::Struct(fields) => ArrowType::Struct(fields.iter().map(with_nanos).collect()),
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// A column with its timestamps as microseconds.
fn settled(column: &ArrayRef, wanted: &ArrowType) -> Result<ArrayRef> {
    if column.data_type() == wanted {
        return Ok(column.clone());
    }
    Ok(match wanted {
        ArrowType::Timestamp(TimeUnit::Microsecond, zone) => {
            let nanos = column.as_primitive::<Decimal128Type>();
            let micros: PrimitiveArray<TimestampMicrosecondType> = nanos.try_unary(|nanos| {
                i64::try_from(nanos.div_euclid(1000))
                    .map_err(|_| Fault::malformed("a timestamp is beyond all years"))
            })?;
            Arc::new(micros.with_timezone_opt(zone.clone()))
        }
        ArrowType::List(item) => {
            let list = column.as_list::<i32>();
            let items = settled(list.values(), item.data_type())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::try_new(item.clone(), offsets, items, nulls)?)
        }
        ArrowType::Map(entries, sorted) => {
            let map = column.as_map();
            let all: ArrayRef = Arc::new(map.entries().clone());
            let all = settled(&all, entries.data_type())?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            let all = all.as_struct().clone();
            Arc::new(MapArray::try_new(
                entries.clone(),
                offsets,
                all,
                nulls,
                *sorted,
            )?)
        }
        ArrowType::Struct(fields) => {
            let row = column.as_struct();
            let parts = row.columns().iter().zip(fields);
            let parts = parts.map(|(part, field)| settled(part, field.data_type()));
            let parts = parts.collect::<Result<Vec<_>>>()?;
            let nulls = row.nulls().cloned();
            Arc::new(StructArray::try_new(fields.clone(), parts, nulls)?)
        }
        other => {
            return Err(Fault::malformed(format!(
                "it has {} where {other} should be",
                column.data_type()
            )));
        }
    })
}
