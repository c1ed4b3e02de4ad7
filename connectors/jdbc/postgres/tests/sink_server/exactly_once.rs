//! Rows that become visible once and with their checkpoint.

use seatunnel_api::{DirtyRows, Value};
use seatunnel_jdbc_testkit::drive::give_up_after;
use seatunnel_jdbc_testkit::{Database, Postgres};
use serde_json::json;

use super::support::*;

/// A database on a server that allows prepared transactions, and one on a server that does not.
fn databases() -> [Database; 2] {
    static WITHOUT: std::sync::OnceLock<Postgres> = std::sync::OnceLock::new();
    let without = WITHOUT.get_or_init(|| Postgres::with(&[("max_prepared_transactions", "0")]));
    [database(), without.database("sink")]
}

fn pair(id: i32, name: &str) -> Vec<Value> {
    vec![Value::Int(id), text(name)]
}

#[tokio::test]
async fn rows_wait_for_their_checkpoint_and_committing_twice_is_committing_once() {
    for db in databases() {
        db.sql("create table t (id int primary key, name text); insert into t values (1, 'old'), (2, 'gone')");
        let t = table("t", &[("id", "int"), ("name", "string")], &["id"]);
        let options = json!({"is_exactly_once": true, "xa_data_source_class_name": "org.postgresql.xa.PGXADataSource"});
        let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        let mut writer = writer(&sink).await.unwrap();
        let content = || db.sql("select * from t order by 1");
        writer
            .write(batch(
                &t,
                &[(I, pair(3, "a")), (I, pair(1, "new")), (D, pair(2, ""))],
            ))
            .await
            .unwrap();
        writer
            .write(batch(
                &t,
                &[(I, pair(3, "b")), (I, pair(4, "c")), (D, pair(4, ""))],
            ))
            .await
            .unwrap();
        let first = writer.prepare_commit(1).await.unwrap();
        assert_eq!(content(), "1|old\n2|gone");
        // More rows follow before the first are committed.
        writer
            .write(batch(&t, &[(I, pair(5, "next"))]))
            .await
            .unwrap();
        sink.commit(first.clone()).await.unwrap();
        assert_eq!(content(), "1|new\n3|b");
        sink.commit(first.clone()).await.unwrap();
        let second = writer.prepare_commit(2).await.unwrap();
        assert!(writer.prepare_commit(3).await.unwrap().is_empty());
        writer.close().await.unwrap();
        let both = first.into_iter().chain(second).collect();
        sink.commit(both).await.unwrap();
        assert_eq!(content(), "1|new\n3|b\n5|next");
        sink.finish().await.unwrap();
        assert_eq!(left(&db), "0");
    }
}

/// Prepared transactions and tables of this program that are there.
fn left(db: &Database) -> String {
    db.sql(
        "select (select count(*) from pg_prepared_xacts where database = current_database())
              + (select count(*) from pg_class where relname like '%seatunnel%' and relpersistence <> 't')",
    )
}

#[tokio::test]
async fn what_nobody_commits_is_taken_back() {
    for db in databases() {
        let t = table("t", &[("id", "bigint")], &["id"]);
        let options = json!({"is_exactly_once": true});
        let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        let mut writer = writer(&sink).await.unwrap();
        writer.write(numbers(&t, 0..10)).await.unwrap();
        let ready = writer.prepare_commit(1).await.unwrap();
        assert_eq!(ready.len(), 1);
        writer.write(numbers(&t, 10..20)).await.unwrap();
        writer.abort().await.unwrap();
        sink.abort(ready.clone()).await.unwrap();
        sink.abort(ready).await.unwrap();
        assert_eq!(db.sql("select count(*) from t"), "0");
        assert_eq!(left(&db), "0");
    }
}

#[tokio::test]
async fn a_server_killed_between_preparing_and_committing_has_the_rows_when_it_is_back() {
    for settings in [&[][..], &[("max_prepared_transactions", "0")][..]] {
        let server = Postgres::with(settings);
        let db = server.database("sink");
        let t = table("t", &[("id", "bigint")], &[]);
        let options = json!({"is_exactly_once": true, "max_commit_attempts": 1});
        let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        let mut ready = Vec::new();
        for subtask in 0..2 {
            let task = task(subtask, 2, DirtyRows::off());
            let mut writer = sink.writer(task).await.unwrap();
            let from = subtask as i64 * 1_000;
            writer.write(numbers(&t, from..from + 1_000)).await.unwrap();
            ready.extend(writer.prepare_commit(1).await.unwrap());
        }
        server.kill();
        // At once, without waiting for it to come back.
        let error = sink.commit(ready.clone()).await.unwrap_err();
        assert!(error.is_retryable(), "{}", error.report());
        server.restart();
        // By another process.
        let options = json!({"is_exactly_once": true});
        let restored = super::support::sink(&db, options, std::slice::from_ref(&t)).unwrap();
        restored.commit(ready.clone()).await.unwrap();
        restored.commit(ready).await.unwrap();
        assert_eq!(db.sql("select count(*), sum(id) from t"), "2000|1999000");
    }
}

