//! Csv: what fields mean, and what errors say.

use seatunnel_api::{Value, time};
use serde_json::{Value as Json, json};

use crate::support::{Folder, failure, read, read_by, texts};

/// Rows of a file with these bytes as texts.
async fn csv(content: impl AsRef<[u8]>, fields: Json, more: Json) -> Vec<Vec<String>> {
    let folder = Folder::new();
    folder.write("a.csv", content);
    texts(&read(&folder.options("csv", fields, more)).await.unwrap())
}

fn ab() -> Json {
    json!({"a": "string", "b": "string"})
}

#[tokio::test]
async fn quotes_hold_delimiters_line_ends_and_quotes() {
    let text = "\"x,y\",\"two\nlines\"\r\n\"say \"\"hi\"\"\",5\" pipe\r\n";
    assert_eq!(
        csv(text, ab(), json!({})).await,
        [["x,y", "two\nlines"], ["say \"hi\"", "5\" pipe"]]
    );
}

#[tokio::test]
async fn nothing_is_null_and_quoted_nothing_is_an_empty_text() {
    assert_eq!(
        csv("a,\n,\"\"\n\n\"\",b", ab(), json!({})).await,
        [["a", "~"], ["~", ""], ["", "b"]]
    );
    let fields = json!({"a": "int", "b": "string"});
    assert_eq!(
        csv(
            "\"\",\\N\n 7 ,\"\\N\"\n",
            fields,
            json!({"null_format": "\\N"})
        )
        .await,
        [["~", "~"], ["7", "\\N"]]
    );
}

#[tokio::test]
async fn missing_fields_are_null_and_those_too_many_are_left_out() {
    assert_eq!(
        csv("a\nb,c,d,e\n\"f\"\n\"g\",\"h\",\"i\"", ab(), json!({})).await,
        [["a", "~"], ["b", "c"], ["f", "~"], ["g", "h"]]
    );
}

#[tokio::test]
async fn a_byte_order_mark_and_lines_at_the_start_are_left_out() {
    let text = b"\xef\xbb\xbfx\ny\n\"a\nb\",c\n";
    let skip = json!({"skip_header_row_number": 2});
    assert_eq!(csv(text, ab(), skip).await, [["a\nb", "c"]]);
    let text = b"\xef\xbb\xbf\"a\",c\n";
    assert_eq!(csv(text, ab(), json!({})).await, [["a", "c"]]);
}

#[tokio::test]
async fn a_header_line_says_where_columns_are() {
    let use_header = json!({"csv_use_header_line": true});
    let text = "b,\"extra\nname\",a\n1,2,3\n4,5,6\n";
    assert_eq!(
        csv(text, ab(), use_header.clone()).await,
        [["3", "1"], ["6", "4"]]
    );
    assert_eq!(
        csv("c,b\n1,2\n", ab(), use_header.clone()).await,
        [["~", "2"]]
    );
    let folder = Folder::new();
    folder.write("a.csv", "x,y\n1,2\n");
    let message = failure(&folder.options("csv", ab(), use_header)).await;
    assert!(
        message.contains("a.csv") && message.contains("x, y"),
        "{message}"
    );
}

#[tokio::test]
async fn delimiter_quote_and_escape_may_be_others() {
    let more = json!({"field_delimiter": ";", "quote_char": "'"});
    assert_eq!(csv("'a;b';\"c\"\n", ab(), more).await, [["a;b", "\"c\""]]);
    let more = json!({"escape_char": "\\"});
    let text = "\"a\\\"b\",c\\,d\n5\" pipe,x\n\n\"two\nlines\",y";
    assert_eq!(
        csv(text, ab(), more).await,
        [["a\"b", "c,d"], ["5\" pipe", "x"], ["two\nlines", "y"]]
    );
    let more = json!({"escape_char": "\""});
    assert_eq!(csv("\"a\"\"b\",c\n", ab(), more).await, [["a\"b", "c"]]);
    let more = json!({"field_delimiter": "||", "row_delimiter": ";\n"});
    assert_eq!(
        csv("h;\n\"a||b\"||c;\n\"x;\ny\"||z;\n", ab(), {
            let mut more = more;
            more["skip_header_row_number"] = json!(1);
            more
        })
        .await,
        [["a||b", "c"], ["x;\ny", "z"]]
    );
    let more = json!({"quote_char": ""});
    assert_eq!(csv("\"a,b\"\n", ab(), more).await, [["\"a", "b\""]]);
}

