//! Copy, FieldMapper, Filter, FilterRowKind, Replace, RowKindExtractor, Split, and rules that differ by table.

use crate::support::{Job, batch_of, column_names, names, rows, table, table_of, text};
use seatunnel_api::{ConstraintKind, DataType, RowKind, Value};

#[test]
fn copy_adds_columns_in_the_order_of_the_file() {
    let job = Job::new(
        "Copy",
        r#"{"fields": {"id_1": "id", "name2": "name", "name": "city"}}"#,
        vec![table("fake")],
    )
    .unwrap();
    assert_eq!(
        column_names(&job.tables()[0]),
        ["id", "name", "city", "age", "id_1", "name2"]
    );
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(
        out[0].row(0).values(),
        // `name` is overwritten, and `name2` still copies what came in.
        [
            Value::Int(1),
            text("Rome"),
            text("Rome"),
            Value::Int(20),
            Value::Int(1),
            text("Joy Ding")
        ]
    );
    let old = Job::new(
        "copy",
        r#"{"src_field": "name", "dest_field": "name1"}"#,
        vec![table("fake")],
    )
    .unwrap();
    assert_eq!(column_names(&old.tables()[0])[4], "name1");
}

#[test]
fn field_mapper_keeps_what_is_mapped_and_keys_follow() {
    let job = Job::new(
        "FieldMapper",
        r#"{"field_mapper": {"name": "new_name", "id": "key"}}"#,
        vec![table("fake")],
    )
    .unwrap();
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(column_names(out[0].table()), ["new_name", "key"]);
    assert_eq!(
        out[0].row(1).values(),
        [text("May Ding"), Value::Int(2)],
        "values follow their columns"
    );
    let schema = job.tables()[0].schema().clone();
    assert_eq!(schema.primary_key.unwrap().columns, ["key"]);
    assert_eq!(schema.constraint_keys.len(), 1);
    assert_eq!(schema.constraint_keys[0].kind, ConstraintKind::Unique);
    assert_eq!(schema.constraint_keys[0].columns[0].0, "new_name");
    assert_eq!(out[0].row(0).kind(), RowKind::Insert);
    assert_eq!(out[0].row(2).kind(), RowKind::Delete);
}

#[test]
fn filter_keeps_the_order_of_its_list_and_drops_keys_that_lost_a_column() {
    for options in [
        r#"{"include_fields": ["age", "name"]}"#,
        r#"{"fields": ["age", "name"]}"#,
    ] {
        let job = Job::new("Filter", options, vec![table("fake")]).unwrap();
        assert_eq!(column_names(&job.tables()[0]), ["age", "name"]);
        assert!(job.tables()[0].schema().primary_key.is_none());
        let out = job.run(rows(&job.inputs[0])).unwrap();
        assert_eq!(out[0].row(0).values(), [Value::Int(20), text("Joy Ding")]);
    }
    let job = Job::new(
        "Filter",
        r#"{"exclude_fields": ["age"]}"#,
        vec![table("fake")],
    )
    .unwrap();
    assert_eq!(column_names(&job.tables()[0]), ["id", "name", "city"]);
    assert!(job.tables()[0].schema().primary_key.is_some());
}

#[test]
fn filter_takes_one_of_its_options() {
    for options in [
        "{}",
        r#"{"include_fields": ["id"], "exclude_fields": ["age"]}"#,
    ] {
        assert!(Job::new("Filter", options, vec![table("fake")]).is_err());
    }
}

