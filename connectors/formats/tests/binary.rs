//! Avro and Protocol Buffers as a connector uses them: from options to messages and back.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
};
use seatunnel_formats::{Decoder, Encoder, FormatOptions, Message, Part, Pushed};
use serde_json::{Value as Json, json};

const PROTO: &str = r#"syntax = "proto3"; package shop; message Order { int64 id = 1; optional string name = 2; uint32 count = 3; }"#;

fn options(options: Json) -> FormatOptions {
    FormatOptions::from_config("Kafka", &ConfigValue::from_json(&options)).unwrap()
}

fn table(columns: &[(&str, &str)]) -> Arc<CatalogTable> {
    let columns = columns
        .iter()
        .map(|(name, of)| Column::new(*name, DataType::parse(of).unwrap()))
        .collect();
    let path = TablePath::table("orders");
    Arc::new(CatalogTable::new("test", path, TableSchema::new(columns)))
}

fn orders() -> Arc<CatalogTable> {
    table(&[
        ("id", "bigint"),
        ("trace", "string"),
        ("name", "string"),
        ("count", "int"),
    ])
}

fn batch(table: &Arc<CatalogTable>, rows: &[[Value; 4]]) -> Batch {
    let mut builder = BatchBuilder::new(table.clone());
    for row in rows {
        builder.push(RowKind::Insert, row).unwrap();
    }
    builder.finish()
}

fn order(id: i64, name: Option<&str>, count: i32) -> [Value; 4] {
    let name = name.map_or(Value::Null, |n| Value::String(n.to_owned()));
    [
        Value::BigInt(id),
        Value::String("t".into()),
        name,
        Value::Int(count),
    ]
}

#[test]
fn rows_become_messages_of_some_columns_and_rows_again() {
    let orders = orders();
    let read = table(&[("id", "bigint"), ("name", "string"), ("count", "int")]);
    let batch = batch(&orders, &[order(1, Some("a"), 7), order(-2, None, 0)]);
    let formats = [
        json!({ "format": "avro" }),
        json!({ "format": "AVRO", "avro_nullable": true }),
        json!({ "format": "protobuf", "protobuf_schema": PROTO, "protobuf_message_name": "Order" }),
        json!({ "format": "protobuf", "protobuf_schema": PROTO, "strip_schema_registry_header": true }),
    ];
    for format in formats {
        let options = options(format);
        let mut encoder = Encoder::new(&orders, &[0, 2, 3], &options, Part::Value).unwrap();
        encoder.encode(&batch).unwrap();
        assert!(encoder.take_rejected().is_empty());
        let mut decoder = Decoder::new(read.clone(), &options, true).unwrap();
        for row in 0..2 {
            let message = Message {
                value: Some(encoder.get(row).unwrap()),
                ..Message::default()
            };
            assert_eq!(decoder.push(&message).unwrap(), Pushed::Done);
        }
        // Tombstones are no rows.
        assert_eq!(decoder.push(&Message::default()).unwrap(), Pushed::Done);
        let rows = decoder.finish().unwrap();
        let expected = |id, name, count| {
            let [id, _, name, count] = order(id, name, count);
            [id, name, count]
        };
        assert_eq!(rows.num_rows(), 2, "{options:?}");
        assert_eq!(
            rows.row(0).values(),
            expected(1, Some("a"), 7),
            "{options:?}"
        );
        assert_eq!(rows.row(1).values(), expected(-2, None, 0), "{options:?}");
    }
}

#[test]
fn rows_without_a_place_in_the_format_are_told_and_the_others_are_written() {
    let orders = orders();
    let batch = batch(
        &orders,
        &[
            order(1, Some("a"), 1),
            order(2, None, -1),
            order(3, Some("c"), 3),
        ],
    );
    let formats = [
        json!({ "format": "avro", "avro_nullable": false }),
        json!({ "format": "protobuf", "protobuf_schema": PROTO }),
    ];
    for format in formats {
        let options = options(format);
        let mut encoder = Encoder::new(&orders, &[0, 2, 3], &options, Part::Value).unwrap();
        encoder.encode(&batch).unwrap();
        let rejected = encoder.take_rejected();
        assert_eq!(rejected.len(), 1);
        assert_eq!(rejected[0].0, 1);
        assert!(rejected[0].1.is_of_row());
        let there: Vec<bool> = (0..3).map(|row| encoder.get(row).is_some()).collect();
        assert_eq!(there, [true, false, true]);
    }
}

#[test]
fn messages_as_they_are_need_no_schema() {
    let options = options(json!({ "format": "native" }));
    let schema = seatunnel_formats::schema_of(&options, None);
    let names: Vec<&str> = schema.names().collect();
    assert_eq!(
        names,
        [
            "headers",
            "key",
            "offset",
            "partition",
            "timestamp",
            "timestampType",
            "value"
        ]
    );
    let table = Arc::new(CatalogTable::new("test", TablePath::table("t"), schema));
    let mut decoder = Decoder::new(table, &options, false).unwrap();
    let message = Message {
        value: Some(b"\xff"),
        offset: 5,
        ..Message::default()
    };
    assert_eq!(decoder.push(&message).unwrap(), Pushed::Done);
    assert_eq!(
        decoder.finish().unwrap().row(0).values()[6],
        Value::Bytes(vec![0xff])
    );
}
