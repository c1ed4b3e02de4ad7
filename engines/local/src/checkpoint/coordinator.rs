//! Takes the checkpoints of one attempt, and ends the job.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use seatunnel_api::plan::JobPlan;
use seatunnel_api::state::{StateKind, encode};
use seatunnel_api::{CheckpointId, Error, Result};
use seatunnel_state::CheckpointKind;
use seatunnel_translation::DirtySinks;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::assemble::{Assembly, SetAside, SinkParts};
use super::content::Content;
use super::patience::Patience;
use super::restore::Restored;
use super::settings::Settings;
use super::store::Store;
use crate::enumerator_task::{EnumeratorTask, Order, SourcePart};
use crate::handle::JobHandle;
use crate::lane::{Barrier, Lane};
use crate::writer_task::{Part, Prepared};
use seatunnel_translation::commit::{Committables, commit};

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// All sources were read to their end.
    Finished,
    /// It was stopped, and goes on from this savepoint when it is run again.
    Stopped {
        /// The number of the savepoint.
        savepoint: CheckpointId,
    },
}

/// The tasks of an attempt, as the coordinator talks to them.
pub(crate) struct Tasks {
    /// All readers, each with its source's position in the plan.
    pub(crate) lanes: Vec<(usize, Arc<Lane>)>,
    /// All enumerators, each with its source's position.
    pub(crate) enumerators: Vec<(usize, mpsc::Sender<Order>)>,
    /// All writers: their sink's position, and their number.
    pub(crate) writers: Vec<(usize, usize)>,
    /// Tells writers whose inputs are at their end of each barrier.
    pub(crate) asked: watch::Sender<Barrier>,
    pub(crate) prepared: mpsc::Receiver<Prepared>,
    /// How many readers are not at their end.
    pub(crate) running: watch::Receiver<usize>,
}

pub(crate) struct Coordinator<'a> {
    pub(crate) plan: &'a JobPlan,
    pub(crate) handle: &'a JobHandle,
    pub(crate) dirty: &'a DirtySinks,
    pub(crate) settings: Settings,
    pub(crate) store: &'a mut Store,
    pub(crate) restored: Option<&'a Restored>,
    pub(crate) stop: CancellationToken,
    pub(crate) left: &'a mut LeftOver,
}

/// What an attempt leaves when it fails.
#[derive(Default)]
pub(crate) struct LeftOver {
    /// Prepared, and in no durable checkpoint.
    pub(crate) not_durable: Committables,
    /// In a durable checkpoint, and not committed.
    pub(crate) not_committed: Committables,
    /// When the last checkpoint of the attempt was completed.
    pub(crate) last_success: Option<Instant>,
}

