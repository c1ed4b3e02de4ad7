//! JSON job files: strict JSON, with a position on every value.

use std::sync::Arc;

use seatunnel_api::config::{ConfigValue, Diagnostic, Kind, Object, Report, SourceText, Span};

use crate::codes;
use crate::hocon::lexer::{Cursor, Parsed, error, help, shown};
use crate::hocon::{limits, strings};

const NO_COMMENTS: &str = "JSON has no comments; a job file with comments ends in `.conf`";

/// Reads a JSON text; `None` if it is not valid, with the reason in the report.
pub(crate) fn read(source: &Arc<SourceText>, report: &mut Report) -> Option<ConfigValue> {
    let mut reader = Reader {
        cursor: Cursor::new(source),
        report,
        depth: 0,
    };
    let read = reader.document();
    read.map_err(|error| reader.report.push(*error))
        .ok()
        .filter(|_| !report.has_errors())
}

struct Reader<'a, 'r> {
    cursor: Cursor<'a>,
    report: &'r mut Report,
    depth: usize,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Parsed<ConfigValue> {
        self.skip_space();
        if self.cursor.peek() != Some('{') {
            let found = shown(self.cursor.peek());
            return Err(self.cursor.error(format!(
                "a JSON job file is an object: expected `{{`, found {found}"
            )));
        }
        let root = self.value()?;
        self.skip_space();
        match self.cursor.peek() {
            None => Ok(root),
            found => Err(self.cursor.error(format!(
                "{} stands behind the end of the JSON",
                shown(found)
            ))),
        }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.cursor.byte_at(self.cursor.pos) {
            self.cursor.pos += 1;
        }
    }

    fn value(&mut self) -> Parsed<ConfigValue> {
        let start = self.cursor.pos;
        let kind = match self.cursor.peek() {
            Some('{') => Kind::Object(self.nested(Self::object)?),
            Some('[') => Kind::List(self.nested(Self::list)?),
            Some('"') => Kind::String(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            _ => self.word()?,
        };
        Ok(ConfigValue::new(kind, self.cursor.span_from(start)))
    }

    fn nested<T>(&mut self, read: fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > limits::DEPTH {
            return Err(error(
                codes::TOO_LARGE,
                self.cursor.span(),
                format!("values are nested deeper than {} levels", limits::DEPTH),
            ));
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Parsed<Object> {
        let open = self.cursor.pos;
        self.cursor.pos += 1;
        let mut members = Object::new();
        self.skip_space();
        if self.cursor.eat("}") {
            return Ok(members);
        }
        loop {
            self.skip_space();
            if self.cursor.peek() != Some('"') {
                let found = self.cursor.peek();
                let error = self.cursor.error(format!(
                    "expected a key in double quotes, found {}",
                    shown(found)
                ));
                return Err(match found {
                    Some('}') => help(error, "JSON allows no comma behind the last member"),
                    Some('#' | '/') => help(error, NO_COMMENTS),
                    _ => error,
                });
            }
            let start = self.cursor.pos;
            let key = self.string()?;
            let key_span = self.cursor.span_from(start);
            self.skip_space();
            if !self.cursor.eat(":") {
                let found = shown(self.cursor.peek());
                return Err(self.cursor.error(format!(
                    "expected `:` behind the key `{key}`, found {found}"
                )));
            }
            self.skip_space();
            let mut value = self.value()?;
            value.key_span = key_span.clone();
            if self.depth == 1 && limits::PLUGIN_BLOCKS.contains(&key.as_str()) {
                value = plugin_list(value);
            }
            if members.contains_key(&key) {
                self.warn_repeated(&key, key_span);
            }
            members.insert(key, value);
            self.skip_space();
            if self.cursor.eat("}") {
                return Ok(members);
            }
            self.comma(open, '}')?;
        }
    }

    fn list(&mut self) -> Parsed<Vec<ConfigValue>> {
        let open = self.cursor.pos;
        self.cursor.pos += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.cursor.eat("]") {
            return Ok(items);
        }
        loop {
            self.skip_space();
            items.push(self.value()?);
            self.skip_space();
            if self.cursor.eat("]") {
                return Ok(items);
            }
            self.comma(open, ']')?;
        }
    }

    fn comma(&mut self, open: usize, close: char) -> Parsed<()> {
        if self.cursor.eat(",") {
            return Ok(());
        }
        if self.cursor.peek().is_none() {
            let span = Span::new(self.cursor.source, open, open + 1);
            return Err(self.cursor.error_at(
                span,
                format!("this bracket is never closed: `{close}` is missing"),
            ));
        }
        let found = shown(self.cursor.peek());
        Err(self
            .cursor
            .error(format!("expected `,` or `{close}`, found {found}")))
    }

    fn string(&mut self) -> Parsed<String> {
        let mut errors = Vec::new();
        let text = strings::single_quoted(&mut self.cursor, &mut errors);
        for error in errors {
            self.report.push(error);
        }
        text
    }

    fn number(&mut self) -> Parsed<Kind> {
        let start = self.cursor.pos;
        while let Some('0'..='9' | '+' | '-' | '.' | 'e' | 'E') = self.cursor.peek() {
            self.cursor.pos += 1;
        }
        let text = self.cursor.slice(start, self.cursor.pos);
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
            let span = self.cursor.span_from(start);
            return Err(self
                .cursor
                .error_at(span, format!("`{text}` is no number that JSON knows")));
        }
        Ok(Kind::Number(text.to_owned()))
    }

    fn word(&mut self) -> Parsed<Kind> {
        let start = self.cursor.pos;
        while let Some(c) = self.cursor.peek() {
            if !c.is_alphanumeric() && c != '_' {
                break;
            }
            self.cursor.bump();
        }
        match self.cursor.slice(start, self.cursor.pos) {
            "true" => Ok(Kind::Bool(true)),
            "false" => Ok(Kind::Bool(false)),
            "null" => Ok(Kind::Null),
            "" => {
                let found = shown(self.cursor.peek());
                let error = self
                    .cursor
                    .error(format!("expected a value, found {found}"));
                Err(match self.cursor.peek() {
                    Some(']') => help(error, "JSON allows no comma behind the last item"),
                    Some('#' | '/') => help(error, NO_COMMENTS),
                    _ => error,
                })
            }
            word => {
                let error = self.cursor.error_at(
                    self.cursor.span_from(start),
                    format!("expected a value, found `{word}`"),
                );
                Err(help(error, "a text needs double quotes"))
            }
        }
    }

    fn warn_repeated(&mut self, key: &str, span: Span) {
        let message = format!("`{key}` is given twice: the first has no effect");
        self.report
            .push(Diagnostic::warning(codes::REPEATED, message, span));
    }
}

/// `"source": {"Jdbc": {…}}` means the same as `"source": [{"plugin_name": "Jdbc", …}]`.
fn plugin_list(value: ConfigValue) -> ConfigValue {
    let Kind::Object(blocks) = value.kind else {
        return value;
    };
    let items = blocks.into_iter().map(|(name, mut block)| {
        let key_span = block.key_span.clone();
        if let Kind::Object(members) = &mut block.kind
            && !members.contains_key("plugin_name")
        {
            let name = ConfigValue {
                kind: Kind::String(name),
                span: key_span.clone(),
                key_span,
            };
            members.insert("plugin_name".to_owned(), name);
        }
        block
    });
    ConfigValue {
        kind: Kind::List(items.collect()),
        span: value.span,
        key_span: value.key_span,
    }
}
