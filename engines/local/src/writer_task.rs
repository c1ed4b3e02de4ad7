//! One writer of a sink.

use std::sync::Arc;

use seatunnel_api::erased::{DynSink, DynWriter};
use seatunnel_api::{CheckpointId, Error, Result, TaskContext};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::alignment::{Alignment, Arrived};
use crate::lane::Barrier;
use seatunnel_translation::split_board::Passed;

/// What writers tell the coordinator.
pub(crate) enum Prepared {
    /// A writer has done its part of a checkpoint.
    Part(Part),
    /// The writer fails; this was prepared before, and nobody else knows of it.
    LeftBehind(usize, Vec<Vec<u8>>),
}

/// A writer's part of a checkpoint.
pub(crate) struct Part {
    pub(crate) checkpoint: CheckpointId,
    /// The sink's position in the plan.
    pub(crate) sink: usize,
    pub(crate) subtask: usize,
    pub(crate) committables: Vec<Vec<u8>>,
    /// What the writer has taken in this attempt.
    pub(crate) passed: Passed,
}

pub(crate) struct WriterTask {
    /// Its position in the plan.
    pub(crate) index: usize,
    pub(crate) sink: Arc<dyn DynSink>,
    pub(crate) context: TaskContext,
    pub(crate) inputs: Alignment,
    /// The newest barrier; for writers whose inputs are all at their end, and bring none.
    pub(crate) asked: watch::Receiver<Barrier>,
    pub(crate) prepared: mpsc::Sender<Prepared>,
    pub(crate) stop: CancellationToken,
}

impl WriterTask {
    /// Writes until the last barrier.
    pub(crate) async fn run(mut self) -> Result<()> {
        let stop = self.stop.clone();
        let mut writer = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Error::cancelled()),
            writer = self.sink.writer(self.context.clone()) => writer?,
        };
        let written = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Error::cancelled()),
            written = self.write_all(writer.as_mut()) => written,
        };
        let error = match written {
            Ok(last) => match writer.close().await {
                Ok(()) => {
                    // Without a coordinator nobody commits, and its own error is the cause.
                    let _ = self.prepared.send(Prepared::Part(last)).await;
                    return Ok(());
                }
                Err(error) => {
                    self.leave_behind(last.committables).await;
                    return Err(error);
                }
            },
            Err(error) => error,
        };
        if let Err(left) = writer.abort().await {
            warn!(error = %left, "a writer could not clean up");
        }
        Err(error)
    }

    /// Gives its part of the last checkpoint.
    async fn write_all(&mut self, writer: &mut dyn DynWriter) -> Result<Part> {
        let mut passed = Passed::default();
        let mut done = 0;
        loop {
            let barrier = match self.inputs.next().await? {
                Arrived::Batch(batch) => {
                    let own = Passed {
                        rows: batch.num_rows() as u64,
                        bytes: batch.num_bytes() as u64,
                    };
                    writer.write(batch).await?;
                    self.context.metrics.rows().add(own.rows);
                    self.context.metrics.bytes().add(own.bytes);
                    passed += own;
                    continue;
                }
                Arrived::Barrier(barrier) => barrier,
                Arrived::End => {
                    let next = self.asked.wait_for(|asked| asked.checkpoint > done).await;
                    *next.map_err(|_| Error::cancelled())?
                }
            };
            let part = self.part(writer, barrier, passed).await?;
            done = barrier.checkpoint;
            if barrier.last {
                return Ok(part);
            }
            let sent = self.prepared.send(Prepared::Part(part)).await;
            sent.map_err(|_| Error::cancelled())?;
        }
    }

    async fn part(
        &self,
        writer: &mut dyn DynWriter,
        barrier: Barrier,
        passed: Passed,
    ) -> Result<Part> {
        let committables = writer.prepare_commit(barrier.checkpoint).await?;
        // Before the rows around them are committed.
        if let Err(error) = self.context.dirty.flush().await {
            self.leave_behind(committables).await;
            return Err(error);
        }
        Ok(Part {
            checkpoint: barrier.checkpoint,
            sink: self.index,
            subtask: self.context.subtask,
            committables,
            passed,
        })
    }

    async fn leave_behind(&self, committables: Vec<Vec<u8>>) {
        if !committables.is_empty() {
            let left = Prepared::LeftBehind(self.index, committables);
            let _ = self.prepared.send(left).await;
        }
    }
}
