//! Java `.properties` files, for includes. Keys stay whole, as `.` does not nest in this dialect.

use std::sync::Arc;

use seatunnel_api::config::{SourceText, Span};

use super::raw::{Raw, RawKind, RawObject};

pub(super) fn read(source: &Arc<SourceText>) -> RawObject {
    let mut members = RawObject::new();
    let text = source.text();
    let mut pos = 0;
    while pos < text.len() {
        let start = pos;
        let mut line = String::new();
        // A line that ends in an odd number of backslashes goes on in the next.
        loop {
            let rest = &text[pos..];
            let length = rest.find('\n').unwrap_or(rest.len());
            let part = rest[..length].trim_end_matches('\r');
            let part = if line.is_empty() {
                part
            } else {
                part.trim_start()
            };
            pos = (pos + length + 1).min(text.len());
            let backslashes = part.len() - part.trim_end_matches('\\').len();
            if backslashes % 2 == 0 || pos == text.len() {
                line.push_str(part);
                break;
            }
            line.push_str(&part[..part.len() - 1]);
        }
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with(['#', '!']) {
            continue;
        }
        let (key, value) = split(trimmed);
        let span = Span::new(source, start, text[..pos].trim_end().len().max(start));
        let value = Raw::keyed(RawKind::String(unescape(value)), span.clone(), span);
        members.insert(unescape(key), value);
    }
    members
}

/// At the first `=`, `:` or white space that no backslash protects.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line
        .char_indices()
        .find(|(_, c)| {
            let found = !escaped && matches!(c, '=' | ':' | ' ' | '\t');
            escaped = !escaped && *c == '\\';
            found
        })
        .map_or(line.len(), |(i, _)| i);
    let value = line[end..].trim_start();
    let value = value.strip_prefix(['=', ':']).unwrap_or(value);
    (&line[..end], value.trim_start())
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.clone().take(4).collect();
                match u32::from_str_radix(&digits, 16) {
                    Ok(code) if digits.len() == 4 => {
                        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                        chars.nth(3);
                    }
                    _ => out.push('u'),
                }
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}
