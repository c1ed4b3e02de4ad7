//! Values as they are written, before references are resolved.

use std::rc::Rc;

use indexmap::IndexMap;
use seatunnel_api::config::Span;

pub(crate) type RawObject = IndexMap<String, Rc<Raw>>;

/// A value that may hold references. Values are shared, so that resolving copies no subtree.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(super) kind: RawKind,
    /// Where the value is written; for a value that a reference gave, the reference.
    pub(crate) span: Span,
    /// Where its key is written.
    pub(super) key_span: Span,
    /// Whether something in it waits to be resolved.
    pub(super) pending: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum RawKind {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    List(Vec<Rc<Raw>>),
    Object(RawObject),
    /// White space between two values on a line: kept between texts, dropped beside lists and objects.
    Space(String),
    Reference(Reference),
    /// Values side by side: `"a"${b}c`, `[1][2]`, `${a}{b = 1}`.
    Concat(Vec<Rc<Raw>>),
    /// The same key given several times (so two at least) where only resolving can tell the
    /// outcome; latest first.
    Layers(Vec<Rc<Raw>>),
    /// What the key had before, in `key += value`.
    Previous,
}

/// `${path}` or `${?path}`.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(super) path: Vec<String>,
    /// How many leading parts of the path an `include` inside an object has put before it.
    pub(super) prefix: usize,
    pub(super) optional: bool,
    /// As written.
    pub(super) text: String,
}

impl Raw {
    pub(super) fn new(kind: RawKind, span: Span) -> Rc<Self> {
        Self::keyed(kind, span, Span::none())
    }

    pub(super) fn keyed(kind: RawKind, span: Span, key_span: Span) -> Rc<Self> {
        let pending = match &kind {
            RawKind::List(items) => items.iter().any(|i| i.pending),
            RawKind::Object(members) => members.values().any(|m| m.pending),
            kind => kind.is_unresolved(),
        };
        Rc::new(Self {
            kind,
            span,
            key_span,
            pending,
        })
    }

    /// A text that did not come from HOCON.
    pub(crate) fn string(text: String, span: Span, key_span: Span) -> Rc<Self> {
        Self::keyed(RawKind::String(text), span, key_span)
    }

    /// A list that did not come from HOCON.
    pub(crate) fn list(items: Vec<Rc<Self>>) -> Rc<Self> {
        Self::new(RawKind::List(items), Span::none())
    }

    /// An object that did not come from HOCON.
    pub(crate) fn object_at(members: RawObject, span: Span) -> Rc<Self> {
        Self::new(RawKind::Object(members), span)
    }

    /// The same value, written elsewhere under a key.
    pub(crate) fn placed(value: &Self, span: Span, key_span: Span) -> Rc<Self> {
        Rc::new(Self {
            span,
            key_span,
            ..value.clone()
        })
    }

    /// The same value under a key.
    pub(super) fn with_key(mut self: Rc<Self>, key_span: &Span) -> Rc<Self> {
        Rc::make_mut(&mut self).key_span = key_span.clone();
        self
    }

    /// The same value, written elsewhere.
    pub(super) fn with_span(mut self: Rc<Self>, span: &Span) -> Rc<Self> {
        Rc::make_mut(&mut self).span = span.clone();
        self
    }

    /// Whether nothing given earlier can add to this value.
    pub(super) fn replaces(&self) -> bool {
        !matches!(self.kind, RawKind::Object(_)) && !self.kind.is_unresolved()
    }

    /// The text of a plain value, for joining.
    pub(super) fn text(&self) -> &str {
        match &self.kind {
            RawKind::String(s) | RawKind::Space(s) | RawKind::Number(s) => s,
            RawKind::Bool(true) => "true",
            RawKind::Bool(false) => "false",
            _ => "null",
        }
    }
}

impl RawKind {
    /// Whether this waits for something else to be known.
    pub(super) fn is_unresolved(&self) -> bool {
        matches!(
            self,
            Self::Reference(_) | Self::Concat(_) | Self::Layers(_) | Self::Previous
        )
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// Whether this is text, a number, a boolean, null or white space.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_unresolved() && !matches!(self, Self::Object(_) | Self::List(_))
    }
}
