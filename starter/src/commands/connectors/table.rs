//! The options of a plugin as the lines of a table.

use std::fmt::Write;

use seatunnel_api::options::{OptionSet, OptionSpec, OptionType, Rule};

/// Options as lines, those of nested blocks behind the option that holds the block.
#[derive(Default)]
pub(super) struct Table {
    pub(super) lines: Vec<Line>,
    pub(super) rules: Vec<String>,
}

/// One option.
pub(super) struct Line {
    pub(super) key: String,
    pub(super) option_type: String,
    pub(super) default: String,
    pub(super) doc: String,
}

/// Types longer than this go into the text under the option.
const WIDEST_TYPE: usize = 32;

impl Table {
    /// The options of a set.
    pub(super) fn of(set: &OptionSet) -> Self {
        let mut table = Self::default();
        table.add(set, "", &mut Vec::new());
        table
    }

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
        let names = option.fallback_keys.join(", ");
        let _ = match option.fallbacks_are_old {
            true => write!(text, " Older names: {names}."),
            false => write!(text, " Also: {names}."),
        };
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
