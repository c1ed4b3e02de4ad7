//! JsonPath.

use seatunnel_api::{DataType, RowKind, Value};

use crate::support::{Job, batch_of, column_names, refusal, table_of, text};

#[test]
fn values_come_in_the_types_that_are_asked_for() {
    let options = r#"{"columns": [
        {"src_field": "data", "path": "$.s", "dest_field": "s"},
        {"src_field": "data", "path": "$.b", "dest_field": "b", "dest_type": "boolean"},
        {"src_field": "data", "path": "$.i", "dest_field": "i", "dest_type": "int"},
        {"src_field": "data", "path": "$.d", "dest_field": "d", "dest_type": "decimal(30, 12)"},
        {"src_field": "data", "path": "$.day", "dest_field": "day", "dest_type": "date"},
        {"src_field": "data", "path": "$.at", "dest_field": "at", "dest_type": "timestamp"},
        {"src_field": "data", "path": "$.list[*].n", "dest_field": "ns", "dest_type": "array<bigint>"},
        {"src_field": "data", "path": "$.map", "dest_field": "map", "dest_type": "map<string, double>"},
        {"src_field": "data", "path": "$.map", "dest_field": "data", "dest_type": "string"}]}"#;
    let input = table_of("t", &[("data", "string"), ("id", "int")]);
    let job = Job::new("JsonPath", options, vec![input.clone()]).unwrap();
    assert_eq!(
        column_names(&job.tables()[0]),
        ["data", "id", "s", "b", "i", "d", "day", "at", "ns", "map"]
    );
    assert_eq!(job.tables()[0].columns()[6].data_type, DataType::Date);
    let json = r#"{"s": {"x": [1, "y"]}, "b": "TRUE", "i": "42", "d": 123456789012345678.123456789012,
        "day": "2023/10/29", "at": "2023-10-29 16:12:43.459", "list": [{"n": 1}, {"m": 2}, {"n": 3.9}],
        "map": {"a": 1.5, "b": null}}"#;
    let out = job
        .run(batch_of(&input, &[vec![text(json), Value::Int(1)]]))
        .unwrap();
    let values = out[0].row(0).values();
    assert_eq!(
        values[0],
        text(r#"{"a":1.5,"b":null}"#),
        "the source is overwritten at the end"
    );
    assert_eq!(values[2], text(r#"{"x":[1,"y"]}"#));
    assert_eq!(values[3], Value::Boolean(true));
    assert_eq!(values[4], Value::Int(42));
    assert_eq!(
        values[5].to_string(),
        "123456789012345678.123456789012",
        "no digit is lost"
    );
    assert_eq!(values[6].to_string(), "2023-10-29");
    assert!(
        values[7].to_string().starts_with("2023-10-29T16:12:43.459"),
        "{}",
        values[7]
    );
    assert_eq!(
        values[8],
        Value::Array(vec![Value::BigInt(1), Value::BigInt(3)])
    );
    assert_eq!(
        values[9],
        Value::Map(vec![
            (text("a"), Value::Double(1.5)),
            (text("b"), Value::Null)
        ])
    );
}

#[test]
fn lists_in_one_entry_are_as_many_entries() {
    let options = r#"{"columns": [{"src_field": "data", "path": ["$.a", "$.b"],
        "dest_field": ["x", "y"], "dest_type": ["string", "int"]}]}"#;
    let input = table_of("t", &[("data", "bytes")]);
    let job = Job::new("JsonPath", options, vec![input.clone()]).unwrap();
    let bytes = Value::Bytes(r#"{"a": "é", "b": 7.9}"#.as_bytes().to_vec());
    let out = job
        .run(batch_of(&input, &[vec![bytes], vec![Value::Null]]))
        .unwrap();
    assert_eq!(out[0].row(0).values()[1..], [text("é"), Value::Int(7)]);
    assert_eq!(out[0].row(1).values()[1..], [Value::Null, Value::Null]);
    let uneven =
        r#"{"columns": [{"src_field": "data", "path": ["$.a", "$.b"], "dest_field": "x"}]}"#;
    let report = refusal("JsonPath", uneven, vec![input]);
    assert!(
        report.contains("`path` has 2 entries, `dest_field` 1"),
        "{report}"
    );
}

#[test]
fn rows_maps_and_arrays_are_looked_into() {
    let options = r#"{"columns": [
        {"src_field": "row", "path": "$[1]", "dest_field": "age", "dest_type": "int"},
        {"src_field": "row", "path": "$[0]", "dest_field": "name"},
        {"src_field": "map", "path": "$.k", "dest_field": "k", "dest_type": "int"},
        {"src_field": "list", "path": "$[-1]", "dest_field": "last"}]}"#;
    let input = table_of(
        "t",
        &[
            ("row", "{name = string, age = int}"),
            ("map", "map<string, int>"),
            ("list", "array<string>"),
        ],
    );
    let job = Job::new("JsonPath", options, vec![input.clone()]).unwrap();
    let row = vec![
        Value::Row(vec![text("a \"b\""), Value::Int(18)]),
        Value::Map(vec![(text("k"), Value::Int(5))]),
        Value::Array(vec![text("x"), text("z")]),
    ];
    let out = job.run(batch_of(&input, &[row])).unwrap();
    assert_eq!(
        out[0].row(0).values()[3..],
        [Value::Int(18), text("a \"b\""), Value::Int(5), text("z")]
    );
}

