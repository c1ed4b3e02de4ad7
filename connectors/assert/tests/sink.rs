//! Assert as engines see it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::DynSink;
use seatunnel_api::options::{Options, SchemaOption};
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, JobContext, JobMode, Metrics, Registry,
    Result, RowKind, SinkContext, TablePath, TableSchema, TaskContext, Value,
};
use serde_json::{Value as Json, json};

fn job() -> JobContext {
    JobContext {
        id: "1".into(),
        name: "test".into(),
        mode: JobMode::Batch,
    }
}

fn table(path: &str, columns: &[(&str, &str)]) -> Arc<CatalogTable> {
    let columns = columns
        .iter()
        .map(|(name, text)| Column::new(*name, DataType::parse(text).unwrap()))
        .collect();
    let path = TablePath::parse(path, false);
    Arc::new(CatalogTable::new("Test", path, TableSchema::new(columns)))
}

fn batch(table: &Arc<CatalogTable>, rows: &[Json]) -> Batch {
    let mut builder = BatchBuilder::new(table.clone());
    for row in rows {
        let row = ConfigValue::from_json(row);
        let values: Vec<Value> = table
            .columns()
            .iter()
            .zip(row.as_list().unwrap())
            .map(|(column, value)| Value::from_config(value, &column.data_type).unwrap())
            .collect();
        builder.push(RowKind::Delete, &values).unwrap();
    }
    builder.finish()
}

async fn sink(rules: Json, tables: Vec<Arc<CatalogTable>>) -> Result<Arc<dyn DynSink>> {
    let registry = seatunnel_connector_assert::register(Registry::new());
    let config = ConfigValue::from_json(&json!({ "rules": rules }));
    let context = SinkContext {
        job: job(),
        tables,
        config,
    };
    registry.find_sink("assert").unwrap().create(context).await
}

/// Runs a job of as many writers as there are lists of batches.
async fn run(rules: Json, tables: Vec<Arc<CatalogTable>>, writers: &[Vec<Batch>]) -> Result<()> {
    let sink = sink(rules, tables).await?;
    sink.prepare().await?;
    for (subtask, batches) in writers.iter().enumerate() {
        let context = TaskContext {
            job: job(),
            subtask,
            parallelism: writers.len(),
            metrics: Metrics::new(),
            dirty: seatunnel_api::DirtyRows::off(),
        };
        let mut writer = sink.writer(context).await?;
        for (batch, checkpoint) in batches.iter().zip(1..) {
            writer.write(batch.clone()).await?;
            let committables = writer.prepare_commit(checkpoint).await?;
            // Committed again, as after a crash.
            sink.commit(committables.clone()).await?;
            sink.commit(committables).await?;
        }
        writer.close().await?;
    }
    sink.finish().await
}

/// The outcome of one column of one type with these values under one field rule.
async fn field(data_type: &str, values: &[Json], mut rule: Json) -> Result<()> {
    let table = table("t", &[("a", data_type)]);
    rule["field_name"] = json!("a");
    let rows: Vec<Json> = values.iter().map(|v| json!([v])).collect();
    let batches = vec![batch(&table, &rows)];
    run(json!({"field_rules": [rule]}), vec![table], &[batches]).await
}

async fn value(data_type: &str, values: &[Json], rule: Json) -> bool {
    let rule = json!({"field_type": data_type, "field_value": [rule]});
    field(data_type, values, rule).await.is_ok()
}

#[tokio::test]
async fn limits_of_numbers_include_their_end_and_refuse_what_is_no_number() {
    let max = |limit: Json| json!({"rule_type": "MAX", "rule_value": limit});
    let min = |limit: Json| json!({"rule_type": "MIN", "rule_value": limit});
    for data_type in [
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "float",
        "double",
        "decimal(5, 1)",
        "decimal(40, 1)",
    ] {
        assert!(value(data_type, &[json!(1), json!(10)], max(json!(10))).await);
        assert!(!value(data_type, &[json!(1), json!(11)], max(json!(10))).await);
        assert!(value(data_type, &[json!(10)], min(json!("10"))).await);
        assert!(!value(data_type, &[json!(9)], min(json!(10))).await);
    }
    assert!(!value("double", &[json!("nan")], max(json!(10))).await);
    assert!(!value("string", &[json!("1")], max(json!(10))).await);
    assert!(!value("date", &[json!("2024-01-01")], min(json!(0))).await);
}

