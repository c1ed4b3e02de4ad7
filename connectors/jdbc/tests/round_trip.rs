//! Rows go into a file and come out of it.

mod common;

use common::{Files, ask, inserts, into, named, read, read_all, sink, source, table, text, write};
use seatunnel_api::Value;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn every_type_and_null_is_stored_without_loss() {
    let files = Files::new();
    let t = table(
        &[
            ("c_bool", "boolean"),
            ("c_tiny", "tinyint"),
            ("c_small", "smallint"),
            ("c_int", "int"),
            ("c_big", "bigint"),
            ("c_float", "float"),
            ("c_double", "double"),
            ("c_dec", "decimal(15, 3)"),
            ("c_wide", "decimal(38, 10)"),
            ("c_widest", "decimal(76, 2)"),
            ("c_text", "string"),
            ("c_bytes", "bytes"),
            ("c_date", "date"),
            ("c_time", "time"),
            ("c_ts", "timestamp"),
            ("c_tz", "timestamp_tz"),
            ("c_array", "array<int>"),
            ("c_map", "map<string, bigint>"),
            ("c_row", "{a = int, b = string}"),
            ("c_null", "null"),
        ],
        &[],
    );
    let full = vec![
        Value::Boolean(true),
        Value::TinyInt(-128),
        Value::SmallInt(i16::MAX),
        Value::Int(i32::MIN),
        Value::BigInt(i64::MIN),
        Value::Float(0.1),
        Value::Double(1.0 / 3.0),
        Value::Decimal("123456789012345".parse().unwrap(), 3),
        Value::Decimal(
            "12345678901234567890123456789012345678".parse().unwrap(),
            10,
        ),
        Value::Decimal("-1".parse().unwrap(), 2),
        text("it's \u{1F980}, \"quoted\"\n"),
        Value::Bytes(vec![0, 255]),
        Value::Date(-1),
        Value::Time(86_399_999_999),
        Value::Timestamp(-1),
        Value::TimestampTz(0),
        Value::Array(vec![Value::Int(1), Value::Null]),
        Value::Map(vec![(text("k"), Value::BigInt(7))]),
        Value::Row(vec![Value::Int(1), text("x")]),
        Value::Null,
    ];
    let nothing = vec![Value::Null; full.len()];
    let sink = sink(
        into(&files.url("a.db"), json!({})),
        std::slice::from_ref(&t),
    )
    .await
    .unwrap();
    write(&sink, vec![inserts(&t, vec![full, nothing])])
        .await
        .unwrap();

    let stored = ask(&files.open("a.db"), "SELECT * FROM t");
    assert_eq!(
        stored[0],
        "1|-128|32767|-2147483648|-9223372036854775808|0.10000000149011612|\
         0.3333333333333333|123456789012.345|1234567890123456789012345678.9012345678|-0.01|\
         it's \u{1F980}, \"quoted\"\n|[00, ff]|1969-12-31|23:59:59.999999|\
         1969-12-31 23:59:59.999999|1970-01-01 00:00:00Z|[1,null]|{\"k\":7}|\
         {\"a\":1,\"b\":\"x\"}|null"
    );
    assert_eq!(stored[1], ["null"; 20].join("|"));

    let read = read_all(json!({"url": files.url("a.db"), "table_path": "t"}))
        .await
        .unwrap();
    assert_eq!(
        read[0][..9],
        [
            Value::Boolean(true),
            Value::SmallInt(-128),
            Value::SmallInt(i16::MAX),
            Value::Int(i32::MIN),
            Value::BigInt(i64::MIN),
            Value::Float(0.1),
            Value::Double(1.0 / 3.0),
            Value::Double(123_456_789_012.345),
            text("1234567890123456789012345678.9012345678"),
        ]
    );
    assert_eq!(read[0][11], Value::Bytes(vec![0, 255]));
    assert_eq!(read[0][14], text("1969-12-31 23:59:59.999999"));
    assert_eq!(read[1], vec![Value::Null; 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_arrive_once_each() {
    const ROWS: i32 = 100_000;
    let files = Files::new();
    let t = table(
        &[("id", "int"), ("name", "string"), ("v", "double")],
        &["id"],
    );
    let batches = (0..ROWS / 1_000)
        .map(|b| {
            let rows = b * 1_000..(b + 1) * 1_000;
            let row = |i| {
                vec![
                    Value::Int(i),
                    text(&format!("n{i}")),
                    Value::Double(f64::from(i)),
                ]
            };
            inserts(&t, rows.map(row).collect())
        })
        .collect();
    let sink = sink(
        into(&files.url("a.db"), json!({})),
        std::slice::from_ref(&t),
    )
    .await
    .unwrap();
    write(&sink, batches).await.unwrap();
    drop(sink);
    assert!(
        !files.path("a.db-wal").exists(),
        "the journal is moved into the file at the end"
    );

    let source = source(json!({"url": files.url("a.db"), "table_path": "t"}))
        .await
        .unwrap();
    let (collected, splits) = read(&source, 2).await.unwrap();
    assert_eq!(splits, 13);
    let mut ids: Vec<i32> = collected
        .rows()
        .into_iter()
        .map(|row| match row[..] {
            [Value::Int(id), Value::String(ref name), Value::Double(v)] => {
                assert_eq!((name.clone(), v), (format!("n{id}"), f64::from(id)));
                id
            }
            ref other => panic!("{other:?}"),
        })
        .collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..ROWS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_tables_go_in_and_out() {
    let files = Files::new();
    let tables: Vec<_> = (0..100)
        .map(|i| {
            named(
                &format!("t{i}"),
                &[("id", "int"), ("of", "string")],
                &["id"],
            )
        })
        .collect();
    let options = into(
        &files.url("a.db"),
        json!({"tablePrefix": "p_", "batch_size": 7}),
    );
    let sink = sink(options, &tables).await.unwrap();
    sink.prepare().await.unwrap();
    let writers = (0..2).map(|subtask| {
        let (sink, tables) = (sink.clone(), tables.clone());
        tokio::spawn(async move {
            let mut writer = sink.writer(common::task()).await.unwrap();
            for round in 0..5 {
                for (i, t) in tables.iter().enumerate() {
                    let id = round * 2 + subtask;
                    let row = vec![Value::Int(id), text(&format!("t{i}"))];
                    writer.write(inserts(t, vec![row])).await.unwrap();
                }
            }
            writer.prepare_commit(1).await.unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    sink.finish().await.unwrap();

    let options = json!({
        "url": files.url("a.db"),
        "table_list": [{"table_path": "p_t\\d+", "use_regex": true}],
    });
    let source = source(options).await.unwrap();
    assert_eq!(source.tables().len(), 100);
    let (collected, _) = read(&source, 2).await.unwrap();
    assert_eq!(collected.rows().len(), 1_000);
    for batch in &collected.batches {
        let name = batch.table().path().table.clone();
        for row in batch.rows() {
            assert_eq!(format!("p_{}", row.get(1)), name);
        }
    }
}

/// Hands what is read to a writer at once, as an engine does.
struct Into(Box<dyn seatunnel_api::erased::DynWriter>);

#[async_trait::async_trait]
impl seatunnel_api::Emitter for Into {
    async fn emit(
        &mut self,
        batch: seatunnel_api::Batch,
        _position: Option<Vec<u8>>,
    ) -> seatunnel_api::Result<()> {
        self.0.write(batch).await
    }

    fn wants_positions(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_copied_within_one_file_while_it_is_read() {
    let files = Files::new();
    let db = files.database(
        "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT NOT NULL DEFAULT 'none');
         CREATE INDEX by_note ON t (note);
         WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 50000)
         INSERT INTO t SELECT x, 'note ' || x FROM c",
    );
    let url = files.url("a.db");
    let source = source(json!({"url": url, "table_path": "t"}))
        .await
        .unwrap();
    let options = into(&url, json!({"tableSuffix": "_copy", "batch_size": 1_000}));
    let sink = sink(options, &source.tables()).await.unwrap();
    sink.prepare().await.unwrap();
    let splits = common::splits(&source, 2).await;
    let mut tasks = Vec::new();
    for half in splits.chunks(splits.len().div_ceil(2)) {
        let mut writer = Into(sink.writer(common::task()).await.unwrap());
        let mut reader = source.reader(common::task()).await.unwrap();
        let half = half.to_vec();
        tasks.push(tokio::spawn(async move {
            for split in half {
                reader.read(&split.bytes, &mut writer).await.unwrap();
            }
            writer.0.prepare_commit(1).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    sink.finish().await.unwrap();
    let differing = "SELECT count(*) FROM (SELECT * FROM t EXCEPT SELECT * FROM t_copy)";
    assert_eq!(ask(&db, differing), ["0"]);
    assert_eq!(ask(&db, "SELECT count(*) FROM t_copy"), ["50000"]);
    let created = ask(
        &db,
        "SELECT sql FROM sqlite_schema WHERE tbl_name = 't_copy'",
    );
    assert_eq!(
        created,
        [
            "CREATE TABLE `t_copy` (\n  `id` INTEGER NOT NULL,\n  \
             `note` TEXT NOT NULL DEFAULT 'none',\n  PRIMARY KEY (`id`)\n)",
            "CREATE INDEX `t_copy_by_note` ON `t_copy` (`note`)",
        ]
    );
}
