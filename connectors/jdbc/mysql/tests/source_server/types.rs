//! Values of all types at their limits.

use crate::common::*;
use seatunnel_api::{ConstraintKind, TablePath};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_testkit::{Database, MariaDb};
use serde_json::json;

fn database() -> Database {
    MariaDb::shared().database("types")
}

/// Reads a table's only column, as a table and by a query: both must come out alike.
async fn column(definition: &str, values: &str, query: &str) -> (String, Vec<String>) {
    let db = database();
    db.sql(&format!(
        "SET sql_mode = ''; CREATE TABLE t (c {definition}); INSERT INTO t VALUES {values}"
    ));
    let table = source_with(&db, query, json!({"table_path": "t"}))
        .await
        .unwrap();
    let by_query = source_with(&db, query, json!({"query": "SELECT * FROM t"}))
        .await
        .unwrap();
    assert_eq!(columns(&table), columns(&by_query), "{definition}");
    let read_table = read(&table, 1).await.unwrap().0.rows();
    assert_eq!(
        read_table,
        read(&by_query, 1).await.unwrap().0.rows(),
        "{definition}"
    );
    let values = read_table.iter().map(|row| {
        let value = row
            .strip_prefix("{\"c\":")
            .and_then(|r| r.strip_suffix('}'));
        value.unwrap_or(row).to_owned()
    });
    let data_type = columns(&table);
    (
        data_type.strip_prefix("c ").unwrap().to_owned(),
        values.collect(),
    )
}

