//! `seatunnel schema`: the JSON schema of job files, made from the declarations of all options.

use seatunnel_api::options::{
    EnvOptions, OptionSet, OptionSpec, OptionType, Options, Rule, SinkCommonOptions,
    SourceCommonOptions, TransformCommonOptions,
};
use seatunnel_api::{Plugin, Registry};
use serde_json::{Map, Value, json};

use crate::terminal;
use seatunnel_connectors::registry;

/// Prints the schema.
pub(crate) fn print() {
    terminal::print(&format!("{:#}\n", schema(&registry())));
}

/// The schema of both forms of a job file: blocks by name (`source { FakeSource {…} }`) and lists
/// of blocks (`"source": [{"plugin_name": "FakeSource", …}]`), which is what `config tree` prints.
fn schema(registry: &Registry) -> Value {
    let sources: Vec<&dyn Plugin> = registry.sources().iter().map(|f| f.as_ref() as _).collect();
    let transforms: Vec<&dyn Plugin> = registry
        .transforms()
        .iter()
        .map(|f| f.as_ref() as _)
        .collect();
    let sinks: Vec<&dyn Plugin> = registry.sinks().iter().map(|f| f.as_ref() as _).collect();
    let mut definitions = Map::new();
    let mut env = block(EnvOptions::declaration(), &[], &mut Vec::new());
    // Settings of engines and of the user's own tools may stand there under any name.
    env["additionalProperties"] = json!(true);
    definitions.insert("env".to_owned(), env);
    let mut section = |kind: &str, plugins: &[&dyn Plugin], common: &OptionSet| {
        blocks(kind, plugins, common, &mut definitions)
    };
    let source = section("source", &sources, SourceCommonOptions::declaration());
    let transform = section(
        "transform",
        &transforms,
        TransformCommonOptions::declaration(),
    );
    let sink = section("sink", &sinks, SinkCommonOptions::declaration());
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "SeaTunnel job file",
        "description": "What to read, what to change on the way, and where to write.",
        "type": "object",
        "properties": {
            "env": { "$ref": "#/definitions/env" },
            "source": source,
            "transform": transform,
            "sink": sink,
        },
        "required": ["source", "sink"],
        "definitions": definitions,
    })
}

fn blocks(
    kind: &str,
    plugins: &[&dyn Plugin],
    common: &OptionSet,
    definitions: &mut Map<String, Value>,
) -> Value {
    if plugins.is_empty() {
        // JSON schema has no empty list of choices.
        return json!({ "description": format!("No {kind} is built in."), "maxItems": 0, "maxProperties": 0 });
    }
    let mut by_name = Map::new();
    let mut by_pattern = Map::new();
    let mut if_named = Vec::new();
    let mut names = Vec::new();
    for plugin in plugins {
        let info = plugin.info();
        let id = format!("{kind}.{}", info.name);
        let plugin_name = json!({
            "type": "string",
            "description": "The plugin's name; needed where blocks are given as a list.",
        });
        let mut definition = block(plugin.declaration(), &common.options, &mut Vec::new());
        definition["title"] = json!(info.name);
        definition["description"] = json!(info.summary);
        definition["properties"]["plugin_name"] = plugin_name;
        definitions.insert(id.clone(), definition);
        let this = json!({ "$ref": format!("#/definitions/{id}") });
        let once_or_more = json!({
            "description": info.summary,
            "anyOf": [this, { "type": "array", "items": this }],
        });
        for name in std::iter::once(&info.name).chain(info.aliases) {
            let pattern = any_case(name);
            by_name.insert((*name).to_owned(), once_or_more.clone());
            by_pattern.insert(pattern.clone(), once_or_more.clone());
            names.push(*name);
            if_named.push(json!({
                "if": { "properties": { "plugin_name": { "pattern": pattern } }, "required": ["plugin_name"] },
                "then": this,
            }));
        }
    }
    let patterns: Vec<&String> = by_pattern.keys().collect();
    let known: Vec<Value> = std::iter::once(json!({ "enum": names }))
        .chain(
            patterns
                .into_iter()
                .map(|p| json!({ "type": "string", "pattern": p })),
        )
        .collect();
    json!({
        "type": ["object", "array"],
        "if": { "type": "array" },
        "then": {
            "items": {
                "type": "object",
                "properties": { "plugin_name": { "anyOf": known } },
                "required": ["plugin_name"],
                "allOf": if_named,
            },
        },
        "else": {
            "properties": by_name,
            "patternProperties": by_pattern,
            "additionalProperties": false,
        },
    })
}

