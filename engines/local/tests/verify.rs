//! What a comparison of a job's sources with its targets finds.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::{EnvOptions, Options};
use seatunnel_api::plan::{JobPlan, Node, NodeKind};
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, ChangesBecome, CheckpointId, Column, DataType, JobContext,
    JobMode, Output, PrimaryKey, Readback, ReadbackTable, Result, RowKind, Sink, SinkWriter,
    Source, SourceReader, Split, State, TablePath, TableSchema, TaskContext, Value, erase_sink,
    erase_source,
};
use seatunnel_engine_local::verify::{
    DifferenceKind, TableReport, Verification, VerifyOptions, VerifyReport, codes,
};
use seatunnel_engine_local::{JobHandle, LocalEngine};
use serde::{Deserialize, Serialize};
use serde_json::json;

use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};

/// A table with rows, in batches that are splits of their own.
#[derive(Clone)]
struct Held {
    table: Arc<CatalogTable>,
    batches: Vec<Batch>,
}

#[derive(Clone, Serialize, Deserialize)]
struct At(usize);

impl State for At {}
impl Split for At {
    fn id(&self) -> String {
        self.0.to_string()
    }
}

#[async_trait]
impl Source for Held {
    type Split = At;
    type Reader = Held;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.table.clone()]
    }

    async fn splits(&self, _parallelism: usize) -> Result<Vec<At>> {
        Ok((0..self.batches.len()).map(At).collect())
    }

    async fn reader(&self, _context: TaskContext) -> Result<Held> {
        Ok(self.clone())
    }
}

#[async_trait]
impl SourceReader for Held {
    type Split = At;

    async fn read(&mut self, split: At, out: &mut Output<'_, At>) -> Result<()> {
        out.emit(self.batches[split.0].clone(), &split).await
    }
}

/// A sink whose target holds something.
struct Target {
    held: Option<Held>,
    input: TablePath,
    changes: ChangesBecome,
}

struct NoWriter;

#[async_trait]
impl Sink for Target {
    type Committable = ();
    type Writer = NoWriter;

    async fn prepare(&self) -> Result<()> {
        panic!("a comparison changes nothing");
    }

    async fn writer(&self, _context: TaskContext) -> Result<NoWriter> {
        panic!("a comparison writes nothing");
    }

    async fn readback(&self) -> Result<Option<Vec<Readback>>> {
        Ok(self.held.as_ref().map(|held| {
            vec![Readback {
                source: erase_source(held.clone()),
                tables: vec![ReadbackTable {
                    table: self.input.clone(),
                    target: held.table.path().clone(),
                    columns: None,
                    changes: self.changes,
                }],
            }]
        }))
    }
}

#[async_trait]
impl SinkWriter for NoWriter {
    type Committable = ();

    async fn write(&mut self, _batch: Batch) -> Result<()> {
        Ok(())
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<()>> {
        Ok(Vec::new())
    }
}

/// A table of columns `name type`, those before `|` its key.
fn table(name: &str, columns: &str) -> Arc<CatalogTable> {
    let (key, rest) = columns.split_once('|').unwrap_or(("", columns));
    let list = |text: &str| -> Vec<Column> {
        let columns = text.split(';').map(str::trim).filter(|c| !c.is_empty());
        let column = |c: &str| {
            let (name, data_type) = c.split_once(' ').unwrap();
            Column::new(name, DataType::parse(data_type).unwrap())
        };
        columns.map(column).collect()
    };
    let mut schema = TableSchema::new(list(key));
    if !schema.columns.is_empty() {
        schema.primary_key = Some(PrimaryKey {
            name: "pk".to_owned(),
            columns: schema.names().map(str::to_owned).collect(),
        });
    }
    schema.columns.extend(list(rest));
    Arc::new(CatalogTable::new("test", TablePath::table(name), schema))
}

fn events(table: &Arc<CatalogTable>, rows: &[(RowKind, Vec<Value>)], batch: usize) -> Held {
    let batches = rows.chunks(batch).map(|rows| {
        let mut builder = BatchBuilder::new(table.clone());
        for (kind, row) in rows {
            builder.push(*kind, row).unwrap();
        }
        builder.finish()
    });
    Held {
        table: table.clone(),
        batches: batches.collect(),
    }
}

fn rows(table: &Arc<CatalogTable>, rows: Vec<Vec<Value>>, batch: usize) -> Held {
    let rows: Vec<_> = rows.into_iter().map(|row| (Insert, row)).collect();
    events(table, &rows, batch)
}

struct Case {
    source: Held,
    target: Option<Held>,
    changes: ChangesBecome,
    options: VerifyOptions,
}

impl Case {
    fn new(source: Held, target: Held) -> Self {
        Self {
            source,
            target: Some(target),
            changes: ChangesBecome::Changes,
            options: VerifyOptions::default(),
        }
    }

