//! Topics and consumer groups.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::Kafka;

pub(crate) const LIMIT: Duration = Duration::from_secs(30);

impl Kafka {
    /// A name for a topic that no other test uses; there is no such topic.
    pub fn name(&self, name: &str) -> String {
        format!("{name}-{}", self.topics.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Makes an empty topic. Its name is `name` with a number, so that tests can use one name.
    #[track_caller]
    pub fn topic(&self, name: &str, partitions: i32) -> String {
        let name = self.name(name);
        self.create(&name, partitions, &[]);
        name
    }

    /// Makes a topic of exactly this name, with settings such as `retention.ms`, and waits until it can be used.
    #[track_caller]
    pub fn create(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        let made = wait(self.admin().create_topics(&[topic], &AdminOptions::new()));
        for result in made.expect("the broker can be asked") {
            result.unwrap_or_else(|(name, code)| panic!("topic {name} can't be made: {code}"));
        }
        self.wait_for_partitions(name, partitions);
    }

    /// Adds partitions, so that there are so many, and waits until they can be used.
    #[track_caller]
    pub fn grow(&self, topic: &str, partitions: i32) {
        let more = NewPartitions::new(topic, partitions as usize);
        let made = wait(
            self.admin()
                .create_partitions(&[more], &AdminOptions::new()),
        );
        for result in made.expect("the broker can be asked") {
            result.unwrap_or_else(|(name, code)| panic!("topic {name} can't grow: {code}"));
        }
        self.wait_for_partitions(topic, partitions);
    }

    /// Deletes a topic.
    #[track_caller]
    pub fn delete(&self, topic: &str) {
        let gone = wait(self.admin().delete_topics(&[topic], &AdminOptions::new()));
        for result in gone.expect("the broker can be asked") {
            result.unwrap_or_else(|(name, code)| panic!("topic {name} can't be deleted: {code}"));
        }
    }

    /// Deletes the messages of a partition before an offset.
    #[track_caller]
    pub fn delete_before(&self, topic: &str, partition: i32, offset: i64) {
        let list = one(topic, partition, Offset::Offset(offset));
        let gone = wait(self.admin().delete_records(&list, &AdminOptions::new()));
        gone.expect("the broker can be asked");
    }

    /// The first and the next offset of a partition.
    #[track_caller]
    pub fn offsets(&self, topic: &str, partition: i32) -> (i64, i64) {
        self.consumer("testkit", &[])
            .fetch_watermarks(topic, partition, LIMIT)
            .unwrap_or_else(|error| panic!("no offsets of {topic}: {error}"))
    }

    /// The offset that a group has committed for a partition.
    #[track_caller]
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        let list = one(topic, partition, Offset::Invalid);
        let known = self.consumer(group, &[]).committed_offsets(list, LIMIT);
        match known.expect("the broker can be asked").elements()[0].offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    /// Commits an offset for a group.
    #[track_caller]
    pub fn commit(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        let list = one(topic, partition, Offset::Offset(offset));
        let done = self.consumer(group, &[]).commit(&list, CommitMode::Sync);
        done.unwrap_or_else(|error| panic!("no offset committed for {group}: {error}"));
    }

    #[track_caller]
    pub(crate) fn consumer(&self, group: &str, settings: &[(&str, &str)]) -> BaseConsumer {
        let mut config = self.config();
        config.set("group.id", group);
        config.set("enable.auto.commit", "false");
        for (key, value) in settings {
            config.set(*key, *value);
        }
        config.create().expect("the settings are fine")
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config().create().expect("the settings are fine")
    }

    #[track_caller]
    fn wait_for_partitions(&self, topic: &str, partitions: i32) {
        let consumer = self.consumer("testkit", &[]);
        let start = Instant::now();
        loop {
            let known = consumer
                .fetch_metadata(Some(topic), LIMIT)
                .expect("the broker can be asked");
            let led = known.topics()[0]
                .partitions()
                .iter()
                .filter(|p| p.leader() >= 0)
                .count();
            if led == partitions as usize {
                return;
            }
            assert!(start.elapsed() < LIMIT, "{topic} has {led} partitions");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

pub(crate) fn one(topic: &str, partition: i32, offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, offset)
        .expect("the offset is valid");
    list
}

/// Waits on a thread of its own, so that it works in and out of tests that are async.
fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime can be made").block_on(future)
        });
        waiting.join().expect("nothing panics while it waits")
    })
}
