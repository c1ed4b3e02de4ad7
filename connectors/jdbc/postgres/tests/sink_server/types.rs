//! Values of all types, at their limits and across types.

use std::sync::Arc;

use arrow_buffer::i256;
use seatunnel_api::{Batch, CatalogTable, Value};
use serde_json::json;

use super::support::*;

fn decimal(digits: &str, scale: i8) -> Value {
    Value::Decimal(digits.parse::<i256>().unwrap(), scale)
}

async fn written(
    create: &str,
    t: &Arc<CatalogTable>,
    rows: Vec<Vec<Value>>,
    select: &str,
) -> String {
    let db = database();
    if !create.is_empty() {
        db.sql(create);
    }
    let sink = sink(&db, json!({}), std::slice::from_ref(t)).unwrap();
    run(&sink, vec![inserts(t, rows)]).await.unwrap();
    db.sql(select)
}

#[tokio::test]
async fn every_type_goes_into_the_column_that_is_created_for_it() {
    let t = table(
        "t",
        &[
            ("s", "string"),
            ("b", "boolean"),
            ("i1", "tinyint"),
            ("i2", "smallint"),
            ("i4", "int"),
            ("i8", "bigint"),
            ("f4", "float"),
            ("f8", "double"),
            ("d", "decimal(38, 10)"),
            ("w", "decimal(60, 4)"),
            ("x", "bytes"),
            ("day", "date"),
            ("time", "time"),
            ("ts", "timestamp"),
            ("tz", "timestamp_tz"),
            ("l", "array<string>"),
            ("m", "map<string, int>"),
            ("r", "{a = int, b = array<double>}"),
            ("n", "null"),
            ("ld", "array<timestamp>"),
        ],
        &[],
    );
    let low = vec![
        text("é\n\t\\ \"'"),
        Value::Boolean(false),
        Value::TinyInt(i8::MIN),
        Value::SmallInt(i16::MIN),
        Value::Int(i32::MIN),
        Value::BigInt(i64::MIN),
        Value::Float(f32::MIN),
        Value::Double(f64::MIN_POSITIVE),
        decimal("-99999999999999999999999999999999999999", 10),
        decimal(
            "-999999999999999999999999999999999999999999999999999999999999",
            4,
        ),
        Value::Bytes(vec![]),
        Value::Date(-2_440_588 + 1),
        Value::Time(0),
        Value::Timestamp(-62_135_596_800_000_000),
        Value::TimestampTz(-1),
        Value::Array(vec![]),
        Value::Map(vec![(text("k"), Value::Null)]),
        Value::Row(vec![Value::Int(1), Value::Array(vec![Value::Double(0.5)])]),
        Value::Null,
        Value::Array(vec![Value::Timestamp(0), Value::Null]),
    ];
    let high = vec![
        text(""),
        Value::Boolean(true),
        Value::TinyInt(i8::MAX),
        Value::SmallInt(i16::MAX),
        Value::Int(i32::MAX),
        Value::BigInt(i64::MAX),
        Value::Float(f32::NAN),
        Value::Double(f64::INFINITY),
        decimal("1", 10),
        decimal("10000", 4),
        Value::Bytes(vec![0, 1, 255]),
        Value::Date(2_932_896),
        Value::Time(86_399_999_999),
        Value::Timestamp(253_402_300_799_999_999),
        Value::TimestampTz(1_000),
        Value::Array(vec![text("a,b"), Value::Null, text("")]),
        Value::Map(vec![]),
        Value::Row(vec![Value::Null, Value::Null]),
        Value::Null,
        Value::Array(vec![]),
    ];
    let nulls = vec![Value::Null; 20];
    let found = written("", &t, vec![low, high, nulls], "select *, '|' from t").await;
    let expected = "é\n\t\\ \"'|f|-128|-32768|-2147483648|-9223372036854775808|-3.4028235e+38|2.2250738585072014e-308|\
         -9999999999999999999999999999.9999999999|\
         -99999999999999999999999999999999999999999999999999999999.9999|\\x|4714-11-25 BC|00:00:00|\
         0001-01-01 00:00:00|1969-12-31 23:59:59.999999+00|{}|{\"k\": null}|{\"a\": 1, \"b\": [0.5]}||\
         {\"1970-01-01 00:00:00\",NULL}||\n\
         |t|127|32767|2147483647|9223372036854775807|NaN|Infinity|0.0000000001|1.0000|\\x0001ff|9999-12-31|\
         23:59:59.999999|9999-12-31 23:59:59.999999|1970-01-01 00:00:00.001+00|{\"a,b\",NULL,\"\"}|{}|\
         {\"a\": null, \"b\": null}||{}||\n\
         ||||||||||||||||||||";
    assert_eq!(found, expected.to_owned() + "|");
}

