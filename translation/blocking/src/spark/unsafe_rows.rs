//! Rows as Spark keeps them in memory, as columns.
//!
//! Spark's `UnsafeRow`: a bit for each field that is null, in words of 64; then a word of 8 bytes for
//! each field, which is its value, or how many bytes it takes (low half) and where (high half), from
//! the row's start. Arrays are alike, behind a word with their length, and their values take what
//! their type takes; a map is the size of its keys, and two arrays. All in this machine's byte order.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, Decimal128Array, ListArray, MapArray, NullArray,
    PrimitiveArray, RecordBatch, RecordBatchOptions, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType as ArrowType, Field};
use seatunnel_api::{Batch, CatalogTable, DataType, Error, Result, RowKind, RowKinds};

use super::ROW_KIND;
use super::columns::recast;
use super::schema::{from_spark, shape};
use crate::codes;

/// Decimals of so many digits stand in a word.
const WORD_DIGITS: u8 = 18;
/// Bytes of a word.
const WORD: usize = 8;

/// What is known of the rows of a DataFrame.
pub struct RowFormat {
    /// The shapes of its columns.
    shapes: Vec<DataType>,
    /// Which of them says what a row does.
    kind: Option<usize>,
    table: Arc<CatalogTable>,
}

/// Where a value stands: its own place, and that from which places of longer values count.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    base: usize,
}

/// Where the values of a column stand; none for null.
type Places = [Option<Place>];

impl RowFormat {
    /// Rows of this schema, which is Spark's JSON, as rows of this table.
    ///
    /// # Errors
    /// If the schema can't be read, or the table is another's.
    pub fn new(schema: &str, table: Arc<CatalogTable>) -> Result<Self> {
        let columns = from_spark(schema)?;
        let kind = columns.iter().position(|column| column.name == ROW_KIND);
        let data = columns.iter().filter(|column| column.name != ROW_KIND);
        if !data
            .map(|c| &c.data_type)
            .eq(table.columns().iter().map(|c| &c.data_type))
        {
            return Err(Error::new(
                codes::PLAN_DIFFERS,
                "rows have other columns than the DataFrame",
            ));
        }
        Ok(Self {
            shapes: columns
                .iter()
                .map(|column| shape(&column.data_type))
                .collect(),
            kind,
            table,
        })
    }

