//! RegexExtract and TextChunk: parts of texts.

use seatunnel_api::{RowKind, Value};

use crate::support::{Job, batch_of, column_names, refusal, rows, table, table_of, text};

#[test]
fn regex_extract_makes_groups_columns() {
    let options = r#"{"source_field": "email", "regex_pattern": "([^@]+)@([^.]+)\\.(.+)",
        "output_fields": ["user", "domain", "email"], "default_values": ["none", "", "-"]}"#;
    let input = table_of("t", &[("id", "int"), ("email", "string")]);
    let job = Job::new("RegexExtract", options, vec![input.clone()]).unwrap();
    assert_eq!(
        column_names(&job.tables()[0]),
        ["id", "email", "user", "domain"]
    );
    let rows = [
        vec![Value::Int(1), text("<joy@example.co.uk")],
        vec![Value::Int(2), text("no address")],
        vec![Value::Int(3), Value::Null],
    ];
    let out = job.run(batch_of(&input, &rows)).unwrap();
    let values = |row: usize| out[0].row(row).values()[1..].to_vec();
    assert_eq!(values(0), [text("co.uk"), text("<joy"), text("example")]);
    assert_eq!(values(1), [text("-"), text("none"), text("")]);
    assert_eq!(values(2), values(1));
}

#[test]
fn regex_extract_gives_null_without_defaults_and_for_groups_that_took_no_part() {
    let options =
        r#"{"source_field": "age", "regex_pattern": "(1)|(2)", "output_fields": ["a", "b"]}"#;
    let job = Job::new("RegexExtract", options, vec![table("t")]).unwrap();
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(out[0].row(0).values()[4..], [Value::Null, text("2")]);
    let none = r#"{"source_field": "city", "regex_pattern": "(x)", "output_fields": ["a"]}"#;
    let job = Job::new("RegexExtract", none, vec![table("t")]).unwrap();
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(out[0].row(0).values()[4..], [Value::Null]);
}

#[test]
fn regex_extract_counts_groups() {
    let options =
        r#"{"source_field": "name", "regex_pattern": "(a)(?:b)", "output_fields": ["x", "y"]}"#;
    let report = refusal("RegexExtract", options, vec![table("t")]);
    assert!(
        report.contains("has 1 groups, `output_fields` 2 columns"),
        "{report}"
    );
    let options = r#"{"source_field": "name", "regex_pattern": "(a)", "output_fields": ["x"], "default_values": ["a", "b"]}"#;
    let report = refusal("RegexExtract", options, vec![table("t")]);
    assert!(report.contains("`default_values` has 2 values"), "{report}");
}

#[test]
fn text_chunk_makes_a_row_of_each_chunk_and_adds_the_number_to_keys() {
    let options = r#"{"text_field": "name", "chunk_size": 4, "separators": [" "]}"#;
    let job = Job::new("TextChunk", options, vec![table("t")]).unwrap();
    assert_eq!(
        column_names(&job.tables()[0]),
        ["id", "name", "city", "age", "chunk", "chunk_index"]
    );
    let schema = job.tables()[0].schema().clone();
    assert_eq!(schema.primary_key.unwrap().columns, ["id", "chunk_index"]);
    assert_eq!(schema.constraint_keys[0].columns[1].0, "chunk_index");
    assert_eq!(
        schema.constraint_keys[1].columns.len(),
        2,
        "an index is no key"
    );
    // Joy Ding, May Ding and a null, which is left out.
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(out.len(), 1);
    let found: Vec<Vec<Value>> = out[0].rows().map(|r| r.values()).collect();
    let chunk = |id: i32, name: &str, age: i32, chunk: &str, number: i32| {
        vec![
            Value::Int(id),
            text(name),
            text("Rome"),
            Value::Int(age),
            text(chunk),
            Value::Int(number),
        ]
    };
    assert_eq!(
        found,
        [
            chunk(1, "Joy Ding", 20, "Joy ", 0),
            chunk(1, "Joy Ding", 20, "Ding", 1),
            chunk(2, "May Ding", 21, "May ", 0),
            chunk(2, "May Ding", 21, "Ding", 1),
        ]
    );
}

