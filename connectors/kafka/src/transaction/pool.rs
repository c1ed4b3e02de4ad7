//! The transactions of one sink: which are prepared, which ids are free, which rest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use seatunnel_api::{Error, JobContext, Result};
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinSet;

use super::Prepared;
use super::coordinator::Coordinators;
use super::live::{Claim, LiveTransaction};
use super::recover::{self, End};
use crate::codes;
use crate::sink::client;

/// What `transaction.max.timeout.ms` is by default, for brokers that won't tell.
const USUAL_LONGEST: Duration = Duration::from_secs(15 * 60);

/// More is not asked for unless the user does: an abandoned transaction hides what is behind it in its
/// partitions from consumers for so long.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long records are tried by default, in milliseconds; less if a transaction does not live for so long.
const DELIVERY_TIMEOUT: u128 = 300_000;

/// The transactions of one sink in this process. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Transactions(Arc<Shared>);

struct Shared {
    /// Of the producers, without `transactional.id`.
    config: ClientConfig,
    prefix: String,
    job: Arc<str>,
    sink: String,
    /// That all rows go to, unless they choose.
    topics: Vec<String>,
    /// `config` with timeouts and sizes, once it is known what the brokers allow.
    complete: tokio::sync::OnceCell<ClientConfig>,
    /// For commits; writers have their own.
    coordinators: AsyncMutex<Coordinators>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Wait for commit or abort, by transactional id.
    prepared: HashMap<String, Waiting>,
    /// Ended; not to be used until a later checkpoint is committed.
    resting: Vec<Resting>,
    /// Ready for the next transaction.
    free: Vec<LiveTransaction>,
    /// Ids of this process that nobody needs any more.
    spare: Vec<Claim>,
}

/// A transaction that waits for its end.
struct Waiting {
    /// The writer's task that has prepared it.
    subtask: usize,
    holder: Holder,
    prepared: Prepared,
}

struct Resting {
    /// The id may be used again when a checkpoint behind this one is committed.
    checkpoint: u64,
    holder: Holder,
}

/// What keeps others from using an id.
enum Holder {
    Live(LiveTransaction),
    /// Of this process, and its producer is closed.
    Own(Claim),
    /// Of another process, or of one before: committed without a producer.
    Foreign(Claim),
}

impl Holder {
    fn id(&self) -> &str {
        match self {
            Self::Live(live) => live.id(),
            Self::Own(claim) | Self::Foreign(claim) => claim.id(),
        }
    }

    /// Closes the producer, if there is one; the transaction stays as it is.
    async fn close(self) -> Self {
        match self {
            Self::Live(live) => Self::Own(live.close().await),
            closed => closed,
        }
    }
}

impl Transactions {
    /// For one sink. `sink` tells sinks of a job apart that use transactions at the same time.
    ///
    /// # Errors
    /// If settings of the client work only without transactions.
    pub(crate) fn new(
        config: ClientConfig,
        prefix: &str,
        job: &JobContext,
        sink: String,
        topics: Vec<String>,
    ) -> Result<Self> {
        let coordinators = Coordinators::new(&config)?;
        Ok(Self(Arc::new(Shared {
            config,
            prefix: prefix.to_owned(),
            job: job.id.clone(),
            sink,
            topics,
            complete: tokio::sync::OnceCell::new(),
            coordinators: AsyncMutex::new(coordinators),
            state: Mutex::default(),
        })))
    }

    /// Connections of a writer's own.
    ///
    /// # Errors
    /// None that [`Transactions::new`] had not.
    pub(crate) fn coordinators(&self) -> Result<Coordinators> {
        Coordinators::new(&self.0.config)
    }

    /// Whether the brokers can do what is needed.
    ///
    /// # Errors
    /// If they can't, or can't be asked.
    pub(crate) async fn check(&self) -> Result<()> {
        self.0.coordinators.lock().await.check().await
    }

    /// A transaction that has begun, under an id that nobody else uses.
    ///
    /// # Errors
    /// If the brokers can't be reached, or refuse.
    pub(crate) async fn begin(
        &self,
        subtask: usize,
        coordinators: &mut Coordinators,
    ) -> Result<LiveTransaction> {
        self.settle(coordinators).await;
        let (free, spare) = {
            let mut state = self.0.state();
            match state.free.pop() {
                Some(live) => (Some(live), None),
                None => (None, state.spare.pop()),
            }
        };
        let live = match free {
            Some(live) => live,
            None => {
                let config = self.0.complete_config().await?;
                let claim = match spare {
                    Some(claim) => claim,
                    None => self.0.claim(subtask)?,
                };
                LiveTransaction::open(config, claim).await?
            }
        };
        live.begin()?;
        Ok(live)
    }

