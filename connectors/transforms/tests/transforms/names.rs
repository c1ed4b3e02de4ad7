//! FieldRename, TableRename, TableMerge, TableFilter, Metadata, DefineSinkType: what things are called.

use std::sync::Arc;

use arrow_array::Int64Array;
use seatunnel_api::{DataType, Fact, RowKind, Value};

use crate::support::{Job, batch_of, column_names, names, refusal, rows, table, table_of, text};

fn paths(job: &Job) -> Vec<String> {
    job.tables().iter().map(|t| t.path().to_string()).collect()
}

#[test]
fn field_rename_changes_case_and_puts_prefix_and_suffix_around() {
    let options = r#"{"convert_case": "UPPER", "prefix": " f_ ", "suffix": "_s",
        "replacements_with_regex": [{"replace_from": "a(.)e", "replace_to": "$1x "}]}"#;
    let job = Job::new("FieldRename", options, vec![table("fake")]).unwrap();
    // What is put in is taken as it is.
    assert_eq!(
        column_names(&job.tables()[0]),
        ["f_ID_s", "f_N$1x_s", "f_CITY_s", "f_$1x_s"]
    );
    let schema = job.tables()[0].schema().clone();
    assert_eq!(schema.primary_key.unwrap().columns, ["f_ID_s"]);
    assert_eq!(schema.constraint_keys[0].columns[0].0, "f_N$1x_s");
    assert_eq!(schema.constraint_keys[1].columns[1].0, "f_$1x_s");
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(
        out[0].row(0).values(),
        rows(&job.inputs[0]).row(0).values(),
        "values stay"
    );
    assert_eq!(out[0].row(2).kind(), RowKind::Delete);
}

#[test]
fn field_rename_takes_the_last_replacement_that_matches_and_specific_names_as_they_are() {
    let options = r#"{"suffix": "_x",
        "replacements_with_regex": [
            {"replace_from": "n", "replace_to": "N"},
            {"replace_from": "[ae]", "replace_to": "_"},
            {"replace_from": "city", "replace_to": "town", "is_regex": false},
            {"replace_from": "ag", "replace_to": "never", "is_regex": false}],
        "specific": [{"field_name": "id", "target_name": "Id"}, {"field_name": "gone", "target_name": "x"}]}"#;
    let job = Job::new("FieldRename", options, vec![table("fake")]).unwrap();
    assert_eq!(
        column_names(&job.tables()[0]),
        ["Id", "n_m__x", "town_x", "_g__x"]
    );
}

#[test]
fn field_rename_refuses_two_columns_of_one_name_and_doing_nothing() {
    let twins = r#"{"replacements_with_regex": [{"replace_from": ".+", "replace_to": "same"}]}"#;
    let report = refusal("FieldRename", twins, vec![table("fake")]);
    assert!(report.contains("two columns `same`"), "{report}");
    let report = refusal("FieldRename", "{}", vec![table("fake")]);
    assert!(report.contains("`convert_case`"), "{report}");
    let report = refusal(
        "FieldRename",
        r#"{"convert_case": "UPER"}"#,
        vec![table("fake")],
    );
    assert!(report.contains("did you mean UPPER"), "{report}");
    let pattern = r#"{"replacements_with_regex": [{"replace_from": "(", "replace_to": "x"}]}"#;
    let report = refusal("FieldRename", pattern, vec![table("fake")]);
    assert!(report.contains("is not valid"), "{report}");
}

#[test]
fn table_rename_changes_the_table_and_of_database_and_schema_the_case_only() {
    let options = r#"{"convert_case": "UPPER", "prefix": "CDC_", "suffix": "_TABLE",
        "replacements_with_regex": [{"replace_from": "user", "replace_to": "U"}]}"#;
    let tables = vec![table("source.public.user_shop"), table("orders")];
    let job = Job::new("TableRename", options, tables).unwrap();
    assert_eq!(
        paths(&job),
        ["SOURCE.PUBLIC.CDC_U_SHOP_TABLE", "CDC_ORDERS_TABLE"]
    );
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(
        out[0].table().path().to_string(),
        "SOURCE.PUBLIC.CDC_U_SHOP_TABLE"
    );
    assert_eq!(out[0].num_rows(), 3);
    assert_eq!(out[0].row(2).kind(), RowKind::Delete);
    assert_eq!(
        names(out[0].table()),
        "id,name,city,age",
        "columns and keys stay"
    );
    assert!(out[0].table().schema().primary_key.is_some());
}