    /// Reads rows that lie one behind the other, each behind a word with its size in bytes.
    ///
    /// # Errors
    /// If the bytes are not that, or a value does not fit its column.
    pub fn read(&self, bytes: &[u8]) -> Result<Batch> {
        let mut rows = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let size = length(word(bytes, at)?)?;
            rows.push(at + WORD);
            at = (at + WORD).checked_add(size).ok_or_else(damaged)?;
        }
        if at != bytes.len() {
            return Err(damaged());
        }
        let mut kinds = RowKinds::default();
        let mut arrays = Vec::with_capacity(self.shapes.len());
        for (index, shape) in self.shapes.iter().enumerate() {
            let places = fields(bytes, &rows, self.shapes.len(), index)?;
            if self.kind == Some(index) {
                kinds = read_kinds(bytes, &places)?;
                continue;
            }
            let column = &self.table.columns()[arrays.len()];
            let named = |e: Error| e.with_context("column", &column.name);
            let array = read_column(bytes, shape, &places).map_err(named)?;
            arrays.push(match *shape == column.data_type {
                true => array,
                false => recast(&array, &column.data_type.to_arrow()).map_err(named)?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let schema = self.table.arrow_schema().clone();
        let records = RecordBatch::try_new_with_options(schema, arrays, &options)?;
        Ok(Batch::new(self.table.clone(), records, kinds))
    }
}

/// The places of one field of rows that start at `rows` and have `count` fields.
fn fields(bytes: &[u8], rows: &[usize], count: usize, index: usize) -> Result<Vec<Option<Place>>> {
    let values = count.div_ceil(64) * WORD;
    rows.iter()
        .map(|base| {
            let nulls = word(bytes, base + index / 64 * WORD)?;
            let is_null = nulls >> (index % 64) & 1 == 1;
            let at = base + values + index * WORD;
            Ok((!is_null).then_some(Place { at, base: *base }))
        })
        .collect()
}

fn read_column(bytes: &[u8], shape: &DataType, places: &Places) -> Result<ArrayRef> {
    Ok(match shape {
        DataType::Boolean => {
            let values = places.iter().map(|place| {
                place
                    .map(|p| Ok(take::<1>(bytes, p.at)?[0] != 0))
                    .transpose()
            });
            Arc::new(values.collect::<Result<BooleanArray>>()?)
        }
        DataType::TinyInt => primitive::<Int8Type, 1>(bytes, places, i8::from_ne_bytes)?,
        DataType::SmallInt => primitive::<Int16Type, 2>(bytes, places, i16::from_ne_bytes)?,
        DataType::Int => primitive::<Int32Type, 4>(bytes, places, i32::from_ne_bytes)?,
        DataType::BigInt => primitive::<Int64Type, 8>(bytes, places, i64::from_ne_bytes)?,
        DataType::Float => primitive::<Float32Type, 4>(bytes, places, f32::from_ne_bytes)?,
        DataType::Double => primitive::<Float64Type, 8>(bytes, places, f64::from_ne_bytes)?,
        DataType::Date => primitive::<Date32Type, 4>(bytes, places, i32::from_ne_bytes)?,
        DataType::Time => primitive::<Time64MicrosecondType, 8>(bytes, places, i64::from_ne_bytes)?,
        DataType::Timestamp => {
            primitive::<TimestampMicrosecondType, 8>(bytes, places, i64::from_ne_bytes)?
        }
        DataType::TimestampTz => Arc::new(
            numbers::<TimestampMicrosecondType, 8>(bytes, places, i64::from_ne_bytes)?
                .with_timezone("UTC"),
        ),
        DataType::Decimal { precision, scale } => decimal(bytes, places, *precision, *scale)?,
        DataType::Null => Arc::new(NullArray::new(places.len())),
        DataType::String => {
            let mut builder = StringBuilder::with_capacity(places.len(), 16 * places.len());
            for place in places {
                let text = place.map(|p| longer(bytes, p)).transpose()?;
                let text = text.map(std::str::from_utf8).transpose().map_err(|e| {
                    Error::new(codes::WIRE, "a text of Spark is not UTF-8").with_cause(e)
                })?;
                builder.append_option(text);
            }
            Arc::new(builder.finish())
        }
        DataType::Bytes => {
            let mut builder = BinaryBuilder::with_capacity(places.len(), 16 * places.len());
            for place in places {
                builder.append_option(place.map(|p| longer(bytes, p)).transpose()?);
            }
            Arc::new(builder.finish())
        }
        DataType::Array(item) => {
            let arrays = places
                .iter()
                .map(|place| place.map(|p| Ok(longer_place(bytes, p)?.0)).transpose());
            let (offsets, items) = elements(bytes, item, arrays)?;
            let items = read_column(bytes, item, &items)?;
            let field = Field::new("item", items.data_type().clone(), true);
            Arc::new(ListArray::try_new(
                field.into(),
                offsets,
                items,
                nulls(places),
            )?)
        }
        DataType::Map(key, value) => read_map(bytes, key, value, places)?,
        DataType::Row(of) => {
            let mut arrays = Vec::with_capacity(of.len());
            for (index, field) in of.iter().enumerate() {
                let own = nested_fields(bytes, places, of.len(), index)?;
                arrays.push(read_column(bytes, &field.data_type, &own)?);
            }
            match shape.to_arrow() {
                ArrowType::Struct(fields) => Arc::new(StructArray::try_new_with_length(
                    fields,
                    arrays,
                    nulls(places),
                    places.len(),
                )?),
                _ => return Err(damaged()),
            }
        }
        DataType::FloatVector(_) => return Err(damaged()),
    })
}

fn read_map(bytes: &[u8], key: &DataType, value: &DataType, places: &Places) -> Result<ArrayRef> {
    let mut keys = Vec::with_capacity(places.len());
    let mut values = Vec::with_capacity(places.len());
    for place in places {
        let Some(place) = place else {
            keys.push(None);
            values.push(None);
            continue;
        };
        let (start, _) = longer_place(bytes, *place)?;
        let size = length(word(bytes, start)?)?;
        let first = start + WORD;
        keys.push(Some(first));
        values.push(Some(first.checked_add(size).ok_or_else(damaged)?));
    }
    let (offsets, keys) = elements(bytes, key, keys.into_iter().map(Ok))?;
    let (value_offsets, values) = elements(bytes, value, values.into_iter().map(Ok))?;
    if offsets != value_offsets {
        return Err(damaged());
    }
    let keys = read_column(bytes, key, &keys)?;
    let values = read_column(bytes, value, &values)?;
    let of = DataType::Map(Box::new(key.clone()), Box::new(value.clone()));
    let ArrowType::Map(entries, _) = of.to_arrow() else {
        return Err(damaged());
    };
    let ArrowType::Struct(fields) = entries.data_type() else {
        return Err(damaged());
    };
    let structs = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(
        entries,
        offsets,
        structs,
        nulls(places),
        false,
    )?))
}

