//! Documents that are written and read here.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::sync::Arc;

use arrow_array::{Array, StringArray};
use seatunnel_api::Value;
use seatunnel_file_formats::xml::{XmlRows, XmlRules, XmlStyle, XmlWriter};
use seatunnel_file_formats::{Fault, FileWriter, TextRules, TimePatterns};
use support::{columns, rows};

fn style(use_attributes: bool) -> XmlStyle {
    XmlStyle {
        root_tag: "RECORDS".to_owned(),
        row_tag: "RECORD".to_owned(),
        use_attributes,
        encoding: "UTF-8".to_owned(),
    }
}

fn rules(delimiter: Option<&str>) -> Arc<TextRules> {
    Arc::new(TextRules::new(&TimePatterns::default(), b'T', delimiter).unwrap())
}

const TYPES: [&str; 5] = [
    "string",
    "bigint",
    "timestamp",
    "array<string>",
    "{a = int, b = string}",
];

fn values() -> Vec<Vec<Value>> {
    let text = |t: &str| Value::String(t.to_owned());
    vec![
        vec![
            text(" <a> & \"b\"\r\n\tc "),
            Value::BigInt(-7),
            Value::Timestamp(1_709_209_800_250_000),
            Value::Array(vec![text("x<y"), Value::Null]),
            Value::Row(vec![Value::Int(1), text("two")]),
        ],
        vec![text(""), Value::Null, Value::Null, Value::Null, Value::Null],
        vec![Value::Null; 5],
        vec![
            Value::Null,
            Value::BigInt(8),
            Value::Null,
            Value::Null,
            Value::Null,
        ],
    ]
}

fn write(use_attributes: bool, delimiter: Option<&str>) -> String {
    let columns = columns(&TYPES);
    let out = Vec::new();
    let writer = XmlWriter::new(out, &columns, style(use_attributes), rules(delimiter));
    let mut writer = Box::new(writer.unwrap());
    writer.write(&rows(&columns, &values())).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

fn read(text: &str, use_attributes: bool) -> Vec<Vec<Option<String>>> {
    let rules = XmlRules {
        row_tag: "RECORD".to_owned(),
        use_attributes,
        names: columns(&TYPES).iter().map(|c| c.name.clone()).collect(),
    };
    let mut rows = XmlRows::new(text.as_bytes(), rules);
    let mut all = Vec::new();
    while let Some(columns) = rows.next_rows(3, 1 << 20).unwrap() {
        for row in 0..columns[0].len() {
            let value = |c: &StringArray| c.is_valid(row).then(|| c.value(row).to_owned());
            all.push(columns.iter().map(value).collect());
        }
    }
    all
}

#[test]
fn elements_come_back() {
    let text = write(false, None);
    assert!(text.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<RECORDS>\n\t<RECORD>\n\t\t<c0>"
    ));
    let row = |values: [Option<&str>; 5]| values.map(|v| v.map(str::to_owned)).to_vec();
    assert_eq!(
        read(&text, false),
        [
            row([
                Some(" <a> & \"b\"\r\n\tc "),
                Some("-7"),
                Some("2024-02-29T12:30:00.25"),
                Some("[\"x<y\",null]"),
                Some("{\"a\":1,\"b\":\"two\"}"),
            ]),
            row([Some(""), None, None, None, None]),
            row([None; 5]),
            row([None, Some("8"), None, None, None]),
        ]
    );
}

#[test]
fn attributes_come_back() {
    let text = write(true, Some(";"));
    assert!(text.contains("\t<RECORD c1=\"8\"/>\n"), "{text}");
    let found = read(&text, true);
    assert_eq!(found[0][0].as_deref(), Some(" <a> & \"b\"\r\n\tc "));
    assert_eq!(found[0][4].as_deref(), Some("1;two"));
    // A row of nothing but nulls is still one.
    assert_eq!(found.len(), 4);
}

#[test]
fn what_has_no_place_is_refused() {
    let columns = columns(&["string"]);
    let mut writer = XmlWriter::new(Vec::new(), &columns, style(false), rules(None)).unwrap();
    let batch = rows(
        &columns,
        &[vec![Value::Null], vec![Value::String("\u{1}".to_owned())]],
    );
    assert!(matches!(
        writer.write(&batch),
        Err(Fault::Value { row: 1, .. })
    ));
    for wrong in ["", "1st", "two words", "a:b", "<"] {
        let style = XmlStyle {
            row_tag: wrong.to_owned(),
            ..style(false)
        };
        assert!(
            XmlWriter::new(Vec::new(), &columns, style, rules(None)).is_err(),
            "{wrong}"
        );
    }
}
