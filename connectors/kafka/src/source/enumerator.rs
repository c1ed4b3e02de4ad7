//! Finds partitions and where they begin and end, and tells the group how far the job has come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::state::{decode, encode};
use seatunnel_api::{
    Discovery, Error, NextDiscovery, Result, Split, SplitEnumerator, State, StateKind,
};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::cluster::{Cluster, Partition};
use super::consumer::{answer_limit, asking, resets_to_end};
use super::split::{KafkaSplit, name};
use super::tables::{Start, TopicTable, Topics};
use crate::codes;

/// What is remembered over a restart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Known {
    /// Whether there was a look for partitions: what is found from then on has come up since.
    looked: bool,
    /// Partitions that were found, read or not.
    partitions: BTreeSet<Partition>,
}

impl State for Known {}

/// Finds splits; commits offsets.
pub(super) struct KafkaEnumerator {
    shared: Arc<Shared>,
    /// A connection for each group.
    clusters: BTreeMap<String, Arc<Cluster>>,
    known: Known,
    finished: Finished,
}

/// Partitions that are read to their end, for the group.
#[derive(Default)]
struct Finished {
    since: Vec<KafkaSplit>,
    /// Those before the last snapshot: the checkpoint that is made of it holds their rows.
    in_snapshot: Mutex<Vec<KafkaSplit>>,
}

impl KafkaEnumerator {
    pub(super) fn new(shared: Arc<Shared>, state: Option<&[u8]>) -> Result<Self> {
        let known: Option<Known> = state
            .map(|bytes| decode(StateKind::Enumerator, bytes))
            .transpose()?;
        let mut clusters = BTreeMap::new();
        for table in &shared.tables {
            if !clusters.contains_key(&table.group) {
                clusters.insert(table.group.clone(), Arc::new(shared.cluster(&table.group)?));
            }
        }
        Ok(Self {
            known: known.unwrap_or_default(),
            shared,
            clusters,
            finished: Finished::default(),
        })
    }

    fn offsets_of(&self, splits: Vec<KafkaSplit>) -> BTreeMap<String, Vec<(Partition, i64)>> {
        let mut groups: BTreeMap<String, Vec<(Partition, i64)>> = BTreeMap::new();
        for split in splits {
            let Some(table) = self.shared.tables.iter().find(|t| t.has(&split.topic)) else {
                continue;
            };
            let offsets = groups.entry(table.group.clone()).or_default();
            offsets.push(((split.topic, split.partition), split.next));
        }
        groups
    }
}