#[tokio::test]
async fn a_quote_that_is_never_closed_is_an_error() {
    for more in [json!({}), json!({"escape_char": "\\"})] {
        let folder = Folder::new();
        folder.write("a.csv", "a,b\nc,\"d\ne,f\n");
        let message = failure(&folder.options("csv", ab(), more)).await;
        assert!(
            message.contains("never closed") && message.contains("line 2"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn every_type_is_read() {
    let folder = Folder::new();
    folder.write(
        "a.csv",
        "text,true,-128,32767,-2147483648,9223372036854775807,0.5,1.5E-3,-12.50,2024-02-29,12:30:00.25,2024-02-29 12:30:00,2024-02-29T12:30:00Z,raw\n\
         ,,,,,,,,,,,,,\n",
    );
    let fields = json!({
        "s": "string", "bo": "boolean", "ti": "tinyint", "si": "smallint", "i": "int",
        "bi": "bigint", "f": "float", "d": "double", "de": "decimal(6, 2)", "da": "date",
        "t": "time", "ts": "timestamp", "tz": "timestamp_tz", "by": "bytes"
    });
    let rows = read(&folder.options("csv", fields, json!({})))
        .await
        .unwrap();
    let instant = time::parse_timestamp(b"2024-02-29 12:30:00").unwrap();
    let expected = vec![
        Value::String("text".into()),
        Value::Boolean(true),
        Value::TinyInt(-128),
        Value::SmallInt(32_767),
        Value::Int(i32::MIN),
        Value::BigInt(i64::MAX),
        Value::Float(0.5),
        Value::Double(0.0015),
        Value::Decimal((-1250).into(), 2),
        Value::Date(19_782),
        Value::Time(45_000_250_000),
        Value::Timestamp(instant),
        Value::TimestampTz(instant),
        Value::Bytes(b"raw".to_vec()),
    ];
    assert_eq!(rows[0], expected);
    assert!(rows[1].iter().all(Value::is_null));
}

#[tokio::test]
async fn dates_may_be_written_by_patterns() {
    let folder = Folder::new();
    folder.write("a.csv", "31.01.2024,07h08,20240131070809\n");
    let fields = json!({"d": "date", "t": "time", "ts": "timestamp"});
    let more = json!({
        "date_format": "dd.MM.yyyy", "time_format": "HH'h'mm", "datetime_format": "yyyyMMddHHmmss"
    });
    let rows = read(&folder.options("csv", fields.clone(), more))
        .await
        .unwrap();
    let expected = [
        Value::Date(time::parse_date(b"2024-01-31").unwrap()),
        Value::Time(time::parse_time(b"07:08:00").unwrap()),
        Value::Timestamp(time::parse_timestamp(b"2024-01-31 07:08:09").unwrap()),
    ];
    assert_eq!(rows, [expected]);
    let wrong = json!({"date_format": "yyyy QQ"});
    let message = failure(&folder.options("csv", fields, wrong)).await;
    assert!(message.contains("date_format"), "{message}");
}

#[tokio::test]
async fn a_wrong_value_is_told_with_file_line_column_and_value() {
    for more in [
        json!({}),
        json!({"file_split_size": 40_000}),
        json!({"escape_char": "\\"}),
    ] {
        let folder = Folder::new();
        let mut text = String::new();
        for row in 1..=20_000 {
            // The first ten rows take two lines each.
            let name = if row <= 10 { "\"two\nlines\"" } else { "plain" };
            let number = if row == 17_001 { "12x" } else { "12" };
            text.push_str(&format!("{name},{number}\n"));
        }
        folder.write("numbers.csv", &text);
        let options = folder.options("csv", json!({"name": "string", "n": "int"}), more);
        let message = read_by(&options, 4).await.unwrap_err().to_string();
        for part in ["numbers.csv", "line 17011", "column n", "\"12x\"", "int"] {
            assert!(message.to_lowercase().contains(part), "{part}: {message}");
        }
    }
}

#[tokio::test]
async fn a_field_larger_than_the_window_is_read() {
    for quote in ["", "\""] {
        let large = "0123456789abcdef".repeat(3 << 16);
        let text = format!("1,2\n{quote}{large}{quote},3\n4,5");
        let rows = csv(text, ab(), json!({})).await;
        assert_eq!(rows.len(), 3);
        assert!(rows[1][0] == large && rows[1][1] == "3");
        assert_eq!(rows[2], ["4", "5"]);
    }
}

#[tokio::test]
async fn columns_are_chosen_in_any_order() {
    let fields = json!({"a": "string", "b": "string", "c": "int"});
    let more = json!({"read_columns": ["c", "a"]});
    assert_eq!(csv("x,y,3\n", fields.clone(), more).await, [["3", "x"]]);
    let folder = Folder::new();
    folder.write("a.csv", "x,y,3\n");
    let more = json!({"read_columns": ["cc"]});
    let message = failure(&folder.options("csv", fields, more)).await;
    assert!(message.contains("did you mean \"c\""), "{message}");
}

#[tokio::test]
async fn without_a_schema_each_line_is_the_content() {
    assert_eq!(
        csv("a,\"b\r\nc\n", Json::Null, json!({})).await,
        [["a,\"b"], ["c"]]
    );
}
