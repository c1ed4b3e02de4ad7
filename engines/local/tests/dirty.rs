//! What becomes of rows that a transform or a sink rejects.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "the support module is test code, outside of #[test] functions, and shared"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::plan::{DirtyPlace, JobPlan, NodeKind};
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, DirtyRows, Error, Guarantee, Result, Sink, SinkWriter,
    TaskContext, Transform, Value, codes, erase_sink,
};
use seatunnel_engine_local::{JobHandle, JobReport, LocalEngine};
use support::*;

fn number(batch: &Batch, row: usize) -> i64 {
    match batch.row(row).get(0) {
        Value::BigInt(n) => n,
        other => panic!("{other:?} is no number"),
    }
}

/// Fails on numbers that end in 7, and for good on one number.
struct NoSevens {
    table: Arc<CatalogTable>,
    broken: Option<i64>,
}

#[async_trait]
impl Transform for NoSevens {
    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.table.clone()]
    }

    async fn apply(&self, batch: Batch, out: &mut Vec<Batch>) -> Result<()> {
        // What was made before the error must not come twice.
        out.push(batch.slice(0, batch.num_rows().min(1)));
        for row in 0..batch.num_rows() {
            let n = number(&batch, row);
            if self.broken == Some(n) {
                return Err(Error::new(BROKEN, "the transform broke"));
            }
            if n % 10 == 7 {
                return Err(Error::new(BROKEN, format!("{n} ends in 7")).of_row());
            }
        }
        out.push(batch.slice(1, batch.num_rows() - 1));
        Ok(())
    }
}

/// Rejects numbers that end in 3.
struct NoThrees(Arc<Seen>);

#[async_trait]
impl Sink for NoThrees {
    type Committable = ();
    type Writer = NoThreesWriter;

    async fn writer(&self, context: TaskContext) -> Result<NoThreesWriter> {
        Ok(NoThreesWriter(self.0.clone(), context.dirty))
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce("always")
    }
}

struct NoThreesWriter(Arc<Seen>, DirtyRows);

#[async_trait]
impl SinkWriter for NoThreesWriter {
    type Committable = ();

    async fn write(&mut self, batch: Batch) -> Result<()> {
        for row in 0..batch.num_rows() {
            let n = number(&batch, row);
            if n % 10 == 3 {
                let error = Error::new(BROKEN, "ends in 3").with_context("row", n + 1);
                self.1.reject(&batch, row, error).await?;
            } else {
                self.0.written.lock().unwrap().push(n);
            }
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<()>> {
        Ok(Vec::new())
    }
}

fn dirty_plan(
    numbers: Numbers,
    broken: Option<i64>,
    seen: &Arc<Seen>,
    place: DirtyPlace,
) -> JobPlan {
    let transform = NoSevens {
        table: table("numbers"),
        broken,
    };
    let sink = NodeKind::Sink(erase_sink(NoThrees(seen.clone())));
    let mut plan = plan(vec![
        (source(numbers, 1), vec![1]),
        (NodeKind::Transform(Arc::new(transform)), vec![2]),
        (sink, vec![]),
    ]);
    plan.nodes[2].dirty = Some(place);
    plan
}

async fn run(plan: &JobPlan) -> Result<JobReport> {
    LocalEngine::default()
        .run(plan, &JobHandle::new(plan))
        .await
}

fn kept(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines();
    lines.map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn place(folder: &tempfile::TempDir, max: Option<u64>) -> (std::path::PathBuf, DirtyPlace) {
    let path = folder.path().join("dirty.jsonl");
    let place = DirtyPlace {
        path: Some(path.to_str().unwrap().to_owned()),
        max,
    };
    (path, place)
}

const ROWS: i64 = 20_000;

fn numbers() -> Numbers {
    Numbers::new(vec![Range { from: 0, to: ROWS }])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_rows_arrive_in_their_order_and_each_dirty_row_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let (path, place) = place(&folder, Some(4_000));
    let seen = Arc::new(Seen::default());
    let report = run(&dirty_plan(numbers(), None, &seen, place))
        .await
        .unwrap();
    let good = |n: &i64| n % 10 != 3 && n % 10 != 7;
    let expected: Vec<i64> = (0..ROWS).filter(good).collect();
    assert_eq!(*seen.written.lock().unwrap(), expected);
    assert_eq!(report.rows_read, ROWS as u64);
    assert_eq!(report.rows_written, expected.len() as u64);
    assert_eq!(report.rows_failed, ROWS as u64 / 5);
    let kept = kept(&path);
    let of = |node: &str| -> Vec<i64> {
        let lines = kept.iter().filter(|line| line["stage"] == node);
        lines
            .map(|line| line["row"]["n"].as_i64().unwrap())
            .collect()
    };
    let ending = |digit| (0..ROWS).filter(|n| n % 10 == digit).collect::<Vec<_>>();
    assert_eq!(of("node[1]"), ending(7));
    assert_eq!(of("node[2]"), ending(3));
    assert!(kept.iter().all(|line| line["sink"] == "node[2]"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_row_more_than_allowed_fails_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let (path, place) = place(&folder, Some(3_999));
    let seen = Arc::new(Seen::default());
    let error = run(&dirty_plan(numbers(), None, &seen, place))
        .await
        .unwrap_err();
    assert_eq!(error.code(), codes::DIRTY_LIMIT);
    assert!(
        error
            .to_string()
            .contains("4000 rows are dirty, and dirty.max allows 3999"),
        "{error}"
    );
    assert_eq!(kept(&path).len(), 4_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_is_not_of_a_row_fails_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let (_, place) = place(&folder, None);
    let seen = Arc::new(Seen::default());
    let plan = dirty_plan(numbers(), Some(15_001), &seen, place);
    let error = run(&plan).await.unwrap_err();
    assert_eq!(error.message(), "the transform broke");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_attempt_counts_anew_and_lines_say_of_which_they_are() {
    let folder = tempfile::tempdir().unwrap();
    // All that one attempt has, and less than two have.
    let (path, place) = place(&folder, Some(4_000));
    let mut numbers = numbers();
    numbers.trap = Trap::FailTimes(ROWS - 1, 1);
    let seen = Arc::new(Seen::default());
    let mut plan = dirty_plan(numbers, None, &seen, place);
    plan.env = env(r#"{"job.retry.interval.seconds": 0}"#);
    let report = run(&plan).await.unwrap();
    assert_eq!(report.rows_failed, 4_000);
    let kept = kept(&path);
    let of = |attempt: u64| kept.iter().filter(|l| l["attempt"] == attempt).count();
    assert_eq!(of(2), 4_000);
    assert!(of(1) > 0 && of(1) + of(2) == kept.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_goes_on_from_a_checkpoint_counts_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, place) = place(&folder, Some(5_000));
    let mut numbers = numbers();
    numbers.trap = Trap::FailTimes(ROWS - 1, 1);
    let seen = Arc::new(Seen::default());
    let mut plan = dirty_plan(numbers, None, &seen, place);
    plan.env = env(
        r#"{"job.retry.interval.seconds": 0, "checkpoint.interval": 10,
            "read_limit.rows_per_second": 40000}"#,
    );
    let report = run(&plan).await.unwrap();
    assert!(report.checkpoints.restored_from.is_some());
    // Those of one batch around the barrier may be left out, or counted twice.
    assert!((2_000..=5_000).contains(&report.rows_failed), "{report:?}");
    let again = kept(&path).iter().filter(|l| l["attempt"] == 2).count();
    assert!(
        again < 4_000,
        "{again}: what came before the checkpoint does not come again"
    );
}
