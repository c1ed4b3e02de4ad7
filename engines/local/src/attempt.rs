//! One attempt at a job: all tasks, and what became of them.

use std::collections::HashMap;
use std::sync::Arc;

use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{Error, Metrics, Result, TaskContext, codes};
use seatunnel_translation::{Chain, DirtySinks, reached};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::alignment::Alignment;
use crate::checkpoint::{Coordinator, JobEnd, LeftOver, Restored, Settings, Store, Tasks};
use crate::engine::EngineOptions;
use crate::enumerator_task::EnumeratorTask;
use crate::handle::JobHandle;
use crate::lane::{Barrier, Lane, Message};
use crate::reader_task::{LaneEmitter, ReaderTask};
use crate::writer_task::{Prepared, WriterTask};
use seatunnel_translation::RateLimit;
use seatunnel_translation::commit::panicked;

pub(crate) struct Attempt<'a> {
    pub(crate) plan: &'a JobPlan,
    pub(crate) handle: &'a JobHandle,
    pub(crate) options: EngineOptions,
    pub(crate) dirty: &'a DirtySinks,
    /// What it goes on from.
    pub(crate) restored: Option<&'a Restored>,
    pub(crate) store: &'a mut Store,
    /// A checkpoint is to be there before the first row is read.
    pub(crate) checkpoint_first: bool,
    /// What it leaves when it fails.
    pub(crate) left: &'a mut LeftOver,
}

/// The tasks, as long as they run.
struct Running {
    tasks: JoinSet<Result<()>>,
    /// Which node of the plan a task belongs to, for messages.
    owners: HashMap<Id, usize>,
    /// Tells all tasks that one has failed.
    stop: CancellationToken,
}

/// The channels into one writer, by the sources that feed it.
type Inputs = HashMap<usize, Sender<Message>>;

impl Attempt<'_> {
    pub(crate) async fn run(self) -> Result<JobEnd> {
        let settings = Settings::of(self.plan);
        let enumerators = self.start_enumerators().await?;
        let mut running = Running {
            tasks: JoinSet::new(),
            owners: HashMap::new(),
            stop: self.handle.token().child_token(),
        };
        let stop = running.stop.clone();
        let mut coordinator = Coordinator {
            plan: self.plan,
            handle: self.handle,
            dirty: self.dirty,
            settings,
            store: self.store,
            restored: self.restored,
            stop,
            left: self.left,
        };
        if self.checkpoint_first {
            coordinator.take_first(&enumerators).await?;
        }
        let starting = Starting {
            plan: self.plan,
            options: self.options,
            dirty: self.dirty,
            metrics: self.handle.all_metrics(),
            takes_checkpoints: settings.interval.is_some(),
        };
        let tasks = starting.start(&mut running, enumerators);
        let (end, failure) = tokio::join!(coordinator.run(tasks), running.join(self.plan));
        match (end, failure) {
            (Ok(end), None) => Ok(end),
            // Asked to stop when all was done.
            (Ok(end), Some(failure)) if failure.code() == codes::CANCELLED => Ok(end),
            // A task that failed is the cause of what the coordinator says, unless it only stopped.
            (Err(error), Some(failure)) if failure.code() == codes::CANCELLED => Err(error),
            (_, Some(failure)) => Err(failure),
            (Err(error), None) => Err(error),
        }
    }

    /// Makes the enumerators and lets them find the first splits.
    async fn start_enumerators(&self) -> Result<Vec<(usize, EnumeratorTask)>> {
        let mut enumerators = Vec::new();
        for index in self.plan.sources() {
            let node = &self.plan.nodes[index];
            let NodeKind::Source {
                source,
                parallelism,
            } = &node.kind
            else {
                continue;
            };
            let restored = self.restored.and_then(|restored| restored.source(index));
            let started = EnumeratorTask::start(
                &node.name,
                source.as_ref(),
                (*parallelism).max(1),
                restored,
                self.handle.metrics(index).clone(),
            );
            // A source that can't be reached must not keep a cancelled job.
            let started = tokio::select! {
                biased;
                () = self.handle.cancelled() => return Err(Error::cancelled()),
                started = started => started?,
            };
            enumerators.push((index, started));
        }
        Ok(enumerators)
    }
}

