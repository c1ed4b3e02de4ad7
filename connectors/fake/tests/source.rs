//! FakeSource as engines see it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSource, SplitBytes};
use seatunnel_api::{
    Batch, BatchSize, Boundedness, Emitter, JobContext, JobMode, Metrics, NextDiscovery, Registry,
    Result, RowKind, SourceContext, TaskContext, Value,
};
use serde_json::json;

/// Keeps what a reader hands over.
struct Collector {
    batches: Vec<Batch>,
    positions: Vec<Vec<u8>>,
    size: BatchSize,
}

#[async_trait]
impl Emitter for Collector {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        self.batches.push(batch);
        self.positions.extend(position);
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        true
    }

    fn batch_size(&self) -> BatchSize {
        self.size
    }
}

fn job(mode: JobMode) -> JobContext {
    JobContext {
        id: "1".into(),
        name: "test".into(),
        mode,
    }
}

async fn source_in(mode: JobMode, options: serde_json::Value) -> Result<Arc<dyn DynSource>> {
    let registry = seatunnel_connector_fake::register(Registry::new());
    let factory = registry.find_source("fakesource").unwrap();
    let context = SourceContext {
        job: job(mode),
        plugin_output: Some("fake".to_owned()),
        parallelism: 2,
    };
    factory
        .create(&ConfigValue::from_json(&options), context)
        .await
}

async fn source(options: serde_json::Value) -> Result<Arc<dyn DynSource>> {
    source_in(JobMode::Batch, options).await
}

async fn splits(source: &dyn DynSource, parallelism: usize) -> Vec<SplitBytes> {
    let mut enumerator = source.enumerator(parallelism, None).await.unwrap();
    enumerator.discover().await.unwrap().splits
}

async fn read(source: &dyn DynSource, split: &[u8], rows: usize) -> Collector {
    let mut collector = Collector {
        batches: Vec::new(),
        positions: Vec::new(),
        size: BatchSize {
            rows,
            bytes: 1 << 20,
        },
    };
    let context = TaskContext {
        job: job(JobMode::Batch),
        subtask: 0,
        parallelism: 1,
        metrics: Metrics::new(),
        dirty: seatunnel_api::DirtyRows::off(),
    };
    let mut reader = source.reader(context).await.unwrap();
    reader.read(split, &mut collector).await.unwrap();
    collector
}

fn rows(batches: &[Batch]) -> Vec<Vec<Value>> {
    let rows = batches.iter().flat_map(|b| b.rows());
    rows.map(|row| row.values()).collect()
}

async fn all_rows(options: serde_json::Value) -> Vec<Vec<Value>> {
    let source = source(options).await.unwrap();
    let mut all = Vec::new();
    for split in splits(source.as_ref(), 1).await {
        all.extend(rows(
            &read(source.as_ref(), &split.bytes, 100).await.batches,
        ));
    }
    all
}

async fn message(options: serde_json::Value) -> String {
    match source(options).await {
        Ok(_) => panic!("the options are accepted"),
        Err(error) => error.to_string(),
    }
}

const EVERY_TYPE: &[(&str, &str)] = &[
    ("a", "string"),
    ("b", "boolean"),
    ("c", "tinyint"),
    ("d", "smallint"),
    ("e", "int"),
    ("f", "bigint"),
    ("g", "float"),
    ("h", "double"),
    ("i", "decimal(38, 18)"),
    ("j", "decimal(9, 2)"),
    ("k", "decimal(70, 10)"),
    ("l", "null"),
    ("m", "bytes"),
    ("n", "date"),
    ("o", "time"),
    ("p", "timestamp"),
    ("q", "timestamp_tz"),
    ("r", "array<array<string>>"),
    ("s", "map<tinyint, map<string, boolean>>"),
    ("t", "{a = int, b = {c = array<date>, d = bytes}}"),
    ("u", "float_vector"),
];

