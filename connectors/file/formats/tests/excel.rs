//! Workbooks that are written and read here.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::sync::Arc;

use arrow_array::{Array, StringArray};
use bytes::Bytes;
use seatunnel_api::{Column, DataType, Value};
use seatunnel_file_formats::excel::{ExcelRules, ExcelStyle, ExcelWriter};
use seatunnel_file_formats::{Fault, FileWriter, TextRules, TimePatterns};
use support::{columns, rows};

fn style() -> ExcelStyle {
    ExcelStyle {
        sheet: "Sheet0".to_owned(),
        sheet_rows: 1_048_576,
        patterns: TimePatterns::default(),
    }
}

fn rules() -> Arc<TextRules> {
    Arc::new(TextRules::new(&TimePatterns::default(), b' ', None).unwrap())
}

fn write(columns: &[Column], values: &[Vec<Value>], style: ExcelStyle) -> Bytes {
    let mut writer = Box::new(ExcelWriter::new(Vec::new(), columns, style, rules()).unwrap());
    for values in values.chunks(100) {
        writer.write(&rows(columns, values)).unwrap();
    }
    writer.finish().unwrap().into()
}

fn read(file: Bytes, sheet: Option<&str>, columns: &[Column]) -> Result<Vec<Vec<String>>, Fault> {
    let wanted = columns.iter().enumerate();
    let wanted: Vec<(usize, DataType)> = wanted.map(|(i, c)| (i, c.data_type.clone())).collect();
    let sheet = sheet.map(str::to_owned);
    let rules = ExcelRules::new(sheet, 1, wanted, &TimePatterns::default())?;
    let mut all = Vec::new();
    rules.read(Arc::new(file), 7, 1 << 20, &mut |columns: Vec<
        StringArray,
    >| {
        for row in 0..columns[0].len() {
            let text = |c: &StringArray| match c.is_valid(row) {
                true => c.value(row).to_owned(),
                false => "~".to_owned(),
            };
            all.push(columns.iter().map(text).collect());
        }
        Ok(true)
    })?;
    Ok(all)
}

#[test]
fn cells_come_back_as_what_they_were() {
    let types = [
        "string",
        "boolean",
        "tinyint",
        "int",
        "bigint",
        "float",
        "double",
        "decimal(20, 3)",
        "date",
        "time",
        "timestamp",
        "timestamp_tz",
        "bytes",
        "array<int>",
        "map<string, int>",
        "{a = int, b = string}",
    ];
    let columns = columns(&types);
    let digits = arrow_buffer::i256::from_i128;
    let first = vec![
        Value::String("a <b> & \"c\"\nd\u{1}".to_owned()),
        Value::Boolean(true),
        Value::TinyInt(-8),
        Value::Int(2_000_000_000),
        Value::BigInt(i64::MAX),
        Value::Float(0.1),
        Value::Double(-1.5e300),
        Value::Decimal(digits(12_345_678_901_234_567_890), 3),
        Value::Date(19_782),
        Value::Time(45_000_250_000),
        Value::Timestamp(1_709_209_800_250_000),
        Value::TimestampTz(1_709_209_800_000_000),
        Value::Bytes(b"raw".to_vec()),
        Value::Array(vec![Value::Int(1), Value::Null]),
        Value::Map(vec![(Value::String("k".to_owned()), Value::Int(2))]),
        Value::Row(vec![Value::Int(7), Value::String("x;y".to_owned())]),
    ];
    let nothing = vec![Value::Null; types.len()];
    let mut odd = nothing.clone();
    odd[4] = Value::BigInt(-12);
    odd[7] = Value::Decimal(digits(-1_500), 3);
    odd[8] = Value::Date(-30_000);
    odd[10] = Value::Timestamp(1_709_209_800_000_001);
    let file = write(&columns, &[first, nothing, odd], style());
    assert!(file.starts_with(b"PK\x03\x04"));
    let mut odd = vec!["~"; types.len()];
    (odd[4], odd[7], odd[8]) = ("-12", "-1.5", "1887-11-12");
    odd[10] = "2024-02-29 12:30:00.000001";
    assert_eq!(
        read(file, None, &columns).unwrap(),
        [
            vec![
                "a <b> & \"c\"\nd\u{1}",
                "true",
                "-8",
                "2000000000",
                "9223372036854775807",
                "0.1",
                &(-1.5e300_f64).to_string(),
                "12345678901234567.890",
                "2024-02-29",
                "12:30:00.250",
                "2024-02-29 12:30:00.250",
                "2024-02-29 12:30:00Z",
                "raw",
                "[1,null]",
                "{\"k\":2}",
                "{\"a\":7,\"b\":\"x;y\"}",
            ],
            vec!["~"; types.len()],
            odd,
        ]
    );
}

