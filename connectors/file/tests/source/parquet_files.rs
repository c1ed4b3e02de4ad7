//! Parquet.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray, TimestampNanosecondArray, UInt8Array, UInt64Array,
};
use parquet::arrow::ArrowWriter;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use seatunnel_api::{DataType, Value};
use serde_json::{Value as Json, json};

use crate::splits::resumes;
use crate::support::{Folder, failure, read, read_by, source, splits, texts};

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>, group: usize) {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, values)| (name, values, true)),
    )
    .unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn numbers(folder: &Folder) {
    let ids = Int64Array::from_iter_values(0..1_000);
    let names = StringArray::from_iter_values((0..1_000).map(|i| format!("n{i}")));
    let path = folder.path().join("a.parquet");
    write(
        &path,
        vec![("id", Arc::new(ids)), ("name", Arc::new(names))],
        300,
    );
}

#[tokio::test]
async fn types_that_others_write_are_read() {
    let folder = Folder::new();
    let words: DictionaryArray<Int32Type> = [Some("x"), None].into_iter().collect();
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None]), None]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("u8", Arc::new(UInt8Array::from(vec![Some(255), None]))),
        (
            "u64",
            Arc::new(UInt64Array::from(vec![Some(u64::MAX), None])),
        ),
        (
            "ns",
            Arc::new(TimestampNanosecondArray::from(vec![Some(1_500), None])),
        ),
        ("word", Arc::new(words)),
        ("list", Arc::new(list)),
        (
            "double",
            Arc::new(Float64Array::from(vec![Some(0.5), None])),
        ),
    ];
    write(&folder.path().join("a.parquet"), columns, 100);
    let rows = read(&folder.options("parquet", Json::Null, json!({})))
        .await
        .unwrap();
    let expected = vec![
        Value::SmallInt(255),
        Value::Decimal(i128::from(u64::MAX).into(), 0),
        Value::Timestamp(1),
        Value::String("x".into()),
        Value::Array(vec![Value::Int(1), Value::Null]),
        Value::Double(0.5),
    ];
    assert_eq!(rows[0], expected);
    assert!(rows[1].iter().all(Value::is_null));
}

#[tokio::test]
async fn a_schema_chooses_and_casts_columns() {
    let folder = Folder::new();
    numbers(&folder);
    let fields = json!({"name": "string", "id": "int"});
    let rows = read(&folder.options("parquet", fields, json!({})))
        .await
        .unwrap();
    assert_eq!(rows[7], [Value::String("n7".into()), Value::Int(7)]);
    let more = json!({"read_columns": ["name"]});
    let rows = read(&folder.options("parquet", Json::Null, more))
        .await
        .unwrap();
    assert_eq!(texts(&rows)[999], ["n999"]);
    let message = failure(&folder.options("parquet", json!({"id": "tinyint"}), json!({}))).await;
    assert!(
        message.contains("id") && message.contains("a.parquet"),
        "{message}"
    );
    let message = failure(&folder.options("parquet", json!({"nmae": "string"}), json!({}))).await;
    assert!(message.contains("did you mean \"name\""), "{message}");
}

#[tokio::test]
async fn row_groups_are_splits_and_reading_goes_on_in_them() {
    let folder = Folder::new();
    numbers(&folder);
    let options = folder.options("parquet", Json::Null, json!({}));
    let source = source(&options).await.unwrap();
    assert_eq!(splits(&source, 1).await.unwrap().len(), 1);
    assert_eq!(splits(&source, 3).await.unwrap().len(), 4);
    assert_eq!(
        read_by(&options, 3).await.unwrap(),
        read(&options).await.unwrap()
    );
    resumes(&options, 70).await;
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_named() {
    let folder = Folder::new();
    let ids = Int32Array::from_iter_values(0..100);
    assert_eq!(ids.null_count(), 0);
    let path = folder.path().join("short.parquet");
    write(&path, vec![("id", Arc::new(ids))], 100);
    let bytes = std::fs::read(&path).unwrap();
    for length in [bytes.len() - 10, 20, 3] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let message = failure(&folder.options("parquet", Json::Null, json!({}))).await;
        assert!(
            message.contains("short.parquet") && message.contains("incomplete"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn types_are_those_that_seatunnel_sees_in_what_java_writes() {
    let folder = Folder::new();
    let schema = "message m {
        optional int64 t (TIMESTAMP(MILLIS, true));
        optional int64 z (TIMESTAMP(MICROS, true));
        optional binary e (ENUM);
        optional group r { optional int64 t (TIMESTAMP(MILLIS, true)); }
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = File::create(folder.path().join("a.parquet")).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for (number, level) in [
        (Some(1_500), 1),
        (Some(2_500), 1),
        (None, 1),
        (Some(3_500), 2),
    ] {
        let mut column = group.next_column().unwrap().unwrap();
        match number {
            Some(number) => {
                let column = column.typed::<Int64Type>();
                column.write_batch(&[number], Some(&[level]), None).unwrap();
            }
            None => {
                let word = [ByteArray::from("RED")];
                let column = column.typed::<ByteArrayType>();
                column.write_batch(&word, Some(&[level]), None).unwrap();
            }
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    let options = folder.options("parquet", Json::Null, json!({}));
    let table = source(&options).await.unwrap().tables().remove(0);
    let types: Vec<DataType> = table
        .columns()
        .iter()
        .map(|c| c.data_type.clone())
        .collect();
    let row = DataType::parse("{t = timestamp}").unwrap();
    assert_eq!(
        types,
        [
            DataType::Timestamp,
            DataType::TimestampTz,
            DataType::String,
            row
        ]
    );
    let expected = [
        Value::Timestamp(1_500_000),
        Value::TimestampTz(2_500),
        Value::String("RED".to_owned()),
        Value::Row(vec![Value::Timestamp(3_500_000)]),
    ];
    assert_eq!(read(&options).await.unwrap(), [expected]);
}
