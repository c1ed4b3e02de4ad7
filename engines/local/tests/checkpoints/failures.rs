//! Checkpoints that are late or can't be stored, and attempts that fail.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use seatunnel_api::{Guarantee, codes as api_codes};
use seatunnel_engine_local::{JobHandle, Start, codes};
use seatunnel_state::{CheckpointKind, CheckpointStorage};

use crate::count::{Count, Hold, splits};
use crate::fate::{Blow, Fate};
use crate::world::{Disk, Ledger, LedgerSink, Trouble};
use crate::{batch, engine, plan, state};

struct Setting {
    disk: Disk,
    ledger: Arc<Ledger>,
    fate: Arc<Fate>,
    /// Numbers from this one on are not read.
    upto: i64,
}

impl Setting {
    fn new() -> Self {
        Self {
            disk: Disk::new(),
            ledger: Arc::default(),
            fate: Fate::kind(),
            upto: i64::MAX,
        }
    }

    fn plan(&self, env: &str) -> seatunnel_api::plan::JobPlan {
        self.plan_with(env, LedgerSink::new(&self.ledger, &self.fate))
    }

    fn plan_with(&self, env: &str, sink: LedgerSink) -> seatunnel_api::plan::JobPlan {
        let source = Count {
            hold: Hold::for_good(self.upto),
            ..Count::new(splits(0, 4, 100), &self.fate)
        };
        plan(
            &batch(env),
            vec![
                ("source[0] Count", source.node(2), vec![1]),
                ("sink[0] Ledger", sink.node(), vec![]),
            ],
        )
    }

    /// From the second checkpoint on: the first is stored before anything is read.
    fn trouble(&self, trouble: &[Trouble]) {
        let mut all = self.disk.trouble.lock().unwrap();
        all.push_back(None);
        all.extend(trouble.iter().map(|trouble| Some(*trouble)));
    }
}

