//! Rows that are only inserted.

use seatunnel_api::{DirtyRows, Value};
use serde_json::json;

use super::support::*;

#[tokio::test]
async fn rows_go_into_a_table_that_is_created_for_them() {
    let db = database();
    let people = table("people", &[("id", "int"), ("name", "string")], &[]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&people)).unwrap();
    let rows = vec![
        vec![Value::Int(1), text("Ada")],
        vec![Value::Int(2), Value::Null],
    ];
    run(&sink, vec![inserts(&people, rows)]).await.unwrap();
    assert_eq!(db.sql("select * from people order by id"), "1|Ada\n2|");
    assert_eq!(
        db.sql("select atttypid::regtype from pg_attribute where attrelid = 'people'::regclass and attnum > 0"),
        "integer\ntext"
    );
}

#[tokio::test]
async fn nothing_is_visible_before_the_checkpoint_and_nothing_stays_after_a_failure() {
    let db = database();
    let t = table("t", &[("id", "bigint")], &[]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    sink.prepare().await.unwrap();
    let mut first = writer(&sink).await.unwrap();
    for batch in many_numbers(&t, 20_000, 1_000) {
        first.write(batch).await.unwrap();
    }
    assert_eq!(db.sql("select count(*) from t"), "0");
    first.prepare_commit(1).await.unwrap();
    assert_eq!(db.sql("select count(*) from t"), "20000");
    first.write(numbers(&t, 0..10)).await.unwrap();
    first.prepare_commit(2).await.unwrap();
    assert_eq!(db.sql("select count(*) from t"), "20010");
    first.write(numbers(&t, 0..10)).await.unwrap();
    first.abort().await.unwrap();
    assert_eq!(db.sql("select count(*) from t"), "20010");
}

#[tokio::test]
async fn a_dropped_write_leaves_nothing_behind() {
    let db = database();
    let t = table("t", &[("id", "bigint")], &["id"]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    sink.prepare().await.unwrap();
    for polls in 1..12 {
        let mut writer = writer(&sink).await.unwrap();
        let mut write = Box::pin(async {
            writer.write(numbers(&t, 0..30_000)).await?;
            writer.prepare_commit(1).await
        });
        // Given up at some place on the way.
        for _ in 0..polls {
            let waker = std::task::Waker::noop();
            let _ = std::future::Future::poll(
                write.as_mut(),
                &mut std::task::Context::from_waker(waker),
            );
        }
        drop(write);
        let _ = writer.abort().await;
    }
    let count = db.sql("select count(*) from t");
    assert!(count == "0" || count == "30000", "{count}");
}

#[tokio::test]
async fn flushes_are_committed_one_by_one_where_that_is_asked_for() {
    let db = database();
    let t = table("t", &[("id", "bigint")], &[]);
    let sink = sink(&db, json!({"batch_size": 1000}), std::slice::from_ref(&t)).unwrap();
    sink.prepare().await.unwrap();
    let mut writer = writer(&sink).await.unwrap();
    writer.write(numbers(&t, 0..600)).await.unwrap();
    assert_eq!(db.sql("select count(*) from t"), "0");
    writer.write(numbers(&t, 600..1_200)).await.unwrap();
    assert_eq!(db.sql("select count(*) from t"), "1200");
    writer.write(numbers(&t, 1_200..1_300)).await.unwrap();
    writer.abort().await.unwrap();
    assert_eq!(db.sql("select count(*) from t"), "1200");
}

#[tokio::test]
async fn many_small_tables_share_one_connection() {
    let db = database();
    let tables: Vec<_> = (0..64)
        .map(|i| {
            table(
                &format!("t{i}"),
                &[("id", "bigint")],
                if i % 2 == 0 { &[] } else { &["id"] },
            )
        })
        .collect();
    let sink = sink(&db, json!({}), &tables).unwrap();
    sink.prepare().await.unwrap();
    let mut writer = writer(&sink).await.unwrap();
    for round in 0..5 {
        for table in &tables {
            let from = round * 10;
            writer.write(numbers(table, from..from + 10)).await.unwrap();
        }
    }
    let open = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    db.wait_for(open, "1");
    assert_eq!(db.sql("select count(*) from t0"), "0");
    let ready = writer.prepare_commit(1).await.unwrap();
    sink.commit(ready).await.unwrap();
    let all: Vec<String> = (0..64)
        .map(|i| format!("select count(*), sum(id) from t{i}"))
        .collect();
    let counts = format!("select distinct * from ({}) x", all.join(" union all "));
    assert_eq!(db.sql(&counts), "50|1225");
}

#[tokio::test]
async fn where_one_table_can_not_be_made_ready_none_is() {
    let db = database();
    db.sql("create table b (other int not null)");
    let tables = ["a", "b"].map(|name| table(name, &[("id", "bigint")], &[]));
    let sink = sink(&db, json!({}), &tables).unwrap();
    assert_eq!(sink.prepare().await.unwrap_err().code().id, "JDBC-07");
    assert_eq!(db.sql("select to_regclass('a') is null"), "t");
}

#[tokio::test]
async fn writers_side_by_side_do_not_disturb_each_other() {
    let db = database();
    let t = table("t", &[("id", "bigint")], &["id"]);
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    sink.prepare().await.unwrap();
    let tasks = (0..16).map(|subtask: i64| {
        let (sink, t) = (sink.clone(), t.clone());
        tokio::spawn(async move {
            let mut writer = sink
                .writer(task(subtask as usize, 16, DirtyRows::off()))
                .await?;
            for part in 0..5 {
                let from = subtask * 1_000 + part * 200;
                writer.write(numbers(&t, from..from + 200)).await?;
            }
            writer.prepare_commit(1).await
        })
    });
    let tasks: Vec<_> = tasks.collect();
    for task in tasks {
        let ready = task.await.unwrap().unwrap();
        sink.commit(ready).await.unwrap();
    }
    assert_eq!(db.sql("select count(*), max(id) from t"), "16000|15999");
}

#[tokio::test]
async fn a_doubled_key_far_into_the_rows_is_named_and_nothing_is_written() {
    let db = database();
    db.sql("create table t (id bigint primary key)");
    let t = table("t", &[("id", "bigint")], &["id"]);
    let options = json!({"enable_upsert": false});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    let mut batches = many_numbers(&t, 1_000_000, 8_192);
    batches.push(numbers(&t, 77..78));
    batches.push(numbers(&t, 1_000_001..1_000_100));
    let error = run(&sink, batches).await.unwrap_err();
    assert_eq!(error.sql_state(), Some("23505"), "{}", error.report());
    assert!(error.is_of_row());
    let report = error.report();
    assert!(report.contains("row: 1000001"), "{report}");
    assert!(report.contains("t_pkey"), "{report}");
    assert!(report.contains("(id)=(77)"), "{report}");
    assert_eq!(db.sql("select count(*) from t"), "0");
}

#[tokio::test]
async fn a_value_out_of_range_names_table_column_and_row() {
    let db = database();
    db.sql("create table t (id bigint, small smallint)");
    let t = table("t", &[("id", "bigint"), ("small", "int")], &["id"]);
    let options = json!({"enable_upsert": false});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    let row = |id, small| vec![Value::BigInt(id), Value::Int(small)];
    let batches = vec![
        inserts(&t, vec![row(1, 1), row(2, 2)]),
        inserts(&t, vec![row(3, 3), row(4, 32_768)]),
    ];
    let error = run(&sink, batches).await.unwrap_err();
    let report = error.report();
    assert!(
        report.contains("32768 is out of range of smallint"),
        "{report}"
    );
    assert!(report.contains("column: small"), "{report}");
    assert!(report.contains("row: 4"), "{report}");
    assert!(report.contains("id=4"), "{report}");
    assert!(report.contains("table:"), "{report}");
    assert_eq!(db.sql("select count(*) from t"), "0");
}

#[tokio::test]
async fn views_partitions_and_computed_columns_are_written_as_the_server_allows() {
    let db = database();
    db.sql(
        "create table p (id bigint, double bigint generated always as (id * 2) stored) partition by range (id);
         create table p1 partition of p for values from (0) to (10);
         create table p2 partition of p default;
         create view v as select id from p",
    );
    for name in ["p", "v"] {
        let t = table(name, &[("id", "bigint")], &[]);
        let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
        run(&sink, vec![numbers(&t, 5..15)]).await.unwrap();
    }
    assert_eq!(db.sql("select count(*), sum(double) from p"), "20|380");
    assert_eq!(db.sql("select count(*) from p1"), "10");
}