    /// Keeps a transaction that is prepared until it is committed or aborted.
    pub(crate) fn keep(&self, live: LiveTransaction, prepared: &Prepared, subtask: usize) {
        let waiting = Waiting {
            subtask,
            holder: Holder::Live(live),
            prepared: prepared.clone(),
        };
        let id = prepared.transactional_id.clone();
        self.0.state().prepared.insert(id, waiting);
    }

    /// Looks what has become of transactions of former checkpoints that nobody has ended here: where
    /// tasks and the coordinator are different processes, commits happen there.
    ///
    /// Whoever goes on from a checkpoint before this look may ask for them once more, so their ids rest
    /// until one behind it is committed.
    async fn settle(&self, coordinators: &mut Coordinators) {
        let (newest, former) = self.0.state().former();
        let mut committed = None;
        for waiting in former {
            let Waiting {
                subtask,
                holder,
                prepared,
            } = waiting;
            match recover::end(coordinators, &prepared).await {
                Ok(Some(end)) => {
                    if end == End::Committed {
                        committed = committed.max(Some(prepared.checkpoint));
                    }
                    let resting = Resting {
                        checkpoint: newest,
                        holder: holder.close().await,
                    };
                    self.0.state().resting.push(resting);
                }
                open => {
                    if let Err(error) = open {
                        tracing::debug!(%error, "what became of a transaction is looked for later");
                    }
                    let id = prepared.transactional_id.clone();
                    let waiting = Waiting {
                        subtask,
                        holder,
                        prepared,
                    };
                    self.0.state().prepared.insert(id, waiting);
                }
            }
        }
        if let Some(checkpoint) = committed {
            self.0.state().wake(checkpoint);
        }
    }

    /// The end of a writer: what it has prepared waits without its producers.
    pub(crate) async fn release(&self, subtask: usize) {
        let of_writer = self.0.state().of_writer(subtask);
        for waiting in of_writer {
            let holder = waiting.holder.close().await;
            let id = waiting.prepared.transactional_id.clone();
            let waiting = Waiting { holder, ..waiting };
            self.0.state().prepared.insert(id, waiting);
        }
    }

    /// Commits; those that are committed already stay so.
    ///
    /// # Errors
    /// If a transaction can't be committed now (retryable) or never.
    pub(crate) async fn commit(&self, all: Vec<Prepared>) -> Result<()> {
        let Some(checkpoint) = all.iter().map(|p| p.checkpoint).max() else {
            return Ok(());
        };
        let mut commits = JoinSet::new();
        let mut holders = HashMap::new();
        {
            let mut state = self.0.state();
            state.wake(checkpoint);
            for prepared in &all {
                match state.take(prepared) {
                    Some(Holder::Live(live)) => {
                        commits.spawn(live.commit());
                    }
                    Some(closed) => {
                        holders.insert(prepared.transactional_id.clone(), closed);
                    }
                    None => {}
                }
            }
        }
        while let Some(done) = commits.join_next().await {
            match done {
                Ok(Ok(committed)) => {
                    holders.insert(committed.id().to_owned(), Holder::Live(committed));
                }
                // Whether it is committed is found out below.
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a commit is tried again without its producer")
                }
                Err(error) => {
                    tracing::warn!(%error, "a commit is tried again without its producer")
                }
            }
        }
        let mut coordinators = self.0.coordinators.lock().await;
        for prepared in &all {
            let id = &prepared.transactional_id;
            recover::commit(&mut coordinators, &self.0.config, prepared).await?;
            let foreign = || Claim::new(id.clone()).map(Holder::Foreign);
            let holder = holders.remove(id).or_else(foreign);
            if let Some(holder) = holder {
                self.0.state().resting.push(Resting { checkpoint, holder });
            }
        }
        Ok(())
    }

    /// Throws away what nobody will commit.
    ///
    /// # Errors
    /// If brokers can't be asked.
    pub(crate) async fn abort(&self, all: Vec<Prepared>) -> Result<()> {
        for prepared in all {
            let holder = self.0.state().take(&prepared);
            if let Some(Holder::Live(live)) = holder
                && live.abort().await.is_ok()
            {
                continue;
            }
            let mut coordinators = self.0.coordinators.lock().await;
            recover::abort(&mut coordinators, &prepared).await?;
        }
        Ok(())
    }

    /// Shuts out former producers of a job and aborts what they have left open.
    ///
    /// # Errors
    /// If brokers can't be asked.
    pub(crate) async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        let resting: Vec<String> = {
            let mut state = self.0.state();
            // They would be shut out too.
            state.free.clear();
            state.prepared.clear();
            state
                .resting
                .iter()
                .map(|r| r.holder.id().to_owned())
                .collect()
        };
        let of_job = format!("{}-{}-", self.0.prefix, job.id);
        let of_sink = format!("{of_job}{}-", self.0.sink);
        let mut coordinators = self.0.coordinators.lock().await;
        for (id, state) in coordinators.list(&of_job).await? {
            // Of the job's other sinks, ids that are not open may be evidence that they still need.
            let ours = id.starts_with(&of_sink);
            if resting.contains(&id) || !(ours || state.is_open()) {
                continue;
            }
            if state.is_open() {
                tracing::info!(transactional_id = %id, "the open transaction of an earlier attempt is aborted");
            }
            coordinators.fence(&id).await?;
        }
        Ok(())
    }

    /// Closes all producers.
    pub(crate) async fn close(&self) {
        let state = std::mem::take(&mut *self.0.state());
        for live in state.free {
            live.close().await;
        }
        for Resting { holder, .. } in state.resting {
            holder.close().await;
        }
    }
}

