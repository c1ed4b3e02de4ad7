use std::sync::Arc;

use fastrand::Rng;
use prost_reflect::DynamicMessage;
use prost_reflect::prost::Message as _;
use seatunnel_api::{CatalogTable, Value};

use super::*;
use crate::Part;
use crate::avro::Decoded;
use crate::columns::RowColumns;
use crate::registry::stand_in::StandIn;
use crate::registry::{Registry, RegistryOptions, SchemaId};
use crate::test_rows::{batch, named, random_row};

const ALL: &str = r#"
    syntax = "proto3";
    package shop.v1;
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/wrappers.proto";
    message Unused { int32 x = 1; }
    message Everything {
        enum Color { RED = 0; GREEN = 1; BLUE = -3; }
        message Inner { string name = 1; repeated sint32 numbers = 2; Inner deeper = 3; }
        bool a = 1; optional int32 b = 2; int64 c = 3; optional uint32 d = 4; sint64 e = 5;
        fixed32 f = 6; sfixed64 g = 7; optional float h = 8; double i = 9; optional string j = 10;
        bytes k = 11; Color l = 12; repeated int32 m = 13; repeated string n = 14;
        map<string, Inner> o = 15; map<sint32, double> p = 16; Inner q = 2000;
        repeated Inner r = 18; google.protobuf.Timestamp s = 19; google.protobuf.Int64Value t = 20;
        optional string u = 21; optional string v = 22; repeated float w = 23;
        oneof choice { string x = 24; Inner y = 25; }
        repeated bool z = 26 [packed = false];
    }
"#;

fn everything() -> Arc<CatalogTable> {
    named(&[
        ("a", "boolean"),
        ("b", "tinyint"),
        ("c", "bigint"),
        ("d", "smallint"),
        ("e", "bigint"),
        ("f", "int"),
        ("g", "decimal(19, 0)"),
        ("h", "float"),
        ("i", "double"),
        ("j", "string"),
        ("k", "bytes"),
        ("l", "string"),
        ("m", "array<int>"),
        ("n", "array<string>"),
        (
            "o",
            "map<string, {name = string, numbers = array<smallint>}>",
        ),
        ("p", "map<int, double>"),
        (
            "Q",
            "{name = string, numbers = array<int>, deeper = {name = string}}",
        ),
        ("r", "array<{numbers = array<int>}>"),
        ("s", "timestamp"),
        ("t", "bigint"),
        ("u", "decimal(20, 4)"),
        ("v", "date"),
        ("w", "float_vector(2)"),
        ("x", "string"),
        ("y", "{name = string}"),
        ("z", "array<boolean>"),
    ])
}

fn options(schema: &str, name: Option<&str>) -> ProtobufOptions {
    ProtobufOptions {
        protobuf_schema: Some(schema.to_owned()),
        protobuf_message_name: name.map(str::to_owned),
    }
}

fn all() -> ProtobufOptions {
    options(ALL, Some("Everything"))
}

fn decoder(table: &CatalogTable, options: &ProtobufOptions) -> ProtobufDecoder {
    ProtobufDecoder::new(table, options, None, false).unwrap()
}

fn encoder(table: &CatalogTable, options: &ProtobufOptions) -> ProtobufEncoder {
    ProtobufEncoder::new(table, options, None, Part::Value).unwrap()
}

fn write(
    encoder: &ProtobufEncoder,
    table: &Arc<CatalogTable>,
    rows: &[Vec<Value>],
) -> Vec<Vec<u8>> {
    let batch = batch(table, rows);
    let bound = encoder.rows(batch.records().columns()).unwrap();
    let one = |row| {
        let mut out = Vec::new();
        bound.write(row, &mut out).unwrap();
        out
    };
    (0..rows.len()).map(one).collect()
}

