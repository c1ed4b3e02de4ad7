//! Types that options can have.

use std::fmt;

use indexmap::IndexMap;

use super::declare::OptionType;
use super::read::{OptionReader, OptionValue};
use crate::config::{ConfigValue, Kind, Span};

/// A text that is never printed: `Debug` and `Display` show `******`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for handing to a server.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("******")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("******")
    }
}

impl OptionValue for Secret {
    fn option_type() -> OptionType {
        OptionType::String
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        match value.scalar_text() {
            Some(text) => Some(Self(text)),
            None => reader.wrong_type(value, "a string"),
        }
    }

    fn render(&self) -> String {
        "******".to_owned()
    }
}

/// A number or boolean is its text; a list or an object is its JSON, as SeaTunnel has it.
impl OptionValue for String {
    fn option_type() -> OptionType {
        OptionType::String
    }

    fn read(value: &ConfigValue, _reader: &mut OptionReader<'_>) -> Option<Self> {
        Some(
            value
                .scalar_text()
                .unwrap_or_else(|| value.to_json().to_string()),
        )
    }

    fn render(&self) -> String {
        self.escape_debug().to_string()
    }
}

impl OptionValue for bool {
    fn option_type() -> OptionType {
        OptionType::Boolean
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        match &value.kind {
            Kind::Bool(b) => Some(*b),
            Kind::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Kind::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            _ => reader.wrong_type(value, "true or false"),
        }
    }

    fn render(&self) -> String {
        self.to_string()
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl OptionValue for $integer {
            fn option_type() -> OptionType {
                OptionType::Integer
            }

            fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
                let text = match &value.kind {
                    Kind::Number(text) | Kind::String(text) => text.trim(),
                    _ => return reader.wrong_type(value, "a whole number"),
                };
                if let Ok(number) = text.parse::<$integer>() {
                    return Some(number);
                }
                // `43.0` and `1e3` are whole numbers too.
                let whole = text.parse::<f64>().ok().filter(|f| f.fract() == 0.0 && f.abs() < 9e15);
                match whole.and_then(|f| <$integer>::try_from(f as i64).ok()) {
                    Some(number) => Some(number),
                    None => {
                        let expected = if text.parse::<i128>().is_ok() {
                            format!("a whole number from {} to {}", <$integer>::MIN, <$integer>::MAX)
                        } else {
                            "a whole number".to_owned()
                        };
                        reader.wrong_type(value, &expected)
                    }
                }
            }

            fn render(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, usize, i8, i16, i32, i64);

macro_rules! floats {
    ($($float:ty),*) => {$(
        impl OptionValue for $float {
            fn option_type() -> OptionType {
                OptionType::Float
            }

            fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
                let number = match &value.kind {
                    Kind::Number(text) | Kind::String(text) => text.trim().parse().ok(),
                    _ => None,
                };
                number.or_else(|| reader.wrong_type(value, "a number"))
            }

            fn render(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

floats!(f32, f64);

/// A single text is a list too, since a variable can't hold another: `[a, b]` and JSON as they are
/// meant, any other is split at its commas, as SeaTunnel does, with a warning.
impl<T: OptionValue> OptionValue for Vec<T> {
    fn option_type() -> OptionType {
        OptionType::List(Box::new(T::option_type()))
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        let item_type = T::option_type();
        let scalar = !matches!(
            item_type,
            OptionType::Object(_) | OptionType::Map(_) | OptionType::List(_)
        );
        match &value.kind {
            Kind::List(items) => {
                let read: Vec<Option<T>> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| {
                        reader.within(format!("[{index}]"), |reader| T::read(item, reader))
                    })
                    .collect();
                read.into_iter().collect()
            }
            Kind::String(text) if scalar => {
                let (pieces, in_brackets) = list_of_text(text);
                if pieces.len() > 1 && !in_brackets {
                    let message = format!(
                        "a text was given for a list and is split at its commas, write [{}]",
                        pieces.join(", ")
                    );
                    let (plugin, span) = (reader.plugin().to_owned(), value.span.clone());
                    reader.report().warning(
                        crate::error::codes::OPTION_INVALID,
                        format!("{plugin}: {message}"),
                        &span,
                    );
                }
                pieces
                    .into_iter()
                    .map(|piece| {
                        let item = ConfigValue::new(Kind::String(piece), value.span.clone());
                        T::read(&item, reader)
                    })
                    .collect()
            }
            Kind::Number(_) | Kind::Bool(_) if scalar => Some(vec![T::read(value, reader)?]),
            _ => reader.wrong_type(value, "a list"),
        }
    }

    fn render(&self) -> String {
        let items: Vec<String> = self.iter().map(T::render).collect();
        format!("[{}]", items.join(", "))
    }
}

/// The items of a list that is written as a text, and whether it stands in brackets.
fn list_of_text(text: &str) -> (Vec<String>, bool) {
    let inside = text
        .trim()
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'));
    if inside.is_some()
        && let Ok(items) = serde_json::from_str::<Vec<serde_json::Value>>(text)
    {
        let item = |json: &serde_json::Value| match json {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        return (items.iter().map(item).collect(), true);
    }
    let body = inside.unwrap_or(text);
    if inside.is_some() && body.trim().is_empty() {
        return (Vec::new(), true);
    }
    let items = body.split(',').map(|item| item.trim().to_owned());
    (items.collect(), inside.is_some())
}

/// Keys in the order of the file.
impl<T: OptionValue> OptionValue for IndexMap<String, T> {
    fn option_type() -> OptionType {
        OptionType::Map(Box::new(T::option_type()))
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        let Some(object) = value.as_object() else {
            return reader.wrong_type(value, "an object");
        };
        let read: Vec<Option<(String, T)>> = object
            .iter()
            .map(|(key, value)| {
                let item = reader.within(key.clone(), |reader| T::read(value, reader))?;
                Some((key.clone(), item))
            })
            .collect();
        read.into_iter().collect()
    }

    fn render(&self) -> String {
        let items: Vec<String> = self
            .iter()
            .map(|(key, value)| format!("{key} = {}", value.render()))
            .collect();
        format!("{{{}}}", items.join(", "))
    }
}

/// The tree as it stands, for options with a language of their own.
impl OptionValue for ConfigValue {
    fn option_type() -> OptionType {
        OptionType::Any("any")
    }

    fn read(value: &ConfigValue, _reader: &mut OptionReader<'_>) -> Option<Self> {
        Some(value.clone())
    }

    fn render(&self) -> String {
        self.to_json().to_string()
    }
}

/// A value and where it was written, for messages that come up after reading.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T: OptionValue> OptionValue for Located<T> {
    fn option_type() -> OptionType {
        T::option_type()
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        Some(Self {
            value: T::read(value, reader)?,
            span: value.span.clone(),
        })
    }

    fn render(&self) -> String {
        self.value.render()
    }
}
