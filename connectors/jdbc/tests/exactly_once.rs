//! With `is_exactly_once`, rows become visible with their checkpoint, and once.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Files, ask, batch, inserts, into, sink, table, task, text};
use seatunnel_api::RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
use seatunnel_api::erased::DynSink;
use seatunnel_api::{CatalogTable, Guarantee, Value};
use serde_json::json;

fn row(id: i32, name: &str) -> Vec<Value> {
    vec![Value::Int(id), text(name)]
}

async fn exactly_once(files: &Files, t: &Arc<CatalogTable>) -> Arc<dyn DynSink> {
    let options = into(
        &files.url("a.db"),
        json!({"is_exactly_once": true, "batch_size": 2}),
    );
    sink(options, std::slice::from_ref(t)).await.unwrap()
}

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table'";

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_visible_after_their_commit_only_and_committing_again_changes_nothing() {
    let files = Files::new();
    let t = table(&[("id", "int"), ("name", "string")], &[]);
    let sink = exactly_once(&files, &t).await;
    assert!(matches!(sink.guarantee(), Guarantee::ExactlyOnce(_)));
    sink.prepare().await.unwrap();
    let db = files.open("a.db");
    let count = || ask(&db, "SELECT count(*) FROM t").remove(0);

    let mut writers = Vec::new();
    for _ in 0..2 {
        writers.push(sink.writer(task()).await.unwrap());
    }
    let mut checkpoints = [Vec::new(), Vec::new()];
    for (checkpoint, committables) in checkpoints.iter_mut().enumerate() {
        for writer in &mut writers {
            let rows = (0..5).map(|i| row(i, "n")).collect();
            writer.write(inserts(&t, rows)).await.unwrap();
            committables.extend(writer.prepare_commit(checkpoint as u64 + 1).await.unwrap());
        }
    }
    assert_eq!(count(), "0");
    for (committables, expected) in checkpoints.iter().zip(["10", "20"]) {
        for _ in 0..2 {
            sink.commit(committables.clone()).await.unwrap();
            assert_eq!(count(), expected);
        }
    }
    // Without rows there is nothing to commit.
    assert!(writers[0].prepare_commit(3).await.unwrap().is_empty());
    sink.finish().await.unwrap();
    assert_eq!(ask(&db, TABLES), ["t"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_aborted_leaves_nothing() {
    let files = Files::new();
    let t = table(&[("id", "int"), ("name", "string")], &[]);
    let sink = exactly_once(&files, &t).await;
    sink.prepare().await.unwrap();
    let mut writer = sink.writer(task()).await.unwrap();
    let rows = || inserts(&t, (0..5).map(|i| row(i, "n")).collect());
    writer.write(rows()).await.unwrap();
    let prepared = writer.prepare_commit(1).await.unwrap();
    writer.write(rows()).await.unwrap();
    writer.abort().await.unwrap();
    sink.abort(prepared).await.unwrap();
    let db = files.open("a.db");
    assert_eq!(ask(&db, TABLES), ["t"]);
    assert_eq!(ask(&db, "SELECT count(*) FROM t"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_rows_of_a_key_are_applied_in_order_and_keep_their_types() {
    let files = Files::new();
    let db = files.database(
        "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name DECIMAL(9,2), other TEXT);
         INSERT INTO t VALUES (1, 0, 'kept'), (9, 0, 'gone')",
    );
    let t = table(&[("id", "int"), ("name", "string")], &["id"]);
    let sink = exactly_once(&files, &t).await;
    sink.prepare().await.unwrap();
    let mut writer = sink.writer(task()).await.unwrap();
    let rows = [
        (Delete, row(9, "0")),
        (Insert, row(1, "1.50")),
        (Insert, row(2, "2")),
        (UpdateBefore, row(2, "2")),
        (UpdateAfter, row(3, "x")),
        (Insert, row(4, "4")),
        (Delete, row(4, "4")),
        (Insert, row(4, "5")),
        (Delete, row(3, "x")),
    ];
    writer.write(batch(&t, &rows)).await.unwrap();
    let prepared = writer.prepare_commit(1).await.unwrap();
    sink.commit(prepared).await.unwrap();
    let stored = ask(&db, "SELECT *, typeof(name) FROM t ORDER BY id");
    assert_eq!(stored, ["1|1.5|kept|real", "4|5|null|integer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_the_user_can_not_be_staged() {
    let files = Files::new();
    let t = table(&[("id", "int")], &[]);
    let options = json!({
        "url": files.url("a.db"), "query": "INSERT INTO t VALUES (?)", "is_exactly_once": true,
    });
    let error = sink(options, &[t]).await.err().unwrap();
    assert!(
        error.to_string().contains("needs generate_sink_sql"),
        "{error}"
    );
}
