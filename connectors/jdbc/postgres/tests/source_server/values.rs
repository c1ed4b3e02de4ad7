//! Values of all types, and those that have no place.

use std::sync::{Arc, Mutex};

use seatunnel_api::{DirtyKeeper, DirtyRow, DirtyRows};
use seatunnel_jdbc_testkit::Postgres;
use serde_json::json;

use super::support::{error, of, read, source, texts};

/// Declared type, value in SQL, type here, value here.
const VALUES: &[(&str, &str, &str, &str)] = &[
    ("boolean", "true", "boolean", "true"),
    ("smallint", "-32768", "smallint", "-32768"),
    ("integer", "2147483647", "int", "2147483647"),
    (
        "bigint",
        "-9223372036854775808",
        "bigint",
        "-9223372036854775808",
    ),
    ("oid", "4294967295", "bigint", "4294967295"),
    ("real", "1.5", "float", "1.5"),
    ("double precision", "'1e308'", "double", "1e308"),
    (
        "numeric(12,2)",
        "-1234567890.12",
        "decimal(12, 2)",
        "-1234567890.12",
    ),
    (
        "numeric(38,10)",
        "9999999999999999999999999999.9999999999",
        "decimal(38, 10)",
        "9999999999999999999999999999.9999999999",
    ),
    (
        "numeric(60,3)",
        "123456789012345678901234567890123456789012345678901234567.125",
        "decimal(60, 3)",
        "123456789012345678901234567890123456789012345678901234567.125",
    ),
    ("numeric(90,3)", "-1.125", "string", "\"-1.125\""),
    ("numeric(5,-2)", "12345", "decimal(7, 0)", "12300"),
    (
        "numeric",
        "0.000000000000000001",
        "decimal(38, 18)",
        "0.000000000000000001",
    ),
    ("money", "'1234.56'", "decimal(30, 2)", "1234.56"),
    ("char(4)", "'ab'", "string", "\"ab  \""),
    (
        "varchar(5)",
        "'\u{e4}\u{20ac}\u{1f600}'",
        "string",
        "\"\u{e4}\u{20ac}\u{1f600}\"",
    ),
    ("text", "''", "string", "\"\""),
    ("name", "'n'", "string", "\"n\""),
    ("\"char\"", "'c'", "string", "\"c\""),
    ("bytea", "'\\x00ff10'", "bytes", "\"AP8Q\""),
    ("json", "'{\"a\":  1}'", "string", "\"{\\\"a\\\":  1}\""),
    ("jsonb", "'{\"a\":  1}'", "string", "\"{\\\"a\\\": 1}\""),
    ("xml", "'<a>b</a>'", "string", "\"<a>b</a>\""),
    (
        "uuid",
        "'123e4567-e89b-12d3-a456-42661417400f'",
        "string",
        "\"123e4567-e89b-12d3-a456-42661417400f\"",
    ),
    ("date", "'0044-03-15 BC'", "date", "\"-043-03-15\""),
    ("date", "'9999-12-31'", "date", "\"9999-12-31\""),
    ("time", "'23:59:59.999999'", "time", "\"23:59:59.999999\""),
    ("timetz", "'12:30:00+05:30'", "time", "\"12:30:00\""),
    (
        "timestamp",
        "'1969-12-31 23:59:59.999999'",
        "timestamp",
        "\"1969-12-31T23:59:59.999999\"",
    ),
    (
        "timestamptz",
        "'2024-02-29 12:00:00+02'",
        "timestamp_tz",
        "\"2024-02-29T10:00:00Z\"",
    ),
    (
        "interval",
        "'1 year 2 days 3 seconds'",
        "string",
        "\"1 year 2 days 00:00:03\"",
    ),
    ("bit(4)", "B'1010'", "string", "\"1010\""),
    ("bit varying", "B'10'", "string", "\"10\""),
    ("inet", "'10.0.0.1/8'", "string", "\"10.0.0.1/8\""),
    ("cidr", "'10.0.0.0/8'", "string", "\"10.0.0.0/8\""),
    (
        "macaddr",
        "'08:00:2b:01:02:03'",
        "string",
        "\"08:00:2b:01:02:03\"",
    ),
    ("int4range", "'[1,5)'", "string", "\"[1,5)\""),
    ("point", "'(1,2)'", "string", "\"(1,2)\""),
    ("tsvector", "'a b'", "string", "\"'a' 'b'\""),
    ("mood", "'happy'", "string", "\"happy\""),
    ("positive", "7", "int", "7"),
    ("more_positive", "8", "int", "8"),
    ("price", "1.5", "decimal(10, 2)", "1.50"),
    ("pair", "row(1, 'x')", "string", "\"(1,x)\""),
    ("int[]", "'{1,null,3}'", "array<int>", "[1,null,3]"),
    ("text[]", "'{}'", "array<string>", "[]"),
    (
        "numeric(6,2)[]",
        "'{1.25}'",
        "array<decimal(6, 2)>",
        "[1.25]",
    ),
    (
        "timestamptz[]",
        "'{2024-01-01 00:00:00+00}'",
        "array<timestamp_tz>",
        "[\"2024-01-01T00:00:00Z\"]",
    ),
    ("mood[]", "'{sad}'", "array<string>", "[\"sad\"]"),
    ("interval[]", "'{1 day}'", "array<string>", "[\"1 day\"]"),
    (
        "uuid[]",
        "'{123e4567-e89b-12d3-a456-42661417400f}'",
        "array<string>",
        "[\"123e4567-e89b-12d3-a456-42661417400f\"]",
    ),
    ("int[][]", "'{{1,2},{3,4}}'", "string", "\"{{1,2},{3,4}}\""),
    ("ints", "'{5}'", "array<int>", "[5]"),
];

