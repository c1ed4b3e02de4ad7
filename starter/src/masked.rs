//! The job file without its secrets, for the log.

use seatunnel_api::Registry;
use seatunnel_api::config::{is_secret_key, mask_secrets};
use seatunnel_config::job::{JobSpec, PluginKind, PluginSpec};
use serde_json::{Value, json};

const HIDDEN: &str = "******";

/// The blocks of a job as JSON, their secrets hidden: those that are declared as such, and whatever
/// sounds like one.
pub(crate) fn blocks(spec: &JobSpec, registry: &Registry) -> Value {
    let block = |plugin: &PluginSpec| {
        let mut options = plugin.options.to_json();
        hide(&mut options);
        for secret in secrets(plugin, registry) {
            if let Some(value) = options.get_mut(secret) {
                *value = json!(HIDDEN);
            }
        }
        json!({ plugin.label(): options })
    };
    spec.plugins.iter().map(block).collect()
}

/// The options that the plugin declares as secret, their older names too.
fn secrets<'r>(plugin: &PluginSpec, registry: &'r Registry) -> Vec<&'r str> {
    let name = &plugin.name;
    let declaration = match plugin.kind {
        PluginKind::Source => registry.find_source(name).map(|f| f.declaration()),
        PluginKind::Transform => registry.find_transform(name).map(|f| f.declaration()),
        PluginKind::Sink => registry.find_sink(name).map(|f| f.declaration()),
    };
    let options = declaration.into_iter().flat_map(|set| &set.options);
    options
        .filter(|option| option.secret)
        .flat_map(|option| std::iter::once(option.key).chain(option.fallback_keys.iter().copied()))
        .collect()
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match is_secret_key(key) {
                    true => *value = json!(HIDDEN),
                    false => hide(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::String(text) => *text = mask_secrets(text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_sounds_like_a_secret_is_hidden() {
        let mut value = json!({
            "url": "jdbc:mysql://h/d?password=abc",
            "sasl": { "password": ["a", "b"] },
            "list": [{ "token": 1, "n": 2 }],
        });
        hide(&mut value);
        let expected = json!({
            "url": "jdbc:mysql://h/d?password=***",
            "sasl": { "password": HIDDEN },
            "list": [{ "token": HIDDEN, "n": 2 }],
        });
        assert_eq!(value, expected);
    }
}
