//! What is written is what is there, of every type and by every way.

use crate::common::{WAYS, alone, inserts, into, row, sink, table, text, write};
use seatunnel_api::{Value, codes};
use seatunnel_jdbc_testkit::MariaDb;
use serde_json::json;

fn decimal(digits: &str, scale: i8) -> Value {
    Value::Decimal(digits.parse().unwrap(), scale)
}

/// Types, values and what the server says of them.
fn samples() -> Vec<(&'static str, Value, &'static str)> {
    let micros = seatunnel_api::time::parse_timestamp;
    let at = |t: &str| micros(t.as_bytes()).unwrap();
    let day = |t: &str| seatunnel_api::time::parse_date(t.as_bytes()).unwrap();
    vec![
        ("boolean", Value::Boolean(true), "1"),
        ("boolean", Value::Boolean(false), "0"),
        ("tinyint", Value::TinyInt(i8::MIN), "-128"),
        ("smallint", Value::SmallInt(i16::MAX), "32767"),
        ("int", Value::Int(i32::MIN), "-2147483648"),
        ("bigint", Value::BigInt(i64::MIN), "-9223372036854775808"),
        ("bigint", Value::BigInt(i64::MAX), "9223372036854775807"),
        ("double", Value::Double(f64::MAX), "1.7976931348623157e308"),
        ("double", Value::Double(0.1), "0.1"),
        ("double", Value::Double(-5e-324), "-5e-324"),
        (
            "decimal(65, 30)",
            decimal(&format!("-{}", "9".repeat(65)), 30),
            "-99999999999999999999999999999999999.999999999999999999999999999999",
        ),
        (
            "decimal(38, 38)",
            decimal("1", 38),
            "0.00000000000000000000000000000000000001",
        ),
        (
            "decimal(20, 0)",
            decimal("18446744073709551615", 0),
            "18446744073709551615",
        ),
        ("decimal(10, 2)", decimal("-5", 2), "-0.05"),
        ("string", text(""), ""),
        ("string", text("\\ \\N \\\\ ' \" ` % \u{8}\u{1a}\r"), ""),
        ("string", text("tab\tline\nend"), ""),
        ("string", text("nul\0 \u{e9}\u{1f600} \u{10ffff}"), ""),
        ("string", text("NULL"), ""),
        ("bytes", Value::Bytes(vec![]), ""),
        ("bytes", Value::Bytes((0..=255).collect()), ""),
        ("date", Value::Date(day("0001-01-01")), "0001-01-01"),
        ("date", Value::Date(day("9999-12-31")), "9999-12-31"),
        ("time", Value::Time(0), "00:00:00.000000"),
        ("time", Value::Time(86_399_999_999), "23:59:59.999999"),
        (
            "timestamp",
            Value::Timestamp(at("9999-12-31 23:59:59.999999")),
            "9999-12-31 23:59:59.999999",
        ),
        (
            "timestamp",
            Value::Timestamp(-1),
            "1969-12-31 23:59:59.999999",
        ),
        (
            "timestamp_tz",
            Value::TimestampTz(at("2024-02-29 12:00:00")),
            "2024-02-29 12:00:00.000000",
        ),
        (
            "array<string>",
            Value::Array(vec![text("a\"\\\t"), Value::Null]),
            r#"["a\"\\\t",null]"#,
        ),
        (
            "map<string, int>",
            Value::Map(vec![(text("k"), Value::Int(1))]),
            r#"{"k":1}"#,
        ),
        (
            "{a = decimal(4, 2)}",
            Value::Row(vec![decimal("123", 2)]),
            r#"{"a":"1.23"}"#,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_kept_at_its_limits_by_every_way() {
    let samples = samples();
    let names: Vec<String> = (0..samples.len()).map(|n| format!("c{n}")).collect();
    let mut columns = vec![("id", "int")];
    columns.extend(
        names
            .iter()
            .zip(&samples)
            .map(|(n, (t, ..))| (n.as_str(), *t)),
    );
    let t = table(&columns, &["id"]);
    let mut values = vec![Value::Int(1)];
    values.extend(samples.iter().map(|(_, value, _)| value.clone()));
    let mut nulls = vec![Value::Null; values.len()];
    nulls[0] = Value::Int(2);
    let mut seen = Vec::new();
    for way in WAYS {
        let db = MariaDb::shared().database("types");
        let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        write(
            &sink,
            vec![inserts(&t, vec![values.clone(), nulls.clone()])],
        )
        .await
        .unwrap();
        for (name, (data_type, value, expected)) in names.iter().zip(&samples) {
            let told = |what: &str| db.sql(&format!("select {what} from t where id = 1"));
            let hex =
                |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02X}")).collect() };
            let (told, wanted) = match value {
                Value::String(text) => (told(&format!("hex({name})")), hex(text.as_bytes())),
                Value::Bytes(bytes) => (told(&format!("hex({name})")), hex(bytes)),
                Value::Array(_) | Value::Map(_) | Value::Row(_) => {
                    (told(&format!("hex({name})")), hex(expected.as_bytes()))
                }
                _ => (told(name), (*expected).to_owned()),
            };
            assert_eq!(told, wanted, "{data_type} {value} by {way:?}");
        }
        let null: Vec<String> = names.iter().map(|n| format!("isnull({n})")).collect();
        let all_null = db.sql(&format!("select {} from t where id = 2", null.join(" + ")));
        assert_eq!(all_null, samples.len().to_string());
        seen.push(
            db.sql("checksum table t")
                .split('\t')
                .nth(1)
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_every_kind_take_their_values_by_every_way() {
    let db = MariaDb::shared().database("kinds");
    let t = table(
        &[
            ("id", "int"),
            ("b1", "boolean"),
            ("b9", "int"),
            ("f", "float"),
            ("l", "string"),
            ("e", "string"),
            ("g", "string"),
            ("y", "int"),
            ("u", "decimal(20, 0)"),
            ("j", "string"),
            ("raw", "bytes"),
            ("n", "double"),
            ("at", "timestamp_tz"),
            ("s", "int"),
        ],
        &["id"],
    );
    for charset in ["utf8mb4", "latin1"] {
        for way in WAYS {
            db.sql(&format!(
                "create or replace table t (id int primary key, b1 bit(1), b9 bit(9), f float, \
                 l varchar(10) character set {charset}, e enum('x', 'é') character set {charset}, g geometry, \
                 y year, u bigint unsigned, j json, raw varbinary(20), n varchar(40), at timestamp(6) null, \
                 s varchar(20))"
            ));
            let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
            let values = vec![
                Value::Int(1),
                Value::Boolean(true),
                Value::Int(511),
                Value::Float(1.1),
                text("é"),
                text("é"),
                text("POINT(1 2)"),
                Value::Int(2024),
                decimal("18446744073709551615", 0),
                text("{\"a\": [1]}"),
                Value::Bytes(vec![0, 9, 10, 92, 255]),
                Value::Double(f64::NAN),
                Value::TimestampTz(1_700_000_000_123_456),
                Value::Int(-7),
            ];
            write(&sink, vec![inserts(&t, vec![values])]).await.unwrap();
            let told = db.sql(
                "set time_zone = '+00:00'; select b1 + 0, b9 + 0, f = cast(1.1 as float), convert(l using utf8mb4), \
                 convert(e using utf8mb4), st_astext(g), y, u, j, hex(raw), n, at, s from t",
            );
            assert_eq!(
                told,
                "1\t511\t1\té\té\tPOINT(1 2)\t2024\t18446744073709551615\t{\"a\": [1]}\t00090A5CFF\tNaN\t\
                 2023-11-14 22:13:20.123456\t-7",
                "{charset} {way:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_batches_of_rows_come_in_whole_by_every_way() {
    let t = table(&[("id", "int"), ("name", "string")], &["id"]);
    let mut random = fastrand::Rng::with_seed(11);
    let word = |n: i32, random: &mut fastrand::Rng| {
        let letters: String = (0..random.usize(0..40)).map(|_| random.char(..)).collect();
        format!("{n}{letters}\t\\")
    };
    let batches: Vec<Vec<_>> = (0..20)
        .map(|b| {
            let size = [0, 1, 5, 300, 1_100][b as usize % 5];
            (0..size)
                .map(|n| row(b * 10_000 + n, &word(n, &mut random)))
                .collect()
        })
        .collect();
    let mut seen = Vec::new();
    for way in WAYS {
        let db = MariaDb::shared().database("many");
        let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        let all = batches
            .iter()
            .map(|rows| inserts(&t, rows.clone()))
            .collect();
        write(&sink, all).await.unwrap();
        seen.push(db.sql("select count(*), bit_xor(crc32(concat(id, hex(name)))) from t"));
    }
    let count = batches.iter().map(Vec::len).sum::<usize>().to_string();
    assert_eq!(seen[0].split('\t').next(), Some(count.as_str()));
    let mut all: Vec<_> = seen;
    all.dedup();
    assert_eq!(all.len(), 1, "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_mysql_lacks_are_errors_that_name_row_and_column() {
    let t = table(
        &[("id", "int"), ("n", "double"), ("d", "timestamp")],
        &["id"],
    );
    let good = |id| vec![Value::Int(id), Value::Double(0.5), Value::Null];
    let bad = [
        (
            vec![Value::Int(3), Value::Double(f64::NAN), Value::Null],
            "n",
        ),
        (
            vec![Value::Int(3), Value::Double(f64::INFINITY), Value::Null],
            "n",
        ),
        (
            vec![Value::Int(3), Value::Null, Value::Timestamp(i64::MAX)],
            "d",
        ),
        (
            vec![Value::Int(3), Value::Null, Value::Timestamp(i64::MIN)],
            "d",
        ),
    ];
    for way in WAYS {
        for (bad, column) in &bad {
            let db = MariaDb::shared().database("lacks");
            let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
            let batch = inserts(&t, vec![good(1), good(2), bad.clone(), good(4)]);
            let error = write(&sink, vec![batch]).await.unwrap_err();
            assert_eq!(error.code(), codes::VALUE_INVALID, "{error}");
            let told = error.report();
            for part in ["row: 3", "id=3", &format!("column: {column}")] {
                assert!(told.contains(part), "{part} in {told}");
            }
            assert_eq!(db.sql("select count(*) from t"), "0", "{way:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instants_are_the_same_in_every_time_zone() {
    let t = table(
        &[("id", "int"), ("at", "timestamp_tz"), ("wall", "timestamp")],
        &["id"],
    );
    let at = 1_700_000_000_000_000;
    for way in WAYS {
        let db = MariaDb::shared().database("zone");
        db.sql("create table t (id int primary key, at timestamp(6) null, wall timestamp(6) null)");
        let way = format!("{way}&connectionTimeZone=%2B08:00");
        let sink = sink(into(&db, &way, json!({})), std::slice::from_ref(&t)).unwrap();
        let values = vec![Value::Int(1), Value::TimestampTz(at), Value::Timestamp(at)];
        write(&sink, vec![inserts(&t, vec![values])]).await.unwrap();
        assert_eq!(
            db.sql("set time_zone = '+00:00'; select at, wall from t"),
            "2023-11-14 22:13:20.000000\t2023-11-14 14:13:20.000000",
            "{way}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_as_large_as_the_server_allows_is_written_and_a_larger_one_is_named() {
    let t = table(&[("id", "int"), ("name", "string")], &["id"]);
    let server = alone().await;
    server
        .admin()
        .sql("set global max_allowed_packet = 16777216");
    for way in WAYS {
        let db = server.database("large");
        let create = || sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        let large = "x".repeat(9 << 20);
        let batch = inserts(
            &t,
            vec![row(1, "a"), row(2, &large), row(3, &large), row(4, "b")],
        );
        write(&create(), vec![batch]).await.unwrap();
        assert_eq!(
            db.sql("select group_concat(length(name)) from t"),
            "1,9437184,9437184,1",
            "{way}"
        );
        let larger = "x".repeat(17 << 20);
        let result = write(
            &create(),
            vec![inserts(&t, vec![row(5, "a"), row(6, &larger)])],
        )
        .await;
        if way == WAYS[1] {
            // A file has no such limit.
            result.unwrap();
        } else {
            let told = result.unwrap_err().report();
            assert!(
                told.contains("max_allowed_packet") && told.contains("id=6"),
                "{told}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_statement_is_run_for_each_row() {
    let t = table(&[("id", "int"), ("name", "string")], &[]);
    for way in WAYS {
        for query in [
            "INSERT INTO t (id, name) VALUES (?, upper(?))",
            "insert into t (name, id) select upper(:name), :id",
        ] {
            let db = MariaDb::shared().database("given");
            db.sql("create table t (id int primary key, name varchar(5))");
            let options = into(
                &db,
                way,
                json!({"query": query, "generate_sink_sql": false}),
            );
            let sink = sink(options, std::slice::from_ref(&t)).unwrap();
            sink.check().await.unwrap();
            let all = (1..=600).map(|id| row(id, "a")).collect();
            write(&sink, vec![inserts(&t, all)]).await.unwrap();
            assert_eq!(
                db.sql("select count(*), min(name), max(id) from t"),
                "600\tA\t600"
            );
            let error = write(
                &sink,
                vec![inserts(&t, vec![row(601, "a"), row(602, "toolong")])],
            )
            .await;
            let told = error.unwrap_err().report();
            assert!(told.contains("row: 2") && told.contains("22001"), "{told}");
            assert_eq!(db.sql("select count(*) from t"), "600", "{way} {query}");
        }
    }
}

/// A random value of a type, often at a limit.
fn random_value(of: &str, random: &mut fastrand::Rng) -> Value {
    if random.u8(0..8) == 0 {
        return Value::Null;
    }
    let days = |random: &mut fastrand::Rng| random.i32(-719_162..2_932_897);
    let micros = |random: &mut fastrand::Rng, days: i32| {
        i64::from(days) * 86_400_000_000
            + random.i64(0..86_400_000_000) / [1, 1_000_000][random.usize(0..2)]
    };
    let text = |random: &mut fastrand::Rng| -> String {
        let special = [
            '\\', '\t', '\n', '\0', '\'', '"', 'N', '\r', '\u{1a}', 'é', '😀', '\u{feff}',
        ];
        (0..random.usize(0..60))
            .map(|_| match random.bool() {
                true => special[random.usize(0..special.len())],
                false => random.char(..),
            })
            .collect()
    };
    match of {
        "boolean" => Value::Boolean(random.bool()),
        "tinyint" => Value::TinyInt(random.i8(..)),
        "smallint" => Value::SmallInt(random.i16(..)),
        "int" => Value::Int(random.i32(..) >> random.u32(0..32)),
        "bigint" => Value::BigInt(random.i64(..) >> random.u32(0..64)),
        "float" => Value::Float(loop {
            let value = f32::from_bits(random.u32(..));
            if value.is_finite() {
                break value;
            }
        }),
        "double" => Value::Double(loop {
            let value = f64::from_bits(random.u64(..));
            if value.is_finite() {
                break value;
            }
        }),
        "decimal(38, 10)" => {
            let digits = random.i128(..) >> random.u32(2..127);
            decimal(&digits.to_string(), 10)
        }
        "string" => Value::String(text(random)),
        "bytes" => Value::Bytes((0..random.usize(0..300)).map(|_| random.u8(..)).collect()),
        "date" => Value::Date(days(random)),
        "time" => Value::Time(micros(random, 0)),
        _ => {
            let days = days(random);
            Value::Timestamp(micros(random, days))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_rows_read_back_as_they_were_written() {
    let types = [
        "boolean",
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "float",
        "double",
        "decimal(38, 10)",
        "string",
        "bytes",
        "date",
        "time",
        "timestamp",
    ];
    let names: Vec<String> = (0..types.len()).map(|n| format!("c{n}")).collect();
    let mut columns = vec![("id", "int")];
    columns.extend(names.iter().map(String::as_str).zip(types));
    let t = table(&columns, &["id"]);
    for (seed, way) in WAYS.into_iter().enumerate() {
        let mut random = fastrand::Rng::with_seed(seed as u64 + 100);
        let written: Vec<Vec<Value>> = (0..1_500)
            .map(|id| {
                let mut row = vec![Value::Int(id)];
                row.extend(types.iter().map(|of| random_value(of, &mut random)));
                row
            })
            .collect();
        let db = MariaDb::shared().database("random");
        let sink = sink(into(&db, way, json!({})), std::slice::from_ref(&t)).unwrap();
        let batches = written.chunks(400).map(|rows| inserts(&t, rows.to_vec()));
        write(&sink, batches.collect()).await.unwrap();
        let mut read = crate::common::read_back(&sink).await;
        read.sort_by(|a, b| a[0].partial_cmp(&b[0]).unwrap());
        assert_eq!(read.len(), written.len());
        for (read, written) in read.iter().zip(&written) {
            assert_eq!(read, written, "{way}");
        }
    }
}
