//! The settings of a client of librdkafka.

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;
use seatunnel_api::{Error, Result};

use super::jaas::Jaas;
use super::names::{Meaning, is_secret, meaning};
use super::stores::stores;
use crate::codes;
use crate::options::ClientOptions;

/// What a client is for: some properties mean something to one of them alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It reads messages, offsets, lists of topics.
    Consumer,
    /// It writes messages.
    Producer,
}

/// The value of a property of `kafka.config` that connectors follow themselves
/// (`max.poll.records`, `default.api.timeout.ms`, …).
pub(crate) fn own_property<'a>(options: &'a ClientOptions, name: &str) -> Option<&'a str> {
    let properties = &options.kafka_config.as_ref()?.0;
    properties.get(name).map(|text| text.trim())
}

/// The settings of a client: what the job file says, in librdkafka's terms, and nothing else.
///
/// Each property is tried by itself. One that nobody knows is told in a warning and left out, as
/// Java's client does.
///
/// # Errors
/// If a value is not valid, or if it asks for what only Java's client can do.
pub(crate) fn settings(options: &ClientOptions, role: Role) -> Result<ClientConfig> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", options.bootstrap_servers.trim());
    let empty = Default::default();
    let given = options.kafka_config.as_ref().map_or(&empty, |p| &p.0);
    let get = |name: &str| given.get(name).map(|text| text.trim());
    for (name, value) in given {
        let value = value.trim();
        let (name, value) = match meaning(name) {
            Some(Meaning::Named(to)) => (to, value.to_owned()),
            Some(Meaning::Kibibytes(to)) => (to, kibibytes(name, value)?),
            Some(Meaning::MinusOneIsZero(to)) if value == "-1" => (to, "0".to_owned()),
            Some(Meaning::MinusOneIsZero(to)) => (to, value.to_owned()),
            Some(Meaning::Own | Meaning::Together) => continue,
            Some(Meaning::Nothing(why)) => {
                tracing::debug!("`{name}` of `kafka.config` has no effect: {why}");
                continue;
            }
            None if is_foreign(name, role) => continue,
            None => (name.as_str(), canonical(name, value)),
        };
        set(&mut config, name, value)?;
    }
    for (name, value) in stores(get)? {
        set(&mut config, name, value)?;
    }
    login(&mut config, get("sasl.jaas.config"))?;
    Ok(config)
}

/// Where librdkafka writes a value otherwise than Java.
fn canonical(name: &str, value: &str) -> String {
    match name {
        "security.protocol" | "isolation.level" | "compression.type" | "acks" => {
            value.to_ascii_lowercase()
        }
        // Nothing is Java's way to say that hosts are not checked.
        "ssl.endpoint.identification.algorithm" if value.is_empty() => "none".to_owned(),
        _ => value.to_owned(),
    }
}

/// Properties of the other kind of client, which one `kafka.config` for both may have.
fn is_foreign(name: &str, role: Role) -> bool {
    const CONSUMER: &[&str] = &[
        "auto.offset.reset",
        "isolation.level",
        "max.poll.interval.ms",
    ];
    const PRODUCER: &[&str] = &["acks", "retries", "compression.type", "transactional.id"];
    match role {
        Role::Consumer => PRODUCER.contains(&name),
        Role::Producer => CONSUMER.contains(&name),
    }
}

/// Sets a property after it was tried.
fn set(config: &mut ClientConfig, name: &str, value: String) -> Result<()> {
    let mut trial = ClientConfig::new();
    trial.set(name, &value);
    match trial.create_native_config() {
        Ok(_) => {
            config.set(name, value);
            Ok(())
        }
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => {
            tracing::warn!("`{name}` of `kafka.config` is not known and has no effect");
            Ok(())
        }
        Err(error) => {
            let mut invalid = Error::new(
                codes::OPTION,
                format!("`{name}` of `kafka.config` is not valid"),
            );
            if let (KafkaError::ClientConfig(_, why, ..), false) = (&error, is_secret(name)) {
                invalid = invalid.with_cause(why.clone());
            }
            Err(invalid)
        }
    }
}

fn kibibytes(name: &str, value: &str) -> Result<String> {
    let bytes: u64 = value.parse().map_err(|_| {
        Error::new(
            codes::OPTION,
            format!("`{name}` of `kafka.config` is {value:?}, expected a number of bytes"),
        )
    })?;
    Ok(bytes.div_ceil(1024).max(1).to_string())
}

