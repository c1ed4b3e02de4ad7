//! One reader of a source and the transforms behind it.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSource;
use seatunnel_api::{Batch, BatchSize, Emitter, Error, Metrics, Result, TaskContext};
use seatunnel_translation::{Chain, Delivery};
use tokio::sync::mpsc::{Sender, UnboundedSender};
use tokio_util::sync::CancellationToken;

use crate::rate_limit::RateLimit;
use crate::split_queue::SplitQueue;
use crate::writer_task::Message;

pub(crate) struct ReaderTask {
    pub(crate) source: Arc<dyn DynSource>,
    pub(crate) context: TaskContext,
    pub(crate) splits: Arc<SplitQueue>,
    /// Tells the enumerator which splits are read to their end.
    pub(crate) finished: UnboundedSender<Vec<u8>>,
    pub(crate) emitter: TaskEmitter,
    /// The job has failed elsewhere.
    pub(crate) stop: CancellationToken,
    /// The reader should end as if there were no more to read.
    pub(crate) end_early: CancellationToken,
}

impl ReaderTask {
    pub(crate) async fn run(mut self) -> Result<()> {
        let (stop, end_early) = (self.stop.clone(), self.end_early.clone());
        tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Error::cancelled()),
            () = end_early.cancelled() => {}
            read = self.read_all() => read?,
        }
        self.emitter.end().await
    }

    async fn read_all(&mut self) -> Result<()> {
        let mut reader = self.source.reader(self.context.clone()).await?;
        while let Some(split) = self.splits.next().await {
            self.emitter.position = None;
            let read = reader.read(&split.bytes, &mut self.emitter).await;
            read.map_err(|e| e.with_context("split", &split.id))?;
            self.context.metrics.splits_done().add(1);
            let last = self.emitter.position.take().unwrap_or(split.bytes);
            // The enumerator may be at its end already: then nobody wants to know.
            let _ = self.finished.send(last);
        }
        Ok(())
    }
}

/// Takes a reader's batches through the chain to the writers.
pub(crate) struct TaskEmitter {
    pub(crate) chain: Chain,
    /// The channel to the writer of each sink, by the sink's position in the plan.
    pub(crate) channels: Vec<Option<Sender<Message>>>,
    pub(crate) metrics: Metrics,
    pub(crate) limit: RateLimit,
    pub(crate) batch_size: BatchSize,
    pub(crate) wants_positions: bool,
    pub(crate) position: Option<Vec<u8>>,
    pub(crate) deliveries: Vec<Delivery>,
}

impl TaskEmitter {
    async fn end(&mut self) -> Result<()> {
        for channel in self.channels.iter().flatten() {
            channel
                .send(Message::End)
                .await
                .map_err(|_| Error::cancelled())?;
        }
        Ok(())
    }
}

#[async_trait]
impl Emitter for TaskEmitter {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        if !batch.is_empty() {
            self.limit.pass(&batch).await;
            self.metrics.rows().add(batch.num_rows() as u64);
            self.metrics.bytes().add(batch.num_bytes() as u64);
            self.chain.run(batch, &mut self.deliveries, &mut ()).await?;
            for (sink, batch) in self.deliveries.drain(..) {
                if let Some(channel) = &self.channels[sink] {
                    let sent = channel.send(Message::Batch(batch)).await;
                    // The writer is gone because it failed: its error is the cause, not this one.
                    sent.map_err(|_| Error::cancelled())?;
                }
            }
        }
        if position.is_some() {
            self.position = position;
        }
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        self.wants_positions
    }

    fn batch_size(&self) -> BatchSize {
        self.limit.batch_size(self.batch_size)
    }
}
