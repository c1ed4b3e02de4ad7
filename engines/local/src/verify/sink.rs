//! The sink that rows of both sides end in: it counts and hashes them, and keeps those asked for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::BooleanArray;
use arrow_row::Rows;
use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, ChangesBecome, CheckpointId, Result, RowKind, Sink, SinkWriter, TablePath,
    TaskContext,
};

use super::encode::{Encoder, RowHash};
use super::tally::Tally;
use super::unit::{Positions, Unit};

/// One side of a unit in one pass.
pub(crate) struct Side {
    buckets: usize,
    tally: Mutex<Tally>,
    kept: Mutex<Vec<Kept>>,
    kept_bytes: AtomicUsize,
    /// Buckets whose rows are kept.
    wanted: Option<Wanted>,
}

/// Which rows are kept.
#[derive(Clone)]
pub(crate) struct Wanted {
    /// For each bucket whether it is one of those.
    pub(crate) buckets: Arc<[bool]>,
    /// Bytes of rows from which on no more are kept.
    pub(crate) bytes: usize,
}

/// Rows that were kept, in the order they came in.
pub(crate) struct Kept {
    pub(crate) batch: Batch,
    /// Where it has the unit's columns.
    pub(crate) positions: Positions,
    /// Their keys, which sort as their bytes do.
    pub(crate) keys: Rows,
    pub(crate) hashes: Vec<RowHash>,
}

impl Side {
    pub(crate) fn new(buckets: usize, wanted: Option<Wanted>) -> Self {
        Self {
            buckets,
            tally: Mutex::new(Tally::new(buckets)),
            kept: Mutex::default(),
            kept_bytes: AtomicUsize::new(0),
            wanted,
        }
    }

    /// What has been counted.
    pub(crate) fn tally(&self) -> Tally {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.clone()
    }

    /// The rows that were kept; none if there were more than memory allows.
    pub(crate) fn take_kept(&self) -> Option<Vec<Kept>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = std::mem::take(&mut *kept);
        (!self.is_full()).then_some(kept)
    }

    fn is_full(&self) -> bool {
        let limit = self.wanted.as_ref().map_or(usize::MAX, |w| w.bytes);
        self.kept_bytes.load(Ordering::Relaxed) > limit
    }

    /// Keeps the wanted rows of a batch.
    fn keep(
        &self,
        batch: &Batch,
        positions: &Positions,
        encoder: &mut Encoder,
        hashes: &[RowHash],
    ) -> Result<()> {
        let Some(wanted) = &self.wanted else {
            return Ok(());
        };
        let is_wanted = |hash: &RowHash| wanted.buckets[bucket(hash, wanted.buckets.len())];
        if self.is_full() || !hashes.iter().any(is_wanted) {
            return Ok(());
        }
        let mask: BooleanArray = hashes.iter().map(|h| Some(is_wanted(h))).collect();
        let batch = batch.filter(&mask)?;
        let kept = Kept {
            keys: encoder.keys(&batch)?,
            hashes: hashes.iter().copied().filter(is_wanted).collect(),
            positions: positions.clone(),
            batch,
        };
        let bytes = kept.batch.num_bytes() + kept.keys.size();
        self.kept_bytes.fetch_add(bytes, Ordering::Relaxed);
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(kept);
        Ok(())
    }
}

fn bucket(hash: &RowHash, buckets: usize) -> usize {
    // Their number is a power of two.
    hash.key as usize & (buckets - 1)
}

/// Where the rows of a table go.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) unit: Arc<Unit>,
    pub(crate) positions: Positions,
    pub(crate) side: Arc<Side>,
    /// Whether rows of every kind are rows of the target.
    pub(crate) all_rows: bool,
}

impl Route {
    /// The route of rows that go into the unit's target.
    pub(crate) fn of_input(unit: &Arc<Unit>, positions: &Positions, side: &Arc<Side>) -> Self {
        Self {
            unit: unit.clone(),
            positions: positions.clone(),
            side: side.clone(),
            all_rows: unit.changes == ChangesBecome::Rows,
        }
    }