impl State {
    /// Ids of former checkpoints may be used again.
    fn wake(&mut self, checkpoint: u64) {
        let all = std::mem::take(&mut self.resting);
        for resting in all {
            if resting.checkpoint >= checkpoint {
                self.resting.push(resting);
                continue;
            }
            match resting.holder {
                Holder::Live(live) => self.free.push(live),
                Holder::Own(claim) => self.spare.push(claim),
                // Its own process may use it.
                Holder::Foreign(_) => {}
            }
        }
    }

    fn take(&mut self, wanted: &Prepared) -> Option<Holder> {
        let waiting = self.prepared.get(&wanted.transactional_id)?;
        if waiting.prepared != *wanted {
            return None;
        }
        self.prepared
            .remove(&wanted.transactional_id)
            .map(|waiting| waiting.holder)
    }

    /// The newest checkpoint, and takes out what waits since others before it.
    fn former(&mut self) -> (u64, Vec<Waiting>) {
        let newest = self.prepared.values().map(|w| w.prepared.checkpoint).max();
        let newest = newest.unwrap_or_default();
        let former = self
            .prepared
            .extract_if(|_, waiting| waiting.prepared.checkpoint < newest);
        (newest, former.map(|(_, waiting)| waiting).collect())
    }

    /// Takes out what a writer has prepared.
    fn of_writer(&mut self, subtask: usize) -> Vec<Waiting> {
        let own = self
            .prepared
            .extract_if(|_, waiting| waiting.subtask == subtask);
        own.map(|(_, waiting)| waiting).collect()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim(&self, subtask: usize) -> Result<Claim> {
        let Self {
            prefix, job, sink, ..
        } = self;
        (0..u16::MAX)
            .find_map(|n| Claim::new(format!("{prefix}-{job}-{sink}-{subtask}-{n}")))
            .ok_or_else(|| {
                Error::new(
                    codes::TRANSACTION_FAILED,
                    "too many transactions wait for their commit",
                )
            })
    }

    async fn complete_config(&self) -> Result<&ClientConfig> {
        self.complete
            .get_or_try_init(|| async {
                let mut config = client::with_limit(&self.config, &self.topics).await;
                let timeout = match config.get("transaction.timeout.ms") {
                    Some(given) => given.parse().unwrap_or(USUAL_LONGEST.as_millis()),
                    None => {
                        let allowed = self.coordinators.lock().await.longest_timeout().await;
                        let allowed = allowed.ok().flatten().unwrap_or(USUAL_LONGEST);
                        allowed.min(LONGEST).as_millis()
                    }
                };
                config.set("transaction.timeout.ms", timeout.to_string());
                if ["message.timeout.ms", "delivery.timeout.ms"]
                    .iter()
                    .all(|key| config.get(key).is_none())
                {
                    config.set(
                        "message.timeout.ms",
                        timeout.min(DELIVERY_TIMEOUT).to_string(),
                    );
                }
                Ok(config)
            })
            .await
    }
}
