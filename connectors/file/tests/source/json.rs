//! JSON, an object a line.

use seatunnel_api::{Value, time};
use serde_json::{Value as Json, json};

use crate::support::{Folder, failure, read, texts};

#[tokio::test]
async fn every_type_is_read_exactly() {
    let folder = Folder::new();
    folder.write(
        "a.json",
        concat!(
            r#"{"s":"x\"y","bo":true,"ti":-128,"si":32767,"i":-2147483648,"bi":9223372036854775807,"f":0.5,"d":1.5e-3,"de":12345678901234567890.123456789,"by":"cmF3","da":"2024-02-29","t":"12:30:00","ts":"2024-02-29T12:30:00","tz":"2024-02-29T12:30:00Z","unknown":{"a":[1]}}"#,
            "\n\n{}\r\n",
            r#"{"s":null,"de":null,"by":null,"da":null,"i":null}"#,
        ),
    );
    let fields = json!({
        "s": "string", "bo": "boolean", "ti": "tinyint", "si": "smallint", "i": "int",
        "bi": "bigint", "f": "float", "d": "double", "de": "decimal(38, 9)", "by": "bytes",
        "da": "date", "t": "time", "ts": "timestamp", "tz": "timestamp_tz"
    });
    let rows = read(&folder.options("json", fields, json!({})))
        .await
        .unwrap();
    let instant = time::parse_timestamp(b"2024-02-29 12:30:00").unwrap();
    let digits = time::parse_decimal("12345678901234567890.123456789", 9).unwrap();
    let expected = vec![
        Value::String("x\"y".into()),
        Value::Boolean(true),
        Value::TinyInt(-128),
        Value::SmallInt(32_767),
        Value::Int(i32::MIN),
        Value::BigInt(i64::MAX),
        Value::Float(0.5),
        Value::Double(0.0015),
        Value::Decimal(digits, 9),
        Value::Bytes(b"raw".to_vec()),
        Value::Date(19_782),
        Value::Time(45_000_000_000),
        Value::Timestamp(instant),
        Value::TimestampTz(instant),
    ];
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0], expected);
    assert!(rows[1..].iter().flatten().all(Value::is_null));
}

#[tokio::test]
async fn nested_values_are_read() {
    let folder = Folder::new();
    folder.write(
        "a.json",
        r#"{"l":[1,null,3],"m":{"k":"v"},"r":{"a":7,"b":[{"c":"x"}]},"de":["1.50",2.25],"dm":{"2":1}}"#,
    );
    let fields = json!({
        "l": "array<int>", "m": "map<string, string>",
        "r": {"a": "bigint", "b": "array<string>"}, "de": "array<decimal(5, 2)>"
    });
    let mut simple = fields.clone();
    simple["r"] = json!({"a": "bigint"});
    simple.as_object_mut().unwrap().remove("de");
    let list = Value::Array(vec![Value::Int(1), Value::Null, Value::Int(3)]);
    let map = Value::Map(vec![(Value::String("k".into()), Value::String("v".into()))]);
    let row = Value::Row(vec![Value::BigInt(7)]);
    let rows = read(&folder.options("json", simple.clone(), json!({})))
        .await
        .unwrap();
    assert_eq!(rows, [[list.clone(), map.clone(), row.clone()]]);
    // Decimals in a list take the other way.
    simple["de"] = json!("array<decimal(5, 2)>");
    let rows = read(&folder.options("json", simple, json!({})))
        .await
        .unwrap();
    let decimals = [150, 225]
        .map(|n: i32| Value::Decimal(n.into(), 2))
        .to_vec();
    assert_eq!(rows, [[list, map, row, Value::Array(decimals)]]);
}

#[tokio::test]
async fn what_does_not_fit_is_told_with_file_and_line() {
    let cases = [
        ("int", "\"abc\""),
        ("array<int>", "[1, 1.5]"),
        ("int", "2147483648"),
        ("int", "1.5"),
        ("tinyint", "300"),
        ("bigint", "9223372036854775808"),
        ("decimal(4, 2)", "123.45"),
        ("date", "\"2024-02-30\""),
        ("bytes", "\"?\""),
        ("boolean", "\"maybe\""),
        ("array<int>", "5"),
    ];
    for (kind, value) in cases {
        let folder = Folder::new();
        folder.write("a.json", format!("{{\"x\":null}}\n\n{{\"x\":{value}}}\n"));
        let message = failure(&folder.options("json", json!({"x": kind}), json!({}))).await;
        assert!(
            message.contains("a.json") && message.contains("line 3"),
            "{kind} {value}: {message}"
        );
    }
}

