//! Values: those that stand side by side on a line, and the plain ones among them.

use std::rc::Rc;

use seatunnel_api::config::{Diagnostic, Span};

use super::lexer::{Parsed, RESERVED, help, is_space, shown};
use super::parser::{Body, Parser};
use super::raw::{Raw, RawKind};
use super::strings;

impl Parser<'_, '_, '_> {
    /// One value: all that stands side by side up to a comma, a line end or a closing bracket.
    pub(super) fn value(&mut self, plugins: bool) -> Parsed<Rc<Raw>> {
        self.cursor.skip_blank();
        let start = self.cursor.pos;
        let mut end = start;
        let mut parts: Vec<Rc<Raw>> = Vec::new();
        let mut space: Option<Rc<Raw>> = None;
        while !self.cursor.at_comment() {
            let from = self.cursor.pos;
            let kind = match self.cursor.peek() {
                None | Some('\n' | ',' | '}' | ']') => break,
                Some(':' | '=' | '+') if !parts.is_empty() => break,
                Some('{') => {
                    self.cursor.pos += 1;
                    let body = if plugins { Body::Plugins } else { Body::Object };
                    self.object(Some(from), body)?
                }
                Some('[') => {
                    self.cursor.pos += 1;
                    self.list(from)?
                }
                Some('$') => self.reference()?,
                Some(c @ ('=' | ':')) => {
                    return Err(self.cursor.error(format!("expected a value, found `{c}`")));
                }
                Some(_) => self.simple()?,
            };
            let is_plain = kind.is_plain();
            if let Some(last) = parts.last() {
                let nested = |kind: &RawKind| matches!(kind, RawKind::Object(_) | RawKind::List(_));
                if nested(&last.kind) && is_plain || nested(&kind) && last.kind.is_plain() {
                    return Err(self.not_side_by_side(from));
                }
                // White space belongs to texts; beside lists and objects it means nothing.
                space = space.filter(|_| !nested(&last.kind) && !nested(&kind));
                parts.extend(space.take());
            }
            parts.push(Raw::new(kind, self.cursor.span_from(from)));
            end = self.cursor.pos;
            let text = self.cursor.skip_space();
            if !text.is_empty() {
                let span = self.cursor.span_from(end);
                space = Some(Raw::new(RawKind::Space(text.to_owned()), span));
            }
        }
        let span = Span::new(self.cursor.source, start, end);
        if parts.len() > 1 {
            if parts.iter().all(|p| p.kind.is_plain()) {
                let text = parts.iter().map(|p| p.text()).collect();
                return Ok(Raw::new(RawKind::String(text), span));
            }
            return Ok(Raw::new(RawKind::Concat(parts), span));
        }
        parts.pop().ok_or_else(|| {
            self.cursor.error(format!(
                "expected a value, found {}",
                shown(self.cursor.peek())
            ))
        })
    }

    /// The error for `{ … } text` and `text { … }`.
    fn not_side_by_side(&mut self, from: usize) -> Box<Diagnostic> {
        let span = Span::new(self.cursor.source, from, from + 1);
        let error = self.cursor.error_at(
            span,
            "a text and an object or a list cannot stand side by side",
        );
        help(error, "put a comma or a new line before this")
    }

    /// A quoted string, a number, `true`, `false`, `null`, or a run of text without quotes.
    pub(super) fn simple(&mut self) -> Parsed<RawKind> {
        let first = self.cursor.peek().unwrap_or(' ');
        if first == '"' {
            return Ok(RawKind::String(self.quoted()?));
        }
        if first.is_ascii_digit() || first == '-' {
            return self.number();
        }
        if RESERVED.contains(first) {
            let error = self.cursor.error(format!(
                "{} is not allowed outside quotes",
                shown(Some(first))
            ));
            return Err(help(error, "put the value in double quotes"));
        }
        let start = self.cursor.pos;
        let word = matches!(first, 't' | 'f' | 'n');
        while let Some(c) = self.cursor.peek() {
            if c == '\n'
                || !c.is_ascii_alphanumeric()
                    && (is_space(c) || RESERVED.contains(c) || self.cursor.at_comment())
            {
                break;
            }
            self.cursor.pos += c.len_utf8();
            if word && self.cursor.pos - start <= 5 {
                match self.cursor.slice(start, self.cursor.pos) {
                    "true" => return Ok(RawKind::Bool(true)),
                    "false" => return Ok(RawKind::Bool(false)),
                    "null" => return Ok(RawKind::Null),
                    _ => {}
                }
            }
        }
        let text = self.cursor.slice(start, self.cursor.pos);
        Ok(RawKind::String(text.to_owned()))
    }

    fn number(&mut self) -> Parsed<RawKind> {
        let start = self.cursor.pos;
        while matches!(
            self.cursor.peek(),
            Some('0'..='9' | 'e' | 'E' | '+' | '-' | '.')
        ) {
            self.cursor.pos += 1;
        }
        let text = self.cursor.slice(start, self.cursor.pos);
        let is_number = if text.contains(['.', 'e', 'E']) {
            text.parse::<f64>().is_ok()
        } else {
            text.parse::<i64>().is_ok()
        };
        if is_number {
            return Ok(RawKind::Number(text.to_owned()));
        }
        if text.contains('+') {
            let error = self.cursor.error_at(
                self.cursor.span_from(start),
                format!("`+` is not allowed outside quotes, as in `{text}`"),
            );
            return Err(help(error, "put the value in double quotes"));
        }
        Ok(RawKind::String(text.to_owned()))
    }

    pub(super) fn quoted(&mut self) -> Parsed<String> {
        let mut errors = Vec::new();
        let text = strings::quoted(&mut self.cursor, &mut errors);
        for error in errors {
            self.context.push(error);
        }
        text
    }
}
