//! Settings of Hadoop's client, of which those are heeded that have a meaning here.

use std::fmt;

use seatunnel_api::config::{ConfigValue, Kind};
use seatunnel_api::options::{OptionReader, OptionType, OptionValue};

/// Names and values. Values are never printed: among them may be keys.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Properties(Vec<(String, String)>);

impl Properties {
    /// The value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        found.next_back().map(|(_, value)| value.as_str())
    }

    /// Whether a value says yes or no.
    pub(crate) fn is_true(&self, name: &str) -> Option<bool> {
        self.get(name).map(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The names that are not among these.
    pub(crate) fn others<'a>(&'a self, known: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let names = self.0.iter().map(|(name, _)| name.as_str());
        names.filter(|name| !known.contains(name))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

/// Objects within are names with dots: `fs { s3a { … } }` is `fs.s3a.…`.
impl OptionValue for Properties {
    fn option_type() -> OptionType {
        OptionType::Map(Box::new(OptionType::String))
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        if value.as_object().is_none() {
            return reader.wrong_type(value, "an object");
        }
        let mut properties = Vec::new();
        flatten("", value, &mut properties);
        Some(Self(properties))
    }

    fn render(&self) -> String {
        "{…}".to_owned()
    }
}

fn flatten(prefix: &str, value: &ConfigValue, properties: &mut Vec<(String, String)>) {
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
            let text = value.scalar_text();
            let text = text.unwrap_or_else(|| value.to_json().to_string());
            properties.push((prefix.to_owned(), text));
        }
    }
}
