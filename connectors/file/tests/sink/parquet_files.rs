//! Parquet files, read back.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    Array, BinaryArray, Decimal256Array, ListArray, NullArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, i256};
use arrow_schema::Field;
use arrow_select::concat::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Encoding, Type as PhysicalType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use seatunnel_api::DataType;

use crate::support::{Sandbox, batch, every_type, people};

/// All rows of a file.
pub(crate) fn read(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

#[tokio::test]
async fn every_type_reads_back_the_same() {
    for codec in ["none", "snappy", "lz4", "gzip", "brotli", "zstd"] {
        let sandbox = Sandbox::new();
        let rows = every_type();
        let options = [("file_format_type", "parquet"), ("compress_codec", codec)];
        sandbox.run(&options, vec![rows.clone()]).await.unwrap();
        let file = sandbox.out().join(&sandbox.files()[0]);
        let back = read(&file);
        let columns = rows.table().columns().iter().zip(rows.records().columns());
        for (index, (column, written)) in columns.enumerate() {
            let found = back.column(index);
            assert_eq!(
                DataType::from_arrow(found.data_type()).as_ref(),
                Some(&column.data_type)
            );
            // Only the names inside of lists and maps are others.
            let found = arrow_cast::cast(found, written.data_type()).unwrap();
            assert_eq!(&found, written, "{codec}: {}", column.name);
        }
    }
}

#[tokio::test]
async fn lists_and_maps_have_the_names_that_the_format_prescribes() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&[("file_format_type", "parquet")], vec![every_type()])
        .await
        .unwrap();
    let file = File::open(sandbox.out().join(&sandbox.files()[0])).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let paths: Vec<String> = reader
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .map(|column| column.path().string())
        .collect();
    for expected in [
        "c_array.list.element",
        "c_map.key_value.key",
        "c_map.key_value.value",
        "c_row.a",
    ] {
        assert!(
            paths.iter().any(|p| p == expected),
            "{expected} is missing in {paths:?}"
        );
    }
}

#[tokio::test]
async fn dictionaries_are_kept_for_values_that_repeat() {
    let sandbox = Sandbox::new();
    sandbox
        .run(
            &[("file_format_type", "parquet")],
            vec![people(0..8_000), people(8_000..9_000)],
        )
        .await
        .unwrap();
    let file = File::open(sandbox.out().join(&sandbox.files()[0])).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let group = reader.metadata().row_group(0);
    let has_dictionary = |column: usize| {
        group
            .column(column)
            .encodings()
            .any(|e| e == Encoding::RLE_DICTIONARY || e == Encoding::PLAIN_DICTIONARY)
    };
    assert_eq!(
        [has_dictionary(0), has_dictionary(1), has_dictionary(2)],
        [false, false, true]
    );
    assert_eq!(group.num_rows(), 9_000);
}

#[tokio::test]
async fn row_groups_end_before_memory_does() {
    let sandbox = Sandbox::new();
    // 1 KiB a row that does not compress into a dictionary: 64 MiB in all.
    let batches = (0..64).map(|part| {
        let texts: Vec<String> = (0..1_024)
            .map(|row| format!("{:01024}", part * 1_024 + row))
            .collect();
        batch(vec![(
            "text",
            DataType::String,
            Arc::new(StringArray::from(texts)) as _,
        )])
    });
    sandbox
        .run(&[("file_format_type", "parquet")], batches.collect())
        .await
        .unwrap();
    let file = File::open(sandbox.out().join(&sandbox.files()[0])).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    assert!(
        reader.metadata().num_row_groups() >= 2,
        "{}",
        reader.metadata().num_row_groups()
    );
    assert_eq!(reader.metadata().file_metadata().num_rows(), 65_536);
}

#[tokio::test]
async fn long_decimals_and_columns_without_values_read_back() {
    let wide = DataType::Decimal {
        precision: 50,
        scale: 3,
    };
    let digits = i256::from_string("-12345678901234567890123456789012345678901234567").unwrap();
    let decimals = Decimal256Array::from(vec![Some(digits), None])
        .with_precision_and_scale(50, 3)
        .unwrap();
    let rows = batch(vec![
        ("a", wide, Arc::new(decimals)),
        ("b", DataType::Null, Arc::new(NullArray::new(2))),
    ]);
    let sandbox = Sandbox::new();
    let options = [("file_format_type", "parquet")];
    sandbox.run(&options, vec![rows.clone()]).await.unwrap();
    let back = read(&sandbox.out().join(&sandbox.files()[0]));
    assert_eq!(back.column(0), rows.records().column(0));
    assert_eq!(back.column(1).logical_null_count(), 2);
    let text = Sandbox::new();
    text.run(&[("null_format", "-")], vec![rows]).await.unwrap();
    let expected = "-12345678901234567890123456789012345678901234.567,-\n-,-\n";
    assert_eq!(text.text(), expected);
}

#[tokio::test]
async fn timestamps_are_written_as_int96_if_asked() {
    let times = TimestampMicrosecondArray::from(vec![
        Some(1_700_000_000_123_456),
        None,
        Some(-1),
        Some(-86_400_000_000),
    ]);
    let offsets = OffsetBuffer::from_lengths([2, 0, 1, 1]);
    let element = Arc::new(Field::new("item", times.data_type().clone(), true));
    let valid = NullBuffer::from(vec![true, false, true, true]);
    let list = ListArray::new(element, offsets, Arc::new(times.clone()), Some(valid));
    // 2023-11-14, 22:13:20: the nanoseconds of the day, and the day of Julian's calendar.
    let mut twelve = (80_000_000_000_000_u64).to_le_bytes().to_vec();
    twelve.extend(2_460_263_u32.to_le_bytes());
    let fixed = BinaryArray::from(vec![Some(twelve.as_slice()), None, None, None]);
    let rows = batch(vec![
        ("time", DataType::Timestamp, Arc::new(times.clone())),
        (
            "list",
            DataType::Array(Box::new(DataType::Timestamp)),
            Arc::new(list.clone()),
        ),
        ("fixed", DataType::Bytes, Arc::new(fixed)),
        (
            "text",
            DataType::String,
            Arc::new(StringArray::from(vec!["a", "b", "c", "d"])),
        ),
    ]);
    let sandbox = Sandbox::new();
    let options = [
        ("file_format_type", "parquet"),
        ("parquet_avro_write_timestamp_as_int96", "true"),
        ("parquet_avro_write_fixed_as_int96", "fixed"),
    ];
    sandbox.run(&options, vec![rows.clone()]).await.unwrap();
    let path = sandbox.out().join(&sandbox.files()[0]);
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let columns = reader.metadata().file_metadata().schema_descr().columns();
    let kinds: Vec<_> = columns.iter().map(|c| c.physical_type()).collect();
    assert_eq!(
        kinds,
        [
            PhysicalType::INT96,
            PhysicalType::INT96,
            PhysicalType::INT96,
            PhysicalType::BYTE_ARRAY
        ]
    );
    let back = read(&path);
    for (column, expected) in [(0, &times as &dyn Array), (1, &list)] {
        let found = arrow_cast::cast(back.column(column), expected.data_type()).unwrap();
        assert_eq!(found.as_ref(), expected);
    }
    let fixed = arrow_cast::cast(back.column(2), times.data_type()).unwrap();
    let expected = vec![Some(1_700_000_000_000_000), None, None, None];
    assert_eq!(
        fixed.as_ref(),
        &TimestampMicrosecondArray::from(expected) as &dyn Array
    );
    assert_eq!(back.column(3), rows.records().column(3));
}