/// A pattern for a word in any case: what JSON schema has no other way to say.
fn any_case(word: &str) -> String {
    let letters = word.chars().map(|c| match c {
        c if c.is_ascii_alphabetic() => {
            format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase())
        }
        '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' | '\\' => {
            format!("\\{c}")
        }
        c => c.to_string(),
    });
    format!("^{}$", letters.collect::<String>())
}

/// A value that is filled in later: `${name}`.
const VARIABLE: &str = "\\$\\{.+\\}";

/// A block with options. `within` has the sets around it: one that holds itself is left open.
fn block(set: &OptionSet, common: &[OptionSpec], within: &mut Vec<*const OptionSet>) -> Value {
    within.push(std::ptr::from_ref(set));
    let options = set.options.iter().chain(common);
    let keys: Vec<(&str, Value)> = options
        .clone()
        .flat_map(|option| {
            let schema = option_schema(option, within);
            let mut old = schema.clone();
            old["description"] = json!(format!(
                "Older name of {}. {}",
                option.key,
                option.doc.trim()
            ));
            old["deprecated"] = json!(true);
            let old = option
                .fallback_keys
                .iter()
                .map(move |key| (*key, old.clone()));
            std::iter::once((option.key, schema)).chain(old)
        })
        .collect();
    within.pop();
    let required = options.filter(|o| o.required).map(|o| present(o.key, set));
    let rules = set.rules.iter().map(|rule| rule_schema(rule, set));
    let all_of: Vec<Value> = required.chain(rules).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties(&keys),
        "additionalProperties": false,
    });
    if !all_of.is_empty() {
        schema["allOf"] = json!(all_of);
    }
    schema
}

/// The keys as they may be written: `a.b` as one key, or as `b` inside `a`.
fn properties(keys: &[(&str, Value)]) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut inside: Map<String, Value> = Map::new();
    for (key, schema) in keys {
        properties.insert((*key).to_owned(), schema.clone());
        for (dot, _) in key.match_indices('.') {
            let group = inside.entry(&key[..dot]).or_insert_with(|| json!([]));
            if let Value::Array(members) = group {
                members.push(json!([&key[dot + 1..], schema]));
            }
        }
    }
    for (prefix, members) in inside {
        let members: Vec<(&str, Value)> = members
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|member| Some((member[0].as_str()?, member[1].clone())))
            .collect();
        let block = json!({
            "type": "object",
            "properties": self::properties(&members),
            "additionalProperties": false,
        });
        // `a` may be an option of its own besides `a.b`.
        let schema = match properties.remove(&prefix) {
            None => block,
            Some(own) => json!({ "anyOf": [own, block] }),
        };
        properties.insert(prefix, schema);
    }
    properties
}

fn option_schema(option: &OptionSpec, within: &mut Vec<*const OptionSet>) -> Value {
    let mut schema = type_schema(&option.option_type, within);
    schema["description"] = json!(option.doc.trim());
    if let Some(default) = &option.default
        && !option.secret
    {
        schema["default"] = serde_json::from_str(default).unwrap_or_else(|_| json!(default));
    }
    if let Some(min) = option.min {
        schema["minimum"] = json!(min);
    }
    if let Some(max) = option.max {
        schema["maximum"] = json!(max);
    }
    if option.secret {
        schema["writeOnly"] = json!(true);
    }
    schema
}

