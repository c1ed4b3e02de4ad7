//! One reader of a source and the transforms behind it.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::{DynSource, SplitBytes};
use seatunnel_api::{
    Batch, BatchSize, Emitter, Error, Metrics, Result, SplitAssigner, TaskContext,
};
use seatunnel_translation::{Chain, Delivery};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::lane::Lane;
use seatunnel_translation::RateLimit;
use seatunnel_translation::split_board::Passed;

pub(crate) struct ReaderTask {
    pub(crate) source: Arc<dyn DynSource>,
    pub(crate) context: TaskContext,
    pub(crate) emitter: LaneEmitter,
    /// The job has failed elsewhere.
    pub(crate) stop: CancellationToken,
    /// How many readers are not at their end.
    pub(crate) running: Arc<watch::Sender<usize>>,
}

impl ReaderTask {
    pub(crate) async fn run(mut self) -> Result<()> {
        let (stop, lane) = (self.stop.clone(), self.emitter.lane.clone());
        tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Error::cancelled()),
            // What it would read from here on belongs to whoever goes on from the savepoint.
            () = lane.closed() => {}
            read = self.read_all() => read?,
        }
        self.running.send_modify(|running| *running -= 1);
        Ok(())
    }

    async fn read_all(&mut self) -> Result<()> {
        let mut splits = LaneAssigner {
            lane: self.emitter.lane.clone(),
            metrics: self.context.metrics.clone(),
        };
        let mut reader = self.source.reader(self.context.clone()).await?;
        reader.read_assigned(&mut splits, &mut self.emitter).await?;
        self.emitter.lane.end().await
    }
}

/// Gives a reader its share of the splits.
struct LaneAssigner {
    lane: Arc<Lane>,
    metrics: Metrics,
}

#[async_trait]
impl SplitAssigner for LaneAssigner {
    async fn next(&mut self) -> Result<Option<SplitBytes>> {
        Ok(self.lane.board().next(self.lane.reader()).await)
    }

    fn try_next(&mut self) -> Option<SplitBytes> {
        self.lane.board().try_next(self.lane.reader())
    }

    async fn finished(&mut self, id: &str) -> Result<()> {
        self.lane.split_finished(id).await?;
        self.metrics.splits_done().add(1);
        Ok(())
    }
}

/// Takes a reader's batches through the chain to the writers.
pub(crate) struct LaneEmitter {
    pub(crate) lane: Arc<Lane>,
    pub(crate) chain: Chain,
    pub(crate) metrics: Metrics,
    pub(crate) limit: RateLimit,
    pub(crate) batch_size: BatchSize,
    pub(crate) wants_positions: bool,
    pub(crate) deliveries: Vec<Delivery>,
}

#[async_trait]
impl Emitter for LaneEmitter {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        let mut passed = Passed::default();
        if batch.is_empty() && position.is_none() {
            return Ok(());
        }
        if !batch.is_empty() {
            self.limit.pass(&batch).await;
            passed.rows = batch.num_rows() as u64;
            passed.bytes = batch.num_bytes() as u64;
            self.metrics.rows().add(passed.rows);
            self.metrics.bytes().add(passed.bytes);
            self.chain.run(batch, &mut self.deliveries, &mut ()).await?;
        }
        let deliveries = self.deliveries.drain(..);
        self.lane.send(deliveries, passed, position).await
    }

    async fn positions(&mut self, positions: Vec<SplitBytes>) -> Result<()> {
        self.lane.positions(positions).await
    }

    fn wants_positions(&self) -> bool {
        self.wants_positions
    }

    fn batch_size(&self) -> BatchSize {
        self.limit.batch_size(self.batch_size)
    }
}
