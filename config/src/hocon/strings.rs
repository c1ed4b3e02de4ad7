//! Quoted strings and their escapes.

use seatunnel_api::config::{Diagnostic, Span};

use super::lexer::{Cursor, Parsed, help};

/// Reads a quoted string at its opening quote; `"""` opens one that spans lines and knows no escape.
///
/// Errors inside a string that has an end are pushed to `errors`, so that reading goes on behind it.
pub(crate) fn quoted(cursor: &mut Cursor<'_>, errors: &mut Vec<Diagnostic>) -> Parsed<String> {
    if cursor.rest().starts_with("\"\"\"") {
        return triple_quoted(cursor);
    }
    single_quoted(cursor, errors)
}

fn triple_quoted(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let open = Span::new(cursor.source, cursor.pos, cursor.pos + 3);
    cursor.pos += 3;
    let rest = cursor.rest();
    let Some(mut end) = rest.find("\"\"\"") else {
        cursor.pos = cursor.end();
        return Err(help(
            cursor.error_at(open, "this `\"\"\"` string is never closed"),
            "close it with `\"\"\"`",
        ));
    };
    // Quotes before the closing three belong to the text.
    while rest.as_bytes().get(end + 3) == Some(&b'"') {
        end += 1;
    }
    cursor.pos += end + 3;
    Ok(rest[..end].to_owned())
}

/// A string within one line, as in JSON.
pub(crate) fn single_quoted(
    cursor: &mut Cursor<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Parsed<String> {
    let open = cursor.pos;
    cursor.pos += 1;
    let mut text = String::new();
    loop {
        let start = cursor.pos;
        while let Some(byte) = cursor.byte_at(cursor.pos) {
            if matches!(byte, b'"' | b'\\' | 0..=31) {
                break;
            }
            cursor.pos += 1;
        }
        text.push_str(cursor.slice(start, cursor.pos));
        match cursor.peek() {
            Some('"') => {
                cursor.pos += 1;
                return Ok(text);
            }
            Some('\\') => match escape(cursor) {
                Ok(c) => text.push(c),
                Err(error) => errors.push(*error),
            },
            None | Some('\n') => {
                return Err(help(
                    cursor.error_at(
                        cursor.span_from(open),
                        "this string is not closed on its line",
                    ),
                    "close it with `\"`; a text of several lines stands between `\"\"\"` and `\"\"\"`",
                ));
            }
            Some('\r') if cursor.byte_at(cursor.pos + 1) == Some(b'\n') => cursor.pos += 1,
            Some(c) => {
                errors.push(*help(
                    cursor.error(format!(
                        "the control character {} stands in a string",
                        shown_control(c)
                    )),
                    "write it as an escape such as `\\t`",
                ));
                cursor.pos += 1;
            }
        }
    }
}

fn shown_control(c: char) -> String {
    match c {
        '\t' => "TAB".into(),
        c => format!("U+{:04X}", c as u32),
    }
}

/// Reads an escape at its backslash.
fn escape(cursor: &mut Cursor<'_>) -> Parsed<char> {
    let start = cursor.pos;
    cursor.pos += 1;
    let c = match cursor.peek() {
        Some(c @ ('"' | '\\' | '/')) => c,
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('u') => {
            cursor.pos += 1;
            return unicode(cursor, start);
        }
        other => {
            // A line end is left for the caller, which knows that the string isn't closed.
            if !matches!(other, None | Some('\n')) {
                cursor.bump();
            }
            let shown = cursor.slice(start, cursor.pos).to_owned();
            return Err(help(
                cursor.error_at(
                    cursor.span_from(start),
                    format!("`{shown}` is no escape that a quoted string knows"),
                ),
                "write a backslash as `\\\\`, or put the text between `\"\"\"` and `\"\"\"`",
            ));
        }
    };
    cursor.pos += 1;
    Ok(c)
}

fn unicode(cursor: &mut Cursor<'_>, start: usize) -> Parsed<char> {
    let Some(high) = hex4(cursor) else {
        return Err(cursor.error_at(
            cursor.span_from(start),
            "`\\u` needs four hexadecimal digits",
        ));
    };
    if (0xD800..0xDC00).contains(&high) && cursor.rest().starts_with("\\u") {
        let before = cursor.pos;
        cursor.pos += 2;
        if let Some(low @ 0xDC00..0xE000) = hex4(cursor) {
            let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        cursor.pos = before;
    }
    Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn hex4(cursor: &mut Cursor<'_>) -> Option<u32> {
    let digits = cursor.rest().get(..4)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    cursor.pos += 4;
    u32::from_str_radix(digits, 16).ok()
}
