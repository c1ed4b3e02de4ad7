use std::collections::HashMap;
use std::sync::Arc;

use apache_avro::Schema;
use apache_avro::types::Value as Avro;
use fastrand::Rng;
use seatunnel_api::{Batch, CatalogTable, Value};

use super::schema::{Derive, derived_json};
use super::*;
use crate::Part;
use crate::columns::RowColumns;
use crate::registry::stand_in::StandIn;
use crate::registry::{Registry, RegistryOptions, SchemaId};
use crate::test_rows::{batch, named, random_row, table};

const ALL: &[&str] = &[
    "string",
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "decimal(10, 3)",
    "decimal(38, 18)",
    "decimal(60, 5)",
    "null",
    "bytes",
    "date",
    "time",
    "timestamp",
    "timestamp_tz",
    "array<array<string>>",
    "map<string, decimal(6, 2)>",
    "map<int, array<int>>",
    "{a = int, b = {c = string, d = array<bigint>}}",
    "float_vector(3)",
];

fn options(schema: Option<&str>) -> AvroOptions {
    AvroOptions {
        avro_schema: schema.map(str::to_owned),
        ..AvroOptions::default()
    }
}

fn decoder(table: &Arc<CatalogTable>, options: &AvroOptions) -> AvroDecoder {
    AvroDecoder::new(table.clone(), options, None, false).unwrap()
}

fn write(table: &CatalogTable, batch: &Batch, options: &AvroOptions) -> Vec<Vec<u8>> {
    let encoder = AvroEncoder::new(table, options, None, Part::Value).unwrap();
    messages(&encoder, batch)
}

fn messages(encoder: &AvroEncoder, batch: &Batch) -> Vec<Vec<u8>> {
    let rows = encoder.rows(batch.records().columns()).unwrap();
    let one = |row| {
        let mut out = Vec::new();
        rows.write(row, &mut out).unwrap();
        out
    };
    (0..batch.num_rows()).map(one).collect()
}

fn read(
    decoder: &mut AvroDecoder,
    table: &Arc<CatalogTable>,
    messages: &[Vec<u8>],
) -> Vec<Vec<Value>> {
    let mut rows = RowColumns::new(table.clone());
    for message in messages {
        assert_eq!(decoder.decode(message, &mut rows).unwrap(), Decoded::Row);
    }
    let batch = rows.finish().unwrap();
    batch.rows().map(|r| r.values()).collect()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

/// Bytes of a value, as the Avro project's own library writes them.
fn reference(schema: &str, value: Avro) -> Vec<u8> {
    let schema = Schema::parse_str(schema).unwrap();
    let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&schema)
        .build()
        .unwrap();
    writer.write_value_to_vec(value).unwrap()
}

#[test]
fn rows_of_all_types_come_back_as_they_were_written() {
    let table = table(ALL);
    let mut rng = Rng::with_seed(1);
    for nullable_rows in [true, false] {
        let options = AvroOptions {
            avro_nullable: Some(true),
            avro_row_nullable: nullable_rows,
            ..AvroOptions::default()
        };
        let mut rows: Vec<Vec<Value>> = (0..300)
            .map(|_| random_row(&mut rng, &table, true))
            .collect();
        if !nullable_rows {
            rows.retain(|r| matches!(&r[20], Value::Row(r) if matches!(r[1], Value::Row(_))));
        }
        let written = write(&table, &batch(&table, &rows), &options);
        assert_eq!(read(&mut decoder(&table, &options), &table, &written), rows);
    }
    let options = AvroOptions {
        avro_nullable: Some(false),
        ..AvroOptions::default()
    };
    let rows: Vec<Vec<Value>> = (0..200)
        .map(|_| random_row(&mut rng, &table, false))
        .collect();
    let written = write(&table, &batch(&table, &rows), &options);
    assert_eq!(read(&mut decoder(&table, &options), &table, &written), rows);
}