fn type_schema(option_type: &OptionType, within: &mut Vec<*const OptionSet>) -> Value {
    match option_type {
        // A list or an object given for a text is its JSON.
        OptionType::String => {
            json!({ "type": ["string", "number", "boolean", "array", "object"] })
        }
        OptionType::Boolean => json!({
            "anyOf": [
                { "type": "boolean" },
                { "type": "string", "pattern": format!("^[Tt][Rr][Uu][Ee]$|^[Ff][Aa][Ll][Ss][Ee]$|{VARIABLE}") },
            ],
        }),
        OptionType::Integer => json!({
            "anyOf": [
                { "type": "integer" },
                { "type": "string", "pattern": format!("^\\s*[-+]?[0-9]+\\s*$|{VARIABLE}") },
            ],
        }),
        OptionType::Float => json!({
            "anyOf": [
                { "type": "number" },
                { "type": "string", "pattern": format!("^\\s*[-+.0-9eE]+\\s*$|{VARIABLE}") },
            ],
        }),
        OptionType::Enum(words) => {
            let patterns: Vec<String> = words.iter().map(|word| any_case(word)).collect();
            let pattern = format!("{}|{VARIABLE}", patterns.join("|"));
            json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": pattern }] })
        }
        OptionType::List(item) => {
            let items = json!({ "type": "array", "items": type_schema(item, within) });
            match item.as_ref() {
                OptionType::Object(_) | OptionType::Map(_) | OptionType::List(_) => items,
                // A single text is split at its commas.
                _ => json!({ "anyOf": [items, { "type": ["string", "number", "boolean"] }] }),
            }
        }
        OptionType::Map(value) => {
            json!({ "type": "object", "additionalProperties": type_schema(value, within) })
        }
        OptionType::Object(set) => {
            let set = set();
            if within.contains(&std::ptr::from_ref(set)) {
                return json!({ "type": "object" });
            }
            block(set, &[], within)
        }
        OptionType::Any(_) => json!({}),
    }
}

/// The option is there, under one of its names and in one of its forms.
fn present(key: &str, set: &OptionSet) -> Value {
    let fallbacks = set
        .find(key)
        .map_or(&[] as &[&str], |option| option.fallback_keys);
    let forms: Vec<Value> = std::iter::once(key)
        .chain(fallbacks.iter().copied())
        .flat_map(written)
        .collect();
    match forms.as_slice() {
        [only] => only.clone(),
        _ => json!({ "anyOf": forms }),
    }
}

fn written(key: &str) -> Vec<Value> {
    let nested = key.match_indices('.').flat_map(|(dot, _)| {
        let (outer, inner) = (&key[..dot], &key[dot + 1..]);
        let inner = written(inner).into_iter();
        inner.map(move |inner| json!({ "required": [outer], "properties": { outer: inner } }))
    });
    std::iter::once(json!({ "required": [key] }))
        .chain(nested)
        .collect()
}

fn rule_schema(rule: &Rule, set: &OptionSet) -> Value {
    let all_present = |keys: &[&str]| keys.iter().map(|key| present(key, set)).collect::<Vec<_>>();
    match rule {
        Rule::Exclusive(keys) => {
            let none = json!({ "not": { "anyOf": all_present(keys) } });
            let one_or_none: Vec<Value> = std::iter::once(none).chain(all_present(keys)).collect();
            json!({ "oneOf": one_or_none })
        }
        Rule::OneOf(keys) => json!({ "oneOf": all_present(keys) }),
        Rule::Together(keys) => {
            let all = all_present(keys);
            json!({ "if": { "anyOf": all }, "then": { "allOf": all } })
        }
        Rule::RequiredIf {
            key,
            values,
            required,
        } => {
            let patterns: Vec<String> = values.iter().map(|value| any_case(value)).collect();
            json!({
                "if": {
                    "required": [key],
                    "properties": { *key: { "type": "string", "pattern": patterns.join("|") } },
                },
                "then": { "allOf": all_present(required) },
            })
        }
    }
}
