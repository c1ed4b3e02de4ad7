//! Rows that replace, change and delete others.

use std::sync::Arc;

use seatunnel_api::{Batch, CatalogTable, Guarantee, RowKind, Value};
use serde_json::{Value as Json, json};

use super::support::*;

fn pair(id: i32, name: &str) -> Vec<Value> {
    vec![Value::Int(id), text(name)]
}

fn t(key: &[&str]) -> Arc<CatalogTable> {
    table("t", &[("id", "int"), ("name", "string")], key)
}

fn changes(of: &Arc<CatalogTable>, rows: &[(RowKind, i32, &str)]) -> Batch {
    let rows: Vec<_> = rows
        .iter()
        .map(|(kind, id, name)| (*kind, pair(*id, name)))
        .collect();
    batch(of, &rows)
}

/// What stands in a table after batches of changes.
async fn after(
    create: &str,
    options: Json,
    key: &[&str],
    batches: &[&[(RowKind, i32, &str)]],
) -> String {
    let db = database();
    db.sql(create);
    let t = t(key);
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    let batches = batches.iter().map(|rows| changes(&t, rows)).collect();
    run(&sink, batches).await.unwrap();
    db.sql("select * from t order by 1, 2")
}

const KEYED: &str = "create table t (id int primary key, name text)";

#[tokio::test]
async fn new_keys_are_copied_and_known_ones_replaced() {
    let filled = "create table t (id int primary key, name text, more int default 7);
                  insert into t values (2, 'old', 1), (9, 'stays', 1)";
    let found = after(
        filled,
        json!({}),
        &["id"],
        &[
            &[(I, 1, "a"), (I, 3, "b")],
            &[(I, 2, "new"), (I, 4, "c")],
            &[(I, 1, "again")],
        ],
    )
    .await;
    // The column that the rows don't have stays as it was.
    assert_eq!(found, "1|again|7\n2|new|1\n3|b|7\n4|c|7\n9|stays|1");
}

#[tokio::test]
async fn of_several_rows_of_a_key_the_last_stands() {
    let found = after(
        KEYED,
        json!({}),
        &["id"],
        &[&[(I, 1, "a"), (I, 1, "b"), (I, 2, "c"), (I, 1, "d")]],
    )
    .await;
    assert_eq!(found, "1|d\n2|c");
}

#[tokio::test]
async fn changes_are_applied_in_their_order() {
    let found = after(
        KEYED,
        json!({}),
        &["id"],
        &[
            &[(I, 1, "a"), (I, 2, "b"), (I, 3, "c"), (I, 5, "e")],
            // 2 becomes 4; 1 changes; 3 goes and comes back; 5 goes.
            &[(B, 2, "b"), (A, 4, "b"), (B, 1, "a"), (A, 1, "A")],
            &[(D, 3, "c"), (I, 3, "C"), (D, 5, "e"), (D, 6, "never there")],
        ],
    )
    .await;
    assert_eq!(found, "1|A\n3|C\n4|b");
}

#[tokio::test]
async fn keys_that_never_change_are_not_looked_for() {
    let found = after(
        KEYED,
        json!({"is_primary_key_updated": false}),
        &["id"],
        &[&[(I, 1, "a"), (B, 1, "a"), (A, 1, "b"), (B, 2, "x")]],
    )
    .await;
    assert_eq!(found, "1|b");
}

#[tokio::test]
async fn an_update_is_not_torn_apart_so_that_nothing_that_hangs_on_the_row_is_lost() {
    let db = database();
    db.sql(
        "create table t (id int primary key, name text);
         create table child (parent int references t on delete cascade);
         insert into t values (1, 'a'); insert into child values (1)",
    );
    let t = t(&["id"]);
    let sink = sink(&db, json!({"batch_size": 1}), std::slice::from_ref(&t)).unwrap();
    let batches = vec![
        changes(&t, &[(I, 2, "x"), (B, 1, "a")]),
        changes(&t, &[(A, 1, "b")]),
    ];
    run(&sink, batches).await.unwrap();
    assert_eq!(db.sql("select * from t order by 1"), "1|b\n2|x");
    assert_eq!(db.sql("select count(*) from child"), "1");
}

#[tokio::test]
async fn without_upsert_rows_are_inserted_and_deleted_in_order() {
    let free = "create table t (id int, name text)";
    let found = after(
        free,
        json!({"enable_upsert": false}),
        &["id"],
        &[
            &[(I, 1, "a"), (I, 1, "b"), (I, 2, "c")],
            &[
                (D, 1, "a"),
                (I, 1, "c"),
                (B, 2, "c"),
                (A, 2, "d"),
                (D, 2, "d"),
                (I, 2, "e"),
            ],
        ],
    )
    .await;
    assert_eq!(found, "1|c\n2|e");
}