#[tokio::test]
async fn types_of_the_server_alone_are_written_from_text() {
    let create = "
        create extension if not exists citext;
        create type mood as enum ('sad', 'ok', 'it''s');
        create domain code as varchar(3) check (value <> 'bad');
        create table t (a uuid, b json, c jsonb, d inet, e cidr, f mood, g code, h citext, i xml, j name, k char(4),
                        l interval, m point, n bit(4), o varbit, p money, q int4range, r macaddr, s tsvector,
                        u time with time zone, v mood[], w uuid[], x oid)";
    let columns: Vec<(String, &str)> = "abcdefghijklmnopqrsuvwx"
        .chars()
        .map(|c| {
            let of = match c {
                'v' | 'w' => "array<string>",
                'x' => "bigint",
                'p' => "decimal(10, 2)",
                'u' => "time",
                _ => "string",
            };
            (c.to_string(), of)
        })
        .collect();
    let columns: Vec<(&str, &str)> = columns.iter().map(|(n, of)| (n.as_str(), *of)).collect();
    let t = table("t", &columns, &[]);
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let row = vec![
        text(uuid),
        text("{\"a\" :1}"),
        text("{\"a\" :1}"),
        text("192.168.0.1/24"),
        text("10.0.0.0/8"),
        text("it's"),
        text("abc"),
        text("MiXed"),
        text("<a/>"),
        text("nm"),
        text("ab"),
        text("1 year -3 days"),
        text("(1,2)"),
        text("0101"),
        text("01010"),
        decimal("-1250", 2),
        text("[1,5)"),
        text("08:00:2b:01:02:03"),
        text("'a':1"),
        Value::Time(3_600_000_000),
        Value::Array(vec![text("sad"), Value::Null]),
        Value::Array(vec![text(uuid)]),
        Value::BigInt(4_294_967_295),
    ];
    let found = written(
        create,
        &t,
        vec![row, vec![Value::Null; 23]],
        "select * from t",
    )
    .await;
    assert_eq!(
        found,
        format!(
            "{uuid}|{{\"a\" :1}}|{{\"a\": 1}}|192.168.0.1/24|10.0.0.0/8|it's|abc|MiXed|<a/>|nm|ab  |1 year -3 days|(1,2)|0101|01010|\
             -$12.50|[1,5)|08:00:2b:01:02:03|'a':1|01:00:00+00|{{sad,NULL}}|{{{uuid}}}|4294967295\n||||||||||||||||||||||"
        )
    );
}

#[tokio::test]
async fn what_is_too_long_for_its_column_is_refused_and_never_cut() {
    for (column, of, value) in [
        ("bit(4)", "string", text("01010")),
        ("bit(4)", "string", text("010")),
        ("bit varying(2)", "string", text("010")),
        ("varchar(3)", "bytes", Value::Bytes(vec![0, 1])),
        ("varchar(3)", "string", text("abcd")),
        ("char(3)", "bytes", Value::Bytes(vec![0, 1])),
    ] {
        let db = database();
        db.sql(&format!("create table t (id int primary key, v {column})"));
        let t = table("t", &[("id", "int"), ("v", of)], &["id"]);
        let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
        let rows = vec![vec![Value::Int(1), value]];
        let error = run(&sink, vec![inserts(&t, rows)]).await.unwrap_err();
        let told = error.report();
        assert!(
            told.contains("SQL state: 22001") || told.contains("SQL state: 22026"),
            "{column}: {told}"
        );
        assert_eq!(db.sql("select count(*) from t"), "0", "{column}");
    }
}