#[test]
fn the_first_row_may_tell_where_columns_are() {
    let written = columns(&["int", "string", "double"]);
    let values = |n: i32, text: &str| {
        vec![
            Value::Int(n),
            Value::String(text.to_owned()),
            Value::Double(0.5),
        ]
    };
    let file = write(&written, &[values(1, "a"), values(2, "b")], style());
    // In another order, and one that is not there.
    let names = [&written[1].name, "other", &written[0].name].map(str::to_owned);
    let wanted = vec![
        (0, DataType::String),
        (1, DataType::Int),
        (2, DataType::Int),
    ];
    let rules = ExcelRules::new(None, 0, wanted, &TimePatterns::default()).unwrap();
    let rules = rules.with_header(names.to_vec());
    let mut all = Vec::new();
    let mut each = |columns: Vec<StringArray>| {
        for row in 0..columns[0].len() {
            let text = |c: &StringArray| c.is_valid(row).then(|| c.value(row).to_owned());
            all.push(columns.iter().map(text).collect::<Vec<_>>());
        }
        Ok(true)
    };
    rules.read(Arc::new(file), 7, 1 << 20, &mut each).unwrap();
    let row = |text: &str, n: &str| vec![Some(text.to_owned()), None, Some(n.to_owned())];
    assert_eq!(all, [row("a", "1"), row("b", "2")]);
}

#[test]
fn rows_that_don_t_fit_go_into_another_sheet() {
    let columns = columns(&["int"]);
    let style = ExcelStyle {
        sheet: "Numbers".to_owned(),
        sheet_rows: 4,
        ..style()
    };
    let values: Vec<Vec<Value>> = (0..7).map(|n| vec![Value::Int(n)]).collect();
    let file = write(&columns, &values, style);
    let sheet = |name: &str| read(file.clone(), Some(name), &columns).unwrap().concat();
    assert_eq!(sheet("Numbers"), ["0", "1", "2"]);
    assert_eq!(sheet("Numbers_2"), ["6"]);
    let error = read(file.clone(), Some("Other"), &columns).unwrap_err();
    assert!(error.to_string().contains("Numbers, Numbers_1"), "{error}");
}

#[test]
fn what_has_no_place_is_refused() {
    for value in [
        Value::String("x".repeat(32_768)),
        Value::String("€".repeat(40_000)),
    ] {
        let columns = columns(&["string"]);
        let mut writer = ExcelWriter::new(Vec::new(), &columns, style(), rules()).unwrap();
        let batch = rows(&columns, &[vec![Value::Null], vec![value]]);
        assert!(matches!(
            writer.write(&batch),
            Err(Fault::Value { row: 1, .. })
        ));
    }
    let columns = columns(&["bytes"]);
    let mut writer = ExcelWriter::new(Vec::new(), &columns, style(), rules()).unwrap();
    let batch = rows(&columns, &[vec![Value::Bytes(vec![0xff])]]);
    assert!(matches!(
        writer.write(&batch),
        Err(Fault::Value { row: 0, .. })
    ));
}

#[test]
fn files_that_are_no_workbooks_are_errors() {
    let columns = columns(&["int"]);
    for wrong in [
        &b""[..],
        b"a,b\n1,2\n",
        b"PK\x03\x04 and no more",
        &[0xd0, 0xcf, 0x11, 0xe0],
    ] {
        assert!(read(Bytes::from_static(wrong), None, &columns).is_err());
    }
    let whole = write(&columns, &[vec![Value::Int(1)]], style());
    assert!(read(whole.slice(..whole.len() - 30), None, &columns).is_err());
}
