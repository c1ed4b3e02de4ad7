//! Text, CSV and JSON.

use std::fs;
use std::sync::Arc;

use arrow_array::{Float64Array, Int64Array, StringArray};
use seatunnel_api::DataType;

use crate::support::{Sandbox, batch, every_type, people};

#[tokio::test]
async fn text_separates_nested_values_by_depth_and_leaves_nulls_empty() {
    let sandbox = Sandbox::new();
    sandbox
        .run(
            &[("file_format_type", "text"), ("field_delimiter", "|")],
            vec![every_type()],
        )
        .await
        .unwrap();
    let text = sandbox.text();
    let expected = "a,\"b\"\nc|true|-128|32767|-2147483648|9223372036854775807|0.1|1.0E10|-12.30|raw|2024-02-29\
        |12:30:00|2024-02-29 12:30:00.25|2024-02-29 12:30:00.25Z|1\u{2}\u{2}3|k1\u{3}1\u{2}k2\u{3}|7\u{2}x\"y|1.5\u{2}-2.0\n\
        |||||||||||||||||\n";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn csv_quotes_what_would_not_read_back() {
    let sandbox = Sandbox::new();
    let names = ["plain", "a,b", "say \"hi\"", "two\nlines", "", " lead"];
    let mut values: Vec<Option<&str>> = names.iter().map(|n| Some(*n)).collect();
    values.push(None);
    let rows = batch(vec![
        (
            "id",
            DataType::BigInt,
            Arc::new(Int64Array::from_iter_values(0..7)),
        ),
        (
            "the \"name\"",
            DataType::String,
            Arc::new(StringArray::from(values)),
        ),
    ]);
    sandbox
        .run(&[("enable_header_write", "true")], vec![rows])
        .await
        .unwrap();
    let expected = "id,\"the \"\"name\"\"\"\n0,plain\n1,\"a,b\"\n2,\"say \"\"hi\"\"\"\n3,\"two\nlines\"\n4,\"\"\n5,\" lead\"\n6,\n";
    assert_eq!(sandbox.text(), expected);
}

#[tokio::test]
async fn csv_without_quotes_refuses_what_needs_them() {
    let rows = |text: &str| {
        vec![batch(vec![(
            "a",
            DataType::String,
            Arc::new(StringArray::from(vec!["fine", text])) as _,
        )])]
    };
    let sandbox = Sandbox::new();
    let options = [("csv_string_quote_mode", "NONE")];
    let error = sandbox.run(&options, rows("x,y")).await.unwrap_err();
    assert!(
        error.to_string().contains("column \"a\"") && error.to_string().contains("x,y"),
        "{error}"
    );
    assert!(sandbox.files().is_empty());
    sandbox.run(&options, rows("x\"y")).await.unwrap();
    assert_eq!(sandbox.text(), "fine\nx\"y\n");
}

#[tokio::test]
async fn a_row_of_one_missing_value_is_no_blank_line() {
    let sandbox = Sandbox::new();
    let rows = batch(vec![(
        "a",
        DataType::String,
        Arc::new(StringArray::from(vec![None, Some("x")])) as _,
    )]);
    sandbox.run(&[], vec![rows]).await.unwrap();
    assert_eq!(sandbox.text(), "\"\"\nx\n");
}

#[tokio::test]
async fn json_has_one_object_a_line() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&[("file_format_type", "json")], vec![every_type()])
        .await
        .unwrap();
    let text = sandbox.text();
    let mut lines = text.lines();
    let first = lines.next().unwrap();
    assert_eq!(
        first,
        r#"{"c_string":"a,\"b\"\nc","c_boolean":true,"c_tinyint":-128,"c_smallint":32767,"c_int":-2147483648,"c_bigint":9223372036854775807,"c_float":0.1,"c_double":1.0E10,"c_decimal":-12.30,"c_bytes":"cmF3","c_date":"2024-02-29","c_time":"12:30:00","c_timestamp":"2024-02-29T12:30:00.25","c_timestamp_tz":"2024-02-29T12:30:00.25Z","c_array":[1,null,3],"c_map":{"k1":1,"k2":null},"c_row":{"a":7,"b":"x\"y"},"c_vector":[1.5,-2.0]}"#
    );
    let second: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert!(
        second
            .as_object()
            .unwrap()
            .values()
            .all(serde_json::Value::is_null)
    );
    assert_eq!(lines.next(), None);
}

#[tokio::test]
async fn numbers_that_are_not_finite_are_text_in_json() {
    let sandbox = Sandbox::new();
    let values = Float64Array::from(vec![f64::NAN, f64::INFINITY]);
    let rows = batch(vec![("a", DataType::Double, Arc::new(values) as _)]);
    sandbox
        .run(&[("file_format_type", "json")], vec![rows])
        .await
        .unwrap();
    assert_eq!(sandbox.text(), "{\"a\":\"NaN\"}\n{\"a\":\"Infinity\"}\n");
}