#[tokio::test]
async fn lengths_count_as_java_counts_them() {
    let max = |limit: u32| json!({"rule_type": "MAX_LENGTH", "rule_value": limit});
    let min = |limit: u32| json!({"rule_type": "MIN_LENGTH", "rule_value": limit});
    assert!(value("string", &[json!("abc")], max(3)).await);
    assert!(!value("string", &[json!("abcd")], max(3)).await);
    assert!(value("string", &[json!("𝒳")], min(2)).await);
    assert!(!value("string", &[json!("ü")], min(2)).await);
    assert!(!value("int", &[json!(12345)], max(4)).await);
    assert!(value("null", &[Json::Null], max(0)).await);
}

#[tokio::test]
async fn a_null_passes_only_where_the_type_is_null() {
    let is_null = json!({"rule_type": "NULL"});
    let not_null = json!({"rule_type": "NOT_NULL"});
    assert!(!value("int", &[Json::Null], is_null.clone()).await);
    assert!(!value("int", &[json!(1), Json::Null], not_null.clone()).await);
    assert!(value("int", &[json!(1)], not_null.clone()).await);
    assert!(value("null", &[Json::Null], is_null.clone()).await);
    assert!(!value("null", &[Json::Null], not_null).await);
    let rule = json!({"field_type": "null", "field_value": [is_null]});
    assert!(field("int", &[Json::Null], rule).await.is_ok());
}

#[tokio::test]
async fn equals_to_compares_values_of_the_columns_type() {
    for (data_type, found, same, other) in [
        ("string", json!("a"), json!("a"), json!("b")),
        ("int", json!(3), json!("3"), json!(4)),
        ("bigint", json!(3), json!(3), json!(4)),
        ("float", json!(3.1), json!(3.1), json!(3.2)),
        ("double", json!(0.0), json!(0.0), json!("-0.0")),
        ("decimal(10, 2)", json!(1.5), json!("1.50"), json!(1.55)),
        (
            "bytes",
            json!("bWlJWmo="),
            json!("bWlJWmo="),
            json!("bWlJWmk="),
        ),
        (
            "timestamp",
            json!("2024-01-01 00:00:00"),
            json!("2024-01-01T00:00:00"),
            json!("2024-01-01T00:00:01"),
        ),
        ("array<int>", json!([1, 2]), json!([1, 2]), json!([2, 1])),
        (
            "map<string, int>",
            json!({"a": 1, "b": 2}),
            json!({"b": 2, "a": 1}),
            json!({"a": 1}),
        ),
        (
            "{x = int, y = {z = string}}",
            json!([1, ["s"]]),
            json!({"x": 1, "y": ["s"]}),
            json!([1, ["t"]]),
        ),
    ] {
        assert!(
            value(
                data_type,
                std::slice::from_ref(&found),
                json!({"equals_to": same})
            )
            .await,
            "{data_type}"
        );
        assert!(
            !value(data_type, &[found], json!({"equals_to": other})).await,
            "{data_type}"
        );
    }
    // What can't be of the type fails when there is a value to compare with.
    assert!(!value("int", &[json!(1)], json!({"equals_to": "x"})).await);
    assert!(
        !value(
            "int",
            &[json!(1)],
            json!({"rule_type": "NOT_NULL", "equals_to": 2})
        )
        .await
    );
}

#[tokio::test]
async fn what_a_rule_lacks_shows_when_the_first_row_comes() {
    let number = json!([{"rule_type": "MAX"}]);
    for rule in [
        json!({"field_value": []}),
        json!({"field_type": "int"}),
        json!({"field_type": "int", "field_value": number}),
        json!({"field_type": "int", "field_value": [{"rule_type": "MIN_ROW", "rule_value": 0}]}),
    ] {
        assert!(field("int", &[], rule.clone()).await.is_ok(), "{rule}");
        assert!(
            field("int", &[json!(1)], rule.clone()).await.is_err(),
            "{rule}"
        );
    }
    let only_type = json!({"field_type": "int", "field_value": []});
    assert!(field("int", &[json!(1)], only_type).await.is_ok());
    let table = table("t", &[("a", "int")]);
    let missing =
        json!({"field_rules": [{"field_name": "b", "field_type": "int", "field_value": []}]});
    let empty = batch(&table, &[]);
    assert!(
        run(missing.clone(), vec![table.clone()], &[vec![empty]])
            .await
            .is_ok()
    );
    let one = batch(&table, &[json!([1])]);
    assert!(run(missing, vec![table], &[vec![one]]).await.is_err());
}