fn read(
    decoder: &mut ProtobufDecoder,
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

/// The message of a JSON text, as another library writes it.
fn reference(json: &str) -> DynamicMessage {
    let file = schema::compile(ALL, &[]).unwrap();
    let message = schema::message(&file, Some("Everything")).unwrap();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    DynamicMessage::deserialize(message, &mut deserializer).unwrap()
}

fn text(t: &str) -> Value {
    Value::String(t.to_owned())
}

/// A row that Protocol Buffers can tell from all others: no nulls where a field has no presence, no empty
/// lists that were null, one of `x` and `y`.
fn tellable(rng: &mut Rng, table: &CatalogTable) -> Vec<Value> {
    let mut row = random_row(rng, table, false);
    for optional in [1, 3, 7, 9, 18, 19, 20, 21] {
        if rng.u8(..3) == 0 {
            row[optional] = Value::Null;
        }
    }
    if let Value::SmallInt(n) = &mut row[3] {
        *n = n.saturating_abs();
    }
    if let Value::Int(n) = &mut row[5] {
        *n = n.saturating_abs();
    }
    if let Value::Decimal(digits, _) = &mut row[6] {
        *digits = (digits.to_i128().unwrap() % (1 << 62))
            .to_string()
            .parse()
            .unwrap();
    }
    row[11] = text(["RED", "GREEN", "BLUE"][rng.usize(..3)]);
    row[23 + rng.usize(..2)] = Value::Null;
    row
}

#[test]
fn rows_of_all_types_come_back_as_they_were_written() {
    let table = everything();
    let mut rng = Rng::with_seed(11);
    let rows: Vec<Vec<Value>> = (0..300).map(|_| tellable(&mut rng, &table)).collect();
    let written = write(&encoder(&table, &all()), &table, &rows);
    assert_eq!(read(&mut decoder(&table, &all()), &table, &written), rows);

    // What we write is what another library writes of it.
    let file = schema::compile(ALL, &[]).unwrap();
    let message = schema::message(&file, Some("shop.v1.Everything")).unwrap();
    for bytes in &written {
        let other = DynamicMessage::decode(message.clone(), bytes.as_slice()).unwrap();
        let settled = |bytes: Vec<u8>| {
            let mut row = read(&mut decoder(&table, &all()), &table, &[bytes]).remove(0);
            // The other library writes entries of maps in any order.
            for value in &mut row {
                if let Value::Map(entries) = value {
                    entries.sort_by_key(|(key, _)| key.to_string());
                }
            }
            row
        };
        assert_eq!(settled(other.encode_to_vec()), settled(bytes.clone()));
        assert_eq!(other.unknown_fields().count(), 0);
    }
}

#[test]
fn messages_of_another_library_are_read() {
    let message = reference(
        r#"{
        "a": true, "b": -5, "c": "-9000000000", "d": 300, "e": "-3", "f": 7, "g": "-8", "h": 1.5, "i": 2.5,
        "j": "grüß", "k": "AQI=", "l": "GREEN", "m": [1, -1, 300], "n": ["p", ""],
        "o": {"k": {"name": "n", "numbers": [-1, 1]}}, "p": {"-2": 0.5},
        "q": {"name": "q", "deeper": {"name": "d", "deeper": {"name": "not asked for"}}},
        "r": [{"numbers": [1]}, {}], "s": "2024-01-31T12:30:00.000001Z", "t": "5",
        "u": "-1.5", "v": "2024-02-29", "w": [1, 2], "x": "chosen", "z": [true, false]
    }"#,
    );
    let table = everything();
    let row = read(
        &mut decoder(&table, &all()),
        &table,
        &[message.encode_to_vec()],
    )
    .remove(0);
    let shown: Vec<String> = row.iter().map(|v| v.to_string()).collect();
    let ints = |items: &[i32]| Value::Array(items.iter().map(|i| Value::Int(*i)).collect());
    assert_eq!(
        row[..5],
        [
            Value::Boolean(true),
            Value::TinyInt(-5),
            Value::BigInt(-9_000_000_000),
            Value::SmallInt(300),
            Value::BigInt(-3)
        ]
    );
    assert_eq!(row[6], Value::Decimal("-8".parse().unwrap(), 0));
    assert_eq!(row[9], text("grüß"));
    assert_eq!(row[11], text("GREEN"));
    assert_eq!(row[12], ints(&[1, -1, 300]));
    let smalls = Value::Array(vec![Value::SmallInt(-1), Value::SmallInt(1)]);
    assert_eq!(
        row[14],
        Value::Map(vec![(text("k"), Value::Row(vec![text("n"), smalls]))])
    );
    assert_eq!(
        row[15],
        Value::Map(vec![(Value::Int(-2), Value::Double(0.5))])
    );
    assert_eq!(
        row[16],
        Value::Row(vec![text("q"), ints(&[]), Value::Row(vec![text("d")])])
    );
    assert_eq!(
        row[17],
        Value::Array(vec![
            Value::Row(vec![ints(&[1])]),
            Value::Row(vec![ints(&[])])
        ])
    );
    assert_eq!(row[18], Value::Timestamp(1_706_704_200_000_001));
    assert_eq!(
        (shown[20].as_str(), shown[21].as_str()),
        ("-1.5000", "2024-02-29")
    );
    assert_eq!(
        row[22],
        Value::Array(vec![Value::Float(1.0), Value::Float(2.0)])
    );
    assert_eq!(row[23..25], [text("chosen"), Value::Null]);
}

