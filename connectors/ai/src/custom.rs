//! Bodies of requests that a job file lays out.

use seatunnel_api::Result;
use seatunnel_api::options::Located;
use seatunnel_transforms::json_path::JsonPath;
use serde_json::Value;

use crate::options::{CustomConfig, incomplete};

/// A service of one's own: what is sent, and where the wanted part of the answer is.
pub(crate) struct Custom {
    body: Value,
    pub(crate) parse: JsonPath,
}

impl Custom {
    pub(crate) fn new(plugin: &str, config: &CustomConfig) -> Result<Self> {
        let Located { value, span } = &config.custom_response_parse;
        let parse = JsonPath::parse(value).map_err(|why| {
            let what = format!("can't use the path {value:?} of `custom_response_parse`: {why}");
            incomplete(plugin, what).at(span)
        })?;
        let body = config.custom_request_body.to_json();
        if !body.is_object() {
            let what = "needs an object as `custom_request_body`";
            return Err(incomplete(plugin, what).at(&config.custom_request_body.span));
        }
        Ok(Self { body, parse })
    }

    /// Whether a request can hold several inputs: `["${input}"]` stands somewhere.
    pub(crate) fn takes_many(&self) -> bool {
        fn within(value: &Value) -> bool {
            match value {
                Value::Array(items) if is_input(items) => true,
                Value::Array(items) => items.iter().any(within),
                Value::Object(members) => members.values().any(within),
                _ => false,
            }
        }
        within(&self.body)
    }

    /// The body with these texts for `${name}` and the inputs for `["${input}"]`.
    pub(crate) fn body(&self, texts: &[(&str, &str)], inputs: &[Value]) -> Value {
        fill(&self.body, texts, inputs)
    }
}

fn is_input(items: &[Value]) -> bool {
    matches!(items, [Value::String(text)] if text.trim() == "${input}")
}

fn fill(value: &Value, texts: &[(&str, &str)], inputs: &[Value]) -> Value {
    match value {
        Value::String(text) => Value::String(fill_text(text, texts)),
        Value::Array(items) if is_input(items) && !inputs.is_empty() => {
            Value::Array(inputs.to_vec())
        }
        Value::Array(items) => items.iter().map(|i| fill(i, texts, inputs)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, v)| (name.clone(), fill(v, texts, inputs)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// The text with `${name}` and `${name:default}` replaced, in one pass: what is put in is not looked at.
pub(crate) fn fill_text(text: &str, texts: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let inside = &rest[start + 2..start + length];
        let (name, default) = match inside.split_once(':') {
            Some((name, default)) => (name, Some(default.trim())),
            None => (inside, None),
        };
        out.push_str(&rest[..start]);
        let known = texts.iter().find(|(known, _)| *known == name);
        match (known.filter(|(_, text)| !text.is_empty()), default) {
            (Some((_, text)), _) => out.push_str(text),
            (None, Some(default)) if known.is_some() => out.push_str(default),
            _ => out.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    out
}
