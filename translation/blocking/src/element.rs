//! Rows on their way from a reader to a writer, as bytes.
//!
//! The head has a fixed layout, big-endian, so that an engine can read it without knowing more:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 1 | [`TAG`] |
//! | 1 | 1 | bit 0: a checkpoint may be taken behind it; bit 1: the rows are not in it |
//! | 2 | 2 | 0 |
//! | 4 | 4 | the source's position in the plan |
//! | 8 | 4 | the reader's number |
//! | 12 | 4 | the sink's position in the plan, or -1 if there are only counts |
//! | 16 | 4 | which of the sink's tables |
//! | 20 | 4 | rows |
//! | 24 | 8 | bytes that they take in their columns |
//! | 32 | 8 | rows that the reader has read since the element before |
//! | 40 | 8 | bytes of these |
//! | 48 | 8 | rows set aside since the element before |
//!
//! Behind it: one byte that is the kind of all rows, or 4 and then a byte for each row; up to three
//! zeros or seven, to a multiple of 8; the length of the metadata (4 bytes), four zeros, the metadata
//! of an Arrow record batch and its buffers as Arrow's IPC format has them, without a schema: both
//! sides know the table.
//!
//! If the rows are not in it, two numbers of 8 bytes follow that say where in this process they are: an
//! engine that hands elements on within one process moves no rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_ipc::MetadataVersion;
use arrow_ipc::reader::read_record_batch;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use seatunnel_api::plan::JobPlan;
use seatunnel_api::{Batch, CatalogTable, Error, Result, RowKind, RowKinds};

use crate::{codes, held};

/// The first byte.
pub const TAG: u8 = 1;
const SAFE: u8 = 1;
const HELD: u8 = 2;
const HEAD: usize = 56;
const NO_SINK: i32 = -1;
/// Stands where the kind of all rows would.
const KIND_OF_EACH: u8 = 4;

/// What the head says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Whether a checkpoint may be taken behind it.
    pub safe: bool,
    /// The source's position in the plan.
    pub source: usize,
    /// The reader's number.
    pub reader: usize,
    /// The sink's position in the plan; none if there are only counts.
    pub sink: Option<usize>,
    /// Which of the sink's tables.
    pub table: usize,
    /// Rows for the sink.
    pub rows: usize,
    /// Bytes that they take in their columns.
    pub bytes: u64,
    /// Rows that the reader has read since the element before.
    pub rows_read: u64,
    /// Bytes of these.
    pub bytes_read: u64,
    /// Rows set aside since the element before.
    pub rows_failed: u64,
}

impl Head {
    /// The same, of these rows.
    fn of(&self, batch: &Batch) -> Self {
        Self {
            rows: batch.num_rows(),
            bytes: batch.num_bytes() as u64,
            ..*self
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let sink = self.sink.map_or(NO_SINK, |sink| sink as i32);
        out.extend([TAG, u8::from(self.safe) * SAFE, 0, 0]);
        for number in [
            self.source as i32,
            self.reader as i32,
            sink,
            self.table as i32,
            self.rows as i32,
        ] {
            out.extend(number.to_be_bytes());
        }
        for number in [
            self.bytes,
            self.rows_read,
            self.bytes_read,
            self.rows_failed,
        ] {
            out.extend(number.to_be_bytes());
        }
    }

    /// Reads the head of an element.
    ///
    /// # Errors
    /// If the bytes are no element.
    pub fn read(element: &[u8]) -> Result<Self> {
        if element.len() < HEAD || element[0] != TAG {
            return Err(Error::new(codes::WIRE, "these bytes are no rows"));
        }
        let int = |at: usize| i32::from_be_bytes(array(element, at));
        let long = |at: usize| u64::from_be_bytes(array(element, at));
        Ok(Self {
            safe: element[1] & SAFE != 0,
            source: int(4) as usize,
            reader: int(8) as usize,
            sink: usize::try_from(int(12)).ok(),
            table: int(16) as usize,
            rows: int(20) as usize,
            bytes: long(24),
            rows_read: long(32),
            bytes_read: long(40),
            rows_failed: long(48),
        })
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

/// Writes an element without rows.
pub fn encode_counts(head: &Head) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD);
    head.write(&mut out);
    out
}

/// Writes an element; the head's `rows` and `bytes` are those of the batch.
///
/// # Errors
/// If Arrow can't write the columns.
pub fn encode(head: &Head, batch: &Batch) -> Result<Vec<u8>> {
    let head = head.of(batch);
    let options = IpcWriteOptions::default();
    let (_, encoded) = IpcDataGenerator::default().encode(
        batch.records(),
        &mut DictionaryTracker::new(true),
        &options,
        &mut Default::default(),
    )?;
    let (message, data) = (encoded.ipc_message, encoded.arrow_data);
    let mut out = Vec::with_capacity(HEAD + 32 + batch.num_rows() + message.len() + data.len());
    head.write(&mut out);
    match batch.kinds() {
        RowKinds::All(kind) => out.push(*kind as u8),
        RowKinds::Each(each) => {
            out.push(KIND_OF_EACH);
            out.extend(each.iter());
        }
    }
    align(&mut out);
    out.extend((message.len() as u32).to_be_bytes());
    out.extend([0; 4]);
    out.extend(message);
    align(&mut out);
    out.extend(data);
    Ok(out)
}

fn align(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(8), 0);
}

