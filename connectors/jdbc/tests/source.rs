//! What the source reads, how it divides it, and what it says about what it can't read.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::{Collected, Files, read, read_all, source, splits, task, text};
use seatunnel_api::{ConstraintKind, DataType, Value};
use serde_json::json;

/// Every `id` that some options read, as a set; an id that comes twice fails.
async fn ids(options: serde_json::Value, parallelism: usize) -> (BTreeSet<i64>, usize) {
    let source = source(options).await.unwrap();
    let at = source.tables()[0].schema().index_of("id").unwrap();
    let (collected, splits) = read(&source, parallelism).await.unwrap();
    let mut seen = BTreeSet::new();
    for row in collected.rows() {
        let id = match row[at] {
            Value::Int(id) => i64::from(id),
            Value::BigInt(id) => id,
            ref other => panic!("{other:?}"),
        };
        assert!(seen.insert(id), "{id} came twice");
    }
    (seen, splits)
}

const KEYS: &str = "
    CREATE TABLE t (id INTEGER, k BIGINT, s TEXT, r REAL);
    INSERT INTO t VALUES
        (1, NULL, NULL, NULL), (2, NULL, 'a', -1.5), (3, -9223372036854775808, 'b', 1e300),
        (4, 9223372036854775807, 'c', 0), (5, 0, '', 2.5), (6, -5, 'ä', 2.5),
        (7, 1000000, 'b', NULL), (8, 1000001, 'z', 3), (9, 7, NULL, 1e-300);
";