#[test]
fn text_chunk_may_keep_rows_without_text_and_write_over_it() {
    let options = r#"{"text_field": "city", "output_field": "city", "chunk_size": 2, "separators": [],
        "overlap_size": 1, "skip_empty_text": false}"#;
    let job = Job::new("TextChunk", options, vec![table("t")]).unwrap();
    assert_eq!(
        column_names(&job.tables()[0]),
        ["id", "name", "city", "age", "chunk_index"]
    );
    let out = job.run(rows(&job.inputs[0])).unwrap();
    let cities: Vec<Value> = out[0].rows().map(|r| r.values()[2].clone()).collect();
    assert_eq!(cities[..3], [text("Ro"), text("om"), text("me")]);
    assert_eq!(out[0].num_rows(), 9);
    assert_eq!(out[0].row(8).kind(), RowKind::Delete, "kinds go along");
    let options = r#"{"text_field": "name", "output_field": "out", "skip_empty_text": false}"#;
    let job = Job::new("TextChunk", options, vec![table("t")]).unwrap();
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(out[0].row(2).values()[4..], [Value::Null, Value::Int(0)]);
}

#[test]
fn text_chunk_refuses_keys_and_overlaps_that_are_too_long() {
    let report = refusal(
        "TextChunk",
        r#"{"text_field": "city", "output_field": "name"}"#,
        vec![table("t")],
    );
    assert!(report.contains("belongs to a key"), "{report}");
    let report = refusal(
        "TextChunk",
        r#"{"text_field": "city", "chunk_size": 5, "overlap_size": 5}"#,
        vec![table("t")],
    );
    assert!(
        report.contains("must be less than `chunk_size`"),
        "{report}"
    );
}

#[test]
fn text_chunk_bounds_what_it_makes_of_a_batch() {
    let input = table_of("t", &[("content", "string")]);
    let long = "x".repeat(200_000);
    let batch = batch_of(&input, &[vec![text(&long)], vec![text("y")]]);
    // 200,000 rows of 200,000 bytes each.
    let options = r#"{"text_field": "content", "chunk_size": 1, "separators": []}"#;
    let job = Job::new("TextChunk", options, vec![input.clone()]).unwrap();
    let error = job.run(batch.clone()).unwrap_err();
    assert!(
        error.is_of_row() && error.report().contains("1 GiB"),
        "{error}"
    );
    // Written over the text they are small, and come in several batches.
    let options = r#"{"text_field": "content", "output_field": "content", "chunk_size": 1, "separators": []}"#;
    let job = Job::new("TextChunk", options, vec![input]).unwrap();
    let out = job.run(batch).unwrap();
    assert!(out.iter().all(|b| b.num_rows() <= 8192));
    assert_eq!(out.iter().map(|b| b.num_rows()).sum::<usize>(), 200_001);
}

#[test]
fn what_comes_of_a_step_goes_through_the_next() {
    let options = r#"{"rule_match_mode": "ALL_MATCH", "table_transform": [
        {"table_path": "t", "text_field": "content", "output_field": "content", "chunk_size": 3, "separators": [" "], "chunk_index_field": "a"},
        {"table_path": "t", "text_field": "content", "output_field": "content", "chunk_size": 1, "separators": [], "chunk_index_field": "b"}]}"#;
    let input = table_of("t", &[("content", "string")]);
    let job = Job::new("TextChunk", options, vec![input.clone()]).unwrap();
    let out = job.run(batch_of(&input, &[vec![text("ab cd")]])).unwrap();
    let rows: Vec<Vec<Value>> = out
        .iter()
        .flat_map(|b| b.rows().map(|r| r.values()).collect::<Vec<_>>())
        .collect();
    let row = |c: &str, a: i32, b: i32| vec![text(c), Value::Int(a), Value::Int(b)];
    assert_eq!(
        rows,
        [
            row("a", 0, 0),
            row("b", 0, 1),
            row(" ", 0, 2),
            row("c", 1, 0),
            row("d", 1, 1)
        ]
    );
}