#[test]
fn other_libraries_read_what_is_written() {
    let table = table(&[
        "string",
        "int",
        "array<double>",
        "map<string, bigint>",
        "decimal(9, 2)",
        "date",
        "timestamp",
        "{x = boolean}",
    ]);
    let mut rng = Rng::with_seed(2);
    let rows: Vec<Vec<Value>> = (0..100)
        .map(|_| random_row(&mut rng, &table, false))
        .collect();
    let derive = Derive {
        nullable: true,
        nullable_rows: false,
    };
    let schema = Schema::parse_str(&derived_json("R", table.columns(), derive).unwrap()).unwrap();
    for (message, row) in write(&table, &batch(&table, &rows), &options(None))
        .iter()
        .zip(&rows)
    {
        let mut bytes = message.as_slice();
        let reader = apache_avro::reader::datum::GenericDatumReader::builder(&schema)
            .build()
            .unwrap();
        let Avro::Record(fields) = reader.read_value(&mut bytes).unwrap() else {
            panic!()
        };
        assert!(bytes.is_empty());
        let inner = |i: usize| match &fields[i].1 {
            Avro::Union(_, value) => (**value).clone(),
            other => other.clone(),
        };
        assert_eq!(
            inner(0),
            match &row[0] {
                Value::String(s) => Avro::String(s.clone()),
                _ => panic!(),
            }
        );
        assert_eq!(
            inner(1),
            match &row[1] {
                Value::Int(n) => Avro::Int(*n),
                _ => panic!(),
            }
        );
        assert_eq!(
            inner(5),
            match &row[5] {
                Value::Date(n) => Avro::Date(*n),
                _ => panic!(),
            }
        );
        let micros = match &row[6] {
            Value::Timestamp(n) => *n,
            _ => panic!(),
        };
        assert_eq!(inner(6), Avro::LocalTimestampMillis(micros / 1000));
        assert!(matches!(inner(7), Avro::Record(f) if f[0].0 == "x"));
    }
}

#[test]
fn messages_of_the_older_way_and_of_the_newer_are_told_apart() {
    // SeaTunnel's older layout: an id, a map, an array, a text …
    let message = hex("0202066b657902000202000c737472696e67000202020\
        2cdcc8c3f9a9999999999f13f020b087465737496b402f0ffdbd19863"
        .replace(char::is_whitespace, "")
        .as_str());
    let table = named(&[
        ("id", "bigint"),
        ("c_map", "map<string, smallint>"),
        ("c_array", "array<tinyint>"),
        ("c_string", "string"),
        ("c_boolean", "boolean"),
        ("c_tinyint", "tinyint"),
        ("c_smallint", "smallint"),
        ("c_int", "int"),
        ("c_bigint", "bigint"),
        ("c_float", "float"),
        ("c_double", "double"),
        ("c_decimal", "decimal(2, 1)"),
        ("c_bytes", "bytes"),
        ("c_date", "date"),
        ("c_timestamp", "timestamp"),
    ]);
    let rows = read(&mut decoder(&table, &options(None)), &table, &[message]);
    let shown: Vec<String> = rows[0].iter().map(|v| v.to_string()).collect();
    assert_eq!(rows[0][0], Value::BigInt(1));
    assert_eq!(rows[0][3], Value::String("string".into()));
    assert_eq!(rows[0][10], Value::Double(1.1));
    assert_eq!(rows[0][12], Value::Bytes(b"test".to_vec()));
    assert_eq!(shown[11], "1.1");

    let newer = write(&table, &batch(&table, &rows), &options(None));
    assert_eq!(
        read(&mut decoder(&table, &options(None)), &table, &newer),
        rows
    );
}

