//! Splits cover every row once, and reading goes on where it was.

use std::collections::BTreeSet;

use crate::common::*;
use seatunnel_jdbc_testkit::{Database, MariaDb};
use serde_json::{Value as Json, json};

fn database() -> Database {
    MariaDb::shared().database("splits")
}

/// Rows at these parallelisms, each row once; gives the most splits there were.
async fn covered(db: &Database, options: Json) -> usize {
    let expected: usize = db.sql("SELECT COUNT(*) FROM t").parse().unwrap();
    let mut most = 0;
    for parallelism in [1, 2, 5, 8] {
        let source = source(db, options.clone()).await.unwrap();
        let (collected, splits) = read(&source, parallelism).await.unwrap();
        let rows = collected.rows();
        let distinct: BTreeSet<&String> = rows.iter().collect();
        assert_eq!(rows.len(), expected, "{options} at {parallelism}");
        assert_eq!(distinct.len(), expected, "{options} at {parallelism}");
        most = most.max(splits);
    }
    most
}

fn filled(columns: &str, select: &str) -> Database {
    let db = database();
    db.sql(&format!(
        "CREATE TABLE t ({columns}); INSERT INTO t {select}; ANALYZE TABLE t"
    ));
    db
}

fn small(more: Json) -> Json {
    let mut options = json!({"table_path": "t", "split.size": 100});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    options
}

#[tokio::test]
async fn even_integers() {
    let db = filled(
        "id INT PRIMARY KEY, v INT",
        "SELECT seq, seq FROM seq_1_to_3000",
    );
    let splits = covered(&db, small(json!({}))).await;
    assert!((20..=35).contains(&splits), "{splits}");
    let counted = covered(&db, small(json!({"use_select_count": true}))).await;
    assert_eq!(counted, 30);
}

#[tokio::test]
async fn one_reader_reads_by_one_statement() {
    let db = filled("id INT PRIMARY KEY", "SELECT seq FROM seq_1_to_3000");
    let source = source(&db, small(json!({}))).await.unwrap();
    assert_eq!(splits(&source, 1).await.len(), 1);
}

#[tokio::test]
async fn integers_in_two_heaps_far_apart() {
    let db = filled(
        "id BIGINT UNSIGNED PRIMARY KEY",
        "SELECT seq FROM seq_1_to_2000 UNION ALL SELECT 18446744073709551615 - seq FROM seq_0_to_1999",
    );
    let source = source(&db, small(json!({}))).await.unwrap();
    let splits = splits(&source, 8).await;
    assert!(splits.len() >= 15, "{}", splits.len());
    let mut largest = 0;
    let mut reader = source.reader(task()).await.unwrap();
    for split in &splits {
        let mut collected = Collected::default();
        reader.read(&split.bytes, &mut collected).await.unwrap();
        largest = largest.max(collected.rows().len());
    }
    assert!(largest <= 600, "a split has {largest} of 4000 rows");
    covered(&db, small(json!({}))).await;
}

#[tokio::test]
async fn texts_with_a_long_common_beginning_in_any_case() {
    let db = filled(
        "id VARCHAR(60) PRIMARY KEY",
        "SELECT CONCAT(IF(seq % 2, 'Customer-number-', 'customer-NUMBER-'), LPAD(seq, 6, '0')) FROM seq_1_to_3000",
    );
    let splits = covered(&db, small(json!({}))).await;
    assert!(splits >= 4, "{splits}");
}

#[tokio::test]
async fn texts_without_any_order_of_bytes() {
    let db = filled(
        "id VARCHAR(60) COLLATE utf8mb4_unicode_ci PRIMARY KEY",
        "SELECT CONCAT(ELT(seq % 6 + 1, 'ä', 'Z', 'a', '中', '\u{1F600}', 'é'), seq) FROM seq_1_to_3000",
    );
    let splits = covered(&db, small(json!({}))).await;
    assert!(splits >= 4, "{splits}");
}

#[tokio::test]
async fn identifiers_of_bytes() {
    let db = filled(
        "id BINARY(16) PRIMARY KEY",
        "SELECT UNHEX(MD5(seq)) FROM seq_1_to_3000",
    );
    let splits = covered(&db, small(json!({}))).await;
    assert!(splits >= 10, "{splits}");
}

