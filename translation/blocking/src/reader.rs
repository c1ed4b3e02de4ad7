//! A reader that an engine asks for rows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use seatunnel_api::erased::SplitBytes;
use seatunnel_api::{Batch, Error, Result, codes as api_codes};
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;

use crate::element;
use crate::held::Held;
use crate::job::{Job, panicked};
use crate::reader_task::{Assigned, ReaderTask, Step, Steps};

/// Steps that wait between a reader and the engine: one more is in work on either side.
const DEPTH: usize = 2;

/// A reader and the transforms behind it, at work in threads of its own, a few batches ahead of
/// whoever asks.
///
/// What it has read ahead is not part of its state: [`Reader::snapshot`] is where reading would go on
/// behind what [`Reader::poll`] has given.
pub struct Reader {
    job: Arc<Job>,
    assigned: Arc<Assigned>,
    state: Mutex<State>,
    ready: Arc<Notify>,
    task: AbortHandle,
}

struct State {
    steps: mpsc::Receiver<Step>,
    /// Received, and not given yet.
    waiting: Option<Step>,
    /// The splits that it has, as they stand behind what was given.
    held: BTreeMap<String, Vec<u8>>,
    /// Rows that writers have not taken yet.
    rows: Held,
    ended: bool,
}

/// How a reader gives its rows. `positions` says whether snapshots will be taken; without them reading is
/// cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// As bytes.
    Elements {
        /// Whether snapshots will be taken.
        positions: bool,
    },
    /// As they are, to writers of this process: elements say where their rows are, and
    /// [`crate::Writer::write`] takes them from there, once. Those that nobody took go with the reader.
    Held {
        /// Whether snapshots will be taken.
        positions: bool,
    },
    /// As they are, to whoever asks.
    Batches {
        /// Whether snapshots will be taken.
        positions: bool,
    },
}

impl Gives {
    pub(crate) fn positions(self) -> bool {
        match self {
            Self::Elements { positions }
            | Self::Held { positions }
            | Self::Batches { positions } => positions,
        }
    }
}

/// What a reader gives.
#[derive(Debug)]
pub enum Polled {
    /// Nothing in this time.
    Nothing,
    /// Rows, or where they are, as [`crate::element`] has them.
    Element(Vec<u8>),
    /// Rows as they are, of a reader that was opened so.
    Rows {
        /// The rows.
        batch: Batch,
        /// Whether a checkpoint may be taken behind them.
        safe: bool,
    },
    /// No rows, but positions have moved: a checkpoint may be taken.
    Safe,
    /// It waits for a split, and holds so many.
    WantsSplit(usize),
    /// A split was read to its end; this is its last position.
    Finished(SplitBytes),
    /// It is at its end.
    End,
}

impl Reader {
    /// Opens the reader with this number of the source at this position of the plan. `number` is its own and
    /// how many there are.
    ///
    /// # Errors
    /// If there is no such source.
    pub fn open(
        job: Arc<Job>,
        source: usize,
        number: (usize, usize),
        gives: Gives,
    ) -> Result<Self> {
        let name = job.source(source)?.1.to_owned();
        let (sender, steps, ready) = Steps::new(DEPTH);
        let assigned = Arc::new(Assigned::default());
        let task = ReaderTask::new(
            job.clone(),
            source,
            number,
            gives,
            assigned.clone(),
            sender.clone(),
        )?;
        let running = job.workers().spawn(task.run());
        let task = running.abort_handle();
        job.workers().spawn(async move {
            let last = match running.await {
                Ok(Ok(())) => Step::End,
                Ok(Err(error)) => Step::Failed(error.with_context("plugin", &name)),
                Err(join) => Step::Failed(panicked(&name, join)),
            };
            // Nobody is there to be told if the reader was closed.
            let _ = sender.send(last).await;
        });
        Ok(Self {
            job,
            assigned,
            state: Mutex::new(State {
                steps,
                waiting: None,
                held: BTreeMap::new(),
                rows: Held::new(),
                ended: false,
            }),
            ready,
            task,
        })
    }

