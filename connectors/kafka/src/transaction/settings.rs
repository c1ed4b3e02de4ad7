//! What the connections about transactions take from the settings of the Kafka client, so that they
//! reach the same brokers in the same way as librdkafka does.

use std::fmt;
use std::time::Duration;

use rdkafka::ClientConfig;
use seatunnel_api::{Error, Result};

use super::encryption::Encryption;
use super::login::{Login, Mechanism};
use crate::codes;

/// Where the brokers are and how they are spoken to.
pub(super) struct Settings {
    /// `host:port` of brokers to begin with.
    pub(super) brokers: Vec<String>,
    /// What we call ourselves.
    pub(super) client_id: String,
    /// The longest wait for one answer.
    pub(super) request_timeout: Duration,
    /// How connections are encrypted, if they are.
    pub(super) tls: Option<Encryption>,
    /// How to log in, if brokers ask for it.
    pub(super) login: Option<Login>,
}

/// Without what could be secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("brokers", &self.brokers)
            .field("tls", &self.tls.is_some())
            .field("login", &self.login.as_ref().map(|l| l.mechanism))
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads the settings of librdkafka.
    ///
    /// # Errors
    /// If they ask for something that works in librdkafka but not here.
    pub(super) fn read(config: &ClientConfig) -> Result<Self> {
        let servers = config.get("bootstrap.servers").unwrap_or_default();
        let brokers: Vec<String> = servers
            .split(',')
            .map(|s| with_port(s.trim()))
            .filter(|s| !s.is_empty())
            .collect();
        if brokers.is_empty() {
            return Err(Error::new(
                codes::OPTION,
                "`bootstrap.servers` names no broker",
            ));
        }
        let protocol = config
            .get("security.protocol")
            .unwrap_or("plaintext")
            .to_ascii_lowercase();
        let tls = protocol
            .ends_with("ssl")
            .then(|| Encryption::read(config))
            .transpose()?;
        let login = protocol
            .starts_with("sasl")
            .then(|| login(config))
            .transpose()?;
        Ok(Self {
            brokers,
            client_id: config.get("client.id").unwrap_or("seatunnel").to_owned(),
            request_timeout: Duration::from_millis(
                config
                    .get("socket.timeout.ms")
                    .and_then(|ms| ms.parse().ok())
                    .unwrap_or(30_000),
            ),
            tls,
            login,
        })
    }
}

/// `host:9092` where no port is given; a protocol in front (`PLAINTEXT://`) is left out, as librdkafka does.
fn with_port(server: &str) -> String {
    let server = server.split_once("://").map_or(server, |(_, rest)| rest);
    let port = server.rsplit_once(':').filter(|(host, port)| {
        // Colons within the brackets of an IPv6 address lead to no port.
        port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']'))
    });
    match port {
        _ if server.is_empty() => String::new(),
        Some(_) => server.to_owned(),
        None => format!("{server}:9092"),
    }
}

fn login(config: &ClientConfig) -> Result<Login> {
    let name = config
        .get("sasl.mechanism")
        .or_else(|| config.get("sasl.mechanisms"))
        .unwrap_or("GSSAPI");
    let mechanism = Mechanism::parse(name).ok_or_else(|| {
        Error::new(
            codes::UNSUPPORTED,
            format!("exactly-once can't log in by {name}: it needs requests of its own"),
        )
        .with_help("use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 as `sasl.mechanism`, or semantics = AT_LEAST_ONCE")
    })?;
    let text = |key| config.get(key).unwrap_or_default().to_owned();
    Ok(Login {
        mechanism,
        user: text("sasl.username"),
        password: text("sasl.password"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_as_librdkafka_reads_them() {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "a:1, b ,PLAINTEXT://c:2,[::1]:3,[::1]");
        config.set("security.protocol", "SASL_PLAINTEXT");
        config.set("sasl.mechanism", "SCRAM-SHA-512");
        config.set("sasl.username", "me");
        config.set("sasl.password", "hidden");
        let settings = Settings::read(&config).unwrap();
        assert_eq!(
            settings.brokers,
            ["a:1", "b:9092", "c:2", "[::1]:3", "[::1]:9092"]
        );
        assert!(settings.tls.is_none());
        assert_eq!(
            settings.login.as_ref().unwrap().mechanism,
            Mechanism::ScramSha512
        );
        assert!(!format!("{settings:?}").contains("hidden"));
    }

    #[test]
    fn a_login_that_only_librdkafka_can_do_is_refused() {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "a:1");
        config.set("security.protocol", "sasl_ssl");
        config.set("sasl.mechanism", "OAUTHBEARER");
        let error = Settings::read(&config).unwrap_err();
        assert!(error.message().contains("OAUTHBEARER"), "{error}");
    }
}
