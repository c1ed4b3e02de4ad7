//! Splits: all rows once, as of one moment, and again from any position.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use seatunnel_api::Value;
use seatunnel_jdbc_testkit::{Database, Postgres};
use serde_json::json;

use super::support::{Collected, error, ids, of, read, read_splits, source, splits, task};

fn large(name: &str) -> Database {
    let db = Postgres::shared().database(name);
    db.sql(
        "create table t (id int primary key, v int not null, pad text) with (fillfactor = 70); \
         insert into t select n, 0, repeat('x', 100) from generate_series(1, 30000) n; analyze t",
    );
    db
}

#[tokio::test]
async fn splits_cover_a_table_once_while_it_changes() {
    let db = large("snapshot");
    let options = of(&db, json!({"table_path": "t"}));
    let stop = Arc::new(AtomicBool::new(false));
    let (writing, stopping) = (db.clone(), stop.clone());
    // Each transaction changes every hundredth row; the sum over all rows tells whether one was half seen.
    let writer = std::thread::spawn(move || {
        let mut n = 0;
        while !stopping.load(Ordering::Relaxed) {
            n += 1;
            writing.sql(&format!(
                "update t set v = v + 1 where id % 100 = {}",
                n % 100
            ));
            writing.sql(&format!("insert into t values ({}, 0, '')", 100_000 + n));
        }
    });
    for parallelism in 1..=8 {
        let found = source(options.clone()).await.unwrap();
        let all = splits(&found, parallelism).await;
        assert_eq!(all.len() > 1, parallelism > 1);
        let rows = read_splits(&found, all, parallelism, parallelism % 2 == 0)
            .await
            .unwrap();
        let ids = ids(&rows);
        let old: Vec<i64> = ids.iter().copied().filter(|id| *id <= 30_000).collect();
        assert_eq!(old, (1..=30_000).collect::<Vec<_>>(), "by {parallelism}");
        let sum: i64 = rows
            .iter()
            .map(|row| match row[1] {
                Value::Int(v) => i64::from(v),
                _ => panic!("no number"),
            })
            .sum();
        assert_eq!(sum % 300, 0, "as of one moment, by {parallelism}");
        let new: Vec<i64> = ids.iter().copied().filter(|id| *id > 100_000).collect();
        let dense = new
            .iter()
            .zip(100_001..)
            .all(|(id, expected)| *id == expected);
        assert!(dense, "as of one moment, by {parallelism}");
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
}

#[tokio::test]
async fn readers_of_other_processes_see_what_the_planner_saw_as_long_as_it_lives() {
    let db = large("planned_elsewhere");
    let options = of(&db, json!({"table_path": "t"}));
    let planner = source(options.clone()).await.unwrap();
    let all = splits(&planner, 2).await;
    db.sql("insert into t values (100000, 0, ''); update t set v = 1 where id <= 10");
    // Another process makes its sources anew: nothing but the splits comes over.
    let elsewhere = source(options.clone()).await.unwrap();
    let rows = read_splits(&elsewhere, all.clone(), 2, true).await.unwrap();
    assert_eq!(ids(&rows), (1..=30_000).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row[1] == Value::Int(0)));
    drop((planner, elsewhere));
    let later = source(options).await.unwrap();
    // The server notices after a moment that the planner is gone.
    let mut seen = 0;
    for _ in 0..100 {
        let rows = read_splits(&later, all.clone(), 2, true).await.unwrap();
        seen = rows.len();
        if seen > 30_000 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(seen, 30_001, "read as of a later moment, and all of it");
}

#[tokio::test]
async fn a_split_goes_on_from_any_position() {
    let db = large("positions");
    for (options, parallelism) in [
        (json!({"table_path": "t"}), 1),
        (json!({"table_path": "t"}), 2),
        (
            json!({"query": "select * from t where id <= 8000 order by id"}),
            1,
        ),
    ] {
        let found = source(of(&db, options.clone())).await.unwrap();
        let all = splits(&found, parallelism).await;
        let mut reader = found.reader(task(0, 1)).await.unwrap();
        let split = &all[0];
        let mut whole = Collected {
            rows_per_batch: 2_500,
            ..Collected::default()
        };
        reader.read(&split.bytes, &mut whole).await.unwrap();
        let expected = ids(&whole.rows());
        assert!(whole.batches.len() > 2);
        for (n, position) in whole.positions.iter().enumerate() {
            let mut rows: Vec<_> = whole.batches[..=n]
                .iter()
                .flat_map(|b| b.rows())
                .map(|r| r.values())
                .collect();
            // Another process: a source of its own, without the snapshot of the first.
            let later = source(of(&db, options.clone())).await.unwrap();
            let mut reader = later.reader(task(0, parallelism)).await.unwrap();
            let mut rest = Collected::default();
            reader.read(position, &mut rest).await.unwrap();
            rows.extend(rest.rows());
            assert_eq!(ids(&rows), expected, "after batch {n} of {options}");
        }
    }
}

#[tokio::test]
async fn a_position_holds_though_rows_before_it_went() {
    let db = large("moved");
    let options = of(&db, json!({"table_path": "t"}));
    let found = source(options.clone()).await.unwrap();
    let all = splits(&found, 1).await;
    let mut reader = found.reader(task(0, 1)).await.unwrap();
    let mut some = Collected {
        rows_per_batch: 1_000,
        stop_after: Some(1),
        ..Collected::default()
    };
    assert_eq!(
        error(reader.read(&all[0].bytes, &mut some).await).code().id,
        "COMMON-41"
    );
    drop(reader);
    db.sql("delete from t where id % 2 = 0 and id <= 1000");
    let later = source(options).await.unwrap();
    let mut reader = later.reader(task(0, 1)).await.unwrap();
    let mut rest = Collected::default();
    reader.read(&some.positions[0], &mut rest).await.unwrap();
    let first = ids(&some.rows());
    let after = ids(&rest.rows());
    assert_eq!(first, (1..=1_000).collect::<Vec<_>>());
    assert_eq!(after, (1_001..=30_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_reader_takes_one_connection() {
    let db = large("connections");
    let count = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'seatunnel'";
    let found = source(of(&db, json!({"table_path": "t"}))).await.unwrap();
    let all = splits(&found, 1).await;
    assert_eq!(all.len(), 1);
    let mut reader = found.reader(task(0, 1)).await.unwrap();
    reader
        .read(&all[0].bytes, &mut Collected::default())
        .await
        .unwrap();
    db.wait_for(count, "1");
    drop(reader);
    let found = source(of(&db, json!({"table_path": "t"}))).await.unwrap();
    let all = splits(&found, 3).await;
    let mut readers = Vec::new();
    for (n, split) in all.iter().enumerate().take(3) {
        let mut reader = found.reader(task(n, 3)).await.unwrap();
        reader
            .read(&split.bytes, &mut Collected::default())
            .await
            .unwrap();
        readers.push(reader);
    }
    db.wait_for(count, "3");
    drop(readers);
    drop(found);
}

#[tokio::test]
async fn parts_can_be_asked_for() {
    let db = large("parts");
    let options = json!({"table_path": "t", "partition_column": "id", "partition_num": 5});
    let found = source(of(&db, options.clone())).await.unwrap();
    assert_eq!(splits(&found, 2).await.len(), 5);
    assert_eq!(read(of(&db, options), 2).await.unwrap().len(), 30_000);
}