#[tokio::test]
async fn every_type_keeps_its_limits_and_null() {
    let long = "x".repeat(70_000);
    let long_json = format!("\"{long}\"");
    let cases: &[(&str, &str, &str, &[&str])] = &[
        (
            "tinyint",
            "(-128), (127), (NULL)",
            "tinyint",
            &["-128", "127", "null"],
        ),
        (
            "tinyint unsigned",
            "(0), (255), (NULL)",
            "smallint",
            &["0", "255", "null"],
        ),
        (
            "tinyint(1)",
            "(0), (1), (2), (NULL)",
            "boolean",
            &["false", "true", "true", "null"],
        ),
        ("boolean", "(true), (false)", "boolean", &["true", "false"]),
        (
            "smallint",
            "(-32768), (32767)",
            "smallint",
            &["-32768", "32767"],
        ),
        (
            "smallint unsigned",
            "(65535), (NULL)",
            "int",
            &["65535", "null"],
        ),
        (
            "mediumint",
            "(-8388608), (8388607)",
            "int",
            &["-8388608", "8388607"],
        ),
        ("mediumint unsigned", "(16777215)", "int", &["16777215"]),
        (
            "int",
            "(-2147483648), (2147483647), (NULL)",
            "int",
            &["-2147483648", "2147483647", "null"],
        ),
        (
            "int unsigned zerofill",
            "(7), (4294967295)",
            "bigint",
            &["7", "4294967295"],
        ),
        (
            "bigint",
            "(-9223372036854775808), (9223372036854775807), (NULL)",
            "bigint",
            &["-9223372036854775808", "9223372036854775807", "null"],
        ),
        (
            "bigint unsigned",
            "(18446744073709551615), (NULL)",
            "decimal(20, 0)",
            &["18446744073709551615", "null"],
        ),
        (
            "year",
            "(1901), (2155), (0), (NULL)",
            "int",
            &["1901", "2155", "0", "null"],
        ),
        (
            "float",
            "(1.5), (-0.1), (3.4e38), (NULL)",
            "float",
            &["1.5", "-0.1", "3.4e38", "null"],
        ),
        (
            "double",
            "(1.7976931348623157e308), (0.1), (NULL)",
            "double",
            &["1.7976931348623157e308", "0.1", "null"],
        ),
        ("double unsigned", "(2.5)", "double", &["2.5"]),
        (
            "decimal(10,2)",
            "(-99999999.99), (0.01), (NULL)",
            "decimal(10, 2)",
            &["-99999999.99", "0.01", "null"],
        ),
        (
            "decimal(10,2) unsigned",
            "(99999999.99)",
            "decimal(11, 2)",
            &["99999999.99"],
        ),
        (
            "decimal(38,10)",
            "(9999999999999999999999999999.9999999999), (-1)",
            "decimal(38, 10)",
            &["9999999999999999999999999999.9999999999", "-1.0000000000"],
        ),
        ("decimal(5,5)", "(0.00001)", "decimal(5, 5)", &["0.00001"]),
        (
            "decimal(65,30)",
            "(12345678901234567890.123456789012345678), (NULL)",
            "decimal(38, 18)",
            &["12345678901234567890.123456789012345678", "null"],
        ),
        (
            "bit(1)",
            "(b'0'), (b'1'), (NULL)",
            "boolean",
            &["false", "true", "null"],
        ),
        (
            "bit(10)",
            "(b'1100000001'), (NULL)",
            "bytes",
            &["\"AwE=\"", "null"],
        ),
        ("bit(64)", "(b'1')", "bytes", &["\"AAAAAAAAAAE=\""]),
        (
            "char(5)",
            "('ab '), (''), (NULL)",
            "string",
            &["\"ab\"", "\"\"", "null"],
        ),
        (
            "varchar(20)",
            "('ä\u{1F600}'), ('a b '), (NULL)",
            "string",
            &["\"ä\u{1F600}\"", "\"a b \"", "null"],
        ),
        (
            "varchar(20) character set latin1",
            "('äöü')",
            "string",
            &["\"äöü\""],
        ),
        (
            "varchar(20) character set ucs2",
            "('中')",
            "string",
            &["\"中\""],
        ),
        (
            "varchar(20) collate utf8mb4_bin",
            "('Aa')",
            "string",
            &["\"Aa\""],
        ),
        ("text", "(''), (NULL)", "string", &["\"\"", "null"]),
        ("longtext", &format!("('{long}')"), "string", &[&long_json]),
        (
            "enum('a','unsigned ä')",
            "('unsigned ä'), (NULL)",
            "string",
            &["\"unsigned ä\"", "null"],
        ),
        (
            "set('x','y','z')",
            "('z,x'), (''), (NULL)",
            "string",
            &["\"x,z\"", "\"\"", "null"],
        ),
        (
            "json",
            "('{\"a\": [1, null]}'), (NULL)",
            "string",
            &["\"{\\\"a\\\": [1, null]}\"", "null"],
        ),
        (
            "binary(3)",
            "(x'00ff'), (NULL)",
            "bytes",
            &["\"AP8A\"", "null"],
        ),
        (
            "varbinary(9)",
            "(x'00ff'), (x'')",
            "bytes",
            &["\"AP8=\"", "\"\""],
        ),
        (
            "longblob",
            "(x'80'), (NULL)",
            "bytes",
            &["\"gA==\"", "null"],
        ),
        (
            "point",
            "(ST_PointFromText('POINT(1 2)')), (NULL)",
            "bytes",
            &["\"AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==\"", "null"],
        ),
        (
            "uuid",
            "('123e4567-e89b-12d3-a456-426614174000')",
            "string",
            &["\"123e4567-e89b-12d3-a456-426614174000\""],
        ),
        ("inet6", "('::1')", "string", &["\"::1\""]),
        (
            "date",
            "('1000-01-01'), ('9999-12-31'), ('2024-02-29'), (NULL)",
            "date",
            &["\"1000-01-01\"", "\"9999-12-31\"", "\"2024-02-29\"", "null"],
        ),
        (
            "time",
            "('00:00:00'), ('23:59:59'), (NULL)",
            "time",
            &["\"00:00:00\"", "\"23:59:59\"", "null"],
        ),
        (
            "time(6)",
            "('23:59:59.999999'), ('00:00:00.000001')",
            "time",
            &["\"23:59:59.999999\"", "\"00:00:00.000001\""],
        ),
        (
            "datetime",
            "('1000-01-01 00:00:00'), ('9999-12-31 23:59:59'), (NULL)",
            "timestamp",
            &["\"1000-01-01T00:00:00\"", "\"9999-12-31T23:59:59\"", "null"],
        ),
        (
            "datetime(6)",
            "('1969-12-31 23:59:59.999999')",
            "timestamp",
            &["\"1969-12-31T23:59:59.999999\""],
        ),
        (
            "timestamp(3) null",
            "('2038-01-19 03:14:07.999'), (NULL)",
            "timestamp",
            &["\"2038-01-19T03:14:07.999\"", "null"],
        ),
    ];
    for (definition, values, data_type, expected) in cases {
        let (found_type, found) = column(definition, values, "").await;
        assert_eq!(found_type, *data_type, "{definition}");
        assert_eq!(found, *expected, "{definition}");
    }
}

