//! What a job file says to another engine.

use seatunnel_api::config::{ConfigValue, Kind};

/// A setting of an engine.
pub type Setting = (String, String);

/// The settings below `prefix` in a block, as `a.b.c = value`, without the prefix: `env { flink.a.b = 1 }`
/// and `env { "flink.a.b" = 1 }` are the same.
pub fn settings_under(block: &ConfigValue, prefix: &str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let Some(members) = block.as_object() else {
        return settings;
    };
    let dotted = format!("{prefix}.");
    for (key, value) in members {
        if key == prefix {
            collect(value, String::new(), &mut settings);
        } else if let Some(rest) = key.strip_prefix(&dotted) {
            collect(value, rest.to_owned(), &mut settings);
        }
    }
    settings
}

fn collect(value: &ConfigValue, path: String, settings: &mut Vec<Setting>) {
    match &value.kind {
        Kind::Object(members) => {
            for (key, member) in members {
                let path = match path.is_empty() {
                    true => key.clone(),
                    false => format!("{path}.{key}"),
                };
                collect(member, path, settings);
            }
        }
        // A list is what both engines write with commas or semicolons; a comma is what Spark takes.
        Kind::List(items) => {
            let items: Vec<String> = items.iter().filter_map(text).collect();
            settings.push((path, items.join(",")));
        }
        _ => settings.extend(text(value).map(|text| (path, text))),
    }
}

fn text(value: &ConfigValue) -> Option<String> {
    match value.to_json() {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
