//! A process is killed at any point, again and again, and each row is there once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use seatunnel_api::plan::JobPlan;
use seatunnel_engine_local::{JobHandle, Start};

use crate::count::{Count, Way, splits};
use crate::fate::{Blow, Fate};
use crate::world::{Disk, Ledger, LedgerSink};
use crate::{batch, plan, process};

/// One kind of job, chosen by a seed.
struct Scenario {
    way: Way,
    chained: bool,
    readers: usize,
    sources: i64,
    sinks: usize,
    /// Whether steps fail too, so that the engine restarts the job itself.
    fails: bool,
}

const SPLITS: i64 = 4;
const ROWS: i64 = 60;

impl Scenario {
    fn of(seed: u64) -> Self {
        Self {
            way: [Way::Batches, Way::Rows, Way::Together][(seed % 3) as usize],
            chained: seed % 5 == 4,
            readers: 1 + (seed / 3 % 3) as usize,
            sources: 1 + (seed / 2 % 2) as i64,
            sinks: 1 + (seed / 4 % 2) as usize,
            fails: seed % 4 == 3,
        }
    }

    fn plan(&self, ledgers: &[Arc<Ledger>], fate: &Arc<Fate>) -> JobPlan {
        const SOURCES: [&str; 2] = ["source[0] Count", "source[1] Count"];
        const SINKS: [&str; 2] = ["sink[0] Ledger", "sink[1] Ledger"];
        let first_sink = self.sources as usize;
        let outputs: Vec<usize> = (first_sink..first_sink + self.sinks).collect();
        let mut nodes = Vec::new();
        for index in 0..self.sources {
            let source = Count {
                way: self.way,
                chained: self.chained,
                ..Count::new(splits(index * 10_000, SPLITS, ROWS), fate)
            };
            let name = SOURCES[index as usize];
            nodes.push((name, source.node(self.readers), outputs.clone()));
        }
        for (name, ledger) in SINKS.iter().zip(ledgers) {
            nodes.push((name, LedgerSink::new(ledger, fate).node(), Vec::new()));
        }
        plan(&batch(r#", "job.retry.times": 50"#), nodes)
    }

    fn rows(&self) -> Vec<i64> {
        let all = (0..self.sources).map(|index| index * 10_000);
        all.flat_map(|first| first..first + SPLITS * ROWS).collect()
    }
}

fn every_row_is_there_once(seed: u64) {
    let scenario = Scenario::of(seed);
    let mut random = fastrand::Rng::with_seed(seed);
    let disk = Disk::new();
    let ledgers: Vec<Arc<Ledger>> = (0..scenario.sinks).map(|_| Arc::default()).collect();
    let mut kills = 0;
    for life in 0.. {
        let mut blows = Vec::new();
        // The last one is left in peace.
        if life < 8 {
            blows.push((random.u64(1..250), Blow::Kill));
            if scenario.fails {
                blows.push((random.u64(1..150), Blow::Fail));
            }
        }
        let fate = Fate::new(blows);
        let plan = scenario.plan(&ledgers, &fate);
        let start = match life {
            0 => Start::New,
            _ => Start::Resume,
        };
        match process(&plan, &JobHandle::new(&plan), &disk, start, &fate) {
            None => kills += 1,
            Some(Ok(_)) => break,
            // It failed in a way that lets it go on: the user runs it again.
            Some(Err(error)) if error.is_retryable() && life < 8 => {}
            Some(Err(error)) => panic!("seed {seed}: {error:?}"),
        }
    }
    for ledger in &ledgers {
        let (found, expected) = (ledger.rows(), scenario.rows());
        let lost = expected.iter().filter(|n| !found.contains(n)).count();
        assert_eq!(lost, 0, "seed {seed}, {kills} kills: rows are lost");
        assert_eq!(
            found, expected,
            "seed {seed}, {kills} kills: rows are twice"
        );
        assert_eq!(ledger.open_transactions(), 0, "seed {seed}, {kills} kills");
        assert!(ledger.finishes.load(Ordering::SeqCst) > 0, "seed {seed}");
    }
}

#[test]
fn every_row_is_there_once_however_often_the_process_is_killed() {
    let seeds = std::env::var("SEATUNNEL_ENGINE_SEEDS");
    let seeds = seeds.ok().and_then(|text| text.parse().ok()).unwrap_or(48);
    for seed in 0..seeds {
        every_row_is_there_once(seed);
    }
}

#[test]
fn a_run_that_is_never_killed_needs_no_luck() {
    for seed in 0..12 {
        let scenario = Scenario::of(seed);
        let fate = Fate::kind();
        let ledgers: Vec<Arc<Ledger>> = (0..scenario.sinks).map(|_| Arc::default()).collect();
        let plan = scenario.plan(&ledgers, &fate);
        let handle = JobHandle::new(&plan);
        let report = process(&plan, &handle, &Disk::new(), Start::New, &fate);
        let report = report.unwrap().unwrap();
        for ledger in &ledgers {
            assert_eq!(ledger.rows(), scenario.rows(), "seed {seed}");
            assert_eq!(ledger.prepares.load(Ordering::SeqCst), 1);
            assert_eq!(ledger.finishes.load(Ordering::SeqCst), 1);
        }
        assert!(report.checkpoints.completed >= 2, "seed {seed}");
        assert_eq!(report.rows_read, scenario.rows().len() as u64);
    }
}