#[tokio::test]
async fn dates_follow_their_patterns() {
    let sandbox = Sandbox::new();
    let options = [
        ("sink_columns", "[c_date,C_TIME,c_timestamp]"),
        ("date_format", "yyyy/MM/dd"),
        ("time_format", "HHmmss"),
        ("datetime_format", "dd.MM.yyyy, HH:mm:ss.SSS"),
        ("null_format", "\\N"),
    ];
    sandbox.run(&options, vec![every_type()]).await.unwrap();
    assert_eq!(
        sandbox.text(),
        "2024/02/29,123000,\"29.02.2024, 12:30:00.250\"\n\\N,\\N,\\N\n"
    );
}

#[tokio::test]
async fn sink_columns_choose_and_order_also_in_the_header() {
    let sandbox = Sandbox::new();
    let options = [
        ("sink_columns", "[city,id]"),
        ("enable_header_write", "true"),
        ("file_format_type", "text"),
    ];
    sandbox.run(&options, vec![people(0..2)]).await.unwrap();
    assert_eq!(sandbox.text(), "city\u{1}id\nOslo\u{1}0\n\u{1}1\n");
    let error = sandbox
        .run(&[("sink_columns", "[citi]")], vec![people(0..2)])
        .await
        .unwrap_err();
    assert!(error.message().contains("did you mean \"city\""), "{error}");
}

#[tokio::test]
async fn lines_are_encoded_and_what_has_no_code_is_an_error() {
    let sandbox = Sandbox::new();
    let rows = |text: &str| {
        vec![batch(vec![(
            "a",
            DataType::String,
            Arc::new(StringArray::from(vec![text])) as _,
        )])]
    };
    let options = [("encoding", "gbk"), ("file_format_type", "json")];
    sandbox.run(&options, rows("海底隧道")).await.unwrap();
    let bytes = fs::read(sandbox.out().join(&sandbox.files()[0])).unwrap();
    assert_eq!(encoding_rs::GBK.decode(&bytes).0, "{\"a\":\"海底隧道\"}\n");
    let error = sandbox
        .run(&[("encoding", "ISO-8859-1")], rows("海"))
        .await
        .unwrap_err();
    assert!(error.message().contains("U+6D77"), "{error}");
    assert_eq!(
        sandbox.files().len(),
        1,
        "nothing of the failed job is left"
    );
}

#[tokio::test]
async fn more_lines_than_a_buffer_holds_come_out_in_order() {
    let sandbox = Sandbox::new();
    let batches = (0..20)
        .map(|i| people(i * 1_000..(i + 1) * 1_000))
        .collect();
    sandbox
        .run(&[("sink_columns", "[id]")], batches)
        .await
        .unwrap();
    let expected: String = (0..20_000).map(|id| format!("{id}\n")).collect();
    assert_eq!(sandbox.text(), expected);
}

#[tokio::test]
async fn lzo_files_are_those_of_lzop() {
    let sandbox = Sandbox::new();
    sandbox
        .run(
            &[("compress_codec", "lzo"), ("file_format_type", "text")],
            vec![people(0..50_000)],
        )
        .await
        .unwrap();
    let name = &sandbox.files()[0];
    assert!(name.ends_with("_0.lzo.txt"), "{name}");
    let bytes = fs::read(sandbox.out().join(name)).unwrap();
    assert_eq!(&bytes[..9], b"\x89LZO\0\r\n\x1a\n");
    // Header: 9 bytes magic, 25 of fields, 4 of checksum.
    let (mut rest, mut text) = (&bytes[38..], Vec::new());
    let take = |rest: &mut &[u8]| {
        let (head, tail) = rest.split_at(4);
        *rest = tail;
        u32::from_be_bytes(head.try_into().unwrap()) as usize
    };
    loop {
        let plain = take(&mut rest);
        if plain == 0 {
            break;
        }
        let stored = take(&mut rest);
        let _checksum = take(&mut rest);
        text.extend(lzokay_native::decompress_all(&rest[..stored], Some(plain)).unwrap());
        rest = &rest[stored..];
    }
    assert_eq!(text.iter().filter(|b| **b == b'\n').count(), 50_000);
    assert!(text.starts_with("0\u{1}name 0\u{1}Oslo\n".as_bytes()));
}

#[tokio::test]
async fn what_is_not_built_in_is_said() {
    let sandbox = Sandbox::new();
    for (options, expected) in [
        (
            vec![("compress_codec", "brotli")],
            "csv files can't be compressed by brotli",
        ),
        (
            vec![("file_format_type", "parquet"), ("compress_codec", "lzo")],
            "parquet files can't be compressed by lzo",
        ),
    ] {
        let error = sandbox.run(&options, vec![people(0..1)]).await.unwrap_err();
        assert!(error.message().contains(expected), "{error}");
    }
}
