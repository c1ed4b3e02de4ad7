//! A job in one of the processes that run it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{
    Boundedness, Error, JobContext, JobMode, Metrics, Registry, Result, TaskContext,
    codes as api_codes,
};
use seatunnel_config::job::{Overrides, build};
use seatunnel_translation::{DirtySinks, commit, reached, same_nodes};
use tokio::sync::OnceCell;

use crate::codes;
use crate::part::Part;
use crate::payload::JobPayload;
use crate::workers::Workers;

/// How long a job stays open after the last who had it: tasks of one job come one after the other,
/// and each would connect anew to what the job reads from.
const LINGER: Duration = Duration::from_secs(5);
/// When checkpoints of a streaming job are taken if its file does not say.
const STREAMING_INTERVAL: u64 = 10_000;

/// A job in one of the processes that run it: the coordinator's or a task's. All who open the same
/// payload in one process share it.
pub struct Job {
    plan: JobPlan,
    payload: JobPayload,
    workers: Workers,
    metrics: Vec<Metrics>,
    dirty: DirtySinks,
}

/// What an engine must know of a source.
#[derive(Clone, Debug)]
pub struct SourceInfo {
    /// Its position in the plan.
    pub node: usize,
    /// What messages call it.
    pub name: String,
    /// How many readers it gets.
    pub parallelism: usize,
    /// Whether it ends.
    pub bounded: bool,
    /// Positions of the sinks that its rows reach.
    pub sinks: Vec<usize>,
}

/// What an engine must know of a sink.
#[derive(Clone, Debug)]
pub struct SinkInfo {
    /// Its position in the plan.
    pub node: usize,
    /// What messages call it.
    pub name: String,
    /// How many writers it gets: as many as its widest source has readers.
    pub parallelism: usize,
}

type Opening = OnceCell<Arc<Job>>;
/// The jobs that are open in this process, by a hash of their payload.
static OPEN: Mutex<Option<HashMap<u64, Weak<Opening>>>> = Mutex::new(None);

/// Somebody's hold on a job.
pub struct JobHold {
    job: Arc<Job>,
    opening: Option<Arc<Opening>>,
}

impl JobHold {
    /// The job.
    pub fn job(&self) -> &Arc<Job> {
        &self.job
    }
}

impl Drop for JobHold {
    fn drop(&mut self) {
        let (job, opening) = (self.job.clone(), self.opening.take());
        let workers = job.workers.clone();
        if Arc::strong_count(&job) > 3 {
            // Others have it.
            return;
        }
        workers.clone().spawn(async move {
            tokio::time::sleep(LINGER).await;
            drop((opening, job));
            drop(workers);
        });
    }
}