#[test]
fn a_given_schema_goes_into_columns_by_name_whatever_its_order() {
    let schema = r#"{"type": "record", "name": "a.Order", "fields": [
        {"name": "skipped", "type": {"type": "map", "values": ["null", {"type": "array", "items": "Order"}]}},
        {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "SHUT"]}},
        {"name": "ID", "type": "int"},
        {"name": "price", "type": ["double", "null", {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 3}]},
        {"name": "uuid", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 3}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "clock", "type": {"type": "int", "logicalType": "time-millis"}}
    ]}"#;
    let table = named(&[
        ("at", "timestamp_tz"),
        ("price", "decimal(10, 1)"),
        ("id", "bigint"),
        ("state", "string"),
        ("absent", "int"),
        ("hash", "bytes"),
        ("clock", "time"),
        ("uuid", "string"),
    ]);
    let uuid = "936da01f-9abd-4d9d-80c7-02af85c822a8";
    let order = |inside: Vec<Avro>, price: Avro| {
        Avro::Record(vec![
            (
                "skipped".into(),
                Avro::Map(HashMap::from([
                    ("n".to_owned(), Avro::Union(0, Box::new(Avro::Null))),
                    (
                        "k".to_owned(),
                        Avro::Union(1, Box::new(Avro::Array(inside))),
                    ),
                ])),
            ),
            ("state".into(), Avro::Enum(1, "SHUT".into())),
            ("ID".into(), Avro::Int(-77)),
            ("price".into(), price),
            ("uuid".into(), Avro::Uuid(uuid.parse().unwrap())),
            ("hash".into(), Avro::Fixed(3, vec![1, 2, 3])),
            ("at".into(), Avro::TimestampMicros(1_700_000_000_123_456)),
            ("clock".into(), Avro::TimeMillis(3_600_001)),
        ])
    };
    let price = |digits: i64| {
        Avro::Union(
            2,
            Box::new(Avro::Decimal(digits.to_be_bytes().to_vec().into())),
        )
    };
    let messages = [
        reference(schema, order(vec![order(vec![], price(1))], price(12_300))),
        reference(schema, order(vec![], Avro::Union(1, Box::new(Avro::Null)))),
    ];
    let mut decoder = decoder(&table, &options(Some(schema)));
    let rows = read(&mut decoder, &table, &messages);
    assert_eq!(
        rows[0],
        [
            Value::TimestampTz(1_700_000_000_123_456),
            Value::Decimal("123".parse().unwrap(), 1),
            Value::BigInt(-77),
            Value::String("SHUT".into()),
            Value::Null,
            Value::Bytes(vec![1, 2, 3]),
            Value::Time(3_600_001_000),
            Value::String(uuid.into()),
        ]
    );
    assert_eq!(rows[1][1], Value::Null);

    // A branch that doesn't fit the column, and digits that it has no place for.
    let mut columns = RowColumns::new(table.clone());
    let double = reference(
        schema,
        order(vec![], Avro::Union(0, Box::new(Avro::Double(1.5)))),
    );
    let error = decoder.decode(&double, &mut columns).unwrap_err();
    assert!(
        error.to_string().contains("double of Avro") && error.to_string().contains("price"),
        "{error}"
    );
    assert!(error.is_of_row());
    let error = decoder
        .decode(
            &reference(schema, order(vec![], price(12_345))),
            &mut columns,
        )
        .unwrap_err();
    assert!(error.to_string().contains("1 behind the point"), "{error}");
    assert_eq!(columns.finish().unwrap().num_rows(), 0);
}

