//! What one process of a job does for all: the driver of an engine that repeats tasks.

use std::fs::{File, TryLockError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seatunnel_api::state::{StateKind, decode, encode};
use seatunnel_api::{Error, Result, State};
use seatunnel_state::{CheckpointKind, CheckpointStorage, FolderStorage};
use seatunnel_translation::commit::{self, Committables};
use serde::{Deserialize, Serialize};

use crate::encoded::Encoded;
use crate::job::Job;
use crate::part::Part;

/// The one checkpoint of a batch job on an engine that repeats tasks instead.
const ONLY: u64 = 1;
/// How many states of a streaming job stay: the newest is the one that counts, the other is for those
/// who look what has happened.
const STATES: usize = 2;

/// Begins, commits and ends a job whose tasks an engine repeats until they succeed.
///
/// What all tasks have prepared is durable before the first sink commits: a driver that is killed between two
/// sinks has a successor that commits the rest, and reads nothing.
pub struct Driver {
    job: Arc<Job>,
    kept: Option<Kept>,
    /// What is to be committed still, once that has begun.
    committing: Mutex<Option<Committables>>,
}

struct Kept {
    storage: FolderStorage,
    /// What is to be gone on from, if not from the newest.
    from: Option<u64>,
    /// Held until this process ends or the driver is dropped.
    _lock: File,
}

impl Kept {
    /// What is to be gone on from, if there is something. Whatever is newer is forgotten.
    async fn newest(&self) -> Result<Option<Vec<u8>>> {
        let all = self.storage.list().await?;
        let Some(number) = self.from.or(all.last().copied()) else {
            return Ok(None);
        };
        let stored = self.storage.load(number).await?;
        for newer in all.into_iter().filter(|other| *other > number) {
            self.storage.remove(newer).await?;
        }
        Ok(Some(stored.bytes))
    }
}

/// What all writers have prepared.
#[derive(Serialize, Deserialize)]
struct Prepared {
    parts: Vec<Encoded>,
}

impl State for Prepared {}

impl Driver {
    /// Begins a job. The flag says whether there is something to do: not if an earlier driver had all
    /// prepared, and only the commit was left, which is done now.
    ///
    /// # Errors
    /// If another driver works on the job, or a target can't take the rows.
    pub fn begin(job: Arc<Job>) -> Result<(Self, bool)> {
        let driver = Self::new(job)?;
        if driver.commit_what_is_left()? {
            return Ok((driver, false));
        }
        driver.make_ready()?;
        Ok((driver, true))
    }

    /// Begins a streaming job, or goes on with it: gives what [`Driver::keep`] was given last. `known` says
    /// that the engine itself has kept something to go on from.
    ///
    /// # Errors
    /// If another driver works on the job, what was kept can't be read, or a target can't take the rows.
    pub fn begin_streaming(job: Arc<Job>, known: bool) -> Result<(Self, Option<Vec<u8>>)> {
        let driver = Self::new(job)?;
        let newest = match &driver.kept {
            None => None,
            Some(kept) => driver.job.workers().wait(kept.newest())?,
        };
        if newest.is_none() && !known {
            driver.make_ready()?;
        }
        Ok((driver, newest))
    }

    /// Keeps what a streaming job would go on from; false if there is no place for it.
    ///
    /// # Errors
    /// If it can't be kept.
    pub fn keep(&self, number: u64, state: &[u8]) -> Result<bool> {
        let Some(kept) = &self.kept else {
            return Ok(false);
        };
        let storage = &kept.storage;
        self.job.workers().wait(async {
            storage
                .store(number, CheckpointKind::Checkpoint, state)
                .await?;
            let all = storage.list().await?;
            for old in &all[..all.len().saturating_sub(STATES)] {
                storage.remove(*old).await?;
            }
            Ok(true)
        })
    }

    /// Forgets all that a streaming job has kept.
    ///
    /// # Errors
    /// If it can't be removed.
    pub fn forget(&self) -> Result<()> {
        let Some(kept) = &self.kept else {
            return Ok(());
        };
        self.job.workers().wait(async {
            for number in kept.storage.list().await? {
                kept.storage.remove(number).await?;
            }
            Ok(())
        })
    }

    fn new(job: Arc<Job>) -> Result<Self> {
        let kept = match &job.payload().state {
            None => None,
            Some(state) => Some(Kept {
                storage: FolderStorage::new(&state.checkpoints),
                from: state.from,
                _lock: lock(&state.lock)?,
            }),
        };
        Ok(Self {
            job,
            kept,
            committing: Mutex::new(None),
        })
    }

    /// Takes back what earlier runs have left, and makes the targets ready.
    fn make_ready(&self) -> Result<()> {
        let job = &self.job;
        job.workers().wait(async {
            let payload = job.payload();
            for other in &payload.discard {
                commit::discard_leftovers(job.plan(), &other.as_str().into()).await?;
            }
            if payload.resumes {
                commit::discard_leftovers(job.plan(), &job.plan().job.id).await?;
            }
            commit::prepare(job.plan()).await
        })
    }

    fn commit_what_is_left(&self) -> Result<bool> {
        let Some(kept) = &self.kept else {
            return Ok(false);
        };
        let workers = self.job.workers();
        if !workers.wait(kept.storage.list())?.contains(&ONLY) {
            return Ok(false);
        }
        let stored = workers.wait(kept.storage.load(ONLY))?;
        let prepared: Prepared = decode(StateKind::Checkpoint, &stored.bytes)?;
        let parts = prepared.parts.iter().map(|part| Part::from_bytes(&part.0));
        tracing::info!(
            "a driver before this one had all rows prepared: they are committed, nothing is read"
        );
        self.job.commit(parts.collect::<Result<_>>()?)?;
        self.finish()?;
        Ok(true)
    }

    /// Makes visible what all writers of the job have prepared, and takes back what else was prepared,
    /// by tasks of processes that are gone.
    ///
    /// # Errors
    /// If it can't be kept, or a sink can't commit: the next driver goes on there.
    pub fn commit(&self, parts: Vec<Part>) -> Result<()> {
        if let Some(kept) = &self.kept {
            let bytes = parts.iter().map(|part| part.to_bytes().map(Encoded));
            let prepared = Prepared {
                parts: bytes.collect::<Result<_>>()?,
            };
            let bytes = encode(StateKind::Checkpoint, &prepared)?;
            let stored = kept.storage.store(ONLY, CheckpointKind::Final, &bytes);
            self.job.workers().wait(stored)?;
        }
        let mut left = self.job.by_sink(parts)?;
        let plan = self.job.plan();
        let committed = self.job.workers().wait(commit::commit(plan, &mut left));
        *self.committing() = Some(left);
        committed?;
        self.discard();
        Ok(())
    }

    /// Takes back what writers have prepared, after a failure. What is kept to be committed stays, for
    /// the next driver.
    ///
    /// # Errors
    /// If a part is of another job. What can't be taken back is logged.
    pub fn abort(&self, parts: Vec<Part>) -> Result<()> {
        let left = match self.committing().take() {
            Some(left) if self.kept.is_none() => left,
            Some(_) => {
                tracing::info!("what was not committed is kept: the same command goes on there");
                return Ok(());
            }
            None => self.job.by_sink(parts)?,
        };
        let aborted = commit::abort(self.job.plan(), left);
        self.job.workers().wait(aborted);
        self.discard();
        Ok(())
    }

    fn discard(&self) {
        if let Err(error) = self.job.discard() {
            tracing::warn!("what lost tasks have prepared is not all taken back: {error}");
        }
    }

    fn committing(&self) -> MutexGuard<'_, Option<Committables>> {
        self.committing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of a job that did not fail.
    ///
    /// # Errors
    /// If what was written is not what was asked for.
    pub fn finish(&self) -> Result<()> {
        let finished = self.job.finish(None);
        // Committed it is, whatever sinks think of it: nothing is to be done again.
        if let Some(kept) = &self.kept {
            self.job.workers().wait(kept.storage.remove(ONLY))?;
        }
        finished
    }
}

fn lock(path: &str) -> Result<File> {
    let failed = |e| {
        Error::new(
            seatunnel_state::codes::NOT_WRITTEN,
            "the driver's lock can't be taken",
        )
        .with_context("file", path)
        .with_cause(e)
    };
    let file = File::create(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::new(
            seatunnel_state::codes::RUNNING,
            "a driver that an earlier launcher has started still works on this job",
        )
        .with_help("wait for it, or stop it with the tools of its engine")),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
