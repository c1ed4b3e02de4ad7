//! One attempt at a job: all tasks, and what became of them.

use std::collections::HashMap;
use std::sync::Arc;

use seatunnel_api::erased::{DynEnumerator, DynSource};
use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{Error, JobMode, Metrics, NextDiscovery, Result, TaskContext, codes};
use seatunnel_translation::{Chain, DirtySinks, reached};
use tokio::sync::mpsc::{self, Sender, UnboundedReceiver};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::commit::Committables;
use crate::engine::{EngineOptions, panicked};
use crate::handle::JobHandle;
use crate::rate_limit::RateLimit;
use crate::reader_task::{ReaderTask, TaskEmitter};
use crate::split_queue::SplitQueue;
use crate::writer_task::{Message, WriterTask};

/// How an attempt ended.
pub(crate) enum Outcome {
    /// Everything is written; this is to be committed.
    Done(Committables),
    /// The first cause, and what some writers had prepared nevertheless.
    Failed(Error, Committables),
}

/// What a task brings home.
enum Brought {
    Nothing,
    /// Of the sink at this position.
    Committables(usize, Vec<Vec<u8>>),
}

pub(crate) struct Attempt<'a> {
    plan: &'a JobPlan,
    handle: &'a JobHandle,
    options: EngineOptions,
    dirty: &'a DirtySinks,
    metrics: Vec<Metrics>,
    tasks: JoinSet<Result<Brought>>,
    /// Which node of the plan a task belongs to, for messages.
    owners: HashMap<Id, usize>,
    /// Tells all tasks that one has failed.
    stop: CancellationToken,
    /// Tells readers to end as if there were no more to read.
    end_early: CancellationToken,
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(
        plan: &'a JobPlan,
        handle: &'a JobHandle,
        dirty: &'a DirtySinks,
        options: EngineOptions,
    ) -> Self {
        let (stop, end_early) = match plan.job.mode {
            // A cancelled batch job throws away what is not committed; a cancelled streaming job
            // commits what it has read.
            JobMode::Batch => (handle.token().child_token(), CancellationToken::new()),
            JobMode::Streaming => (CancellationToken::new(), handle.token().child_token()),
        };
        Self {
            plan,
            handle,
            options,
            dirty,
            metrics: handle.all_metrics(),
            tasks: JoinSet::new(),
            owners: HashMap::new(),
            stop,
            end_early,
        }
    }

    pub(crate) async fn run(mut self) -> Outcome {
        if let Err(error) = self.start().await {
            self.stop.cancel();
            let (_, committables) = self.join().await;
            return Outcome::Failed(error, committables);
        }
        let (failure, committables) = self.join().await;
        match failure {
            None => Outcome::Done(committables),
            Some(error) => Outcome::Failed(error, committables),
        }
    }

    /// Starts all tasks.
    async fn start(&mut self) -> Result<()> {
        let mut writers: Vec<Vec<Sender<Message>>> = vec![Vec::new(); self.plan.nodes.len()];
        let sources: Vec<(usize, Vec<bool>)> = self
            .plan
            .sources()
            .map(|index| (index, reached(self.plan, index)))
            .collect();
        for sink in self.plan.sinks() {
            let feeding: Vec<usize> = sources
                .iter()
                .filter(|(_, reached)| reached[sink])
                .map(|(source, _)| self.parallelism(*source))
                .collect();
            writers[sink] = self.start_writers(sink, &feeding);
        }
        for (source, _) in sources {
            self.start_readers(source, &writers).await?;
        }
        Ok(())
    }

    fn parallelism(&self, source: usize) -> usize {
        match self.plan.nodes[source].kind {
            NodeKind::Source { parallelism, .. } => parallelism.max(1),
            _ => 1,
        }
    }

    /// Starts the writers of a sink; `feeding` has the number of readers of each of its sources.
    fn start_writers(&mut self, sink: usize, feeding: &[usize]) -> Vec<Sender<Message>> {
        let NodeKind::Sink(dyn_sink) = &self.plan.nodes[sink].kind else {
            return Vec::new();
        };
        let count = feeding.iter().copied().max().unwrap_or(1);
        (0..count)
            .map(|subtask| {
                let (sender, messages) = mpsc::channel(self.options.channel_depth);
                let task = WriterTask {
                    sink: dyn_sink.clone(),
                    context: self.context(sink, subtask, count),
                    messages,
                    readers: feeding.iter().filter(|readers| **readers > subtask).count(),
                    stop: self.stop.clone(),
                };
                let spawned = self.tasks.spawn(async move {
                    let committables = task.run().await?;
                    Ok(Brought::Committables(sink, committables))
                });
                self.owners.insert(spawned.id(), sink);
                sender
            })
            .collect()
    }

    /// Starts the enumerator and the readers of a source. Reader `i` sends to writer `i` of each
    /// sink, so that the rows of a split stay in order.
    async fn start_readers(
        &mut self,
        index: usize,
        writers: &[Vec<Sender<Message>>],
    ) -> Result<()> {
        let NodeKind::Source { source, .. } = &self.plan.nodes[index].kind else {
            return Ok(());
        };
        let name = &self.plan.nodes[index].name;
        let parallelism = self.parallelism(index);
        let mut enumerator = source
            .enumerator(parallelism, None)
            .await
            .map_err(|e| e.with_context("plugin", name))?;
        let first = enumerator
            .discover()
            .await
            .map_err(|e| e.with_context("plugin", name))?;
        let queue = Arc::new(SplitQueue::default());
        let metrics = self.metrics[index].clone();
        metrics.splits().add(first.splits.len() as u64);
        queue.push(first.splits);
        let (finished, finished_splits) = mpsc::unbounded_channel();
        let goes_on = first.next != NextDiscovery::Never;
        if goes_on {
            let discovery = Discovery {
                enumerator,
                queue: queue.clone(),
                finished: finished_splits,
                metrics,
                stop: self.stop.clone(),
                end_early: self.end_early.clone(),
            };
            let spawned = self.tasks.spawn(discovery.run(first.next));
            self.owners.insert(spawned.id(), index);
        } else {
            queue.close();
        }
        for subtask in 0..parallelism {
            let emitter = self.emitter(index, subtask, writers, goes_on);
            let task = ReaderTask {
                source: Arc::<dyn DynSource>::clone(source),
                context: self.context(index, subtask, parallelism),
                splits: queue.clone(),
                finished: finished.clone(),
                emitter,
                stop: self.stop.clone(),
                end_early: self.end_early.clone(),
            };
            let spawned = self.tasks.spawn(async move {
                task.run().await?;
                Ok(Brought::Nothing)
            });
            self.owners.insert(spawned.id(), index);
        }
        Ok(())
    }

    fn emitter(
        &self,
        source: usize,
        subtask: usize,
        writers: &[Vec<Sender<Message>>],
        wants_positions: bool,
    ) -> TaskEmitter {
        let chain = Chain::new(self.plan, source, subtask, &self.metrics, self.dirty);
        let mut channels = vec![None; self.plan.nodes.len()];
        for sink in chain.sinks() {
            channels[sink] = writers[sink].get(subtask).cloned();
        }
        TaskEmitter {
            chain,
            channels,
            metrics: self.metrics[source].clone(),
            limit: RateLimit::new(&self.plan.env),
            batch_size: self.options.batch_size,
            wants_positions,
            position: None,
            deliveries: Vec::new(),
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

    /// Waits for all tasks. The first that fails stops the others; its error is the cause.
    async fn join(&mut self) -> (Option<Error>, Committables) {
        let mut failure: Option<Error> = None;
        let mut by_sink: HashMap<usize, Vec<Vec<u8>>> = HashMap::new();
        while let Some(joined) = self.tasks.join_next_with_id().await {
            let error = match joined {
                Ok((_, Ok(Brought::Nothing))) => continue,
                Ok((_, Ok(Brought::Committables(sink, own)))) => {
                    by_sink.entry(sink).or_default().extend(own);
                    continue;
                }
                Ok((id, Err(error))) => error.with_context("plugin", self.owner(id)),
                Err(join) => {
                    let owner = self.owner(join.id()).to_owned();
                    match join.try_into_panic() {
                        Ok(panic) => panicked(&owner, panic),
                        Err(_) => Error::cancelled(),
                    }
                }
            };
            self.stop.cancel();
            // Tasks that stop because another failed say so; that is never the cause.
            let is_echo = |e: &Error| e.code() == codes::CANCELLED;
            if failure.as_ref().is_none_or(is_echo) && !(failure.is_some() && is_echo(&error)) {
                failure = Some(error);
            }
        }
        if self.handle.is_cancelled() && failure.is_some() {
            failure = failure.map(|e| {
                if e.code() == codes::CANCELLED {
                    Error::cancelled()
                } else {
                    e
                }
            });
        }
        let mut committables: Committables = by_sink.into_iter().collect();
        committables.sort_unstable_by_key(|(sink, _)| *sink);
        (failure, committables)
    }

    fn owner(&self, task: Id) -> &str {
        self.owners
            .get(&task)
            .map_or("the engine", |index| &self.plan.nodes[*index].name)
    }
}

/// Asks an enumerator again and again.
struct Discovery {
    enumerator: Box<dyn DynEnumerator>,
    queue: Arc<SplitQueue>,
    finished: UnboundedReceiver<Vec<u8>>,
    metrics: Metrics,
    stop: CancellationToken,
    end_early: CancellationToken,
}

impl Discovery {
    async fn run(mut self, mut next: NextDiscovery) -> Result<Brought> {
        loop {
            let wait = async {
                match next {
                    NextDiscovery::After(pause) => tokio::time::sleep(pause).await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return Ok(Brought::Nothing),
                () = self.end_early.cancelled() => return Ok(Brought::Nothing),
                Some(split) = self.finished.recv() => {
                    self.enumerator.split_finished(&split).await?;
                }
                () = wait => {}
            }
            let found = self.enumerator.discover().await?;
            self.metrics.splits().add(found.splits.len() as u64);
            self.queue.push(found.splits);
            next = found.next;
            if next == NextDiscovery::Never {
                self.queue.close();
                return Ok(Brought::Nothing);
            }
        }
    }
}