#[test]
fn table_rename_refuses_one_name_for_tables_with_different_columns() {
    let options = r#"{"replacements_with_regex": [{"replace_from": ".+", "replace_to": "all"}]}"#;
    let tables = vec![table("db.a"), table_of("db.b", &[("id", "int")])];
    let report = refusal("TableRename", options, tables);
    assert!(
        report.contains("two tables db.all with different columns"),
        "{report}"
    );
    // With the same columns they are one table.
    let job = Job::new("TableRename", options, vec![table("db.a"), table("db.b")]).unwrap();
    assert_eq!(paths(&job), ["db.all"]);
}

#[test]
fn table_merge_makes_the_tables_that_match_one() {
    let options =
        r#"{"table_match_regex": "source.user_.*", "database": "user_db", "table": "user_all"}"#;
    let tables = vec![
        table("source.user_1"),
        table_of("source.shop", &[("id", "int")]),
        table("source.user_2"),
    ];
    let job = Job::new("TableMerge", options, tables).unwrap();
    assert_eq!(paths(&job), ["user_db.user_all", "source.shop"]);
    let one = job.run(rows(&job.inputs[0])).unwrap();
    let two = job.run(rows(&job.inputs[2])).unwrap();
    let other = job
        .run(batch_of(&job.inputs[1], &[vec![Value::Int(1)]]))
        .unwrap();
    assert!(std::sync::Arc::ptr_eq(one[0].table(), two[0].table()));
    assert!(std::sync::Arc::ptr_eq(one[0].table(), &job.tables()[0]));
    assert_eq!(two[0].row(1).values()[1], text("May Ding"));
    assert_eq!(other[0].table().path().to_string(), "source.shop");
}