impl Job {
    /// Opens a job: makes its sources, transforms and sinks.
    ///
    /// # Errors
    /// If one of them can't be made.
    pub fn open(payload: &[u8], registry: &Registry) -> Result<JobHold> {
        let mut hasher = DefaultHasher::new();
        payload.hash(&mut hasher);
        let opening = {
            let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
            let open = open.get_or_insert_default();
            open.retain(|_, opening| opening.strong_count() > 0);
            let known = open.get(&hasher.finish()).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let opening = Arc::new(Opening::new());
                open.insert(hasher.finish(), Arc::downgrade(&opening));
                opening
            })
        };
        let workers = Workers::get()?;
        let job = workers.wait(opening.get_or_try_init(|| Self::make(payload, registry)))?;
        Ok(JobHold {
            job: job.clone(),
            opening: Some(opening.clone()),
        })
    }

    async fn make(payload: &[u8], registry: &Registry) -> Result<Arc<Self>> {
        let payload = JobPayload::from_bytes(payload)?;
        let spec = payload.spec()?;
        let overrides = Overrides {
            job_name: payload.name.clone(),
            job_id: Some(payload.id.clone()),
        };
        let plan = build(&spec, registry, &overrides).await?;
        let dirty = DirtySinks::open(&plan)?;
        dirty.start_attempt(&vec![0; plan.nodes.len()]);
        Ok(Arc::new(Self {
            metrics: plan.nodes.iter().map(|_| Metrics::new()).collect(),
            workers: Workers::get()?,
            payload,
            plan,
            dirty,
        }))
    }

    /// The plan.
    pub fn plan(&self) -> &JobPlan {
        &self.plan
    }

    /// What the launcher sent.
    pub fn payload(&self) -> &JobPayload {
        &self.payload
    }

    /// The threads that work for it.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Milliseconds between checkpoints; none if none are to be taken.
    pub fn checkpoint_interval(&self) -> Option<u64> {
        let given = self.plan.env.checkpoint_interval;
        match self.plan.job.mode {
            JobMode::Streaming => Some(given.unwrap_or(STREAMING_INTERVAL)),
            JobMode::Batch => given,
        }
    }

    /// Its sources.
    pub fn sources(&self) -> Vec<SourceInfo> {
        let of = |index: usize| {
            let NodeKind::Source {
                source,
                parallelism,
            } = &self.plan.nodes[index].kind
            else {
                return None;
            };
            let reached = reached(&self.plan, index);
            Some(SourceInfo {
                node: index,
                name: self.plan.nodes[index].name.clone(),
                parallelism: (*parallelism).max(1),
                bounded: source.boundedness() == Boundedness::Bounded,
                sinks: self.plan.sinks().filter(|sink| reached[*sink]).collect(),
            })
        };
        self.plan.sources().filter_map(of).collect()
    }

    /// Its sinks.
    pub fn sinks(&self) -> Vec<SinkInfo> {
        let sources = self.sources();
        let of = |node: usize| {
            let feeding = sources.iter().filter(|source| source.sinks.contains(&node));
            SinkInfo {
                node,
                name: self.plan.nodes[node].name.clone(),
                parallelism: feeding.map(|source| source.parallelism).max().unwrap_or(1),
            }
        };
        self.plan.sinks().map(of).collect()
    }

    pub(crate) fn source(&self, node: usize) -> Result<(&Arc<dyn DynSource>, &str)> {
        match self.plan.nodes.get(node).map(|n| (&n.kind, &n.name)) {
            Some((NodeKind::Source { source, .. }, name)) => Ok((source, name)),
            _ => Err(no_such("source", node)),
        }
    }

    pub(crate) fn sink(&self, node: usize) -> Result<(&Arc<dyn DynSink>, &str)> {
        match self.plan.nodes.get(node).map(|n| (&n.kind, &n.name)) {
            Some((NodeKind::Sink(sink), name)) => Ok((sink, name)),
            _ => Err(no_such("sink", node)),
        }
    }

    pub(crate) fn metrics(&self) -> &[Metrics] {
        &self.metrics
    }

    pub(crate) fn dirty(&self) -> &DirtySinks {
        &self.dirty
    }

    pub(crate) fn context(&self, node: usize, subtask: usize, parallelism: usize) -> TaskContext {
        // Counters of its own: what others of this process count is told by themselves.
        let metrics = Metrics::new();
        TaskContext {
            job: self.plan.job.clone(),
            subtask,
            parallelism,
            dirty: self.dirty.of(&self.plan, node, subtask, &metrics),
            metrics,
        }
    }

    /// Makes visible what writers have prepared, in the order of checkpoints.
    ///
    /// # Errors
    /// If a sink can't; what it could not do may be given again.
    pub fn commit(&self, parts: Vec<Part>) -> Result<()> {
        self.workers
            .wait(commit::commit(&self.plan, &mut self.by_sink(parts)?))
    }

    /// Takes back what writers have prepared and nobody will commit.
    ///
    /// # Errors
    /// If a part is of another job. What can't be taken back is logged.
    pub fn abort(&self, parts: Vec<Part>) -> Result<()> {
        let committables = self.by_sink(parts)?;
        self.workers.wait(commit::abort(&self.plan, committables));
        Ok(())
    }

    /// Takes back what else tasks of this job have prepared: those of processes that are gone.
    ///
    /// # Errors
    /// If something had to be left behind.
    pub fn discard(&self) -> Result<()> {
        let discarded = commit::discard_leftovers(&self.plan, &self.plan.job.id);
        self.workers.wait(discarded)
    }

    /// Takes back what tasks have prepared under another number: those of an earlier attempt.
    ///
    /// # Errors
    /// If something had to be left behind.
    pub fn discard_attempt(&self, id: &str) -> Result<()> {
        let id = id.into();
        let discarded = commit::discard_leftovers(&self.plan, &id);
        self.workers.wait(discarded)
    }

    /// The end of a job that did not fail, for one sink or for all.
    ///
    /// # Errors
    /// If what was written is not what was asked for.
    pub fn finish(&self, sink: Option<usize>) -> Result<()> {
        match sink {
            None => self.workers.wait(commit::finish(&self.plan)),
            Some(node) => {
                let (sink, name) = self.sink(node)?;
                let finished = self.workers.wait(sink.finish());
                finished.map_err(|e| e.with_context("plugin", name))
            }
        }
    }

    pub(crate) fn by_sink(&self, mut parts: Vec<Part>) -> Result<commit::Committables> {
        for part in &mut parts {
            part.sink = self.same_sink(part)?;
        }
        parts.sort_by_key(|part| (part.sink, part.checkpoint, part.subtask));
        let mut all = commit::Committables::new();
        for part in parts {
            self.sink(part.sink)?;
            if all.last().is_none_or(|(sink, _)| *sink != part.sink) {
                all.push((part.sink, Vec::new()));
            }
            if let Some((_, own)) = all.last_mut() {
                own.extend(part.into_committables());
            }
        }
        all.retain(|(_, own)| !own.is_empty());
        Ok(all)
    }

    /// Positions and names of the plan's sinks.
    pub(crate) fn sink_names(&self) -> Vec<(usize, String)> {
        let name = |node: usize| (node, self.plan.nodes[node].name.clone());
        self.plan.sinks().map(name).collect()
    }

    /// Where the sink of a part is in this plan.
    fn same_sink(&self, part: &Part) -> Result<usize> {
        let Some(at) = part.sinks.iter().position(|(node, _)| *node == part.sink) else {
            return Ok(part.sink);
        };
        let nodes: Vec<usize> = self.plan.sinks().collect();
        let names = part.sinks.iter().map(|(_, name)| name.as_str());
        let found = same_nodes(&self.plan, names, &nodes)[at];
        found.ok_or_else(|| {
            let name = &part.sinks[at].1;
            Error::new(
                codes::PLAN_DIFFERS,
                format!("the job file has changed: {name} is gone, and has prepared rows that are not committed"),
            )
            .with_help("change it back, and take the sink out when the job has ended or stopped in order")
        })
    }

    /// The job, as connectors see it.
    pub fn context_of_job(&self) -> &JobContext {
        &self.plan.job
    }
}

fn no_such(what: &str, node: usize) -> Error {
    Error::new(
        codes::PLAN_DIFFERS,
        format!("node {node} of the job is no {what}"),
    )
}

/// What a panic of a connector becomes.
pub(crate) fn panicked(name: &str, error: tokio::task::JoinError) -> Error {
    match error.try_into_panic() {
        Ok(panic) => commit::panicked(name, panic),
        Err(_) => Error::new(api_codes::CANCELLED, "the job was cancelled"),
    }
}
