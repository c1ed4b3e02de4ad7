//! The enumerator of a source, on the engine's coordinator.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seatunnel_api::erased::{DynEnumerator, SplitBytes};
use seatunnel_api::state::{StateKind, decode, encode};
use seatunnel_api::{Error, NextDiscovery, Result, State};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;

use crate::codes;
use crate::dealer::{Deal, Dealer};
use crate::encoded::Encoded;
use crate::job::Job;

/// The enumerator of one source, and the splits that it has found and no reader has yet.
pub struct Enumerator {
    job: Arc<Job>,
    enumerator: AsyncMutex<Box<dyn DynEnumerator>>,
    dealer: Mutex<Dealer>,
}

/// What must be known after a restart.
#[derive(Serialize, Deserialize)]
struct Kept {
    enumerator: Encoded,
    /// Splits that no reader has.
    waiting: Vec<KeptSplit>,
}

impl State for Kept {}

#[derive(Serialize, Deserialize)]
struct KeptSplit {
    id: String,
    bytes: Encoded,
}

impl Enumerator {
    /// Opens the enumerator of the source at this position of the plan; `state` is what
    /// [`Enumerator::snapshot`] gave.
    ///
    /// # Errors
    /// If there is no such source, or it can't be opened.
    pub fn open(
        job: Arc<Job>,
        source: usize,
        parallelism: usize,
        state: Option<&[u8]>,
    ) -> Result<Self> {
        let kept: Option<Kept> = state
            .map(|bytes| decode(StateKind::Enumerator, bytes))
            .transpose()?;
        let mut dealer = Dealer::new(parallelism);
        let mut own = None;
        if let Some(kept) = kept {
            own = Some(kept.enumerator.0);
            dealer.waiting_splits = kept
                .waiting
                .into_iter()
                .map(|split| SplitBytes {
                    id: split.id,
                    bytes: split.bytes.0,
                })
                .collect();
        }
        let (source, _) = job.source(source)?;
        let opened = source.enumerator(parallelism, own.as_deref());
        let enumerator = job.workers().wait(opened)?;
        Ok(Self {
            job,
            enumerator: AsyncMutex::new(enumerator),
            dealer: Mutex::new(dealer),
        })
    }

    /// Looks for new splits, and says when to look again. They wait until they are dealt.
    ///
    /// # Errors
    /// If they can't be found.
    pub fn discover(&self) -> Result<NextDiscovery> {
        self.job.workers().wait(async {
            let mut enumerator = self.enumerator.lock().await;
            let found = enumerator.discover().await?;
            // Under the lock, so that no snapshot falls between.
            let mut dealer = self.dealer();
            dealer.waiting_splits.extend(found.splits);
            dealer.complete = found.next == NextDiscovery::Never;
            Ok(found.next)
        })
    }

    /// All splits of a source that ends, for engines that plan before they run.
    ///
    /// # Errors
    /// If they can't be found, or some are only known when others are read.
    pub fn all(&self) -> Result<Vec<SplitBytes>> {
        loop {
            match self.discover()? {
                NextDiscovery::Never => break,
                NextDiscovery::After(pause) => {
                    self.job.workers().wait(tokio::time::sleep(pause));
                }
                NextDiscovery::OnSplitFinished => {
                    return Err(Error::new(
                        codes::UNSUPPORTED,
                        "the source finds splits while others are read, and this engine must know all before",
                    )
                    .with_help("run the job on the local engine or on Flink"));
                }
            }
        }
        Ok(self.dealer().waiting_splits.drain(..).collect())
    }

    /// A reader waits for a split, and holds so many.
    pub fn request(&self, reader: usize, held: usize) {
        self.dealer().request(reader, held);
    }

    /// A reader has failed.
    pub fn reader_lost(&self, reader: usize) {
        self.dealer().lost(reader);
    }

    /// Splits come back from a reader that has failed.
    pub fn add_back(&self, splits: Vec<SplitBytes>) {
        self.dealer().waiting_splits.extend(splits);
    }

    /// Gives what there is to the readers that wait.
    pub fn deal(&self) -> Vec<Deal> {
        self.dealer().deal()
    }

    /// A split was read to its end; this is its last position.
    ///
    /// # Errors
    /// If what follows from it can't be done.
    pub fn split_finished(&self, position: &[u8]) -> Result<()> {
        self.job.workers().wait(async {
            let mut enumerator = self.enumerator.lock().await;
            enumerator.split_finished(position).await
        })
    }

    /// A checkpoint with these positions is durable.
    ///
    /// # Errors
    /// If it can't be told; the job goes on.
    pub fn checkpoint_durable(&self, positions: &[Vec<u8>]) -> Result<()> {
        self.job.workers().wait(async {
            let mut enumerator = self.enumerator.lock().await;
            enumerator.checkpoint_durable(positions).await
        })
    }

    /// What must be known after a restart, splits that wait included.
    ///
    /// # Errors
    /// If it can't be serialised.
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        self.job.workers().wait(async {
            let enumerator = self.enumerator.lock().await;
            let own = enumerator.snapshot()?;
            let dealer = self.dealer();
            let waiting = dealer.waiting_splits.iter().map(|split| KeptSplit {
                id: split.id.clone(),
                bytes: Encoded(split.bytes.clone()),
            });
            let kept = Kept {
                enumerator: Encoded(own),
                waiting: waiting.collect(),
            };
            encode(StateKind::Enumerator, &kept)
        })
    }

    fn dealer(&self) -> MutexGuard<'_, Dealer> {
        self.dealer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How an engine is told when to look again: milliseconds, -1 for never, -2 for when a split was read.
impl Enumerator {
    /// A discovery's answer as a number.
    pub fn next_as_number(next: NextDiscovery) -> i64 {
        match next {
            NextDiscovery::Never => -1,
            NextDiscovery::OnSplitFinished => -2,
            NextDiscovery::After(pause) => {
                i64::try_from(pause.max(Duration::from_millis(1)).as_millis()).unwrap_or(i64::MAX)
            }
        }
    }
}