#[tokio::test]
async fn binary_types_stay_on_the_fast_path() {
    let db = database();
    db.sql(
        "create type mood as enum ('sad', 'ok');
         create table t (a uuid, b jsonb, c inet, d mood, e numeric(20, 2), f varchar(5), g mood[])",
    );
    let t = table(
        "t",
        &[
            ("a", "string"),
            ("b", "string"),
            ("c", "string"),
            ("d", "string"),
            ("e", "bigint"),
            ("f", "int"),
            ("g", "array<string>"),
        ],
        &[],
    );
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    sink.prepare().await.unwrap();
    let mut writer = writer(&sink).await.unwrap();
    let row = vec![
        Value::Null,
        text("1"),
        text("::1"),
        text("ok"),
        Value::BigInt(-5),
        Value::Int(12_345),
        Value::Array(vec![text("ok")]),
    ];
    writer.write(inserts(&t, vec![row])).await.unwrap();
    let running = "select query like '%COPY \"public\".\"t\" (%' from pg_stat_activity
                   where datname = current_database() and pid <> pg_backend_pid()";
    assert_eq!(db.sql(running), "t");
    writer.prepare_commit(1).await.unwrap();
    assert_eq!(db.sql("select * from t"), "|1|::1|ok|-5.00|12345|{ok}");
}

#[tokio::test]
async fn numbers_and_times_go_into_wider_and_narrower_columns() {
    let create = "create table t (a numeric, b bigint, c smallint, d real, e double precision, f text, g text, h timestamp,
                                  i date, j numeric(6, 1), k boolean, l int, m text, n text)";
    let t = table(
        "t",
        &[
            ("a", "double"),
            ("b", "tinyint"),
            ("c", "decimal(20, 2)"),
            ("d", "double"),
            ("e", "decimal(60, 2)"),
            ("f", "timestamp"),
            ("g", "decimal(10, 3)"),
            ("h", "date"),
            ("i", "timestamp"),
            ("j", "float"),
            ("k", "int"),
            ("l", "boolean"),
            ("m", "array<int>"),
            ("n", "float"),
        ],
        &[],
    );
    let row = vec![
        Value::Double(1e-7),
        Value::TinyInt(-1),
        decimal("-32768000".trim_end_matches("0"), 0).clone_at(2),
        Value::Double(0.1),
        decimal("125", 2),
        Value::Timestamp(1_500_000),
        decimal("-5", 3),
        Value::Date(1),
        Value::Timestamp(-1),
        Value::Float(0.25),
        Value::Int(1),
        Value::Boolean(true),
        Value::Array(vec![Value::Int(1)]),
        Value::Float(0.1),
    ];
    let found = written(create, &t, vec![row], "select * from t").await;
    assert_eq!(
        found,
        "0.0000001|-1|-32768|0.1|1.25|1970-01-01 00:00:01.5|-0.005|1970-01-02 00:00:00|1969-12-31|0.3|t|1|[1]|0.1"
    );
}

trait CloneAt {
    fn clone_at(self, scale: i8) -> Value;
}

impl CloneAt for Value {
    /// The same number with more digits behind the point.
    fn clone_at(self, scale: i8) -> Value {
        match self {
            Value::Decimal(digits, 0) => {
                let power = i256::from_i128(10_i128.pow(scale as u32));
                Value::Decimal(digits * power, scale)
            }
            other => other,
        }
    }
}

