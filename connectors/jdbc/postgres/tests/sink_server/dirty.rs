//! Rows that the table refuses are set aside, and the others are written.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use seatunnel_api::{DirtyKeeper, DirtyRow};
use seatunnel_api::{DirtyRows, Metrics, Result, Value};
use serde_json::json;

use super::support::*;

#[derive(Default)]
struct Aside(Mutex<Vec<serde_json::Value>>);

#[async_trait]
impl DirtyKeeper for Aside {
    async fn keep(&self, row: &DirtyRow<'_>) -> Result<()> {
        let json = serde_json::from_str(&format!("{{{}}}", row.members)).unwrap();
        self.0.lock().unwrap().push(json);
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}

fn aside() -> (Arc<Aside>, DirtyRows) {
    let keeper = Arc::new(Aside::default());
    let dirty = DirtyRows::new(vec![keeper.clone()], "Jdbc", 0, Metrics::new());
    (keeper, dirty)
}

#[tokio::test]
async fn refused_rows_are_set_aside_on_every_path() {
    let constraints =
        "create table t (id bigint primary key, name varchar(5), n smallint check (n <> 13));
                       insert into t values (-1, 'old', 0)";
    let db = database();
    for options in [
        json!({}),
        json!({"enable_upsert": false}),
        json!({"support_upsert_by_query_primary_key_exist": true}),
        json!({"query": "insert into t values (?, ?, ?)"}),
        json!({"max_retries": 2, "batch_size": 700}),
    ] {
        db.sql(&format!("drop table if exists t; {constraints}"));
        let t = table(
            "t",
            &[("id", "bigint"), ("name", "string"), ("n", "int")],
            &["id"],
        );
        let sink = sink(&db, options.clone(), std::slice::from_ref(&t)).unwrap();
        let row = |id: i64| {
            let (name, n) = match id {
                100 => ("too long".to_owned(), 1),
                1_500 => ("abc".to_owned(), 13),
                1_501 => ("abc".to_owned(), 40_000),
                2_999 => ("a\0b".to_owned(), 1),
                _ => ("abc".to_owned(), 1),
            };
            vec![Value::BigInt(id), text(&name), Value::Int(n)]
        };
        let batches = (0..3).map(|b| inserts(&t, (b * 1_000..(b + 1) * 1_000).map(row).collect()));
        let (kept, dirty) = aside();
        run_with(&sink, batches.collect(), dirty).await.unwrap();
        assert_eq!(
            db.sql("select count(*), count(*) filter (where id in (100, 1500, 1501, 2999)) from t"),
            "2997|0",
            "{options}"
        );
        let mut kept: Vec<_> = kept
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|json| {
                let state = json["sql_state"].as_str().unwrap_or("none").to_owned();
                (
                    json["row"]["id"].as_i64().unwrap(),
                    json["position"]["row"].as_i64().unwrap(),
                    state,
                )
            })
            .collect();
        kept.sort();
        let expected = [
            (100, 101, "22001"),
            (1_500, 1_501, "23514"),
            (1_501, 1_502, "none"),
            (2_999, 3_000, "22021"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(id, row, state)| (*id, *row, (*state).to_owned()))
            .collect();
        assert_eq!(kept, expected, "{options}");
    }
}

#[tokio::test]
async fn rows_without_their_other_half_are_found_one_by_one() {
    let db = database();
    db.sql(
        "create table f (id bigint primary key); insert into f select generate_series(0, 3000);
         delete from f where id in (5, 1234, 2000, 2001);
         create table t (id bigint references f)",
    );
    let t = table("t", &[("id", "bigint")], &[]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    let (kept, dirty) = aside();
    run_with(&sink, many_numbers(&t, 3_000, 500), dirty)
        .await
        .unwrap();
    assert_eq!(db.sql("select count(*) from t"), "2996");
    let mut ids: Vec<_> = kept
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|j| j["row"]["id"].as_i64().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [5, 1_234, 2_000, 2_001]);
}

#[tokio::test]
async fn many_refused_rows_do_not_take_forever() {
    let db = database();
    db.sql("create table t (id bigint check (id % 50 <> 0))");
    let t = table("t", &[("id", "bigint")], &[]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    let (kept, dirty) = aside();
    run_with(&sink, many_numbers(&t, 20_000, 5_000), dirty)
        .await
        .unwrap();
    assert_eq!(db.sql("select count(*) from t"), "19600");
    assert_eq!(kept.0.lock().unwrap().len(), 400);
}
