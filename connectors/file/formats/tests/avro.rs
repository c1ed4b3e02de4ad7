//! Avro files that are written and read here.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use seatunnel_api::{Column, DataType, Value};
use seatunnel_file_formats::FileWriter;
use seatunnel_file_formats::avro::{AvroCodec, AvroFile, AvroPosition, AvroWriter};
use support::{TYPES, columns, row, rows};

fn write(columns: &[Column], batches: &[RecordBatch], codec: AvroCodec) -> Bytes {
    let mut writer = Box::new(AvroWriter::new(Vec::new(), columns, codec).unwrap());
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap().into()
}

/// The rows between two places, and the position behind each batch.
fn read(
    file: &AvroFile,
    columns: &[Column],
    from: AvroPosition,
    end: u64,
) -> Vec<(RecordBatch, AvroPosition)> {
    let mut rows = file.rows(columns, from, end).unwrap();
    let mut all = Vec::new();
    while let Some((batch, position)) = rows.next_rows(333, 1 << 20).unwrap() {
        all.push((batch.records().clone(), position));
    }
    all
}

fn joined(parts: &[(RecordBatch, AvroPosition)]) -> RecordBatch {
    let parts: Vec<&RecordBatch> = parts.iter().map(|(batch, _)| batch).collect();
    concat_batches(&parts[0].schema(), parts).unwrap()
}

#[test]
fn all_types_come_back_from_each_position_and_in_pieces() {
    let columns = columns(TYPES);
    let values: Vec<Vec<Value>> = (0..3_000).map(row).collect();
    let batches: Vec<RecordBatch> = values.chunks(700).map(|v| rows(&columns, v)).collect();
    let expected = concat_batches(&batches[0].schema(), &batches).unwrap();
    for codec in [
        AvroCodec::Null,
        AvroCodec::Deflate,
        AvroCodec::Snappy,
        AvroCodec::Zstandard,
        AvroCodec::Bzip2,
    ] {
        let bytes = write(&columns, &batches, codec);
        let size = bytes.len() as u64;
        let file = AvroFile::open(Arc::new(bytes)).unwrap();
        let start = AvroPosition {
            block: file.start(),
            rows: 0,
        };
        let parts = read(&file, &columns, start, size);
        assert_eq!(joined(&parts).columns(), expected.columns(), "{codec:?}");
        // From the position behind each batch on come the others.
        for (number, (_, position)) in parts.iter().enumerate().take(parts.len() - 1) {
            let rest = read(&file, &columns, *position, size);
            assert_eq!(
                joined(&rest).columns(),
                joined(&parts[number + 1..]).columns()
            );
        }
        // Pieces together are the whole.
        let mut cuts: Vec<u64> = (0..size).step_by(size as usize / 5).collect();
        cuts = cuts.iter().map(|c| file.block_from(*c).unwrap()).collect();
        cuts.push(size);
        assert!(
            cuts.windows(2).filter(|w| w[0] < w[1]).count() > 1,
            "{codec:?}"
        );
        let pieces: Vec<_> = cuts
            .windows(2)
            .flat_map(|w| {
                let from = AvroPosition {
                    block: w[0],
                    rows: 0,
                };
                read(&file, &columns, from, w[1])
            })
            .collect();
        assert_eq!(joined(&pieces).columns(), expected.columns(), "{codec:?}");
    }
}

#[test]
fn files_tell_their_columns() {
    let declared = columns(TYPES);
    let file = AvroFile::open(Arc::new(write(&declared, &[], AvroCodec::Null))).unwrap();
    let found = file.columns().unwrap();
    for (found, declared) in found.iter().zip(&declared) {
        let expected = match &declared.data_type {
            // Avro's smallest whole number has 32 bits.
            DataType::TinyInt | DataType::SmallInt => &DataType::Int,
            other => other,
        };
        assert_eq!((&found.name, &found.data_type), (&declared.name, expected));
    }
}

#[test]
fn names_that_avro_does_not_have_are_refused() {
    let columns = [Column::new("two words", DataType::Int)];
    assert!(AvroWriter::check(&columns).is_err());
}

#[test]
fn damaged_files_are_errors() {
    let columns = columns(&["int", "string"]);
    let values: Vec<Vec<Value>> = (0..9_000)
        .map(|n| vec![Value::Int(n), Value::String(format!("text {n}"))])
        .collect();
    let whole = write(&columns, &[rows(&columns, &values)], AvroCodec::Deflate);
    let read_all = |bytes: Bytes| {
        let size = bytes.len() as u64;
        let file = AvroFile::open(Arc::new(bytes)).ok()?;
        let start = AvroPosition {
            block: file.start(),
            rows: 0,
        };
        let mut rows = file.rows(&columns, start, size).ok()?;
        let mut count = 0;
        while let Some((batch, _)) = rows.next_rows(1_000, 1 << 20).ok()? {
            count += batch.num_rows();
        }
        Some(count)
    };
    assert_eq!(read_all(whole.clone()), Some(9_000));
    assert_eq!(read_all(whole.slice(..whole.len() - 20)), None);
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..300 {
        let mut bytes = whole.to_vec();
        let place = random.usize(..bytes.len());
        bytes[place] ^= 1 << random.u32(..8);
        // Whatever becomes of it, it is no panic.
        let _ = read_all(bytes.into());
    }
}