#[tokio::test]
async fn several_tables_of_a_task_are_one_transaction() {
    let db = database();
    let tables = [
        table("a", &[("id", "bigint")], &[]),
        table("b", &[("id", "bigint")], &["id"]),
    ];
    let options = json!({"is_exactly_once": true});
    let sink = sink(&db, options, &tables).unwrap();
    sink.prepare().await.unwrap();
    let mut writer = writer(&sink).await.unwrap();
    for checkpoint in 1..4 {
        for table in &tables {
            writer.write(numbers(table, 0..10)).await.unwrap();
        }
        let ready = writer.prepare_commit(checkpoint).await.unwrap();
        assert_eq!(ready.len(), 1);
        sink.commit(ready).await.unwrap();
    }
    assert_eq!(db.sql("select count(*) from a"), "30");
    assert_eq!(db.sql("select count(*) from b"), "10");
    assert_eq!(left(&db), "0");
}

#[tokio::test]
async fn a_given_statement_waits_in_a_prepared_transaction_or_is_refused() {
    let [with, without] = databases();
    let t = table("t", &[("id", "bigint")], &[]);
    for (db, works) in [(with, true), (without, false)] {
        db.sql("create table s (id bigint)");
        let options = json!({"is_exactly_once": true, "query": "insert into s values (?)"});
        let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
        let done = run(&sink, vec![numbers(&t, 0..3)]).await;
        if works {
            done.unwrap();
            assert_eq!(db.sql("select count(*) from s"), "3");
        } else {
            let error = done.unwrap_err();
            assert!(
                error.report().contains("max_prepared_transactions"),
                "{}",
                error.report()
            );
        }
    }
}

#[tokio::test]
async fn rows_that_someone_else_has_taken_back_are_not_taken_for_committed() {
    let db = database();
    let t = table("t", &[("id", "bigint")], &[]);
    let options = json!({"is_exactly_once": true});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    sink.prepare().await.unwrap();
    let mut writer = writer(&sink).await.unwrap();
    writer.write(numbers(&t, 0..10)).await.unwrap();
    let ready = writer.prepare_commit(1).await.unwrap();
    let name = db.sql("select gid from pg_prepared_xacts where database = current_database()");
    db.sql(&format!("rollback prepared '{name}'"));
    let error = sink.commit(ready).await.unwrap_err();
    assert!(
        error.to_string().contains("rolled back by someone else"),
        "{error}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_cancel_while_rows_are_made_ready_leaves_nothing_behind() {
    for db in databases() {
        let t = table("t", &[("id", "bigint")], &["id"]);
        let options = json!({"is_exactly_once": true});
        let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        // On a busy machine an answer may be there at once: several times.
        let mut waiting = 0;
        for _ in 0..4 {
            for polls in 0.. {
                let mut writer = writer(&sink).await.unwrap();
                writer.write(numbers(&t, 0..5_000)).await.unwrap();
                let ready = give_up_after(polls, writer.prepare_commit(1)).await;
                writer.abort().await.unwrap();
                let through = ready.is_some();
                if let Some(ready) = ready {
                    sink.abort(ready.unwrap()).await.unwrap();
                }
                assert_eq!(left(&db), "0", "after {polls} polls");
                assert_eq!(db.sql("select count(*) from t"), "0");
                if through {
                    break;
                }
                waiting += usize::from(polls > 0);
            }
        }
        assert!(waiting > 0);
    }
}

#[tokio::test]
async fn rows_with_null_in_their_key_are_all_kept() {
    for db in databases() {
        db.sql("create table t (id int, part int, name text, unique (id, part))");
        let t = table(
            "t",
            &[("id", "int"), ("part", "int"), ("name", "string")],
            &[],
        );
        for key in ["support_upsert_by_query_primary_key_exist", "enable_upsert"] {
            let options =
                json!({"is_exactly_once": true, "primary_keys": ["id", "part"], key: true});
            let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
            let row = |id: Option<i32>, part, name: &str| {
                let id = id.map_or(Value::Null, Value::Int);
                vec![id, Value::Int(part), text(name)]
            };
            let rows = vec![
                row(None, 1, "a"),
                row(None, 1, "b"),
                row(Some(1), 1, "c"),
                row(Some(1), 1, "d"),
            ];
            run(&sink, vec![inserts(&t, rows)]).await.unwrap();
        }
        assert_eq!(
            db.sql("select * from t order by id, name"),
            "1|1|d\n|1|a\n|1|a\n|1|b\n|1|b"
        );
    }
}