fn three_rows(ways: &str) -> seatunnel_api::Result<Vec<Vec<Value>>> {
    let options = format!(
        r#"{{{ways} "src_field": "data", "path": "$.n", "dest_field": "n", "dest_type": "int"}},
            {{"src_field": "data", "path": "$.s", "dest_field": "s"}}]}}"#
    );
    let input = table_of("t", &[("id", "int"), ("data", "string")]);
    let job = Job::new("JsonPath", &options, vec![input.clone()]).expect("options are good");
    let data = [
        r#"{"n": 1, "s": "a"}"#,
        r#"{"n": "one", "s": "b"}"#,
        r#"{"s": "c"}"#,
    ];
    let rows: Vec<Vec<Value>> = data
        .iter()
        .enumerate()
        .map(|(id, json)| vec![Value::Int(id as i32), text(json)])
        .collect();
    let out = job.run(batch_of(&input, &rows))?;
    Ok(out
        .iter()
        .flat_map(|b| {
            b.rows()
                .map(|r| vec![r.values()[0].clone(), r.values()[2].clone()])
                .collect::<Vec<_>>()
        })
        .collect())
}

#[test]
fn errors_are_handled_as_the_column_says_and_then_as_the_row_says() {
    let (one, null) = (Value::Int(1), Value::Null);
    let id = |id: i32| Value::Int(id);
    let error = three_rows(r#""columns": [{"#).unwrap_err();
    assert!(error.is_of_row());
    assert!(
        error.report().contains("$.n of `data` gives no value"),
        "{error:?}"
    );
    assert!(
        !error.report().contains("\"one\""),
        "values stay hidden: {error:?}"
    );
    let skipped = three_rows(r#""row_error_handle_way": "SKIP", "columns": [{"#).unwrap();
    assert_eq!(skipped, [vec![id(0), one.clone()]]);
    let nulls = three_rows(r#""columns": [{"column_error_handle_way": "SKIP","#).unwrap();
    assert_eq!(
        nulls,
        [
            vec![id(0), one.clone()],
            vec![id(1), null.clone()],
            vec![id(2), null]
        ]
    );
    let rows = three_rows(r#""columns": [{"column_error_handle_way": "SKIP_ROW","#).unwrap();
    assert_eq!(rows, [vec![id(0), one]]);
    let way = r#""row_error_handle_way": "SKIP", "columns": [{"column_error_handle_way": "FAIL","#;
    assert!(three_rows(way).is_err(), "the column comes first");
}

#[test]
fn a_source_that_is_no_json_is_an_error_like_others() {
    let options = r#"{"row_error_handle_way": "SKIP", "columns": [{"src_field": "data", "path": "$.n", "dest_field": "n"}]}"#;
    let input = table_of("t", &[("data", "string")]);
    let job = Job::new("JsonPath", options, vec![input.clone()]).unwrap();
    let rows = ["", "{\"n\": ", "plain", "[1]", "{n: lenient}"].map(|json| vec![text(json)]);
    let out = job.run(batch_of(&input, &rows)).unwrap();
    assert_eq!(out[0].num_rows(), 1);
    assert_eq!(out[0].row(0).values()[1], text("lenient"));
    assert_eq!(out[0].row(0).kind(), RowKind::Insert);
}

#[test]
fn options_of_json_path_are_checked() {
    let input = || vec![table_of("t", &[("data", "string"), ("n", "int")])];
    for (columns, why) in [
        (
            r#"{"src_field": "dat", "path": "$.a", "dest_field": "x"}"#,
            "did you mean `data`?",
        ),
        (
            r#"{"src_field": "n", "path": "$.a", "dest_field": "x"}"#,
            "is of the type int",
        ),
        (
            r#"{"src_field": "data", "path": "$.a[", "dest_field": "x"}"#,
            "is not valid",
        ),
        (
            r#"{"src_field": "data", "path": "$.a", "dest_field": "x", "dest_type": "strng"}"#,
            "did you mean \"string\"?",
        ),
        (
            r#"{"src_field": "data", "path": "$.a"}"#,
            "needs the option `dest_field`",
        ),
        (
            r#"{"src_field": "data", "path": "", "dest_field": "x"}"#,
            "is empty",
        ),
    ] {
        let report = refusal(
            "JsonPath",
            &format!(r#"{{"columns": [{columns}]}}"#),
            input(),
        );
        assert!(report.contains(why), "{columns}: {report}");
    }
    let report = refusal("JsonPath", r#"{"columns": []}"#, input());
    assert!(report.contains("needs the option `columns`"), "{report}");
}