#[test]
fn a_given_schema_is_written_in_its_order_with_null_for_what_rows_lack() {
    let schema = r#"{"type": "record", "name": "R", "fields": [
        {"name": "extra", "type": ["string", "null"]},
        {"name": "n", "type": ["null", "long"]},
        {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "SHUT"]}},
        {"name": "money", "type": {"type": "fixed", "name": "M", "size": 4, "logicalType": "decimal", "precision": 8, "scale": 3}}
    ]}"#;
    let table = named(&[
        ("money", "decimal(8, 2)"),
        ("state", "string"),
        ("n", "int"),
    ]);
    let row = vec![
        Value::Decimal("-5".parse().unwrap(), 2),
        Value::String("SHUT".into()),
        Value::Int(3),
    ];
    let written = write(&table, &batch(&table, &[row]), &options(Some(schema)));
    let expected = Avro::Record(vec![
        ("extra".into(), Avro::Union(1, Box::new(Avro::Null))),
        ("n".into(), Avro::Union(1, Box::new(Avro::Long(3)))),
        ("state".into(), Avro::Enum(1, "SHUT".into())),
        (
            "money".into(),
            Avro::Decimal((-50i32).to_be_bytes().to_vec().into()),
        ),
    ]);
    assert_eq!(written[0], reference(schema, expected));

    let encoder = AvroEncoder::new(&table, &options(Some(schema)), None, Part::Value).unwrap();
    let bad = batch(
        &table,
        &[vec![
            Value::Decimal("1".parse().unwrap(), 2),
            Value::String("AJAR".into()),
            Value::Null,
        ]],
    );
    let mut out = vec![9];
    let error = encoder
        .rows(bad.records().columns())
        .unwrap()
        .write(0, &mut out)
        .unwrap_err();
    assert!(
        error.is_of_row() && error.to_string().contains("AJAR"),
        "{error}"
    );
    assert_eq!(out, [9], "nothing of a row that can't be written stays");

    let other = named(&[("money", "string"), ("state", "string"), ("n", "int")]);
    let error = AvroEncoder::new(&other, &options(Some(schema)), None, Part::Value)
        .err()
        .unwrap();
    assert!(error.to_string().contains("money"), "{error}");
}

#[test]
fn a_null_without_a_place_is_the_rows_fault() {
    let table = table(&["int", "{a = int}"]);
    let encoder = AvroEncoder::new(&table, &options(None), None, Part::Value).unwrap();
    let batch = batch(&table, &[vec![Value::Int(1), Value::Null]]);
    let error = encoder
        .rows(batch.records().columns())
        .unwrap()
        .write(0, &mut Vec::new())
        .unwrap_err();
    assert!(
        error.is_of_row() && error.to_string().contains("c1"),
        "{error}"
    );
}

#[test]
fn broken_messages_leave_nothing_behind() {
    let table = table(ALL);
    let mut rng = Rng::with_seed(3);
    let options = AvroOptions {
        avro_nullable: Some(true),
        avro_row_nullable: true,
        ..AvroOptions::default()
    };
    let mut decoder = decoder(&table, &options);
    for _ in 0..40 {
        let row = random_row(&mut rng, &table, true);
        let good = write(&table, &batch(&table, std::slice::from_ref(&row)), &options).remove(0);
        let mut rows = RowColumns::new(table.clone());
        let mut expected = 0;
        for length in 0..good.len() {
            assert!(
                decoder.decode(&good[..length], &mut rows).is_err(),
                "no prefix is a message"
            );
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << rng.u8(..8);
            expected += usize::from(decoder.decode(&bad, &mut rows).is_ok());
            let noise: Vec<u8> = (0..rng.usize(..40)).map(|_| rng.u8(..)).collect();
            expected += usize::from(decoder.decode(&noise, &mut rows).is_ok());
        }
        decoder.decode(&good, &mut rows).unwrap();
        let batch = rows.finish().unwrap();
        assert_eq!(batch.num_rows(), expected + 1);
        assert_eq!(batch.row(expected).values(), row);
    }
}

