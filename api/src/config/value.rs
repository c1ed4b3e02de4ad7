//! Values of a job file.

use indexmap::IndexMap;

use super::Span;

/// Keys and values in the order of the file.
pub type Object = IndexMap<String, ConfigValue>;

/// One value of a job file and where it was written.
#[derive(Clone, Debug, Default)]
pub struct ConfigValue {
    /// What it is.
    pub kind: Kind,
    /// Where the value was written.
    pub span: Span,
    /// Where the key was written that this value was given to; none for list items.
    pub key_span: Span,
}

/// The kinds of values, those of JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Kind {
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number with its text as written: `43.0` stays `43.0`, and no digit is lost.
    Number(String),
    /// Text.
    String(String),
    /// `[…]`
    List(Vec<ConfigValue>),
    /// `{…}`
    Object(Object),
}

/// Compares what the values are, not where they were written.
impl PartialEq for ConfigValue {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl ConfigValue {
    /// A value and its place.
    pub fn new(kind: Kind, span: Span) -> Self {
        Self {
            kind,
            span,
            key_span: Span::none(),
        }
    }

    /// A text that was not read from a file.
    pub fn string(text: impl Into<String>) -> Self {
        Self::new(Kind::String(text.into()), Span::none())
    }

    /// Where to point for "this option": at its key where there is one, else at the value.
    pub fn key_or_value_span(&self) -> &Span {
        if self.key_span.source().is_some() {
            &self.key_span
        } else {
            &self.span
        }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match &self.kind {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[ConfigValue]> {
        match &self.kind {
            Kind::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, number or boolean as it was written.
    pub fn scalar_text(&self) -> Option<String> {
        match &self.kind {
            Kind::String(text) | Kind::Number(text) => Some(text.clone()),
            Kind::Bool(b) => Some(b.to_string()),
            _ => None,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// What a message calls this kind of value.
    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }

    /// Looks an option up as SeaTunnel does: the key as it stands first, then `a.b` as `b` inside `a`.
    pub fn get(&self, key: &str) -> Option<&ConfigValue> {
        let object = self.as_object()?;
        if let Some(value) = object.get(key) {
            return Some(value);
        }
        key.match_indices('.').find_map(|(dot, _)| {
            let inner = object.get(&key[..dot])?;
            inner.get(&key[dot + 1..])
        })
    }

    /// The same tree as JSON. Numbers follow SeaTunnel: `43.0` is the integer 43, and an integer of
    /// more than 64 bits becomes a string.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.kind {
            Kind::Null => Json::Null,
            Kind::Bool(b) => Json::Bool(*b),
            Kind::String(text) => Json::String(text.clone()),
            Kind::Number(text) => number_to_json(text),
            Kind::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Kind::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|(key, value)| (key.clone(), value.to_json()))
                    .collect(),
            ),
        }
    }

    /// A tree without positions from JSON.
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        let kind = match json {
            Json::Null => Kind::Null,
            Json::Bool(b) => Kind::Bool(*b),
            Json::Number(n) => Kind::Number(n.to_string()),
            Json::String(s) => Kind::String(s.clone()),
            Json::Array(items) => Kind::List(items.iter().map(Self::from_json).collect()),
            Json::Object(members) => Kind::Object(
                members
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::from_json(value)))
                    .collect(),
            ),
        };
        Self::new(kind, Span::none())
    }
}

fn number_to_json(text: &str) -> serde_json::Value {
    use serde_json::Value as Json;
    if let Ok(integer) = text.parse::<i64>() {
        return Json::from(integer);
    }
    match text.parse::<f64>() {
        Ok(float) if float as i64 as f64 == float => Json::from(float as i64),
        Ok(float) => serde_json::Number::from_f64(float)
            .map_or_else(|| Json::String(text.to_owned()), Json::Number),
        Err(_) => Json::String(text.to_owned()),
    }
}
