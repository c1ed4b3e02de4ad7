//! What becomes of the table before the first row.

use std::sync::Arc;

use seatunnel_api::{
    CatalogTable, Column, ConstraintKey, ConstraintKind, DataType, PrimaryKey, SortOrder,
    TablePath, TableSchema, Value,
};
use serde_json::json;

use super::support::*;

fn t() -> Arc<CatalogTable> {
    table("t", &[("id", "bigint")], &["id"])
}

const FILLED: &str =
    "create table t (id bigint primary key, more text); insert into t values (100)";

#[tokio::test]
async fn tables_are_made_anew_created_or_asked_for() {
    let (t, db) = (t(), database());
    for (mode, there, result) in [
        ("RECREATE_SCHEMA", true, Ok("3")),
        ("RECREATE_SCHEMA", false, Ok("3")),
        ("CREATE_SCHEMA_WHEN_NOT_EXIST", true, Ok("4")),
        ("CREATE_SCHEMA_WHEN_NOT_EXIST", false, Ok("3")),
        ("ERROR_WHEN_SCHEMA_NOT_EXIST", true, Ok("4")),
        ("ERROR_WHEN_SCHEMA_NOT_EXIST", false, Err("API-11")),
        ("IGNORE", true, Ok("4")),
        ("IGNORE", false, Err("API-11")),
    ] {
        db.sql("drop table if exists t");
        if there {
            db.sql(FILLED);
        }
        let options = json!({"schema_save_mode": mode});
        let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
        let checked = sink.check().await;
        let done = run(&sink, vec![numbers(&t, 0..3)]).await;
        match result {
            Ok(rows) => {
                checked.unwrap();
                done.unwrap();
                assert_eq!(db.sql("select count(*) from t"), rows, "{mode} {there}");
            }
            Err(code) => {
                assert_eq!(checked.unwrap_err().code().id, code);
                assert_eq!(done.unwrap_err().code().id, code, "{mode} {there}");
            }
        }
    }
}

#[tokio::test]
async fn rows_are_dropped_kept_refused_or_left_to_the_user() {
    let (t, db) = (t(), database());
    for (options, result) in [
        (json!({"data_save_mode": "DROP_DATA"}), Ok("3|2")),
        (json!({"data_save_mode": "APPEND_DATA"}), Ok("4|100")),
        (
            json!({"data_save_mode": "ERROR_WHEN_DATA_EXISTS"}),
            Err("API-10"),
        ),
        (
            json!({
                "data_save_mode": "CUSTOM_PROCESSING",
                "custom_sql": "insert into t values (200); insert into t values (300)"
            }),
            Ok("6|300"),
        ),
        (
            json!({"data_save_mode": "CUSTOM_PROCESSING", "custom_sql": "delete from t where nothing"}),
            Err("JDBC-05"),
        ),
    ] {
        db.sql(&format!("drop table if exists t; {FILLED}"));
        let sink = sink(&db, options.clone(), std::slice::from_ref(&t)).unwrap();
        let done = run(&sink, vec![numbers(&t, 0..3)]).await;
        match result {
            Ok(rows) => {
                done.unwrap();
                assert_eq!(db.sql("select count(*), max(id) from t"), rows, "{options}");
            }
            Err(code) => {
                let error = done.unwrap_err();
                assert_eq!(error.code().id, code, "{}", error.report());
                assert_eq!(db.sql("select count(*) from t"), "1");
            }
        }
    }
}

#[tokio::test]
async fn a_created_table_has_keys_indexes_comments_and_its_schema() {
    let db = database();
    let mut name = Column::new("name", DataType::String).not_null();
    name.length = Some(10);
    name.comment = Some("it's a name".to_owned());
    name.default_value = Some("'x'".to_owned());
    let mut schema = TableSchema::new(vec![Column::new("id", DataType::Int), name]);
    schema.primary_key = Some(PrimaryKey {
        name: "pk".to_owned(),
        columns: vec!["id".to_owned()],
    });
    schema.constraint_keys = vec![
        ConstraintKey {
            name: "u".to_owned(),
            kind: ConstraintKind::Unique,
            columns: vec![("name".to_owned(), SortOrder::Asc)],
        },
        ConstraintKey {
            name: "i".to_owned(),
            kind: ConstraintKind::Index,
            columns: vec![("name".to_owned(), SortOrder::Desc)],
        },
    ];
    let path = TablePath {
        database: Some("elsewhere".to_owned()),
        schema: Some("new schema".to_owned()),
        table: "T".to_owned(),
    };
    let like = CatalogTable::new("test", path, schema).with_comment(Some("all of it".to_owned()));
    let like = Arc::new(like);
    let sink = sink(&db, json!({}), std::slice::from_ref(&like)).unwrap();
    let rows = vec![vec![Value::Int(1), text("a")]];
    run(&sink, vec![inserts(&like, rows)]).await.unwrap();
    assert_eq!(db.sql("select * from \"new schema\".\"T\""), "1|a");
    assert_eq!(
        db.sql(
            "select count(*), count(*) filter (where indisunique), count(*) filter (where indisprimary)
             from pg_index where indrelid = '\"new schema\".\"T\"'::regclass"
        ),
        "3|2|1"
    );
    assert_eq!(
        db.sql("select obj_description('\"new schema\".\"T\"'::regclass), col_description('\"new schema\".\"T\"'::regclass, 2)"),
        "all of it|it's a name"
    );
    let spelled = sink_spelled(&db, &like);
    let spelled = spelled.unwrap();
    run(&spelled, vec![]).await.unwrap();
    assert_eq!(
        db.sql("select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = '\"new schema\".pre_t_post'::regclass and attnum > 0"),
        "id,name"
    );
}

