//! What the embedded engine promises.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "the support module is test code, outside of #[test] functions"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use seatunnel_api::plan::NodeKind;
use seatunnel_api::{Guarantee, JobMode, codes};
use seatunnel_engine_local::{JobEnd, JobHandle, LocalEngine, sample};
use support::*;

fn ranges(splits: i64, rows: i64) -> Vec<Range> {
    (0..splits)
        .map(|s| Range {
            from: s * rows,
            to: (s + 1) * rows,
        })
        .collect()
}

async fn run(plan: &seatunnel_api::plan::JobPlan) -> seatunnel_api::Result<u64> {
    let handle = JobHandle::new(plan);
    let report = LocalEngine::default().run(plan, &handle).await?;
    Ok(report.rows_written)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_every_split_arrives_once() {
    let seen = Arc::new(Seen::default());
    let plan = plan(vec![
        (source(Numbers::new(ranges(7, 10_000)), 3), vec![1]),
        (sink(Collect::new(&seen)), vec![]),
    ]);
    assert_eq!(run(&plan).await.unwrap(), 70_000);
    assert_eq!(sorted(&seen.committed), (0..70_000).collect::<Vec<_>>());
    assert_eq!(seen.prepared.load(SeqCst), 1);
    assert_eq!(seen.finished.load(SeqCst), 1);
    assert_eq!(seen.writers.load(SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_fan_out_through_transforms_and_unite_in_a_sink() {
    let (all, some) = (Arc::new(Seen::default()), Arc::new(Seen::default()));
    let multiples = |of| -> NodeKind {
        NodeKind::Transform(Arc::new(Multiples {
            of,
            table: table("numbers"),
        }))
    };
    let second = Numbers {
        table: table("numbers"),
        ..Numbers::new(vec![Range {
            from: 1_000,
            to: 1_010,
        }])
    };
    let plan = plan(vec![
        (source(Numbers::new(ranges(1, 12)), 1), vec![2, 3, 4]),
        (source(second, 2), vec![5]),
        (multiples(2), vec![5]),
        (multiples(3), vec![5]),
        (sink(Collect::new(&all)), vec![]),
        (sink(Collect::new(&some)), vec![]),
    ]);
    run(&plan).await.unwrap();
    assert_eq!(sorted(&all.committed), (0..12).collect::<Vec<_>>());
    let mut expected = vec![0, 0, 2, 3, 4, 6, 6, 8, 9, 10];
    expected.extend(1_000..1_010);
    assert_eq!(sorted(&some.committed), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_cause_is_reported_and_nothing_is_committed() {
    let seen = Arc::new(Seen::default());
    let mut numbers = Numbers::new(ranges(4, 50_000));
    numbers.trap = Trap::Fail(120_000);
    let plan = plan(vec![
        (source(numbers, 2), vec![1]),
        (sink(Collect::new(&seen)), vec![]),
    ]);
    let error = run(&plan).await.unwrap_err();
    assert_eq!(error.code(), BROKEN);
    let text = error.to_string();
    assert!(text.contains("reading broke"), "{text}");
    assert!(text.contains("split ..150000"), "{text}");
    assert!(text.contains("node[0]"), "{text}");
    assert!(seen.committed.lock().unwrap().is_empty());
    assert_eq!(seen.finished.load(SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_writer_stops_readers_that_have_no_end() {
    let seen = Arc::new(Seen::default());
    let mut numbers = Numbers::new(ranges(1, 20));
    numbers.trap = Trap::Hang(15);
    let failing = Collect {
        fail_at: Some(3),
        ..Collect::new(&seen)
    };
    let plan = plan(vec![(source(numbers, 1), vec![1]), (sink(failing), vec![])]);
    let error = tokio::time::timeout(Duration::from_secs(20), run(&plan))
        .await
        .expect("the job must not hang")
        .unwrap_err();
    assert!(error.to_string().contains("writing broke"), "{error}");
    assert_eq!(seen.aborted_writers.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_that_connectors_bug_and_not_the_end_of_the_process() {
    let seen = Arc::new(Seen::default());
    let mut numbers = Numbers::new(ranges(1, 20));
    numbers.trap = Trap::Panic(7);
    let plan = plan(vec![
        (source(numbers, 1), vec![1]),
        (sink(Collect::new(&seen)), vec![]),
    ]);
    let error = run(&plan).await.unwrap_err();
    assert_eq!(error.code(), codes::INTERNAL);
    assert!(
        error.to_string().contains("node[0] panicked: a bug at 7"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_may_pass_is_tried_again_and_rows_come_once() {
    let seen = Arc::new(Seen::default());
    let mut numbers = Numbers::new(ranges(2, 20_000));
    numbers.trap = Trap::FailTimes(30_000, 2);
    let mut plan = plan(vec![
        (source(numbers, 2), vec![1]),
        (sink(Collect::new(&seen)), vec![]),
    ]);
    plan.env = env(r#"{"job.retry.interval.seconds": 0}"#);
    // Rows of the attempts that failed are not counted.
    assert_eq!(run(&plan).await.unwrap(), 40_000);
    assert_eq!(sorted(&seen.committed), (0..40_000).collect::<Vec<_>>());
    assert_eq!(seen.prepared.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_would_get_rows_twice_is_not_started_again_unless_asked() {
    for (retries, works) in [("{}", false), (r#"{"job.retry.times": 2}"#, true)] {
        let seen = Arc::new(Seen::default());
        // Far more batches than a channel holds: some are written before the failure.
        let mut numbers = Numbers::new(ranges(1, 200_000));
        numbers.trap = Trap::FailTimes(199_999, 1);
        let collect = Collect {
            guarantee: Guarantee::AtLeastOnce,
            ..Collect::new(&seen)
        };
        let mut plan = plan(vec![(source(numbers, 1), vec![1]), (sink(collect), vec![])]);
        plan.env = env(retries);
        plan.env.job_retry_interval_seconds = 0;
        assert_eq!(run(&plan).await.is_ok(), works);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_batch_job_commits_nothing_and_says_so() {
    let seen = Arc::new(Seen::default());
    let mut numbers = Numbers::new(ranges(1, 20));
    numbers.trap = Trap::Hang(10);
    let plan = plan(vec![
        (source(numbers, 1), vec![1]),
        (sink(Collect::new(&seen)), vec![]),
    ]);
    let handle = JobHandle::new(&plan);
    let engine = LocalEngine::default();
    let (result, ()) = tokio::join!(engine.run(&plan, &handle), async {
        while seen.written.lock().unwrap().len() < 10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        handle.cancel();
    });
    assert_eq!(result.unwrap_err().code(), codes::CANCELLED);
    assert!(seen.committed.lock().unwrap().is_empty());
    assert_eq!(seen.aborted_writers.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streaming_job_stopped_with_a_savepoint_commits_what_it_has_read() {
    let seen = Arc::new(Seen::default());
    let mut numbers = Numbers::new(ranges(1, 20));
    numbers.unbounded = true;
    let mut plan = plan(vec![
        (source(numbers, 1), vec![1]),
        (sink(Collect::new(&seen)), vec![]),
    ]);
    plan.job.mode = JobMode::Streaming;
    let handle = JobHandle::new(&plan);
    let engine = LocalEngine::default();
    let (result, ()) = tokio::join!(engine.run(&plan, &handle), async {
        while seen.written.lock().unwrap().len() < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        handle.savepoint();
    });
    let report = result.unwrap();
    assert_eq!(report.rows_written, 20);
    assert!(matches!(report.end, JobEnd::Stopped { .. }));
    assert_eq!(seen.finished.load(SeqCst), 0);
    assert_eq!(sorted(&seen.committed), (0..20).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_commit_fails_the_job_and_what_is_not_committed_is_taken_back() {
    let (first, second) = (Arc::new(Seen::default()), Arc::new(Seen::default()));
    let failing = Collect {
        fail_commit: true,
        ..Collect::new(&first)
    };
    let plan = plan(vec![
        (source(Numbers::new(ranges(1, 5)), 1), vec![1, 2]),
        (sink(failing), vec![]),
        (sink(Collect::new(&second)), vec![]),
    ]);
    let error = run(&plan).await.unwrap_err();
    assert!(error.to_string().contains("committing broke"), "{error}");
    assert!(second.committed.lock().unwrap().is_empty());
    assert_eq!(first.aborted_committables.load(SeqCst), 1);
    assert_eq!(second.aborted_committables.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_keeps_to_its_rows_a_second() {
    let seen = Arc::new(Seen::default());
    let mut plan = plan(vec![
        (source(Numbers::new(ranges(1, 300)), 1), vec![1]),
        (sink(Collect::new(&seen)), vec![]),
    ]);
    plan.env = env(r#"{"read_limit.rows_per_second": 500}"#);
    let started = Instant::now();
    run(&plan).await.unwrap();
    // 300 rows at 500 a second take 0.6 s; the last batch is not waited for.
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert_eq!(seen.committed.lock().unwrap().len(), 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_sink_holds_the_reader_back() {
    let seen = Arc::new(Seen::default());
    let slow = Collect {
        pause: Duration::from_millis(30),
        ..Collect::new(&seen)
    };
    let plan = plan(vec![
        (source(Numbers::new(ranges(1, 1_000_000)), 1), vec![1]),
        (sink(slow), vec![]),
    ]);
    let handle = JobHandle::new(&plan);
    let engine = LocalEngine::default();
    let (_, ()) = tokio::join!(engine.run(&plan, &handle), async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(15)).await;
            let read = handle.nodes()[0].metrics.rows().get();
            let written = handle.nodes()[1].metrics.rows().get();
            // In flight: the channel, the batch being written and the one being handed over.
            assert!(
                read - written <= 6 * 8_192,
                "{read} read, {written} written"
            );
        }
        handle.cancel();
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sample_shows_the_first_rows_of_each_step_and_writes_nothing() {
    let seen = Arc::new(Seen::default());
    let multiples = NodeKind::Transform(Arc::new(Multiples {
        of: 4,
        table: table("numbers"),
    }));
    let plan = plan(vec![
        (source(Numbers::new(ranges(3, 1_000)), 2), vec![1]),
        (multiples, vec![2]),
        (sink(Collect::new(&seen)), vec![]),
    ]);
    let samples = sample(&plan, 10).await.unwrap();
    let rows: Vec<usize> = samples
        .iter()
        .map(|s| s.batches.iter().map(|b| b.num_rows()).sum())
        .collect();
    assert_eq!(rows, [10, 3]);
    assert_eq!(seen.prepared.load(SeqCst) + seen.writers.load(SeqCst), 0);
}