#[async_trait]
impl SplitEnumerator<KafkaSplit> for KafkaEnumerator {
    async fn discover(&mut self) -> Result<Discovery<KafkaSplit>> {
        let interval = match self.shared.streaming {
            true => u64::try_from(self.shared.options.discovery_interval).unwrap_or(0),
            false => 0,
        };
        let next = match interval {
            0 => NextDiscovery::Never,
            interval => NextDiscovery::After(Duration::from_millis(interval)),
        };
        // A checkpoint has all partitions there were; without looking again there are no others.
        if self.known.looked && interval == 0 {
            return Ok(Discovery {
                splits: Vec::new(),
                next: NextDiscovery::Never,
            });
        }
        let search = Search {
            shared: self.shared.clone(),
            clusters: self.clusters.clone(),
            known: self.known.partitions.clone(),
            later: self.known.looked,
        };
        let found = blocking(move || search.run()).await;
        let splits = match found {
            Ok(splits) => splits,
            // Brokers that are away are no reason to end a job that runs: readers wait for them, and
            // tell if they are refused.
            Err(error) if self.known.looked && error.code() != codes::TOPIC_MISSING => {
                tracing::warn!(error = %error, "new partitions can't be looked for now");
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        self.known.looked = true;
        for split in &splits {
            self.known
                .partitions
                .insert((split.topic.clone(), split.partition));
        }
        Ok(Discovery { splits, next })
    }

    async fn split_finished(&mut self, mut split: KafkaSplit) -> Result<()> {
        // A job that takes no checkpoints on the way keeps no positions: the end is known all the same.
        split.next = split.next.max(split.stop.unwrap_or(0));
        self.finished.since.push(split);
        Ok(())
    }

    async fn checkpoint_durable(&mut self, positions: Vec<KafkaSplit>) -> Result<()> {
        if !self.shared.options.commit_on_checkpoint {
            return Ok(());
        }
        let finished = self
            .finished
            .in_snapshot
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let mut all = std::mem::take(finished);
        all.extend(positions);
        for (group, offsets) in self.offsets_of(all) {
            if let Some(cluster) = self.clusters.get(&group).cloned() {
                blocking(move || cluster.commit(&offsets))
                    .await
                    .map_err(|e| e.with_context("group", group))?;
            }
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        let mut kept = self
            .finished
            .in_snapshot
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = self.finished.since.clone();
        encode(StateKind::Enumerator, &self.known)
    }
}

/// One look for partitions.
struct Search {
    shared: Arc<Shared>,
    clusters: BTreeMap<String, Arc<Cluster>>,
    known: BTreeSet<Partition>,
    later: bool,
}

impl Search {
    /// The partitions that are new, and from where to where they are to be read. Blocks.
    fn run(&self) -> Result<Vec<KafkaSplit>> {
        let mut splits = Vec::new();
        let mut of_earlier_tables = BTreeSet::new();
        for table in &self.shared.tables {
            let cluster = &self.clusters[&table.group];
            let mut new = self.partitions(cluster, table)?;
            // A topic is read once, as rows of the first table that has it.
            new.retain(|(topic, _)| !of_earlier_tables.contains(topic));
            of_earlier_tables.extend(new.iter().map(|(topic, _)| topic.clone()));
            new.retain(|partition| !self.known.contains(partition));
            splits.extend(self.splits(cluster, table, new)?);
        }
        let of = (self.known.len() + splits.len()) as u32;
        splits.iter_mut().for_each(|split| split.of = of);
        Ok(splits)
    }

    /// The partitions of a table's topics.
    fn partitions(&self, cluster: &Cluster, table: &TopicTable) -> Result<Vec<Partition>> {
        let topics = match &table.topics {
            Topics::Named(names) => names
                .iter()
                .map(|name| cluster.topic(name))
                .collect::<Result<Vec<_>>>()?,
            Topics::Matching(_) => {
                let mut all = cluster.topics()?;
                all.retain(|topic| table.has(&topic.name));
                if all.is_empty() && !self.later {
                    tracing::warn!(table = %table.table.path(), "no topic matches the pattern");
                }
                all
            }
        };
        let mut partitions = Vec::new();
        for topic in topics {
            for (partition, led) in topic.partitions {
                if !led && self.shared.options.ignore_no_leader_partition {
                    tracing::warn!(
                        "{} has no leader and is left out",
                        name(&topic.name, partition)
                    );
                    continue;
                }
                partitions.push((topic.name.clone(), partition));
            }
        }
        Ok(partitions)
    }

    /// From where to where partitions are to be read.
    fn splits(
        &self,
        cluster: &Cluster,
        table: &TopicTable,
        partitions: Vec<Partition>,
    ) -> Result<Vec<KafkaSplit>> {
        let starts = self.starts(cluster, table, &partitions)?;
        let stops = match self.shared.streaming {
            true => vec![None; partitions.len()],
            false => self
                .stops(cluster, table, &partitions)?
                .into_iter()
                .map(Some)
                .collect(),
        };
        let each = partitions.into_iter().zip(starts).zip(stops);
        Ok(each
            .map(|(((topic, partition), next), stop)| KafkaSplit {
                topic,
                partition,
                next,
                stop,
                of: 0,
            })
            .collect())
    }

    fn starts(
        &self,
        cluster: &Cluster,
        table: &TopicTable,
        partitions: &[Partition],
    ) -> Result<Vec<i64>> {
        match &table.start {
            Start::Earliest => cluster.begins(partitions),
            // What has come up since the job began has only messages that are newer than that.
            Start::Latest if self.later => cluster.begins(partitions),
            Start::Latest => cluster.ends(partitions),
            Start::Timestamp(time) => {
                let found = cluster.at(partitions, *time)?;
                or_else(partitions, found, |rest| cluster.ends(rest))
            }
            Start::Group => {
                let found = cluster
                    .committed(partitions)
                    .map_err(|e| e.with_context("group", &table.group))?;
                or_else(partitions, found, |rest| {
                    match self.later || !resets_to_end(&self.shared.options.client)? {
                        true => cluster.begins(rest),
                        false => cluster.ends(rest),
                    }
                })
            }
            Start::Offsets(offsets) => {
                let find = |(topic, partition): &Partition| {
                    offsets.0.get(&name(topic, *partition)).copied()
                };
                let found: Vec<Option<i64>> = partitions.iter().map(find).collect();
                if !self.later {
                    self.check_offsets(table, partitions, offsets.0.keys())?;
                }
                or_else(partitions, found, |rest| cluster.begins(rest))
            }
        }
    }

    /// Offsets for partitions that are not there are a mistake in the job file.
    fn check_offsets<'a>(
        &self,
        table: &TopicTable,
        partitions: &[Partition],
        names: impl Iterator<Item = &'a String>,
    ) -> Result<()> {
        for given in names {
            let is_there = partitions
                .iter()
                .any(|(topic, partition)| name(topic, *partition) == *given);
            if !is_there {
                return Err(Error::new(
                    codes::TOPIC_MISSING,
                    format!(
                        "`start_mode.offsets` names {given}, which is no partition of the topics"
                    ),
                )
                .with_context("table", table.table.path()));
            }
        }
        Ok(())
    }

    fn stops(
        &self,
        cluster: &Cluster,
        table: &TopicTable,
        partitions: &[Partition],
    ) -> Result<Vec<i64>> {
        match table.end_timestamp {
            None => cluster.ends(partitions),
            Some(time) => {
                let found = cluster.at(partitions, time)?;
                or_else(partitions, found, |rest| cluster.ends(rest))
            }
        }
    }
}

/// Fills in what was not found.
fn or_else(
    partitions: &[Partition],
    found: Vec<Option<i64>>,
    rest: impl FnOnce(&[Partition]) -> Result<Vec<i64>>,
) -> Result<Vec<i64>> {
    let missing = partitions
        .iter()
        .zip(&found)
        .filter(|(_, offset)| offset.is_none());
    let missing: Vec<Partition> = missing.map(|(partition, _)| partition.clone()).collect();
    let mut more = match missing.is_empty() {
        true => Vec::new(),
        false => rest(&missing)?,
    }
    .into_iter();
    Ok(found
        .into_iter()
        .map(|offset| offset.or_else(|| more.next()).unwrap_or(0))
        .collect())
}

/// Runs what blocks where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| {
        Error::new(codes::CLIENT, "a call of the Kafka client was cut off").with_cause(e)
    })?
}

impl Shared {
    /// A connection for the questions of one group.
    pub(super) fn cluster(&self, group: &str) -> Result<Cluster> {
        let client = &self.options.client;
        Cluster::connect(
            &asking(client, group)?,
            Duration::from_millis(answer_limit(client)?),
        )
    }

    /// The number of the table that a split's messages are rows of.
    ///
    /// # Errors
    /// If there is none: the job file was changed since the split was found.
    pub(super) fn table_of(&self, split: &KafkaSplit) -> Result<usize> {
        self.tables
            .iter()
            .position(|t| t.has(&split.topic))
            .ok_or_else(|| {
                Error::new(
                    codes::TOPIC_MISSING,
                    format!(
                        "the job was reading {} and does not read this topic any more",
                        split.id()
                    ),
                )
                .with_help("put the topic back, or start over with --fresh")
            })
    }
}
