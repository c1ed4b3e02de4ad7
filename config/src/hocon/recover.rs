//! Going on after an error, and saying where a missing bracket may be missing.

use seatunnel_api::config::{Diagnostic, Span};

use super::lexer::{Cursor, help, shown};
use super::limits;
use super::parser::Parser;
use super::raw::{Raw, RawKind, RawObject};
use crate::codes;

impl Parser<'_, '_, '_> {
    /// Goes to where the next member begins after an error inside a member.
    ///
    /// Brackets that the member has opened are followed to their end, unless another bracket
    /// closes first: then the member's own is missing, and the next line is the best guess.
    pub(super) fn resume(&mut self, braced: bool) {
        let mut open = std::mem::take(&mut self.open);
        let at = self.cursor.clone();
        if !skip_member(&mut self.cursor, &mut open, braced) {
            self.cursor = at;
            skip_member(&mut self.cursor, &mut Vec::new(), braced);
        }
    }

    /// Reads no further.
    pub(super) fn end(&mut self) {
        self.cursor.pos = self.cursor.end();
        self.ended = true;
    }

    /// The error for a `{` or `[` at `open` that the end of the file finds open.
    pub(super) fn unclosed(&mut self, open: usize, close: char) -> Box<Diagnostic> {
        let what = if close == '}' { "object" } else { "list" };
        let source = self.cursor.source;
        let error = self.cursor.error_at(
            Span::new(source, open, open + 1),
            format!("this {what} is never closed: `{close}` is missing"),
        );
        // All objects around it are open as well: one message is enough.
        self.end();
        match self.suspect.filter(|(inner, _)| *inner != open) {
            Some((inner, end)) => {
                let (opened, _) = source.position(inner as u32);
                let (closed, _) = source.position(end as u32);
                help(
                    error,
                    format!(
                        "by the indentation, the block that begins in line {opened} lacks its `}}`: \
                         the one in line {closed} is meant for a block around it"
                    ),
                )
            }
            None => error,
        }
    }

    /// Notes a block over several lines whose `}` is indented less than the line that opens it.
    pub(super) fn note_indentation(&mut self, open: usize) {
        if self.suspect.is_some() {
            return;
        }
        let text = self.cursor.slice(0, self.cursor.pos);
        let Some(close_line) = text.rfind('\n') else {
            return;
        };
        if close_line < open {
            return;
        }
        let close_indent = &text[close_line + 1..];
        if !close_indent.chars().all(char::is_whitespace) {
            return;
        }
        let open_line = text[..open].rfind('\n').map_or(0, |i| i + 1);
        let line = &text[open_line..open];
        let open_indent = line.len() - line.trim_start().len();
        if close_indent.len() < open_indent {
            self.suspect = Some((open, self.cursor.pos));
        }
    }

    /// The error for a key without `=`, `:`, `+=` or `{`.
    pub(super) fn no_separator(
        &mut self,
        key: &[String],
        span: &Span,
        found: Option<char>,
    ) -> Box<Diagnostic> {
        let key = key.join(limits::SEPARATOR);
        let between = self.cursor.slice(span.end(), self.cursor.pos);
        let on_next_line = between.contains('\n');
        let found = if on_next_line { Some('\n') } else { found };
        let error = self.cursor.error_at(
            span.clone(),
            format!(
                "`{key}` is a key without a value: expected `=`, `:`, `+=` or `{{` behind it, found {}",
                shown(found)
            ),
        );
        // What follows on a later line is a member of its own.
        if on_next_line {
            self.cursor.pos = span.end();
        }
        help(
            error,
            "a key or value with special characters needs double quotes",
        )
    }

    /// SeaTunnel keeps the last `source {}` silently. So does the tree; for a job it is an error.
    pub(super) fn warn_if_replaced(&mut self, members: &RawObject, key: &str, new: &Raw) {
        let at_root = self.path.is_empty() && self.lists == 0;
        if !at_root || !limits::PLUGIN_BLOCKS.contains(&key) {
            return;
        }
        if let Some(old) = members.get(key)
            && matches!((&old.kind, &new.kind), (RawKind::List(_), RawKind::List(_)))
        {
            let (line, _) = old.key_span.position().unwrap_or_default();
            let warning = Diagnostic::warning(
                codes::SECTION_REPEATED,
                format!("`{key}` is given twice: the one in line {line} has no effect"),
                new.key_span.clone(),
            );
            let text = format!("put all blocks into one `{key} {{ … }}`");
            self.context.report.push(warning.with_help(text));
        }
    }
}

/// Skips to the end of a member: a line end, or before the `}` of the object around it, with the
/// brackets in `open` closed. `false` if a bracket closes that isn't the last open one.
fn skip_member(cursor: &mut Cursor<'_>, open: &mut Vec<u8>, braced: bool) -> bool {
    while let Some(c) = cursor.peek() {
        match c {
            '"' => {
                skip_string(cursor);
                continue;
            }
            '{' => open.push(b'}'),
            '[' => open.push(b']'),
            '}' | ']' => match open.last() {
                Some(expected) if *expected == c as u8 => {
                    open.pop();
                }
                Some(_) => return false,
                None if c == '}' && braced => return true,
                None => {}
            },
            '\n' if open.is_empty() => return true,
            _ if cursor.at_comment() => {
                cursor.skip_line();
                continue;
            }
            _ => {}
        }
        cursor.bump();
    }
    open.is_empty()
}

fn skip_string(cursor: &mut Cursor<'_>) {
    if cursor.eat("\"\"\"") {
        cursor.pos = match cursor.rest().find("\"\"\"") {
            Some(end) => cursor.pos + end + 3,
            None => cursor.end(),
        };
        return;
    }
    cursor.pos += 1;
    while let Some(c) = cursor.peek() {
        match c {
            '\n' => return,
            '\\' => {
                cursor.pos += 1;
                if cursor.peek() != Some('\n') {
                    cursor.bump();
                }
            }
            '"' => {
                cursor.pos += 1;
                return;
            }
            _ => {
                cursor.bump();
            }
        }
    }
}
