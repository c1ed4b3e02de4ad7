use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
};
use serde_json::json;

use crate::sink::Lines;

fn batch(columns: &[(&str, &str)], rows: &[(RowKind, serde_json::Value)]) -> Batch {
    let columns: Vec<Column> = columns
        .iter()
        .map(|(name, text)| Column::new(*name, DataType::parse(text).unwrap()))
        .collect();
    let path = TablePath::parse("shop.orders", false);
    let table = CatalogTable::new("test", path, TableSchema::new(columns.clone()));
    let mut builder = BatchBuilder::new(Arc::new(table));
    for (kind, row) in rows {
        let row = ConfigValue::from_json(row);
        let values: Vec<Value> = columns
            .iter()
            .zip(row.as_list().unwrap())
            .map(|(column, value)| Value::from_config(value, &column.data_type).unwrap())
            .collect();
        builder.push(*kind, &values).unwrap();
    }
    builder.finish()
}

fn shown(data_type: &str, value: serde_json::Value) -> String {
    let batch = batch(&[("a", data_type)], &[(RowKind::Insert, json!([value]))]);
    let mut out = String::new();
    super::RowRenderer::new(&batch).row(0, &mut out);
    out
}

#[test]
fn a_line_names_subtask_row_table_and_kind() {
    let rows = [
        (RowKind::Insert, json!([1, "x"])),
        (RowKind::UpdateBefore, json!([2, null])),
    ];
    let batch = batch(&[("id", "int"), ("name", "string")], &rows);
    let mut lines = Lines::new(3);
    assert_eq!(lines.rows(&batch, 0, 1), 1);
    assert_eq!(lines.rows(&batch, 1, usize::MAX), 2);
    assert_eq!(lines.rows(&batch, 0, 0), 1);
    assert_eq!(
        lines.text,
        "subtaskIndex=3  rowIndex=1:  SeaTunnelRow#tableId=shop.orders SeaTunnelRow#kind=INSERT : 1, x\n\
         subtaskIndex=3  rowIndex=2:  SeaTunnelRow#tableId=shop.orders SeaTunnelRow#kind=UPDATE_BEFORE : 2, \n\
         subtaskIndex=3  rowIndex=3:  SeaTunnelRow#tableId=shop.orders SeaTunnelRow#kind=INSERT : 1, x\n"
    );
}

#[test]
fn the_row_type_is_shown_as_seatunnel_spells_it() {
    let batch = batch(
        &[
            ("a", "int"),
            ("b", "decimal(10, 2)"),
            ("c", "map<string, array<bigint>>"),
            ("d", "{x = date, y = bytes}"),
        ],
        &[],
    );
    let mut out = String::new();
    super::row_type(batch.table(), &mut out);
    assert_eq!(
        out,
        "a<INT>, b<Decimal(10, 2)>, c<MAP<STRING, ARRAY<BIGINT>>>, d<ROW<x DATE, y BYTES>>"
    );
}

#[test]
fn numbers_are_shown_as_java_shows_them() {
    for (value, text) in [
        (json!(1.0), "1.0"),
        (json!(0.0), "0.0"),
        (json!(-123.456), "-123.456"),
        (json!(9_999_999.0), "9999999.0"),
        (json!(10_000_000.0), "1.0E7"),
        (json!(1.25e-5), "1.25E-5"),
        (json!(0.001), "0.001"),
        (json!(f64::MAX), "1.7976931348623157E308"),
        (json!("-inf"), "-Infinity"),
    ] {
        assert_eq!(shown("double", value), text);
    }
    assert_eq!(shown("float", json!(3.1)), "3.1");
    assert_eq!(shown("decimal(10, 3)", json!("-0.05")), "-0.050");
    assert_eq!(shown("decimal(50, 2)", json!("12.5")), "12.50");
}

#[test]
fn times_leave_out_seconds_that_are_zero() {
    assert_eq!(shown("date", json!("2012-12-21")), "2012-12-21");
    assert_eq!(shown("time", json!("12:34:00")), "12:34");
    assert_eq!(shown("time", json!("12:34:00.5")), "12:34:00.500");
    assert_eq!(
        shown("timestamp", json!("1969-12-31T23:59:59.123456")),
        "1969-12-31T23:59:59.123456"
    );
    assert_eq!(
        shown("timestamp_tz", json!("2024-01-01T02:00:00+02:00")),
        "2024-01-01T00:00Z"
    );
}

#[test]
fn nested_values_are_lists_and_maps_are_json() {
    assert_eq!(shown("bytes", json!("/wA=")), "[-1, 0]");
    assert_eq!(shown("array<int>", json!([1, null])), "[1, null]");
    assert_eq!(
        shown("{a = int, b = {c = string}}", json!([1, ["x"]])),
        "[1, [x]]"
    );
    assert_eq!(
        shown(
            "map<date, {c = string, d = double}>",
            json!({"2024-01-26": ["a\"b", 1.5]})
        ),
        r#"{"2024-01-26":{"c":"a\"b","d":1.5}}"#
    );
    assert_eq!(
        shown("map<string, array<date>>", json!({"k": ["2024-01-26"]})),
        r#"{"k":["2024-01-26"]}"#
    );
}
