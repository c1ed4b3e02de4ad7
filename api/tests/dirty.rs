//! Rows set aside, as a connector sees it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, DirtyKeeper, DirtyRow, DirtyRows, Error,
    ErrorCode, Metrics, PrimaryKey, Result, RowKind, TablePath, TableSchema, Value,
};

const BROKEN: ErrorCode = ErrorCode::new("TEST-01", "row refused");

#[derive(Default)]
struct Kept(Mutex<Vec<serde_json::Value>>);

#[async_trait]
impl DirtyKeeper for Kept {
    async fn keep(&self, row: &DirtyRow<'_>) -> Result<()> {
        let line = serde_json::from_str(&format!("{{{}}}", row.members)).unwrap();
        self.0.lock().unwrap().push(line);
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}

fn batch() -> Batch {
    let types = [
        ("id", "bigint"),
        ("price", "decimal(38, 10)"),
        ("raw", "bytes"),
        ("day", "date"),
        ("ratio", "double"),
        ("tags", "map<string, array<int>>"),
        ("at", "timestamp"),
        ("text", "string"),
    ];
    let columns = types.map(|(name, text)| Column::new(name, DataType::parse(text).unwrap()));
    let mut schema = TableSchema::new(columns.to_vec());
    schema.primary_key = Some(PrimaryKey {
        name: "pk".into(),
        columns: vec!["id".into()],
    });
    let table = CatalogTable::new("test", TablePath::parse("shop.orders", false), schema);
    let mut builder = BatchBuilder::new(Arc::new(table));
    let row = [
        Value::BigInt(7),
        Value::Decimal(
            arrow_buffer::i256::from_i128(1_234_567_890_123_456_789_012_345),
            10,
        ),
        Value::Bytes(vec![0, 255, 1]),
        Value::Date(19_000),
        Value::Double(f64::NAN),
        Value::Map(vec![(
            Value::String("a\"b".into()),
            Value::Array(vec![Value::Int(1), Value::Null]),
        )]),
        Value::Timestamp(1_700_000_000_000_001),
        Value::String("line\nbreak \u{1}".into()),
    ];
    builder.push(RowKind::Insert, &row).unwrap();
    builder.push(RowKind::UpdateAfter, &row).unwrap();
    builder.finish()
}

#[tokio::test]
async fn without_a_place_the_error_comes_back_with_table_and_key() {
    let dirty = DirtyRows::off();
    let error = dirty
        .reject(&batch(), 1, Error::new(BROKEN, "no"))
        .await
        .unwrap_err();
    assert!(!dirty.is_on());
    assert_eq!(error.to_string(), "no (table shop.orders, key id=7)");
    let error = Error::new(BROKEN, "no").with_context("table", "x");
    let error = dirty.reject(&batch(), 1, error).await.unwrap_err();
    assert_eq!(error.to_string(), "no (table x, key id=7)");
}

#[tokio::test]
async fn a_row_is_kept_with_all_that_is_known_and_its_values_are_exact() {
    let kept = Arc::new(Kept::default());
    let metrics = Metrics::new();
    let dirty = DirtyRows::new(vec![kept.clone()], "sink[0] Test", 3, metrics.clone());
    let error = Error::new(BROKEN, "duplicate key")
        .with_sql_state("23505")
        .with_context("row", 1_000_001)
        .with_context("column", "id")
        .with_cause(std::io::Error::other("Key (id)=(7) exists"));
    dirty.reject(&batch(), 1, error).await.unwrap();
    let error = Error::new(BROKEN, "not a number").with_context("line", 4);
    dirty
        .reject_text(batch().table(), "1,\"x\"", error)
        .await
        .unwrap();

    let kept = kept.0.lock().unwrap();
    // Decimals beyond double precision are compared as text below.
    assert_eq!(kept[0]["row"]["raw"], "AP8B");
    assert_eq!(
        kept[0]["position"],
        serde_json::json!({"task": 3, "row": 1_000_001, "column": "id"})
    );
    for (member, expected) in [
        ("stage", "sink[0] Test"),
        ("table", "shop.orders"),
        ("row_kind", "+U"),
        ("code", "TEST-01"),
        ("sql_state", "23505"),
        ("reason", "duplicate key: Key (id)=(7) exists"),
    ] {
        assert_eq!(kept[0][member], expected, "{member}");
    }
    assert_eq!(kept[1]["text"], "1,\"x\"");
    assert_eq!(kept[1]["position"]["line"], 4);
    assert!(kept[1]["sql_state"].is_null() && kept[1].get("row").is_none());
    assert_eq!(metrics.failed_rows().get(), 2);
    assert_eq!(
        batch().row(0).to_json(),
        r#"{"id":7,"price":123456789012345.6789012345,"raw":"AP8B","day":"2022-01-08","ratio":"NaN","tags":{"a\"b":[1,null]},"at":"2023-11-14T22:13:20.000001","text":"line\nbreak \u0001"}"#
    );
}

#[tokio::test]
async fn an_error_that_may_pass_is_not_the_rows_fault() {
    let kept = Arc::new(Kept::default());
    let dirty = DirtyRows::new(vec![kept.clone()], "sink[0] Test", 0, Metrics::new());
    let lost = Error::new(BROKEN, "connection lost").retryable();
    assert!(
        dirty
            .reject(&batch(), 0, lost)
            .await
            .unwrap_err()
            .is_retryable()
    );
    assert!(kept.0.lock().unwrap().is_empty());
}
