//! Text files.

use seatunnel_api::Value;
use serde_json::{Value as Json, json};

use crate::support::{Folder, failure, read, texts};

async fn text(content: &str, fields: Json, more: Json) -> Vec<Vec<String>> {
    let folder = Folder::new();
    folder.write("a.txt", content);
    texts(&read(&folder.options("text", fields, more)).await.unwrap())
}

fn ab() -> Json {
    json!({"a": "string", "b": "string"})
}

#[tokio::test]
async fn fields_stand_between_the_first_control_character() {
    assert_eq!(
        text("a\u{1}\"b\nc\u{1}\r\n", ab(), json!({})).await,
        [["a", "\"b"], ["c", "~"]]
    );
}

#[tokio::test]
async fn delimiters_are_texts_or_expressions() {
    let by = |delimiter: &str| json!({"field_delimiter": delimiter});
    assert_eq!(text("a|b\n", ab(), by("|")).await, [["a", "b"]]);
    assert_eq!(text("a|b\n", ab(), by("\\|")).await, [["a", "b"]]);
    assert_eq!(text("a||b\n", ab(), by("||")).await, [["a", "b"]]);
    assert_eq!(
        text("a,;b\n\nc\n", ab(), by(",;")).await,
        [["a", "b"], ["c", "~"]]
    );
    assert_eq!(
        text("a \t b\nc d\n", ab(), by("\\s+")).await,
        [["a", "b"], ["c", "d"]]
    );
    assert_eq!(text("a1b\n", ab(), by("[0-9]")).await, [["a", "b"]]);
    assert_eq!(text("a\tb\n", ab(), by("\\t")).await, [["a", "b"]]);
    let folder = Folder::new();
    folder.write("a.txt", "a\n");
    let message = failure(&folder.options("text", ab(), by("[a"))).await;
    assert!(message.contains("field_delimiter"), "{message}");
}

#[tokio::test]
async fn rows_may_end_otherwise() {
    let more = json!({"field_delimiter": ",", "row_delimiter": "@@", "skip_header_row_number": 1});
    assert_eq!(
        text("x,y@@a,b\n@@c,d", ab(), more).await,
        [["a", "b\n"], ["c", "d"]]
    );
}

#[tokio::test]
async fn nested_values_are_separated_by_depth() {
    let folder = Folder::new();
    folder.write(
        "a.txt",
        "1|x\u{2}y\u{2}|k1\u{3}1\u{2}k2\u{3}|7\u{2}p\u{3}q\n2|||\n",
    );
    let fields = json!({
        "id": "int", "list": "array<string>", "map": "map<string, int>",
        "row": {"n": "int", "tags": "array<string>"}
    });
    let more = json!({"field_delimiter": "|"});
    let rows = read(&folder.options("text", fields, more)).await.unwrap();
    let s = |text: &str| Value::String(text.to_owned());
    assert_eq!(rows[0][1], Value::Array(vec![s("x"), s("y"), s("")]));
    assert_eq!(
        rows[0][2],
        Value::Map(vec![(s("k1"), Value::Int(1)), (s("k2"), Value::Null)])
    );
    assert_eq!(
        rows[0][3],
        Value::Row(vec![Value::Int(7), Value::Array(vec![s("p"), s("q")])])
    );
    assert!(rows[1][1..].iter().all(Value::is_null));
}

#[tokio::test]
async fn without_a_schema_each_line_is_the_content() {
    assert_eq!(
        text("a|b\nc", Json::Null, json!({})).await,
        [["a|b"], ["c"]]
    );
}

#[tokio::test]
async fn dates_are_recognised_in_all_ways_that_seatunnel_writes_them() {
    let lines = [
        "2024-01-31|2024-01-31 07:08:09",
        "2024/01/31|2024/01/31 07:08:09",
        "2024.01.31|2024.01.31 07:08:09.000",
        "20240131|20240131070809",
        "2024年01月31日|2024年01月31日 07时08分09秒",
        "2024-01-31|2024-01-31T07:08:09",
    ];
    let folder = Folder::new();
    folder.write("a.txt", lines.join("\n"));
    let fields = || json!({ "d": "date", "t": "timestamp" });
    // A pattern of SeaTunnel's says nothing that is not seen; as there, others are recognised too.
    for more in [
        json!({}),
        json!({ "date_format": "yyyy/MM/dd", "datetime_format": "yyyyMMddHHmmss" }),
    ] {
        let mut options = folder.options("text", fields(), more);
        options["field_delimiter"] = json!("|");
        let rows = read(&options).await.unwrap();
        let expected = [Value::Date(19_753), Value::Timestamp(1_706_684_889_000_000)];
        assert_eq!(rows, vec![expected; lines.len()]);
    }
    // Any other is meant.
    let more = json!({ "field_delimiter": "|", "date_format": "dd.MM.yyyy" });
    let told = failure(&folder.options("text", fields(), more)).await;
    assert!(
        told.contains("\"2024-01-31\" is not of type date"),
        "{told}"
    );
    for wrong in [
        "2024年1月31日",
        "2024年13月31日",
        "2024年01月31日x",
        "年月日",
    ] {
        folder.write("a.txt", wrong);
        let told = failure(&folder.options("text", json!({ "d": "date" }), json!({}))).await;
        assert!(told.contains("is not of type date"), "{told}");
    }
}