impl Running {
    fn spawn(&mut self, node: usize, task: impl Future<Output = Result<()>> + Send + 'static) {
        let spawned = self.tasks.spawn(task);
        self.owners.insert(spawned.id(), node);
    }

    /// Waits for all tasks. The first that fails stops the others; its error is the cause.
    async fn join(&mut self, plan: &JobPlan) -> Option<Error> {
        let mut failure: Option<Error> = None;
        while let Some(joined) = self.tasks.join_next_with_id().await {
            let error = match joined {
                Ok((_, Ok(()))) => continue,
                Ok((id, Err(error))) => error.with_context("plugin", self.owner(plan, id)),
                Err(join) => {
                    let owner = self.owner(plan, join.id()).to_owned();
                    match join.try_into_panic() {
                        Ok(panic) => panicked(&owner, panic),
                        Err(_) => Error::cancelled(),
                    }
                }
            };
            self.stop.cancel();
            // Tasks that stop because another failed say so; that is never the cause.
            let is_echo = error.code() == codes::CANCELLED;
            let known = failure.as_ref().map(|known| known.code());
            if known.is_none() || (known == Some(codes::CANCELLED) && !is_echo) {
                failure = Some(if is_echo { Error::cancelled() } else { error });
            }
        }
        failure
    }

    fn owner<'p>(&self, plan: &'p JobPlan, task: Id) -> &'p str {
        self.owners
            .get(&task)
            .map_or("the engine", |index| &plan.nodes[*index].name)
    }
}

/// Starts the tasks of an attempt.
struct Starting<'a> {
    plan: &'a JobPlan,
    options: EngineOptions,
    dirty: &'a DirtySinks,
    metrics: Vec<Metrics>,
    takes_checkpoints: bool,
}

