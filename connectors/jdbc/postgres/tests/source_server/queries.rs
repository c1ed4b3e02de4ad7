//! Queries and other statements.

use seatunnel_jdbc_testkit::Postgres;
use serde_json::json;

use super::support::{error, ids, of, read, source, splits, texts};

#[tokio::test]
async fn queries_are_copied_whatever_they_begin_with() {
    let db = Postgres::shared().database("queries");
    db.sql("create table t (id int primary key, v text); insert into t values (1, 'a'), (2, null)");
    for query in [
        "select id, v from t;",
        "with x as (select * from t) select * from x -- a comment",
        "(select * from t)",
        "table t",
        "values (1, 'a'::text), (2, null)",
        "/* what */ select * from t order by id desc",
    ] {
        let rows = texts(of(&db, json!({"query": query})), 1).await.unwrap();
        assert_eq!(rows, ["1,\"a\"", "2,null"], "{query}");
    }
    let shown = texts(of(&db, json!({"query": "show server_encoding"})), 1)
        .await
        .unwrap();
    assert_eq!(shown, ["\"UTF8\""]);
}

#[tokio::test]
async fn what_a_statement_changes_stays() {
    let db = Postgres::shared().database("changes");
    db.sql("create table t (id int); create table u (id int); insert into u values (0); create sequence s");
    let list = json!([
        {"table_path": "public.u"},
        {"query": "insert into t select n from generate_series(1, 100) n returning id", "table_path": "a.b"},
    ]);
    for (parallelism, count) in [(1, 100), (2, 200)] {
        let rows = read(
            of(&db, json!({"table_list": list, "fetch_size": 7})),
            parallelism,
        )
        .await
        .unwrap();
        assert_eq!(rows.len(), 101);
        assert_eq!(db.sql("select count(*) from t"), count.to_string());
    }
}

#[tokio::test]
async fn a_query_is_announced_with_what_its_table_says() {
    let db = Postgres::shared().database("origin");
    db.sql("create table t (id int primary key, v varchar(9) not null, w int); comment on column t.v is 'c'");
    let options = json!({"query": "select v, id, 1 as one from t", "table_path": "public.t"});
    let table = source(of(&db, options)).await.unwrap().tables().remove(0);
    assert_eq!(table.path().to_string(), "public.t");
    assert_eq!(table.schema().primary_key.as_ref().unwrap().columns, ["id"]);
    let v = &table.columns()[0];
    assert_eq!(
        (v.comment.as_deref(), v.nullable, v.length),
        (Some("c"), false, Some(9))
    );
}

#[tokio::test]
async fn queries_that_can_not_be_read_are_errors() {
    let db = Postgres::shared().database("wrong");
    for (query, expected) in [
        ("select 1 as a, 2 as a", "two columns `a`"),
        (
            "create table x (id int)",
            "must be a query that returns rows",
        ),
        ("select * from nowhere", "\"nowhere\" does not exist"),
        ("select $1::int", "can't have parameters"),
        ("selec 1", "syntax error"),
    ] {
        let wrong = error(source(of(&db, json!({"query": query}))).await);
        assert!(wrong.to_string().contains(expected), "{query}: {wrong}");
        assert!(!wrong.is_retryable());
    }
    let failing = error(
        read(
            of(
                &db,
                json!({"query": "select 1 / (n - 500) from generate_series(1, 1000) n"}),
            ),
            1,
        )
        .await,
    );
    assert!(
        failing.to_string().contains("division by zero"),
        "{failing}"
    );
    assert_eq!(failing.sql_state(), Some("22012"));
}

#[tokio::test]
async fn a_partition_column_divides_queries_without_loss() {
    let db = Postgres::shared().database("divided");
    db.sql(
        "create table t (id int, big bigint, price numeric(10, 2), r float8, name text, day date); \
         insert into t select n, n * 1000000007::int8, n / 7.0, n / 3.0, 'n' || n, '2020-01-01'::date + n from generate_series(1, 5000) n; \
         insert into t (id) select -n from generate_series(1, 10) n",
    );
    for column in ["id", "big", "price", "r", "name", "day"] {
        let options =
            json!({"query": "select * from t", "partition_column": column, "partition_num": 7});
        let found = source(of(&db, options.clone())).await.unwrap();
        assert_eq!(splits(&found, 3).await.len(), 7, "{column}");
        let rows = read(of(&db, options), 3).await.unwrap();
        let expected: Vec<i64> = (-10..=-1).chain(1..=5_000).collect();
        assert_eq!(ids(&rows), expected, "{column}");
    }
}

#[tokio::test]
async fn bounds_of_a_partition_column_hold_and_null_is_read() {
    let db = Postgres::shared().database("bounds");
    db.sql(
        "create table t (id int primary key, k int, at timestamp); \
         insert into t select n, n, '2020-01-01'::timestamp + n * interval '1 hour' from generate_series(1, 1000) n; \
         insert into t values (2000, null, null)",
    );
    let bounded = |of_what: serde_json::Value, column: &str, lower: &str, upper: &str| {
        let mut options = of_what;
        options["partition_column"] = json!(column);
        options["partition_num"] = json!(3);
        options["partition_lower_bound"] = json!(lower);
        options["partition_upper_bound"] = json!(upper);
        options
    };
    for of_what in [
        json!({"query": "select * from t"}),
        json!({"table_path": "t"}),
    ] {
        let options = bounded(of_what.clone(), "k", "10", "20");
        let rows = read(of(&db, options), 2).await.unwrap();
        let expected: Vec<i64> = (10..=20).chain([2_000]).collect();
        assert_eq!(ids(&rows), expected);
        let options = bounded(of_what, "at", "2020-01-01 10:00", "2020-01-01 20:00");
        let rows = read(of(&db, options), 2).await.unwrap();
        assert_eq!(ids(&rows), expected);
    }
    let wrong = error(
        source(of(
            &db,
            bounded(json!({"table_path": "t"}), "nokey", "1", "2"),
        ))
        .await,
    );
    assert!(
        wrong
            .to_string()
            .contains("`nokey` is not among the columns"),
        "{wrong}"
    );
}

#[tokio::test]
async fn views_are_divided_by_a_partition_column() {
    let db = Postgres::shared().database("view_keys");
    db.sql("create table t (id int, v text); insert into t select n * n, 'x' from generate_series(1, 3000) n; \
            create view s as select * from t; analyze t");
    let options = json!({"table_path": "s", "partition_column": "id", "partition_num": 4});
    let found = source(of(&db, options.clone())).await.unwrap();
    assert_eq!(splits(&found, 2).await.len(), 4);
    assert_eq!(read(of(&db, options), 2).await.unwrap().len(), 3_000);
}

#[tokio::test]
async fn keys_that_are_spread_unevenly_are_sampled() {
    let db = Postgres::shared().database("uneven");
    db.sql(
        "create table t (k bigint primary key); insert into t select n from generate_series(1, 3000) n; \
         insert into t values (1000000000000); analyze t",
    );
    let options = json!({
        "table_path": "t", "partition_column": "k", "partition_num": 4,
        "partition_lower_bound": 1, "partition_upper_bound": 1_000_000_000_000_i64,
    });
    let found = source(of(&db, options)).await.unwrap();
    let all = splits(&found, 2).await;
    assert_eq!(all.len(), 4);
    let mut counts = Vec::new();
    for split in all {
        let rows = super::support::read_splits(&found, vec![split], 1, false)
            .await
            .unwrap();
        counts.push(rows.len());
    }
    assert_eq!(counts.iter().sum::<usize>(), 3_001);
    assert!(counts.iter().all(|count| *count < 1_500), "{counts:?}");
}
