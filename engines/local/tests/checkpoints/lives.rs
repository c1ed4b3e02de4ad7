//! What a process finds that one before it left at its very end.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use seatunnel_api::plan::JobPlan;
use seatunnel_engine_local::{JobEnd, JobHandle, Start, codes};
use seatunnel_state::CheckpointKind;

use crate::count::{Count, Told, splits};
use crate::fate::{Blow, Fate};
use crate::world::{Disk, Ledger, LedgerSink};
use crate::{plan, process};

fn two_sinks(
    ledgers: &[Arc<Ledger>; 2],
    fates: [&Arc<Fate>; 2],
    told: &Arc<Told>,
    second: &'static str,
) -> JobPlan {
    let source = Count {
        told: told.clone(),
        ..Count::new(splits(0, 2, 30), &Fate::kind())
    };
    plan(
        "{}",
        vec![
            ("source[0] Count", source.node(1), vec![1, 2]),
            (
                "sink[0] Ledger",
                LedgerSink::new(&ledgers[0], fates[0]).node(),
                vec![],
            ),
            (
                second,
                LedgerSink::new(&ledgers[1], fates[1]).node(),
                vec![],
            ),
        ],
    )
}

/// Points that the second sink and the disk come by: prepare, 10 writes, two of the writer's part,
/// two of the final checkpoint, then the first of the sink's commit.
const BEFORE_ITS_COMMIT: u64 = 1 + 10 + 2 + 2 + 1;

#[test]
fn what_was_committed_to_one_sink_is_committed_to_the_other_by_the_next_process() {
    let (disk, ledgers, told) = (Disk::new(), <[Arc<Ledger>; 2]>::default(), Arc::default());
    let (kind, cruel) = (
        Fate::kind(),
        Fate::new(vec![(BEFORE_ITS_COMMIT, Blow::Kill)]),
    );
    let killed = two_sinks(&ledgers, [&kind, &cruel], &told, "sink[1] Second");
    let handle = JobHandle::new(&killed);
    assert!(process(&killed, &handle, &disk, Start::New, &cruel).is_none());
    let rows: Vec<i64> = (0..60).collect();
    assert_eq!(ledgers[0].rows(), rows);
    assert!(ledgers[1].rows().is_empty());
    assert_eq!(disk.kinds(), [CheckpointKind::Final]);

    // A sink that can't get what is prepared for it is not forgotten.
    let renamed = two_sinks(&ledgers, [&kind, &kind], &told, "sink[1] Third");
    let handle = JobHandle::new(&renamed);
    let refused = process(&renamed, &handle, &disk, Start::Resume, &kind);
    let error = refused.unwrap().unwrap_err();
    assert_eq!(error.code(), codes::INCOMPATIBLE);
    let message = "sink[1] Second is gone, and has prepared rows that are not committed";
    assert!(error.message().contains(message), "{error}");

    let discoveries = told.discoveries.load(Ordering::SeqCst);
    let again = two_sinks(&ledgers, [&kind, &kind], &told, "sink[1] Second");
    let handle = JobHandle::new(&again);
    let report = process(&again, &handle, &disk, Start::Resume, &kind);
    let report = report.unwrap().unwrap();
    assert_eq!(report.end, JobEnd::Finished);
    assert_eq!((report.rows_read, report.rows_written), (60, 120));
    for ledger in &ledgers {
        assert_eq!(ledger.rows(), rows);
        assert_eq!(ledger.open_transactions(), 0);
        assert_eq!(ledger.finishes.load(Ordering::SeqCst), 1);
        assert_eq!(ledger.prepares.load(Ordering::SeqCst), 1);
    }
    let asked = told.discoveries.load(Ordering::SeqCst) - discoveries;
    assert_eq!(asked, 0, "nothing is read again");
}
