//! The option list of `WITH ('key' = 'value', …)`.

use std::rc::Rc;
use std::sync::Arc;

use seatunnel_api::config::{Diagnostic, Report, SourceText, Span};

use super::statements::{Parsed, Reader};
use super::tokens::{Token, TokenKind};
use crate::codes;
use crate::hocon::lexer::Cursor;
use crate::hocon::{Context, Parser, Raw, strings};

#[derive(Clone, Debug)]
pub(super) struct TableOption {
    pub(super) key: String,
    pub(super) key_span: Span,
    /// The text as SQL gives it.
    pub(super) text: String,
    pub(super) value: Rc<Raw>,
}

/// Reads from the `(` behind `WITH` to the end of the statement.
pub(super) fn read_options(reader: &mut Reader<'_>) -> Parsed<Vec<TableOption>> {
    if !reader.eat_sign('(') {
        return Err(reader.expected("`(` behind `WITH`"));
    }
    let mut options: Vec<TableOption> = Vec::new();
    loop {
        if reader.eat_sign(')') {
            break;
        }
        let (key, key_span) = key(reader)?;
        if !reader.eat_sign('=') {
            return Err(reader.expected(&format!("`=` behind the option `{key}`")));
        }
        let token = match reader.peek() {
            Some(t) if matches!(t.kind, TokenKind::Text | TokenKind::Word) => t,
            _ => return Err(reader.expected(&format!("the value of `{key}` in single quotes"))),
        };
        reader.take();
        let text = token.content(reader.source);
        let value = value(reader.source, token, &text, &key_span, reader.report);
        if let Some(old) = options.iter().find(|o| o.key == key) {
            let (line, _) = old.key_span.position().unwrap_or_default();
            let message = format!("`{key}` is given twice: the one in line {line} has no effect");
            reader.report.warning(codes::REPEATED, message, &key_span);
            options.retain(|o| o.key != key);
        }
        options.push(TableOption {
            key,
            key_span,
            text,
            value,
        });
        match reader.peek() {
            Some(t) if t.is_sign(',') => {
                reader.take();
            }
            Some(t) if t.is_sign(')') => {}
            // The next option: say what is missing and go on with it.
            Some(t) if matches!(t.kind, TokenKind::Text | TokenKind::Word) => {
                let message = "a comma is missing between two options";
                let error = Diagnostic::error(codes::SYNTAX, message, reader.behind());
                reader
                    .report
                    .push(error.with_help("a quote inside a value is written twice: `''`"));
            }
            _ => return Err(reader.expected("`,` or `)`")),
        }
    }
    match reader.peek() {
        None => Ok(options),
        Some(_) => Err(reader.expected("`;` behind the options")),
    }
}

/// `'key'`, or a key without quotes such as `table-names` or `properties.useSSL`.
fn key(reader: &mut Reader<'_>) -> Parsed<(String, Span)> {
    let Some(first) = reader.peek() else {
        return Err(reader.expected("`)` behind the options"));
    };
    match first.kind {
        TokenKind::Text | TokenKind::Name => {
            reader.take();
            Ok((first.content(reader.source), first.span(reader.source)))
        }
        TokenKind::Word => {
            let mut end = first.end;
            while let Some(token) = reader.peek() {
                let joins = matches!(token.kind, TokenKind::Word | TokenKind::Sign('.' | '-'));
                if !joins || token.start != end && token.start != first.start {
                    break;
                }
                end = token.end;
                reader.take();
            }
            let span = Span::new(reader.source, first.start, end);
            Ok((reader.source.text()[first.start..end].to_owned(), span))
        }
        _ => Err(reader.expected("an option's key in single quotes")),
    }
}

/// HOCON, if the text is enclosed in braces or brackets; else the text.
fn value(
    source: &Arc<SourceText>,
    token: Token,
    text: &str,
    key_span: &Span,
    report: &mut Report,
) -> Rc<Raw> {
    let span = token.span(source);
    let trimmed = text.trim();
    let enclosed = [('{', '}'), ('[', ']')]
        .iter()
        .any(|(open, close)| trimmed.starts_with(*open) && trimmed.ends_with(*close));
    if enclosed {
        let mut context = Context::new(report);
        // With a doubled quote in it the text is not what the file holds: then places are lost.
        let copy = SourceText::new(source.name(), text);
        let as_written = token.end - token.start == text.len() + 2;
        let cursor = if as_written {
            Cursor::part(source, token.start + 1, token.end - 1)
        } else {
            Cursor::new(&copy)
        };
        let value = Parser::at(cursor, None, &mut context).single_value();
        if let Some(value) = value {
            return Raw::placed(&value, span, key_span.clone());
        }
    }
    Raw::string(unescaped(text), span, key_span.clone())
}

/// SeaTunnel puts the text between double quotes into HOCON, so backslash escapes mean what they
/// mean there, if they have a meaning.
fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let source = SourceText::new("", format!("\"{}\"", text.replace('"', "\\\"")));
    let mut cursor = Cursor::new(&source);
    let mut errors = Vec::new();
    match strings::single_quoted(&mut cursor, &mut errors) {
        Ok(read) if errors.is_empty() && cursor.peek().is_none() => read,
        _ => text.to_owned(),
    }
}