/// Who logs in, and whether that can be done at all.
fn login(config: &mut ClientConfig, jaas: Option<&str>) -> Result<()> {
    if let Some(text) = jaas {
        let jaas = Jaas::parse(text).ok_or_else(|| {
            Error::new(
                codes::OPTION,
                "`sasl.jaas.config` of `kafka.config` is not of the form `MODULE required NAME=\"VALUE\" …;`",
            )
        })?;
        for (option, property) in [("username", "sasl.username"), ("password", "sasl.password")] {
            if let Some(value) = jaas.options.get(option) {
                set(config, property, value.clone())?;
            }
        }
        if jaas.module == "PlainLoginModule" && mechanism(config).is_none() {
            config.set("sasl.mechanisms", "PLAIN");
        }
    }
    let protocol = config.get("security.protocol").unwrap_or("plaintext");
    if !protocol.starts_with("sasl") {
        return Ok(());
    }
    let mechanism = mechanism(config).unwrap_or("GSSAPI").to_ascii_uppercase();
    if matches!(
        mechanism.as_str(),
        "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512"
    ) {
        return Ok(());
    }
    let default = match config.get("sasl.mechanisms") {
        None => " (what there is without `sasl.mechanism`)",
        Some(_) => "",
    };
    Err(Error::new(
        codes::UNSUPPORTED,
        format!("a login by {mechanism}{default} is not built in"),
    )
    .with_help("`sasl.mechanism` may be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"))
}

fn mechanism(config: &ClientConfig) -> Option<&str> {
    config
        .get("sasl.mechanisms")
        .or_else(|| config.get("sasl.mechanism"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Properties;

    fn of(properties: &[(&str, &str)]) -> ClientOptions {
        let pairs = properties
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        ClientOptions {
            bootstrap_servers: "localhost:9092".to_owned(),
            kafka_config: Some(Properties(pairs.collect())),
            request_timeout: None,
        }
    }

    #[test]
    fn properties_of_java_become_those_of_librdkafka() {
        let options = of(&[
            ("request.timeout.ms", "60000"),
            ("buffer.memory", "33554432"),
            ("fetch.max.wait.ms", "250"),
            ("receive.buffer.bytes", "-1"),
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            (
                "sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"me\" password=\"pw\";",
            ),
            ("key.deserializer", "org.example.X"),
            ("max.poll.records", "1"),
            ("no.such.property", "1"),
        ]);
        let config = settings(&options, Role::Consumer).unwrap();
        for (name, value) in [
            ("socket.timeout.ms", Some("60000")),
            ("queue.buffering.max.kbytes", Some("32768")),
            ("fetch.wait.max.ms", Some("250")),
            ("socket.receive.buffer.bytes", Some("0")),
            ("security.protocol", Some("sasl_ssl")),
            ("sasl.username", Some("me")),
            ("sasl.password", Some("pw")),
            ("key.deserializer", None),
            ("max.poll.records", None),
            ("no.such.property", None),
        ] {
            assert_eq!(config.get(name), value, "{name}");
        }
        assert_eq!(own_property(&options, "max.poll.records"), Some("1"));
        // The client takes them all together, too.
        config.create_native_config().unwrap();
    }

    #[test]
    fn a_value_that_is_not_valid_is_named_and_a_secret_is_not_shown() {
        let error = settings(&of(&[("fetch.min.bytes", "many")]), Role::Consumer).unwrap_err();
        assert!(error.message().contains("fetch.min.bytes"), "{error}");
        let error = settings(&of(&[("sasl.jaas.config", "hidden")]), Role::Consumer).unwrap_err();
        assert!(!error.report().contains("hidden"), "{error:?}");
        assert!(!format!("{:?}", of(&[("sasl.password", "hidden")])).contains("hidden"));
    }

    #[test]
    fn logins_that_are_not_built_in_are_refused_before_a_broker_is_asked() {
        for mechanism in ["GSSAPI", "AWS_MSK_IAM", "OAUTHBEARER"] {
            let options = of(&[
                ("security.protocol", "SASL_PLAINTEXT"),
                ("sasl.mechanism", mechanism),
            ]);
            let error = settings(&options, Role::Producer).unwrap_err();
            assert!(error.message().contains(mechanism), "{error}");
        }
        let plain = of(&[
            ("security.protocol", "SASL_PLAINTEXT"),
            (
                "sasl.jaas.config",
                "a.b.PlainLoginModule required username=u password=p;",
            ),
        ]);
        let config = settings(&plain, Role::Producer).unwrap();
        assert_eq!(config.get("sasl.mechanisms"), Some("PLAIN"));
    }
}