const TYPES: &str = "create type mood as enum ('sad', 'happy'); create domain positive as int check (value > 0); \
    create domain more_positive as positive; create domain price as numeric(10, 2); create domain ints as int[]; \
    create type pair as (a int, b text);";

/// Not for COPY.
const DELETE: &str = "delete from t returning *";

#[tokio::test]
async fn values_of_all_types_come_as_they_are() {
    let db = Postgres::shared().database("types");
    let columns: Vec<_> = VALUES
        .iter()
        .enumerate()
        .map(|(n, v)| format!("c{n} {}", v.0))
        .collect();
    let values: Vec<_> = VALUES.iter().map(|v| v.1).collect();
    db.sql(&format!(
        "{TYPES} create table t ({}); insert into t values ({}); insert into t default values",
        columns.join(", "),
        values.join(", ")
    ));
    let found = source(of(&db, json!({"table_path": "t"}))).await.unwrap();
    let table = found.tables().remove(0);
    for (column, (declared, _, expected, _)) in table.columns().iter().zip(VALUES) {
        assert_eq!(column.data_type.to_string(), *expected, "{declared}");
    }
    let queries = [
        json!({"table_path": "t"}),
        json!({"query": "select * from t"}),
        json!({"query": DELETE}),
    ];
    for options in queries {
        let found = source(of(&db, options.clone())).await.unwrap();
        let split = super::support::splits(&found, 1).await;
        let rows = super::support::read_splits(&found, split, 1, false)
            .await
            .unwrap();
        assert_eq!(rows.len(), 2, "{options}");
        let table = found.tables().remove(0);
        let full = rows.iter().find(|row| !row[0].is_null()).unwrap();
        let null = rows.iter().find(|row| row[0].is_null()).unwrap();
        for (place, (declared, _, expected_type, expected)) in VALUES.iter().enumerate() {
            let data_type = &table.columns()[place].data_type;
            let (expected_type, expected) = match *declared {
                "money" if options["query"] == DELETE => ("string", "\"$1,234.56\""),
                "interval[]" if options["query"] == DELETE => ("string", "\"{\\\"1 day\\\"}\""),
                _ => (*expected_type, *expected),
            };
            assert!(null[place].is_null(), "{declared} by {options}");
            assert_eq!(
                data_type.to_string(),
                expected_type,
                "{declared} by {options}"
            );
            assert_eq!(
                full[place].to_json(data_type),
                expected,
                "{declared} by {options}"
            );
        }
    }
}