#[test]
fn what_is_not_there_is_its_default_or_null_where_that_can_be_told() {
    let table = everything();
    let row = read(&mut decoder(&table, &all()), &table, &[Vec::new()]).remove(0);
    let null: Vec<usize> = (0..row.len()).filter(|i| row[*i] == Value::Null).collect();
    assert_eq!(null, [1, 3, 7, 9, 16, 18, 19, 20, 21, 22, 23, 24]);
    assert_eq!(row[0], Value::Boolean(false));
    assert_eq!(row[2], Value::BigInt(0));
    assert_eq!(row[11], text("RED"));
    assert_eq!(row[13], Value::Array(vec![]));
    assert_eq!(row[14], Value::Map(vec![]));
    // proto2 has defaults of its own.
    let schema = r#"syntax = "proto2"; message M {
        optional int32 n = 1 [default = 41]; optional sint64 z = 2 [default = -2];
        optional string t = 3 [default = "x"]; optional float f = 4 [default = 1.5]; optional int32 none = 5; }"#;
    let table = named(&[
        ("n", "int"),
        ("z", "int"),
        ("t", "string"),
        ("f", "double"),
        ("none", "int"),
    ]);
    let row = read(
        &mut decoder(&table, &options(schema, None)),
        &table,
        &[Vec::new()],
    )
    .remove(0);
    assert_eq!(
        row,
        [
            Value::Int(41),
            Value::Int(-2),
            text("x"),
            Value::Double(1.5),
            Value::Null
        ]
    );
}

#[test]
fn fields_that_come_again_count_as_the_rules_say() {
    let table = named(&[
        ("c", "bigint"),
        ("q", "{name = string, numbers = array<int>}"),
        ("m", "array<int>"),
        ("x", "string"),
        ("y", "{name = string}"),
        ("p", "map<int, double>"),
    ]);
    let parts = [
        r#"{"c": "1", "m": [1], "x": "first", "q": {"name": "old", "numbers": [1, 2]}, "p": {"1": 1, "2": 2}}"#,
        r#"{"c": "2", "m": [2, 3], "y": {"name": "second"}, "q": {"numbers": [3]}, "p": {"1": 3}}"#,
        r#"{"q": {"name": "new"}, "f": 7}"#,
    ];
    let bytes: Vec<u8> = parts
        .iter()
        .flat_map(|json| reference(json).encode_to_vec())
        .collect();
    let row = read(
        &mut decoder(&table, &all()),
        &table,
        std::slice::from_ref(&bytes),
    )
    .remove(0);
    let ints = |items: &[i32]| Value::Array(items.iter().map(|i| Value::Int(*i)).collect());
    assert_eq!(
        row[..5],
        [
            Value::BigInt(2),
            Value::Row(vec![text("new"), ints(&[1, 2, 3])]),
            ints(&[1, 2, 3]),
            Value::Null,
            Value::Row(vec![text("second")]),
        ]
    );
    let Value::Map(mut entries) = row[5].clone() else {
        panic!()
    };
    entries.sort_by_key(|(k, _)| k.to_string());
    assert_eq!(
        entries,
        [
            (Value::Int(1), Value::Double(3.0)),
            (Value::Int(2), Value::Double(2.0))
        ]
    );
    // Numbers that are packed and numbers that are not may stand for each other.
    let unpacked = [8 * 13, 5, 8 * 13 + 2, 2, 6, 7];
    assert_eq!(
        read(&mut decoder(&table, &all()), &table, &[unpacked.to_vec()])[0][2],
        ints(&[5, 6, 7])
    );
    assert_eq!(
        read(&mut decoder(&table, &all()), &table, &[bytes])[0][0],
        Value::BigInt(2)
    );
}

