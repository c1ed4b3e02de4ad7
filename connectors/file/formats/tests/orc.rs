//! ORC files that are written here, read by orc-rust; `scripts/` has nothing to do with it: another reader is asked in
//! the tests of the connector.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use seatunnel_api::{Column, Value};
use seatunnel_file_formats::orc::{OrcCompression, OrcFile, OrcWriter};
use seatunnel_file_formats::{Fault, FileWriter};
use support::{TYPES, columns, row, rows};

fn write(columns: &[Column], batches: &[RecordBatch], compression: OrcCompression) -> Bytes {
    let mut writer = Box::new(OrcWriter::new(Vec::new(), columns, compression).unwrap());
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap().into()
}

/// All rows from a position on, as they are in the file.
fn read(file: &OrcFile, skip: u64, size: usize) -> Vec<RecordBatch> {
    let all: Vec<usize> = (0..file.schema().fields().len()).collect();
    let mut batches = Vec::new();
    let mut skip = skip;
    for stripe in 0..file.stripes() {
        let mut rows = file.rows(stripe, &all, skip, size, 1 << 20).unwrap();
        skip = skip.saturating_sub(file.stripe_rows(stripe));
        while let Some(batch) = rows.next_rows().unwrap() {
            assert!(batch.num_rows() <= size);
            batches.push(batch);
        }
    }
    batches
}

const ALL: [OrcCompression; 6] = [
    OrcCompression::None,
    OrcCompression::Zlib,
    OrcCompression::Snappy,
    OrcCompression::Lzo,
    OrcCompression::Lz4,
    OrcCompression::Zstd,
];

#[test]
fn all_types_come_back_whatever_the_compression() {
    // A time of day is a timestamp in ORC: compared as such below.
    let types: Vec<&str> = TYPES.iter().copied().filter(|t| *t != "time").collect();
    let columns = columns(&types);
    let time = TYPES.iter().position(|t| *t == "time").unwrap();
    let values = |range: std::ops::Range<i64>| -> Vec<Vec<Value>> {
        let without = |mut row: Vec<Value>| {
            row.remove(time);
            row
        };
        range.map(|n| without(row(n))).collect()
    };
    let parts: Vec<RecordBatch> = [0..1, 1..700, 700..1_900]
        .map(|range| rows(&columns, &values(range)))
        .to_vec();
    let schema = parts[0].schema();
    let expected = concat_batches(&schema, &parts).unwrap();
    for compression in ALL {
        let bytes = write(&columns, &parts, compression);
        let file = OrcFile::open(Arc::new(bytes)).unwrap();
        let found: Vec<_> = file.columns().unwrap();
        assert_eq!(
            found.iter().map(|c| &c.data_type).collect::<Vec<_>>(),
            columns.iter().map(|c| &c.data_type).collect::<Vec<_>>()
        );
        for skip in [0, 1, 1_234] {
            let batches = read(&file, skip, 400);
            let all = concat_batches(&batches[0].schema(), &batches).unwrap();
            let wanted = expected.slice(skip as usize, expected.num_rows() - skip as usize);
            for (index, (found, wanted)) in all.columns().iter().zip(wanted.columns()).enumerate() {
                assert_eq!(
                    found, wanted,
                    "{compression:?}: column {index}, from row {skip}"
                );
            }
        }
    }
}

#[test]
fn runs_of_all_kinds_come_back() {
    let columns = columns(&["bigint", "tinyint"]);
    // Equal values, equal distances, and neither, of many lengths, in one column.
    let mut numbers = Vec::new();
    let mut random = 12_345_u64;
    for length in 1..40_i64 {
        let start = i64::MAX / length;
        numbers.extend((0..length).map(|_| start));
        numbers.extend((0..length).map(|n| start.wrapping_sub(n * 3)));
        for _ in 0..length {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            numbers.push((random >> (random % 63)) as i64);
        }
        numbers.extend([i64::MIN, i64::MAX, 0, -1]);
    }
    numbers.extend((0..2_000).map(|_| 7));
    numbers.extend(0..2_000);
    let values: Vec<Vec<Value>> = numbers
        .iter()
        .map(|n| vec![Value::BigInt(*n), Value::TinyInt((*n >> 3) as i8)])
        .collect();
    let expected = rows(&columns, &values);
    let file = write(
        &columns,
        std::slice::from_ref(&expected),
        OrcCompression::None,
    );
    let file = OrcFile::open(Arc::new(file)).unwrap();
    let found = read(&file, 0, 100_000);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].columns(), expected.columns());
}