#[tokio::test]
async fn choices_of_the_url_change_how_values_are_read() {
    let (data_type, found) = column("tinyint(1)", "(2), (-1)", "?tinyInt1isBit=false").await;
    assert_eq!(
        (data_type.as_str(), found),
        ("tinyint", vec!["2".to_owned(), "-1".to_owned()])
    );
    let times = "('838:59:59'), ('-00:00:01'), ('12:00:00'), (NULL)";
    let (data_type, found) = column("time", times, "?timeType=string").await;
    assert_eq!(data_type, "string");
    assert_eq!(
        found,
        ["\"838:59:59\"", "\"-00:00:01\"", "\"12:00:00\"", "null"]
    );
    let (_, found) = column("time(2)", "('-100:00:00.25')", "?timeType=string").await;
    assert_eq!(found, ["\"-100:00:00.25\""]);
    let zeros = "('0000-00-00'), ('2020-00-10'), ('2020-01-02')";
    let (_, found) = column("date", zeros, "?zeroDateTimeBehavior=convertToNull").await;
    assert_eq!(found, ["null", "null", "\"2020-01-02\""]);
    let (_, found) = column("datetime", zeros, "?zeroDateTimeBehavior=CONVERT_TO_NULL").await;
    assert_eq!(found, ["null", "null", "\"2020-01-02T00:00:00\""]);
    let (_, found) = column("date", zeros, "?zeroDateTimeBehavior=round").await;
    assert_eq!(
        found,
        ["\"0001-01-01\"", "\"2020-01-10\"", "\"2020-01-02\""]
    );
    let stamp = "('2024-01-01 00:00:00')";
    let (_, found) = column("timestamp", stamp, "?serverTimezone=GMT%2B8").await;
    assert_eq!(
        found,
        ["\"2024-01-01T08:00:00\""],
        "the server's own is UTC"
    );
    let (_, found) = column("datetime", stamp, "?serverTimezone=GMT%2B8").await;
    assert_eq!(found, ["\"2024-01-01T00:00:00\""], "a datetime has no zone");
}

#[tokio::test]
async fn what_cannot_be_represented_is_an_error_that_names_table_column_and_key() {
    for (definition, value, column, help) in [
        (
            "date",
            "'0000-00-00'",
            "holds what is no date",
            "zeroDateTimeBehavior",
        ),
        (
            "datetime",
            "'2020-00-01'",
            "holds what is no date",
            "zeroDateTimeBehavior",
        ),
        (
            "time",
            "'24:00:00'",
            "holds what is no time of day",
            "timeType=string",
        ),
        (
            "time",
            "'-00:00:01'",
            "holds what is no time of day",
            "timeType=string",
        ),
        (
            "decimal(65,30)",
            "0.1234567890123456789",
            "holds more digits",
            "CAST",
        ),
        (
            "decimal(65,0)",
            "100000000000000000000",
            "holds more digits",
            "CAST",
        ),
    ] {
        let db = database();
        db.sql(&format!(
            "SET sql_mode = ''; CREATE TABLE t (a INT, b VARCHAR(9), c {definition}, PRIMARY KEY (a, b)); \
             INSERT INTO t VALUES (1, 'x', NULL), (2, 'y', {value})"
        ));
        let error = error(&db, "", json!({"table_path": "t"})).await;
        assert_eq!(error.code(), errors::VALUE_UNFIT, "{definition}");
        let report = error.report();
        for part in [
            column,
            "column: c",
            "key: a=2, b=y",
            &format!("table: {}.t", db.name()),
            help,
        ] {
            assert!(
                report.contains(part),
                "{definition}: {part} is not in {report}"
            );
        }
    }
}

