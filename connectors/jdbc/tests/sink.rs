//! What the sink does to tables and rows, and what it says when it can't.

mod common;

use common::{Files, ask, batch, inserts, into, sink, table, task, text, write};
use seatunnel_api::RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
use seatunnel_api::{Guarantee, Result, Value};
use serde_json::{Value as Json, json};

fn row(id: i32, name: &str) -> Vec<Value> {
    vec![Value::Int(id), text(name)]
}

/// Writes rows 1 and 2 into `t` with these options.
async fn put_two(files: &Files, more: Json) -> Result<()> {
    let t = table(&[("id", "int"), ("name", "string")], &["id"]);
    let sink = sink(into(&files.url("a.db"), more), std::slice::from_ref(&t)).await?;
    write(&sink, vec![inserts(&t, vec![row(1, "new"), row(2, "new")])]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_key_are_applied_in_order() {
    for more in [
        json!({}),
        json!({"enable_upsert": false}),
        json!({"support_upsert_by_query_primary_key_exist": true}),
        json!({"support_upsert_by_insert_only": true}),
        json!({"batch_size": 1}),
    ] {
        let files = Files::new();
        let t = table(&[("id", "int"), ("name", "string")], &["id"]);
        let sink = sink(
            into(&files.url("a.db"), more.clone()),
            std::slice::from_ref(&t),
        )
        .await
        .unwrap();
        let batches = vec![
            batch(
                &t,
                &[
                    (Insert, row(1, "a")),
                    (Insert, row(2, "a")),
                    (UpdateBefore, row(1, "a")),
                    (UpdateAfter, row(1, "b")),
                    (Delete, row(2, "a")),
                    (Insert, row(2, "c")),
                    // The key itself changes.
                    (UpdateBefore, row(2, "c")),
                    (UpdateAfter, row(3, "c")),
                    (Insert, row(4, "a")),
                    (UpdateBefore, row(4, "a")),
                ],
            ),
            batch(
                &t,
                &[
                    (UpdateAfter, row(4, "d")),
                    (Insert, row(5, "a")),
                    (Delete, row(5, "a")),
                ],
            ),
        ];
        write(&sink, batches).await.unwrap();
        let stored = ask(&files.open("a.db"), "SELECT * FROM t ORDER BY id");
        assert_eq!(stored, ["1|b", "3|c", "4|d"], "{more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_replaces_rows_and_says_so() {
    let files = Files::new();
    let db = files.database(
        "a.db",
        "CREATE TABLE t (ID INTEGER PRIMARY KEY, name TEXT, other TEXT);
         INSERT INTO t VALUES (1, 'old', 'kept'), (9, 'old', 'kept');",
    );
    put_two(&files, json!({})).await.unwrap();
    assert_eq!(
        ask(&db, "SELECT * FROM t"),
        ["1|new|kept", "2|new|null", "9|old|kept"]
    );

    let t = table(&[("id", "int")], &["id"]);
    let plain = table(&[("id", "int")], &[]);
    let url = files.url("a.db");
    let keyed = sink(into(&url, json!({})), &[t]).await.unwrap();
    assert!(matches!(keyed.guarantee(), Guarantee::Idempotent(_)));
    let plain = sink(into(&url, json!({})), &[plain]).await.unwrap();
    assert_eq!(plain.guarantee(), Guarantee::AtLeastOnce);
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_save_modes() {
    let files = Files::new();
    let mode = |mode: &str| json!({"schema_save_mode": mode});
    for absent in ["ERROR_WHEN_SCHEMA_NOT_EXIST", "IGNORE"] {
        let error = put_two(&files, mode(absent)).await.unwrap_err();
        assert_eq!(error.code().id, "API-11", "{error}");
    }
    put_two(&files, mode("CREATE_SCHEMA_WHEN_NOT_EXIST"))
        .await
        .unwrap();
    for present in [
        "CREATE_SCHEMA_WHEN_NOT_EXIST",
        "ERROR_WHEN_SCHEMA_NOT_EXIST",
        "IGNORE",
    ] {
        put_two(&files, mode(present)).await.unwrap();
    }
    let db = files.open("a.db");
    db.execute_batch("ALTER TABLE t ADD COLUMN more TEXT; INSERT INTO t VALUES (3, 'x', 'y')")
        .unwrap();
    put_two(&files, mode("RECREATE_SCHEMA")).await.unwrap();
    assert_eq!(ask(&db, "SELECT * FROM t"), ["1|new", "2|new"]);
    let created = ask(&db, "SELECT sql FROM sqlite_schema WHERE name = 't'").remove(0);
    assert_eq!(
        created,
        "CREATE TABLE `t` (\n  `id` INTEGER NOT NULL,\n  `name` TEXT,\n  PRIMARY KEY (`id`)\n)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn data_save_modes() {
    let files = Files::new();
    let db = files.database("a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    let names = || ask(&db, "SELECT group_concat(name) FROM t").remove(0);
    put_two(&files, json!({"data_save_mode": "ERROR_WHEN_DATA_EXISTS"}))
        .await
        .unwrap();
    let error = put_two(&files, json!({"data_save_mode": "ERROR_WHEN_DATA_EXISTS"}))
        .await
        .unwrap_err();
    assert_eq!(error.code().id, "API-10", "{error}");
    db.execute_batch("UPDATE t SET name = 'old'; INSERT INTO t VALUES (3, 'old')")
        .unwrap();
    put_two(&files, json!({"data_save_mode": "APPEND_DATA"}))
        .await
        .unwrap();
    assert_eq!(names(), "new,new,old");
    let custom = json!({
        "data_save_mode": "CUSTOM_PROCESSING",
        "custom_sql": "DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (4, 'custom');",
    });
    put_two(&files, custom).await.unwrap();
    assert_eq!(names(), "new,new,custom");
    put_two(&files, json!({"data_save_mode": "DROP_DATA"}))
        .await
        .unwrap();
    assert_eq!(names(), "new,new");
    let error = put_two(&files, json!({"data_save_mode": "CUSTOM_PROCESSING"}))
        .await
        .unwrap_err();
    assert!(error.report().contains("custom_sql"), "{}", error.report());
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_of_columns_are_told_at_once_and_before_anything_is_changed() {
    let files = Files::new();
    let db = files.database(
        "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, nmae TEXT, must TEXT NOT NULL,
                         twice INT AS (id * 2));
         INSERT INTO t (id, must) VALUES (7, 'x')",
    );
    let t = table(
        &[
            ("id", "int"),
            ("name", "string"),
            ("price", "double"),
            ("twice", "int"),
        ],
        &["id"],
    );
    let options = into(&files.url("a.db"), json!({"data_save_mode": "DROP_DATA"}));
    let sink = sink(options, &[t]).await.unwrap();
    for error in [
        sink.check().await.unwrap_err(),
        sink.prepare().await.unwrap_err(),
    ] {
        let told = error.to_string();
        for part in [
            "no column `name`, did you mean `nmae`?",
            "no column `price`;",
            "`twice` is computed",
            "no column `must`, which must not be null",
        ] {
            assert!(told.contains(part), "{told}");
        }
    }
    assert_eq!(ask(&db, "SELECT count(*) FROM t"), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_statement_takes_columns_by_place_or_by_name() {
    let files = Files::new();
    let db = files.database("a.db", "CREATE TABLE other (a TEXT, b INT)");
    let t = table(&[("id", "int"), ("name", "string")], &[]);
    for (query, expected) in [
        ("INSERT INTO other (b, a) VALUES (?, ?);", Ok("n|1")),
        (
            "INSERT INTO other (a, b) VALUES (:name || '!', :ID + 1)",
            Ok("n!|2"),
        ),
        (
            "INSERT INTO other (a) VALUES (?)",
            Err("has 1 parameters, the rows have 2 columns"),
        ),
        (
            "INSERT INTO other (a) VALUES (:nam)",
            Err("no column `nam`"),
        ),
        ("INSERT INTO other (a) VALUES (1)", Err("no parameters")),
        (
            "INSERT INTO others VALUES (?, ?)",
            Err("no such table: others"),
        ),
    ] {
        db.execute_batch("DELETE FROM other").unwrap();
        let options = json!({"url": files.url("a.db"), "query": query});
        let sink = sink(options, std::slice::from_ref(&t)).await.unwrap();
        match (
            write(&sink, vec![inserts(&t, vec![row(1, "n")])]).await,
            expected,
        ) {
            (Ok(()), Ok(stored)) => assert_eq!(ask(&db, "SELECT * FROM other"), [stored]),
            (Err(error), Err(told)) => assert!(error.to_string().contains(told), "{error}"),
            (result, _) => panic!("{query}: {result:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_need_a_key_are_refused_without_one() {
    let files = Files::new();
    let t = table(&[("id", "int"), ("name", "string")], &[]);
    let sink = sink(
        into(&files.url("a.db"), json!({})),
        std::slice::from_ref(&t),
    )
    .await
    .unwrap();
    let rows = batch(&t, &[(Insert, row(1, "a")), (Delete, row(1, "a"))]);
    let error = write(&sink, vec![rows]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a row of kind DELETE can't be applied without a key (table t, values id=1, name=a)"
    );
    assert_eq!(ask(&files.open("a.db"), "SELECT count(*) FROM t"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_constraint_names_the_row_and_leaves_nothing_of_the_transaction() {
    let files = Files::new();
    let db = files.database(
        "a.db",
        "CREATE TABLE t (id INT, name TEXT CONSTRAINT short CHECK (length(name) < 9))",
    );
    let t = table(&[("id", "int"), ("name", "string")], &[]);
    let rows = |bad: i32| {
        let name = move |i| if i == bad { "much too long" } else { "ok" };
        (0..5_000).map(|i| row(i, name(i))).collect::<Vec<_>>()
    };
    let sink = sink(
        into(&files.url("a.db"), json!({})),
        std::slice::from_ref(&t),
    )
    .await
    .unwrap();
    let error = write(&sink, vec![inserts(&t, rows(4_321))])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "CHECK constraint failed: short (constraint CHECK short, sqlite_code 275, table t, \
         row 4322, values id=4321, name=much too long)"
    );
    assert_eq!(ask(&db, "SELECT count(*) FROM t"), ["0"]);
    write(&sink, vec![inserts(&t, rows(-1))]).await.unwrap();
    assert_eq!(ask(&db, "SELECT count(*) FROM t"), ["5000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_writers_of_two_sinks_take_turns() {
    let files = Files::new();
    let url = files.url("deep/down/a.db");
    let t = table(&[("id", "int"), ("name", "string")], &["id"]);
    let options = |name: &str| into(&url, json!({"table": name, "batch_size": 100}));
    let sinks = [
        sink(options("x"), std::slice::from_ref(&t)).await.unwrap(),
        sink(options("y"), std::slice::from_ref(&t)).await.unwrap(),
    ];
    let mut writing = Vec::new();
    for sink in &sinks {
        sink.prepare().await.unwrap();
        for subtask in 0..4 {
            let (sink, t) = (sink.clone(), t.clone());
            writing.push(tokio::spawn(async move {
                let mut writer = sink.writer(task()).await.unwrap();
                for part in 0..50 {
                    let first = (subtask * 50 + part) * 100;
                    let rows = (first..first + 100).map(|i| row(i, "n")).collect();
                    writer.write(inserts(&t, rows)).await.unwrap();
                }
                writer.prepare_commit(1).await.unwrap();
                writer.close().await.unwrap();
            }));
        }
    }
    for one in writing {
        one.await.unwrap();
    }
    for sink in &sinks {
        sink.finish().await.unwrap();
    }
    let db = files.open("deep/down/a.db");
    assert_eq!(ask(&db, "SELECT count(*), max(id) FROM x"), ["20000|19999"]);
    assert_eq!(ask(&db, "SELECT count(*), max(id) FROM y"), ["20000|19999"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_follow_prefix_suffix_placeholders_and_case() {
    let t = table(&[("Id", "int"), ("Name", "string")], &["Id"]);
    for (more, expected) in [
        (json!({"tablePrefix": "a_", "tableSuffix": "_z"}), "a_t_z"),
        (
            json!({"table": "copy_of_${table_name}", "tablePrefix": "p"}),
            "copy_of_pt",
        ),
        (json!({"table": "fixed", "tablePrefix": "p"}), "fixed"),
        (json!({"table": "main.fixed", "database": "d"}), "fixed"),
        (
            json!({"table": "d.fixed", "database": "d", "field_ide": "UPPERCASE"}),
            "FIXED",
        ),
    ] {
        let files = Files::new();
        let upper = more.get("field_ide").is_some();
        let sink = sink(into(&files.url("a.db"), more), std::slice::from_ref(&t))
            .await
            .unwrap();
        write(&sink, vec![inserts(&t, vec![row(1, "n")])])
            .await
            .unwrap();
        let db = files.open("a.db");
        let found = ask(&db, "SELECT name FROM sqlite_schema WHERE type = 'table'");
        assert_eq!(found, [expected]);
        let columns = ask(
            &db,
            &format!("SELECT name FROM pragma_table_info('{expected}')"),
        );
        assert_eq!(
            columns,
            if upper {
                ["ID", "NAME"]
            } else {
                ["Id", "Name"]
            }
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_written_to_is_named() {
    let files = Files::new();
    std::fs::write(
        files.path("text.db"),
        "plain text, not a database at all\n".repeat(9),
    )
    .unwrap();
    std::fs::create_dir(files.path("directory")).unwrap();
    for (file, expected) in [
        ("text.db", "is not a SQLite database"),
        ("directory", "is a directory"),
        ("text.db/a.db", "can't be made"),
    ] {
        let t = table(&[("id", "int")], &[]);
        let sink = sink(into(&files.url(file), json!({})), &[t]).await.unwrap();
        let error = sink.prepare().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(sink.check().await.is_err());
    }
    let t = table(&[("d", "double")], &[]);
    let sink = sink(
        into(&files.url("a.db"), json!({})),
        std::slice::from_ref(&t),
    )
    .await
    .unwrap();
    let rows = vec![vec![Value::Double(1.0)], vec![Value::Double(f64::NAN)]];
    let error = write(&sink, vec![inserts(&t, rows)]).await.unwrap_err();
    assert!(error.to_string().contains("NaN"), "{error}");
    assert!(error.to_string().contains("column d"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told() {
    let files = Files::new();
    let t = table(&[("name", "string")], &[]);
    let sink = sink(
        into(&files.url("a.db"), json!({})),
        std::slice::from_ref(&t),
    )
    .await
    .unwrap();
    sink.prepare().await.unwrap();
    // SQLite tells a file that has reached its largest size as it tells a full disk.
    let options = into(
        &format!("{}?max_page_count=20", files.url("a.db")),
        json!({}),
    );
    let limited = common::sink(options, std::slice::from_ref(&t))
        .await
        .unwrap();
    let rows = (0..2_000)
        .map(|i| vec![text(&format!("{i:0>100}"))])
        .collect();
    let error = write(&limited, vec![inserts(&t, rows)]).await.unwrap_err();
    assert_eq!(error.code().id, "JDBC-09", "{error}");
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(ask(&files.open("a.db"), "SELECT count(*) FROM t"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_another_process_ends_and_can_be_tried_again() {
    let files = Files::new();
    let other = files.database("a.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (id INT)");
    let t = table(&[("id", "int")], &[]);
    let options = into(
        &files.url("a.db"),
        json!({"connection_check_timeout_sec": 0}),
    );
    let sink = sink(options, std::slice::from_ref(&t)).await.unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = write(&sink, vec![inserts(&t, vec![vec![Value::Int(1)]])])
        .await
        .unwrap_err();
    assert!(
        error.is_retryable() && error.code().id == "JDBC-10",
        "{error}"
    );
    other.execute_batch("COMMIT").unwrap();
    write(&sink, vec![inserts(&t, vec![vec![Value::Int(1)]])])
        .await
        .unwrap();
    assert_eq!(ask(&other, "SELECT * FROM t"), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_key_of_the_rows_replaces_rows_and_may_hold_nulls() {
    use seatunnel_api::{CatalogTable, ConstraintKey, ConstraintKind, SortOrder};
    let files = Files::new();
    let plain = table(&[("id", "int"), ("name", "string")], &[]);
    let mut schema = plain.schema().clone();
    schema.constraint_keys = vec![ConstraintKey {
        name: "u".to_owned(),
        kind: ConstraintKind::Unique,
        columns: vec![("id".to_owned(), SortOrder::Asc)],
    }];
    let t = std::sync::Arc::new(CatalogTable::new("test", plain.path().clone(), schema));
    let sink = sink(
        into(&files.url("a.db"), json!({})),
        std::slice::from_ref(&t),
    )
    .await
    .unwrap();
    let none = |name: &str| vec![Value::Null, text(name)];
    let rows = [
        (Insert, row(1, "a")),
        (Insert, row(1, "b")),
        (Insert, none("c")),
        (Insert, none("d")),
        (Insert, row(2, "e")),
        (Delete, row(2, "e")),
    ];
    write(&sink, vec![batch(&t, &rows)]).await.unwrap();
    let stored = ask(&files.open("a.db"), "SELECT * FROM t ORDER BY name");
    assert_eq!(stored, ["1|b", "null|c", "null|d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_unique_key_is_told_before_rows_are_written() {
    let files = Files::new();
    let db = files.database("a.db", "CREATE TABLE t (id INT, name TEXT)");
    let asked = json!({"primary_keys": ["id"]});
    let error = put_two(&files, asked).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no primary or unique key on (id)"),
        "{error}"
    );
    let looking = json!({"support_upsert_by_query_primary_key_exist": true});
    for _ in 0..2 {
        put_two(&files, looking.clone()).await.unwrap();
    }
    assert_eq!(ask(&db, "SELECT * FROM t"), ["1|new", "2|new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_added_where_nobody_insists_on_a_key() {
    for (table_there, options) in [
        (true, json!({})),
        (false, json!({"create_index": false})),
        (
            false,
            json!({"create_index": false, "primary_keys": ["id"]}),
        ),
    ] {
        let files = Files::new();
        if table_there {
            files.database("a.db", "CREATE TABLE t (id INT, name TEXT)");
        }
        let t = table(&[("id", "int"), ("name", "string")], &["id"]);
        let sink = sink(into(&files.url("a.db"), options), std::slice::from_ref(&t))
            .await
            .unwrap();
        let rows = [
            (Insert, row(1, "a")),
            (Insert, row(1, "again")),
            (Insert, row(2, "b")),
            (Delete, row(2, "b")),
        ];
        write(&sink, vec![batch(&t, &rows)]).await.unwrap();
        assert_eq!(sink.guarantee(), Guarantee::AtLeastOnce);
        let stored = ask(&files.open("a.db"), "SELECT * FROM t ORDER BY name");
        assert_eq!(stored, ["1|a", "1|again"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_can_not_be_made_anew_stays_as_it_is() {
    let files = Files::new();
    let db = files.database("a.db", "CREATE TABLE t (id INT); INSERT INTO t VALUES (7)");
    // SQLite takes the two columns for one.
    let t = table(&[("id", "int"), ("ID", "int")], &["id"]);
    let options = json!({"schema_save_mode": "RECREATE_SCHEMA"});
    let sink = sink(into(&files.url("a.db"), options), std::slice::from_ref(&t))
        .await
        .unwrap();
    let error = sink.prepare().await.unwrap_err();
    assert!(error.to_string().contains("duplicate column"), "{error}");
    assert_eq!(ask(&db, "SELECT * FROM t"), ["7"]);
}