#[tokio::test]
async fn days_moments_and_decimals() {
    for (column, value) in [
        ("DATE", "'1990-01-01' + INTERVAL seq DAY"),
        (
            "DATETIME(6)",
            "'1969-12-01' + INTERVAL seq * 1000003 MICROSECOND",
        ),
        (
            "TIMESTAMP NOT NULL",
            "'2020-03-01' + INTERVAL seq * 1009 SECOND",
        ),
        ("DECIMAL(20,4)", "seq * seq / 3 - 1000"),
        ("DECIMAL(38,0)", "seq * 100000000000000000000000000"),
    ] {
        let db = filled(
            &format!("id {column} PRIMARY KEY, v INT"),
            &format!("SELECT {value}, seq FROM seq_1_to_3000"),
        );
        let splits = covered(&db, small(json!({}))).await;
        assert!(splits >= 10, "{column}: {splits}");
    }
}

#[tokio::test]
async fn keys_of_several_columns_and_keys_with_nulls() {
    let db = filled(
        "a INT, b VARCHAR(9), PRIMARY KEY (a, b)",
        "SELECT seq % 700, seq FROM seq_1_to_3000",
    );
    assert!(covered(&db, small(json!({}))).await >= 10);
    let db = filled(
        "a INT, b INT, UNIQUE KEY k (a)",
        "SELECT IF(seq % 3, seq, NULL), seq FROM seq_1_to_3000",
    );
    assert!(covered(&db, small(json!({}))).await >= 10);
}

#[tokio::test]
async fn keys_in_the_order_of_a_list_are_not_divided() {
    let db = filled(
        "a ENUM('z','a','m'), b INT, PRIMARY KEY (a, b)",
        "SELECT seq % 3 + 1, seq FROM seq_1_to_3000",
    );
    assert_eq!(covered(&db, small(json!({}))).await, 1);
}

#[tokio::test]
async fn the_column_that_the_user_names() {
    let db = filled(
        "id INT, s VARCHAR(20), f DOUBLE, d DATE, n DECIMAL(10,2)",
        "SELECT seq, IF(seq % 10, CONCAT('s', seq), NULL), seq / 7, IF(seq % 9, '2020-01-01' + INTERVAL seq DAY, NULL), seq / 4 \
         FROM seq_1_to_1000",
    );
    for column in ["id", "s", "f", "D", "n"] {
        let options = json!({"table_path": "t", "partition_column": column, "partition_num": 7});
        assert_eq!(covered(&db, options).await, 7, "{column}");
        let options =
            json!({"query": "SELECT * FROM t;", "partition_column": column, "partition_num": 3});
        assert_eq!(covered(&db, options).await, 3, "query by {column}");
    }
    let options = json!({
        "table_path": "t", "partition_column": "id", "partition_num": 4,
        "partition_lower_bound": "11", "partition_upper_bound": "500",
    });
    assert_eq!(rows(&db, options).await.len(), 490);
}