#[tokio::test]
async fn bytes_can_be_read_as_text_unless_they_are_none() {
    let db = database();
    db.sql("CREATE TABLE t (a INT PRIMARY KEY, b BLOB); INSERT INTO t VALUES (1, 'ä')");
    let options = json!({"table_path": "t", "handle_blob_as_string": true});
    assert_eq!(rows(&db, options.clone()).await, [r#"{"a":1,"b":"ä"}"#]);
    db.sql("INSERT INTO t VALUES (2, x'ff')");
    let error = error(&db, "", options).await;
    assert_eq!(error.code(), errors::VALUE_UNFIT);
    assert!(error.report().contains("key: a=2"), "{error:?}");
}

#[tokio::test]
async fn a_value_of_64_mebibytes_is_read() {
    let db = database();
    db.sql(
        "CREATE TABLE t (a INT PRIMARY KEY, b LONGBLOB); \
        INSERT INTO t VALUES (1, NULL), (2, REPEAT('ab', 33554432)), (3, 'c')",
    );
    let source = source(&db, json!({"table_path": "t"})).await.unwrap();
    let collected = read(&source, 1).await.unwrap().0;
    let sizes: Vec<usize> = collected
        .batches
        .iter()
        .map(|batch| batch.records().column(1).get_array_memory_size())
        .collect();
    assert!(sizes.iter().sum::<usize>() >= 64 << 20);
    let rows: usize = collected
        .batches
        .iter()
        .map(|b| b.records().num_rows())
        .sum();
    assert_eq!(rows, 3);
}

#[tokio::test]
async fn the_table_is_described_as_the_server_knows_it() {
    let db = database();
    db.sql(
        "CREATE TABLE orders (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'number', \
         name VARCHAR(30) NOT NULL DEFAULT 'it''s', price DECIMAL(9,2) DEFAULT 1.5, \
         at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3), twice DECIMAL(10,2) AS (price * 2) STORED, \
         note TEXT, PRIMARY KEY (id), UNIQUE KEY names (name, price), KEY notes (note(10))) COMMENT 'all of them'",
    );
    let source = source(&db, json!({"table_path": "orders"})).await.unwrap();
    let tables = source.tables();
    let table = &tables[0];
    assert_eq!(
        table.path(),
        &TablePath::parse(&format!("{}.orders", db.name()), false)
    );
    assert_eq!(table.comment(), Some("all of them"));
    let schema = table.schema();
    assert_eq!(schema.primary_key.as_ref().unwrap().columns, ["id"]);
    assert_eq!(
        schema.constraint_keys.len(),
        1,
        "an index on a part of a column is left out"
    );
    assert_eq!(schema.constraint_keys[0].kind, ConstraintKind::Unique);
    let column = |name: &str| table.columns().iter().find(|c| c.name == name).unwrap();
    assert_eq!(column("id").comment.as_deref(), Some("number"));
    assert_eq!(
        column("id").source_type.as_deref(),
        Some("bigint(20) unsigned")
    );
    assert!(!column("name").nullable && column("price").nullable);
    assert_eq!(column("name").length, Some(30));
    assert_eq!(column("name").default_value.as_deref(), Some("it's"));
    assert_eq!(column("price").default_value.as_deref(), Some("1.50"));
    assert_eq!(column("at").scale, Some(3));
    assert!(
        column("at")
            .default_value
            .as_deref()
            .unwrap()
            .starts_with("current_timestamp")
    );
    assert_eq!(column("twice").default_value, None);
    assert_eq!(
        table.options().get("dialect").map(String::as_str),
        Some("mysql")
    );
}

#[tokio::test]
async fn rows_that_cannot_be_represented_may_be_set_aside() {
    let db = database();
    db.sql(
        "SET sql_mode = ''; CREATE TABLE t (a INT PRIMARY KEY, s TEXT, n INT, b BLOB, d DATE, x BIT(1), f DECIMAL(40,0)); \
         INSERT INTO t VALUES (1, 'one', NULL, 'ok', '2020-01-01', 1, 7), (2, 'two', 2, 'ok', '0000-00-00', 0, 7), \
         (3, NULL, 3, x'ff', '2020-01-03', 1, 7), (4, 'four', 4, 'ok', '2020-01-04', 0, 1e39), (5, 'five', 5, NULL, NULL, NULL, NULL)",
    );
    let options = json!({"table_path": "t", "handle_blob_as_string": true});
    let source = source(&db, options).await.unwrap();
    let split = splits(&source, 1).await.remove(0);
    let kept = std::sync::Arc::new(Kept::default());
    let mut reader = source.reader(task_keeping(&kept)).await.unwrap();
    let mut collected = Collected::default();
    reader.read(&split.bytes, &mut collected).await.unwrap();
    assert_eq!(
        collected.rows(),
        [
            r#"{"a":1,"s":"one","n":null,"b":"ok","d":"2020-01-01","x":true,"f":7.000000000000000000}"#,
            r#"{"a":5,"s":"five","n":5,"b":null,"d":null,"x":null,"f":null}"#,
        ]
    );
    let kept = kept.0.lock().unwrap();
    assert_eq!(kept.len(), 3);
    for (row, parts) in
        kept.iter()
            .zip([["a=2", "0000-00-00"], ["a=3", "UTF-8"], ["a=4", "digits"]])
    {
        for part in parts {
            assert!(row.contains(part), "{part} is not in {row}");
        }
    }
}
