use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
};
use serde_json::json;

use super::*;
use crate::{Decoder, Message};

fn options(json: serde_json::Value) -> FormatOptions {
    FormatOptions::from_config("test", &ConfigValue::from_json(&json)).unwrap()
}

fn table(columns: &[(&str, &str)]) -> Arc<CatalogTable> {
    let columns = columns
        .iter()
        .map(|(n, t)| Column::new(*n, DataType::parse(t).unwrap()));
    Arc::new(CatalogTable::new(
        "test",
        TablePath::table("t"),
        TableSchema::new(columns.collect()),
    ))
}

fn encoded(
    batch: &Batch,
    columns: &[usize],
    options: &FormatOptions,
    part: Part,
) -> Vec<Option<String>> {
    let mut encoder = Encoder::new(batch.table(), columns, options, part).unwrap();
    // Twice: what was there before is forgotten.
    encoder.encode(batch).unwrap();
    encoder.encode(batch).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (0..batch.num_rows())
        .map(|row| encoder.get(row).map(text))
        .collect()
}

fn changes() -> Batch {
    let mut builder = BatchBuilder::new(table(&[("id", "int"), ("name", "string")]));
    for (kind, id, name) in [
        (RowKind::Insert, 1, Value::String("a\"b".into())),
        (RowKind::UpdateBefore, 2, Value::Null),
        (RowKind::UpdateAfter, 2, Value::String("ä".into())),
        (RowKind::Delete, 3, Value::String("".into())),
    ] {
        builder.push(kind, &[Value::Int(id), name]).unwrap();
    }
    builder.finish()
}

