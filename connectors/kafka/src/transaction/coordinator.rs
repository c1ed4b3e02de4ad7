//! Requests about transactions, sent to the brokers that answer for them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ApiKey, BrokerId, DescribeConfigsRequest, DescribeTransactionsRequest, EndTxnRequest,
    FindCoordinatorRequest, InitProducerIdRequest, ListTransactionsRequest, MetadataRequest,
    ProducerId, TransactionalId, describe_configs_request::DescribeConfigsResource,
};
use kafka_protocol::protocol::{Request, StrBytes};
use rdkafka::ClientConfig;
use seatunnel_api::{Error, Result};

use super::ProducerIdentity;
use super::connection::Connection;
use super::settings::Settings;
use crate::codes;

/// How long a coordinator that moves, starts or is busy with the id's last transaction is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Of FindCoordinator: the key is a transactional id.
const KEY_TYPE_TRANSACTION: i8 = 1;
/// Of DescribeConfigs: the resource is a broker.
const RESOURCE_BROKER: i8 = 4;

/// What a coordinator says of a transactional id (KIP-664).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// Where its last transaction stands.
    pub(super) state: TransactionState,
    /// The producer that may write under it.
    pub(super) producer: ProducerIdentity,
    /// When the open transaction was begun, in milliseconds by the coordinator's clock.
    pub(super) started: i64,
}

/// Where a transaction stands; the names are those of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransactionState {
    /// The producer is known and has begun nothing.
    Empty,
    /// Rows are written and wait for the end.
    Ongoing,
    /// The commit is decided; markers are being written.
    PrepareCommit,
    /// Committed, and all markers are written.
    CompleteCommit,
    /// The abort is decided; markers are being written.
    PrepareAbort,
    /// Aborted.
    CompleteAbort,
    /// Fenced, about to be aborted.
    PrepareEpochFence,
    /// Forgotten, or a state that this program does not know.
    Other,
}

impl TransactionState {
    fn parse(name: &str) -> Self {
        match name {
            "Empty" => Self::Empty,
            "Ongoing" => Self::Ongoing,
            "PrepareCommit" => Self::PrepareCommit,
            "CompleteCommit" => Self::CompleteCommit,
            "PrepareAbort" => Self::PrepareAbort,
            "CompleteAbort" => Self::CompleteAbort,
            "PrepareEpochFence" => Self::PrepareEpochFence,
            _ => Self::Other,
        }
    }

    /// Whether rows wait for its end.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Ongoing | Self::PrepareEpochFence)
    }
}

/// The coordinators of transactions, each reached by one connection that is kept.
#[derive(Debug)]
pub(crate) struct Coordinators {
    settings: Settings,
    /// By `host:port`.
    connections: HashMap<String, Connection>,
    /// Where the coordinator of a transactional id is.
    places: HashMap<String, String>,
}

impl Coordinators {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// If the settings work only in librdkafka.
    pub(super) fn new(config: &ClientConfig) -> Result<Self> {
        Ok(Self {
            settings: Settings::read(config)?,
            connections: HashMap::new(),
            places: HashMap::new(),
        })
    }

    /// What is known of a transactional id; nothing if it was never used or is forgotten.
    ///
    /// # Errors
    /// If the coordinator can't be asked.
    pub(super) async fn describe(&mut self, id: &str) -> Result<Option<Described>> {
        let request =
            DescribeTransactionsRequest::default().with_transactional_ids(vec![transactional(id)]);
        let answer = self
            .ask_coordinator(id, &request, 0, |a| {
                a.transaction_states.first().map_or(0, |s| s.error_code)
            })
            .await?;
        let Some(found) = answer.transaction_states.into_iter().next() else {
            return Ok(None);
        };
        match ResponseError::try_from_code(found.error_code) {
            None => Ok(Some(Described {
                state: TransactionState::parse(&found.transaction_state),
                producer: ProducerIdentity {
                    id: found.producer_id.0,
                    epoch: found.producer_epoch,
                },
                started: found.transaction_start_time_ms,
            })),
            Some(ResponseError::TransactionalIdNotFound) => Ok(None),
            Some(error) => Err(failed("the transaction can't be looked up", id, error)),
        }
    }