#[test]
fn table_merge_refuses_tables_with_different_columns() {
    let tables = vec![table("a"), table_of("b", &[("id", "bigint")])];
    let report = refusal("TableMerge", r#"{"table": "all"}"#, tables);
    assert!(
        report.contains("tables a and b can't be merged"),
        "{report}"
    );
    assert!(report.contains("id bigint"), "{report}");
    let report = refusal("TableMerge", r#"{"database": "x"}"#, vec![table("a")]);
    assert!(report.contains("needs the option `table`"), "{report}");
}

#[test]
fn table_filter_lets_tables_pass_by_patterns_of_whole_names() {
    let tables = || {
        vec![
            table("test.user_1"),
            table("test.user_x"),
            table("prod.user_2"),
            table("shop"),
        ]
    };
    for (options, expected) in [
        (
            r#"{"database_pattern": "test", "table_pattern": "user_\\d+"}"#,
            vec!["test.user_1"],
        ),
        (
            r#"{"database_pattern": "test", "table_pattern": "user_\\d+", "pattern_mode": "EXCLUDE"}"#,
            vec!["test.user_x", "prod.user_2", "shop"],
        ),
        (r#"{"table_pattern": "user"}"#, vec![]),
        (
            r#"{}"#,
            vec!["test.user_1", "test.user_x", "prod.user_2", "shop"],
        ),
        (
            r#"{"table_match_regex": "test\\..*", "table_pattern": "user_x"}"#,
            vec!["test.user_x", "prod.user_2", "shop"],
        ),
    ] {
        match Job::new("TableFilter", options, tables()) {
            Ok(job) => {
                assert_eq!(paths(&job), expected, "{options}");
                let passed = job.run(rows(&job.inputs[0])).unwrap().len();
                assert_eq!(passed, usize::from(expected.contains(&"test.user_1")));
            }
            Err(error) => {
                assert!(expected.is_empty(), "{options}: {error}");
                assert!(error.report().contains("lets no table pass"), "{error}");
            }
        }
    }
}

#[test]
fn metadata_adds_what_is_known_of_rows() {
    let options = r#"{"metadata_fields": {"Database": "db", "RowKind": "op", "Table": "tab", "Partition": "part"}}"#;
    let partitioned = table("shop.orders");
    let partitioned = (*partitioned)
        .clone()
        .with_partition_keys(vec!["city".into(), "age".into()]);
    let job = Job::new(
        "Metadata",
        options,
        vec![partitioned.into(), table("plain")],
    )
    .unwrap();
    assert_eq!(names(&job.tables()[0]), "id,name,city,age,db,op,tab,part");
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(
        out[0].row(2).values()[4..],
        [text("shop"), text("-D"), text("orders"), text("Rome,22")]
    );
    assert_eq!(out[0].row(0).values()[5], text("+I"));
    assert_eq!(out[0].row(2).kind(), RowKind::Delete, "kinds stay");
    let out = job.run(rows(&job.inputs[1])).unwrap();
    assert_eq!(
        out[0].row(0).values()[4..],
        [Value::Null, text("+I"), text("plain"), Value::Null]
    );
}

#[test]
fn metadata_has_what_a_source_tells_of_its_rows_also_behind_other_transforms() {
    let told = (*table("a")).clone();
    let told = Arc::new(told.with_fact("EventTime", DataType::BigInt));
    let times = Arc::new(Int64Array::from(vec![Some(7), None, Some(9)]));
    let batch = rows(&told).with_facts(vec![Fact::each("EventTime", times)]);
    let filter = r#"{"exclude_kinds": ["INSERT"]}"#;
    let filter = Job::new("FilterRowKind", filter, vec![told.clone()]).unwrap();
    let fields = r#"{"include_fields": ["id"]}"#;
    let fields = Job::new("Filter", fields, filter.tables()).unwrap();
    let options = r#"{"metadata_fields": {"EventTime": "at", "Table": "of"}}"#;
    let deletes = filter.run(batch.clone()).unwrap().remove(0);
    let ids = fields.run(deletes).unwrap().remove(0);
    let metadata = Job::new("Metadata", options, fields.tables()).unwrap();
    let out = metadata.run(ids).unwrap();
    assert_eq!(out[0].num_rows(), 1);
    assert_eq!(
        out[0].row(0).values(),
        [Value::Int(3), Value::BigInt(9), text("a")]
    );
    let metadata = Job::new("Metadata", options, vec![told.clone()]).unwrap();
    assert_eq!(
        metadata.tables()[0].columns()[4].data_type,
        DataType::BigInt
    );
    let out = metadata.run(batch).unwrap();
    let times: Vec<Value> = out[0].rows().map(|row| row.get(4)).collect();
    assert_eq!(times, [Value::BigInt(7), Value::Null, Value::BigInt(9)]);
    let error = metadata.run(rows(&told)).unwrap_err().report();
    assert!(error.contains("have lost their `EventTime`"), "{error}");
}

#[test]
fn metadata_says_what_there_is() {
    let report = refusal(
        "Metadata",
        r#"{"metadata_fields": {"table": "t"}}"#,
        vec![table("a")],
    );
    assert!(report.contains("did you mean `Table`?"), "{report}");
    let report = refusal(
        "Metadata",
        r#"{"metadata_fields": {"EventTime": "t"}}"#,
        vec![table("a")],
    );
    assert!(report.contains("bring no `EventTime`"), "{report}");
    let report = refusal(
        "Metadata",
        r#"{"metadata_fields": {"Table": "name"}}"#,
        vec![table("a")],
    );
    assert!(report.contains("two columns `name`"), "{report}");
}

#[test]
fn define_sink_type_says_what_a_sink_is_to_declare() {
    let options = r#"{"columns": [{"column": "name", "type": "nvarchar2(10)"}]}"#;
    let job = Job::new("DefineSinkType", options, vec![table("a")]).unwrap();
    let columns = job.tables()[0].columns().to_vec();
    assert_eq!(columns[1].sink_type.as_deref(), Some("nvarchar2(10)"));
    assert_eq!(columns[1].data_type, DataType::String);
    assert_eq!(columns[0].sink_type, None);
    let out = job.run(rows(&job.inputs[0])).unwrap();
    assert_eq!(out[0].row(0).values(), rows(&job.inputs[0]).row(0).values());
    let report = refusal(
        "DefineSinkType",
        r#"{"columns": [{"column": "nam", "type": "x"}]}"#,
        vec![table("a")],
    );
    assert!(report.contains("did you mean `name`?"), "{report}");
    let report = refusal(
        "DefineSinkType",
        r#"{"columns": [{"column": "name"}]}"#,
        vec![table("a")],
    );
    assert!(report.contains("needs the option `type`"), "{report}");
}

#[test]
fn dynamic_compile_names_what_can_be_used_instead() {
    let options = r#"{"compile_language": "GROOVY", "source_code": "class A {}"}"#;
    let report = refusal("DynamicCompile", options, vec![table("a")]);
    assert!(report.contains("TRANSFORM-10"), "{report}");
    assert!(report.contains("needs a Java virtual machine"), "{report}");
    assert!(report.contains("the Sql transform"), "{report}");
}