#[tokio::test]
async fn a_line_that_is_no_object_is_an_error() {
    for line in ["{\"x\":1", "7", "nonsense", "{\"x\":1}}"] {
        for kind in ["int", "array<decimal(4, 2)>"] {
            let folder = Folder::new();
            folder.write("a.json", format!("{{}}\n{line}\n{{}}\n"));
            let message = failure(&folder.options("json", json!({"x": kind}), json!({}))).await;
            assert!(message.contains("line 2"), "{kind} {line}: {message}");
        }
    }
}

#[tokio::test]
async fn numbers_become_texts_as_they_are_written() {
    let folder = Folder::new();
    folder.write("a.json", "{\"x\":1.10}\n{\"x\":true}\n{\"x\":\"é\"}");
    let rows = read(&folder.options("json", json!({"x": "string"}), json!({})))
        .await
        .unwrap();
    assert_eq!(texts(&rows), [["1.10"], ["true"], ["é"]]);
}

#[tokio::test]
async fn objects_and_lists_become_texts_of_json() {
    let folder = Folder::new();
    folder.write(
        "a.json",
        "{\"x\":\"plain\",\"n\":1}\n\n{\"n\":2,\"x\":{\"k\": [1, \"a \\\" }\"]}}\r\n{\"x\":[ ]}\n",
    );
    let fields = json!({"x": "string", "n": "int"});
    let options = folder.options("json", fields, json!({}));
    let rows = texts(&read(&options).await.unwrap());
    assert_eq!(
        rows,
        [
            ["plain", "1"],
            ["{\"k\":[1,\"a \\\" }\"]}", "2"],
            ["[]", "~"]
        ]
    );
    folder.write("a.json", "{\"x\":[1]}\n{\"x\":{},\"n\":\"no\"}\n");
    let message = failure(&options).await;
    assert!(
        message.contains("line 2") && message.contains("no"),
        "{message}"
    );
}

#[tokio::test]
async fn patterns_hold_beside_nested_values_too() {
    for nested in ["array<int>", "array<decimal(4, 2)>"] {
        let folder = Folder::new();
        folder.write("a.json", "{\"d\":\"31.01.2024\",\"n\":[1]}\n{\"d\":\"\"}\n");
        let fields = json!({"d": "date", "n": nested});
        let options = folder.options("json", fields, json!({"date_format": "dd.MM.yyyy"}));
        let rows = read(&options).await.unwrap();
        assert_eq!(rows[0][0], Value::Date(19_753), "{nested}");
        assert_eq!(rows[1][0], Value::Null, "{nested}");
        folder.write("a.json", "{}\n{\"d\":\"2024-01-31\"}\n");
        let message = failure(&options).await;
        assert!(message.contains("line 2"), "{message}");
    }
}

#[tokio::test]
async fn without_a_schema_each_line_is_the_content() {
    let folder = Folder::new();
    folder.write("a.json", "{\"x\":1}\n{}\n");
    let rows = read(&folder.options("json", Json::Null, json!({})))
        .await
        .unwrap();
    assert_eq!(texts(&rows), [["{\"x\":1}"], ["{}"]]);
}

#[tokio::test]
async fn rows_may_be_lists_and_days_be_written_in_all_ways_of_seatunnel() {
    let fields = json!({
        "id": "int",
        "day": "date",
        "row": { "day": "date", "days": "array<date>" },
    });
    let lines = [
        r#"{"id":1,"day":"2024/01/31","row":{"day":"20240131","days":["2024.01.31"]}}"#,
        r#"[1,"2024-01-31",["2024-01-31",["2024-01-31"]]]"#,
        r#"{"id":"1","day":"2024年01月31日","row":{"days":["2024年01月31日"],"day":"2024-01-31"}}"#,
    ];
    let folder = Folder::new();
    let mut first = None;
    for line in lines {
        folder.write("a.json", line);
        let rows = read(&folder.options("json", fields.clone(), json!({})))
            .await
            .unwrap();
        assert_eq!(rows, *first.get_or_insert(rows.clone()), "{line}");
    }
    assert_eq!(first.unwrap()[0][1], Value::Date(19_753));
    // Columns keep their places in lists.
    folder.write("a.json", lines[1]);
    let some = folder.options("json", fields.clone(), json!({ "read_columns": ["day"] }));
    assert_eq!(read(&some).await.unwrap(), [[Value::Date(19_753)]]);
    folder.write("a.json", "7");
    let told = failure(&folder.options("json", fields, json!({}))).await;
    assert!(told.contains("JSON files have one object a line"), "{told}");
}
