//! A partition, and how far it has been read.

use seatunnel_api::{Split, State};
use serde::{Deserialize, Serialize};

/// A partition of a topic from an offset on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KafkaSplit {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset of the next message, always a number: `latest` is looked up once, so that what
    /// comes between a start and a restart is not left out.
    pub next: i64,
    /// The offset where reading ends, in batch jobs.
    pub stop: Option<i64>,
    /// How many partitions the source had when this one was found: readers divide memory by it.
    pub of: u32,
}

impl KafkaSplit {
    /// Whether nothing is left to be read.
    pub(crate) fn is_done(&self) -> bool {
        self.stop.is_some_and(|stop| self.next >= stop)
    }
}

impl State for KafkaSplit {}

impl Split for KafkaSplit {
    fn id(&self) -> String {
        name(&self.topic, self.partition)
    }
}

/// `topic-partition`, as Kafka's tools and `start_mode.offsets` have it.
pub(crate) fn name(topic: &str, partition: i32) -> String {
    format!("{topic}-{partition}")
}