#[test]
fn values_nested_without_end_are_refused() {
    let schema = r#"{"type": "record", "name": "N", "fields": [{"name": "v", "type": "int"}, {"name": "next", "type": ["null", "N"]}]}"#;
    let table = named(&[("v", "int")]);
    let mut decoder = decoder(&table, &options(Some(schema)));
    let mut rows = RowColumns::new(table);
    let deep = |levels: usize| [[2, 2].repeat(levels), vec![2, 0]].concat();
    decoder.decode(&deep(40), &mut rows).unwrap();
    let error = decoder.decode(&deep(100_000), &mut rows).unwrap_err();
    assert!(error.to_string().contains("too deep"), "{error}");
    // A list of nulls takes no bytes: its length is no reason to fill the memory.
    let nulls = r#"{"type": "record", "name": "L", "fields": [{"name": "v", "type": {"type": "array", "items": "null"}}]}"#;
    let table = named(&[("v", "array<int>")]);
    let mut decoder = AvroDecoder::new(table.clone(), &options(Some(nulls)), None, false).unwrap();
    let error = decoder
        .decode(
            &[0xfe, 0xff, 0xff, 0xff, 0x0f, 0],
            &mut RowColumns::new(table),
        )
        .unwrap_err();
    assert!(error.to_string().contains("items"), "{error}");
}

#[test]
fn the_last_of_equal_keys_counts() {
    let table = named(&[("m", "map<string, array<string>>")]);
    let options = AvroOptions {
        avro_nullable: Some(false),
        ..AvroOptions::default()
    };
    // Entries a: [x, y], b: [z], a: [w]
    let message = hex("0602610402780279000262020 27a000261020277 0000"
        .replace(' ', "")
        .as_str());
    let rows = read(
        &mut decoder(&table, &options),
        &table,
        &[message.clone(), message],
    );
    let list =
        |texts: &[&str]| Value::Array(texts.iter().map(|t| Value::String((*t).into())).collect());
    let key = |k: &str| Value::String(k.into());
    let expected = Value::Map(vec![(key("b"), list(&["z"])), (key("a"), list(&["w"]))]);
    assert_eq!(rows, [[expected.clone()], [expected]]);
}

#[test]
fn framings_are_written_and_read() {
    let schema = r#"{"type": "record", "name": "R", "fields": [{"name": "c0", "type": "int"}]}"#;
    let table = table(&["int"]);
    let rows = vec![vec![Value::Int(5)]];
    let single = AvroOptions {
        avro_framing: Some(AvroFraming::SingleObject),
        ..options(Some(schema))
    };
    let written = write(&table, &batch(&table, &rows), &single);
    assert_eq!(written[0][..2], [0xc3, 1]);
    assert_eq!(written[0].len(), 11);
    assert_eq!(read(&mut decoder(&table, &single), &table, &written), rows);
    let mut other = written[0].clone();
    other[4] ^= 1;
    let error = decoder(&table, &single)
        .decode(&other, &mut RowColumns::new(table.clone()))
        .unwrap_err();
    assert!(error.to_string().contains("another schema"), "{error}");

    // SeaTunnel's strip_schema_registry_header: with or without a header in front.
    let mut strip = AvroDecoder::new(table.clone(), &options(Some(schema)), None, true).unwrap();
    assert_eq!(
        read(&mut strip, &table, &[vec![0, 0, 0, 0, 7, 10], vec![10]]),
        [rows[0].clone(), rows[0].clone()]
    );
    let confluent = AvroOptions {
        avro_framing: Some(AvroFraming::Confluent),
        ..options(Some(schema))
    };
    assert_eq!(
        read(
            &mut decoder(&table, &confluent),
            &table,
            &[vec![0, 0, 0, 0, 7, 10]]
        ),
        rows
    );
    assert!(AvroEncoder::new(&table, &confluent, None, Part::Value).is_err());
}

async fn registry(stand_in: &StandIn) -> Arc<Registry> {
    let options = RegistryOptions {
        schema_registry_url: Some(stand_in.url.clone()),
        schema_registry_timeout: 20_000,
        schema_registry_register: true,
        ..RegistryOptions::default()
    };
    Registry::new(&options).unwrap().unwrap()
}

