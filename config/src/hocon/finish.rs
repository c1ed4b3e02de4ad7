//! From resolved values to the tree that the rest of the program reads.

use std::collections::HashSet;
use std::rc::Rc;

use seatunnel_api::config::{ConfigValue, Diagnostic, Kind, Report, Span};
use serde_json::Value as Json;

use super::limits;
use super::raw::{Raw, RawKind};
use crate::codes;
use crate::variables::is_table_placeholder;

/// What becomes of a `${x}` that nothing gives a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// An error, except for names that sinks fill in by table.
    Refuse,
    /// Its text.
    Keep,
    /// `{"$unresolved": "ConfigReference(${x})"}`, as SeaTunnel's parser calls it.
    Mark,
}

pub(super) fn finish(raw: Rc<Raw>, unresolved: Unresolved, report: &mut Report) -> ConfigValue {
    let mut finisher = Finisher {
        unresolved,
        report,
        named: HashSet::new(),
        left: limits::STEPS,
    };
    finisher.value(raw)
}

struct Finisher<'r> {
    unresolved: Unresolved,
    report: &'r mut Report,
    /// Names that were reported.
    named: HashSet<String>,
    /// Copies of values that may still be made.
    left: usize,
}

impl Finisher<'_> {
    fn value(&mut self, raw: Rc<Raw>) -> ConfigValue {
        // A value with more than one owner is copied here.
        if Rc::strong_count(&raw) > 1 && !self.may_copy(&raw) {
            return ConfigValue::new(Kind::Null, raw.span.clone());
        }
        let Raw {
            kind,
            span,
            key_span,
            ..
        } = Rc::unwrap_or_clone(raw);
        let kind = match kind {
            RawKind::Null => Kind::Null,
            RawKind::Bool(b) => Kind::Bool(b),
            RawKind::Number(text) => Kind::Number(text),
            RawKind::String(text) | RawKind::Space(text) => Kind::String(text),
            RawKind::List(items) => Kind::List(items.into_iter().map(|i| self.value(i)).collect()),
            RawKind::Object(members) => Kind::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (key, self.value(value)))
                    .collect(),
            ),
            pending => self.pending(&pending, &span),
        };
        ConfigValue {
            kind,
            span,
            key_span,
        }
    }

    fn may_copy(&mut self, raw: &Raw) -> bool {
        if self.left == 1 {
            self.report.push(Diagnostic::error(
                codes::TOO_LARGE,
                "references expand too far from here",
                raw.span.clone(),
            ));
        }
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn pending(&mut self, kind: &RawKind, span: &Span) -> Kind {
        if self.unresolved == Unresolved::Refuse {
            self.refuse(kind, span);
        }
        match self.unresolved {
            Unresolved::Mark => {
                let text = ConfigValue::new(Kind::String(marked(kind)), span.clone());
                Kind::Object([("$unresolved".to_owned(), text)].into_iter().collect())
            }
            Unresolved::Refuse | Unresolved::Keep => match kind {
                // Members that are known over something that is not.
                RawKind::Layers(layers) if layers[0].kind.is_object() => {
                    self.value(layers[0].clone()).kind
                }
                kind => Kind::String(plain(kind)),
            },
        }
    }

    fn refuse(&mut self, kind: &RawKind, span: &Span) {
        match kind {
            RawKind::Reference(reference) => {
                let name = reference.path[reference.prefix..].join(limits::SEPARATOR);
                if is_table_placeholder(&name) || !self.named.insert(name.clone()) {
                    return;
                }
                let error = Diagnostic::error(
                    codes::VARIABLE_UNSET,
                    format!("the variable `{name}` is not set"),
                    span.clone(),
                );
                self.report.push(error.with_help(format!(
                    "give it on the command line, `-i {name}=…`, as an environment variable, or in the file"
                )));
            }
            RawKind::Concat(parts) | RawKind::Layers(parts) => {
                for part in parts {
                    self.refuse(&part.kind, &part.span);
                }
            }
            _ => {}
        }
    }
}

/// The text of a value that is not resolved: `a ${x} b`.
fn plain(kind: &RawKind) -> String {
    match kind {
        RawKind::Reference(reference) => reference.text.clone(),
        RawKind::Concat(parts) => parts.iter().map(|p| plain(&p.kind)).collect(),
        RawKind::Layers(layers) => plain(&layers[0].kind),
        RawKind::String(text) | RawKind::Space(text) | RawKind::Number(text) => text.clone(),
        RawKind::Bool(b) => b.to_string(),
        _ => String::new(),
    }
}

/// How SeaTunnel's parser shows a value that is not resolved: the name of its class and its text.
fn marked(kind: &RawKind) -> String {
    let class = match kind {
        RawKind::Reference(_) => "ConfigReference",
        RawKind::Concat(_) => "ConfigConcatenation",
        RawKind::Layers(layers) if layers[0].kind.is_object() => "ConfigDelayedMergeObject",
        _ => "ConfigDelayedMerge",
    };
    format!("{class}({})", rendered(kind))
}

fn rendered(kind: &RawKind) -> String {
    match kind {
        RawKind::Reference(reference) => reference.text.clone(),
        RawKind::Concat(parts) => rendered_side_by_side(parts),
        RawKind::Layers(layers) => {
            let texts: Vec<_> = layers.iter().rev().map(|l| rendered(&l.kind)).collect();
            texts.join(",")
        }
        RawKind::List(items) => {
            let texts: Vec<_> = items.iter().map(|i| rendered(&i.kind)).collect();
            format!("[{}]", texts.join(","))
        }
        RawKind::Object(members) => {
            let texts: Vec<_> = members
                .iter()
                .map(|(key, value)| {
                    format!("{}:{}", Json::from(key.as_str()), rendered(&value.kind))
                })
                .collect();
            format!("{{{}}}", texts.join(","))
        }
        RawKind::String(text) | RawKind::Space(text) => Json::from(text.as_str()).to_string(),
        RawKind::Number(text) => text.clone(),
        RawKind::Bool(b) => b.to_string(),
        RawKind::Null | RawKind::Previous => "null".to_owned(),
    }
}

/// Texts that stand side by side are one text.
fn rendered_side_by_side(parts: &[Rc<Raw>]) -> String {
    let mut out = String::new();
    let mut rest = parts;
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|p| p.kind.is_plain()).count();
        if run > 1 {
            let text: String = rest[..run].iter().map(|p| p.text()).collect();
            out.push_str(&Json::from(text).to_string());
        } else {
            out.push_str(&rendered(&first.kind));
        }
        rest = &rest[run.max(1)..];
    }
    out
}