/// Writes an element of rows that stay where they are; the head's `rows` and `bytes` are those of the batch.
pub(crate) fn held(head: &Head, batch: &Batch, (shelf, number): (u64, u64)) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + 16);
    head.of(batch).write(&mut out);
    out[1] |= HELD;
    out.extend(shelf.to_be_bytes());
    out.extend(number.to_be_bytes());
    out
}

/// Takes the rows of an element that has them not in it.
fn take_held(element: &[u8], table: &Arc<CatalogTable>) -> Result<Batch> {
    if element.len() != HEAD + 16 {
        return Err(Error::new(codes::WIRE, "these bytes are no rows"));
    }
    let number = |at: usize| u64::from_be_bytes(array(element, at));
    let batch = held::take((number(HEAD), number(HEAD + 8))).ok_or_else(|| {
        let why = "rows were taken before, or their reader is closed or in another process";
        Error::new(codes::WIRE, why).with_context("table", table.path())
    })?;
    let (_, records, kinds) = batch.into_parts();
    Ok(Batch::new(table.clone(), records, kinds))
}

/// Reads an element's rows; which table they are of the plan says.
///
/// # Errors
/// If the bytes are not what [`encode`] writes, or of another plan; or the rows are not in them, and not held
/// by this process any more.
pub fn decode(element: Vec<u8>, plan: &JobPlan) -> Result<(Head, Batch)> {
    let head = Head::read(&element)?;
    let table = head
        .sink
        .and_then(|sink| plan.nodes.get(sink)?.tables.get(head.table));
    let table = table.ok_or_else(|| {
        Error::new(
            codes::WIRE,
            "rows are of a table that this job does not have",
        )
    })?;
    let batch = match element[1] & HELD {
        0 => decode_batch(&head, element, table)?,
        _ => take_held(&element, table)?,
    };
    Ok((head, batch))
}