const ALL: std::ops::Range<i64> = 0..400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_full_disk_kept_from_being_durable_goes_along_with_the_next_checkpoint() {
    let world = Setting::new();
    let plan = world.plan("");
    let handle = JobHandle::new(&plan);
    let state = state(&world.disk, Start::New);
    let engine = engine();
    world.trouble(&[Trouble::Full, Trouble::Full, Trouble::Full]);
    let report = engine.run_with(&plan, &handle, &state).await;
    let report = report.unwrap();
    assert_eq!(report.checkpoints.failed, 3);
    let failures = report.checkpoints.history.iter();
    let why: Vec<_> = failures.filter_map(|r| r.failure.as_deref()).collect();
    assert!(why[0].contains("no space left on device"), "{why:?}");
    assert_eq!(world.ledger.rows(), ALL.collect::<Vec<_>>());
    assert_eq!(world.ledger.open_transactions(), 0);
    assert_eq!(world.ledger.aborted_writers.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_stays_full_fails_the_job_which_goes_on_when_there_is_room() {
    let world = Setting::new();
    let plan =
        world.plan(r#", "job.retry.times": 0, "checkpoint.tolerable-failed-checkpoints": 2"#);
    let handle = JobHandle::new(&plan);
    let state_new = state(&world.disk, Start::New);
    let engine = engine();
    world.trouble(&[Trouble::Full; 3]);
    let report = engine.run_with(&plan, &handle, &state_new).await;
    let error = report.unwrap_err();
    assert_eq!(error.code(), codes::CHECKPOINTS_FAIL);
    assert!(
        error.to_string().contains("3 checkpoints failed in a row"),
        "{error}"
    );
    assert!(
        error.report().contains("no space left on device"),
        "{error:?}"
    );
    assert!(world.ledger.rows().len() < 400);
    assert_eq!(world.ledger.open_transactions(), 0, "they are taken back");

    let handle = JobHandle::new(&plan);
    let state = state(&world.disk, Start::Resume);
    let report = engine.run_with(&plan, &handle, &state).await.unwrap();
    assert_eq!(world.ledger.rows(), ALL.collect::<Vec<_>>());
    assert_eq!(report.rows_read, 400, "what the first run had read counts");
    assert_eq!(report.rows_written, 400);
    assert_eq!(world.ledger.prepares.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_that_is_there_though_storing_it_failed_loses_nothing_and_doubles_nothing() {
    let world = Setting::new();
    let env = r#", "job.retry.times": 0, "checkpoint.tolerable-failed-checkpoints": 0"#;
    let plan = world.plan(env);
    let handle = JobHandle::new(&plan);
    let new = state(&world.disk, Start::New);
    let engine = engine();
    world.trouble(&[Trouble::Lies]);
    let report = engine.run_with(&plan, &handle, &new).await;
    assert!(report.is_err());
    let resume = state(&world.disk, Start::Resume);
    let report = engine
        .run_with(&plan, &JobHandle::new(&plan), &resume)
        .await;
    report.unwrap();
    assert_eq!(world.ledger.rows(), ALL.collect::<Vec<_>>());
    assert_eq!(world.ledger.open_transactions(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_checkpoint_counts_as_failed_and_succeeds_when_it_comes() {
    let world = Setting::new();
    let sink = LedgerSink {
        slow_part: Some((2, Duration::from_millis(300))),
        ..LedgerSink::new(&world.ledger, &world.fate)
    };
    let env = r#", "checkpoint.timeout": 50, "checkpoint.tolerable-failed-checkpoints": 1000"#;
    let plan = world.plan_with(env, sink);
    let state = state(&world.disk, Start::New);
    let handle = JobHandle::new(&plan);
    let report = engine().run_with(&plan, &handle, &state).await.unwrap();
    assert!(report.checkpoints.failed >= 1);
    let history = &report.checkpoints.history;
    let late = history
        .iter()
        .find(|r| r.id == 2 && r.failure.is_some())
        .unwrap();
    let why = late.failure.as_deref().unwrap();
    assert!(why.contains("sink[0] Ledger, writer"), "{why}");
    assert!(history.iter().any(|r| r.id == 2 && r.failure.is_none()));
    assert_eq!(world.ledger.rows(), ALL.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkpoints_that_are_late_too_often_fail_the_job_and_name_what_is_waited_for() {
    let world = Setting::new();
    let sink = LedgerSink {
        slow_part: Some((2, Duration::from_secs(3_600))),
        ..LedgerSink::new(&world.ledger, &world.fate)
    };
    let env = r#", "checkpoint.timeout": 20, "job.retry.times": 0, "checkpoint.tolerable-failed-checkpoints": 2"#;
    let plan = world.plan_with(env, sink);
    let state = state(&world.disk, Start::New);
    let handle = JobHandle::new(&plan);
    let error = engine().run_with(&plan, &handle, &state).await.unwrap_err();
    assert_eq!(error.code(), codes::CHECKPOINTS_FAIL);
    let text = error.to_string();
    assert!(text.contains("sink[0] Ledger, writer 0"), "{text}");
    assert_eq!(handle.checkpoints().failed, 3);
    assert!(handle.checkpoints().in_progress.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_attempt_goes_on_from_the_newest_checkpoint() {
    let world = Setting {
        fate: Fate::new(vec![(60, Blow::Fail), (110, Blow::Fail)]),
        ..Setting::new()
    };
    // At-least-once, and yet started again: there is a checkpoint to go back to.
    let sink = LedgerSink {
        guarantee: Guarantee::AtLeastOnce,
        ..LedgerSink::new(&world.ledger, &world.fate)
    };
    let plan = world.plan_with("", sink);
    let state = state(&world.disk, Start::New);
    let handle = JobHandle::new(&plan);
    let report = engine().run_with(&plan, &handle, &state).await.unwrap();
    assert_eq!(world.ledger.rows(), ALL.collect::<Vec<_>>());
    assert_eq!(world.ledger.prepares.load(Ordering::SeqCst), 1);
    assert_eq!(world.ledger.open_transactions(), 0);
    assert!(report.checkpoints.restored_from.is_some());
    assert_eq!((report.rows_read, report.rows_written), (400, 400));
    // Before its writers start each further attempt takes back what is left of the one before. A
    // commit that fails is tried again by the same attempt.
    let discarded = world.ledger.discarded.lock().unwrap();
    assert!(matches!(discarded.len(), 1 | 2), "{discarded:?}");
    assert!(discarded.iter().all(|id| id == "7"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_is_tried_again_by_the_attempt_then_by_the_next_one() {
    let world = Setting::new();
    world.ledger.failing_commits.store(7, Ordering::SeqCst);
    let plan = world.plan("");
    let state = state(&world.disk, Start::New);
    let handle = JobHandle::new(&plan);
    engine().run_with(&plan, &handle, &state).await.unwrap();
    assert_eq!(world.ledger.rows(), ALL.collect::<Vec<_>>());
    assert_eq!(
        world.ledger.discarded.lock().unwrap().len(),
        1,
        "one restart"
    );
    assert_eq!(world.ledger.open_transactions(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_keeps_what_is_committed_and_takes_back_the_rest() {
    // It is still at work when the third checkpoint comes.
    let world = Setting {
        upto: 300,
        ..Setting::new()
    };
    let sink = LedgerSink {
        slow_part: Some((3, Duration::from_secs(3_600))),
        ..LedgerSink::new(&world.ledger, &world.fate)
    };
    let plan = world.plan_with("", sink);
    let state = state(&world.disk, Start::New);
    let handle = JobHandle::new(&plan);
    let engine = engine();
    let (report, ()) = tokio::join!(engine.run_with(&plan, &handle, &state), async {
        crate::until("checkpoint 3", || {
            handle
                .checkpoints()
                .in_progress
                .is_some_and(|(id, _)| id == 3)
        })
        .await;
        handle.cancel();
    });
    assert_eq!(report.unwrap_err().code(), api_codes::CANCELLED);
    assert_eq!(world.ledger.open_transactions(), 0);
    assert_eq!(world.disk.memory.list().await.unwrap(), [1, 2]);
    assert!(!world.disk.kinds().contains(&CheckpointKind::Final));
}
