//! What a row's kind does to the table, under each option.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::common::{WAYS, batch, inserts, into, row, rows, sink, table, text, write};
use seatunnel_api::RowKind::{self, Delete, Insert, UpdateAfter, UpdateBefore};
use seatunnel_api::{CatalogTable, Guarantee, Value};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_testkit::{Database, MariaDb};
use serde_json::{Value as Json, json};

fn people() -> Arc<CatalogTable> {
    table(&[("id", "int"), ("name", "string")], &["id"])
}

fn changes(list: &[(RowKind, i32, &str)]) -> Vec<(RowKind, Vec<Value>)> {
    list.iter()
        .map(|(kind, id, name)| (*kind, row(*id, name)))
        .collect()
}

async fn applied(way: &str, more: Json, given: &str, list: &[(RowKind, i32, &str)]) -> Database {
    let db = MariaDb::shared().database("kinds");
    db.sql(given);
    let t = people();
    let sink = sink(into(&db, way, more), std::slice::from_ref(&t)).unwrap();
    write(&sink, vec![batch(&t, &changes(list))]).await.unwrap();
    db
}

const KEYED: &str = "create table t (id int primary key, name varchar(20)); \
    insert into t values (1, 'a'), (2, 'b'), (3, 'c')";

#[tokio::test(flavor = "multi_thread")]
async fn rows_replace_those_of_their_key() {
    for way in WAYS {
        let list = [
            (Insert, 1, "x"),
            (Insert, 9, "n"),
            (Insert, 9, "m"),
            (UpdateAfter, 2, "y"),
        ];
        let db = applied(way, json!({}), KEYED, &list).await;
        assert_eq!(rows(&db), "1:x,2:y,3:c,9:m", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_applied_in_their_order() {
    let list = [
        (Insert, 5, "e"),
        (Delete, 5, "e"),
        (Delete, 1, "a"),
        (Insert, 1, "again"),
        (UpdateBefore, 2, "b"),
        (UpdateAfter, 22, "moved"),
        (UpdateBefore, 3, "c"),
        (UpdateAfter, 3, "changed"),
        (Delete, 77, "never there"),
    ];
    for way in WAYS {
        let db = applied(way, json!({}), KEYED, &list).await;
        assert_eq!(rows(&db), "1:again,3:changed,22:moved", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_the_rows_lack_are_kept_by_an_update_and_reset_by_a_delete() {
    let given = "create table t (id int primary key, name varchar(20), extra int default 7); \
        insert into t values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)";
    let list = [
        (UpdateBefore, 1, "a"),
        (UpdateAfter, 1, "x"),
        (Delete, 2, "b"),
        (Insert, 2, "y"),
        (Insert, 3, "z"),
    ];
    for way in WAYS {
        let db = applied(way, json!({}), given, &list).await;
        assert_eq!(rows(&db), "1:x,2:y,3:z", "{way}");
        assert_eq!(
            db.sql("select group_concat(extra order by id) from t"),
            "1,7,3",
            "{way}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_unique_key_moves_from_row_to_row_in_order() {
    let given = "create table t (id int primary key, name varchar(20) unique); \
        insert into t values (1, 'a'), (2, 'b')";
    let list = [
        (UpdateBefore, 1, "a"),
        (UpdateAfter, 1, "free"),
        (Insert, 3, "a"),
        (Delete, 2, "b"),
        (Insert, 4, "b"),
    ];
    for way in WAYS {
        let db = applied(way, json!({}), given, &list).await;
        assert_eq!(rows(&db), "1:free,3:a,4:b", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_server_takes_for_one_are_one() {
    let t = table(&[("id", "string"), ("name", "string")], &["id"]);
    for way in WAYS {
        let db = MariaDb::shared().database("collations");
        db.sql("create table t (id varchar(20) collate utf8mb4_general_ci primary key, name text)");
        let list: Vec<_> = [
            (Insert, "Key", "1"),
            (Insert, "other", "2"),
            (UpdateBefore, "KEY", "1"),
            (UpdateAfter, "kEY", "3"),
            (Delete, "OTHER ", "2"),
        ]
        .iter()
        .map(|(kind, id, name)| (*kind, vec![text(id), text(name)]))
        .collect();
        let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        write(&sink, vec![batch(&t, &list)]).await.unwrap();
        assert_eq!(db.sql("select count(*), max(name) from t"), "1\t3", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_changes_come_to_what_a_map_would_hold() {
    let t = table(
        &[("a", "int"), ("b", "string"), ("name", "string")],
        &["a", "b"],
    );
    for (seed, way) in WAYS.into_iter().enumerate() {
        let mut random = fastrand::Rng::with_seed(seed as u64);
        let mut model: BTreeMap<(i32, String), String> = BTreeMap::new();
        let mut batches = Vec::new();
        for _ in 0..30 {
            let mut list = Vec::new();
            for _ in 0..random.usize(1..200) {
                let key = (
                    random.i32(0..20),
                    ["x", "y", "Z", "z "][random.usize(0..4)].to_owned(),
                );
                let new = format!("v{}", random.u32(..));
                let values = |key: &(i32, String), name: &str| {
                    vec![Value::Int(key.0), text(&key.1), text(name)]
                };
                match model.get(&key).cloned() {
                    None => {
                        list.push((Insert, values(&key, &new)));
                        model.insert(key, new);
                    }
                    Some(old) if random.bool() => {
                        list.push((Delete, values(&key, &old)));
                        model.remove(&key);
                    }
                    Some(old) => {
                        list.push((UpdateBefore, values(&key, &old)));
                        let mut moved = key.clone();
                        if random.u8(0..4) == 0 {
                            moved.0 += 1_000;
                        }
                        list.push((UpdateAfter, values(&moved, &new)));
                        model.remove(&key);
                        model.insert(moved, new);
                    }
                }
            }
            batches.push(batch(&t, &list));
        }
        let db = MariaDb::shared().database("random");
        let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        write(&sink, batches).await.unwrap();
        let told = db.sql("select a, hex(b), name from t order by a, b");
        let expected: Vec<String> = model
            .iter()
            .map(|((a, b), name)| {
                let hex: String = b.bytes().map(|b| format!("{b:02X}")).collect();
                format!("{a}\t{hex}\t{name}")
            })
            .collect();
        assert_eq!(told, expected.join("\n"), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_inserts_do_not_replace() {
    for way in WAYS {
        for more in [
            json!({"enable_upsert": false}),
            json!({"support_upsert_by_insert_only": true}),
        ] {
            let db = MariaDb::shared().database("inserts");
            db.sql(KEYED);
            let t = people();
            let sink = sink(into(&db, way, more), std::slice::from_ref(&t)).unwrap();
            assert_eq!(sink.guarantee(), Guarantee::AtLeastOnce);
            let list = changes(&[(Insert, 4, "d"), (Delete, 1, "a"), (Insert, 1, "new")]);
            write(&sink, vec![batch(&t, &list)]).await.unwrap();
            assert_eq!(rows(&db), "1:new,2:b,3:c,4:d", "{way}");
            let error = write(&sink, vec![inserts(&t, vec![row(7, "g"), row(2, "b")])]).await;
            let error = error.unwrap_err();
            assert_eq!(error.code(), errors::CONSTRAINT, "{error}");
            assert_eq!(rows(&db), "1:new,2:b,3:c,4:d", "{way}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_unique_key_is_looked_at_first() {
    let given =
        "create table t (id int, name varchar(20)); insert into t values (1, 'a'), (2, 'b')";
    let more = json!({"support_upsert_by_query_primary_key_exist": true, "primary_keys": ["id"]});
    let list = [
        (Insert, 1, "a"),
        (Insert, 2, "x"),
        (Insert, 3, "c"),
        (Delete, 1, "a"),
        (UpdateBefore, 3, "c"),
        (UpdateAfter, 3, "d"),
    ];
    for way in WAYS {
        let db = applied(way, more.clone(), given, &list).await;
        assert_eq!(rows(&db), "2:x,3:d", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_added_where_nobody_insists_on_a_key() {
    for way in WAYS {
        for (is_there, more) in [
            (true, json!({})),
            (false, json!({"create_index": false})),
            (
                false,
                json!({"create_index": false, "primary_keys": ["id"]}),
            ),
        ] {
            let db = MariaDb::shared().database("keyless");
            if is_there {
                db.sql("create table t (id int, name varchar(20))");
            }
            let t = people();
            let sink = sink(into(&db, way, more), std::slice::from_ref(&t)).unwrap();
            let list = changes(&[
                (Insert, 1, "a"),
                (Insert, 1, "again"),
                (Insert, 2, "b"),
                (UpdateBefore, 2, "b"),
                (UpdateAfter, 2, "c"),
                (Insert, 3, "d"),
                (Delete, 3, "d"),
            ]);
            write(&sink, vec![batch(&t, &list)]).await.unwrap();
            assert_eq!(sink.guarantee(), Guarantee::AtLeastOnce);
            let found = db.sql("select group_concat(id, ':', name order by name) from t");
            assert_eq!(found, "1:a,1:again,2:c", "{way}");
        }
    }
    let db = MariaDb::shared().database("keyless");
    db.sql("create or replace table t (id int, name varchar(20))");
    let asked = json!({"primary_keys": ["id"]});
    let sink = sink(into(&db, "", asked), &[people()]).unwrap();
    let error = write(&sink, vec![]).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no primary or unique key on (id)")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_never_change_need_no_delete() {
    let more = json!({"is_primary_key_updated": false});
    let list = [
        (UpdateBefore, 1, "a"),
        (UpdateAfter, 1, "x"),
        (UpdateBefore, 2, "b"),
    ];
    for way in WAYS {
        let db = applied(way, more.clone(), KEYED, &list).await;
        assert_eq!(rows(&db), "1:x,2:b,3:c", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_without_a_key_is_an_error() {
    let t = table(&[("id", "int"), ("name", "string")], &[]);
    let db = MariaDb::shared().database("nokey");
    for more in [
        json!({}),
        json!({"query": "insert into t values (?, ?)", "generate_sink_sql": false}),
    ] {
        db.sql("create or replace table t (id int, name text)");
        let sink = sink(into(&db, "", more), std::slice::from_ref(&t)).unwrap();
        let list = changes(&[(Insert, 1, "a"), (Delete, 1, "a")]);
        let error = write(&sink, vec![batch(&t, &list)]).await.unwrap_err();
        assert_eq!(error.code(), errors::ROW_KIND, "{error}");
        assert_eq!(rows(&db), "NULL");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_others_point_at_keeps_what_points_at_it() {
    for way in WAYS {
        let db = MariaDb::shared().database("foreign");
        db.sql(KEYED);
        db.sql(
            "create table child (id int primary key, parent int, \
             foreign key (parent) references t (id) on delete cascade); insert into child values (1, 1)",
        );
        let t = people();
        let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        write(&sink, vec![inserts(&t, vec![row(1, "x"), row(4, "d")])])
            .await
            .unwrap();
        assert_eq!(rows(&db), "1:x,2:b,3:c,4:d");
        assert_eq!(db.sql("select count(*) from child"), "1", "{way}");
    }
}