/// The places of all elements of arrays that start there, and where those of each begin.
fn elements(
    bytes: &[u8],
    item: &DataType,
    arrays: impl Iterator<Item = Result<Option<usize>>>,
) -> Result<(OffsetBuffer<i32>, Vec<Option<Place>>)> {
    let width = width(item);
    let mut offsets = vec![0];
    let mut places = Vec::new();
    for array in arrays {
        if let Some(base) = array? {
            let count = length(word(bytes, base)?)?;
            // No count is believed that the bytes can't hold.
            if count.div_ceil(8) > bytes.len() - base {
                return Err(damaged());
            }
            let values = base + WORD + count.div_ceil(64) * WORD;
            for index in 0..count {
                let nulls = word(bytes, base + WORD + index / 64 * WORD)?;
                let is_null = nulls >> (index % 64) & 1 == 1;
                let at = values + index * width;
                places.push((!is_null).then_some(Place { at, base }));
            }
        }
        offsets.push(i32::try_from(places.len()).map_err(|_| damaged())?);
    }
    Ok((OffsetBuffer::new(offsets.into()), places))
}

/// The places of one field of rows that are values themselves.
fn nested_fields(
    bytes: &[u8],
    places: &Places,
    count: usize,
    index: usize,
) -> Result<Vec<Option<Place>>> {
    places
        .iter()
        .map(|place| {
            let Some(place) = place else {
                return Ok(None);
            };
            let (base, _) = longer_place(bytes, *place)?;
            Ok(fields(bytes, &[base], count, index)?.remove(0))
        })
        .collect()
}

/// Bytes that a value takes in an array.
fn width(item: &DataType) -> usize {
    match item {
        DataType::Boolean | DataType::TinyInt => 1,
        DataType::SmallInt => 2,
        DataType::Int | DataType::Float | DataType::Date => 4,
        _ => WORD,
    }
}

fn numbers<T: ArrowPrimitiveType, const N: usize>(
    bytes: &[u8],
    places: &Places,
    read: fn([u8; N]) -> T::Native,
) -> Result<PrimitiveArray<T>> {
    let mut values = Vec::with_capacity(places.len());
    for place in places {
        values.push(match place {
            Some(place) => read(take(bytes, place.at)?),
            None => T::Native::default(),
        });
    }
    Ok(PrimitiveArray::try_new(values.into(), nulls(places))?)
}

fn primitive<T: ArrowPrimitiveType, const N: usize>(
    bytes: &[u8],
    places: &Places,
    read: fn([u8; N]) -> T::Native,
) -> Result<ArrayRef> {
    Ok(Arc::new(numbers::<T, N>(bytes, places, read)?))
}

fn decimal(bytes: &[u8], places: &Places, precision: u8, scale: i8) -> Result<ArrayRef> {
    let mut values = Vec::with_capacity(places.len());
    for place in places {
        values.push(match place {
            None => 0,
            Some(place) if precision <= WORD_DIGITS => {
                i128::from(i64::from_ne_bytes(take(bytes, place.at)?))
            }
            Some(place) => {
                let digits = longer(bytes, *place)?;
                let negative = digits.first().is_some_and(|first| first & 0x80 != 0);
                let mut wide = [if negative { 0xff } else { 0 }; 16];
                let start = wide.len().checked_sub(digits.len()).ok_or_else(damaged)?;
                wide[start..].copy_from_slice(digits);
                i128::from_be_bytes(wide)
            }
        });
    }
    let array = Decimal128Array::try_new(values.into(), nulls(places))?;
    Ok(Arc::new(array.with_precision_and_scale(precision, scale)?))
}

fn nulls(places: &Places) -> Option<NullBuffer> {
    let all = places.iter().all(Option::is_some);
    (!all).then(|| places.iter().map(Option::is_some).collect())
}

