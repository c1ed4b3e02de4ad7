//! Statements that the user wrote.

use seatunnel_api::Value;
use serde_json::json;

use super::support::*;

#[tokio::test]
async fn marks_and_names_stand_for_columns() {
    let db = database();
    db.sql("create table sink (user_id bigint, name varchar(20), extra json)");
    let rows = |t: &_| inserts(t, vec![vec![Value::BigInt(1), text("a"), text("[1]")]]);
    let t = table(
        "t",
        &[
            ("user_id", "bigint"),
            ("name", "string"),
            ("extra", "string"),
        ],
        &[],
    );
    for query in [
        "insert into public.sink (user_id, name) values(:user_id, :name)",
        "insert into sink values (?, ?, CAST(? AS json));",
        "insert into sink values (?, ?, ?::json)",
        "insert into sink select :user_id + 1, upper(:name), :extra",
    ] {
        let options = json!({"query": query, "generate_sink_sql": query.contains("public")});
        let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
        run(&sink, vec![rows(&t)]).await.unwrap();
    }
    assert_eq!(
        db.sql("select * from sink"),
        "1|a|\n1|a|[1]\n1|a|[1]\n2|A|[1]"
    );
}

#[tokio::test]
async fn parameters_of_any_type_are_written() {
    let db = database();
    db.sql(
        "create type mood as enum ('sad', 'ok');
         create domain positive as int check (value > 0);
         create table sink (a mood, b positive, c inet, d interval, e point, f numeric(20, 3), g timestamptz,
                            h uuid, i int[], j bytea, k money, l date, m bool)",
    );
    let t = table(
        "t",
        &[
            ("a", "string"),
            ("b", "bigint"),
            ("c", "string"),
            ("d", "string"),
            ("e", "string"),
            ("f", "decimal(20, 3)"),
            ("g", "timestamp_tz"),
            ("h", "string"),
            ("i", "array<int>"),
            ("j", "bytes"),
            ("k", "decimal(10, 2)"),
            ("l", "date"),
            ("m", "boolean"),
        ],
        &[],
    );
    let query = "insert into sink values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let options = json!({"query": query, "generate_sink_sql": false});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    let row = vec![
        text("ok"),
        Value::BigInt(5),
        text("10.0.0.1/8"),
        text("1 day 02:00"),
        text("(1,2)"),
        Value::Decimal(arrow_buffer::i256::from_i128(-1_234_567), 3),
        Value::TimestampTz(0),
        text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        Value::Array(vec![Value::Int(1), Value::Null]),
        Value::Bytes(vec![0, 255]),
        Value::Decimal(arrow_buffer::i256::from_i128(1_250), 2),
        Value::Date(-1),
        Value::Boolean(true),
    ];
    let nulls = vec![Value::Null; 13];
    run(&sink, vec![inserts(&t, vec![row, nulls])])
        .await
        .unwrap();
    assert_eq!(
        db.sql("select * from sink"),
        "ok|5|10.0.0.1/8|1 day 02:00:00|(1,2)|-1234.567|1970-01-01 00:00:00+00|\
         a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{1,NULL}|\\x00ff|$12.50|1969-12-31|t\n||||||||||||"
    );
}

#[tokio::test]
async fn the_row_that_a_statement_fails_for_is_named() {
    let db = database();
    db.sql("create table sink (id bigint check (id <> 30000))");
    let t = table("t", &[("id", "bigint")], &["id"]);
    let options = json!({"query": "insert into sink values (?)"});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    let error = run(&sink, many_numbers(&t, 40_000, 5_000))
        .await
        .unwrap_err();
    let report = error.report();
    assert_eq!(error.sql_state(), Some("23514"), "{report}");
    assert!(report.contains("row: 30001"), "{report}");
    assert!(report.contains("id=30000"), "{report}");
    assert_eq!(db.sql("select count(*) from sink"), "0");
}

#[tokio::test]
async fn a_wrong_statement_is_told_before_any_row() {
    let db = database();
    let t = table("t", &[("id", "bigint")], &[]);
    for (query, told) in [
        ("insert into nowhere values (?)", "nowhere"),
        ("insert into values (?)", "syntax error"),
        ("insert into t values (?, ?)", "2 parameters"),
    ] {
        let sink = sink(&db, json!({"query": query}), std::slice::from_ref(&t)).unwrap();
        let error = sink.prepare().await.unwrap_err();
        assert!(error.report().contains(told), "{}", error.report());
    }
}

#[tokio::test]
async fn deletes_are_refused_and_rows_before_updates_left_out() {
    let db = database();
    db.sql("create table sink (id bigint)");
    let t = table("t", &[("id", "bigint")], &["id"]);
    let options = json!({"query": "insert into sink values (?)"});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    let row = |id| vec![Value::BigInt(id)];
    run(
        &sink,
        vec![batch(&t, &[(I, row(1)), (B, row(1)), (A, row(2))])],
    )
    .await
    .unwrap();
    assert_eq!(db.sql("select * from sink order by 1"), "1\n2");
    let error = run(&sink, vec![batch(&t, &[(I, row(1)), (D, row(1))])])
        .await
        .unwrap_err();
    assert_eq!(error.code().id, "JDBC-11", "{}", error.report());
    assert_eq!(db.sql("select count(*) from sink"), "2");
}

#[tokio::test]
async fn a_second_writer_can_prepare_the_statement_again() {
    let db = database();
    db.sql("create table sink (id bigint)");
    let t = table("t", &[("id", "bigint")], &[]);
    let options = json!({"query": "insert into sink values (?)"});
    let sink = sink(&db, options, std::slice::from_ref(&t)).unwrap();
    for _ in 0..2 {
        run(&sink, vec![numbers(&t, 0..3)]).await.unwrap();
    }
    assert_eq!(db.sql("select count(*) from sink"), "6");
}
