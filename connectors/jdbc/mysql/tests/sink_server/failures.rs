//! Bad rows, conflicts and servers that go away.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{
    Rejected, WAYS, alone, batch, inserts, into, keeping, row, rows, sink, table, task, text,
    write, write_in,
};
use seatunnel_api::RowKind::{Delete, Insert};
use seatunnel_api::{Batch, CatalogTable, Value};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_testkit::MariaDb;
use serde_json::json;

fn people() -> Arc<CatalogTable> {
    table(&[("id", "int"), ("name", "string")], &["id"])
}

/// Rows `1..=count` in batches of a thousand.
fn many(t: &Arc<CatalogTable>, count: i32) -> Vec<Batch> {
    let all: Vec<i32> = (1..=count).collect();
    let batches = all.chunks(1_000);
    batches
        .map(|ids| inserts(t, ids.iter().map(|id| row(*id, "n")).collect()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_late_in_a_large_load_is_named_and_nothing_is_committed() {
    let t = people();
    for way in WAYS {
        let db = MariaDb::shared().database("late");
        db.sql("create table t (id int primary key, name varchar(20)); insert into t values (-1, 'old')");
        let options = into(&db, way, json!({"enable_upsert": false}));
        let sink = sink(options, std::slice::from_ref(&t)).unwrap();
        let mut batches = many(&t, 20_000);
        batches.push(inserts(
            &t,
            vec![row(20_001, "n"), row(777, "again"), row(20_002, "n")],
        ));
        let error = write(&sink, batches).await.unwrap_err();
        assert_eq!(error.code(), errors::CONSTRAINT, "{error}");
        assert_eq!(error.sql_state(), Some("23000"));
        let told = error.report();
        for part in [
            "row: 20002",
            "id=777",
            "Duplicate entry '777' for key 'PRIMARY'",
            "1062",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert_eq!(rows(&db), "-1:old", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_do_not_fit_are_never_adjusted() {
    let t = table(
        &[
            ("id", "int"),
            ("name", "string"),
            ("n", "bigint"),
            ("d", "string"),
        ],
        &["id"],
    );
    let good = |id| {
        vec![
            Value::Int(id),
            text("ok"),
            Value::BigInt(1),
            text("2024-01-01"),
        ]
    };
    let bad: [(usize, Value, &str); 6] = [
        (1, text("too long"), "1406"),
        (1, Value::Null, "1048"),
        (1, text("a\u{1f600}"), "1366"),
        (2, Value::BigInt(128), "1264"),
        (2, Value::BigInt(50), "4025"),
        (3, text("2024-13-01"), "1292"),
    ];
    for way in WAYS {
        for more in [json!({}), json!({"enable_upsert": false})] {
            for (place, value, errno) in &bad {
                let db = MariaDb::shared().database("adjusted");
                db.sql(
                    "create table t (id int primary key, name varchar(3) character set utf8mb3 not null, \
                     n tinyint check (n <> 50), d date)",
                );
                let sink = sink(into(&db, way, more.clone()), std::slice::from_ref(&t)).unwrap();
                let mut wrong = good(5);
                wrong[*place] = value.clone();
                let all = vec![good(1), good(2), wrong, good(6)];
                let error = write(&sink, vec![inserts(&t, all)]).await.unwrap_err();
                let told = error.report();
                for part in ["row: 3", "id=5", errno] {
                    assert!(told.contains(part), "{part} in {told}\n{way} {more}");
                }
                assert_eq!(db.sql("select count(*) from t"), "0");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lenient_server_is_made_strict() {
    let t = people();
    let server = alone().await;
    server.admin().sql("set global sql_mode = ''");
    for way in WAYS {
        let db = server.database("lenient");
        db.sql("create table t (id int auto_increment primary key, name varchar(3))");
        let create = || sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        let error = write(&create(), vec![inserts(&t, vec![row(1, "too long")])]).await;
        assert!(error.unwrap_err().report().contains("1406"), "{way}");
        // A zero is a zero, also in a column that numbers rows.
        write(&create(), vec![inserts(&t, vec![row(0, "a"), row(5, "b")])])
            .await
            .unwrap();
        assert_eq!(rows(&db), "0:a,5:b", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_set_aside_and_the_others_land() {
    let t = table(
        &[("id", "int"), ("name", "string"), ("n", "double")],
        &["id"],
    );
    let values = |id: i32| {
        let name = if id % 500 == 7 { "much too long" } else { "ok" };
        let n = if id % 700 == 9 { f64::NAN } else { 0.5 };
        vec![Value::Int(id), text(name), Value::Double(n)]
    };
    for way in WAYS {
        for more in [
            json!({}),
            json!({"enable_upsert": false}),
            json!({"max_retries": 2}),
        ] {
            let db = MariaDb::shared().database("aside");
            db.sql("create table t (id int primary key, name varchar(5), n double)");
            let kept = Arc::new(Rejected::default());
            let sink = sink(into(&db, way, more.clone()), std::slice::from_ref(&t)).unwrap();
            let ids: Vec<i32> = (1..=3_000).collect();
            let batches = ids
                .chunks(400)
                .map(|c| inserts(&t, c.iter().map(|id| values(*id)).collect()));
            write_in(&sink, batches.collect(), keeping(&kept))
                .await
                .unwrap();
            let mut expected: Vec<i32> = ids
                .iter()
                .copied()
                .filter(|id| id % 500 == 7 || id % 700 == 9)
                .collect();
            let lines = kept.0.lock().unwrap().clone();
            let mut rejected: Vec<i32> = lines
                .iter()
                .map(|line| {
                    let json: serde_json::Value =
                        serde_json::from_str(&format!("{{{line}}}")).unwrap();
                    json["row"]["id"].as_i64().unwrap() as i32
                })
                .collect();
            rejected.sort_unstable();
            expected.sort_unstable();
            assert_eq!(rejected, expected, "{way} {more}");
            assert_eq!(
                db.sql("select count(*) from t"),
                (3_000 - expected.len()).to_string(),
                "{way} {more}"
            );
            assert!(lines.iter().any(|line| line.contains("22001")), "{lines:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_refused_deletes_are_set_aside() {
    let t = people();
    for way in WAYS {
        let db = MariaDb::shared().database("refused");
        db.sql(
            "create table t (id int primary key, name varchar(20)); insert into t values (1, 'a'), (2, 'b'); \
             create table child (parent int, foreign key (parent) references t (id)); \
             insert into child values (1)",
        );
        let kept = Arc::new(Rejected::default());
        let options = into(&db, way, json!({"enable_upsert": false}));
        let sink = sink(options, std::slice::from_ref(&t)).unwrap();
        let list = vec![
            (Insert, row(3, "c")),
            (Insert, row(2, "again")),
            (Insert, row(4, "d")),
            (Delete, row(1, "a")),
            (Delete, row(2, "b")),
        ];
        write_in(&sink, vec![batch(&t, &list)], keeping(&kept))
            .await
            .unwrap();
        assert_eq!(rows(&db), "1:a,3:c,4:d", "{way}");
        assert_eq!(kept.0.lock().unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_local_infile_rows_go_by_statements() {
    let server = alone().await;
    let db = server.database("no_infile");
    let count = || db.sql("show global status like 'Com_load'");
    let before = count();
    server.admin().sql("set global local_infile = 0");
    let t = people();
    let sink = sink(into(&db, WAYS[1], json!({})), std::slice::from_ref(&t)).unwrap();
    write(&sink, many(&t, 3_000)).await.unwrap();
    assert_eq!(db.sql("select count(*), sum(id) from t"), "3000\t4501500");
    assert_eq!(count(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ways_are_those_that_were_asked_for() {
    let server = alone().await;
    let t = people();
    for (way, counter) in WAYS
        .iter()
        .zip(["Com_stmt_execute", "Com_load", "Com_stmt_execute"])
    {
        let db = server.database("ways");
        let count = || -> u64 {
            let told = db.sql(&format!("show global status like '{counter}'"));
            told.split('\t').nth(1).unwrap().parse().unwrap()
        };
        let before = count();
        let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        write(&sink, many(&t, 2_048)).await.unwrap();
        let statements = count() - before;
        let expected = if counter == "Com_load" { 1..=1 } else { 2..=12 };
        assert!(expected.contains(&statements), "{way}: {statements}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_tried_again_where_the_user_asks_for_it() {
    let t = people();
    for (way, retries) in [
        (WAYS[2], 0),
        (WAYS[0], 3),
        (WAYS[1], 3),
        (WAYS[2], 3),
        (WAYS[0], 0),
    ] {
        let db = MariaDb::shared().database("deadlock");
        let rest: Vec<String> = (10..60).map(|n| format!("({n}, 'x')")).collect();
        db.sql(&format!(
            "create table t (id int primary key, name varchar(20)); insert into t values (1, 'a'), (2, 'b'), {}",
            rest.join(",")
        ));
        let options = into(&db, way, json!({"max_retries": retries, "batch_size": 1}));
        let sink = sink(options, std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        let mut writer = sink.writer(task()).await.unwrap();
        // The other one has changed more, so that ours is the one to give way. It takes the second lock once it is
        // waited for; the server tells anew who waits when nobody has asked for a tenth of a second.
        let other = db.clone();
        let other = std::thread::spawn(move || {
            other.try_sql(&format!(
                "begin; update t set name = 'other' where id >= 10; update t set name = 'other' where id = 2;
                 do get_lock('{}', 0);
                 delimiter //
                 begin not atomic
                     declare asked int default 0;
                     while asked < 400 and not exists (
                         select 1 from information_schema.innodb_lock_waits w
                         join information_schema.innodb_trx t on t.trx_id = w.blocking_trx_id
                         where t.trx_mysql_thread_id = connection_id()
                     ) do
                         do sleep(0.15);
                         set asked = asked + 1;
                     end while;
                 end //
                 delimiter ;
                 update t set name = 'other' where id = 1; commit",
                other.name()
            ))
        });
        let holds = format!("select is_used_lock('{}') is not null", db.name());
        while db.sql(&holds) == "0" && !other.is_finished() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let result = writer
            .write(inserts(&t, vec![row(1, "ours"), row(2, "ours")]))
            .await;
        other.join().unwrap().unwrap();
        if retries == 0 {
            let error = result.unwrap_err();
            assert_eq!(error.code(), errors::CONFLICT, "{error}");
            assert!(error.is_retryable());
            writer.abort().await.unwrap();
        } else {
            result.unwrap();
            writer.prepare_commit(1).await.unwrap();
            assert_eq!(
                db.sql("select group_concat(name) from t where id < 3"),
                "ours,ours",
                "{way}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_mid_load_is_an_error_and_leaves_nothing() {
    let t = people();
    let server = MariaDb::start();
    for way in WAYS {
        let db = server.database("killed");
        let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        let mut writer = sink.writer(task()).await.unwrap();
        for batch in many(&t, 20_000) {
            writer.write(batch).await.unwrap();
        }
        server.kill();
        let mut error = None;
        let batch = many(&t, 1_000).remove(0);
        for _ in 0..1_000 {
            if let Err(failed) = writer.write(batch.clone()).await {
                error = Some(failed);
                break;
            }
        }
        let error = match error {
            Some(error) => error,
            None => writer.prepare_commit(1).await.unwrap_err(),
        };
        assert_eq!(error.code(), errors::CONNECTION_LOST, "{error}");
        assert!(error.is_retryable());
        writer.abort().await.unwrap();
        server.restart();
        assert_eq!(rows(&db), "NULL", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_made_again_where_rows_replace_themselves() {
    let t = people();
    for way in WAYS {
        let db = MariaDb::shared().database("cut");
        let options = into(&db, way, json!({"max_retries": 2, "batch_size": 1_500}));
        let sink = sink(options, std::slice::from_ref(&t)).unwrap();
        sink.prepare().await.unwrap();
        let mut writer = sink.writer(task()).await.unwrap();
        let mut batches = many(&t, 5_000).into_iter();
        writer.write(batches.next().unwrap()).await.unwrap();
        let ids = db.sql(&format!(
            "select id from information_schema.processlist where db = '{}' and id <> connection_id()",
            db.name()
        ));
        // One of them may be about to leave by itself.
        let killed = ids
            .lines()
            .filter(|id| db.try_sql(&format!("kill {id}")).is_ok());
        assert!(killed.count() > 0, "{ids}");
        for batch in batches {
            writer.write(batch).await.unwrap();
        }
        writer.prepare_commit(1).await.unwrap();
        assert_eq!(db.sql("select count(*) from t"), "5000", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_an_error_and_nothing_is_committed() {
    let Some(server) = MariaDb::small_disk(24) else {
        return;
    };
    let t = people();
    for way in WAYS {
        let db = server.database("full");
        let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        let long = "x".repeat(1_000);
        let batches =
            (0..100).map(|b| inserts(&t, (0..1_000).map(|n| row(b * 1_000 + n, &long)).collect()));
        let error = write(&sink, batches.collect()).await.unwrap_err();
        assert_eq!(error.code(), errors::STORAGE, "{error}");
        assert_eq!(db.sql("select count(*) from t"), "0", "{way}");
        db.sql("drop table t");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_visible_when_the_user_says_how_many() {
    let t = people();
    let db = MariaDb::shared().database("visible");
    let options = into(&db, "", json!({"batch_size": 2_000}));
    let sink = sink(options, std::slice::from_ref(&t)).unwrap();
    sink.prepare().await.unwrap();
    let mut writer = sink.writer(task()).await.unwrap();
    let mut seen = Vec::new();
    for batch in many(&t, 5_000) {
        writer.write(batch).await.unwrap();
        seen.push(db.sql("select count(*) from t"));
    }
    assert_eq!(seen, ["0", "2000", "2000", "4000", "4000"]);
    writer.prepare_commit(1).await.unwrap();
    assert_eq!(db.sql("select count(*) from t"), "5000");
}

#[tokio::test(flavor = "multi_thread")]
async fn rounded_values_are_as_the_server_has_them() {
    let t = table(&[("id", "int"), ("d", "decimal(10, 4)")], &["id"]);
    for way in WAYS {
        for more in [json!({}), json!({"enable_upsert": false})] {
            let db = MariaDb::shared().database("rounded");
            db.sql("create table t (id int primary key, d decimal(10, 2))");
            let sink = sink(into(&db, way, more), std::slice::from_ref(&t)).unwrap();
            let values = |id| vec![Value::Int(id), Value::Decimal("12345".parse().unwrap(), 4)];
            let all = (1..=3_000).map(values).collect();
            write(&sink, vec![inserts(&t, all)]).await.unwrap();
            assert_eq!(
                db.sql("select count(*), min(d), max(d) from t"),
                "3000\t1.23\t1.23"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_transactions_keeps_what_came_before_a_bad_row() {
    let t = people();
    for way in WAYS {
        let db = MariaDb::shared().database("aria");
        let create =
            "create or replace table t (id int primary key, name varchar(5)) engine = myisam";
        let all = || inserts(&t, vec![row(1, "a"), row(2, "much too long"), row(3, "c")]);
        db.sql(create);
        let create_sink = || sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        let error = write(&create_sink(), vec![all()]).await.unwrap_err();
        assert_eq!(error.sql_state(), Some("22001"), "{error}");
        db.sql(create);
        let kept = Arc::new(Rejected::default());
        write_in(&create_sink(), vec![all()], keeping(&kept))
            .await
            .unwrap();
        assert_eq!(rows(&db), "1:a,3:c", "{way}");
        assert_eq!(kept.0.lock().unwrap().len(), 1);
    }
}