impl Starting<'_> {
    /// Reader `i` of a source sends to writer `i` of each sink that it reaches, so that the rows of
    /// a split stay in order; a sink has as many writers as the widest of its sources has readers.
    fn start(&self, running: &mut Running, enumerators: Vec<(usize, EnumeratorTask)>) -> Tasks {
        let asked = watch::Sender::new(Barrier::default());
        let sources: Vec<(usize, usize, Vec<bool>)> = self
            .plan
            .sources()
            .map(|index| (index, self.readers(index), reached(self.plan, index)))
            .collect();
        let mut writers = Vec::new();
        let mut inputs: Vec<Vec<Inputs>> = Vec::new();
        for sink in 0..self.plan.nodes.len() {
            let feeding: Vec<(usize, usize)> = sources
                .iter()
                .filter(|(_, _, reached)| reached[sink])
                .map(|(source, readers, _)| (*source, *readers))
                .collect();
            let (own, channels) = self.channels(sink, &feeding);
            inputs.push(own);
            writers.extend(channels);
        }
        // Each has at most its part of a checkpoint and what it leaves behind in there.
        let (prepared, all_prepared) = mpsc::channel::<Prepared>(2 * writers.len().max(1));
        let places = writers
            .iter()
            .map(|(sink, subtask, _, _)| (*sink, *subtask));
        let places = places.collect();
        for (sink, subtask, count, receivers) in writers {
            let NodeKind::Sink(dyn_sink) = &self.plan.nodes[sink].kind else {
                continue;
            };
            let task = WriterTask {
                index: sink,
                sink: dyn_sink.clone(),
                context: self.context(sink, subtask, count),
                inputs: Alignment::new(receivers),
                asked: asked.subscribe(),
                prepared: prepared.clone(),
                stop: running.stop.clone(),
            };
            running.spawn(sink, task.run());
        }
        let all: usize = sources.iter().map(|(_, readers, _)| readers).sum();
        let still_running = Arc::new(watch::Sender::new(all));
        let running_readers = still_running.subscribe();
        let mut lanes = Vec::with_capacity(all);
        let mut orders = Vec::with_capacity(enumerators.len());
        for (index, enumerator) in enumerators {
            let own = self.start_readers(running, index, &enumerator, &inputs, &still_running);
            lanes.extend(own.into_iter().map(|lane| (index, lane)));
            let (sender, receiver) = EnumeratorTask::orders();
            orders.push((index, sender));
            running.spawn(index, enumerator.run(receiver, running.stop.clone()));
        }
        Tasks {
            lanes,
            enumerators: orders,
            writers: places,
            asked,
            prepared: all_prepared,
            running: running_readers,
        }
    }

    /// A channel for each reader that sends to a sink: the senders of each writer, and the writers.
    #[allow(
        clippy::type_complexity,
        reason = "used once, next to where it is made"
    )]
    fn channels(
        &self,
        sink: usize,
        feeding: &[(usize, usize)],
    ) -> (
        Vec<Inputs>,
        Vec<(usize, usize, usize, Vec<Receiver<Message>>)>,
    ) {
        if !matches!(self.plan.nodes[sink].kind, NodeKind::Sink(_)) {
            return (Vec::new(), Vec::new());
        }
        let widest = feeding.iter().map(|(_, readers)| *readers).max();
        let count = widest.unwrap_or(1);
        let writers = (0..count).map(|subtask| {
            let mut senders = Inputs::new();
            let mut receivers = Vec::new();
            for (source, _) in feeding.iter().filter(|(_, readers)| *readers > subtask) {
                let (sender, receiver) = mpsc::channel(self.options.channel_depth);
                senders.insert(*source, sender);
                receivers.push(receiver);
            }
            (senders, (sink, subtask, count, receivers))
        });
        writers.unzip()
    }

    fn start_readers(
        &self,
        running: &mut Running,
        index: usize,
        enumerator: &EnumeratorTask,
        inputs: &[Vec<Inputs>],
        still_running: &Arc<watch::Sender<usize>>,
    ) -> Vec<Arc<Lane>> {
        let NodeKind::Source { source, .. } = &self.plan.nodes[index].kind else {
            return Vec::new();
        };
        let readers = self.readers(index);
        let mut lanes = Vec::with_capacity(readers);
        for subtask in 0..readers {
            let chain = Chain::new(self.plan, index, subtask, &self.metrics, self.dirty);
            let mut channels = vec![None; self.plan.nodes.len()];
            for sink in chain.sinks() {
                let writer = inputs[sink].get(subtask);
                channels[sink] = writer.and_then(|own| own.get(&index)).cloned();
            }
            let lane = Arc::new(Lane::new(subtask, enumerator.board().clone(), channels));
            lanes.push(lane.clone());
            let task = ReaderTask {
                source: source.clone(),
                context: self.context(index, subtask, readers),
                emitter: LaneEmitter {
                    lane,
                    chain,
                    metrics: self.metrics[index].clone(),
                    limit: RateLimit::new(&self.plan.env),
                    batch_size: self.options.batch_size,
                    wants_positions: self.takes_checkpoints || enumerator.goes_on(),
                    deliveries: Vec::new(),
                },
                stop: running.stop.clone(),
                running: still_running.clone(),
            };
            running.spawn(index, task.run());
        }
        lanes
    }

    fn readers(&self, source: usize) -> usize {
        match self.plan.nodes[source].kind {
            NodeKind::Source { parallelism, .. } => parallelism.max(1),
            _ => 1,
        }
    }

    fn context(&self, node: usize, subtask: usize, parallelism: usize) -> TaskContext {
        TaskContext {
            job: self.plan.job.clone(),
            subtask,
            parallelism,
            metrics: self.metrics[node].clone(),
            dirty: self.dirty.of(self.plan, node, subtask, &self.metrics[node]),
        }
    }
}