#[tokio::test]
async fn insert_only_adds_rows_even_where_keys_are_known() {
    let found = after(
        "create table t (id int, name text); insert into t values (1, 'old')",
        json!({"support_upsert_by_insert_only": true}),
        &["id"],
        &[&[(I, 1, "new")]],
    )
    .await;
    assert_eq!(found, "1|new\n1|old");
}

#[tokio::test]
async fn rows_are_looked_up_where_the_table_has_no_key() {
    let found = after(
        "create table t (id int, name text); insert into t values (1, 'old'), (2, 'gone')",
        json!({"support_upsert_by_query_primary_key_exist": true}),
        &["id"],
        &[
            &[(I, 1, "new"), (I, 3, "a"), (I, 3, "b")],
            &[(D, 2, "gone"), (I, 4, "x"), (I, 3, "c")],
        ],
    )
    .await;
    assert_eq!(found, "1|new\n3|c\n4|x");
}

#[tokio::test]
async fn a_server_without_upsert_is_told_by_compatible_mode() {
    let found = after(
        "create table t (id int, name text); insert into t values (1, 'old')",
        json!({"compatible_mode": "postgresLow"}),
        &["id"],
        &[&[(I, 1, "new"), (I, 2, "x")]],
    )
    .await;
    assert_eq!(found, "1|new\n2|x");
}

