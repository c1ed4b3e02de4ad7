//! The transactions of one sink: which are prepared, which ids are free, which rest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use seatunnel_api::{Error, JobContext, Result};
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinSet;

use super::coordinator::Coordinators;
use super::live::{Claim, LiveTransaction};
use super::{Prepared, recover};
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
    prepared: HashMap<String, (LiveTransaction, Prepared)>,
    /// Committed; not to be used until a later checkpoint is committed.
    resting: Vec<Resting>,
    /// Ready for the next transaction.
    free: Vec<LiveTransaction>,
}

struct Resting {
    checkpoint: u64,
    holder: Holder,
}

/// What keeps others from using an id.
enum Holder {
    Live(LiveTransaction),
    /// Committed without a producer, after a restart.
    Claim(Claim),
}

impl Holder {
    fn id(&self) -> &str {
        match self {
            Self::Live(live) => live.id(),
            Self::Claim(claim) => claim.id(),
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
    pub(crate) async fn begin(&self, subtask: usize) -> Result<LiveTransaction> {
        let free = {
            let mut state = self.0.state();
            let position = state.free.iter().position(|live| live.subtask() == subtask);
            position.map(|at| state.free.swap_remove(at))
        };
        let live = match free {
            Some(live) => live,
            None => {
                let config = self.0.complete_config().await?;
                LiveTransaction::open(config, self.0.claim(subtask)?, subtask).await?
            }
        };
        live.begin()?;
        Ok(live)
    }

    /// Keeps a transaction that is prepared until it is committed or aborted.
    pub(crate) fn keep(&self, live: LiveTransaction, prepared: &Prepared) {
        let id = prepared.transactional_id.clone();
        self.0.state().prepared.insert(id, (live, prepared.clone()));
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
        {
            let mut state = self.0.state();
            state.wake(checkpoint);
            for prepared in &all {
                if let Some(live) = state.take(prepared) {
                    commits.spawn(live.commit());
                }
            }
        }
        let mut live = HashMap::new();
        while let Some(done) = commits.join_next().await {
            match done {
                Ok(Ok(committed)) => {
                    live.insert(committed.id().to_owned(), committed);
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
            let holder = match live.remove(id) {
                Some(live) => Some(Holder::Live(live)),
                None => Claim::new(id.clone()).map(Holder::Claim),
            };
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
            let live = self.0.state().take(&prepared);
            if let Some(live) = live
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
            if let Holder::Live(live) = holder {
                live.close().await;
            }
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
            } else if let Holder::Live(live) = resting.holder {
                self.free.push(live);
            }
        }
    }

    fn take(&mut self, wanted: &Prepared) -> Option<LiveTransaction> {
        let (_, prepared) = self.prepared.get(&wanted.transactional_id)?;
        if prepared != wanted {
            return None;
        }
        self.prepared
            .remove(&wanted.transactional_id)
            .map(|(live, _)| live)
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
