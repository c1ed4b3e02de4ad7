//! What a job goes on from, and when it can't.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use seatunnel_api::plan::JobPlan;
use seatunnel_api::{CatalogTable, codes as api_codes};
use seatunnel_engine_local::{JobEnd, JobHandle, JobReport, LocalEngine, Start, codes};
use seatunnel_state::{CheckpointKind, CheckpointStorage};

use crate::count::{Count, Hold, Told, splits, table};
use crate::fate::Fate;
use crate::world::{Disk, Ledger, LedgerSink};
use crate::{engine, plan, state, streaming, until};

/// A stream of 300 numbers that then waits for ever.
struct Stream {
    disk: Disk,
    ledger: Arc<Ledger>,
    fate: Arc<Fate>,
    told: Arc<Told>,
    readers: usize,
    source: &'static str,
    table: Arc<CatalogTable>,
    sink: &'static str,
    more: &'static str,
    /// Numbers from this one on are not read.
    upto: i64,
    /// As many checkpoints are completed before the job is stopped.
    checkpoints: u64,
}

impl Stream {
    fn new() -> Self {
        Self {
            disk: Disk::new(),
            ledger: Arc::default(),
            fate: Fate::kind(),
            told: Arc::default(),
            readers: 2,
            source: "source[0] Count",
            table: table("numbers"),
            sink: "sink[0] Ledger",
            more: "",
            upto: i64::MAX,
            checkpoints: 0,
        }
    }

    fn plan(&self) -> JobPlan {
        let source = Count {
            endless: true,
            table: self.table.clone(),
            told: self.told.clone(),
            hold: Hold::for_good(self.upto),
            ..Count::new(splits(0, 3, 100), &self.fate)
        };
        let sink = LedgerSink::new(&self.ledger, &self.fate);
        plan(
            &streaming(self.more),
            vec![
                (self.source, source.node(self.readers), vec![1]),
                (self.sink, sink.node(), vec![]),
            ],
        )
    }

    /// Runs until so many rows are committed, then stops with a savepoint.
    async fn run_until(&self, rows: usize, start: Start) -> seatunnel_api::Result<JobReport> {
        let plan = self.plan();
        let handle = JobHandle::new(&plan);
        let state = state(&self.disk, start);
        let engine: LocalEngine = engine();
        let stop = async {
            until("rows to be committed", || self.distinct() >= rows).await;
            until("checkpoints", || {
                handle.checkpoints().completed >= self.checkpoints
            })
            .await;
            handle.savepoint();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = engine.run_with(&plan, &handle, &state) => ended,
            () = stop => unreachable!("it waits for ever"),
        }
    }

    fn rows(&self) -> Vec<i64> {
        self.ledger.rows()
    }

    /// How many different rows are there.
    fn distinct(&self) -> usize {
        let mut rows = self.rows();
        rows.dedup();
        rows.len()
    }
}

fn all() -> Vec<i64> {
    (0..300).collect()
}