    /// Ends the open transaction of a producer that may be gone.
    ///
    /// The request is that of clients before KIP-890 (version 4 at most): by it, the coordinator leaves
    /// the epoch as it is, so that the id still tells whose transaction it was.
    ///
    /// # Errors
    /// If the coordinator can't be asked, or refuses; see [`Coordinators::describe`] for why.
    pub(super) async fn end(
        &mut self,
        id: &str,
        producer: ProducerIdentity,
        commit: bool,
    ) -> Result<Ended> {
        let request = EndTxnRequest::default()
            .with_transactional_id(transactional(id))
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_committed(commit);
        let answer = self
            .ask_coordinator(id, &request, 3, |a| a.error_code)
            .await?;
        match ResponseError::try_from_code(answer.error_code) {
            None => Ok(Ended::Done),
            Some(
                ResponseError::InvalidTxnState
                | ResponseError::InvalidProducerEpoch
                | ResponseError::ProducerFenced
                | ResponseError::InvalidProducerIdMapping,
            ) => Ok(Ended::NotOpen),
            Some(error) => Err(failed("the transaction can't be ended", id, error)),
        }
    }

    /// Takes a transactional id away from whoever uses it: an open transaction is aborted, and its
    /// producer can write nothing any more.
    ///
    /// # Errors
    /// If the coordinator can't be asked.
    pub(super) async fn fence(&mut self, id: &str) -> Result<()> {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(transactional(id)))
            .with_transaction_timeout_ms(60_000)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        let answer = self
            .ask_coordinator(id, &request, 4, |a| a.error_code)
            .await?;
        match ResponseError::try_from_code(answer.error_code) {
            None => Ok(()),
            Some(error) => Err(failed("the transaction can't be taken back", id, error)),
        }
    }

    /// All transactional ids that begin so, and where their transactions stand.
    ///
    /// # Errors
    /// If a broker can't be asked.
    pub(super) async fn list(&mut self, prefix: &str) -> Result<Vec<(String, TransactionState)>> {
        let mut found = Vec::new();
        for (_, place) in self.brokers().await? {
            let answer = self
                .ask_at(&place, &ListTransactionsRequest::default(), 0)
                .await?;
            if let Some(error) = ResponseError::try_from_code(answer.error_code) {
                return Err(failed("transactions can't be listed", prefix, error));
            }
            found.extend(
                answer
                    .transaction_states
                    .iter()
                    .filter(|t| t.transactional_id.starts_with(prefix))
                    .map(|t| {
                        (
                            t.transactional_id.to_string(),
                            TransactionState::parse(&t.transaction_state),
                        )
                    }),
            );
        }
        Ok(found)
    }

    /// The longest `transaction.timeout.ms` that the brokers allow (their
    /// `transaction.max.timeout.ms`); nothing if they won't tell.
    pub(super) async fn longest_timeout(&mut self) -> Result<Option<Duration>> {
        let mut least: Option<u64> = None;
        for (BrokerId(node), place) in self.brokers().await? {
            let resource = DescribeConfigsResource::default()
                .with_resource_type(RESOURCE_BROKER)
                .with_resource_name(StrBytes::from_string(node.to_string()))
                .with_configuration_keys(Some(vec![StrBytes::from_static_str(
                    "transaction.max.timeout.ms",
                )]));
            let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
            let answer = self.ask_at(&place, &request, 4).await?;
            let value = answer
                .results
                .iter()
                .flat_map(|result| &result.configs)
                .find_map(|config| config.value.as_ref()?.parse::<u64>().ok());
            match value {
                Some(ms) => least = Some(least.map_or(ms, |l| l.min(ms))),
                None => return Ok(None),
            }
        }
        Ok(least.map(Duration::from_millis))
    }

    /// Whether the brokers know all requests that exactly-once needs.
    ///
    /// # Errors
    /// If they don't, or can't be asked.
    pub(super) async fn check(&mut self) -> Result<()> {
        let place = self.any_broker().await?;
        let needed = [ApiKey::DescribeTransactions, ApiKey::ListTransactions];
        if self
            .connections
            .get(&place)
            .is_some_and(|c| needed.iter().all(|api| c.knows(*api)))
        {
            return Ok(());
        }
        Err(Error::new(
            codes::UNSUPPORTED,
            "the brokers are too old for exactly-once: they can't tell where a transaction stands",
        )
        .with_context("broker", place)
        .with_help("it needs Apache Kafka 3.0 or newer; use semantics = AT_LEAST_ONCE"))
    }

    /// Sends a request to the coordinator of a transactional id, again and again while it moves or is busy.
    async fn ask_coordinator<R: Request>(
        &mut self,
        id: &str,
        request: &R,
        newest: i16,
        error_of: impl Fn(&R::Response) -> i16,
    ) -> Result<R::Response> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = match self.coordinator(id).await {
                Ok(place) => self.ask_at(&place, request, newest).await,
                Err(error) => Err(error),
            };
            let late = Instant::now() >= deadline;
            match answer {
                Ok(answer) => match ResponseError::try_from_code(error_of(&answer)) {
                    Some(error) if is_passing(error) && !late => {
                        if error != ResponseError::ConcurrentTransactions {
                            self.places.remove(id);
                        }
                    }
                    _ => return Ok(answer),
                },
                Err(error) if error.is_retryable() && !late => {
                    self.places.remove(id);
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn coordinator(&mut self, id: &str) -> Result<String> {
        if let Some(place) = self.places.get(id) {
            return Ok(place.clone());
        }
        let request = FindCoordinatorRequest::default()
            .with_key(StrBytes::from_string(id.to_owned()))
            .with_key_type(KEY_TYPE_TRANSACTION);
        let place = self.any_broker().await?;
        let answer = self.ask_at(&place, &request, 3).await?;
        if let Some(error) = ResponseError::try_from_code(answer.error_code) {
            return Err(failed(
                "the coordinator of the transaction can't be found",
                id,
                error,
            ));
        }
        let place = place_of(&answer.host, answer.port);
        self.places.insert(id.to_owned(), place.clone());
        Ok(place)
    }

    /// All brokers of the cluster.
    async fn brokers(&mut self) -> Result<Vec<(BrokerId, String)>> {
        let place = self.any_broker().await?;
        let request = MetadataRequest::default().with_topics(Some(Vec::new()));
        let answer = self.ask_at(&place, &request, 9).await?;
        let all = answer.brokers.iter();
        Ok(all
            .map(|b| (b.node_id, place_of(&b.host, b.port)))
            .collect())
    }

    /// A broker that answers: one that is connected, else the first of `bootstrap.servers` that does.
    async fn any_broker(&mut self) -> Result<String> {
        if let Some(place) = self.connections.keys().next() {
            return Ok(place.clone());
        }
        let mut last = None;
        for place in self.settings.brokers.clone() {
            match Connection::open(&place, &self.settings).await {
                Ok(connection) => {
                    self.connections.insert(place.clone(), connection);
                    return Ok(place);
                }
                Err(error) if error.is_retryable() => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(codes::CONNECT_FAILED, "no broker is named")))
    }

    /// Sends a request to a broker, once more where a kept connection turns out to be broken.
    ///
    /// A connection is out of the map while it is used: one that is given up half-way (the caller
    /// is cancelled) is closed and not used again.
    async fn ask_at<R: Request>(
        &mut self,
        place: &str,
        request: &R,
        newest: i16,
    ) -> Result<R::Response> {
        let kept = self.connections.remove(place);
        let was_kept = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::open(place, &self.settings).await?,
        };
        let mut answer = connection.ask(request, newest).await;
        if was_kept && answer.as_ref().is_err_and(Error::is_retryable) {
            connection = Connection::open(place, &self.settings).await?;
            answer = connection.ask(request, newest).await;
        }
        if !answer.as_ref().is_err_and(Error::is_retryable) {
            self.connections.insert(place.to_owned(), connection);
        }
        answer
    }
}