#[tokio::test]
async fn a_table_of_nothing_but_its_key_takes_rows_twice() {
    let db = database();
    db.sql("create table t (id bigint primary key); insert into t values (3)");
    let t = table("t", &[("id", "bigint")], &["id"]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    run(&sink, vec![numbers(&t, 0..5)]).await.unwrap();
    assert_eq!(db.sql("select count(*) from t"), "5");
}

#[tokio::test]
async fn keys_that_only_the_server_finds_equal_are_one() {
    let found = after(
        "create table t (id numeric(4, 0), name char(3), primary key (id, name)); insert into t values (1, 'a')",
        json!({}),
        &["id", "name"],
        &[&[(I, 1, "a"), (I, 1, "a "), (I, 1, "a  "), (I, 2, "b")]],
    )
    .await;
    assert_eq!(found, "1|a  \n2|b  ");
}

#[tokio::test]
async fn rows_with_null_in_their_key_are_found_and_deleted() {
    let db = database();
    db.sql("create table t (id int unique, name text); insert into t values (null, 'x'), (1, 'y')");
    let t = t(&[]);
    let options = json!({"primary_keys": ["id"]});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    let batches = vec![batch(
        &t,
        &[
            (D, vec![Value::Null, text("x")]),
            (I, vec![Value::Null, text("z")]),
            (I, pair(1, "Y")),
        ],
    )];
    run(&sink, batches).await.unwrap();
    assert_eq!(db.sql("select * from t order by 1"), "1|Y\n|z");
}

#[tokio::test]
async fn columns_that_number_themselves_take_the_numbers_of_the_rows() {
    let found = after(
        "create table t (id int generated always as identity primary key, name text);
         insert into t (name) values ('old')",
        json!({}),
        &["id"],
        &[&[(I, 1, "new"), (I, 5, "x")]],
    )
    .await;
    assert_eq!(found, "1|new\n5|x");
}

#[tokio::test]
async fn a_delete_without_a_key_is_an_error() {
    let db = database();
    db.sql("create table t (id int, name text)");
    let t = t(&[]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    let batches = vec![changes(&t, &[(I, 1, "a"), (D, 1, "a")])];
    let error = run(&sink, batches).await.unwrap_err();
    assert_eq!(error.code().id, "JDBC-11");
    assert!(
        error.report().contains("primary_keys"),
        "{}",
        error.report()
    );
    assert_eq!(db.sql("select count(*) from t"), "0");
}

#[tokio::test]
async fn a_key_that_the_table_does_not_have_is_an_error_before_any_row() {
    let db = database();
    db.sql("create table t (id int, name text)");
    let t = t(&["id"]);
    let asked = json!({"primary_keys": ["id"]});
    let sink = sink(&db, asked, std::slice::from_ref(&t)).unwrap();
    let error = sink.prepare().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no primary or unique key on (id)"),
        "{error}"
    );
}

#[tokio::test]
async fn rows_are_added_where_nobody_insists_on_a_key() {
    for (is_there, options) in [
        (true, json!({})),
        (true, json!({"is_exactly_once": true})),
        (false, json!({"create_index": false})),
        (
            false,
            json!({"create_index": false, "primary_keys": ["id"]}),
        ),
    ] {
        let db = database();
        if is_there {
            db.sql("create table t (id int, name text)");
        }
        let t = t(&["id"]);
        let sink = sink(&db, options.clone(), std::slice::from_ref(&t)).unwrap();
        let batches = vec![
            changes(&t, &[(I, 1, "a"), (I, 1, "again"), (I, 2, "b")]),
            changes(&t, &[(B, 2, "b"), (A, 2, "c"), (I, 3, "d"), (D, 3, "d")]),
        ];
        run(&sink, batches).await.unwrap();
        let found = db.sql("select * from t order by id, name");
        assert_eq!(found, "1|a\n1|again\n2|c", "{options}");
        if options["is_exactly_once"] != json!(true) {
            assert_eq!(sink.guarantee(), Guarantee::AtLeastOnce);
        }
    }
}

#[tokio::test]
async fn row_level_security_is_no_obstacle() {
    let db = database();
    db.sql(
        "create table t (id int primary key, name text);
         alter table t enable row level security;
         create policy p on t using (true);
         drop role if exists rls_writer; create role rls_writer login password 'pw';
         grant all on t to rls_writer; grant create on schema public to rls_writer",
    );
    let t = t(&["id"]);
    let options = json!({"user": "rls_writer", "password": "pw"});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    run(&sink, vec![changes(&t, &[(I, 1, "a"), (I, 2, "b")])])
        .await
        .unwrap();
    assert_eq!(db.sql("select count(*) from t"), "2");
    db.sql("drop owned by rls_writer; drop role rls_writer");
}

#[tokio::test]
async fn flushes_larger_than_what_is_kept_go_on_after_a_known_key() {
    let db = database();
    db.sql("create table t (id bigint primary key, filler text); insert into t values (14000)");
    let t = table("t", &[("id", "bigint"), ("filler", "string")], &["id"]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    // More than one savepoint's worth before the key that is there already, and more behind it.
    let filler = text(&"x".repeat(1_000));
    let rows = |from: i64| {
        let rows = (from..from + 2_000).map(|id| vec![Value::BigInt(id), filler.clone()]);
        inserts(&t, rows.collect())
    };
    let batches = (0..14).map(|b| rows(b * 2_000)).collect();
    run(&sink, batches).await.unwrap();
    let sums = "select count(*), max(id), sum(length(filler)) from t";
    assert_eq!(db.sql(sums), "28000|27999|28000000");
}

/// Random changes to a few rows, in batches, and what they come to.
fn random_changes(t: &Arc<CatalogTable>) -> (Vec<Batch>, String) {
    let mut rows: Vec<(RowKind, Vec<Value>)> = Vec::new();
    let mut held = std::collections::BTreeMap::<i32, String>::new();
    for number in 0..600 {
        let key = fastrand::i32(0..12);
        let name = format!("n{number}");
        match held.remove(&key) {
            None => {
                rows.push((I, pair(key, &name)));
                held.insert(key, name);
            }
            Some(old) if fastrand::bool() => rows.push((D, pair(key, &old))),
            Some(old) => {
                // Perhaps to another key, if that is free.
                let other = fastrand::i32(0..12);
                let new = if held.contains_key(&other) {
                    key
                } else {
                    other
                };
                rows.push((B, pair(key, &old)));
                rows.push((A, pair(new, &name)));
                held.insert(new, name);
            }
        }
    }
    let mut batches = Vec::new();
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let (some, more) = rest.split_at(fastrand::usize(1..60).min(rest.len()));
        batches.push(batch(t, some));
        rest = more;
    }
    let lines: Vec<String> = held
        .iter()
        .map(|(key, name)| format!("{key}|{name}"))
        .collect();
    (batches, lines.join("\n"))
}

#[tokio::test]
async fn random_changes_come_to_what_a_map_would_hold() {
    fastrand::seed(3);
    let db = database();
    let t = t(&["id"]);
    for options in [
        json!({}),
        json!({"batch_size": 40}),
        json!({"enable_upsert": false}),
        json!({"enable_upsert": false, "batch_size": 25}),
        json!({"support_upsert_by_query_primary_key_exist": true, "batch_size": 30}),
        json!({"is_exactly_once": true, "batch_size": 30}),
        json!({"max_retries": 1}),
    ] {
        db.sql(&format!("drop table if exists t; {KEYED}"));
        let (batches, expected) = random_changes(&t);
        let sink = sink(&db, options.clone(), std::slice::from_ref(&t)).unwrap();
        run(&sink, batches).await.unwrap();
        assert_eq!(db.sql("select * from t order by 1"), expected, "{options}");
    }
}