#[tokio::test]
async fn tables_without_rows_and_views_and_queries() {
    let db = filled(
        "id INT PRIMARY KEY, v TEXT",
        "SELECT 1, 'x' FROM seq_1_to_1 WHERE seq > 1",
    );
    assert_eq!(covered(&db, small(json!({}))).await, 1);
    db.sql("INSERT INTO t SELECT seq, seq FROM seq_1_to_500; CREATE VIEW w AS SELECT id * 2 AS twice, v FROM t");
    assert_eq!(rows(&db, json!({"table_path": "w"})).await.len(), 500);
    let query = "SELECT a.id, COUNT(*) AS n FROM t a JOIN t b ON a.id >= b.id GROUP BY a.id ORDER BY 1 -- all";
    let found = rows(&db, json!({"query": query})).await;
    assert_eq!(
        (found.len(), found[9].as_str()),
        (500, r#"{"id":10,"n":10}"#)
    );
    let options = json!({"table_path": "t", "where_condition": "WHERE id > 490 -- rest"});
    assert_eq!(rows(&db, options).await.len(), 10);
    let query = json!({"query": "WITH x AS (SELECT 1 AS a UNION SELECT 2) SELECT a, NULL AS b FROM x", "where_condition": "where a = 2"});
    assert_eq!(rows(&db, query).await, [r#"{"a":2,"b":null}"#]);
}

#[tokio::test]
async fn tables_of_a_list_and_of_a_pattern() {
    let db = database();
    db.sql(
        "CREATE TABLE o_1 (a INT); CREATE TABLE o_2 (a INT); CREATE TABLE p (a INT); \
        INSERT INTO o_1 VALUES (1); INSERT INTO o_2 VALUES (2); INSERT INTO p VALUES (3)",
    );
    let name = db.name();
    let list = json!({"table_list": [{"table_path": format!("{name}.o_1")}, {"table_path": "p"}, {"query": "SELECT 9 AS a"}]});
    assert_eq!(
        rows(&db, list).await,
        [r#"{"a":1}"#, r#"{"a":3}"#, r#"{"a":9}"#]
    );
    let pattern = json!({"table_path": format!("{name}\\.o_\\d"), "use_regex": true});
    assert_eq!(rows(&db, pattern).await, [r#"{"a":1}"#, r#"{"a":2}"#]);
}

/// Reads with a stop after every so many batches, going on from the last position each time.
async fn in_pieces(db: &Database, options: Json) -> Vec<String> {
    let source = source(db, options).await.unwrap();
    let mut all = Vec::new();
    for split in splits(&source, 2).await {
        let mut next = split.bytes;
        loop {
            let mut collected = Collected {
                rows_per_batch: 7,
                with_positions: true,
                stop_after: Some(2),
                ..Collected::default()
            };
            let mut reader = source.reader(task()).await.unwrap();
            let result = reader.read(&next, &mut collected).await;
            all.extend(collected.rows());
            match result {
                Ok(()) => break,
                Err(_) => next = collected.positions.pop().flatten().unwrap(),
            }
        }
    }
    all
}

#[tokio::test]
async fn reading_goes_on_behind_the_last_key() {
    for (columns, select) in [
        ("id INT PRIMARY KEY", "SELECT seq * 3 FROM seq_1_to_150"),
        (
            "a VARCHAR(20), b DECIMAL(9,2), c BINARY(2), PRIMARY KEY (a, b, c)",
            "SELECT CONCAT('A''\\\\', seq % 3), seq % 5 / 4 - 1, UNHEX(LPAD(HEX(seq), 4, '0')) FROM seq_1_to_150",
        ),
        (
            "d DATETIME(6), e DATE, PRIMARY KEY (d, e)",
            "SELECT '2020-01-01' + INTERVAL seq % 9 MICROSECOND, '1960-01-01' + INTERVAL seq DAY FROM seq_1_to_150",
        ),
        (
            "t TIMESTAMP(3) PRIMARY KEY",
            "SELECT '2020-01-01' + INTERVAL seq * 1000 MICROSECOND FROM seq_1_to_150",
        ),
        ("x INT", "SELECT seq FROM seq_1_to_150"),
    ] {
        let db = filled(columns, select);
        let mut whole = rows(&db, json!({"table_path": "t"})).await;
        let mut pieces = in_pieces(&db, json!({"table_path": "t", "split.size": 60})).await;
        whole.sort();
        pieces.sort();
        assert_eq!(pieces, whole, "{columns}");
    }
}

#[tokio::test]
async fn rows_behind_the_position_may_change_meanwhile() {
    let db = filled("id INT PRIMARY KEY", "SELECT seq FROM seq_1_to_100");
    let source = source(&db, json!({"table_path": "t"})).await.unwrap();
    let split = splits(&source, 1).await.remove(0);
    let mut collected = Collected {
        rows_per_batch: 40,
        with_positions: true,
        stop_after: Some(1),
        ..Collected::default()
    };
    let mut reader = source.reader(task()).await.unwrap();
    assert!(reader.read(&split.bytes, &mut collected).await.is_err());
    drop(reader);
    db.sql("DELETE FROM t WHERE id <= 40");
    let position = collected.positions.pop().flatten().unwrap();
    let mut rest = Collected::default();
    let mut reader = source.reader(task()).await.unwrap();
    reader.read(&position, &mut rest).await.unwrap();
    assert_eq!(rest.rows().len(), 60);
    assert_eq!(rest.rows()[0], r#"{"id":41}"#);
}

#[tokio::test]
async fn one_reader_sees_all_tables_as_of_one_moment() {
    let db = database();
    db.sql("CREATE TABLE a (x INT) ENGINE InnoDB; CREATE TABLE b (x INT) ENGINE InnoDB; INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)");
    let source = source(
        &db,
        json!({"table_list": [{"table_path": "a"}, {"table_path": "b"}]}),
    )
    .await
    .unwrap();
    let all = splits(&source, 1).await;
    let mut reader = source.reader(task()).await.unwrap();
    let mut collected = Collected::default();
    reader.read(&all[0].bytes, &mut collected).await.unwrap();
    db.sql("INSERT INTO b VALUES (2)");
    reader.read(&all[1].bytes, &mut collected).await.unwrap();
    assert_eq!(collected.rows(), [r#"{"x":1}"#, r#"{"x":1}"#]);
}
