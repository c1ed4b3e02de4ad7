//! What goes wrong ends in one clear error, and with nothing half written.

use std::thread::JoinHandle;
use std::time::Duration;

use seatunnel_api::Value;
use seatunnel_jdbc_testkit::{Database, Postgres};
use serde_json::json;

use super::support::*;

#[tokio::test]
async fn a_wrong_password_is_told_without_the_password() {
    let db = database();
    let t = table("t", &[("id", "bigint")], &[]);
    let options = json!({"password": "s3cret"});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    for error in [
        sink.check().await.unwrap_err(),
        sink.prepare().await.unwrap_err(),
    ] {
        assert_eq!(error.code().id, "JDBC-14", "{}", error.report());
        assert!(!error.report().contains("s3cret"));
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_server_killed_in_mid_load_is_a_retryable_error_and_nothing_is_half_written() {
    let server = Postgres::start();
    let db = server.database("sink");
    for (upsert, given) in [(true, false), (false, false), (true, true)] {
        db.sql("drop table if exists t; create table t (id bigint primary key)");
        let t = table("t", &[("id", "bigint")], &["id"]);
        let mut options = json!({"enable_upsert": upsert});
        if given {
            options["query"] = json!("insert into t values (?)");
        }
        let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        let mut writer = writer(&sink).await.unwrap();
        for batch in many_numbers(&t, 50_000, 5_000) {
            writer.write(batch).await.unwrap();
        }
        server.kill();
        let mut failed = None;
        for batch in many_numbers(&t, 200_000, 5_000) {
            if let Err(error) = writer.write(batch).await {
                failed = Some(error);
                break;
            }
        }
        let error = match failed {
            Some(error) => error,
            None => writer.prepare_commit(1).await.unwrap_err(),
        };
        assert!(error.is_retryable(), "{}", error.report());
        assert_eq!(error.code().id, "JDBC-15", "{}", error.report());
        writer.abort().await.unwrap();
        server.restart();
        assert_eq!(db.sql("select count(*) from t"), "0");
    }
}

#[tokio::test]
async fn a_lost_connection_is_replaced_where_retries_are_allowed() {
    let db = database();
    for options in [
        json!({"max_retries": 3}),
        json!({"max_retries": 3, "enable_upsert": false}),
        json!({"max_retries": 3, "support_upsert_by_query_primary_key_exist": true}),
        json!({"max_retries": 3, "query": "insert into t values (?)"}),
    ] {
        db.sql("drop table if exists t; create table t (id bigint primary key)");
        let t = table("t", &[("id", "bigint")], &["id"]);
        let sink = sink(&db, options.clone(), std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        let mut writer = writer(&sink).await.unwrap();
        writer.write(numbers(&t, 0..1_000)).await.unwrap();
        db.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        );
        writer.write(numbers(&t, 1_000..2_000)).await.unwrap();
        let ready = writer.prepare_commit(1).await.unwrap();
        sink.commit(ready).await.unwrap();
        assert_eq!(
            db.sql("select count(*), sum(id) from t"),
            "2000|1999000",
            "{options}"
        );
    }
}

/// A session that holds row 2 and asks for row 1 as soon as someone, who holds it, waits for row 2.
fn session_of_the_other_order(db: &Database) -> JoinHandle<String> {
    let session = {
        let db = db.clone();
        std::thread::spawn(move || {
            db.sql(
                "begin; set local deadlock_timeout = '10s'; update t set name = 'other' where id = 2;
                 select pg_advisory_xact_lock(7);
                 do $$ begin for i in 1..2400 loop
                     exit when exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)));
                     perform pg_sleep(0.025);
                 end loop; end $$;
                 update t set name = 'other' where id = 1; commit",
            )
        })
    };
    let holds = "select count(*) from pg_locks where locktype = 'advisory' and objid = 7
                 and database = (select oid from pg_database where datname = current_database())";
    while db.sql(holds) == "0" && !session.is_finished() {
        std::thread::sleep(Duration::from_millis(20));
    }
    session
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let db = database();
    db.sql("create table t (id bigint primary key); insert into t values (1), (2)");
    let t = table("t", &[("id", "bigint"), ("name", "string")], &["id"]);
    db.sql("alter table t add name text");
    let options = json!({"max_retries": 5});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    sink.prepare().await.unwrap();
    let row = |id, name: &str| vec![Value::BigInt(id), text(name)];
    let other = session_of_the_other_order(&db);
    let mut writer = writer(&sink).await.unwrap();
    // In the order of the rows: 1 is locked, 2 is waited for.
    let rows = vec![row(1, "mine"), row(2, "mine")];
    writer.write(inserts(&t, rows)).await.unwrap();
    let ready = writer.prepare_commit(1).await.unwrap();
    sink.commit(ready).await.unwrap();
    other.join().unwrap();
    let found = db.sql("select * from t order by id");
    assert_eq!(found, "1|mine\n2|mine");
    assert_ne!(
        db.sql("select deadlocks from pg_stat_database where datname = current_database()"),
        "0"
    );
}

