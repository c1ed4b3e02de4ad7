//! What is in a checkpoint, and what holds one up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use seatunnel_api::plan::JobPlan;
use seatunnel_engine_local::{JobEnd, JobHandle, Start};
use seatunnel_state::CheckpointStorage;

use crate::count::{Count, Hold, Way, splits};
use crate::fate::Fate;
use crate::world::{Disk, Ledger, LedgerSink};
use crate::{batch, engine, plan, process, state, streaming, until};

/// The last rows are read after some checkpoints.
fn two_sources(
    disk: &Disk,
    ledger: &Arc<Ledger>,
    fate: &Arc<Fate>,
    way: Way,
    chained: bool,
) -> JobPlan {
    let source = |first| {
        let stored = disk.stored.clone();
        Count {
            way,
            chained,
            hold: Hold {
                from: first + 250,
                until: Arc::new(move || stored.lock().unwrap().len() >= 3),
            },
            ..Count::new(splits(first, 6, 50), fate)
        }
    };
    plan(
        &batch(r#", "checkpoint.max-retained": 1000"#),
        vec![
            ("source[0] Count", source(0).node(2), vec![2]),
            ("source[1] Count", source(10_000).node(2), vec![2]),
            (
                "sink[0] Ledger",
                LedgerSink::new(ledger, fate).node(),
                vec![],
            ),
        ],
    )
}

/// Each checkpoint of a run is one consistent moment of all sources and the sink: what was committed
/// up to it and what comes when the job goes on from it are all rows, once.
#[test]
fn what_is_committed_up_to_any_checkpoint_and_what_comes_after_it_are_all_rows() {
    for (way, chained) in [
        (Way::Batches, false),
        (Way::Rows, false),
        (Way::Together, false),
        (Way::Batches, true),
    ] {
        let (disk, ledger, fate) = (Disk::new(), Arc::<Ledger>::default(), Fate::kind());
        let plan = two_sources(&disk, &ledger, &fate, way, chained);
        let run = process(&plan, &JobHandle::new(&plan), &disk, Start::New, &fate);
        run.unwrap().unwrap();
        let expected: Vec<i64> = (0..300).chain(10_000..10_300).collect();
        assert_eq!(ledger.rows(), expected);
        let committed = ledger.committed.lock().unwrap().clone();
        let ids: Vec<u64> = disk.stored.lock().unwrap().iter().map(|s| s.0).collect();
        assert!(ids.len() >= 4, "{ids:?}: too few to tell anything");
        for id in ids {
            let upto = |name: &str| {
                let checkpoint = name.split('/').nth(2).unwrap();
                checkpoint.parse::<u64>().unwrap() <= id
            };
            let again = Arc::<Ledger>::default();
            let before = committed.iter().filter(|(name, _)| upto(name));
            again.committed.lock().unwrap().extend(before.cloned());
            let plan = two_sources(&disk, &again, &fate, way, chained);
            let from = Start::From(id);
            let run = process(&plan, &JobHandle::new(&plan), &disk, from, &fate);
            run.unwrap().unwrap();
            assert_eq!(again.rows(), expected, "{way:?}, from checkpoint {id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_without_data_holds_no_checkpoint_up() {
    let (disk, ledger, fate) = (Disk::new(), Arc::<Ledger>::default(), Fate::kind());
    let idle = Count {
        endless: true,
        ..Count::new(Vec::new(), &fate)
    };
    let busy = Count::new(splits(0, 2, 100), &fate);
    let plan = plan(
        &streaming(""),
        vec![
            ("source[0] Idle", idle.node(2), vec![2]),
            ("source[1] Count", busy.node(1), vec![2]),
            (
                "sink[0] Ledger",
                LedgerSink::new(&ledger, &fate).node(),
                vec![],
            ),
        ],
    );
    let handle = JobHandle::new(&plan);
    let (engine, state) = (engine(), state(&disk, Start::New));
    let (report, ()) = tokio::join!(engine.run_with(&plan, &handle, &state), async {
        until("all rows to be committed", || ledger.rows().len() == 200).await;
        let upto = handle.checkpoints().completed + 3;
        until("more checkpoints", || {
            handle.checkpoints().completed >= upto
        })
        .await;
        handle.savepoint();
    });
    let report = report.unwrap();
    assert!(matches!(report.end, JobEnd::Stopped { .. }));
    assert_eq!(report.checkpoints.failed, 0);
    assert_eq!(ledger.rows(), (0..200).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_doesnt_wait_for_a_slow_writers_whole_queue_of_splits() {
    // The writer takes 10 ms a batch, the source none: channels are full all the time.
    let (disk, ledger, fate) = (Disk::new(), Arc::<Ledger>::default(), Fate::kind());
    let source = Count {
        pause: Duration::ZERO,
        ..Count::new(splits(0, 4, 200), &fate)
    };
    let sink = LedgerSink {
        pause: Duration::from_millis(10),
        ..LedgerSink::new(&ledger, &fate)
    };
    let plan = plan(
        &batch(""),
        vec![
            ("source[0] Count", source.node(2), vec![1]),
            ("sink[0] Ledger", sink.node(), vec![]),
        ],
    );
    let handle = JobHandle::new(&plan);
    let state = state(&disk, Start::New);
    let report = engine().run_with(&plan, &handle, &state).await.unwrap();
    assert_eq!(ledger.rows(), (0..800).collect::<Vec<_>>());
    // Far fewer if a barrier came behind all that is to be read.
    assert!(report.checkpoints.completed > 5, "{:?}", report.checkpoints);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_enumerator_is_told_what_is_durable_and_which_splits_are_finished() {
    let (disk, ledger, fate) = (Disk::new(), Arc::<Ledger>::default(), Fate::kind());
    let source = Count {
        endless: true,
        ..Count::new(splits(0, 3, 70), &fate)
    };
    let told = source.told.clone();
    let plan = plan(
        &streaming(""),
        vec![
            ("source[0] Count", source.node(2), vec![1]),
            (
                "sink[0] Ledger",
                LedgerSink::new(&ledger, &fate).node(),
                vec![],
            ),
        ],
    );
    let handle = JobHandle::new(&plan);
    let (engine, state) = (engine(), state(&disk, Start::New));
    let (report, ()) = tokio::join!(engine.run_with(&plan, &handle, &state), async {
        until("all rows to be committed", || ledger.rows().len() == 210).await;
        handle.savepoint();
    });
    report.unwrap();
    let finished: BTreeSet<String> = told.finished.lock().unwrap().iter().cloned().collect();
    assert_eq!(finished.len(), 3, "{finished:?}");
    let durable = told.durable.lock().unwrap();
    // How far each split was never goes back, and one that is finished does not come again.
    let mut left = i64::MAX;
    for positions in durable.iter() {
        let now = positions.iter().map(|split| split.end - split.next).sum();
        assert!(now <= left, "{durable:?}");
        left = now;
    }
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_without_an_interval_takes_one_checkpoint_if_there_is_something_to_commit() {
    let fate = Fate::kind();
    for (rows, stored) in [(20, 1), (0, 0)] {
        let (disk, ledger) = (Disk::new(), Arc::<Ledger>::default());
        let plan = plan(
            "{}",
            vec![
                (
                    "source[0] Count",
                    Count::new(splits(0, 1, rows), &fate).node(1),
                    vec![1],
                ),
                (
                    "sink[0] Ledger",
                    LedgerSink::new(&ledger, &fate).node(),
                    vec![],
                ),
            ],
        );
        let handle = JobHandle::new(&plan);
        let state = state(&disk, Start::New);
        let report = engine().run_with(&plan, &handle, &state).await.unwrap();
        assert_eq!(report.rows_written, rows as u64);
        assert_eq!(disk.memory.list().await.unwrap().len(), stored);
        assert_eq!(report.checkpoints.completed, stored as u64);
    }
}