#[test]
fn what_is_written_is_cut_into_stripes_that_are_read_alone() {
    let columns = columns(&["bytes", "int"]);
    let mut random = fastrand::Rng::with_seed(1);
    let batches: Vec<RecordBatch> = (0..50)
        .map(|batch| {
            let row = |n: i32| {
                let data: Vec<u8> = (0..64 << 10).map(|_| random.u8(..)).collect();
                vec![Value::Bytes(data), Value::Int(batch * 20 + n)]
            };
            rows(&columns, &(0..20).map(row).collect::<Vec<_>>())
        })
        .collect();
    let file = write(&columns, &batches, OrcCompression::Zstd);
    let file = OrcFile::open(Arc::new(file)).unwrap();
    assert!(file.stripes() > 1, "{} stripes", file.stripes());
    let last = file.stripes() - 1;
    let skip = file.stripe_rows(0) + file.stripe_rows(1) * u64::from(last > 1);
    let mut rows_of_last = file.rows(last, &[1], 0, 10_000, 1 << 30).unwrap();
    let first = rows_of_last.next_rows().unwrap().unwrap();
    use arrow_array::cast::AsArray;
    let first = first
        .column(0)
        .as_primitive::<arrow_array::types::Int32Type>();
    let before: u64 = (0..last).map(|s| file.stripe_rows(s)).sum();
    assert_eq!(first.value(0) as u64, before);
    assert!(before >= skip);
}

#[test]
fn files_without_rows_have_columns() {
    let columns = columns(&["int", "array<string>"]);
    let file = write(&columns, &[], OrcCompression::Snappy);
    let file = OrcFile::open(Arc::new(file)).unwrap();
    assert_eq!(file.stripes(), 0);
    assert_eq!(file.columns().unwrap(), columns);
}

#[test]
fn what_has_no_place_is_refused_before_it_is_written() {
    for wrong in ["decimal(40, 2)", "array<null>", "null"] {
        let error = OrcWriter::new(Vec::new(), &columns(&[wrong]), OrcCompression::None);
        assert!(
            matches!(error.err(), Some(Fault::Unsupported(_))),
            "{wrong}"
        );
    }
    let columns = columns(&["array<timestamp>"]);
    let list = |micros: i64| vec![Value::Array(vec![Value::Timestamp(micros)])];
    let batch = rows(&columns, &[list(-1_000_000), list(-500_000), list(0)]);
    let mut writer = OrcWriter::new(Vec::new(), &columns, OrcCompression::None).unwrap();
    match writer.write(&batch) {
        Err(Fault::Value { row: 1, column, .. }) => assert_eq!(column, "c0"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn damaged_files_are_errors() {
    let columns = columns(&["int", "string"]);
    let values: Vec<Vec<Value>> = (0..5_000)
        .map(|n| vec![Value::Int(n), Value::String(format!("text {n}"))])
        .collect();
    let whole = write(&columns, &[rows(&columns, &values)], OrcCompression::Snappy);
    assert!(OrcFile::open(Arc::new(Bytes::new())).is_err());
    assert!(OrcFile::open(Arc::new(whole.slice(..whole.len() / 2))).is_err());
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let mut bytes = whole.to_vec();
        for _ in 0..4 {
            let place = random.usize(..bytes.len());
            bytes[place] = random.u8(..);
        }
        // Whatever becomes of it, it is no panic.
        if let Ok(file) = OrcFile::open(Arc::new(Bytes::from(bytes))) {
            for stripe in 0..file.stripes() {
                let Ok(mut rows) = file.rows(stripe, &[0, 1], 0, 1_000, 1 << 20) else {
                    continue;
                };
                while let Ok(Some(_)) = rows.next_rows() {}
            }
        }
    }
}