#[tokio::test]
async fn a_broken_rule_names_row_column_and_value() {
    let table = table("db.t", &[("a", "int")]);
    let rule = json!({"field_name": "a", "field_type": "int", "field_value": [{"rule_type": "MAX", "rule_value": 2}]});
    let batches = vec![
        batch(&table, &[json!([1]), json!([2])]),
        batch(&table, &[json!([1]), json!([3])]),
    ];
    let error = run(json!({"field_rules": [rule]}), vec![table], &[batches])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a row breaks the rule MAX 2: the value is 3 (table db.t, row 4, column a int)"
    );
    assert_eq!(error.code().id, "ASSERT-01");
}

#[tokio::test]
async fn rows_are_counted_once_over_all_writers_and_kinds() {
    let table = table("t", &[("a", "int")]);
    let rows =
        |kind: &str, limit: u32| json!({"row_rules": [{"rule_type": kind, "rule_value": limit}]});
    let two = batch(&table, &[json!([1]), json!([2])]);
    let writers = [vec![two.clone(), two.clone()], vec![two]];
    let run = |rules: Json, writers: Vec<Vec<Batch>>| {
        let table = table.clone();
        async move { run(rules, vec![table], &writers).await }
    };
    assert!(run(rows("MIN_ROW", 6), writers.to_vec()).await.is_ok());
    assert!(run(rows("MAX_ROW", 6), writers.to_vec()).await.is_ok());
    assert!(run(rows("MIN_ROW", 7), writers.to_vec()).await.is_err());
    assert!(run(rows("MAX_ROW", 5), writers.to_vec()).await.is_err());
    assert!(run(rows("MIN_ROW", 1), vec![vec![]]).await.is_err());
    // A rule on values says nothing about counts; one without its number can't be kept.
    assert!(run(rows("MAX", 0), writers.to_vec()).await.is_ok());
    assert!(
        run(
            json!({"row_rules": [{"rule_type": "MIN_ROW"}]}),
            vec![vec![]]
        )
        .await
        .is_err()
    );
}

#[tokio::test]
async fn rules_by_table_leave_other_tables_alone() {
    let tables = [
        table("db.a", &[("x", "int")]),
        table("db.b", &[("x", "int")]),
    ];
    let of = |path: &str, max: u32| {
        let value = json!([{"rule_type": "MAX", "rule_value": max}]);
        json!({"table_path": path, "field_rules": [{"field_name": "x", "field_type": "int", "field_value": value}],
               "row_rules": [{"rule_type": "MAX_ROW", "rule_value": 1}]})
    };
    let writers = [vec![
        batch(&tables[0], &[json!([1])]),
        batch(&tables[1], &[json!([5])]),
    ]];
    let outcome = |configs: Json| {
        let (tables, writers) = (tables.to_vec(), writers.clone());
        async move { run(json!({"tables_configs": configs}), tables, &writers).await }
    };
    assert!(outcome(json!([of("db.a", 1), of("db.b", 5)])).await.is_ok());
    assert!(
        outcome(json!([of("db.a", 1), of("db.b", 4)]))
            .await
            .is_err()
    );
    assert!(outcome(json!([of("db.a", 1), of("db.c", 1)])).await.is_ok());
    // The rules of a single table count for all.
    assert!(outcome(json!([of("db.a", 1)])).await.is_err());
    let names = |names: Json| {
        let (tables, writers) = (tables.to_vec(), writers.clone());
        async move { run(json!({ "table-names": names }), tables, &writers).await }
    };
    assert!(names(json!(["db.b", "db.a"])).await.is_ok());
    assert!(names(json!(["db.a"])).await.is_err());
    assert!(names(json!(["db.a", "db.b", "db.c"])).await.is_err());
}