#[test]
fn formats_of_changes_tell_the_kind_of_each_row() {
    let batch = changes();
    let rows = [
        r#"{"id":1,"name":"a\"b"}"#,
        r#"{"id":2,"name":null}"#,
        r#"{"id":2,"name":"ä"}"#,
        r#"{"id":3,"name":""}"#,
    ];
    let is_there = [true, false, true, false];
    for format in ["canal_json", "maxwell_json", "ogg_json"] {
        let written = encoded(
            &batch,
            &[0, 1],
            &options(json!({ "format": format })),
            Part::Value,
        );
        for ((text, row), is_there) in written.iter().zip(rows).zip(is_there) {
            let kind = if is_there { "INSERT" } else { "DELETE" };
            assert_eq!(
                text.as_deref().unwrap(),
                format!(r#"{{"data":{row},"type":"{kind}"}}"#),
                "{format}"
            );
        }
    }
    let written = encoded(
        &batch,
        &[0, 1],
        &options(json!({ "format": "debezium_json" })),
        Part::Value,
    );
    for ((text, row), is_there) in written.iter().zip(rows).zip(is_there) {
        let expected = match is_there {
            true => format!(r#"{{"before":null,"after":{row},"op":"c"}}"#),
            false => format!(r#"{{"before":{row},"after":null,"op":"d"}}"#),
        };
        assert_eq!(text.as_deref().unwrap(), expected);
    }
}

#[test]
fn keys_of_changes_are_the_same_for_every_change_of_a_row() {
    for format in ["json", "canal_json", "debezium_json"] {
        let keys = encoded(
            &changes(),
            &[0],
            &options(json!({ "format": format })),
            Part::Key,
        );
        assert_eq!(keys[1].as_deref(), Some(r#"{"id":2}"#), "{format}");
        assert_eq!(keys[1], keys[2]);
    }
}

#[test]
fn text_has_the_delimiter_of_the_job_file_between_fields() {
    let text = |delimiter: &str| {
        encoded(
            &changes(),
            &[0, 1],
            &options(json!({ "format": "text", "field_delimiter": delimiter })),
            Part::Value,
        )
    };
    assert_eq!(text(",")[0].as_deref(), Some("1,a\"b"));
    assert_eq!(text("\\|")[1].as_deref(), Some("2|"));
}

#[test]
fn messages_that_rows_hold_are_written_as_they_are() {
    let table = table(&[("key", "bytes"), ("topic", "string"), ("value", "string")]);
    let mut builder = BatchBuilder::new(table);
    let row = [
        Value::Bytes(b"k".to_vec()),
        Value::String("t".into()),
        Value::String("v".into()),
    ];
    builder.push(RowKind::Insert, &row).unwrap();
    builder
        .push(RowKind::Insert, &[Value::Null, Value::Null, Value::Null])
        .unwrap();
    let batch = builder.finish();
    let options = options(json!({ "format": "compatible_debezium_json" }));
    assert_eq!(
        encoded(&batch, &[], &options, Part::Value),
        [Some("v".to_owned()), None]
    );
    assert_eq!(
        encoded(&batch, &[], &options, Part::Key),
        [Some("k".to_owned()), None]
    );
    let without = self::table(&[("id", "int")]);
    assert!(Encoder::new(&without, &[0], &options, Part::Value).is_err());
}

#[test]
fn changes_that_are_written_read_back() {
    let batch = changes();
    for format in [
        "canal_json",
        "maxwell_json",
        "ogg_json",
        "debezium_json",
        "compatible_kafka_connect_json",
    ] {
        let options = options(json!({ "format": format }));
        let Ok(mut encoder) = Encoder::new(batch.table(), &[0, 1], &options, Part::Value) else {
            assert_eq!(format, "compatible_kafka_connect_json");
            continue;
        };
        encoder.encode(&batch).unwrap();
        let mut decoder = Decoder::new(batch.table().clone(), &options, true).unwrap();
        for row in 0..batch.num_rows() {
            let message = Message {
                value: encoder.get(row),
                ..Message::default()
            };
            let pushed = decoder.push(&message).unwrap();
            assert!(matches!(pushed, crate::Pushed::Done));
        }
        let read = decoder.finish().unwrap();
        assert_eq!(read.records(), batch.records(), "{format}");
        let kinds: Vec<&str> = read.rows().map(|row| row.kind().short()).collect();
        // A sink writes a row before an update as a delete, and the row after it as an insert.
        assert_eq!(kinds, ["+I", "-D", "+I", "-D"], "{format}");
    }
}

#[test]
fn nested_values_of_text_read_back() {
    let types = [
        ("a", "map<string, map<string, int>>"),
        ("b", "map<string, array<int>>"),
        (
            "c",
            "{ m = map<string, map<string, string>>, l = array<int>, s = string }",
        ),
    ];
    let table = table(&types);
    let text = |text: &str| Value::String(text.into());
    let pairs =
        |of: &[(&str, Value)]| Value::Map(of.iter().map(|(k, v)| (text(k), v.clone())).collect());
    let inner = pairs(&[("p", Value::Int(1)), ("q", Value::Null)]);
    let list = Value::Array(vec![Value::Int(1), Value::Int(2)]);
    let texts = pairs(&[
        ("x", pairs(&[("p", text("1")), ("q", text("2"))])),
        ("y", Value::Null),
    ]);
    let rows = [
        vec![
            pairs(&[("x", inner.clone()), ("y", inner)]),
            pairs(&[("x", list.clone()), ("y", Value::Null)]),
            Value::Row(vec![texts, list, text("s")]),
        ],
        vec![Value::Null; types.len()],
    ];
    let mut builder = BatchBuilder::new(table.clone());
    for row in &rows {
        builder.push(RowKind::Insert, row).unwrap();
    }
    let batch = builder.finish();
    let options = options(json!({ "format": "text", "field_delimiter": "," }));
    let mut encoder = Encoder::new(&table, &[0, 1, 2], &options, Part::Value).unwrap();
    encoder.encode(&batch).unwrap();
    let mut decoder = Decoder::new(table, &options, true).unwrap();
    for row in 0..batch.num_rows() {
        let message = Message {
            value: encoder.get(row),
            ..Message::default()
        };
        let pushed = decoder.push(&message).unwrap();
        assert!(matches!(pushed, crate::Pushed::Done));
    }
    assert_eq!(decoder.finish().unwrap().records(), batch.records());
}

#[test]
fn what_is_written_reads_back() {
    let types = [
        ("a", "bigint"),
        ("b", "string"),
        ("c", "double"),
        ("d", "decimal(20, 4)"),
        ("e", "date"),
        ("f", "timestamp"),
        ("g", "boolean"),
        ("h", "array<int>"),
        ("i", "map<string, int>"),
        ("j", "bytes"),
        ("k", "time"),
    ];
    let table = table(&types);
    let mut builder = BatchBuilder::new(table.clone());
    let row = [
        Value::BigInt(i64::MIN),
        Value::String("line\nbreak \u{1f600}".into()),
        Value::Double(-0.1),
        Value::Decimal(arrow_buffer::i256::from_i128(-123_456_789), 4),
        Value::Date(19_000),
        Value::Timestamp(1_700_000_000_123_456),
        Value::Boolean(true),
        Value::Array(vec![Value::Int(1), Value::Null]),
        Value::Map(vec![(Value::String("x".into()), Value::Int(7))]),
        Value::Bytes(vec![0, 255]),
        Value::Time(3_723_000_001),
    ];
    builder.push(RowKind::Insert, &row).unwrap();
    builder
        .push(RowKind::Insert, &vec![Value::Null; types.len()])
        .unwrap();
    let batch = builder.finish();
    let options = options(json!({ "format": "json" }));
    let all: Vec<usize> = (0..types.len()).collect();
    let mut encoder = Encoder::new(&table, &all, &options, Part::Value).unwrap();
    encoder.encode(&batch).unwrap();
    let mut decoder = Decoder::new(table, &options, true).unwrap();
    for row in 0..batch.num_rows() {
        let message = Message {
            value: encoder.get(row),
            ..Message::default()
        };
        assert!(matches!(
            decoder.push(&message).unwrap(),
            crate::Pushed::Done
        ));
    }
    assert_eq!(decoder.finish().unwrap().records(), batch.records());
}