    /// The route of rows that the unit's target holds.
    pub(crate) fn of_target(unit: &Arc<Unit>, side: &Arc<Side>) -> Self {
        Self {
            unit: unit.clone(),
            positions: unit.target.1.clone(),
            side: side.clone(),
            all_rows: true,
        }
    }
}

/// Writes nothing; rows of tables without a route are of no interest.
pub(crate) struct TallySink(pub(crate) Arc<HashMap<TablePath, Route>>);

#[async_trait]
impl Sink for TallySink {
    type Committable = ();
    type Writer = TallyWriter;

    async fn writer(&self, _context: TaskContext) -> Result<TallyWriter> {
        Ok(TallyWriter {
            routes: self.0.clone(),
            workers: HashMap::new(),
            last: None,
            hashes: Vec::new(),
        })
    }
}

pub(crate) struct TallyWriter {
    routes: Arc<HashMap<TablePath, Route>>,
    workers: HashMap<TablePath, Worker>,
    /// The table of the last batch, since most batches come from one table, and its path where it
    /// has a route.
    last: Option<(Arc<CatalogTable>, Option<TablePath>)>,
    hashes: Vec<RowHash>,
}

struct Worker {
    route: Route,
    encoder: Encoder,
    tally: Tally,
}

#[async_trait]
impl SinkWriter for TallyWriter {
    type Committable = ();

    async fn write(&mut self, batch: Batch) -> Result<()> {
        let same = |(table, _): &(Arc<CatalogTable>, _)| Arc::ptr_eq(table, batch.table());
        if !self.last.as_ref().is_some_and(same) {
            let path = self.open(batch.table())?;
            self.last = Some((batch.table().clone(), path));
        }
        let path = self.last.as_ref().and_then(|(_, path)| path.as_ref());
        if let Some(worker) = path.and_then(|path| self.workers.get_mut(path)) {
            let done = worker.take(&batch, &mut self.hashes);
            done.map_err(|e| e.with_context("table", batch.table().path()))?;
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<()>> {
        for (_, worker) in self.workers.drain() {
            let side = &worker.route.side;
            let mut tally = side.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.merge(&worker.tally);
        }
        self.last = None;
        Ok(Vec::new())
    }
}

impl TallyWriter {
    /// Makes a worker for a table that has a route.
    fn open(&mut self, table: &CatalogTable) -> Result<Option<TablePath>> {
        let Some(route) = self.routes.get(table.path()) else {
            return Ok(None);
        };
        if !self.workers.contains_key(table.path()) {
            let worker = Worker {
                encoder: Encoder::new(&route.unit, &route.positions)?,
                tally: Tally::new(route.side.buckets),
                route: route.clone(),
            };
            self.workers.insert(table.path().clone(), worker);
        }
        Ok(Some(table.path().clone()))
    }
}

impl Worker {
    fn take(&mut self, batch: &Batch, hashes: &mut Vec<RowHash>) -> Result<()> {
        self.encoder.hash(batch, hashes)?;
        let buckets = self.tally.buckets.len();
        self.tally.bytes += batch.num_bytes() as u64;
        if self.route.all_rows || batch.kinds().all_inserts() {
            for hash in hashes.iter() {
                self.tally.add(bucket(hash, buckets), hash.row, true);
            }
        } else {
            for (row, hash) in hashes.iter().enumerate() {
                let came = comes(batch.kinds().get(row));
                self.tally.add(bucket(hash, buckets), hash.row, came);
            }
        }
        let route = &self.route;
        let side = &route.side;
        side.keep(batch, &route.positions, &mut self.encoder, hashes)
    }
}

/// Whether a row of this kind is there afterwards.
pub(crate) fn comes(kind: RowKind) -> bool {
    matches!(kind, RowKind::Insert | RowKind::UpdateAfter)
}