#[tokio::test]
async fn rows_travel_by_the_schemas_of_a_registry() {
    let stand_in = StandIn::start().await;
    let table = table(ALL);
    let mut rng = Rng::with_seed(4);
    let rows: Vec<Vec<Value>> = (0..50)
        .map(|_| random_row(&mut rng, &table, true))
        .collect();
    let options = AvroOptions {
        avro_row_nullable: true,
        ..AvroOptions::default()
    };
    let mut encoder = AvroEncoder::new(
        &table,
        &options,
        Some(registry(&stand_in).await),
        Part::Value,
    )
    .unwrap();
    encoder.prepare("orders").await.unwrap();
    encoder.prepare("orders").await.unwrap();
    let written = messages(&encoder, &batch(&table, &rows));
    assert_eq!(written[0][..5], [0, 0, 0, 0, 1]);

    let mut decoder = AvroDecoder::new(
        table.clone(),
        &options,
        Some(registry(&stand_in).await),
        false,
    )
    .unwrap();
    let mut columns = RowColumns::new(table.clone());
    assert_eq!(
        decoder.decode(&written[0], &mut columns).unwrap(),
        Decoded::Wants(SchemaId(1))
    );
    decoder.learn(SchemaId(1)).await.unwrap();
    assert_eq!(read(&mut decoder, &table, &written), rows);
    assert_eq!(
        stand_in.held.lock().unwrap().requests,
        ["POST /subjects/orders-value/versions", "GET /schemas/ids/1"]
    );

    // Numbers that the registry doesn't know, or that are of no use, are the message's fault.
    stand_in.put(
        "p",
        serde_json::json!({ "schema": "syntax = \"proto3\";", "schemaType": "PROTOBUF" }),
    );
    stand_in.put(
        "q",
        serde_json::json!({ "schema": "{\"type\": \"record\"" }),
    );
    for (id, why) in [
        (2u8, "PROTOBUF"),
        (3, "can't be read by"),
        (9, "no schema 9"),
    ] {
        let message = [0, 0, 0, 0, id, 1];
        assert_eq!(
            decoder.decode(&message, &mut columns).unwrap(),
            Decoded::Wants(SchemaId(id.into()))
        );
        decoder.learn(SchemaId(id.into())).await.unwrap();
        let error = decoder.decode(&message, &mut columns).unwrap_err();
        assert!(
            error.is_of_row() && error.to_string().contains(why),
            "{error}"
        );
    }
    assert!(
        decoder
            .decode(&[1, 2], &mut columns)
            .unwrap_err()
            .is_of_row()
    );
}

#[tokio::test]
async fn schemas_that_refer_to_others_are_read_with_them() {
    let stand_in = StandIn::start().await;
    stand_in.put("city", serde_json::json!({ "schema": r#"{"type": "enum", "name": "geo.City", "symbols": ["A", "B"]}"# }));
    stand_in.put("place", serde_json::json!({
        "schema": r#"{"type": "record", "name": "geo.Place", "fields": [{"name": "city", "type": "geo.City"}]}"#,
        "references": [{ "name": "geo.City", "subject": "city", "version": 1 }],
    }));
    let id = stand_in.put("person", serde_json::json!({
        "schema": r#"{"type": "record", "name": "Person", "fields": [{"name": "home", "type": "geo.Place"}, {"name": "work", "type": ["null", "geo.Place"]}]}"#,
        "references": [{ "name": "geo.Place", "subject": "place", "version": 1 }],
    }));
    let table = named(&[("home", "{city = string}"), ("work", "{city = string}")]);
    let mut decoder = AvroDecoder::new(
        table.clone(),
        &AvroOptions::default(),
        Some(registry(&stand_in).await),
        false,
    )
    .unwrap();
    decoder.learn(SchemaId(id)).await.unwrap();
    let rows = read(&mut decoder, &table, &[vec![0, 0, 0, 0, 3, 2, 2, 0]]);
    let city = |c: &str| Value::Row(vec![Value::String(c.into())]);
    assert_eq!(rows, [[city("B"), city("A")]]);
}