/// What came of [`Coordinators::end`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It is ended, or was so before in the same way.
    Done,
    /// This producer has no open transaction under this id, or has ended it in the other way.
    NotOpen,
}

fn transactional(id: &str) -> TransactionalId {
    TransactionalId(StrBytes::from_string(id.to_owned()))
}

fn place_of(host: &str, port: i32) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Errors that go away by themselves, soon.
fn is_passing(error: ResponseError) -> bool {
    matches!(
        error,
        ResponseError::CoordinatorLoadInProgress
            | ResponseError::CoordinatorNotAvailable
            | ResponseError::NotCoordinator
            | ResponseError::ConcurrentTransactions
            | ResponseError::NetworkException
            | ResponseError::RequestTimedOut
    )
}

fn failed(what: &str, id: &str, error: ResponseError) -> Error {
    let made = Error::new(codes::TRANSACTION_FAILED, format!("{what}: {error}"))
        .with_context("transactional id", id);
    match error {
        error if is_passing(error) || error.is_retriable() => made.retryable(),
        ResponseError::TransactionalIdAuthorizationFailed | ResponseError::ClusterAuthorizationFailed => made
            .with_help("the user needs the operations Write and Describe on transactional ids that begin with `transaction_prefix`"),
        _ => made,
    }
}
