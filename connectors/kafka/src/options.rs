//! Options that the source and the sink share.

use std::fmt;

use indexmap::IndexMap;
use seatunnel_api::config::{ConfigValue, Kind};
use seatunnel_api::options::{OptionReader, OptionType, OptionValue, Options};
pub(crate) use seatunnel_formats::FormatOptions;

/// How to reach the brokers.
#[derive(Clone, Debug, Options)]
pub struct ClientOptions {
    /// Brokers to begin with, as `host:port`, with commas between several.
    #[option(key = "bootstrap.servers")]
    pub bootstrap_servers: String,
    /// Properties of the Kafka client, called as in Java's client or as in librdkafka: `security.protocol`, `sasl.jaas.config`, `isolation.level`, `fetch.min.bytes` and so on.
    #[option(key = "kafka.config")]
    pub kafka_config: Option<Properties>,
    /// Accepted and without effect, as in SeaTunnel, whose examples have it: `request.timeout.ms` belongs
    /// into `kafka.config`.
    #[option(key = "kafka.request.timeout.ms")]
    pub request_timeout: Option<String>,
}

/// Properties of the client in the order of the file. Values are never printed: among them are passwords.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(pub IndexMap<String, String>);

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Objects within are names with dots: `fetch { min { bytes = 1 } }` is `fetch.min.bytes = 1`.
impl OptionValue for Properties {
    fn option_type() -> OptionType {
        OptionType::Map(Box::new(OptionType::String))
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        if value.as_object().is_none() {
            return reader.wrong_type(value, "an object");
        }
        let mut properties = IndexMap::new();
        flatten("", value, &mut properties);
        Some(Self(properties))
    }

    fn render(&self) -> String {
        "{…}".to_owned()
    }
}

fn flatten(prefix: &str, value: &ConfigValue, properties: &mut IndexMap<String, String>) {
    match value.as_object() {
        Some(members) => {
            for (key, value) in members {
                let name = match prefix {
                    "" => key.clone(),
                    prefix => format!("{prefix}.{key}"),
                };
                flatten(&name, value, properties);
            }
        }
        // Nothing is set by a null.
        None if matches!(value.kind, Kind::Null) => {}
        None => {
            let text = value
                .scalar_text()
                .unwrap_or_else(|| value.to_json().to_string());
            properties.insert(prefix.to_owned(), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_api::config::Report;
    use serde_json::json;

    use super::*;
    use crate::sink_options::KafkaSinkOptions;

    #[test]
    fn what_seatunnels_examples_say_is_understood() {
        // As its dialect reads `kafka.request.timeout.ms = 60000` and `kafka.config = { … }`.
        let example = ConfigValue::from_json(&json!({
            "topic": "test_topic",
            "bootstrap.servers": "localhost:9092",
            "format": "json",
            "kafka": {
                "request": {"timeout": {"ms": 60000}},
                "config": {"acks": "all", "request": {"timeout": {"ms": 60000}}, "buffer": {"memory": 33554432}},
            },
            "semantics": "EXACTLY_ONCE",
        }));
        let mut report = Report::new();
        let mut reader = OptionReader::new("Kafka", &mut report).strict(true);
        let options = <KafkaSinkOptions as Options>::read(&example, &mut reader);
        report.into_result().unwrap();
        let properties = options.unwrap().client.kafka_config.unwrap().0;
        let mut names: Vec<&str> = properties.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["acks", "buffer.memory", "request.timeout.ms"]);
    }
}
