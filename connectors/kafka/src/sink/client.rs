//! Settings of the producers, and what a sink asks before it writes.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer};
use seatunnel_api::{Error, Result};

use super::errors;
use crate::client::{Notes, Role};
use crate::codes;
use crate::sink_options::{KafkaSinkOptions, Semantics};

/// Messages that wait to be sent, for each writer: 32 MiB, as `buffer.memory` of Java's client.
const QUEUE_KIB: u32 = 32_768;

/// What is set unless the user says otherwise.
const DEFAULTS: [(&str, &str); 3] = [
    ("queue.buffering.max.kbytes", "32768"), // QUEUE_KIB
    // Java's way from a key to a partition.
    ("partitioner", "murmur2_random"),
    ("client.id", "seatunnel"),
];

/// Settings of the producers of a sink.
///
/// # Errors
/// If `kafka.config` has what doesn't go with `semantics`.
pub(super) fn settings(options: &KafkaSinkOptions) -> Result<ClientConfig> {
    let mut config = crate::client::settings(&options.client, Role::Producer)?;
    for (key, value) in DEFAULTS {
        if config.get(key).is_none() {
            config.set(key, value);
        }
    }
    if options.semantics != Semantics::Non {
        let acks = config
            .get("acks")
            .or_else(|| config.get("request.required.acks"));
        if let Some(acks) = acks
            && !matches!(acks, "all" | "-1")
        {
            return Err(Error::new(
                codes::OPTION,
                format!(
                    "`acks` of `kafka.config` is {acks}: {} needs `all`",
                    name(options.semantics)
                ),
            ));
        }
        if config.get("enable.idempotence") == Some("false") {
            return Err(Error::new(
                codes::OPTION,
                format!(
                    "`enable.idempotence` of `kafka.config` is false: {} needs it",
                    name(options.semantics)
                ),
            ));
        }
        config.set("enable.idempotence", "true");
    }
    if options.semantics == Semantics::ExactlyOnce {
        if config.get("transactional.id").is_some() {
            return Err(Error::new(
                codes::OPTION,
                "`transactional.id` of `kafka.config` can't be given: each transaction has an id of its own",
            )
            .with_help("what the ids begin with is given by `transaction_prefix`"));
        }
    } else {
        // Only those that fail are told: a success is known by the flush.
        config.set("delivery.report.only.error", "true");
    }
    Ok(config)
}

/// Settings for these topics: messages may be as large as the smallest limit of them, unless the user says
/// otherwise. So a row that is too large is found before it is sent, when it can still be told from others.
pub(crate) async fn with_limit(config: &ClientConfig, topics: &[String]) -> ClientConfig {
    let mut config = config.clone();
    if config.get("message.max.bytes").is_some() || topics.is_empty() {
        return config;
    }
    // What can't be asked (no right to it) leaves the client's own limit.
    if let Some(limit) = smallest_limit(&config, topics).await {
        let waiting = config
            .get("queue.buffering.max.kbytes")
            .and_then(|k| k.parse().ok());
        // A queue holds one message at least, unless the user wants it smaller.
        if waiting == Some(QUEUE_KIB) && limit.div_ceil(1024) >= QUEUE_KIB {
            config.set(
                "queue.buffering.max.kbytes",
                (limit.div_ceil(1024) + 1).to_string(),
            );
        }
        config.set(
            "message.max.bytes",
            limit.clamp(1_000, 1_000_000_000).to_string(),
        );
    }
    config
}

async fn smallest_limit(config: &ClientConfig, topics: &[String]) -> Option<u32> {
    let admin: AdminClient<Notes> = config.create_with_context(Notes::default()).ok()?;
    let wanted: Vec<_> = topics.iter().map(|t| ResourceSpecifier::Topic(t)).collect();
    let options = AdminOptions::new().request_timeout(Some(Duration::from_secs(10)));
    let answers = admin.describe_configs(&wanted, &options).await.ok()?;
    let limits = answers.iter().flatten().filter_map(|topic| {
        let value = topic.get("max.message.bytes")?.value.as_deref()?;
        value.parse().ok()
    });
    limits.min()
}

fn name(semantics: Semantics) -> &'static str {
    match semantics {
        Semantics::Non => "NON",
        Semantics::AtLeastOnce => "AT_LEAST_ONCE",
        Semantics::ExactlyOnce => "EXACTLY_ONCE",
    }
}

/// Tells sinks of a job apart by what they write and where to, as a few hexadecimal digits.
pub(super) fn fingerprint(tables: &[super::Table]) -> String {
    let mut hash = bytes_hash(&[]);
    for table in tables {
        let topic = table.options.topic.as_deref().unwrap_or_default();
        hash ^= bytes_hash(format!("{}\0{topic}", table.table.path()).as_bytes()).rotate_left(1);
    }
    format!("{hash:08x}")
}

/// FNV-1a: the same in every build and version of this program.
fn bytes_hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// Whether brokers can be reached and don't refuse topics; makes no topic.
///
/// # Errors
/// If they can't.
pub(super) async fn check(
    options: &KafkaSinkOptions,
    topics: impl Iterator<Item = &str>,
) -> Result<()> {
    // Other than a producer's, a consumer's look makes no topics.
    let config = crate::client::settings(&options.client, Role::Consumer)?;
    let topics: Vec<String> = topics.map(str::to_owned).collect();
    errors::blocking(move || {
        let notes = Notes::default();
        let failed = |e| errors::client(e, "the brokers can't be asked", &notes);
        let consumer: BaseConsumer<Notes> =
            config.create_with_context(notes.clone()).map_err(failed)?;
        let metadata = consumer
            .fetch_metadata(None, Duration::from_secs(15))
            .map_err(failed)?;
        for topic in &topics {
            if !metadata.topics().iter().any(|t| t.name() == topic) {
                tracing::warn!(%topic, "the topic is not there, or can't be seen by this user");
            }
        }
        Ok(())
    })
    .await
}
