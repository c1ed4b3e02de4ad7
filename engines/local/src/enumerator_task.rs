//! The enumerator of a source.

use std::sync::Arc;
use std::time::Duration;

use seatunnel_api::erased::{DynEnumerator, DynSource, SplitBytes};
use seatunnel_api::{CheckpointId, Error, Metrics, NextDiscovery, Result};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use seatunnel_translation::split_board::{SourceProgress, SplitBoard};

/// What the coordinator asks of an enumerator.
pub(crate) enum Order {
    /// All readers have let this barrier in: what is the source's part of the checkpoint?
    Snapshot(CheckpointId, oneshot::Sender<SourcePart>),
    /// A checkpoint with these positions is durable.
    Durable(Vec<Vec<u8>>),
}

/// A source's part of a checkpoint.
#[derive(Debug)]
pub(crate) struct SourcePart {
    pub(crate) enumerator: Vec<u8>,
    pub(crate) progress: SourceProgress,
}

/// How long an enumerator may take to tell the world of a durable checkpoint.
const TELLING: Duration = Duration::from_secs(10);

/// Orders that wait for an enumerator: one snapshot, and what is durable.
const ORDERS: usize = 4;

pub(crate) struct EnumeratorTask {
    name: String,
    enumerator: Box<dyn DynEnumerator>,
    board: Arc<SplitBoard>,
    metrics: Metrics,
    next: NextDiscovery,
    due: Option<Instant>,
}

impl EnumeratorTask {
    /// Makes the enumerator, from what a checkpoint holds if there is one, and puts the first
    /// splits on the board.
    pub(crate) async fn start(
        name: &str,
        source: &dyn DynSource,
        readers: usize,
        restored: Option<(Vec<u8>, Vec<SplitBytes>)>,
        metrics: Metrics,
    ) -> Result<Self> {
        let (state, splits) = match restored {
            Some((state, splits)) => (Some(state), splits),
            None => (None, Vec::new()),
        };
        let enumerator = source.enumerator(readers, state.as_deref()).await;
        let board = Arc::new(SplitBoard::new(readers));
        metrics.splits().add(splits.len() as u64);
        board.push(splits);
        let mut task = Self {
            name: name.to_owned(),
            enumerator: enumerator.map_err(|e| e.with_context("plugin", name))?,
            board,
            metrics,
            next: NextDiscovery::OnSplitFinished,
            due: None,
        };
        let discovered = task.discover().await;
        discovered.map_err(|e| e.with_context("plugin", name))?;
        Ok(task)
    }

    pub(crate) fn board(&self) -> &Arc<SplitBoard> {
        &self.board
    }

    /// Whether it goes on finding splits, and thus wants to hear how far those it gave are.
    pub(crate) fn goes_on(&self) -> bool {
        self.next != NextDiscovery::Never
    }

    /// The source's part of a checkpoint, when all its readers are behind the barrier.
    pub(crate) fn part(&self, checkpoint: CheckpointId) -> Result<SourcePart> {
        // Together, so that no split is found in between.
        Ok(SourcePart {
            enumerator: self.enumerator.snapshot()?,
            progress: self.board.snapshot(checkpoint),
        })
    }

    /// The way to give the task orders.
    pub(crate) fn orders() -> (mpsc::Sender<Order>, mpsc::Receiver<Order>) {
        mpsc::channel(ORDERS)
    }

    /// Works until nobody can give orders any more, or the job stops.
    pub(crate) async fn run(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        stop: CancellationToken,
    ) -> Result<()> {
        loop {
            let due = async {
                match self.due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let order = tokio::select! {
                () = stop.cancelled() => return Err(Error::cancelled()),
                order = orders.recv() => match order {
                    Some(order) => Some(order),
                    None => return Ok(()),
                },
                () = self.board.some_finished() => None,
                () = due => None,
            };
            let done = tokio::select! {
                () = stop.cancelled() => return Err(Error::cancelled()),
                done = self.follow(order) => done,
            };
            done?;
        }
    }

    async fn follow(&mut self, order: Option<Order>) -> Result<()> {
        // What was finished before the barrier belongs to the snapshot.
        let mut discovers = self.due.is_some_and(|due| due <= Instant::now());
        while let Some(last) = self.board.pop_finished() {
            self.enumerator.split_finished(&last).await?;
            discovers = self.goes_on();
        }
        match order {
            None => {}
            Some(Order::Snapshot(checkpoint, answer)) => {
                // Nobody waits for a snapshot any more once the job stops.
                let _ = answer.send(self.part(checkpoint)?);
            }
            Some(Order::Durable(positions)) => self.tell(&positions).await,
        }
        if discovers {
            self.discover().await?;
        }
        Ok(())
    }

    async fn tell(&mut self, positions: &[Vec<u8>]) {
        let told = timeout(TELLING, self.enumerator.checkpoint_durable(positions)).await;
        match told {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                warn!(source = %self.name, error = %error, "progress could not be made known outside");
            }
            Err(_) => warn!(
                source = %self.name,
                "progress could not be made known outside within {} s",
                TELLING.as_secs()
            ),
        }
    }

    async fn discover(&mut self) -> Result<()> {
        let found = self.enumerator.discover().await?;
        self.metrics.splits().add(found.splits.len() as u64);
        self.board.push(found.splits);
        self.next = found.next;
        self.due = match found.next {
            NextDiscovery::After(pause) => Some(Instant::now() + pause),
            NextDiscovery::OnSplitFinished | NextDiscovery::Never => None,
        };
        if found.next == NextDiscovery::Never {
            self.board.close();
        }
        Ok(())
    }
}