#[tokio::test(flavor = "multi_thread")]
async fn splits_cover_every_row_once_whatever_its_key() {
    let files = Files::new();
    files.database("a.db", KEYS);
    let url = files.url("a.db");
    let all: BTreeSet<i64> = (1..=9).collect();
    for column in ["k", "s", "r"] {
        for parts in [1, 2, 3, 7, 100] {
            for what in [
                json!({"table_path": "t"}),
                json!({"query": "SELECT * FROM t -- all\n;"}),
            ] {
                let mut options = json!({
                    "url": url, "partition_column": column, "partition_num": parts,
                });
                for (key, value) in what.as_object().unwrap() {
                    options[key] = value.clone();
                }
                let (seen, splits) = ids(options, 4).await;
                assert_eq!(seen, all, "{column} in {parts}");
                assert!(
                    splits <= parts && (parts == 1 || splits > 1),
                    "{column} {parts} {splits}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_and_negative_rowids_are_divided_without_loss() {
    let files = Files::new();
    files.database(
        "a.db",
        "CREATE TABLE t (id BIGINT, big INTEGER PRIMARY KEY);
         INSERT INTO t VALUES (1, -9223372036854775808), (2, -3), (3, 0), (4, 5),
            (5, 9223372036854775807);
         CREATE TABLE clustered (id INT, k BIGINT PRIMARY KEY) WITHOUT ROWID;
         INSERT INTO clustered SELECT id, big FROM t;
         CREATE VIEW v AS SELECT id FROM t;
         CREATE TABLE taken (id INT, rowid TEXT, _rowid_ TEXT);
         INSERT INTO taken SELECT id, 'x', 'y' FROM t;",
    );
    let all: BTreeSet<i64> = (1..=5).collect();
    for (table, divided) in [
        ("t", true),
        ("clustered", true),
        ("v", false),
        ("taken", true),
    ] {
        let options = json!({
            "url": files.url("a.db"), "table_path": table, "split.size": 2,
            "int_type_narrowing": false,
        });
        let (seen, splits) = ids(options, 2).await;
        assert_eq!(seen, all, "{table}");
        assert_eq!(splits > 1, divided, "{table}: {splits}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_bounds_limit_what_is_read() {
    let files = Files::new();
    files.database("a.db", KEYS);
    let options = json!({
        "url": files.url("a.db"), "query": "SELECT * FROM t", "partition_column": "k",
        "partition_num": 2, "partition_lower_bound": "-5", "partition_upper_bound": 1_000_000,
    });
    // Rows without a key are not outside the bounds.
    let (seen, splits) = ids(options, 1).await;
    assert_eq!(seen, BTreeSet::from([1, 2, 5, 6, 7, 9]));
    assert_eq!(splits, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_holds_for_tables_and_queries() {
    let files = Files::new();
    files.database("a.db", KEYS);
    for what in ["table_path", "query"] {
        let mut options = json!({
            "url": files.url("a.db"),
            "where_condition": "WHERE k > 0 OR k IS NULL -- and no others",
        });
        options[what] = json!(if what == "query" {
            "SELECT id, k FROM t"
        } else {
            "t"
        });
        assert_eq!(ids(options, 1).await.0, BTreeSet::from([1, 2, 4, 7, 8, 9]));
    }
    let wrong = json!({"url": files.url("a.db"), "table_path": "t", "where_condition": "k > 0"});
    let error = source(wrong).await.err().unwrap();
    assert!(
        error.to_string().contains("must begin with WHERE"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_tells_keys_defaults_and_nullability() {
    let files = Files::new();
    files.database(
        "a.db",
        "CREATE TABLE orders (
            id INTEGER PRIMARY KEY, code VARCHAR(20) NOT NULL DEFAULT 'x', price DECIMAL(10,2),
            made DATETIME, note, data BLOB, UNIQUE (code, made)
        );
        CREATE INDEX by_price ON orders (price DESC);
        INSERT INTO orders (id, note) VALUES (1, NULL), (2, 1.5), (3, 2);",
    );
    let source = source(json!({"url": files.url("a.db"), "table_path": "orders"}))
        .await
        .unwrap();
    let table = &source.tables()[0];
    let types: Vec<String> = table
        .columns()
        .iter()
        .map(|c| c.data_type.to_string())
        .collect();
    assert_eq!(
        types,
        ["int", "string", "double", "string", "double", "bytes"]
    );
    let code = &table.columns()[1];
    assert_eq!((code.length, code.nullable), (Some(20), false));
    assert_eq!(code.default_value.as_deref(), Some("'x'"));
    assert_eq!(code.source_type.as_deref(), Some("VARCHAR(20)"));
    assert_eq!(table.schema().primary_key.as_ref().unwrap().columns, ["id"]);
    let kinds: Vec<_> = table
        .schema()
        .constraint_keys
        .iter()
        .map(|k| k.kind)
        .collect();
    assert_eq!(kinds, [ConstraintKind::Unique, ConstraintKind::Index]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_gives_its_columns_in_its_order() {
    let files = Files::new();
    files.database("a.db", KEYS);
    let options = json!({
        "url": files.url("a.db"),
        "query": "SELECT s AS name, count(*) AS n, sum(r), id FROM t WHERE id > 4 \
                  GROUP BY s ORDER BY s DESC LIMIT 2",
    });
    let source = source(options.clone()).await.unwrap();
    let table = &source.tables()[0];
    let columns: Vec<_> = table
        .columns()
        .iter()
        .map(|c| (c.name.as_str(), &c.data_type))
        .collect();
    assert_eq!(
        columns,
        [
            ("name", &DataType::String),
            ("n", &DataType::BigInt),
            ("sum(r)", &DataType::Double),
            ("id", &DataType::Int),
        ]
    );
    let rows = read_all(options).await.unwrap();
    assert_eq!(
        rows[0],
        [
            text("ä"),
            Value::BigInt(1),
            Value::Double(2.5),
            Value::Int(6)
        ]
    );
    assert_eq!(rows[1][0], text("z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_another_type_is_named_and_never_null() {
    let files = Files::new();
    files.database(
        "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, b BOOLEAN, s TEXT);
         INSERT INTO t VALUES (1, 1, 1, 'a'), (17, 'many', 0, 'b');",
    );
    let url = files.url("a.db");
    let error = read_all(json!({"url": url, "table_path": "t"}))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the column `n` is read as int but holds the text \"many\" (table t, rowid 17)"
    );
    for (query, expected) in [
        (
            "SELECT 3 AS id, n FROM t",
            "holds the text \"many\" (table default.default.default, row 2)",
        ),
        (
            "SELECT id + 3000000000 AS n FROM t UNION ALL SELECT 2.5",
            "holds the real 2.5",
        ),
        ("SELECT CAST(x'ff' AS TEXT) AS s", "holds the text"),
    ] {
        let read = read_all(json!({"url": url, "query": query})).await;
        let sampled = query.contains("UNION");
        match read {
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
            // The first rows show that the column has fractions too.
            Ok(rows) => assert!(sampled && rows[2][0] == Value::Double(2.5), "{rows:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_on_where_it_was_stopped() {
    let files = Files::new();
    files.database(
        "a.db",
        "CREATE TABLE t (id INT);
         WITH RECURSIVE c (x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < 999)
         INSERT INTO t SELECT x FROM c",
    );
    for options in [
        json!({"url": files.url("a.db"), "table_path": "t"}),
        json!({"url": files.url("a.db"), "query": "SELECT id FROM t"}),
    ] {
        let source = source(options).await.unwrap();
        let split = splits(&source, 1).await.remove(0);
        let mut reader = source.reader(task()).await.unwrap();
        let mut first = Collected {
            rows_per_batch: 100,
            stop_after: Some(3),
            ..Default::default()
        };
        assert!(reader.read(&split.bytes, &mut first).await.is_err());
        let mut reader = source.reader(task()).await.unwrap();
        let mut rest = Collected::default();
        reader
            .read(first.positions.last().unwrap(), &mut rest)
            .await
            .unwrap();
        let rows: Vec<_> = first.rows().into_iter().chain(rest.rows()).collect();
        assert_eq!(
            rows,
            (0..1_000)
                .map(|id| vec![Value::Int(id)])
                .collect::<Vec<_>>()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_named_with_the_nearest() {
    let files = Files::new();
    files.database("a.db", "CREATE TABLE customers (id INT, name TEXT)");
    std::fs::write(
        files.path("text.db"),
        "no database, but long enough to look like one\n".repeat(9),
    )
    .unwrap();
    let url = files.url("a.db");
    for (options, expected) in [
        (
            json!({"url": url, "table_path": "customer"}),
            "`customer` does not exist",
        ),
        (
            json!({"url": url, "query": "SELECT nam FROM customers"}),
            "no such column: nam",
        ),
        (
            json!({"url": url, "query": "SELECT * FROM customers", "partition_column": "nme"}),
            "`nme` is not among the columns",
        ),
        (
            json!({"url": url, "query": "DELETE FROM customers"}),
            "must be a query",
        ),
        (
            json!({"url": url, "query": "SELECT id, id FROM customers"}),
            "two columns `id`",
        ),
        (
            json!({"url": files.url("none.db"), "table_path": "t"}),
            "does not exist",
        ),
        (
            json!({"url": files.url(""), "table_path": "t"}),
            "is a directory",
        ),
        (
            json!({"url": files.url("text.db"), "table_path": "t"}),
            "is not a SQLite database",
        ),
        (
            json!({"url": "jdbc:sqlite::memory:", "table_path": "t"}),
            "in memory",
        ),
        (
            json!({"url": "jdbc:oracle:thin:@h/db", "table_path": "t"}),
            "`oracle` is not built in yet, built in: ",
        ),
        (
            json!({"url": "/a.db", "table_path": "t"}),
            "does not begin with `jdbc:`",
        ),
        (json!({"url": url}), "`query`, `table_path`, `table_list`"),
    ] {
        let error = source(options).await.err().unwrap();
        assert!(error.report().contains(expected), "{}", error.report());
    }
    let error = source(json!({"url": url, "table_path": "customer"}))
        .await
        .err()
        .unwrap();
    assert_eq!(error.help(), Some("did you mean `customers`?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_other_databases_are_accepted() {
    let files = Files::new();
    files.database("a.db", "CREATE TABLE t (id INT); INSERT INTO t VALUES (1);");
    let options = json!({
        "url": format!("{}?journal_mode=WAL&date_class=TEXT", files.url("a.db")),
        "driver": "org.sqlite.JDBC", "user": "u", "password": "p", "fetch_size": 100,
        "dialect": "sqlite", "properties": {"cache_size": "-2000"}, "table_path": "main.t",
        "split.even-distribution.factor.upper-bound": 10, "use_select_count": true,
    });
    assert_eq!(read_all(options).await.unwrap(), [[Value::Int(1)]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_query_ends() {
    let files = Files::new();
    files.database("a.db", "CREATE TABLE t (id INT); INSERT INTO t VALUES (1);");
    // Its first row takes for ever.
    let query = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
                 SELECT t.id FROM t, c WHERE c.x < 0";
    let source = source(json!({"url": files.url("a.db"), "query": query}))
        .await
        .unwrap();
    let split = splits(&source, 1).await.remove(0);
    let mut reader = source.reader(task()).await.unwrap();
    let mut collected = Collected::default();
    let reading = reader.read(&split.bytes, &mut collected);
    let limit = std::time::Duration::from_millis(200);
    assert!(tokio::time::timeout(limit, reading).await.is_err());
    // The test's runtime waits for its threads: it would never end otherwise.
}

#[tokio::test(flavor = "multi_thread")]
async fn random_keys_of_any_storage_class_are_covered_once() {
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..30 {
        let files = Files::new();
        let declared = ["BIGINT", "REAL", "TEXT", "NUMERIC"][random.usize(..4)];
        let keys: Vec<String> = (0..random.usize(1..40))
            .map(|_| match random.u8(..6) {
                0 => "NULL".to_owned(),
                1 => random.i64(..).to_string(),
                2 => random.i8(..).to_string(),
                3 => format!("{:?}", (random.f64() - 0.5) * 1e6),
                4 => format!("'{}'", random.alphanumeric()),
                _ => format!("x'{:02x}'", random.u8(..)),
            })
            .collect();
        let rows: Vec<String> = keys
            .iter()
            .enumerate()
            .map(|(id, key)| format!("({id}, {key})"))
            .collect();
        files.database(
            "a.db",
            &format!(
                "CREATE TABLE t (id INT, k {declared}); INSERT INTO t VALUES {}",
                rows.join(", ")
            ),
        );
        // Its type is that of the first rows; text among numbers makes it text.
        let options = json!({
            "url": files.url("a.db"),
            "query": "SELECT id, CASE typeof(k) WHEN 'blob' THEN NULL ELSE k END AS k FROM t",
            "partition_column": "k",
            "partition_num": random.usize(1..12),
        });
        let all: BTreeSet<i64> = (0..keys.len() as i64).collect();
        match read_all(options).await {
            Ok(rows) => {
                let seen: BTreeSet<i64> = rows
                    .iter()
                    .map(|row| match row[0] {
                        Value::Int(id) => i64::from(id),
                        ref other => panic!("{other:?}"),
                    })
                    .collect();
                assert_eq!(rows.len(), all.len(), "round {round}: {keys:?}");
                assert_eq!(seen, all, "round {round}: {keys:?}");
            }
            Err(error) => panic!("round {round}: {error}"),
        }
    }
}
