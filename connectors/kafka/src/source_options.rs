//! Options of the Kafka source.

use indexmap::IndexMap;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::{
    OptionEnum, OptionReader, OptionType, OptionValue, Options, SchemaOption,
};

use crate::options::{ClientOptions, FormatOptions, Properties};

/// Where reading of a partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum StartMode {
    /// With the oldest message that is there.
    #[option(name = "earliest")]
    Earliest,
    /// Where the consumer group has committed to be; where it has not, as `auto.offset.reset` of `kafka.config` says, which is `latest` if not given.
    #[option(name = "group_offsets")]
    GroupOffsets,
    /// With messages that come from now on.
    #[option(name = "latest")]
    Latest,
    /// With the first message that is not older than `start_mode.timestamp`.
    #[option(name = "timestamp")]
    Timestamp,
    /// At `start_mode.offsets`.
    #[option(name = "specific_offsets")]
    SpecificOffsets,
}

/// What becomes of a message that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum FormatErrors {
    /// The job fails, unless sinks keep dirty rows (`dirty.path`): then the message goes there.
    #[option(name = "fail")]
    Fail,
    /// It is left out and counted.
    #[option(name = "skip")]
    Skip,
}

/// Reads messages of Kafka topics as rows, in batch jobs up to the end that partitions have when the job begins.
#[derive(Clone, Debug, Options)]
#[options(one_of("topic", "tables_configs"))]
pub struct KafkaSourceOptions {
    /// The brokers and how to reach them.
    #[option(flatten)]
    pub client: ClientOptions,
    /// Several tables, each from topics of its own. What an entry does not say about start, group and schema errors, the options beside this list say for all.
    #[option(fallback("table_list"))]
    pub tables_configs: Option<Vec<KafkaTableOptions>>,
    /// The only table.
    #[option(flatten)]
    pub table: KafkaTableOptions,
    /// Whether the offsets of the consumer group are committed after each checkpoint. With `false` the client commits them by itself every `auto.commit.interval.ms` of `kafka.config`, whose `enable.auto.commit` has no effect. Jobs go on from their checkpoints in any case.
    #[option(default = true)]
    pub commit_on_checkpoint: bool,
    /// Milliseconds between two looks for new topics and partitions, in streaming jobs; never if not above 0.
    #[option(key = "partition-discovery.interval-millis", default = -1)]
    pub discovery_interval: i64,
    /// Whether partitions that have no leader at the moment are left out until they have one. With `false` the job waits for it.
    #[option(default = false, since = "2.3.13")]
    pub ignore_no_leader_partition: bool,
    /// Batches that wait between the consumer and the job.
    #[option(default = 2, min = 1, max = 1024, since = "2.3.12")]
    pub reader_cache_queue_size: usize,
    /// Accepted: messages are handed on as they come, whatever the longest wait for them.
    #[option(key = "poll.timeout", default = 10_000)]
    pub poll_timeout: u64,
}

/// One table that is read from topics.
#[derive(Clone, Debug, Options)]
pub struct KafkaTableOptions {
    /// The topic, or several with commas between; with `pattern` a regular expression that whole names of topics must match.
    pub topic: Option<String>,
    /// Whether `topic` is a regular expression.
    #[option(default = false)]
    pub pattern: bool,
    /// Columns of the table. Without it a message is one text, `content`, whatever its format.
    pub schema: Option<SchemaOption>,
    /// The consumer group whose offsets are read and committed: `SeaTunnel-Consumer-Group` if not given. Readers do not join it, so that several jobs may share it.
    #[option(key = "consumer.group")]
    pub consumer_group: Option<String>,
    /// Where reading begins when there is no checkpoint to go on from: `group_offsets` if not given.
    pub start_mode: Option<StartMode>,
    /// For `timestamp`: milliseconds since 1970.
    #[option(key = "start_mode.timestamp", min = 0)]
    pub start_timestamp: Option<i64>,
    /// In batch jobs: messages from this time on are not read, milliseconds since 1970.
    #[option(key = "start_mode.end_timestamp", min = 0, since = "2.3.12")]
    pub end_timestamp: Option<i64>,
    /// For `specific_offsets`: the offset of each partition, called `topic-partition`.
    #[option(key = "start_mode.offsets")]
    pub start_offsets: Option<Offsets>,
    /// What becomes of messages that can't be read: `fail` if not given.
    pub format_error_handle_way: Option<FormatErrors>,
    /// Headers of the messages that become columns of type string, behind those of the schema.
    #[option(since = "2.3.13")]
    pub kafka_headers_fields: Option<Vec<String>>,
    /// The same as `format = native`.
    #[option(default = false, since = "2.3.11")]
    pub is_native: bool,
    /// What messages hold.
    #[option(flatten)]
    pub format: FormatOptions,
}

/// Offsets by `topic-partition`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets(pub IndexMap<String, i64>);

impl OptionValue for Offsets {
    fn option_type() -> OptionType {
        OptionType::Map(Box::new(OptionType::Integer))
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        let texts = Properties::read(value, reader)?;
        let mut offsets = IndexMap::new();
        for (name, text) in texts.0 {
            let partition = name
                .rsplit_once('-')
                .map(|(_, number)| number.parse::<i32>());
            if !matches!(partition, Some(Ok(_))) {
                reader.invalid(
                    value,
                    format!("{name:?} is not of the form topic-partition"),
                );
                return None;
            }
            let Some(offset) = text.parse().ok().filter(|offset| *offset >= 0) else {
                reader.invalid(
                    value,
                    format!("the offset of {name} is {text:?}, expected a whole number from 0"),
                );
                return None;
            };
            offsets.insert(name, offset);
        }
        Some(Self(offsets))
    }

    fn render(&self) -> String {
        "{…}".to_owned()
    }
}