#[tokio::test]
async fn a_deadlock_without_retries_is_a_retryable_error() {
    let db = database();
    db.sql("create table t (id bigint primary key, name text); insert into t values (1), (2)");
    let t = table("t", &[("id", "bigint"), ("name", "string")], &["id"]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    sink.prepare().await.unwrap();
    let other = session_of_the_other_order(&db);
    let rows = |ids: [i64; 2]| {
        let rows = ids.map(|id| vec![Value::BigInt(id), text("mine")]);
        inserts(&t, rows.to_vec())
    };
    let mut writer = writer(&sink).await.unwrap();
    let mut failed = writer.write(rows([1, 2])).await.err();
    if failed.is_none() {
        failed = writer.prepare_commit(1).await.err();
    }
    let error = failed.unwrap();
    assert_eq!(error.sql_state(), Some("40P01"), "{}", error.report());
    assert!(error.is_retryable());
    writer.abort().await.unwrap();
    other.join().unwrap();
    assert_eq!(db.sql("select * from t order by id"), "1|other\n2|other");
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_half_written() {
    let Some(server) = Postgres::small_disk(32) else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    let db = server.database("sink");
    db.sql("create table t (id bigint, filler text)");
    let t = table("t", &[("id", "bigint"), ("filler", "string")], &[]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    let filler: String = (0..4_000).map(|_| fastrand::alphanumeric()).collect();
    let rows: Vec<Vec<Value>> = (0..500)
        .map(|i| vec![Value::BigInt(i), text(&filler)])
        .collect();
    let batches = (0..40).map(|_| inserts(&t, rows.clone())).collect();
    let error = run(&sink, batches).await.unwrap_err();
    assert_eq!(error.code().id, "JDBC-09", "{}", error.report());
    assert_eq!(error.sql_state(), Some("53100"));
    assert!(!error.is_retryable());
    assert_eq!(db.sql("select count(*) from t"), "0");
}

#[tokio::test]
async fn violations_of_other_constraints_name_what_they_know() {
    for (create, told) in [
        ("create table t (id bigint check (id < 50))", vec!["23514", "row: 51", "t_id_check"]),
        (
            "create table f (id bigint primary key); insert into f select generate_series(0, 60); create table t (id bigint references f)",
            vec!["23503", "(id)=(61)", "t_id_fkey"],
        ),
        (
            "create table t (id bigint); create function no() returns trigger language plpgsql as
             $$ begin if new.id = 70 then raise exception 'seventy is not for us'; end if; return new; end $$;
             create trigger no before insert on t for each row execute function no()",
            vec!["P0001", "seventy is not for us", "row: 71"],
        ),
        (
            "create table t (id bigint unique deferrable initially deferred); insert into t values (80)",
            vec!["23505", "(id)=(80)"],
        ),
    ] {
        let db = database();
        db.sql(create);
        let t = table("t", &[("id", "bigint")], &[]);
        let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
        let error = run(&sink, vec![numbers(&t, 0..100)]).await.unwrap_err();
        let report = error.report();
        for part in told {
            assert!(report.contains(part), "{part} in {report}");
        }
        assert!(db.sql("select count(*) from t").len() == 1, "{create}");
    }
}

#[tokio::test]
async fn a_connection_lost_between_checkpoints_is_replaced_without_a_word() {
    let db = database();
    for options in [
        json!({}),
        json!({"query": "insert into t values (?)"}),
        json!({"is_exactly_once": true}),
    ] {
        db.sql("drop table if exists t; create table t (id bigint primary key)");
        let t = table("t", &[("id", "bigint")], &["id"]);
        let sink = sink(&db, options.clone(), std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        let mut writer = writer(&sink).await.unwrap();
        for checkpoint in 1..4_i64 {
            let from = checkpoint * 100;
            writer.write(numbers(&t, from..from + 100)).await.unwrap();
            let ready = writer.prepare_commit(checkpoint as u64).await.unwrap();
            sink.commit(ready).await.unwrap();
            db.sql(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid()",
            );
        }
        assert_eq!(
            db.sql("select count(*), sum(id) from t"),
            "300|74850",
            "{options}"
        );
    }
}
