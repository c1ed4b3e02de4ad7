//! Rows that a SQLite table refuses are set aside, and the others are written.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use common::{Files, ask, batch, inserts, into, sink, table, task, text};
use seatunnel_api::RowKind::{Insert, UpdateAfter, UpdateBefore};
use seatunnel_api::erased::DynSink;
use seatunnel_api::{
    Batch, CatalogTable, DirtyKeeper, DirtyRow, DirtyRows, Error, Metrics, Result, TaskContext,
    Value, codes,
};
use serde_json::{Value as Json, json};

/// Keeps what is rejected, up to a limit.
struct Aside {
    rows: Mutex<Vec<Json>>,
    most: usize,
}

#[async_trait]
impl DirtyKeeper for Aside {
    async fn keep(&self, row: &DirtyRow<'_>) -> Result<()> {
        let json = serde_json::from_str(&format!("{{{}}}", row.members)).unwrap();
        let mut rows = self.rows.lock().unwrap();
        rows.push(json);
        if rows.len() > self.most {
            return Err(Error::new(codes::DIRTY_LIMIT, "too many"));
        }
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}

impl Aside {
    fn with_limit(most: usize) -> Arc<Self> {
        let rows = Mutex::default();
        Arc::new(Self { rows, most })
    }

    fn task(self: &Arc<Self>) -> (TaskContext, Metrics) {
        let metrics = Metrics::new();
        let dirty = DirtyRows::new(vec![self.clone()], "Jdbc", 0, metrics.clone());
        (TaskContext { dirty, ..task() }, metrics)
    }

    fn rows(&self) -> Vec<Json> {
        self.rows.lock().unwrap().clone()
    }