impl Coordinator<'_> {
    /// Takes checkpoints until all sources are at their end or the job is to stop. When it returns,
    /// tasks end by themselves, since nobody asks anything of them any more.
    pub(crate) async fn run(&mut self, mut tasks: Tasks) -> Result<JobEnd> {
        let result = self.run_tasks(&mut tasks).await;
        if result.is_err() {
            // Writers tell what they have prepared while they stop.
            self.stop.cancel();
            tasks.enumerators.clear();
            while let Some(prepared) = tasks.prepared.recv().await {
                match prepared {
                    Prepared::Part(part) => self.keep(part.sink, part.committables),
                    Prepared::LeftBehind(sink, committables) => self.keep(sink, committables),
                }
            }
        }
        result
    }

    async fn run_tasks(&mut self, tasks: &mut Tasks) -> Result<JobEnd> {
        let handle = self.handle;
        let stats = handle.checkpoint_stats();
        let mut patience = Patience::new(self.settings, stats, self.stop.clone());
        let mut due = self.settings.interval.map(|i| Instant::now() + i);
        loop {
            let savepoint = async {
                match due {
                    Some(_) => handle.savepoint_asked().await,
                    None => std::future::pending().await,
                }
            };
            let timer = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let kind = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Error::cancelled()),
                Ok(_) = tasks.running.wait_for(|running| *running == 0) => CheckpointKind::Final,
                () = savepoint => CheckpointKind::Savepoint,
                () = timer => CheckpointKind::Checkpoint,
            };
            let started = Instant::now();
            let id = self.store.next_id();
            patience.begin(id, kind);
            self.take(tasks, &mut patience, id, kind).await?;
            match kind {
                CheckpointKind::Checkpoint => {}
                CheckpointKind::Savepoint => {
                    info!("job {} stops at savepoint {id}", self.plan.job.name);
                    return Ok(JobEnd::Stopped { savepoint: id });
                }
                CheckpointKind::Final => return Ok(JobEnd::Finished),
            }
            let earliest = Instant::now() + self.settings.min_pause;
            due = self.settings.interval.map(|i| (started + i).max(earliest));
        }
    }

    /// Takes one checkpoint: makes it durable and commits it. One that can't be stored goes along
    /// with the next, unless it is the last.
    async fn take(
        &mut self,
        tasks: &mut Tasks,
        patience: &mut Patience<'_>,
        id: CheckpointId,
        kind: CheckpointKind,
    ) -> Result<()> {
        let last = kind != CheckpointKind::Checkpoint;
        let set_aside = SetAside::now(self.dirty, self.handle);
        let barrier = Barrier {
            checkpoint: id,
            last,
        };
        let sources = self.sources_behind(tasks, patience, barrier).await?;
        let parts = self.writers_behind(tasks, patience, id).await?;
        let finished = kind == CheckpointKind::Final;
        let mut content = self.content(id, finished, &sources, &parts, set_aside);
        // Only the end of a job without checkpoints can do without: nothing is left to be done then.
        let needed = self.settings.interval.is_some() || content.has_committables();
        let bytes = match needed {
            true => match self.make_durable(patience, id, kind, &content).await? {
                Some(bytes) => bytes,
                None => return Ok(()),
            },
            false => 0,
        };
        self.commit(id).await?;
        if kind == CheckpointKind::Savepoint && content.has_committables() {
            // Who goes on from it later, perhaps with other sinks, need not commit again.
            content.forget_committables();
            let bytes = encode(StateKind::Checkpoint, &content)?;
            if let Err(error) = self.store.store_again(id, kind, &bytes).await {
                warn!(error = %error, "savepoint {id} is committed and could not be told so");
            }
        }
        if needed {
            self.left.last_success = Some(Instant::now());
            patience.succeeded(bytes);
            debug!("checkpoint {id} is durable and committed, {bytes} bytes");
        } else {
            self.handle.checkpoint_stats().given_up();
        }
        for (index, orders) in &tasks.enumerators {
            let own = sources.iter().find(|(source, _)| source == index);
            let splits = own.map(|(_, part)| &part.progress.splits);
            let positions = splits.into_iter().flatten().map(|s| s.bytes.clone());
            // One that is still busy with the last ones is told of these with the next.
            let _ = orders.try_send(Order::Durable(positions.collect()));
        }
        self.store.tidy().await;
        Ok(())
    }

    /// Takes the checkpoint that a job goes on from if it is killed before there is another: before
    /// any task runs.
    pub(crate) async fn take_first(
        &mut self,
        enumerators: &[(usize, EnumeratorTask)],
    ) -> Result<()> {
        let handle = self.handle;
        let stats = handle.checkpoint_stats();
        let mut patience = Patience::new(self.settings, stats, self.stop.clone());
        let id = self.store.next_id();
        patience.begin(id, CheckpointKind::Checkpoint);
        let mut sources = Vec::with_capacity(enumerators.len());
        for (index, enumerator) in enumerators {
            let part = enumerator.part(id);
            let name = &self.plan.nodes[*index].name;
            sources.push((*index, part.map_err(|e| e.with_context("plugin", name))?));
        }
        let set_aside = SetAside::now(self.dirty, self.handle);
        let content = self.content(id, false, &sources, &[], set_aside);
        loop {
            let kind = CheckpointKind::Checkpoint;
            let durable = self.make_durable(&mut patience, id, kind, &content);
            if let Some(bytes) = durable.await? {
                patience.succeeded(bytes);
                self.store.tidy().await;
                return Ok(());
            }
            patience.pause(self.pause()).await?;
        }
    }

    /// Stores a checkpoint and gives its size; the last one of a job is tried again and again. Gives
    /// nothing if it can't be stored and that is tolerated.
    async fn make_durable(
        &mut self,
        patience: &mut Patience<'_>,
        id: CheckpointId,
        kind: CheckpointKind,
        content: &Content,
    ) -> Result<Option<u64>> {
        let bytes = encode(StateKind::Checkpoint, content)?;
        let size = bytes.len() as u64;
        while let Err(error) = self.store.store(id, kind, &bytes).await {
            patience.not_stored(error, size)?;
            if kind == CheckpointKind::Checkpoint {
                return Ok(None);
            }
            patience.pause(self.pause()).await?;
        }
        Ok(Some(size))
    }

    fn content(
        &self,
        id: CheckpointId,
        finished: bool,
        sources: &[(usize, SourcePart)],
        parts: &[Part],
        set_aside: SetAside,
    ) -> Content {
        let assembly = Assembly {
            plan: self.plan,
            restored: self.restored,
            set_aside,
        };
        let sinks = SinkParts {
            not_durable: &self.left.not_durable,
            parts,
        };
        assembly.content(id, finished, sources, &sinks)
    }

    /// Lets the barrier in everywhere and asks each source for its part.
    async fn sources_behind(
        &self,
        tasks: &Tasks,
        patience: &mut Patience<'_>,
        barrier: Barrier,
    ) -> Result<Vec<(usize, SourcePart)>> {
        tasks.asked.send_replace(barrier);
        let id = barrier.checkpoint;
        let through = join_all(tasks.lanes.iter().map(|(_, lane)| lane.barrier(barrier)));
        let missing = || {
            let late = tasks.lanes.iter().filter(|(_, lane)| lane.through() < id);
            let late = late.map(|(source, lane)| {
                let name = &self.plan.nodes[*source].name;
                format!("{name}, reader {}", lane.reader())
            });
            late.collect::<Vec<_>>().join("; ")
        };
        patience.wait(through, missing).await?;
        let mut parts = Vec::with_capacity(tasks.enumerators.len());
        for (source, orders) in &tasks.enumerators {
            let part = async {
                let (answer, answered) = oneshot::channel();
                let sent = orders.send(Order::Snapshot(id, answer)).await;
                sent.map_err(|_| Error::cancelled())?;
                answered.await.map_err(|_| Error::cancelled())
            };
            let name = || format!("{}, enumerator", self.plan.nodes[*source].name);
            parts.push((*source, patience.wait(part, name).await??));
        }
        Ok(parts)
    }

    /// Waits until all writers have done their part; keeps what they have prepared.
    async fn writers_behind(
        &mut self,
        tasks: &mut Tasks,
        patience: &mut Patience<'_>,
        id: CheckpointId,
    ) -> Result<Vec<Part>> {
        let waiting: HashSet<(usize, usize)> = tasks.writers.iter().copied().collect();
        let waiting = Mutex::new(waiting);
        let lock = || waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = || {
            let mut late: Vec<_> = lock().iter().copied().collect();
            late.sort_unstable();
            let late = late
                .into_iter()
                .map(|(sink, subtask)| format!("{}, writer {subtask}", self.plan.nodes[sink].name));
            late.collect::<Vec<_>>().join("; ")
        };
        // Outside of the future, so that nothing is lost when the job stops.
        let parts = Mutex::new(Vec::new());
        let keep = |part| {
            parts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(part)
        };
        let all = async {
            while !lock().is_empty() {
                match tasks.prepared.recv().await {
                    Some(Prepared::Part(part)) => {
                        if part.checkpoint == id {
                            lock().remove(&(part.sink, part.subtask));
                        }
                        keep(part);
                    }
                    Some(Prepared::LeftBehind(sink, committables)) => keep(Part {
                        checkpoint: id,
                        sink,
                        subtask: usize::MAX,
                        committables,
                        passed: Default::default(),
                    }),
                    None => return Err(Error::cancelled()),
                }
            }
            Ok(())
        };
        let waited = patience.wait(all, missing).await;
        let mut parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
        parts.sort_by_key(|part| (part.sink, part.subtask));
        for part in &mut parts {
            self.keep(part.sink, std::mem::take(&mut part.committables));
        }
        waited??;
        Ok(parts)
    }

    /// Commits what is durable now.
    async fn commit(&mut self, id: CheckpointId) -> Result<()> {
        let durable = std::mem::take(&mut self.left.not_durable);
        self.left.not_committed = durable;
        commit(self.plan, &mut self.left.not_committed).await?;
        self.store.committed(id);
        Ok(())
    }

    /// Keeps what a writer has prepared, behind what it has prepared before.
    fn keep(&mut self, sink: usize, committables: Vec<Vec<u8>>) {
        if committables.is_empty() {
            return;
        }
        let all = &mut self.left.not_durable;
        match all.binary_search_by_key(&sink, |(index, _)| *index) {
            Ok(at) => all[at].1.extend(committables),
            Err(at) => all.insert(at, (sink, committables)),
        }
    }

    /// Between two attempts to store the last checkpoint.
    fn pause(&self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(1);
        self.settings.interval.unwrap_or(LONGEST).min(LONGEST)
    }
}