    /// Hands it splits.
    pub fn add_splits(&self, splits: Vec<SplitBytes>) {
        let mut state = self.state();
        for split in &splits {
            state.held.insert(split.id.clone(), split.bytes.clone());
        }
        drop(state);
        self.assigned.add(splits);
    }

    /// There will be no more splits.
    pub fn no_more_splits(&self) {
        self.assigned.complete();
    }

    /// What comes next, if it comes within this time.
    ///
    /// # Errors
    /// If the reader has failed.
    pub fn poll(&self, timeout: Duration) -> Result<Polled> {
        let mut state = self.state();
        if state.ended {
            return Ok(Polled::End);
        }
        if state.waiting.is_none() {
            self.receive(&mut state, timeout)?;
        }
        let Some(step) = state.waiting.take() else {
            return Ok(Polled::Nothing);
        };
        Ok(match step {
            Step::Element { element, positions } => {
                state.moved(positions);
                Polled::Element(element)
            }
            Step::Held {
                head,
                batch,
                positions,
            } => {
                state.moved(positions);
                let element = element::held(&head, &batch, state.rows.put(batch.clone()));
                Polled::Element(element)
            }
            Step::Rows {
                batch,
                positions,
                safe,
            } => {
                state.moved(positions);
                Polled::Rows { batch, safe }
            }
            Step::Positions(positions) => {
                state.moved(positions);
                Polled::Safe
            }
            Step::Finished(id) => {
                let bytes = state.held.remove(&id).unwrap_or_default();
                Polled::Finished(SplitBytes { id, bytes })
            }
            Step::WantsSplit => Polled::WantsSplit(state.held.len()),
            Step::End => {
                state.ended = true;
                Polled::End
            }
            Step::Failed(error) => return Err(error),
        })
    }

    /// Waits until [`Reader::poll`] would give something; false if the time is over. Others may call
    /// meanwhile what they like.
    ///
    /// # Errors
    /// If the reader has failed, in a way that it can't tell itself.
    pub fn wait(&self, timeout: Duration) -> Result<bool> {
        let deadline = Instant::now() + timeout;
        loop {
            {
                let mut state = self.state();
                if !state.ended && state.waiting.is_none() {
                    self.receive(&mut state, Duration::ZERO)?;
                }
                if state.ended || state.waiting.is_some() {
                    return Ok(true);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let told = self.job.workers().wait_for(left, self.ready.notified());
            if told.is_none() {
                return Ok(false);
            }
        }
    }

    /// The splits that it has, as they stand behind what [`Reader::poll`] has given.
    pub fn snapshot(&self) -> Vec<SplitBytes> {
        let state = self.state();
        let held = state.held.iter();
        held.map(|(id, bytes)| SplitBytes {
            id: id.clone(),
            bytes: bytes.clone(),
        })
        .collect()
    }

    fn receive(&self, state: &mut State, timeout: Duration) -> Result<()> {
        state.waiting = match state.steps.try_recv() {
            Ok(step) => Some(step),
            Err(mpsc::error::TryRecvError::Empty) if timeout.is_zero() => None,
            Err(mpsc::error::TryRecvError::Empty) => {
                let received = self.job.workers().wait_for(timeout, state.steps.recv());
                match received {
                    None => None,
                    Some(Some(step)) => Some(step),
                    Some(None) => return Err(gone()),
                }
            }
            Err(mpsc::error::TryRecvError::Disconnected) => return Err(gone()),
        };
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn moved(&mut self, positions: Vec<SplitBytes>) {
        for position in positions {
            if let Some(held) = self.held.get_mut(&position.id) {
                *held = position.bytes;
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn gone() -> Error {
    Error::new(api_codes::INTERNAL, "a reader is gone")
}