fn decode_batch(head: &Head, element: Vec<u8>, table: &Arc<CatalogTable>) -> Result<Batch> {
    let damaged =
        || Error::new(codes::WIRE, "rows as bytes are damaged").with_context("table", table.path());
    let all = Buffer::from_vec(element);
    let first = *all.get(HEAD).ok_or_else(damaged)?;
    let (kinds, end) = match first {
        KIND_OF_EACH => {
            let end = HEAD + 1 + head.rows;
            let each = all.get(HEAD + 1..end).ok_or_else(damaged)?;
            if each.iter().any(|kind| *kind > RowKind::Delete as u8) {
                return Err(damaged());
            }
            let each = all.slice_with_length(HEAD + 1, head.rows);
            (RowKinds::Each(ScalarBuffer::from(each)), end)
        }
        kind if kind <= RowKind::Delete as u8 => {
            (RowKinds::All(RowKind::from_byte(kind)), HEAD + 1)
        }
        _ => return Err(damaged()),
    };
    let at = end.next_multiple_of(8);
    let length = all.get(at..at + 4).ok_or_else(damaged)?;
    let length = u32::from_be_bytes(array(length, 0)) as usize;
    let message = all.get(at + 8..at + 8 + length).ok_or_else(damaged)?;
    let message = arrow_ipc::root_as_message(message).map_err(|_| damaged())?;
    let records = message.header_as_record_batch().ok_or_else(damaged)?;
    let data = (at + 8 + length).next_multiple_of(8);
    let there = all.len().checked_sub(data).ok_or_else(damaged)?;
    // Arrow panics at these.
    let is_there = |buffer: &arrow_ipc::Buffer| {
        let end = buffer.offset().checked_add(buffer.length());
        buffer.offset() >= 0 && end.is_some_and(|end| end as u64 <= there as u64)
    };
    if !records
        .buffers()
        .is_some_and(|all| all.iter().all(is_there))
    {
        return Err(damaged());
    }
    let records: RecordBatch = read_record_batch(
        &all.slice(data),
        records,
        table.arrow_schema().clone(),
        &HashMap::new(),
        None,
        &MetadataVersion::V5,
    )
    .map_err(|e| damaged().with_cause(e))?;
    if records.num_rows() != head.rows {
        return Err(damaged());
    }
    Ok(Batch::new(table.clone(), records, kinds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatunnel_api::{BatchBuilder, Column, TablePath, TableSchema, Value};
    use seatunnel_conformance::{all_types, same};

    /// A column of each type; every value comes up, and nulls at random.
    fn batches(rng: &mut fastrand::Rng) -> Vec<Batch> {
        let types = all_types();
        let columns = types
            .iter()
            .map(|case| Column::new(case.column.to_owned(), case.data_type.clone()))
            .collect();
        let schema = TableSchema::new(columns);
        let table = Arc::new(CatalogTable::new("test", TablePath::unnamed(), schema));
        let mut batches = Vec::new();
        for rows in [1, 7, 64, 300] {
            let mut builder = BatchBuilder::new(table.clone());
            for row in 0..rows {
                let values: Vec<Value> = types
                    .iter()
                    .map(|case| match case.values.is_empty() || rng.u8(..6) == 0 {
                        true => Value::Null,
                        false => case.values[row % case.values.len()].clone(),
                    })
                    .collect();
                let kind = match rows {
                    300 => RowKind::ALL[rng.usize(..4)],
                    _ => RowKind::Insert,
                };
                builder.push(kind, &values).unwrap();
            }
            batches.push(builder.finish());
        }
        batches
    }

    fn assert_same(expected: &Batch, came: &Batch) {
        assert_eq!(expected.num_rows(), came.num_rows());
        for (expected, came) in expected.rows().zip(came.rows()) {
            assert_eq!(expected.kind(), came.kind());
            for (expected, came) in expected.values().iter().zip(came.values()) {
                assert!(same(expected, &came), "{expected:?} became {came:?}");
            }
        }
    }

    #[test]
    fn rows_of_all_types_and_kinds_come_back_also_from_slices() {
        let mut rng = fastrand::Rng::with_seed(11);
        for batch in batches(&mut rng) {
            for _ in 0..20 {
                let offset = rng.usize(..batch.num_rows());
                let part = batch.slice(offset, rng.usize(..=batch.num_rows() - offset));
                let head = Head {
                    safe: rng.bool(),
                    source: 1,
                    reader: 2,
                    sink: Some(3),
                    table: 4,
                    rows_read: rng.u64(..),
                    bytes_read: 5,
                    rows_failed: 6,
                    ..Head::default()
                };
                let element = encode(&head, &part).unwrap();
                let expected = Head {
                    rows: part.num_rows(),
                    bytes: part.num_bytes() as u64,
                    ..head
                };
                assert_eq!(Head::read(&element).unwrap(), expected);
                let came = decode_batch(&expected, element, part.table()).unwrap();
                assert_same(&part, &came);
            }
        }
    }

    #[test]
    fn bytes_that_are_cut_off_are_an_error() {
        let batch = &batches(&mut fastrand::Rng::with_seed(3))[1];
        let element = encode(&Head::default(), batch).unwrap();
        let head = Head::read(&element).unwrap();
        for length in (HEAD..element.len()).step_by(13) {
            let cut = element[..length].to_vec();
            // What is missing at the end may be padding.
            if let Ok(came) = decode_batch(&head, cut, batch.table()) {
                assert!(element.len() - length < 64);
                assert_same(batch, &came);
            }
        }
        assert!(Head::read(&element[..HEAD - 1]).is_err());
        assert!(Head::read(&[7; HEAD]).is_err());
    }
}
