//! Options of the Kafka sink.

use seatunnel_api::options::{OptionEnum, Options};

use crate::options::{ClientOptions, FormatOptions};

/// What is promised about rows when processes and brokers fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum Semantics {
    /// Rows are flushed at checkpoints as with AT_LEAST_ONCE, but `kafka.config` decides how many
    /// replicas must have them (`acks`), and the client's own retries may write a row twice or
    /// out of order.
    #[option(name = "NON")]
    Non,
    /// All replicas in sync have the rows of a checkpoint before it counts. After a failure rows may
    /// come twice, none is missing.
    #[option(name = "AT_LEAST_ONCE")]
    AtLeastOnce,
    /// Rows are written in transactions that are committed with the checkpoints: consumers with
    /// `isolation.level=read_committed` see each row once.
    #[option(name = "EXACTLY_ONCE")]
    ExactlyOnce,
}

/// Writes rows as messages of Kafka topics.
#[derive(Clone, Debug, Options)]
pub struct KafkaSinkOptions {
    /// The brokers and how to reach them.
    #[option(flatten)]
    pub client: ClientOptions,
    /// The topic. `${column}` stands for the value of a column, so that rows choose their topics;
    /// `${table_name}` and kin for the table that the rows come from. May be missing with formats
    /// whose rows have a column `topic` (NATIVE, COMPATIBLE_DEBEZIUM_JSON).
    pub topic: Option<String>,
    /// What is promised when something fails.
    #[option(default = Semantics::Non)]
    pub semantics: Semantics,
    /// What the ids of transactions begin with, for access control lists; the id of the job and numbers
    /// follow.
    #[option(default = "seatunnel")]
    pub transaction_prefix: String,
    /// The partition that all messages go to.
    #[option(min = 0)]
    pub partition: Option<i32>,
    /// Texts, the first for partition 0, the second for 1 and so on: a message that contains one of
    /// them goes to its partition, all others are spread over the partitions behind.
    pub assign_partitions: Option<Vec<String>>,
    /// Columns that make up the key of a message, in the format of the message; for formats of
    /// changes as JSON. Messages with the same key go to the same partition, the one that Java's client
    /// would choose. Without it messages have no key.
    pub partition_key_fields: Option<Vec<String>>,
    /// Columns that become headers of the message, as text, and are left out of its value. A null gives no header.
    pub kafka_headers_fields: Option<Vec<String>>,
    /// What messages look like.
    #[option(flatten)]
    pub format: FormatOptions,
}