fn every_type() -> serde_json::Value {
    EVERY_TYPE
        .iter()
        .map(|(name, data_type)| ((*name).to_owned(), json!(data_type)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn each_reader_gets_its_rows_in_splits() {
    let options = json!({"row.num": 10, "split.num": 3, "schema": {"fields": {"a": "int"}}});
    let source = source(options).await.unwrap();
    let splits = splits(source.as_ref(), 2).await;
    let mut counts = Vec::new();
    for split in &splits {
        let read = read(source.as_ref(), &split.bytes, 3).await;
        counts.push(read.batches.iter().map(Batch::num_rows).sum::<usize>());
    }
    assert_eq!(counts, [4, 4, 2, 4, 4, 2]);
    assert_eq!(source.boundedness(), Boundedness::Bounded);
    let ids: std::collections::HashSet<_> = splits.iter().map(|s| &s.id).collect();
    assert_eq!(ids.len(), splits.len());
}

#[tokio::test]
async fn a_position_goes_on_with_the_rows_that_have_not_come() {
    let options = json!({"row.num": 500, "schema": {"fields": every_type()}});
    let source = source(options).await.unwrap();
    let split = &splits(source.as_ref(), 1).await[0];
    let whole = read(source.as_ref(), &split.bytes, 77).await;
    let all = rows(&whole.batches);
    assert_eq!(all.len(), 500);
    let mut seen = 0;
    for (batch, position) in whole.batches.iter().zip(&whole.positions) {
        seen += batch.num_rows();
        // Other batch sizes, another reader: the same rows.
        let rest = read(source.as_ref(), position, 41).await;
        assert_eq!(rows(&rest.batches), all[seen..]);
    }
}

#[tokio::test]
async fn values_have_the_lengths_and_sizes_asked_for() {
    let rows = all_rows(json!({
        "row.num": 50, "string.length": 11, "bytes.length": 3, "array.size": 2, "map.size": 4,
        "vector.dimension": 7, "schema": {"columns": [
            {"name": "a", "type": "string"},
            {"name": "b", "type": "string", "columnLength": 20},
            {"name": "c", "type": "bytes"},
            {"name": "d", "type": "array<int>"},
            {"name": "e", "type": "map<string, int>"},
            {"name": "f", "type": "float_vector"},
        ]},
    }))
    .await;
    for row in &rows {
        let [
            Value::String(a),
            Value::String(b),
            Value::Bytes(c),
            Value::Array(d),
            Value::Map(e),
            Value::Array(f),
        ] = row.as_slice()
        else {
            panic!("{row:?}");
        };
        assert_eq!(
            (a.len(), b.len(), c.len(), d.len(), e.len(), f.len()),
            (11, 20, 3, 2, 4, 7)
        );
        assert!(a.bytes().chain(b.bytes()).all(|c| c.is_ascii_alphabetic()));
    }
    let texts: std::collections::HashSet<_> = rows.iter().map(|r| r[0].to_string()).collect();
    assert_eq!(texts.len(), rows.len());
}

#[tokio::test]
async fn numbers_keep_to_their_ranges_and_reach_both_ends() {
    let options = json!({
        "row.num": 2000, "tinyint.min": -3, "tinyint.max": 3, "int.min": 7, "int.max": 7,
        "float.min": 40.0, "float.max": 43.0, "double.min": -1.0, "double.max": 1.0,
        "bigint.min": i64::MIN, "bigint.max": i64::MAX,
        "schema": {"fields": {"a": "tinyint", "b": "int", "c": "float", "d": "double", "e": "bigint"}},
    });
    let rows = all_rows(options).await;
    let seen: std::collections::BTreeSet<String> = rows.iter().map(|r| r[0].to_string()).collect();
    assert_eq!(seen.len(), 7);
    assert!(rows.iter().all(|r| r[1] == Value::Int(7)));
    assert!(
        rows.iter()
            .all(|r| matches!(r[2], Value::Float(v) if (40.0..=43.0).contains(&v)))
    );
    assert!(
        rows.iter()
            .all(|r| matches!(r[3], Value::Double(v) if (-1.0..=1.0).contains(&v)))
    );
    assert!(
        rows.iter()
            .any(|r| matches!(r[4], Value::BigInt(v) if v < 0))
    );
    assert!(
        rows.iter()
            .any(|r| matches!(r[4], Value::BigInt(v) if v > 0))
    );
}

#[tokio::test]
async fn templates_are_all_that_comes() {
    let options = json!({
        "row.num": 200, "string.template": ["ab", "", "ü"], "int.fake.mode": "template",
        "int.template": [5, -6], "double.template": [0.5],
        "date.year.template": [2020], "date.month.template": [2], "date.day.template": [29],
        "time.hour.template": [23], "time.minute.template": [59], "time.second.template": [1, 2],
        "schema": {"fields": {"a": "string", "b": "int", "c": "double", "d": "date", "e": "timestamp", "f": "time"}},
    });
    let rows = all_rows(options).await;
    let distinct = |column: usize| -> Vec<String> {
        let set: std::collections::BTreeSet<_> =
            rows.iter().map(|r| r[column].to_string()).collect();
        set.into_iter().collect()
    };
    assert_eq!(distinct(0), ["", "ab", "ü"]);
    assert_eq!(distinct(1), ["-6", "5"]);
    assert_eq!(distinct(2), ["0.5"]);
    assert_eq!(distinct(3), ["2020-02-29"]);
    assert_eq!(distinct(4), ["2020-02-29T23:59:01", "2020-02-29T23:59:02"]);
    assert_eq!(distinct(5), ["23:59:01", "23:59:02"]);
}

#[tokio::test]
async fn a_map_has_each_key_once() {
    let options = json!({
        "row.num": 300, "map.size": 6, "tinyint.max": 3,
        "schema": {"fields": {"a": "map<tinyint, string>", "b": "map<boolean, int>"}},
    });
    for row in all_rows(options).await {
        for map in row {
            let Value::Map(entries) = map else {
                panic!("{map:?}");
            };
            let keys: std::collections::HashSet<_> =
                entries.iter().map(|(k, _)| k.to_string()).collect();
            assert_eq!(keys.len(), entries.len());
            assert!((1..=4).contains(&entries.len()));
        }
    }
}

#[tokio::test]
async fn given_rows_come_once_for_each_split_with_their_kinds() {
    let options = json!({
        "schema": {"table": "shop.t", "fields": {"id": "int", "name": "string", "at": "timestamp"}},
        "rows": [
            {"kind": "INSERT", "fields": [1, "a", "2024-01-02T03:04:05"]},
            {"kind": "UPDATE_BEFORE", "fields": {"name": "b", "id": 2}},
            {"kind": "delete", "fields": [3, null, "CURRENT_TIMESTAMP"]},
            {"fields": [4]},
        ],
    });
    let source = source(options).await.unwrap();
    assert_eq!(source.tables()[0].path().to_string(), "shop.t");
    let splits = splits(source.as_ref(), 2).await;
    assert_eq!(splits.len(), 2);
    let collected = read(source.as_ref(), &splits[1].bytes, 3).await;
    let kinds: Vec<RowKind> = collected
        .batches
        .iter()
        .flat_map(|b| b.rows())
        .map(|r| r.kind())
        .collect();
    assert_eq!(
        kinds,
        [
            RowKind::Insert,
            RowKind::UpdateBefore,
            RowKind::Delete,
            RowKind::Insert
        ]
    );
    let all = rows(&collected.batches);
    assert_eq!(
        all[1],
        [Value::Int(2), Value::String("b".into()), Value::Null]
    );
    assert!(matches!(all[2][2], Value::Timestamp(micros) if micros > 1_700_000_000_000_000));
    let rest = read(source.as_ref(), &collected.positions[0], 3).await;
    assert_eq!(rows(&rest.batches), all[3..]);
}

#[tokio::test]
async fn keys_count_up_over_all_splits() {
    let options = json!({
        "row.num": 5, "split.num": 2, "auto.increment.enabled": true, "auto.increment.start": 100,
        "schema": {"fields": {"id": "bigint", "n": "int"}, "primaryKey": {"name": "pk", "columnNames": ["id"]}},
    });
    let source = source(options).await.unwrap();
    let mut ids = Vec::new();
    for split in splits(source.as_ref(), 2).await {
        for batch in read(source.as_ref(), &split.bytes, 2).await.batches {
            let column = batch.records().column(0).as_primitive::<Int64Type>();
            ids.extend_from_slice(column.values());
            assert_eq!(
                batch
                    .records()
                    .column(1)
                    .as_primitive::<Int32Type>()
                    .null_count(),
                0
            );
        }
    }
    assert_eq!(ids, (100..110).collect::<Vec<i64>>());
}

#[tokio::test]
async fn several_tables_have_their_own_options() {
    let options = json!({"row.num": 99, "tables_configs": [
        {"row.num": 2, "schema": {"table": "db.a", "fields": {"x": "int"}}},
        {"schema": {"table": "db.b", "columns": [
            {"name": "y", "type": "int", "defaultValue": 8},
            {"name": "z", "type": "double", "columnScale": 1},
        ]}},
    ]});
    let source = source(options).await.unwrap();
    let mut counts = std::collections::BTreeMap::new();
    for split in splits(source.as_ref(), 1).await {
        for batch in read(source.as_ref(), &split.bytes, 100).await.batches {
            *counts.entry(batch.table().path().to_string()).or_insert(0) += batch.num_rows();
            if batch.table().path().table == "b" {
                assert!(batch.rows().all(|r| r.get(0) == Value::Int(8)));
            }
        }
    }
    let expected = [("db.a".to_owned(), 2), ("db.b".to_owned(), 5)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_stream_goes_on_without_rows_and_does_not_begin_again() {
    let options = json!({"schema": {"fields": {"a": "int"}}});
    let source = source_in(JobMode::Streaming, options).await.unwrap();
    assert_eq!(source.boundedness(), Boundedness::Unbounded);
    let mut enumerator = source.enumerator(1, None).await.unwrap();
    let before = enumerator.snapshot().unwrap();
    assert_eq!(enumerator.discover().await.unwrap().splits.len(), 1);
    let idle = enumerator.discover().await.unwrap();
    assert!(idle.splits.is_empty());
    assert!(matches!(idle.next, NextDiscovery::After(_)));
    let after = enumerator.snapshot().unwrap();
    for (state, expected) in [(before, 1), (after, 0)] {
        let mut restored = source.enumerator(1, Some(&state)).await.unwrap();
        assert_eq!(restored.discover().await.unwrap().splits.len(), expected);
    }
}

#[tokio::test]
async fn what_can_not_be_made_is_said_before_the_job_runs() {
    let fields = json!({"fields": {"a": "int"}});
    let with = |more: serde_json::Value| {
        let mut options = more;
        if options.get("schema").is_none() {
            options["schema"] = fields.clone();
        }
        options
    };
    for (options, part) in [
        (
            with(json!({"int.min": 5, "int.max": 4})),
            "more than `int.max`",
        ),
        (with(json!({"int.fake.mode": "TEMPLATE"})), "`int.template`"),
        (
            with(
                json!({"date.month.template": [2], "date.day.template": [30], "schema": {"fields": {"a": "date"}}}),
            ),
            "02-30, which there is not",
        ),
        (
            with(json!({"time.hour.template": [24], "schema": {"fields": {"a": "time"}}})),
            "the last hour is 23",
        ),
        (
            with(json!({"rows": [{"fields": ["x"]}]})),
            "type int, found \"x\"",
        ),
        (with(json!({"rows": [{"fields": 7}]})), "list of values"),
        (
            with(
                json!({"schema": {"columns": [{"name": "a", "type": "int", "defaultValue": "x"}]}}),
            ),
            "the column's default",
        ),
        (
            with(
                json!({"array.size": 4_000_000_000u32, "schema": {"fields": {"a": "array<int>"}}}),
            ),
            "single value would take",
        ),
        (
            with(json!({"schema": {"fields": {"a": "map<array<int>, int>"}}})),
            "keys of type array<int>",
        ),
        (json!({"row.num": 1}), "schema"),
        (
            json!({"tables_configs": [{"schema": fields}, {"schema": fields}]}),
            "two tables are called fake",
        ),
    ] {
        let message = message(options).await;
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}
