//! With `is_exactly_once`, rows become visible with their checkpoint, and once.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{WAYS, alone, inserts, into, row, rows, sink, table, task};
use seatunnel_api::erased::DynSink;
use seatunnel_api::{CatalogTable, Guarantee};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_testkit::drive::give_up_after;
use seatunnel_jdbc_testkit::{Database, MariaDb};
use serde_json::json;

fn people() -> Arc<CatalogTable> {
    table(&[("id", "int"), ("name", "string")], &["id"])
}

fn exactly_once(db: &Database, way: &str, t: &Arc<CatalogTable>) -> Arc<dyn DynSink> {
    let more =
        json!({"is_exactly_once": true, "xa_data_source_class_name": "x", "enable_upsert": false});
    sink(into(db, way, more), std::slice::from_ref(t)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_visible_after_their_commit_only_and_committing_again_changes_nothing() {
    let t = people();
    // Whatever is prepared on the server is seen by XA RECOVER: nobody else may prepare there.
    let server = alone().await;
    for way in WAYS {
        let db = server.database("visible");
        let sink = exactly_once(&db, way, &t);
        assert!(matches!(sink.guarantee(), Guarantee::ExactlyOnce(_)));
        sink.prepare().await.unwrap();
        let count = || db.sql("select count(*) from t");
        let mut writers = Vec::new();
        for _ in 0..2 {
            writers.push(sink.writer(task()).await.unwrap());
        }
        let mut checkpoints = Vec::new();
        for checkpoint in 1..=3 {
            let mut committables = Vec::new();
            for (index, writer) in writers.iter_mut().enumerate() {
                let first = checkpoint as i32 * 1_000 + index as i32 * 100;
                let ids = first..first + 5;
                writer
                    .write(inserts(&t, ids.map(|id| row(id, "n")).collect()))
                    .await
                    .unwrap();
                committables.extend(writer.prepare_commit(checkpoint).await.unwrap());
            }
            checkpoints.push(committables);
        }
        assert_eq!(count(), "0", "{way}");
        for (committables, expected) in checkpoints.iter().zip(["10", "20", "30"]) {
            assert_eq!(committables.len(), 2);
            for _ in 0..2 {
                sink.commit(committables.clone()).await.unwrap();
                assert_eq!(count(), expected);
            }
        }
        // Without rows there is nothing to commit.
        assert!(writers[0].prepare_commit(4).await.unwrap().is_empty());
        for mut writer in writers {
            writer.close().await.unwrap();
        }
        sink.finish().await.unwrap();
        assert_eq!(db.sql("show tables"), "t");
        assert_eq!(db.sql("xa recover"), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_aborted_leaves_nothing() {
    let t = people();
    let db = MariaDb::shared().database("aborted");
    let sink = exactly_once(&db, "", &t);
    sink.prepare().await.unwrap();
    let mut writer = sink.writer(task()).await.unwrap();
    writer.write(inserts(&t, vec![row(1, "a")])).await.unwrap();
    let prepared = writer.prepare_commit(1).await.unwrap();
    writer.write(inserts(&t, vec![row(2, "b")])).await.unwrap();
    writer.abort().await.unwrap();
    for _ in 0..2 {
        sink.abort(prepared.clone()).await.unwrap();
    }
    assert_eq!(rows(&db), "NULL");
    let mut writer = sink.writer(task()).await.unwrap();
    writer
        .write(inserts(&t, vec![row(1, "a"), row(2, "b")]))
        .await
        .unwrap();
    let prepared = writer.prepare_commit(2).await.unwrap();
    sink.commit(prepared.clone()).await.unwrap();
    assert_eq!(rows(&db), "1:a,2:b");
    // It is too late to take that back, and a lie to say so.
    let error = sink.abort(prepared).await.unwrap_err();
    assert_eq!(error.code(), errors::TRANSACTION_LOST, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_gone_is_never_taken_for_committed() {
    let t = people();
    let db = MariaDb::shared().database("gone");
    let sink = exactly_once(&db, "", &t);
    sink.prepare().await.unwrap();
    let mut writer = sink.writer(task()).await.unwrap();
    writer.write(inserts(&t, vec![row(1, "a")])).await.unwrap();
    let prepared = writer.prepare_commit(1).await.unwrap();
    writer.close().await.unwrap();
    sink.abort(prepared.clone()).await.unwrap();
    let error = sink.commit(prepared).await.unwrap_err();
    assert_eq!(error.code(), errors::TRANSACTION_LOST, "{error}");
    assert!(!error.is_retryable());
    assert_eq!(rows(&db), "NULL");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_transaction_outlives_the_server_and_the_job() {
    let t = people();
    let server = MariaDb::with(&[
        ("innodb_flush_log_at_trx_commit", "1"),
        ("sync_binlog", "1"),
    ]);
    for way in WAYS {
        let db = server.database("outlives");
        let first = exactly_once(&db, way, &t);
        first.prepare().await.unwrap();
        let mut writer = first.writer(task()).await.unwrap();
        let ids = 1..=3_000;
        writer
            .write(inserts(&t, ids.map(|id| row(id, "n")).collect()))
            .await
            .unwrap();
        let prepared = writer.prepare_commit(1).await.unwrap();
        writer
            .write(inserts(&t, vec![row(9_999, "not in the checkpoint")]))
            .await
            .unwrap();
        server.kill();
        drop((writer, first));
        server.restart();
        // The job starts again from its checkpoint: nothing is prepared, all is committed.
        let second = exactly_once(&db, way, &t);
        second.commit(prepared.clone()).await.unwrap();
        assert_eq!(
            db.sql("select count(*), max(id) from t"),
            "3000\t3000",
            "{way}"
        );
        server.kill();
        server.restart();
        second.commit(prepared).await.unwrap();
        let mut writer = second.writer(task()).await.unwrap();
        writer
            .write(inserts(&t, vec![row(3_001, "n")]))
            .await
            .unwrap();
        let prepared = writer.prepare_commit(2).await.unwrap();
        second.commit(prepared).await.unwrap();
        writer.close().await.unwrap();
        second.finish().await.unwrap();
        assert_eq!(db.sql("select count(*), max(id) from t"), "3001\t3001");
        assert_eq!(db.sql("show tables"), "t");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_and_exactly_once_do_not_go_together() {
    let t = people();
    let db = MariaDb::shared().database("together");
    let more = json!({"is_exactly_once": true, "max_retries": 1});
    let error = sink(into(&db, "", more), std::slice::from_ref(&t))
        .err()
        .unwrap();
    assert_eq!(error.code(), errors::OPTION, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepare_that_is_given_up_leaves_nothing_prepared() {
    let t = people();
    let server = alone().await;
    let db = server.database("given_up");
    let sink = exactly_once(&db, "", &t);
    sink.prepare().await.unwrap();
    let mut waiting = 0;
    // Given up before the server answers, and when it has. On a busy machine an answer may be there at once: several times.
    for pause in [0, 5].repeat(4) {
        for polls in 0.. {
            let mut writer = sink.writer(task()).await.unwrap();
            writer.write(inserts(&t, vec![row(1, "a")])).await.unwrap();
            let prepared = give_up_after(polls, writer.prepare_commit(1)).await;
            tokio::time::sleep(Duration::from_millis(pause)).await;
            if let Some(prepared) = prepared {
                sink.abort(prepared.unwrap()).await.unwrap();
                break;
            }
            waiting += usize::from(polls > 0);
            writer.abort().await.unwrap();
        }
    }
    assert!(waiting > 0);
    assert_eq!(db.sql("xa recover"), "");
    assert_eq!(rows(&db), "NULL");
}