fn savepoint_of(report: &JobReport) -> u64 {
    match report.end {
        JobEnd::Stopped { savepoint } => savepoint,
        JobEnd::Finished => panic!("it has not been stopped"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_stopped_with_a_savepoint_goes_on_from_it_with_other_readers() {
    let mut stream = Stream::new();
    stream.upto = 150;
    let first = stream.run_until(50, Start::New).await.unwrap();
    stream.upto = i64::MAX;
    let between = stream.rows().len();
    assert!((50..300).contains(&between), "{between}");
    assert_eq!(stream.ledger.open_transactions(), 0);
    assert_eq!(first.rows_written, between as u64);
    stream.readers = 1;
    let second = stream.run_until(120.max(between + 1), Start::Resume).await;
    let second = second.unwrap();
    assert_eq!(second.checkpoints.restored_from, Some(savepoint_of(&first)));
    stream.readers = 3;
    let third = stream.run_until(300, Start::Resume).await.unwrap();
    assert_eq!(stream.rows(), all());
    assert_eq!(third.rows_read, 300);
    assert_eq!(stream.ledger.prepares.load(Ordering::SeqCst), 1);
    assert_eq!(stream.ledger.finishes.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_checkpoints_make_room_and_savepoints_stay() {
    let mut stream = Stream::new();
    stream.more = r#", "checkpoint.max-retained": 2"#;
    let first = savepoint_of(&stream.run_until(40, Start::New).await.unwrap());
    stream.checkpoints = 5;
    let report = stream.run_until(300, Start::Resume).await.unwrap();
    let last = savepoint_of(&report);
    assert!(report.checkpoints.completed > 4, "too few to make room");
    let ids = stream.disk.ids().await;
    assert_eq!(ids.len(), 4, "{ids:?}: two savepoints, two checkpoints");
    assert!(ids.contains(&first) && ids.contains(&last), "{ids:?}");
    let kind = stream.disk.memory.load(first).await.unwrap().kind;
    assert_eq!(kind, CheckpointKind::Savepoint);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chosen_checkpoint_is_the_newest_from_there_on() {
    let stream = Stream::new();
    let first = savepoint_of(&stream.run_until(40, Start::New).await.unwrap());
    let before = stream.ledger.committed.lock().unwrap().clone();
    stream.run_until(300, Start::Resume).await.unwrap();
    // Somebody puts the target back to where it was, and goes on from there.
    *stream.ledger.committed.lock().unwrap() = before;
    let again = stream.run_until(300, Start::From(first)).await.unwrap();
    assert_eq!(again.checkpoints.restored_from, Some(first));
    assert_eq!(stream.rows(), all());
    let error = stream.run_until(300, Start::From(9_999)).await.unwrap_err();
    assert_eq!(error.code(), codes::NO_CHECKPOINT);
    assert!(error.help().unwrap().contains(&first.to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_place_of_a_damaged_checkpoint_the_one_before_is_taken() {
    let stream = Stream::new();
    let savepoint = savepoint_of(&stream.run_until(60, Start::New).await.unwrap());
    stream.disk.damaged.lock().unwrap().insert(savepoint);
    let report = stream.run_until(300, Start::Resume).await.unwrap();
    let restored = report.checkpoints.restored_from.unwrap();
    assert!(restored < savepoint, "{restored}");
    // What the damaged one held comes again: it was committed.
    let mut rows = stream.rows();
    rows.dedup();
    assert_eq!(rows, all());
    // New ones don't take the number of the damaged one.
    assert!(savepoint_of(&report) > savepoint);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn if_no_checkpoint_can_be_read_the_job_doesnt_start_over_by_itself() {
    let stream = Stream::new();
    stream.run_until(60, Start::New).await.unwrap();
    let ids = stream.disk.ids().await;
    stream.disk.damaged.lock().unwrap().extend(ids);
    let before = stream.rows();
    let error = stream.run_until(300, Start::Resume).await.unwrap_err();
    assert_eq!(error.code(), api_codes::STATE_INVALID);
    assert!(error.help().unwrap().contains("--fresh"));
    assert_eq!(stream.rows(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_job_file_that_doesnt_fit_is_refused_with_what_is_wrong() {
    let mut stream = Stream::new();
    stream.run_until(60, Start::New).await.unwrap();
    stream.source = "source[0] Other";
    let gone = stream.run_until(300, Start::Resume).await.unwrap_err();
    assert_eq!(gone.code(), codes::INCOMPATIBLE);
    assert!(gone.message().contains("source[0] Count is gone"), "{gone}");
    assert!(gone.help().unwrap().contains("--fresh"));
    stream.source = "source[0] Count";
    stream.table = table("letters");
    let tables = stream.run_until(300, Start::Resume).await.unwrap_err();
    let message = "source[0] Count does not bring numbers any more";
    assert!(tables.message().contains(message), "{tables}");
    // Moving a block, or another sink with nothing of it left to commit, is fine.
    stream.table = table("numbers");
    stream.source = "source[3] Count";
    stream.sink = "sink[0] Elsewhere";
    stream.run_until(300, Start::Resume).await.unwrap();
    assert_eq!(stream.rows(), all());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_a_checkpoint_starts_over_after_its_leftovers_are_gone() {
    let stream = Stream::new();
    let left = ["7/0/1/99", "6/0/1/98", "5/0/1/97"];
    let prepared = left.map(|name| (name.to_owned(), vec![-1]));
    stream.ledger.prepared.lock().unwrap().extend(prepared);
    let plan = stream.plan();
    let handle = JobHandle::new(&plan);
    let mut state = state(&stream.disk, Start::Resume);
    // A run before, that somebody gave up.
    state.discard = vec!["6".into()];
    let engine = engine();
    let (report, ()) = tokio::join!(engine.run_with(&plan, &handle, &state), async {
        until("all rows", || stream.rows().len() == 300).await;
        handle.savepoint();
    });
    assert_eq!(report.unwrap().checkpoints.restored_from, None);
    assert_eq!(stream.rows(), all());
    assert_eq!(*stream.ledger.discarded.lock().unwrap(), ["6", "7"]);
    assert_eq!(stream.ledger.prepares.load(Ordering::SeqCst), 1);
    // Somebody else's.
    assert_eq!(stream.ledger.open_transactions(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streaming_job_ends_when_all_its_sources_are_at_their_end() {
    let (disk, ledger, fate) = (Disk::new(), Arc::<Ledger>::default(), Fate::kind());
    let source = Count::new(splits(0, 2, 50), &fate);
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
    let state = state(&disk, Start::New);
    let report = engine()
        .run_with(&plan, &JobHandle::new(&plan), &state)
        .await;
    assert_eq!(report.unwrap().end, JobEnd::Finished);
    assert_eq!(ledger.rows(), (0..100).collect::<Vec<_>>());
    assert_eq!(disk.kinds().last(), Some(&CheckpointKind::Final));
}