#[test]
fn filter_row_kind_lets_kinds_pass() {
    for (options, kept) in [
        (r#"{"include_kinds": ["INSERT"]}"#, 2),
        (r#"{"exclude_kinds": ["DELETE"]}"#, 2),
        (r#"{"include_kinds": ["+I", "-D"]}"#, 3),
        (r#"{"exclude_kinds": ["INSERT", "DELETE"]}"#, 0),
    ] {
        let job = Job::new("FilterRowKind", options, vec![table("fake")]).unwrap();
        let out = job.run(rows(&job.inputs[0])).unwrap();
        let total: usize = out.iter().map(|b| b.num_rows()).sum();
        assert_eq!(total, kept, "{options}");
        if kept == 0 {
            assert!(out.is_empty(), "no empty batch goes on");
        }
    }
}

#[test]
fn replace_reads_patterns_as_java_does() {
    for (options, expected) in [
        (r#""pattern": " ", "replacement": "_""#, "Joy_Ding"),
        (r#""pattern": ".", "replacement": "_""#, "Joy Ding"),
        (
            r#""pattern": "(\\w+) (\\w+)", "replacement": "$2, $1", "is_regex": true"#,
            "Ding, Joy",
        ),
        (
            r#""pattern": "[a-z]", "replacement": "*", "is_regex": true, "replace_first": true"#,
            "J*y Ding",
        ),
        (
            r#""pattern": "(?<=J)o", "replacement": "0", "is_regex": true"#,
            "J0y Ding",
        ),
    ] {
        let options = format!(r#"{{"replace_field": "name", {options}}}"#);
        let job = Job::new("Replace", &options, vec![table("fake")]).unwrap();
        let out = job.run(rows(&job.inputs[0])).unwrap();
        assert_eq!(out[0].row(0).get(1), text(expected), "{options}");
        assert_eq!(out[0].row(2).get(1), Value::Null, "null stays null");
    }
}

#[test]
fn replace_makes_text_of_a_number() {
    let job = Job::new(
        "Replace",
        r#"{"replace_field": "age", "pattern": "2", "replacement": "x"}"#,
        vec![table("fake")],
    )
    .unwrap();
    assert_eq!(job.tables()[0].columns()[3].data_type, DataType::String);
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(out[0].row(0).get(3), text("x0"));
}

#[test]
fn split_fills_missing_parts_with_null_and_keeps_the_rest_in_the_last() {
    let job = Job::new(
        "Split",
        r#"{"split_field": "name", "separator": " ", "output_fields": ["first", "city"]}"#,
        vec![table("fake")],
    )
    .unwrap();
    assert_eq!(
        column_names(&job.tables()[0]),
        ["id", "name", "city", "age", "first"]
    );
    let mut batch = seatunnel_api::BatchBuilder::new(job.inputs[0].clone());
    for name in [Some("a b c"), Some("a"), Some(""), None] {
        let name = name.map_or(Value::Null, text);
        let row = [Value::Int(1), name, text("x"), Value::Int(1)];
        batch.push(RowKind::Insert, &row).unwrap();
    }
    let out = job.run(batch.finish()).unwrap();
    let parts: Vec<(Value, Value)> = out[0].rows().map(|r| (r.get(4), r.get(2))).collect();
    assert_eq!(
        parts,
        [
            (text("a"), text("b c")),
            (text("a"), Value::Null),
            (text(""), Value::Null),
            (Value::Null, Value::Null)
        ]
    );
}

#[test]
fn row_kind_extractor_turns_kinds_into_a_column() {
    for (options, column, first, last) in [
        ("{}", "row_kind", "+I", "-D"),
        (
            r#"{"custom_field_name": "op", "transform_type": "FULL"}"#,
            "op",
            "INSERT",
            "DELETE",
        ),
    ] {
        let job = Job::new("RowKindExtractor", options, vec![table("fake")]).unwrap();
        let out = job.run(rows(&job.inputs[0])).unwrap();
        assert_eq!(column_names(out[0].table())[4], column);
        assert_eq!(out[0].row(0).get(4), text(first));
        assert_eq!(out[0].row(2).get(4), text(last));
        assert!(out[0].kinds().all_inserts());
    }
    assert!(
        Job::new(
            "RowKindExtractor",
            r#"{"custom_field_name": "age"}"#,
            vec![table("fake")]
        )
        .is_err()
    );
}

#[test]
fn a_column_that_is_not_there_names_the_nearest() {
    for (plugin, options) in [
        ("Copy", r#"{"fields": {"b": "nmae"}}"#),
        ("FieldMapper", r#"{"field_mapper": {"nmae": "b"}}"#),
        ("Filter", r#"{"include_fields": ["nmae"]}"#),
        ("Filter", r#"{"exclude_fields": ["nmae"]}"#),
        (
            "Replace",
            r#"{"replace_field": "nmae", "pattern": "a", "replacement": "b"}"#,
        ),
        (
            "Split",
            r#"{"split_field": "nmae", "separator": " ", "output_fields": ["a"]}"#,
        ),
    ] {
        let error = Job::new(plugin, options, vec![table("fake")])
            .err()
            .unwrap();
        assert_eq!(error.code().id, "TRANSFORM-01", "{error}");
        assert_eq!(error.help(), Some("did you mean `name`?"));
        assert!(error.message().starts_with(plugin));
    }
}

#[test]
fn what_is_missing_or_wrong_is_said_before_the_first_row() {
    for (plugin, options, part) in [
        (
            "Replace",
            r#"{"replace_field": "name", "pattern": "a"}"#,
            "`replacement`",
        ),
        (
            "Replace",
            r#"{"replace_field": "name", "pattern": "(", "replacement": "", "is_regex": true}"#,
            "unclosed group",
        ),
        (
            "Split",
            r#"{"split_field": "name", "separator": " "}"#,
            "`output_fields`",
        ),
        ("Copy", "{}", "`fields`"),
        ("FilterRowKind", r#"{"include_kinds": ["INSRT"]}"#, "INSRT"),
        (
            "FieldMapper",
            r#"{"field_mapper": {"id": "a", "name": "a"}}"#,
            "two columns `a`",
        ),
    ] {
        let error = Job::new(plugin, options, vec![table("fake")])
            .err()
            .unwrap();
        assert!(error.report().contains(part), "{}", error.report());
    }
}

#[test]
fn each_table_follows_its_own_rule() {
    let job = Job::new(
        "Copy",
        r#"{
            "table_match_regex": "test.a.*", "src_field": "name", "dest_field": "name1",
            "table_transform": [
                {"table_path": "test.xyz", "src_field": "name", "dest_field": "name2"},
                {"table_path": "test.xyzxyz", "fields": {"name3": "name"}}
            ]
        }"#,
        ["test.abc", "test.xyz", "test.xyzxyz", "test.www"]
            .map(table)
            .to_vec(),
    )
    .unwrap();
    let last: Vec<String> = job
        .tables()
        .iter()
        .map(|t| column_names(t).last().unwrap().to_string())
        .collect();
    assert_eq!(last, ["name1", "name2", "name3", "age"]);
    for (index, width) in [5, 5, 5, 4].into_iter().enumerate() {
        let out = job.run(rows(&job.inputs[index])).unwrap();
        assert_eq!(out[0].records().num_columns(), width);
    }
}

#[test]
fn several_rules_for_one_table_need_a_mode() {
    let options = |mode: &str| {
        format!(
            r#"{{{mode} "table_transform": [
                {{"table_path": "test.xyz", "src_field": "name", "dest_field": "name2"}},
                {{"table_path": "test.xyz", "src_field": "name2", "dest_field": "name3"}}
            ]}}"#
        )
    };
    let tables = || vec![table("test.xyz"), table("test.other")];
    let error = Job::new("Copy", &options(""), tables()).err().unwrap();
    assert!(error.help().unwrap().contains("rule_match_mode"));
    let all = Job::new(
        "Copy",
        &options(r#""rule_match_mode": "ALL_MATCH","#),
        tables(),
    )
    .unwrap();
    assert_eq!(
        names(&all.tables()[0]),
        "id,name,city,age,name2,name3".to_owned()
    );
    assert_eq!(
        names(&all.tables()[1]),
        "id,name,city,age",
        "no rule, no change"
    );
    let out = all.run(rows(&all.inputs[0])).unwrap();
    assert_eq!(out[0].row(0).get(5), text("Joy Ding"));
    let first = Job::new(
        "Copy",
        &options(r#""rule_match_mode": "FIRST_MATCH","#),
        tables(),
    )
    .unwrap();
    assert_eq!(names(&first.tables()[0]), "id,name,city,age,name2");
}

#[test]
fn rows_of_an_equal_table_that_is_another_object_find_their_rule() {
    let job = Job::new(
        "Filter",
        r#"{"include_fields": ["id"]}"#,
        vec![table("fake")],
    )
    .unwrap();
    let out = job.run(rows(&table("fake"))).unwrap();
    assert_eq!(out[0].records().num_columns(), 1);
    assert!(job.run(rows(&table("stranger"))).is_err());
}

#[test]
fn replace_finds_texts_within_values_only_and_leaves_a_column_without_them_as_it_is() {
    let input = table_of("t", &[("c", "string")]);
    let batch = batch_of(
        &input,
        &["ab", "b", "", "xabaab", "a", "b"].map(|v| vec![text(v)]),
    );
    // "ab" also stands at the end of one value and the start of the next.
    let slices = [batch.clone(), batch.slice(2, 3)];
    for (pattern, replacement) in [
        ("ab", "-"),
        ("ab", "long one"),
        ("ab", ""),
        ("a", "b"),
        ("a", "long one"),
        ("a", ""),
        ("a", "é"),
        ("", "."),
        ("zz", "y"),
    ] {
        let options = serde_json::json!({ "replace_field": "c", "pattern": pattern, "replacement": replacement });
        let job = Job::new("Replace", &options.to_string(), vec![input.clone()]).unwrap();
        for batch in &slices {
            let out = job.run(batch.clone()).unwrap();
            for row in 0..batch.num_rows() {
                let Value::String(before) = batch.row(row).get(0) else {
                    panic!("a text is expected");
                };
                assert_eq!(
                    out[0].row(row).get(0),
                    text(&before.replace(pattern, replacement))
                );
            }
            if pattern == "zz" {
                let column = |b: &seatunnel_api::Batch| {
                    b.records().column(0).to_data().buffers()[1].as_ptr()
                };
                assert_eq!(column(&out[0]), column(batch), "nothing is copied");
            }
        }
    }
}

#[test]
fn replace_takes_choices_of_single_characters_as_any_other_pattern() {
    let input = table_of("t", &[("c", "string")]);
    let values = ["a1é b", "", "22\u{a0}\t-", "ÄA", "x"];
    let batch = batch_of(&input, &values.map(|v| vec![text(v)]));
    let digit = |c: char| c.is_ascii_digit();
    let blank = |c: char| matches!(c, ' ' | '\t');
    let letter = |c: char| matches!(c, 'a' | 'é');
    let upper = |c: char| matches!(c, 'a' | 'A');
    let choices: [(&str, &dyn Fn(char) -> bool); 4] = [
        ("[0-9]", &digit),
        (r"\s", &blank),
        ("[aé]", &letter),
        ("(?i)a", &upper),
    ];
    for (pattern, chosen) in choices {
        for replacement in ["", "-", "é", "two"] {
            let options = serde_json::json!({
                "replace_field": "c", "pattern": pattern, "replacement": replacement, "is_regex": true,
            });
            let job = Job::new("Replace", &options.to_string(), vec![input.clone()]).unwrap();
            for (from, rows) in [(0, 5), (2, 2)] {
                let out = job.run(batch.slice(from, rows)).unwrap();
                for row in 0..rows {
                    let change = |c: char| match chosen(c) {
                        true => replacement.to_owned(),
                        false => c.to_string(),
                    };
                    let expected: String = values[from + row].chars().map(change).collect();
                    assert_eq!(
                        out[0].row(row).get(0),
                        text(&expected),
                        "{pattern} by {replacement:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn columns_that_are_chosen_or_renamed_are_not_copied() {
    for (plugin, options) in [
        (
            "FieldMapper",
            r#"{"field_mapper": {"name": "n", "id": "id"}}"#,
        ),
        ("Filter", r#"{"exclude_fields": ["age"]}"#),
        ("FieldRename", r#"{"convert_case": "UPPER"}"#),
        ("TableRename", r#"{"prefix": "x"}"#),
    ] {
        let job = Job::new(plugin, options, vec![table("t")]).unwrap();
        let batch = rows(&job.inputs[0]);
        let out = job.run(batch.clone()).unwrap();
        for column in out[0].records().columns() {
            let data = column.to_data();
            let same = |other: &std::sync::Arc<dyn arrow_array::Array>| {
                other.to_data().buffers().first().map(|b| b.as_ptr())
                    == data.buffers().first().map(|b| b.as_ptr())
            };
            assert!(
                batch.records().columns().iter().any(same),
                "{plugin} copies"
            );
        }
    }
}

#[test]
fn values_of_other_types_are_the_texts_that_java_has_of_them() {
    let columns = [
        ("d", "double"),
        ("f", "float"),
        ("ts", "timestamp"),
        ("clock", "time"),
        ("amount", "decimal(20, 10)"),
    ];
    let input = table_of("t", &columns);
    let row = vec![
        Value::Double(1.5e10),
        Value::Float(1.1),
        Value::Timestamp(45_000_000),
        Value::Time(3_600_000_000),
        Value::Decimal(15.into(), 10),
    ];
    let nulls = vec![Value::Null; row.len()];
    for (column, separator, first, second) in [
        ("d", "E", text("1.5"), text("10")),
        ("f", "\\\\.", text("1"), text("1")),
        ("ts", "T", text("1970-01-01"), text("00:00:45")),
        ("clock", ":", text("01"), text("00")),
        ("amount", "E", text("1.5"), text("-9")),
    ] {
        let options = format!(
            r#"{{"split_field": "{column}", "separator": "{separator}", "output_fields": ["a", "b"]}}"#
        );
        let job = Job::new("Split", &options, vec![input.clone()]).unwrap();
        let out = job
            .run(batch_of(&input, &[row.clone(), nulls.clone()]))
            .unwrap();
        assert_eq!(out[0].row(0).values()[5..], [first, second], "{column}");
        assert_eq!(out[0].row(1).values()[5..], [Value::Null, Value::Null]);
    }
    let options = r#"{"replace_field": "d", "pattern": "E", "replacement": " * 10^"}"#;
    let job = Job::new("Replace", options, vec![input.clone()]).unwrap();
    assert_eq!(job.tables()[0].columns()[0].data_type, DataType::String);
    let out = job.run(batch_of(&input, &[row])).unwrap();
    assert_eq!(out[0].row(0).get(0), text("1.5 * 10^10"));
}