fn declared() -> Arc<CatalogTable> {
    #[derive(Options)]
    struct Declared {
        /// The table.
        schema: SchemaOption,
    }
    let schema = json!({"schema": {
        "table": "test.t",
        "columns": [
            {"name": "id", "type": "bigint", "nullable": false, "comment": "key"},
            {"name": "name", "type": "string", "columnLength": 20, "defaultValue": "x"},
        ],
        "primaryKey": {"name": "pk", "columnNames": ["id"]},
        "constraintKeys": [{"constraintName": "uq", "constraintType": "UNIQUE_KEY",
            "constraintColumns": [{"columnName": "name", "sortType": "DESC"}]}],
    }});
    let declared = Declared::from_config("test", &ConfigValue::from_json(&schema)).unwrap();
    declared.schema.to_table("Fake", None)
}

#[tokio::test]
async fn a_table_is_checked_before_any_row_comes() {
    let columns = json!([
        {"name": "name", "type": "string", "column_length": 20, "default_value": "x"},
        {"name": "id", "type": "bigint", "nullable": false, "comment": "key"},
    ]);
    let constraint = json!([{"constraint_key_name": "uq", "constraint_key_type": "UNIQUE_KEY",
        "constraint_key_columns": [{"constraint_key_column_name": "name", "constraint_key_sort_type": "DESC"}]}]);
    let right = json!({
        "primary_key_rule": {"primary_key_name": "pk", "primary_key_columns": ["id"]},
        "constraint_key_rule": constraint,
        "column_rule": columns,
        "table_identifier_rule": {"catalog_name": "Fake", "table": "test.t"},
    });
    let made = |rule: Json| async move {
        sink(json!({ "catalog_table_rule": rule }), vec![declared()]).await
    };
    assert!(made(right.clone()).await.is_ok());
    for (at, wrong) in [
        ("/primary_key_rule/primary_key_name", json!("other")),
        ("/primary_key_rule/primary_key_columns", json!(["name"])),
        (
            "/constraint_key_rule/0/constraint_key_type",
            json!("INDEX_KEY"),
        ),
        (
            "/constraint_key_rule/0/constraint_key_columns/0/constraint_key_sort_type",
            json!("ASC"),
        ),
        ("/column_rule/0/type", json!("int")),
        ("/column_rule/0/column_length", json!(21)),
        ("/column_rule/0/default_value", json!("y")),
        ("/column_rule/1/nullable", json!(true)),
        ("/column_rule/1/comment", json!("no")),
        ("/column_rule/1/name", json!("nobody")),
        ("/table_identifier_rule/catalog_name", json!("fake")),
        ("/table_identifier_rule/table", json!("test.u")),
    ] {
        let mut rule = right.clone();
        *rule.pointer_mut(at).unwrap() = wrong;
        let error = made(rule)
            .await
            .err()
            .unwrap_or_else(|| panic!("{at} is accepted"));
        assert_eq!(error.code().id, "ASSERT-03", "{at}");
    }
}

#[tokio::test]
async fn rules_that_can_not_be_understood_are_refused() {
    let tables = || vec![table("t", &[("a", "int")])];
    for rules in [
        json!({}),
        json!({"rule_ruls": [{"rule_type": "MAX_ROW", "rule_value": 5}]}),
        json!({"table-names": []}),
        json!([]),
        json!({"row_rules": [{"rule_type": "MAX_ROWS", "rule_value": 5}]}),
        json!({"row_rules": [{"rule_type": "MAX_ROW", "rule_value": "many"}]}),
        json!({"row_rules": {}}),
        json!({"field_rules": [{"field_type": "int"}]}),
        json!({"field_rules": [{"field_name": "a", "field_type": "integr"}]}),
        json!({"tables_configs": [{"row_rules": []}]}),
        json!({"catalog_table_rule": {"primary_key_rule": {"primary_key_name": "pk"}}}),
    ] {
        let error = sink(rules.clone(), tables()).await.err();
        let error = error.unwrap_or_else(|| panic!("{rules} is accepted"));
        assert_eq!(error.code().id, "ASSERT-04", "{rules}");
    }
    // Keys that are not known are left alone.
    let rules = json!({"rule_ruls": [], "field_rules": []});
    assert!(sink(rules, tables()).await.is_ok());
}