#[test]
fn broken_messages_leave_nothing_behind() {
    let table = everything();
    let mut rng = Rng::with_seed(12);
    let mut decoder = decoder(&table, &all());
    for _ in 0..60 {
        let row = tellable(&mut rng, &table);
        let good = write(&encoder(&table, &all()), &table, std::slice::from_ref(&row)).remove(0);
        let mut rows = RowColumns::new(table.clone());
        let mut expected = 0;
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << rng.u8(..8);
            let noise: Vec<u8> = (0..rng.usize(..40)).map(|_| rng.u8(..)).collect();
            for message in [&good[..at], &bad, &noise] {
                match decoder.decode(message, &mut rows) {
                    Ok(_) => expected += 1,
                    Err(error) => assert!(error.is_of_row()),
                }
            }
        }
        decoder.decode(&good, &mut rows).unwrap();
        let batch = rows.finish().unwrap();
        assert_eq!(batch.num_rows(), expected + 1);
        assert_eq!(batch.row(expected).values(), row);
    }
    // Groups without end are passed over without using up the stack.
    let groups = [[8 + 3].repeat(200_000), [8 + 4].repeat(200_000)].concat();
    let small = named(&[("c", "bigint")]);
    let mut rows = RowColumns::new(small.clone());
    let mut decoder = ProtobufDecoder::new(&small, &all(), None, false).unwrap();
    decoder.decode(&groups, &mut rows).unwrap();
    assert!(decoder.decode(&groups[..300_000], &mut rows).is_err());
}

#[test]
fn a_value_that_a_field_cannot_hold_is_the_rows_fault() {
    let schema = r#"syntax = "proto3"; message M { uint32 n = 1; repeated string t = 2; map<string, int32> m = 3; enum E { A = 0; } E e = 4; }"#;
    let table = named(&[
        ("n", "int"),
        ("t", "array<string>"),
        ("m", "map<string, int>"),
        ("e", "string"),
    ]);
    let none = || vec![Value::Null, Value::Null, Value::Null, Value::Null];
    let cases = [
        (0, Value::Int(-1), "-1"),
        (1, Value::Array(vec![text("a"), Value::Null]), "null"),
        (2, Value::Map(vec![(text("k"), Value::Null)]), "null"),
        (3, text("B"), "\"B\""),
    ];
    let encoder = encoder(&table, &options(schema, None));
    for (column, value, why) in cases {
        let mut row = none();
        row[column] = value;
        let batch = batch(&table, &[row]);
        let mut out = vec![1];
        let error = encoder
            .rows(batch.records().columns())
            .unwrap()
            .write(0, &mut out)
            .unwrap_err();
        assert!(
            error.is_of_row() && error.to_string().contains(why),
            "{error}"
        );
        assert_eq!(out, [1]);
    }
    assert_eq!(write(&encoder, &table, &[none()]), [Vec::<u8>::new()]);
}