    async fn run(self) -> Result<VerifyReport> {
        let tables = vec![self.source.table.clone()];
        let sink = Target {
            held: self.target,
            input: self.source.table.path().clone(),
            changes: self.changes,
        };
        let node = |name: &str, kind, outputs| Node {
            name: name.to_owned(),
            kind,
            outputs,
            tables: tables.clone(),
            dirty: None,
        };
        let source = NodeKind::Source {
            source: erase_source(self.source),
            parallelism: 3,
        };
        let plan = JobPlan {
            job: JobContext {
                id: "1".into(),
                name: "test".into(),
                mode: JobMode::Batch,
            },
            env: EnvOptions::from_config("env", &ConfigValue::from_json(&json!({}))).unwrap(),
            nodes: vec![
                node("source[0] Held", source, vec![1]),
                node("sink[0] Target", NodeKind::Sink(erase_sink(sink)), vec![]),
            ],
        };
        let mut verification = Verification::new(&plan, self.options).await?;
        let mut passes = 0;
        while let Some(pass) = verification.next_pass() {
            LocalEngine::default()
                .run(&pass, &JobHandle::new(&pass))
                .await?;
            verification.finish_pass()?;
            passes += 1;
            assert!(passes < 1_000, "it comes to no end");
        }
        Ok(verification.report())
    }

