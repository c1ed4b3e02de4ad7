//! Secrets that stand encrypted in a job file: `env { shade.identifier = "aes" }`.
//!
//! `shade.identifier` names the way; `shade.properties` holds what it needs, such as where its key
//! is. The options `password`, `username`, `auth`, `token`, `access_key` and `secret_key` of every
//! source, transform and sink are encrypted, and those that `shade.options` lists.
//! A program that embeds the engine adds its own way with [`Shades::with`].

mod aes;
mod builtin;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use seatunnel_api::Error;
use seatunnel_api::config::{ConfigValue, Diagnostic, Kind, Report, Span, nearest};

use crate::codes;

/// Options that are secret whatever the way.
const SENSITIVE: [&str; 6] = [
    "password",
    "username",
    "auth",
    "token",
    "access_key",
    "secret_key",
];

/// A way to encrypt the secrets of a job file.
pub trait ConfigShade: Send + Sync {
    /// What `shade.identifier` calls it.
    fn identifier(&self) -> &str;

    /// Options that are secret besides the usual ones.
    fn sensitive_options(&self) -> &[&str] {
        &[]
    }

    /// What a user should know who relies on it.
    fn caution(&self) -> Option<&str> {
        None
    }

    /// Makes ready with the values of `shade.properties`; called once for a job file.
    ///
    /// # Errors
    /// If a property is missing or not valid. The message must not hold a key.
    fn open(&self, properties: &BTreeMap<String, String>) -> Result<Box<dyn ShadeCodec>, Error>;
}

/// A [`ConfigShade`] with its key. Errors must hold neither text nor key.
pub trait ShadeCodec {
    /// The text as it stands in the job file.
    ///
    /// # Errors
    /// If it can't be encrypted.
    fn encrypt(&self, text: &str) -> Result<String, Error>;

    /// The text that was encrypted.
    ///
    /// # Errors
    /// If it was not encrypted in this way, or with another key.
    fn decrypt(&self, text: &str) -> Result<String, Error>;
}

/// The ways to encrypt that `shade.identifier` may name.
#[derive(Clone)]
pub struct Shades(Vec<Arc<dyn ConfigShade>>);

impl Default for Shades {
    /// `default` (none), `base64`, `aes`.
    fn default() -> Self {
        Self(vec![
            Arc::new(builtin::Plain),
            Arc::new(builtin::Base64),
            Arc::new(aes::Aes),
        ])
    }
}

impl fmt::Debug for Shades {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.identifiers()).finish()
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Encrypt,
    Decrypt,
}

impl Shades {
    /// Adds a way; it goes before one of the same identifier.
    #[must_use]
    pub fn with(mut self, shade: Arc<dyn ConfigShade>) -> Self {
        self.0.insert(0, shade);
        self
    }

    fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|shade| shade.identifier())
    }

    /// Encrypts the secrets of a job file's tree in place; gives what the user should know.
    ///
    /// # Errors
    /// If `shade.identifier` is not known, or a secret can't be encrypted.
    pub fn encrypt(&self, root: &mut ConfigValue) -> Result<Vec<Diagnostic>, Error> {
        self.apply(root, Direction::Encrypt)
    }

    /// Decrypts the secrets of a job file's tree in place; gives what the user should know.
    ///
    /// # Errors
    /// If `shade.identifier` is not known, or a secret can't be decrypted.
    pub fn decrypt(&self, root: &mut ConfigValue) -> Result<Vec<Diagnostic>, Error> {
        self.apply(root, Direction::Decrypt)
    }

    fn apply(
        &self,
        root: &mut ConfigValue,
        direction: Direction,
    ) -> Result<Vec<Diagnostic>, Error> {
        let Some(env) = root.get("env") else {
            return Ok(Vec::new());
        };
        let Some(named) = env.get("shade.identifier") else {
            return Ok(Vec::new());
        };
        let shade = self.find(named)?;
        let codec = shade
            .open(&properties(env))
            .map_err(|e| e.or_at(&named.span))?;
        let mut keys: Vec<String> = SENSITIVE
            .iter()
            .chain(shade.sensitive_options())
            .map(ToString::to_string)
            .collect();
        keys.extend(texts(env.get("shade.options")));
        let cautions = shade
            .caution()
            .map(|text| Diagnostic::warning(codes::SHADE, text, named.span.clone()));
        let warnings = cautions.into_iter().collect();
        let mut report = Report::new();
        for block in blocks(root) {
            for key in &keys {
                if let Some(value) = block.get_mut(key) {
                    let span = value.key_or_value_span().clone();
                    translate(value, key, &span, codec.as_ref(), direction, &mut report);
                }
            }
        }
        report.into_result()?;
        Ok(warnings)
    }

    fn find(&self, named: &ConfigValue) -> Result<Arc<dyn ConfigShade>, Error> {
        let identifier = named.as_str().unwrap_or_default();
        let found = self.0.iter().find(|s| s.identifier() == identifier);
        found.cloned().ok_or_else(|| {
            let known: Vec<_> = self.identifiers().collect();
            let help = match nearest(identifier, self.identifiers()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known: {}", known.join(", ")),
            };
            let message =
                format!("`shade.identifier` names an unknown way to encrypt: `{identifier}`");
            Error::new(codes::SHADE, message)
                .at(&named.span)
                .with_help(help)
        })
    }
}

fn properties(env: &ConfigValue) -> BTreeMap<String, String> {
    let given = env.get("shade.properties").and_then(ConfigValue::as_object);
    let pairs = given.into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.clone(), value.scalar_text()?)))
        .collect()
}

fn texts(value: Option<&ConfigValue>) -> Vec<String> {
    match value.map(|v| &v.kind) {
        Some(Kind::List(items)) => items.iter().filter_map(ConfigValue::scalar_text).collect(),
        Some(Kind::String(text)) => text
            .trim_matches(['[', ']'])
            .split(',')
            .map(|t| t.trim().to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

/// The members of every source, transform and sink.
fn blocks(root: &mut ConfigValue) -> Vec<&mut seatunnel_api::config::Object> {
    let Kind::Object(members) = &mut root.kind else {
        return Vec::new();
    };
    members
        .iter_mut()
        .filter(|(key, _)| matches!(key.as_str(), "source" | "transform" | "sink"))
        .filter_map(|(_, value)| match &mut value.kind {
            Kind::List(items) => Some(items),
            _ => None,
        })
        .flatten()
        .filter_map(|item| match &mut item.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        })
        .collect()
}

fn translate(
    value: &mut ConfigValue,
    key: &str,
    span: &Span,
    codec: &dyn ShadeCodec,
    direction: Direction,
    report: &mut Report,
) {
    if let Kind::List(items) = &mut value.kind {
        for item in items {
            translate(item, key, span, codec, direction, report);
        }
        return;
    }
    let Some(text) = value.scalar_text() else {
        return;
    };
    let (done, verb) = match direction {
        Direction::Encrypt => (codec.encrypt(&text), "encrypted"),
        Direction::Decrypt => (codec.decrypt(&text), "decrypted"),
    };
    match done {
        Ok(text) => value.kind = Kind::String(text),
        Err(error) => {
            // The place is the key: the line of a secret is shown no more than it has to be.
            let message = format!("the option `{key}` cannot be {verb}: {}", error.message());
            report.push(Diagnostic::error(codes::SHADE, message, hidden(span)));
        }
    }
}

/// The same place, in a text that shows no line.
fn hidden(span: &Span) -> Span {
    let Some(source) = span.source() else {
        return Span::none();
    };
    let (line, _) = source.position(span.start() as u32);
    let before = "\n".repeat(line as usize - 1);
    let start = before.len();
    let text = format!("{before}(not shown: it holds a secret)");
    let end = text.len();
    Span::new(
        &seatunnel_api::config::SourceText::new(source.name(), text),
        start,
        end,
    )
}
