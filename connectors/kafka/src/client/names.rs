//! What Java's client calls its properties, and what librdkafka makes of them.

/// What becomes of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// librdkafka calls it so.
    Named(&'static str),
    /// So in librdkafka, where it counts in units of 1024 bytes.
    Kibibytes(&'static str),
    /// So in librdkafka, where 0 stands for what is -1 in Java.
    MinusOneIsZero(&'static str),
    /// The connector itself follows it.
    Own,
    /// Read together with others: certificates and keys, logins.
    Together,
    /// Without a meaning here; the text says why.
    Nothing(&'static str),
}

use Meaning::{Kibibytes, MinusOneIsZero, Named, Nothing, Own, Together};

const CLASS: &str = "names a class of Java";
const NO_LIMIT: &str = "librdkafka has no such limit";
const FORMAT: &str = "what messages hold is told by `format`";
const METRICS: &str = "metrics are those of the job";

/// Properties of Java's client that mean something else in librdkafka, or nothing. All others are
/// handed over as they are.
const NAMES: &[(&str, Meaning)] = &[
    // Connections.
    ("request.timeout.ms", Named("socket.timeout.ms")),
    ("default.api.timeout.ms", Own),
    (
        "send.buffer.bytes",
        MinusOneIsZero("socket.send.buffer.bytes"),
    ),
    (
        "receive.buffer.bytes",
        MinusOneIsZero("socket.receive.buffer.bytes"),
    ),
    ("socket.connection.setup.timeout.max.ms", Nothing(NO_LIMIT)),
    ("metadata.max.idle.ms", Nothing(NO_LIMIT)),
    (
        "metadata.recovery.rebootstrap.trigger.ms",
        Nothing(NO_LIMIT),
    ),
    ("interceptor.classes", Nothing(CLASS)),
    ("metric.reporters", Nothing(METRICS)),
    ("metrics.num.samples", Nothing(METRICS)),
    ("metrics.recording.level", Nothing(METRICS)),
    ("metrics.sample.window.ms", Nothing(METRICS)),
    ("auto.include.jmx.reporter", Nothing(METRICS)),
    // Logins.
    ("sasl.jaas.config", Together),
    ("sasl.client.callback.handler.class", Nothing(CLASS)),
    ("sasl.login.callback.handler.class", Nothing(CLASS)),
    ("sasl.login.class", Nothing(CLASS)),
    // Certificates and keys.
    ("ssl.truststore.type", Together),
    ("ssl.truststore.location", Together),
    ("ssl.truststore.certificates", Together),
    ("ssl.truststore.password", Together),
    ("ssl.keystore.type", Together),
    ("ssl.keystore.location", Together),
    ("ssl.keystore.password", Together),
    ("ssl.keystore.key", Together),
    ("ssl.keystore.certificate.chain", Together),
    (
        "ssl.protocol",
        Nothing("OpenSSL agrees on the newest version of TLS"),
    ),
    (
        "ssl.enabled.protocols",
        Nothing("OpenSSL agrees on the newest version of TLS"),
    ),
    ("ssl.keymanager.algorithm", Nothing(CLASS)),
    ("ssl.trustmanager.algorithm", Nothing(CLASS)),
    ("ssl.secure.random.implementation", Nothing(CLASS)),
    ("ssl.engine.factory.class", Nothing(CLASS)),
    ("ssl.provider", Nothing(CLASS)),
    ("security.providers", Nothing(CLASS)),
    // Reading.
    ("max.poll.records", Own),
    ("fetch.max.wait.ms", Named("fetch.wait.max.ms")),
    ("exclude.internal.topics", Own),
    ("key.deserializer", Nothing(FORMAT)),
    ("value.deserializer", Nothing(FORMAT)),
    (
        "partition.assignment.strategy",
        Nothing("the engine assigns partitions to readers"),
    ),
    (
        "group.protocol",
        Nothing("the engine assigns partitions to readers"),
    ),
    (
        "group.remote.assignor",
        Nothing("the engine assigns partitions to readers"),
    ),
    (
        "internal.leave.group.on.close",
        Nothing("readers are no members of the group"),
    ),
    ("enable.auto.commit", Own),
    ("auto.commit.interval.ms", Own),
    // Writing.
    ("key.serializer", Nothing(FORMAT)),
    ("value.serializer", Nothing(FORMAT)),
    ("partitioner.class", Nothing(CLASS)),
    ("partitioner.ignore.keys", Nothing(CLASS)),
    ("partitioner.adaptive.partitioning.enable", Nothing(CLASS)),
    ("partitioner.availability.timeout.ms", Nothing(CLASS)),
    ("buffer.memory", Kibibytes("queue.buffering.max.kbytes")),
    ("max.request.size", Named("message.max.bytes")),
    ("max.block.ms", Nothing("a full buffer makes the job wait")),
];

/// What becomes of a property of this name.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    NAMES
        .iter()
        .find(|(java, _)| *java == name)
        .map(|(_, meaning)| *meaning)
}

/// Whether the value of this property must not be shown.
pub(super) fn is_secret(name: &str) -> bool {
    [
        "password",
        "secret",
        "jaas",
        "ssl.key.pem",
        "ssl.keystore.key",
    ]
    .iter()
    .any(|word| name.contains(word))
}