    async fn table(self) -> TableReport {
        self.run().await.unwrap().tables.remove(0)
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn numbered(numbers: impl Iterator<Item = i64>) -> Vec<Vec<Value>> {
    numbers
        .map(|n| vec![Value::BigInt(n), text(&format!("row {n}"))])
        .collect()
}

const KEYED: &str = "id bigint | name string";

fn keys(report: &TableReport) -> Vec<String> {
    let differences = report.differences.iter();
    differences.map(|d| d.key[0].1.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_batches_of_rows_mean_nothing() {
    let table = table("t", KEYED);
    for batch in [1, 7, 1000] {
        let source = rows(&table, numbered(0..1000), 13);
        let target = rows(&table, numbered((0..1000).rev()), batch);
        let report = Case::new(source, target).table().await;
        assert!(report.is_equal(), "{report:?}");
        assert_eq!((report.rows_expected, report.rows_found), (1000, 1000));
        assert_eq!(report.checksum_expected, report.checksum_found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_missing_extra_or_different_are_named_in_the_order_of_the_key() {
    let table = table("t", KEYED);
    let source = rows(&table, numbered((0..500).filter(|n| *n != 77)), 50);
    let mut there = numbered((0..500).filter(|n| *n != 9));
    there[300][1] = text("changed");
    let report = Case::new(source, rows(&table, there, 50)).table().await;
    assert!(!report.is_equal());
    assert_eq!((report.missing, report.extra, report.different), (1, 1, 1));
    assert!(report.complete && !report.changed_meanwhile, "{report:?}");
    assert_eq!(keys(&report), ["9", "77", "301"]);
    let kinds: Vec<_> = report.differences.into_iter().map(|d| d.kind).collect();
    assert_eq!(
        kinds[..2],
        [DifferenceKind::Missing(1), DifferenceKind::Extra(1)]
    );
    let DifferenceKind::Values(values) = &kinds[2] else {
        panic!("{kinds:?}");
    };
    assert_eq!(values.len(), 1);
    assert_eq!(values[0].column, "name");
    assert_eq!(values[0].expected, "\"row 301\"");
    assert_eq!(values[0].found, "\"changed\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_differences_are_described_as_asked_for() {
    let table = table("t", KEYED);
    let source = rows(&table, numbered(-20..100), 10);
    let target = rows(&table, Vec::new(), 10);
    let mut case = Case::new(source, target);
    case.options.differences = 3;
    let report = case.table().await;
    assert_eq!(report.missing, 120);
    assert_eq!(keys(&report), ["-20", "-19", "-18"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_rows_count_as_often_as_they_are_there() {
    let table = table("t", "a int; b string");
    let row = |n: i32, b: Value| vec![Value::Int(n), b];
    let source = vec![row(1, text("x")), row(1, text("x")), row(2, Value::Null)];
    let target = vec![row(1, text("x")), row(2, Value::Null), row(2, text(""))];
    let report = Case::new(rows(&table, source, 1), rows(&table, target, 2))
        .table()
        .await;
    assert_eq!((report.missing, report.extra, report.different), (1, 1, 0));
    let kinds: Vec<_> = report.differences.iter().map(|d| &d.kind).collect();
    assert_eq!(
        kinds,
        [&DifferenceKind::Missing(1), &DifferenceKind::Extra(1)]
    );
    assert_eq!(
        report.differences[1].key[1],
        ("b".to_owned(), "\"\"".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn little_memory_finds_fewer_differences_and_says_so() {
    let table = table("t", KEYED);
    let source = rows(&table, numbered(0..20_000), 1000);
    let target = rows(&table, Vec::new(), 1);
    let mut case = Case::new(source, target);
    case.options.memory = 20_000;
    let report = case.table().await;
    assert!(!report.is_equal());
    assert!(!report.complete);
    assert!(report.missing > 0 && report.missing < 2_000, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn extra_rows_may_be_allowed() {
    let table = table("t", KEYED);
    let target = || rows(&table, numbered(0..300), 10);
    let mut case = Case::new(rows(&table, numbered(100..200), 10), target());
    case.options.allow_extra = true;
    // So that it takes more than one pass.
    case.options.memory = 2_000;
    let report = case.table().await;
    assert!(report.is_equal(), "{report:?}");
    assert_eq!(report.extra, 200);

    let mut case = Case::new(rows(&table, numbered(100..301), 10), target());
    case.options.allow_extra = true;
    let report = case.table().await;
    assert!(!report.is_equal());
    assert_eq!(keys(&report), ["300"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_changes_are_taken_back_in_the_checksum_itself() {
    let table = table("t", "id bigint; name string");
    let row = |n: i64, name: &str| vec![Value::BigInt(n), text(name)];
    let stream = [
        (Insert, row(1, "a")),
        (Insert, row(2, "b")),
        (UpdateBefore, row(1, "a")),
        (UpdateAfter, row(1, "c")),
        (Delete, row(2, "b")),
    ];
    let target = rows(&table, vec![row(1, "c")], 1);
    let report = Case::new(events(&table, &stream, 2), target.clone())
        .table()
        .await;
    assert!(report.is_equal(), "{report:?}");
    assert_eq!(report.rows_expected, 1);

    let mut case = Case::new(events(&table, &stream, 2), target);
    case.changes = ChangesBecome::Rows;
    let report = case.table().await;
    assert_eq!(report.rows_expected, 5, "files keep rows of every kind");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_row_of_a_key_is_left_of_its_changes() {
    let table = table("t", KEYED);
    let row = |n: i64, name: &str| vec![Value::BigInt(n), text(name)];
    // No halves of updates, a delete that knows only the key, an upsert: in one split, in order.
    let stream = [
        (Insert, row(1, "a")),
        (Insert, row(2, "b")),
        (Insert, row(3, "x")),
        (UpdateAfter, row(1, "c")),
        (Insert, row(3, "y")),
        (Delete, vec![Value::BigInt(2), Value::Null]),
    ];
    let target = rows(&table, vec![row(1, "c"), row(3, "y")], 1);
    let report = Case::new(events(&table, &stream, 10), target).table().await;
    assert!(report.is_equal(), "{report:?}");
    assert_eq!(report.rows_expected, 2);
    assert_eq!(report.checksum_expected, report.checksum_found);

    let stale = rows(&table, vec![row(1, "a"), row(3, "y")], 1);
    let report = Case::new(events(&table, &stream, 10), stale).table().await;
    assert_eq!(report.different, 1, "{report:?}");
    assert_eq!(keys(&report), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_found_by_name_and_those_of_one_side_are_told() {
    let source = table("t", "id bigint | a int; b int");
    let target = table("u", "B int; other string; ID bigint");
    let there = vec![Value::Int(2), text("default"), Value::BigInt(1)];
    let report = Case::new(
        rows(
            &source,
            vec![vec![Value::BigInt(1), Value::Int(5), Value::Int(2)]],
            1,
        ),
        rows(&target, vec![there], 1),
    )
    .table()
    .await;
    assert_eq!(report.columns_missing, ["a"]);
    assert_eq!(report.columns_extra, ["other"]);
    assert_eq!(report.key, ["id"]);
    assert!(report.checksums_agree() && !report.is_equal(), "{report:?}");
}

/// Whether a value of one type and one of another are the same to a comparison.
async fn same(a: (&str, Value), b: (&str, Value)) -> bool {
    let side = |(data_type, value): (&str, Value)| {
        let table = table("t", &format!("v {data_type}"));
        rows(&table, vec![vec![value]], 1)
    };
    let report = Case::new(side(a), side(b)).table().await;
    report.is_equal()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_the_same_whatever_type_holds_them() {
    let decimal = |digits: i64, scale: i8| Value::Decimal(digits.into(), scale);
    let pairs = [
        (("int", Value::Int(7)), ("bigint", Value::BigInt(7))),
        (
            ("boolean", Value::Boolean(true)),
            ("tinyint", Value::TinyInt(1)),
        ),
        (
            ("decimal(5, 2)", decimal(150, 2)),
            ("decimal(38, 10)", decimal(15_000_000_000, 10)),
        ),
        (
            ("decimal(20, 0)", decimal(12, 0)),
            ("bigint", Value::BigInt(12)),
        ),
        (("float", Value::Float(0.5)), ("double", Value::Double(0.5))),
        (
            ("double", Value::Double(-0.0)),
            ("double", Value::Double(0.0)),
        ),
        (
            ("double", Value::Double(f64::NAN)),
            ("double", Value::Double(-f64::NAN)),
        ),
        (("int", Value::Int(-3)), ("string", text("-3"))),
        (("decimal(5, 2)", decimal(150, 2)), ("string", text("1.50"))),
        (
            ("timestamp", Value::Timestamp(86_400_000_000)),
            ("string", text("1970-01-02 00:00:00")),
        ),
        (
            ("date", Value::Date(1)),
            ("timestamp", Value::Timestamp(86_400_000_000)),
        ),
        (
            ("timestamp", Value::Timestamp(5)),
            ("timestamp_tz", Value::TimestampTz(5)),
        ),
        (
            ("timestamp_tz", Value::TimestampTz(3_600_000_000)),
            ("string", text("1970-01-01T02:00:00+01:00")),
        ),
        (
            ("timestamp_tz", Value::TimestampTz(86_400_000_000)),
            ("date", Value::Date(1)),
        ),
        (
            ("bytes", Value::Bytes(b"ab".to_vec())),
            ("string", text("ab")),
        ),
        (
            ("array<int>", Value::Array(vec![Value::Int(1), Value::Null])),
            ("string", text("[1, null]")),
        ),
        (("int", Value::Null), ("string", Value::Null)),
    ];
    for (a, b) in pairs {
        assert!(same(a.clone(), b.clone()).await, "{a:?} {b:?}");
        assert!(same(b.clone(), a.clone()).await, "{b:?} {a:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_differ_are_told_apart_whatever_type_holds_them() {
    let pairs = [
        (
            ("int", Value::Int(7)),
            ("bigint", Value::BigInt(1 << 32 | 7)),
        ),
        (("int", Value::Null), ("int", Value::Int(0))),
        (("string", Value::Null), ("string", text(""))),
        (("string", text("a")), ("string", text("a "))),
        (("string", text("a")), ("string", text("A"))),
        (("int", Value::Null), ("string", text("nothing"))),
        (("int", Value::Int(1)), ("string", text("1x"))),
        (("int", Value::Int(1)), ("string", Value::Null)),
        (
            ("timestamp", Value::Timestamp(1)),
            ("timestamp", Value::Timestamp(0)),
        ),
        (("double", Value::Double(0.1)), ("float", Value::Float(0.1))),
        (
            ("array<int>", Value::Array(vec![])),
            ("array<int>", Value::Null),
        ),
    ];
    for (a, b) in pairs {
        assert!(!same(a.clone(), b.clone()).await, "{a:?} {b:?}");
        assert!(!same(b.clone(), a.clone()).await, "{b:?} {a:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_in_other_columns_or_rows_are_no_match() {
    let keyed = table("t", "id int | a string; b string");
    let row = |id, a: &str, b: &str| vec![Value::Int(id), text(a), text(b)];
    let source = vec![row(1, "x", "y"), row(2, "p", "q")];
    for there in [
        vec![row(1, "y", "x"), row(2, "p", "q")],
        vec![row(1, "p", "q"), row(2, "x", "y")],
        vec![row(1, "xy", ""), row(2, "p", "q")],
        vec![row(1, "x", "y"), row(1, "x", "y")],
    ] {
        let report = Case::new(rows(&keyed, source.clone(), 9), rows(&keyed, there, 9))
            .table()
            .await;
        assert!(
            !report.is_equal() && !report.checksums_agree(),
            "{report:?}"
        );
        assert!(!report.differences.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_cannot_be_read_back_is_an_error() {
    let table = table("t", KEYED);
    let mut case = Case::new(rows(&table, Vec::new(), 1), rows(&table, Vec::new(), 1));
    case.target = None;
    let error = case.run().await.unwrap_err();
    assert_eq!(error.code(), codes::NOT_READABLE);
    assert!(error.message().contains("sink[0] Target"), "{error}");
}
