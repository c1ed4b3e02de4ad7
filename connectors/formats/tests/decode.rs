//! Messages into rows: json, text and changes.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::Options;
use seatunnel_api::{CatalogTable, Column, DataType, TablePath, TableSchema};
use seatunnel_formats::{Decoder, FormatOptions, Message, Pushed};
use serde_json::{Value as Json, json};

fn decoder(columns: &[(&str, &str)], options: Json) -> Decoder {
    let options = FormatOptions::from_config("Kafka", &ConfigValue::from_json(&options)).unwrap();
    let columns = columns
        .iter()
        .map(|(name, of)| Column::new(*name, DataType::parse(of).unwrap()));
    let table = CatalogTable::new(
        "test",
        TablePath::table("t"),
        TableSchema::new(columns.collect()),
    );
    Decoder::new(Arc::new(table), &options, true).unwrap()
}

fn message(value: &[u8]) -> Message<'_> {
    Message {
        value: Some(value),
        ..Message::default()
    }
}

fn rows(decoder: &mut Decoder) -> Vec<String> {
    let batch = decoder.finish().unwrap();
    batch
        .rows()
        .map(|row| format!("{} {}", row.kind().short(), row.to_json()))
        .collect()
}

/// The rows of messages, which must all be readable.
#[track_caller]
fn read(columns: &[(&str, &str)], options: Json, messages: &[&str]) -> Vec<String> {
    let mut decoder = decoder(columns, options);
    for text in messages {
        assert_eq!(
            decoder.push(&message(text.as_bytes())).unwrap(),
            Pushed::Done
        );
    }
    rows(&mut decoder)
}

/// What is wrong with a message.
#[track_caller]
fn fault(columns: &[(&str, &str)], options: Json, text: &str) -> String {
    let mut decoder = decoder(columns, options);
    let error = decoder.push(&message(text.as_bytes())).unwrap_err();
    assert!(error.is_of_row() && !error.is_retryable());
    assert_eq!(rows(&mut decoder), [""; 0], "nothing of it stays");
    error.report()
}

const ALL: &[(&str, &str)] = &[
    ("flag", "boolean"),
    ("tiny", "tinyint"),
    ("small", "smallint"),
    ("whole", "int"),
    ("big", "bigint"),
    ("single", "float"),
    ("double", "double"),
    ("price", "decimal(10, 2)"),
    ("long", "decimal(60, 3)"),
    ("name", "string"),
    ("raw", "bytes"),
    ("day", "date"),
    ("clock", "time"),
    ("at", "timestamp"),
    ("zoned", "timestamp_tz"),
    ("list", "array<int>"),
    ("map", "map<string, bigint>"),
];

const EACH: &str = r#"{"flag":true,"tiny":-128,"small":32767,"whole":1e3,"big":-9223372036854775808,
 "single":1.5,"double":-2.25e-3,"price":12.30,"long":"-123456789012345678901234567890123456789012345.678",
 "name":"a\"b\\c\u00e4\ud83d\ude00\n","raw":"AQID","day":"2024-02-29","clock":"23:59:59.000001","at":"2024-01-31T12:30:00.5",
 "zoned":"2024-01-31T12:30:00+02:00","list":[1,null,3],"map":{"a":1,"b":null}}"#;

#[test]
fn json_of_every_type_becomes_values_and_comes_back_the_same() {
    let once = read(ALL, json!({}), &[EACH]);
    let text = once[0].strip_prefix("+I ").unwrap();
    let value: Json = serde_json::from_str(text).unwrap();
    assert_eq!(value["tiny"], json!(-128));
    assert_eq!(value["whole"], json!(1000));
    assert_eq!(value["name"], json!("a\"b\\cä😀\n"));
    assert_eq!(value["list"], json!([1, null, 3]));
    assert_eq!(value["map"], json!({"a": 1, "b": null}));
    assert_eq!(read(ALL, json!({}), &[text]), once);
}