#[tokio::test]
async fn a_table_of_postgres_keeps_its_types_in_another() {
    let db = database();
    db.sql(
        "create extension if not exists hstore;
         create type mood as enum ('sad', 'it''s');
         create type pair as (a int, b text);
         create table t (id int primary key, a mood, b mood[], c pair, d hstore, e bit(5), f varbit(9), g varchar(7),
                         h char(3), i int[][], j uuid, k interval, l name, m numeric(9, 3), n point);
         insert into t values (1, 'it''s', '{sad,NULL}', '(1,x)', 'k=>v', '10101', '101', 'seven', 'ab', '{{1,2},{3,4}}',
                               gen_random_uuid(), '1 day', 'nm', 1.5, '(1,2)');
         insert into t values (2)",
    );
    let shape = |name: &str| {
        db.sql(&format!(
            "select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
             from pg_attribute where attrelid = '{name}'::regclass and attnum > 0"
        ))
    };
    for (name, more, another) in [
        ("u", json!({"table_path": "public.t"}), ""),
        (
            "v",
            json!({"query": "select * from t", "table_path": "public.t"}),
            "",
        ),
        // What is known of a result has no names of its digits.
        ("w", json!({"query": "select * from t"}), "numeric(9,3)"),
    ] {
        let (like, batches) = read(&db, more).await;
        let sink = sink(&db, json!({"table": name}), &[like]).unwrap();
        run(&sink, batches).await.unwrap();
        let wanted = shape("t");
        let wanted = match another {
            "" => wanted,
            known => wanted.replace(known, "numeric"),
        };
        assert_eq!(
            shape(name).replace("bpchar(3)", "character(3)"),
            wanted,
            "{name}"
        );
        let different = format!("select t::text from t except select {name}::text from {name}");
        assert_eq!(db.sql(&different), "", "{name}");
    }
    // A server that does not have them.
    let (like, batches) = read(&db, json!({"table_path": "public.t"})).await;
    let other = database();
    let sink = sink(&other, json!({"table": "t"}), &[like]).unwrap();
    run(&sink, batches).await.unwrap();
    assert_eq!(
        other
            .sql("select a, b, c, d, pg_typeof(a), pg_typeof(b), pg_typeof(d) from t where id = 1"),
        "it's|{sad,NULL}|(1,x)|\"k\"=>\"v\"|text|text[]|text"
    );
}

fn sink_spelled(
    db: &seatunnel_jdbc_testkit::Database,
    like: &Arc<CatalogTable>,
) -> seatunnel_api::Result<Arc<dyn seatunnel_api::erased::DynSink>> {
    let options = json!({"field_ide": "LOWERCASE", "tablePrefix": "pre_", "tableSuffix": "_post"});
    sink(db, options, std::slice::from_ref(like))
}

#[tokio::test]
async fn rows_that_do_not_fit_are_refused_before_anything_is_deleted() {
    let db = database();
    db.sql(
        "create table t (id bigint primary key, other int not null); insert into t values (1, 1)",
    );
    let t = table("t", &[("id", "bigint"), ("nam", "string")], &["id"]);
    let options = json!({"data_save_mode": "DROP_DATA"});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    let error = sink.prepare().await.unwrap_err();
    assert_eq!(error.code().id, "JDBC-07");
    assert_eq!(db.sql("select count(*) from t"), "1");
    assert!(sink.check().await.is_err());
}

#[tokio::test]
async fn values_with_no_way_into_their_column_are_refused_before_anything_is_written() {
    let db = database();
    db.sql("create table t (id bytea)");
    let t = table("t", &[("id", "array<array<int>>")], &[]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    let error = sink.prepare().await.unwrap_err();
    assert!(error.report().contains("column: id"), "{}", error.report());
}

#[tokio::test]
async fn targets_can_be_read_back() {
    let db = database();
    db.sql("create table one (id bigint primary key, name text)");
    let tables = [
        table("a", &[("id", "bigint"), ("name", "string")], &["id"]),
        table("b.c", &[("id", "bigint"), ("name", "string")], &["id"]),
    ];
    for (options, targets) in [
        (json!({"table": "one"}), [".public.one", ".public.one"]),
        (json!({}), [".public.a", ".public.b.c"]),
    ] {
        let sink = sink(&db, options, &tables).unwrap();
        let row = |id| vec![Value::BigInt(id), text("x")];
        let batches = vec![
            inserts(&tables[0], vec![row(1)]),
            inserts(&tables[1], vec![row(2)]),
        ];
        run(&sink, batches).await.unwrap();
        let back = sink.readback().await.unwrap().unwrap();
        assert_eq!(back.len(), 1);
        let found: Vec<_> = back[0]
            .tables
            .iter()
            .map(|t| (t.table.to_string(), t.target.to_string()))
            .collect();
        let expected = [("a", targets[0]), ("b.c", targets[1])]
            .map(|(from, to)| (from.to_owned(), format!("{}{to}", db.name())));
        assert_eq!(found, expected);
        assert!(back[0].source.tables()[0].schema().primary_key.is_some());
    }
    let given = sink(
        &db,
        json!({"query": "insert into one values (?, ?)"}),
        &tables,
    )
    .unwrap();
    assert!(given.readback().await.unwrap().is_none());
    let nowhere = sink(&db, json!({"table": "nowhere"}), &tables).unwrap();
    assert_eq!(nowhere.readback().await.err().unwrap().code().id, "API-11");
}
