//! `seatunnel connectors`: what is built in, and the options of one of them.

use std::fmt::Write;

use seatunnel_api::config::nearest;
use seatunnel_api::options::{
    OptionSet, OptionSpec, OptionType, Options, Rule, SinkCommonOptions, SourceCommonOptions,
    TransformCommonOptions,
};
use seatunnel_api::{Error, Guarantee, Plugin, PluginInfo, Registry, Result, codes};

use crate::registry::registry;
use crate::terminal;
use crate::text::{table, wrapped};

/// How wide text is set.
const WIDTH: usize = 100;

/// Prints the names of all plugins and what each can do.
pub(crate) fn list() {
    terminal::print(&listing(&registry()));
}

fn listing(registry: &Registry) -> String {
    let mut rows: Vec<(PluginInfo, [bool; 3])> = Vec::new();
    let sources = registry.sources().iter().map(|f| (f.info(), 0));
    let transforms = registry.transforms().iter().map(|f| (f.info(), 1));
    let sinks = registry.sinks().iter().map(|f| (f.info(), 2));
    for (info, kind) in sources.chain(sinks).chain(transforms) {
        match rows.iter_mut().find(|(known, _)| known.name == info.name) {
            Some((_, kinds)) => kinds[kind] = true,
            None => {
                let mut kinds = [false; 3];
                kinds[kind] = true;
                rows.push((info, kinds));
            }
        }
    }
    rows.sort_by_key(|(info, kinds)| (kinds[1], info.name.to_lowercase()));
    let mark = |is: bool, word: &str| if is { word.to_owned() } else { String::new() };
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|(info, [source, transform, sink])| {
            vec![
                info.name.to_owned(),
                mark(*source, "source"),
                mark(*transform, "transform"),
                mark(*sink, "sink"),
                info.summary.to_owned(),
            ]
        })
        .collect();
    table(&["NAME", "", "", "", "WHAT IT DOES"], &rows)
}

/// Prints all there is to know of the plugins of a name: a source and a sink may share one.
///
/// # Errors
/// If there is none of that name.
pub(crate) fn show(name: &str) -> Result<()> {
    let registry = registry();
    let text = shown(&registry, name);
    if text.is_empty() {
        let sources = registry.sources().iter().map(|f| f.info().name);
        let transforms = registry.transforms().iter().map(|f| f.info().name);
        let sinks = registry.sinks().iter().map(|f| f.info().name);
        let names: Vec<&str> = sources.chain(transforms).chain(sinks).collect();
        let message = format!("there is no connector or transform called {name:?}");
        let help = match nearest(name, names) {
            Some(near) => format!("did you mean {near}?"),
            None => "`seatunnel connectors` lists what there is".to_owned(),
        };
        return Err(Error::new(codes::PLUGIN_UNKNOWN, message).with_help(help));
    }
    terminal::print(&text);
    Ok(())
}

fn shown(registry: &Registry, name: &str) -> String {
    let mut parts = Vec::new();
    if let Some(source) = registry.find_source(name) {
        parts.push(plugin(
            "source",
            source.as_ref(),
            SourceCommonOptions::declaration(),
            None,
        ));
    }
    if let Some(transform) = registry.find_transform(name) {
        let common = TransformCommonOptions::declaration();
        parts.push(plugin("transform", transform.as_ref(), common, None));
    }
    if let Some(sink) = registry.find_sink(name) {
        let guarantee = Some(sink.guarantee());
        parts.push(plugin(
            "sink",
            sink.as_ref(),
            SinkCommonOptions::declaration(),
            guarantee,
        ));
    }
    parts.join("\n")
}

fn plugin(
    kind: &str,
    plugin: &dyn Plugin,
    common: &OptionSet,
    guarantee: Option<Guarantee>,
) -> String {
    let info = plugin.info();
    let declared = plugin.declaration();
    let mut text = format!("{} ({kind}): {}\n", info.name, info.summary);
    if !info.aliases.is_empty() {
        let _ = writeln!(text, "Also called: {}", info.aliases.join(", "));
    }
    text.push_str(&wrapped(declared.doc, "", WIDTH));
    if let Some(guarantee) = guarantee {
        text.push_str(&wrapped(&promise(guarantee), "", WIDTH));
    }
    text.push('\n');
    let mut own = Table::default();
    own.add(declared, "", &mut Vec::new());
    text.push_str(&own.set("OPTION"));
    if !own.rules.is_empty() {
        text.push_str("\nRules\n");
        for rule in &own.rules {
            text.push_str(&wrapped(rule, "  ", WIDTH));
        }
    }
    let mut shared = Table::default();
    shared.add(common, "", &mut Vec::new());
    let _ = write!(
        text,
        "\n{}",
        shared.set(&format!("OF EVERY {}", kind.to_uppercase()))
    );
    text
}

fn promise(guarantee: Guarantee) -> String {
    match guarantee {
        Guarantee::AtLeastOnce => {
            "Guarantee: at least once; after a failure rows may come twice, none is missing."
                .to_owned()
        }
        Guarantee::Idempotent(condition) => format!("Guarantee: idempotent, {condition}."),
        Guarantee::ExactlyOnce(condition) => format!("Guarantee: exactly once, {condition}."),
    }
}

