//! What the sink writes, the source reads.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use seatunnel_api::{Batch, DataType, Value};
use serde_json::{Value as Json, json};

use crate::sink_support::{Sandbox, batch, every_type};
use crate::support::{Rows, read};

fn rows(batch: &Batch) -> Rows {
    batch.rows().map(|row| row.values()).collect()
}

/// Writes rows, and reads them by the schema of their table.
async fn there_and_back(format: &str, with_schema: bool, rows: &Batch) -> Rows {
    let sandbox = Sandbox::new();
    let options = [("file_format_type", format)];
    sandbox.run(&options, vec![rows.clone()]).await.unwrap();
    let mut options = json!({"path": sandbox.out(), "file_format_type": format});
    if with_schema {
        let columns = rows.table().columns().iter();
        let columns: Vec<Json> = columns
            .map(|c| json!({"name": c.name, "type": c.data_type.to_string()}))
            .collect();
        options["schema"] = json!({"columns": columns});
    }
    read(&options).await.unwrap()
}

fn difficult(texts: &[Option<&str>]) -> Batch {
    let count = texts.len() as i64;
    let ids = Int64Array::from_iter_values(0..count);
    let dates = Date32Array::from_iter_values((0..count).map(|i| -400_000 + i as i32));
    let times = TimestampMicrosecondArray::from_iter_values((0..count).map(|i| -1_234_567_891 - i));
    let decimals = Decimal128Array::from_iter_values((0..count).map(|i| i128::from(i) - 3))
        .with_precision_and_scale(20, 4)
        .unwrap();
    let decimal = DataType::Decimal {
        precision: 20,
        scale: 4,
    };
    batch(vec![
        ("id", DataType::BigInt, Arc::new(ids)),
        (
            "text",
            DataType::String,
            Arc::new(StringArray::from(texts.to_vec())) as ArrayRef,
        ),
        ("day", DataType::Date, Arc::new(dates)),
        ("moment", DataType::Timestamp, Arc::new(times)),
        ("amount", decimal, Arc::new(decimals)),
    ])
}

#[tokio::test]
async fn difficult_rows_come_back_the_same() {
    let texts = [
        Some("a,b"),
        Some("say \"hi\""),
        Some("two\nlines"),
        Some("\r\n"),
        Some(""),
        None,
        Some(" lead"),
        Some("NULL"),
        Some("é\u{1}\\n"),
        Some("\""),
        Some("trail "),
    ];
    let rows_written = difficult(&texts);
    for (format, with_schema) in [
        ("csv", true),
        ("json", true),
        ("parquet", true),
        ("parquet", false),
    ] {
        let back = there_and_back(format, with_schema, &rows_written).await;
        assert_eq!(back, rows(&rows_written), "{format}");
    }
    // Text has no quotes: what it can't tell apart is left out.
    let texts = [
        Some("a,b"),
        Some("say \"hi\""),
        None,
        Some(" lead"),
        Some("\\n"),
    ];
    let rows_written = difficult(&texts);
    assert_eq!(
        there_and_back("text", true, &rows_written).await,
        rows(&rows_written)
    );
}

#[tokio::test]
async fn every_type_comes_back_the_same() {
    let written = every_type();
    for (format, with_schema) in [
        ("csv", true),
        ("json", true),
        ("parquet", true),
        ("parquet", false),
    ] {
        let back = there_and_back(format, with_schema, &written).await;
        let expected = rows(&written);
        for (index, column) in written.table().columns().iter().enumerate() {
            for row in 0..2 {
                assert_eq!(
                    back[row][index], expected[row][index],
                    "{format}: {}",
                    column.name
                );
            }
        }
    }
    assert!(rows(&written)[1].iter().all(Value::is_null));
}