#[tokio::test]
async fn values_without_a_place_are_errors_that_name_column_and_key() {
    let db = Postgres::shared().database("unfit");
    let cases = [
        ("date", "'infinity'", "is infinity"),
        ("date", "'-infinity'", "is -infinity"),
        ("timestamp", "'infinity'", "is infinity"),
        ("timestamptz", "'-infinity'", "is -infinity"),
        ("time", "'24:00'", "is 24:00:00"),
        ("numeric", "'NaN'", "is NaN"),
        ("numeric", "'Infinity'", "is infinite"),
        ("numeric(10,2)", "'NaN'", "is NaN"),
        ("numeric", "1e30", "more digits before the point"),
        ("numeric", "1e-19", "more digits behind the point"),
        ("int[]", "'{{1,2},{3,4}}'", "several dimensions"),
    ];
    for (n, (declared, value, expected)) in cases.iter().enumerate() {
        db.sql(&format!(
            "create table t{n} (id int, \"Key\" text, v {declared}, primary key (id, \"Key\")); \
             insert into t{n} values (1, 'a', null), (7, 'b', {value})"
        ));
        let unfit = error(read(of(&db, json!({"table_path": format!("public.t{n}")})), 1).await);
        let text = unfit.report();
        for part in [
            *expected,
            "column `v`",
            "id=7, Key=b",
            &format!("public.t{n}"),
            "row: 2",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(unfit.code().id, "JDBC-06");
        assert!(unfit.is_of_row());
    }
}

#[tokio::test]
async fn computed_numbers_are_rounded() {
    let db = Postgres::shared().database("rounded");
    let options = json!({"query": "select 1::numeric / 3 as a, 2::numeric / 3 as b, avg(n) as c from generate_series(1, 2) n"});
    assert_eq!(
        texts(of(&db, options), 1).await.unwrap(),
        ["0.333333333333333333,0.666666666666666667,1.500000000000000000"]
    );
}

#[tokio::test]
async fn binary_columns_can_be_text() {
    let db = Postgres::shared().database("blob");
    db.sql("create table t (b bytea); insert into t values ('hello'::bytea)");
    let options = json!({"table_path": "t", "handle_blob_as_string": true});
    assert_eq!(
        texts(of(&db, options.clone()), 1).await.unwrap(),
        ["\"hello\""]
    );
    db.sql("insert into t values ('\\xff')");
    let unfit = error(read(of(&db, options), 1).await);
    assert!(unfit.to_string().contains("no text in UTF-8"), "{unfit}");
}

#[tokio::test]
async fn large_values_and_wide_rows_come_whole() {
    let db = Postgres::shared().database("large");
    let columns: Vec<_> = (0..1_000)
        .map(|n| format!("c{n} int default {n}"))
        .collect();
    db.sql(&format!(
        "create table wide ({}); insert into wide default values",
        columns.join(", ")
    ));
    let rows = read(of(&db, json!({"table_path": "wide"})), 1)
        .await
        .unwrap();
    assert_eq!(rows[0].len(), 1_000);
    assert_eq!(rows[0][999], seatunnel_api::Value::Int(999));
    db.sql("create table long (id int, v text); \
            insert into long select n, repeat(chr(96 + n), 1 << (n + 20)) from generate_series(1, 4) n; \
            insert into long select n, 'short' from generate_series(5, 1000) n");
    let rows = read(of(&db, json!({"table_path": "long"})), 1)
        .await
        .unwrap();
    assert_eq!(rows.len(), 1_000);
    for row in rows {
        let [
            seatunnel_api::Value::Int(id),
            seatunnel_api::Value::String(text),
        ] = &row[..]
        else {
            panic!("{row:?}");
        };
        let expected = if *id < 5 { 1 << (id + 20) } else { 5 };
        assert_eq!(text.len(), expected);
    }
}

#[tokio::test]
async fn rows_that_can_not_be_read_are_set_aside_where_that_is_allowed() {
    let db = Postgres::shared().database("dirty");
    db.sql(
        "create table t (id int primary key, at timestamp, b bytea); \
         insert into t values (1, '2024-01-01', 'a'), (2, 'infinity', 'b'), (3, null, '\\xff'), (4, null, 'd')",
    );
    let options = of(
        &db,
        json!({"table_path": "public.t", "handle_blob_as_string": true}),
    );
    let found = source(options).await.unwrap();
    let split = super::support::splits(&found, 1).await;
    let kept = Arc::new(Kept::default());
    let mut context = super::support::task(0, 1);
    let keepers: Vec<Arc<dyn DirtyKeeper>> = vec![kept.clone()];
    context.dirty = DirtyRows::new(keepers, "Jdbc", 0, context.metrics.clone());
    let mut reader = found.reader(context).await.unwrap();
    let mut rest = super::support::Collected::default();
    reader.read(&split[0].bytes, &mut rest).await.unwrap();
    assert_eq!(super::support::ids(&rest.rows()), [1, 4]);
    let kept = kept.0.lock().unwrap();
    assert_eq!(kept.len(), 2);
    for part in ["JDBC-06", "infinity", "\"column\":\"at\"", "id=2"] {
        assert!(kept[0].contains(part), "{part} in {}", kept[0]);
    }
    for part in ["no text in UTF-8", "\"column\":\"b\"", "\"id\":3"] {
        assert!(kept[1].contains(part), "{part} in {}", kept[1]);
    }
}

/// Keeps what is set aside.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl DirtyKeeper for Kept {
    async fn keep(&self, row: &DirtyRow<'_>) -> seatunnel_api::Result<()> {
        self.0.lock().unwrap().push(row.members.clone());
        Ok(())
    }

    async fn flush(&self) -> seatunnel_api::Result<()> {
        Ok(())
    }
}