/// Options as lines, those of nested blocks behind the option that holds the block.
#[derive(Default)]
struct Table {
    lines: Vec<Line>,
    rules: Vec<String>,
}

struct Line {
    key: String,
    option_type: String,
    default: String,
    doc: String,
}

/// Types longer than this go into the text under the option.
const WIDEST_TYPE: usize = 32;

impl Table {
    /// `within` has the sets that are being shown, so that a block that holds itself comes once.
    fn add(&mut self, set: &OptionSet, prefix: &str, within: &mut Vec<*const OptionSet>) {
        within.push(std::ptr::from_ref(set));
        for option in &set.options {
            let key = format!("{prefix}{}", option.key);
            let mut option_type = option.option_type.to_string();
            let mut doc = option.doc.trim().to_owned();
            if option_type.chars().count() > WIDEST_TYPE {
                if let Some(words) = enum_words(&option.option_type) {
                    let _ = write!(doc, " One of: {}.", words.join(", "));
                }
                option_type = match &option.option_type {
                    OptionType::Enum(_) => "one of…".to_owned(),
                    OptionType::List(_) => "list".to_owned(),
                    OptionType::Map(_) => "map".to_owned(),
                    _ => option_type,
                };
            }
            doc.push_str(&facts(option));
            let default = match (&option.default, option.required) {
                (Some(default), _) if default.is_empty() => "\"\"".to_owned(),
                (Some(default), _) => default.clone(),
                (None, true) => "required".to_owned(),
                (None, false) => String::new(),
            };
            self.lines.push(Line {
                key: key.clone(),
                option_type,
                default,
                doc,
            });
            if let Some((inner, between)) = nested(&option.option_type)
                && !within.contains(&std::ptr::from_ref(inner))
            {
                self.add(inner, &format!("{key}{between}."), within);
            }
        }
        let rules = set
            .rules
            .iter()
            .map(|rule| format!("{}{}", in_block(prefix), rule_text(rule)));
        self.rules.extend(rules);
        within.pop();
    }

    fn set(&self, title: &str) -> String {
        let key_width = self.lines.iter().map(|l| l.key.chars().count());
        let key_width = key_width.max().unwrap_or(0).clamp(title.len(), 48);
        let type_width = self.lines.iter().map(|l| l.option_type.chars().count());
        let type_width = type_width.max().unwrap_or(0).max(4);
        let mut text = format!("{title:key_width$}  {:type_width$}  DEFAULT\n", "TYPE");
        for line in &self.lines {
            let row = format!(
                "{:key_width$}  {:type_width$}  {}",
                line.key, line.option_type, line.default
            );
            let _ = writeln!(text, "{}", row.trim_end());
            text.push_str(&wrapped(&line.doc, "    ", WIDTH));
        }
        text
    }
}

fn in_block(prefix: &str) -> String {
    match prefix.strip_suffix('.') {
        Some(block) => format!("In {block}: "),
        None => String::new(),
    }
}

/// What is to be said besides type and default.
fn facts(option: &OptionSpec) -> String {
    let mut text = String::new();
    match (option.min, option.max) {
        (Some(min), Some(max)) => {
            let _ = write!(text, " From {min} to {max}.");
        }
        (Some(min), None) => {
            let _ = write!(text, " At least {min}.");
        }
        (None, Some(max)) => {
            let _ = write!(text, " At most {max}.");
        }
        (None, None) => {}
    }
    if option.secret {
        text.push_str(" Secret: never printed.");
    }
    if let Some(since) = option.since {
        let _ = write!(text, " Since SeaTunnel {since}.");
    }
    if !option.fallback_keys.is_empty() {
        let _ = write!(text, " Older names: {}.", option.fallback_keys.join(", "));
    }
    text
}

fn enum_words(option_type: &OptionType) -> Option<&'static [&'static str]> {
    match option_type {
        OptionType::Enum(words) => Some(words),
        OptionType::List(item) | OptionType::Map(item) => enum_words(item),
        _ => None,
    }
}

/// The block that an option holds, and what stands between the option's key and the block's.
fn nested(option_type: &OptionType) -> Option<(&'static OptionSet, &'static str)> {
    match option_type {
        OptionType::Object(set) => Some((set(), "")),
        OptionType::List(item) => nested(item).map(|(set, _)| (set, "[]")),
        OptionType::Map(item) => nested(item).map(|(set, _)| (set, ".*")),
        _ => None,
    }
}

fn rule_text(rule: &Rule) -> String {
    match rule {
        Rule::Exclusive(keys) => format!("At most one of {}.", keys.join(", ")),
        Rule::OneOf(keys) => format!("Exactly one of {}.", keys.join(", ")),
        Rule::Together(keys) => format!("All or none of {}.", keys.join(", ")),
        Rule::RequiredIf {
            key,
            values,
            required,
        } => {
            format!(
                "If {key} is {}: {} is required.",
                values.join(" or "),
                required.join(" and ")
            )
        }
    }
}
