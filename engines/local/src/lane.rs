//! The way from one reader to the writers, and where barriers get in.

use std::sync::Arc;

use seatunnel_api::{Batch, CheckpointId, Error, Result};
use tokio::sync::mpsc::Sender;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio_util::sync::CancellationToken;

use seatunnel_translation::split_board::{Passed, SplitBoard};

/// Separates what belongs to a checkpoint from what comes after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Barrier {
    pub(crate) checkpoint: CheckpointId,
    /// Nothing comes behind it: the job stops.
    pub(crate) last: bool,
}

/// What a reader sends to a writer.
pub(crate) enum Message {
    Batch(Batch),
    Barrier(Barrier),
    /// The reader has read all there is. A channel that closes without it means that the reader failed.
    End,
}

/// One reader's channels. A barrier gets in between two batches, also while the reader waits for
/// data: whoever sends holds the gate, the reader for one batch, the coordinator for one barrier.
pub(crate) struct Lane {
    reader: usize,
    board: Arc<SplitBoard>,
    gate: Mutex<Gate>,
    /// The barrier that is through.
    through: watch::Sender<CheckpointId>,
    /// Behind the last barrier: the reader is to be dropped.
    closed: CancellationToken,
}

/// Held while something is sent.
pub(crate) struct Gate {
    /// The channel to the writer of each sink, by the sink's position in the plan.
    channels: Vec<Option<Sender<Message>>>,
    /// Whether all rows sent so far are behind a position: no barrier gets in otherwise.
    clean: bool,
    /// The barrier that waits for a position.
    asked: Option<Barrier>,
    state: GateState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum GateState {
    Open,
    /// The reader is at its end.
    Ended,
    /// Behind the last barrier.
    Closed,
}

impl Lane {
    pub(crate) fn new(
        reader: usize,
        board: Arc<SplitBoard>,
        channels: Vec<Option<Sender<Message>>>,
    ) -> Self {
        Self {
            reader,
            board,
            gate: Mutex::new(Gate {
                channels,
                clean: true,
                asked: None,
                state: GateState::Open,
            }),
            through: watch::Sender::new(0),
            closed: CancellationToken::new(),
        }
    }

    pub(crate) fn reader(&self) -> usize {
        self.reader
    }

    pub(crate) fn board(&self) -> &SplitBoard {
        &self.board
    }

    /// The barrier that is through.
    pub(crate) fn through(&self) -> CheckpointId {
        *self.through.borrow()
    }

    /// Resolves when the last barrier is through.
    pub(crate) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Lets a barrier in as soon as there is a position; resolves when it is through.
    pub(crate) async fn barrier(&self, barrier: Barrier) {
        {
            let mut gate = self.gate.lock().await;
            gate.asked = Some(barrier);
            if gate.clean {
                self.let_in(&mut gate).await;
            }
        }
        let mut through = self.through.subscribe();
        // The sender lives as long as the lane.
        let _ = through.wait_for(|id| *id >= barrier.checkpoint).await;
    }

    /// Sends what has come out of one batch, and notes the position behind it.
    pub(crate) async fn send(
        &self,
        deliveries: impl Iterator<Item = (usize, Batch)>,
        passed: Passed,
        position: Option<Vec<u8>>,
    ) -> Result<()> {
        let mut gate = self.open_gate().await;
        for (sink, batch) in deliveries {
            if let Some(channel) = &gate.channels[sink] {
                let sent = channel.send(Message::Batch(batch)).await;
                // The writer is gone because it failed: its error is the cause, not this one.
                sent.map_err(|_| Error::cancelled())?;
            }
        }
        gate.clean = position.is_some();
        self.board.handed_on(self.reader, passed, position)?;
        self.settle(&mut gate).await;
        Ok(())
    }

    /// Notes positions that hold after all that was sent.
    pub(crate) async fn positions(
        &self,
        positions: Vec<seatunnel_api::erased::SplitBytes>,
    ) -> Result<()> {
        if positions.is_empty() {
            // That says nothing of the rows before.
            return Ok(());
        }
        let mut gate = self.open_gate().await;
        self.board.positions(self.reader, positions)?;
        gate.clean = true;
        self.settle(&mut gate).await;
        Ok(())
    }

    /// A split is read to its end.
    pub(crate) async fn split_finished(&self, id: &str) -> Result<()> {
        let mut gate = self.open_gate().await;
        if self.board.split_finished(self.reader, id)? {
            // Whatever was sent belongs to splits that are finished.
            gate.clean = true;
            self.settle(&mut gate).await;
        }
        Ok(())
    }

    /// The reader is at its end.
    pub(crate) async fn end(&self) -> Result<()> {
        let mut gate = self.open_gate().await;
        self.board.end(self.reader)?;
        gate.clean = true;
        gate.state = GateState::Ended;
        for channel in gate.channels.iter().flatten() {
            let sent = channel.send(Message::End).await;
            sent.map_err(|_| Error::cancelled())?;
        }
        self.settle(&mut gate).await;
        Ok(())
    }

    /// The gate, for the reader. Behind the last barrier it never opens again.
    async fn open_gate(&self) -> MutexGuard<'_, Gate> {
        let gate = self.gate.lock().await;
        if gate.state == GateState::Closed {
            drop(gate);
            // Whoever drives the reader drops it.
            return std::future::pending().await;
        }
        gate
    }

    /// Lets a barrier in that waited for a position.
    async fn settle(&self, gate: &mut Gate) {
        if gate.clean && gate.asked.is_some() {
            self.let_in(gate).await;
        }
    }

    async fn let_in(&self, gate: &mut Gate) {
        let Some(barrier) = gate.asked.take() else {
            return;
        };
        if gate.state == GateState::Open {
            self.board.barrier(self.reader, barrier.checkpoint);
            for channel in gate.channels.iter().flatten() {
                // A writer that is gone has failed, and tells so itself.
                let _ = channel.send(Message::Barrier(barrier)).await;
            }
            if barrier.last {
                gate.state = GateState::Closed;
                self.closed.cancel();
            }
        }
        self.through.send_replace(barrier.checkpoint);
    }
}
