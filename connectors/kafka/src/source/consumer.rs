//! The settings of the consumer that reads messages.

use rdkafka::ClientConfig;
use seatunnel_api::{Error, Result};

use crate::client::{Role, own_property, settings};
use crate::codes;
use crate::options::ClientOptions;

/// Bytes that a reader's consumer fetches ahead, over all its partitions.
const PREFETCH: usize = 32 << 20;

/// Bytes that are fetched ahead of one partition at least.
const PREFETCH_MIN: usize = 256 << 10;

/// Messages that a reader's consumer fetches ahead, over all its partitions: librdkafka needs some 300
/// bytes for each beside what it holds, which its limit of bytes does not count.
const PREFETCH_MESSAGES: usize = 100_000;

/// Messages that are fetched ahead of one partition at least.
const PREFETCH_MESSAGES_MIN: usize = 1_000;

/// What the user says, and what there is without a word from them.
pub(super) fn base(options: &ClientOptions, group: &str) -> Result<ClientConfig> {
    let mut config = settings(options, Role::Consumer)?;
    config.set("group.id", group);
    // As in Java's client, where librdkafka would hide what is not committed.
    default(&mut config, "isolation.level", "read_uncommitted");
    Ok(config)
}

/// For questions about topics and offsets.
pub(super) fn asking(options: &ClientOptions, group: &str) -> Result<ClientConfig> {
    let mut config = base(options, group)?;
    config.set("enable.auto.commit", "false");
    Ok(config)
}

/// For reading so many partitions at once.
pub(super) fn reading(
    options: &ClientOptions,
    group: &str,
    partitions: usize,
    commits_by_itself: bool,
) -> Result<ClientConfig> {
    let mut config = base(options, group)?;
    config.set(
        "enable.auto.commit",
        if commits_by_itself { "true" } else { "false" },
    );
    config.set(
        "enable.auto.offset.store",
        if commits_by_itself { "true" } else { "false" },
    );
    if let Some(interval) = own_property(options, "auto.commit.interval.ms") {
        config.set("auto.commit.interval.ms", interval);
    }
    // The end of a partition may be a message that is not shown: it is told by an event.
    config.set("enable.partition.eof", "true");
    // An offset that is gone is lost data, and not for the client to pass over.
    default(&mut config, "auto.offset.reset", "error");
    // librdkafka applies both limits to each partition.
    let messages = (PREFETCH_MESSAGES / partitions.max(1)).max(PREFETCH_MESSAGES_MIN);
    default(&mut config, "queued.min.messages", &messages.to_string());
    let each = (PREFETCH / partitions.max(1)).max(PREFETCH_MIN);
    default(
        &mut config,
        "queued.max.messages.kbytes",
        &(each >> 10).to_string(),
    );
    default(&mut config, "fetch.max.bytes", "16777216");
    // Without it, a full queue is not filled again for a whole second.
    default(&mut config, "fetch.queue.backoff.ms", "5");
    Ok(config)
}

/// What `auto.offset.reset` says of partitions without an offset of the group: true for their end.
pub(super) fn resets_to_end(options: &ClientOptions) -> Result<bool> {
    match own(options, "auto.offset.reset").to_ascii_lowercase().as_str() {
        "" | "latest" | "largest" | "end" => Ok(true),
        "earliest" | "smallest" | "beginning" => Ok(false),
        _ => Err(Error::new(
            codes::GROUP_FAILED,
            "the consumer group has no offset, and `auto.offset.reset` of `kafka.config` does not say where to begin",
        )
        .with_help("set it to `earliest` or `latest`, or give a `start_mode`")),
    }
}

/// `max.poll.records`, where it is given.
pub(super) fn max_poll_records(options: &ClientOptions) -> Result<Option<usize>> {
    whole(options, "max.poll.records").map(|given| given.map(|n| n.max(1) as usize))
}

/// The longest wait for an answer, in milliseconds.
pub(super) fn answer_limit(options: &ClientOptions) -> Result<u64> {
    Ok(whole(options, "default.api.timeout.ms")?.unwrap_or(60_000))
}

fn whole(options: &ClientOptions, name: &str) -> Result<Option<u64>> {
    let text = own(options, name);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Error::new(
            codes::OPTION,
            format!("`{name}` of `kafka.config` is {text:?}, expected a whole number"),
        )
    })
}

fn own<'a>(options: &'a ClientOptions, name: &str) -> &'a str {
    own_property(options, name).unwrap_or_default()
}

fn default(config: &mut ClientConfig, name: &str, value: &str) {
    if config.get(name).is_none() {
        config.set(name, value);
    }
}