#[test]
fn members_come_in_any_order_more_than_once_or_not_at_all() {
    let columns = [("a", "int"), ("b", "string"), ("c", "int")];
    assert_eq!(
        read(
            &columns,
            json!({}),
            &[
                r#"{"c":3,"x":{"a":[9,{"b":"}"}]},"a":1}"#,
                r#" { "b" : "x" , "b" : "y" } "#,
                r#"[{"a":1},{"a":2,"b":null}]"#,
                "{}",
            ]
        ),
        [
            r#"+I {"a":1,"b":null,"c":3}"#,
            r#"+I {"a":null,"b":"y","c":null}"#,
            r#"+I {"a":1,"b":null,"c":null}"#,
            r#"+I {"a":2,"b":null,"c":null}"#,
            r#"+I {"a":null,"b":null,"c":null}"#,
        ]
    );
}

#[test]
fn values_of_other_kinds_go_where_they_mean_the_same() {
    let columns = [
        ("n", "int"),
        ("t", "string"),
        ("f", "boolean"),
        ("r", "array<string>"),
    ];
    assert_eq!(
        read(
            &columns,
            json!({}),
            &[
                r#"{"n":" 7 ","t":1.50,"f":"TRUE","r":["a",2,true]}"#,
                r#"{"n":2.0,"t":{ "a" : [ 1, "x y\" " ] },"f":0,"r":[]}"#,
                r#"{"n":"","t":true}"#,
            ]
        ),
        [
            r#"+I {"n":7,"t":"1.50","f":true,"r":["a","2","true"]}"#,
            r#"+I {"n":2,"t":"{\"a\":[1,\"x y\\\" \"]}","f":false,"r":[]}"#,
            r#"+I {"n":null,"t":"true","f":null,"r":null}"#,
        ]
    );
}