#[test]
fn schemas_that_do_not_fit_say_why() {
    let table = named(&[("n", "int")]);
    let new = |schema: &str, name: Option<&str>| {
        ProtobufDecoder::new(&table, &options(schema, name), None, false)
            .err()
            .map(|e| e.report())
    };
    let message =
        |field: &str| format!("syntax = \"proto3\"; message M {{ {field} }} message N {{}}");
    assert!(new("message {", None).unwrap().contains("not valid"));
    assert!(
        new(&message("int32 n = 1;"), None)
            .unwrap()
            .contains("M, N")
    );
    assert!(
        new(&message("int32 n = 1;"), Some("P"))
            .unwrap()
            .contains("`P`")
    );
    assert!(
        new(&message("N n = 1;"), Some("M"))
            .unwrap()
            .contains("the message N")
    );
    assert!(
        new(&message("bytes n = 1;"), Some("M"))
            .unwrap()
            .contains("bytes")
    );
    assert!(
        new("import \"other.proto\";", None)
            .unwrap()
            .contains("other.proto")
    );
    assert!(new(&message("int32 n = 1;"), Some("M")).is_none());
    let lacking = ProtobufEncoder::new(
        &table,
        &options(&message("int32 other = 1;"), Some("M")),
        None,
        Part::Value,
    );
    assert!(
        lacking
            .err()
            .unwrap()
            .report()
            .contains("no field for the column `n`")
    );
    assert!(ProtobufDecoder::new(&table, &ProtobufOptions::default(), None, false).is_err());
}

fn registry(stand_in: &StandIn) -> Arc<Registry> {
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
    let table = named(&[("name", "string")]);
    let inner = options(ALL, Some("Everything.Inner"));
    let mut encoder =
        ProtobufEncoder::new(&table, &inner, Some(registry(&stand_in)), Part::Value).unwrap();
    encoder.prepare("t").await.unwrap();
    let rows = vec![vec![text("a")], vec![text("")]];
    let written = write(&encoder, &table, &rows);
    // Schema 1, two indexes: the second message of the file, and the first in it.
    assert_eq!(
        written[0],
        [&[0, 0, 0, 0, 1, 4, 2, 0][..], &[10, 1, b'a']].concat()
    );

    // By the schema of the registry, and by one that is given.
    let mut asking = ProtobufDecoder::new(
        &table,
        &ProtobufOptions::default(),
        Some(registry(&stand_in)),
        false,
    )
    .unwrap();
    let mut columns = RowColumns::new(table.clone());
    assert_eq!(
        asking.decode(&written[0], &mut columns).unwrap(),
        Decoded::Wants(SchemaId(1))
    );
    asking.learn(SchemaId(1)).await.unwrap();
    assert_eq!(read(&mut asking, &table, &written), rows);
    let mut given = ProtobufDecoder::new(&table, &inner, None, true).unwrap();
    assert_eq!(read(&mut given, &table, &written), rows);
    assert_eq!(
        read(&mut given, &table, &[written[0][8..].to_vec()]),
        rows[..1]
    );

    for header in [&[4, 2, 12][..], &[200, 1], &[3], &[]] {
        let message = [&[0, 0, 0, 0, 1][..], header].concat();
        assert!(
            asking
                .decode(&message, &mut columns)
                .unwrap_err()
                .is_of_row()
        );
    }
    // A schema that imports another.
    stand_in.put("base", serde_json::json!({ "schemaType": "PROTOBUF", "schema": "syntax = \"proto3\"; message Base { string name = 1; }" }));
    let id = stand_in.put("user", serde_json::json!({
        "schemaType": "PROTOBUF",
        "schema": "syntax = \"proto3\"; import \"base.proto\"; message User { Base base = 1; string name = 2; }",
        "references": [{ "name": "base.proto", "subject": "base", "version": 1 }],
    }));
    assert_eq!(id, 3);
    let message = vec![0, 0, 0, 0, 3, 0, 18, 1, b'u'];
    assert_eq!(
        asking.decode(&message, &mut columns).unwrap(),
        Decoded::Wants(SchemaId(3))
    );
    asking.learn(SchemaId(3)).await.unwrap();
    assert_eq!(read(&mut asking, &table, &[message]), [[text("u")]]);
}