    /// The ids of the rows and SQLite's codes.
    fn ids(&self) -> Vec<(i64, String)> {
        let of = |row: &Json| {
            let state = row["sql_state"].as_str().unwrap_or("none").to_owned();
            (row["row"]["id"].as_i64().unwrap(), state)
        };
        self.rows().iter().map(of).collect()
    }
}

/// Writes batches by one writer, to the end of the job; gives how many rows were counted as failed.
async fn write(sink: &Arc<dyn DynSink>, batches: Vec<Batch>, aside: &Arc<Aside>) -> Result<u64> {
    let (context, metrics) = aside.task();
    sink.prepare().await?;
    let mut writer = sink.writer(context).await?;
    for batch in batches {
        writer.write(batch).await?;
    }
    let committables = writer.prepare_commit(1).await?;
    sink.commit(committables).await?;
    writer.close().await?;
    sink.finish().await?;
    Ok(metrics.failed_rows().get())
}

async fn sink_of(files: &Files, t: &Arc<CatalogTable>, more: Json) -> Arc<dyn DynSink> {
    let options = into(&files.url("a.db"), more);
    sink(options, std::slice::from_ref(t)).await.unwrap()
}

fn people() -> Arc<CatalogTable> {
    table(
        &[("id", "bigint"), ("name", "string"), ("n", "double")],
        &["id"],
    )
}

const PEOPLE: &str = "CREATE TABLE t (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    n REAL CONSTRAINT unlucky CHECK (n <> 13))";

fn person(id: i64) -> Vec<Value> {
    let (name, n) = match id {
        100 => (Value::Null, 1.0),
        1_500 => (text("name1500"), 13.0),
        1_501 => (text("name7"), 1.0),
        2_048 => (text("name2048"), f64::NAN),
        _ => (text(&format!("name{id}")), 1.0),
    };
    vec![Value::BigInt(id), name, Value::Double(n)]
}

/// Ids 0 to 2999 in three batches.
fn three_batches(t: &Arc<CatalogTable>) -> Vec<Batch> {
    let ids = |part: i64| part * 1_000..(part + 1) * 1_000;
    let one = |part| inserts(t, ids(part).map(person).collect());
    (0..3).map(one).collect()
}

fn expected() -> Vec<(i64, String)> {
    [
        (100, "SQLITE_CONSTRAINT_NOTNULL"),
        (1_500, "SQLITE_CONSTRAINT_CHECK"),
        (1_501, "SQLITE_CONSTRAINT_UNIQUE"),
        (2_048, "none"),
    ]
    .map(|(id, state)| (id, state.to_owned()))
    .to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_rows_are_set_aside_on_every_path() {
    for more in [
        json!({}),
        json!({"batch_size": 700}),
        json!({"batch_size": 1}),
        json!({"enable_upsert": false}),
        json!({"support_upsert_by_query_primary_key_exist": true}),
        json!({"generate_sink_sql": false, "query": "INSERT INTO t VALUES (?, ?, ?)"}),
        json!({"is_exactly_once": true}),
        // The duplicate name is compared with what is written together with it.
        json!({"is_exactly_once": true, "batch_size": 3000}),
    ] {
        let files = Files::new();
        let db = files.database("a.db", PEOPLE);
        let t = people();
        let sink = sink_of(&files, &t, more.clone()).await;
        let aside = Aside::with_limit(100);
        let failed = write(&sink, three_batches(&t), &aside).await.unwrap();
        assert_eq!(failed, 4, "{more}");
        assert_eq!(aside.ids(), expected(), "{more}");
        let stored = "SELECT count(*), sum(id), sum(id IN (100, 1500, 1501, 2048)) FROM t";
        assert_eq!(ask(&db, stored), ["2996|4493351|0"], "{more}");
        let left = "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%staged%'";
        assert_eq!(ask(&db, left), ["0"], "{more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_row_tells_its_number_key_constraint_and_code() {
    let files = Files::new();
    files.database("a.db", PEOPLE);
    let t = people();
    let sink = sink_of(&files, &t, json!({"batch_size": 700})).await;
    let aside = Aside::with_limit(100);
    write(&sink, three_batches(&t), &aside).await.unwrap();
    let rows = aside.rows();
    assert_eq!(
        rows[0]["position"],
        json!({"task": 0, "column": "name", "constraint": "NOT NULL t.name",
               "sqlite_code": 1299, "row": 101, "key": "id=100"})
    );
    assert_eq!(rows[0]["reason"], "NOT NULL constraint failed: t.name");
    assert_eq!(rows[0]["row"], json!({"id": 100, "name": null, "n": 1.0}));
    assert_eq!(
        rows[1]["position"],
        json!({"task": 0, "constraint": "CHECK unlucky",
               "sqlite_code": 275, "row": 1501, "key": "id=1500"})
    );
    assert_eq!(rows[2]["position"]["constraint"], "UNIQUE t.name");
    assert_eq!(rows[2]["position"]["sqlite_code"], 2067);
    assert_eq!(
        rows[3]["position"],
        json!({"task": 0, "column": "n", "row": 2049, "key": "id=2048"})
    );
    assert_eq!(rows[3]["code"], codes::VALUE_INVALID.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_output_the_first_refused_row_is_named_and_nothing_is_written() {
    for more in [json!({}), json!({"enable_upsert": false})] {
        let files = Files::new();
        let db = files.database("a.db", PEOPLE);
        let t = people();
        let sink = sink_of(&files, &t, more).await;
        sink.prepare().await.unwrap();
        let mut writer = sink.writer(task()).await.unwrap();
        for batch in three_batches(&t) {
            writer.write(batch).await.unwrap();
        }
        let error = writer.prepare_commit(1).await.err().unwrap();
        assert_eq!(
            error.to_string(),
            "NOT NULL constraint failed: t.name (column name, constraint NOT NULL t.name, \
             sqlite_code 1299, table t, row 101, key id=100)"
        );
        assert_eq!(error.sql_state(), Some("SQLITE_CONSTRAINT_NOTNULL"));
        assert_eq!(ask(&db, "SELECT count(*) FROM t"), ["0"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_limit_the_error_is_that_of_the_output() {
    let files = Files::new();
    files.database("a.db", PEOPLE);
    let t = people();
    let sink = sink_of(&files, &t, json!({})).await;
    let aside = Aside::with_limit(2);
    let error = write(&sink, three_batches(&t), &aside).await.unwrap_err();
    assert_eq!(error.code().id, codes::DIRTY_LIMIT.id);
    assert_eq!(aside.rows().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_of_nothing_but_refused_rows_writes_nothing() {
    let files = Files::new();
    let db = files.database("a.db", "CREATE TABLE t (id INT CHECK (id < 0))");
    let t = table(&[("id", "int")], &[]);
    let sink = sink_of(&files, &t, json!({})).await;
    let aside = Aside::with_limit(5_000);
    let rows = inserts(&t, (0..5_000).map(|id| vec![Value::Int(id)]).collect());
    assert_eq!(write(&sink, vec![rows], &aside).await.unwrap(), 5_000);
    let ids: Vec<i64> = aside.ids().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, (0..5_000).collect::<Vec<_>>());
    assert_eq!(ask(&db, "SELECT count(*) FROM t"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_keys_strict_types_triggers_and_mismatches_are_of_rows() {
    let files = Files::new();
    for (ddl, bad, state, code) in [
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT REFERENCES known (name))",
            "nobody",
            "SQLITE_CONSTRAINT_FOREIGNKEY",
            787,
        ),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name INTEGER) STRICT",
            "seven",
            "SQLITE_CONSTRAINT_DATATYPE",
            3091,
        ),
        (
            "CREATE TABLE t (id INTEGER, name INTEGER PRIMARY KEY)",
            "seven",
            "SQLITE_MISMATCH",
            20,
        ),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
             CREATE TRIGGER no BEFORE INSERT ON t WHEN new.name = 'bad'
             BEGIN SELECT RAISE(FAIL, 'not this one'); END",
            "bad",
            "SQLITE_CONSTRAINT_TRIGGER",
            1811,
        ),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE ON CONFLICT FAIL)",
            "5",
            "SQLITE_CONSTRAINT_UNIQUE",
            2067,
        ),
    ] {
        let db = files.database("a.db", "DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS known");
        let known: Vec<String> = (0..500).map(|i| format!("('{i}')")).collect();
        db.execute_batch(&format!(
            "CREATE TABLE known (name TEXT PRIMARY KEY); INSERT INTO known VALUES {}; {ddl}",
            known.join(", ")
        ))
        .unwrap();
        let t = table(&[("id", "int"), ("name", "string")], &["id"]);
        let url = format!("{}?foreign_keys=ON", files.url("a.db"));
        let options = into(&url, json!({"enable_upsert": false}));
        let sink = sink(options, std::slice::from_ref(&t)).await.unwrap();
        let name = |id: i32| {
            if id == 321 {
                bad.to_owned()
            } else {
                id.to_string()
            }
        };
        let row = |id| vec![Value::Int(id), text(&name(id))];
        let aside = Aside::with_limit(10);
        let rows = inserts(&t, (0..500).map(row).collect());
        write(&sink, vec![rows], &aside).await.unwrap();
        assert_eq!(aside.ids(), [(321, state.to_owned())], "{ddl}");
        assert_eq!(aside.rows()[0]["position"]["sqlite_code"], code, "{ddl}");
        assert_eq!(ask(&db, "SELECT count(*) FROM t"), ["499"], "{ddl}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_around_a_refused_one_are_applied_in_order() {
    let files = Files::new();
    let db = files.database(
        "a.db",
        &format!("{PEOPLE}; INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2)"),
    );
    let t = people();
    let row = |id, name: &str, n| vec![Value::BigInt(id), text(name), Value::Double(n)];
    let rows = [
        (UpdateBefore, row(1, "one", 1.0)),
        (UpdateAfter, row(1, "one", 13.0)),
        (UpdateBefore, row(2, "two", 2.0)),
        (UpdateAfter, row(2, "zwei", 2.0)),
        (Insert, row(3, "two", 3.0)),
        (Insert, row(4, "zwei", 4.0)),
    ];
    let sink = sink_of(&files, &t, json!({"is_primary_key_updated": false})).await;
    let aside = Aside::with_limit(10);
    write(&sink, vec![batch(&t, &rows)], &aside).await.unwrap();
    let refused: Vec<i64> = aside.ids().into_iter().map(|(id, _)| id).collect();
    assert_eq!(refused, [1, 4]);
    assert_eq!(aside.rows()[0]["row_kind"], "+U");
    assert_eq!(
        ask(&db, "SELECT * FROM t ORDER BY id"),
        ["1|one|1.0", "2|zwei|2.0", "3|two|3.0"]
    );
}

/// A rule of the table that undoes good rows too must not let the job go on as if they were written.
#[tokio::test(flavor = "multi_thread")]
async fn rules_that_undo_the_transaction_and_deferred_keys_fail_the_job() {
    for (ddl, says) in [
        (
            "CREATE TABLE t (id INT PRIMARY KEY, name TEXT UNIQUE ON CONFLICT ROLLBACK)",
            "answers with ROLLBACK",
        ),
        (
            "CREATE TABLE u (id INT PRIMARY KEY);
             CREATE TABLE t (id INT PRIMARY KEY,
                             name INT REFERENCES u (id) DEFERRABLE INITIALLY DEFERRED)",
            "at the end of the transaction",
        ),
    ] {
        let files = Files::new();
        let db = files.database("a.db", ddl);
        let t = table(&[("id", "int"), ("name", "string")], &["id"]);
        let url = format!("{}?foreign_keys=ON", files.url("a.db"));
        let sink = sink(into(&url, json!({})), std::slice::from_ref(&t));
        let sink = sink.await.unwrap();
        let rows = (0..1_000).map(|id| vec![Value::Int(id), text(&(id % 900).to_string())]);
        let aside = Aside::with_limit(5_000);
        let error = write(&sink, vec![inserts(&t, rows.collect())], &aside);
        let error = error.await.unwrap_err();
        assert_eq!(error.code().id, "JDBC-08", "{error:?}");
        assert!(error.report().contains(says), "{error:?}");
        assert_eq!(ask(&db, "SELECT count(*) FROM t"), ["0"]);
        assert!(aside.rows().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_rows_that_contradict_each_other_fail_the_commit_and_are_named() {
    let files = Files::new();
    let db = files.database("a.db", PEOPLE);
    let t = people();
    let more = json!({"is_exactly_once": true, "enable_upsert": false});
    let sink = sink_of(&files, &t, more).await;
    sink.prepare().await.unwrap();
    let aside = Aside::with_limit(10);
    let mut staged = Vec::new();
    for _ in 0..2 {
        let mut writer = sink.writer(aside.task().0).await.unwrap();
        writer.write(inserts(&t, vec![person(7)])).await.unwrap();
        staged.extend(writer.prepare_commit(1).await.unwrap());
    }
    let error = sink.commit(staged).await.unwrap_err();
    assert_eq!(error.code().id, "JDBC-08");
    let report = error.report();
    for says in ["id=7", "checkpoint", "SQLITE_CONSTRAINT_"] {
        assert!(report.contains(says), "{report}");
    }
    assert_eq!(ask(&db, "SELECT count(*) FROM t"), ["0"]);
}