#[test]
fn what_a_column_can_not_hold_is_told_with_the_field() {
    let columns = [
        ("n", "tinyint"),
        ("d", "decimal(3, 1)"),
        ("r", "map<string, array<date>>"),
    ];
    for (text, says) in [
        (r#"{"n":128}"#, "\"128\" is not of type"),
        (r#"{"n":1.5}"#, "field: n"),
        (r#"{"d":1.25}"#, "field: d"),
        (r#"{"d":100}"#, "field: d"),
        (r#"{"n":[1]}"#, "\"[1]\""),
        (r#"{"r":{"a":["2024-13-01"]}}"#, "2024-13-01"),
        (r#"{"r":7}"#, "field: r"),
        ("", "it ends"),
        ("7", "'{'"),
        (r#"{"n":1} x"#, "nothing more"),
        (r#"{"n":01}"#, "01"),
        (r#"{"n":1,}"#, "'\"'"),
    ] {
        let report = fault(&columns, json!({}), text);
        assert!(report.contains(says), "{text}: {says}: {report}");
        assert!(report.contains("FORMAT-01"), "{report}");
    }
}

#[test]
fn broken_messages_never_leave_a_trace() {
    let canal = r#"{"type":"UPDATE","data":[{"id":"1","l":[1,2]},{"id":"2","l":[3]}],"old":[{"l":[9]},{"l":null}]}"#;
    let debezium = r#"{"schema":{},"payload":{"op":"u","before":{"id":1,"l":[1]},"after":{"id":1,"l":[2,3]}}}"#;
    let nested: &[(&str, &str)] = &[("id", "int"), ("l", "array<int>")];
    for (columns, options, text) in [
        (ALL, json!({}), EACH),
        (nested, json!({ "format": "canal_json" }), canal),
        (nested, json!({ "format": "debezium_json" }), debezium),
        (
            &[("a", "int"), ("m", "map<string,int>"), ("s", "string")],
            json!({ "format": "text" }),
            "1,k\x037\x02l\x038,x",
        ),
    ] {
        let good = text.as_bytes();
        let wanted = read(columns, options.clone(), &[text, text]);
        let mut decoder = decoder(columns, options);
        for at in 0..good.len() {
            assert_eq!(decoder.push(&message(good)).unwrap(), Pushed::Done);
            // Whatever comes of them: they must not disturb the rows around.
            for broken in [
                good[..at].to_vec(),
                flipped(good, at, 0x80),
                flipped(good, at, 1),
                flipped(good, at, 0x20),
            ] {
                let before = decoder.rows();
                if decoder.push(&message(&broken)).is_err() {
                    assert_eq!(decoder.rows(), before);
                }
            }
            assert_eq!(decoder.push(&message(good)).unwrap(), Pushed::Done);
            let rows = rows(&mut decoder);
            let half = wanted.len() / 2;
            assert_eq!(rows[..half], wanted[..half]);
            assert_eq!(rows[rows.len() - half..], wanted[half..]);
        }
    }
}

fn flipped(good: &[u8], at: usize, bits: u8) -> Vec<u8> {
    let mut bytes = good.to_vec();
    bytes[at] ^= bits;
    bytes
}

#[test]
fn very_deep_messages_are_passed_over_without_recursion() {
    let deep = format!(
        r#"{{"x":{}{},"a":1}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    assert_eq!(
        read(&[("a", "int")], json!({}), &[&deep]),
        [r#"+I {"a":1}"#]
    );
}

#[test]
fn text_is_split_at_delimiters_of_each_level() {
    let columns = [
        ("id", "int"),
        ("list", "array<int>"),
        ("map", "map<string, int>"),
        ("row", "{ a = int, b = string }"),
        ("text", "string"),
    ];
    let columns: Vec<(&str, &str)> = columns.iter().filter(|c| c.0 != "row").copied().collect();
    assert_eq!(
        read(
            &columns,
            json!({ "format": "text", "field_delimiter": "\\|" }),
            &["1|1\x022|a\x031\x02b|x", "2|||y|more", "3"]
        ),
        [
            r#"+I {"id":1,"list":[1,2],"map":{"a":1,"b":null},"text":"x"}"#,
            r#"+I {"id":2,"list":null,"map":null,"text":"y"}"#,
            r#"+I {"id":3,"list":null,"map":null,"text":null}"#,
        ]
    );
    let report = fault(&columns, json!({ "format": "text" }), "{\"id\":1}");
    assert!(report.contains("field: id"), "{report}");
}

#[test]
fn canal_and_maxwell_tell_only_what_has_changed() {
    let columns = [("id", "int"), ("name", "string"), ("note", "string")];
    let wanted = [
        r#"+I {"id":1,"name":"a","note":"x"}"#,
        r#"-U {"id":1,"name":"a","note":null}"#,
        r#"+U {"id":1,"name":"b","note":"y"}"#,
        r#"-D {"id":1,"name":"b","note":"y"}"#,
    ];
    assert_eq!(
        read(
            &columns,
            json!({ "format": "canal_json" }),
            &[
                r#"{"data":null,"isDdl":true,"type":"ALTER","sql":"ALTER TABLE x"}"#,
                r#"{"data":[{"id":"1","name":"a","note":"x"}],"type":"INSERT","old":null}"#,
                r#"{"data":[{"id":"1","name":"b","note":"y"}],"type":"UPDATE","old":[{"name":"a","note":null}]}"#,
                r#"{"data":[{"id":"1","name":"b","note":"y"}],"type":"DELETE","old":null}"#,
            ]
        ),
        wanted
    );
    assert_eq!(
        read(
            &columns,
            json!({ "format": "maxwell_json" }),
            &[
                r#"{"type":"bootstrap-start","data":{}}"#,
                r#"{"type":"insert","data":{"id":1,"name":"a","note":"x"}}"#,
                r#"{"type":"update","data":{"id":1,"name":"b","note":"y"},"old":{"name":"a","note":null}}"#,
                r#"{"type":"delete","data":{"id":1,"name":"b","note":"y"}}"#,
            ]
        ),
        wanted
    );
    for text in [
        r#"{"data":null,"type":"INSERT"}"#,
        r#"{"data":[{}],"type":"MERGE"}"#,
        r#"{"data":[{}],"type":"UPDATE","old":[]}"#,
    ] {
        fault(&columns, json!({ "format": "canal_json" }), text);
    }
}

#[test]
fn goldengate_and_debezium_tell_both_rows() {
    let columns = [("id", "int"), ("name", "string")];
    let wanted = [
        r#"+I {"id":1,"name":"a"}"#,
        r#"-U {"id":1,"name":"a"}"#,
        r#"+U {"id":1,"name":"b"}"#,
        r#"-D {"id":1,"name":"b"}"#,
    ];
    assert_eq!(
        read(
            &columns,
            json!({ "format": "ogg_json" }),
            &[
                r#"{"op_type":"I","after":{"id":1,"name":"a"}}"#,
                r#"{"op_type":"U","before":{"id":1,"name":"a"},"after":{"id":1,"name":"b"}}"#,
                r#"{"op_type":"D","before":{"id":1,"name":"b"}}"#,
            ]
        ),
        wanted
    );
    let plain = [
        r#"{"op":"r","before":null,"after":{"id":1,"name":"a"}}"#,
        r#"{"op":"u","before":{"id":1,"name":"a"},"after":{"id":1,"name":"b"}}"#,
        r#"{"op":"d","before":{"id":1,"name":"b"},"after":null}"#,
    ];
    assert_eq!(
        read(&columns, json!({ "format": "debezium_json" }), &plain),
        wanted
    );
    let wrapped = plain.map(|p| format!(r#"{{"schema":{{"type":"struct"}},"payload":{p}}}"#));
    let wrapped: Vec<&str> = wrapped.iter().map(String::as_str).collect();
    assert_eq!(
        read(&columns, json!({ "format": "debezium_json" }), &wrapped),
        wanted
    );
    for options in [
        json!({ "format": "debezium_json" }),
        json!({ "format": "ogg_json" }),
    ] {
        let text = r#"{"op":"u","op_type":"U","before":null,"after":{"id":1}}"#;
        assert!(fault(&columns, options, text).contains("REPLICA IDENTITY"));
    }
}

#[test]
fn debezium_has_ways_of_its_own_for_days_times_and_numbers() {
    let columns = [
        ("day", "date"),
        ("clock", "time"),
        ("millis", "timestamp"),
        ("micros", "timestamp"),
        ("text", "timestamp"),
        ("price", "decimal(10, 2)"),
        ("bits", "smallint"),
    ];
    // 2022-04-27; 14:30; the decimal -1.5 as 16 bits; bits 0x0102, the lowest byte first.
    let row = r#"{"op":"c","after":{"day":19109,"clock":52200000000,"millis":1651069800000,"micros":1651069800000000,
        "text":"2023-04-27T03:08:40Z","price":"/2o=","bits":"AgE="}}"#;
    assert_eq!(
        read(&columns, json!({ "format": "debezium_json" }), &[row]),
        [
            r#"+I {"day":"2022-04-27","clock":"14:30:00","millis":"2022-04-27T14:30:00","micros":"2022-04-27T14:30:00","text":"2023-04-27T03:08:40","price":-1.50,"bits":258}"#
        ]
    );
}

#[test]
fn changes_of_other_tables_are_left_out() {
    let options = json!({
        "format": "debezium_json",
        "debezium_record_table_filter": { "database_name": "shop", "table_name": "orders" },
    });
    let of = |table: &str| {
        format!(r#"{{"op":"c","after":{{"id":1}},"source":{{"db":"shop","table":"{table}"}}}}"#)
    };
    assert_eq!(
        read(&[("id", "int")], options, &[&of("orders"), &of("other")]).len(),
        1
    );
}

#[test]
fn rows_of_kafka_connect_are_inserts() {
    let options = json!({ "format": "compatible_kafka_connect_json" });
    let rows = read(
        &[("id", "int")],
        options,
        &[r#"{"schema":{},"payload":{"id":1}}"#, r#"{"id":2}"#],
    );
    assert_eq!(rows, [r#"+I {"id":1}"#, r#"+I {"id":2}"#]);
}