fn read_kinds(bytes: &[u8], places: &Places) -> Result<RowKinds> {
    let kinds = places.iter().map(|place| {
        let Some(place) = place else {
            return Ok(RowKind::Insert);
        };
        let text = String::from_utf8_lossy(longer(bytes, *place)?);
        text.parse().map_err(|()| {
            Error::new(
                codes::UNSUPPORTED,
                format!("{ROW_KIND} is {text:?}, which is no kind of a row"),
            )
            .with_help("write +I, -U, +U or -D")
        })
    });
    Ok(RowKinds::from_kinds(kinds.collect::<Result<_>>()?))
}

/// A value that stands elsewhere.
fn longer(bytes: &[u8], place: Place) -> Result<&[u8]> {
    let (start, size) = longer_place(bytes, place)?;
    bytes.get(start..start + size).ok_or_else(damaged)
}

fn longer_place(bytes: &[u8], place: Place) -> Result<(usize, usize)> {
    let word = word(bytes, place.at)?;
    Ok((
        place.base + (word >> 32) as usize,
        (word & 0xffff_ffff) as usize,
    ))
}

fn length(word: u64) -> Result<usize> {
    // Nothing in a Java machine is longer.
    i32::try_from(word)
        .map(|n| n as usize)
        .map_err(|_| damaged())
}

fn word(bytes: &[u8], at: usize) -> Result<u64> {
    take(bytes, at).map(u64::from_ne_bytes)
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    let slice = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    slice.copied().ok_or_else(damaged)
}

fn damaged() -> Error {
    Error::new(codes::WIRE, "rows of Spark are damaged")
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatunnel_api::{TablePath, TableSchema, Value};

    const SCHEMA: &str = r#"{"type":"struct","fields":[
        {"name":"id","type":"long","nullable":true,"metadata":{}},
        {"name":"text","type":"string","nullable":true,"metadata":{}},
        {"name":"__row_kind","type":"string","nullable":true,"metadata":{}},
        {"name":"big","type":"decimal(30,2)","nullable":true,"metadata":{}}]}"#;

    fn format() -> RowFormat {
        let mut columns = from_spark(SCHEMA).unwrap();
        columns.retain(|column| column.name != ROW_KIND);
        let schema = TableSchema::new(columns);
        let table = CatalogTable::new("Spark", TablePath::unnamed(), schema);
        RowFormat::new(SCHEMA, Arc::new(table)).unwrap()
    }

    /// A row as Spark writes it.
    fn row(nulls: u64, id: i64, rest: &[&[u8]]) -> Vec<u8> {
        let mut row = nulls.to_ne_bytes().to_vec();
        row.extend(id.to_ne_bytes());
        let mut at = 40;
        for value in rest {
            row.extend((at << 32 | value.len() as u64).to_ne_bytes());
            at += value.len().next_multiple_of(8) as u64;
        }
        for value in rest {
            row.extend(*value);
            row.resize(row.len().next_multiple_of(8), 0);
        }
        [(row.len() as u64).to_ne_bytes().to_vec(), row].concat()
    }

    #[test]
    fn rows_read_back_with_their_kinds() {
        let rows = [
            row(0, 7, &[b"seven and more", b"-U", &[0xff, 0x38]]),
            row(0b1001, 0, &[b"", b"+I", b""]),
        ];
        let batch = format().read(&rows.concat()).unwrap();
        let kinds: Vec<_> = batch.rows().map(|row| row.kind().short()).collect();
        assert_eq!(kinds, ["-U", "+I"]);
        let digits = Value::Decimal((-200).into(), 2);
        assert_eq!(
            batch.row(0).values(),
            [
                Value::BigInt(7),
                Value::String("seven and more".into()),
                digits
            ]
        );
        assert_eq!(
            batch.row(1).values(),
            [Value::Null, Value::String(String::new()), Value::Null]
        );
    }

    #[test]
    fn bytes_that_are_no_rows_are_an_error() {
        let good = row(0, 7, &[b"text", b"+I", &[1]]);
        let mut rng = fastrand::Rng::with_seed(5);
        for length in 1..good.len() {
            assert!(format().read(&good[..length]).is_err(), "{length}");
        }
        for _ in 0..20_000 {
            let mut bad = good.clone();
            let at = rng.usize(..bad.len());
            bad[at] = rng.u8(..);
            // Whatever comes of it, no panic.
            let _ = format().read(&bad);
        }
        let unknown = row(0, 7, &[b"", b"??", &[1]]);
        let report = format().read(&unknown).unwrap_err().report();
        assert!(report.contains("+I, -U, +U or -D"), "{report}");
    }
}