#[tokio::test]
async fn instants_and_wall_clocks_follow_the_time_zone_of_the_session() {
    let db = database();
    db.sql(&format!(
        "alter database \"{}\" set timezone = 'Asia/Tokyo'",
        db.name()
    ));
    db.sql("create table t (a timestamptz, b timestamp, c timestamptz, d timestamp, e date)");
    let t = table(
        "t",
        &[
            ("a", "timestamp"),
            ("b", "timestamp_tz"),
            ("c", "timestamp_tz"),
            ("d", "timestamp"),
            ("e", "timestamp_tz"),
        ],
        &[],
    );
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    let late = 20 * 3_600_000_000;
    let row = vec![
        Value::Timestamp(0),
        Value::TimestampTz(0),
        Value::TimestampTz(0),
        Value::Timestamp(0),
        Value::TimestampTz(late),
    ];
    run(&sink, vec![inserts(&t, vec![row])]).await.unwrap();
    assert_eq!(
        db.sql("set timezone = 'UTC'; select * from t")
            .replace("SET\n", ""),
        "1969-12-31 15:00:00+00|1970-01-01 09:00:00|1970-01-01 00:00:00+00|1970-01-01 00:00:00|1970-01-02"
    );
}

#[tokio::test]
async fn wide_and_long_values_go_through() {
    let long = "x".repeat(16 << 20);
    let columns: Vec<(String, &str)> = (0..400).map(|i| (format!("c{i}"), "string")).collect();
    let columns: Vec<(&str, &str)> = columns.iter().map(|(n, of)| (n.as_str(), *of)).collect();
    let t = table("t", &columns, &[]);
    let mut row = vec![text("y"); 400];
    row[7] = text(&long);
    let found = written(
        "",
        &t,
        vec![row],
        "select c0, length(c7), md5(c7) = md5(repeat('x', 16 * 1024 * 1024)) from t",
    )
    .await;
    assert_eq!(found, format!("y|{}|t", 16 << 20));
}

#[tokio::test]
async fn random_values_are_stored_as_they_are() {
    let db = database();
    let t = table(
        "t",
        &[
            ("i", "bigint"),
            ("d", "decimal(38, 9)"),
            ("f", "double"),
            ("s", "string"),
            ("ts", "timestamp"),
            ("day", "date"),
            ("x", "bytes"),
        ],
        &[],
    );
    fastrand::seed(11);
    let mut rows = Vec::new();
    let mut expected = Vec::new();
    for i in 0..2_000 {
        let digits = fastrand::i128(..) >> fastrand::u32(2..127);
        let digits = digits % 10_i128.pow(38);
        let float = f64::from_bits(fastrand::u64(..));
        let float = if float.is_nan() { 0.0 } else { float };
        let s: String = (0..fastrand::usize(..20))
            .map(|_| fastrand::char('\u{1}'..='\u{2fff}'))
            .collect();
        // Years 1 to 9999.
        let micros = fastrand::i64(-62_135_596_800_000_000..253_402_300_800_000_000);
        let days = fastrand::i32(-719_162..2_932_897);
        let bytes: Vec<u8> = (0..fastrand::usize(..20))
            .map(|_| fastrand::u8(..))
            .collect();
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        expected.push(format!(
            "{i}|{}|{}|{}|{}|{}|\\x{hex}",
            seatunnel_api::time::format_decimal(i256::from_i128(digits), 9),
            float.to_bits() as i64,
            s.bytes().map(|b| format!("{b:02x}")).collect::<String>(),
            seatunnel_api::time::format_timestamp(micros).replace('T', " "),
            seatunnel_api::time::format_date(days),
        ));
        rows.push(vec![
            Value::BigInt(i),
            Value::Decimal(i256::from_i128(digits), 9),
            Value::Double(float),
            text(&s),
            Value::Timestamp(micros),
            Value::Date(days),
            Value::Bytes(bytes),
        ]);
    }
    let sink = sink(&db, json!({}), std::slice::from_ref(&t)).unwrap();
    let batches: Vec<Batch> = rows
        .chunks(300)
        .map(|rows| inserts(&t, rows.to_vec()))
        .collect();
    run(&sink, batches).await.unwrap();
    let bits = "('x' || encode(float8send(f), 'hex'))::bit(64)::bigint";
    let found = db.sql(&format!(
        "select i, d, {bits}, encode(convert_to(s, 'UTF8'), 'hex'), ts, day, x from t order by i"
    ));
    for (found, expected) in found.lines().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), 2_000);
}
