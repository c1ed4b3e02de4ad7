//! `-i key=value`: the variables of the command line.
//!
//! SeaTunnel fills in a job file in three steps, and so does this crate:
//! 1. `${x}` without quotes: the file's own keys, then the environment;
//! 2. what is left, from `-i x=…`;
//! 3. `${x}` and `${x:default}` inside strings, from `-i x=…`, else the default; what neither gives
//!    stays, because sinks fill in `${table_name}` and its kin for each table.
//!
//! What a variable gives is always a text: `-i cols=[a,b]` is the text `[a,b]`.

use indexmap::IndexMap;
use seatunnel_api::Error;
use seatunnel_api::config::{ConfigValue, Kind};
use seatunnel_api::per_table::PLACEHOLDERS;

use crate::codes;

/// Whether sinks fill this name in for each table; no variable can have it.
pub(crate) fn is_table_placeholder(name: &str) -> bool {
    PLACEHOLDERS.contains(&name)
}

/// The variables of the command line by name.
#[derive(Clone, Debug, Default)]
pub struct Variables(IndexMap<String, String>);

impl Variables {
    /// Reads the arguments of `-i`. One argument may hold several pairs, divided by commas that
    /// stand outside quotes and brackets; quotes around a value are taken off.
    ///
    /// # Errors
    /// If a pair has no `=`, or names a word that sinks fill in by table.
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> Result<Self, Error> {
        let mut variables = IndexMap::new();
        for argument in arguments {
            for pair in split_pairs(argument.as_ref()) {
                let (name, value) = pair
                    .split_once('=')
                    .map(|(name, value)| (name.trim(), value))
                    .filter(|(name, _)| !name.is_empty())
                    .ok_or_else(|| {
                        // The pair may be half of a secret: the argument's name is enough.
                        let name = argument.as_ref().split('=').next().unwrap_or_default();
                        Error::new(
                            codes::VARIABLE_INVALID,
                            format!("`-i {name}…` does not have the form `key=value`"),
                        )
                        .with_help("put a value with a comma in it between double quotes: -i 'key=\"a,b\"'")
                    })?;
                if is_table_placeholder(name) {
                    return Err(Error::new(
                        codes::VARIABLE_INVALID,
                        format!(
                            "`-i {name}=…` is not possible: sinks fill in `${{{name}}}` for each table"
                        ),
                    ));
                }
                variables.insert(name.to_owned(), unquote(value).to_owned());
            }
        }
        Ok(Self(variables))
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Fills in `${name}` and `${name:default}` inside all strings of a tree. An empty variable
    /// counts as not given.
    pub fn substitute(&self, value: &mut ConfigValue) {
        match &mut value.kind {
            Kind::String(text) if text.contains("${") => *text = self.substituted(text),
            Kind::List(items) => items.iter_mut().for_each(|item| self.substitute(item)),
            Kind::Object(members) => members.values_mut().for_each(|m| self.substitute(m)),
            _ => {}
        }
    }

    fn substituted(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let Some((length, name, default)) = placeholder(from) else {
                out.push_str("${");
                rest = &from[2..];
                continue;
            };
            let given = self.get(name).filter(|value| !value.is_empty());
            match given.or(default) {
                Some(value) if !is_table_placeholder(name) => out.push_str(value),
                _ => out.push_str(&from[..length]),
            }
            rest = &from[length..];
        }
        out.push_str(rest);
        out
    }
}

/// `${name}` or `${name:default}` at the start of a text: its length, name and default.
fn placeholder(text: &str) -> Option<(usize, &str, Option<&str>)> {
    let body = text.strip_prefix("${")?;
    let name_end = body.find([':', '{', '}'])?;
    let name = &body[..name_end];
    if name.is_empty() {
        return None;
    }
    match body.as_bytes()[name_end] {
        b'}' => Some((2 + name_end + 1, name, None)),
        b':' => {
            let default_end = name_end + body[name_end..].find('}')?;
            let default = body[name_end + 1..default_end].trim();
            Some((2 + default_end + 1, name, Some(default)))
        }
        _ => None,
    }
}

/// Cuts at commas outside quotes and brackets.
fn split_pairs(argument: &str) -> Vec<&str> {
    let (mut pairs, mut start) = (Vec::new(), 0);
    let (mut quoted, mut depth) = (false, 0_usize);
    for (i, c) in argument.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                pairs.push(argument[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    let last = argument[start..].trim();
    if !last.is_empty() || pairs.is_empty() {
        pairs.push(last);
    }
    pairs
}

fn unquote(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|v| v.strip_suffix('"'))
        .unwrap_or(value)
}
