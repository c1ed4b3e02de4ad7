//! Walking through a text: characters, white space, comments, positions.

use std::sync::Arc;

use seatunnel_api::ErrorCode;
use seatunnel_api::config::{Diagnostic, SourceText, Span};

use crate::codes;

/// A finding on its way up; boxed because results of the parser are passed through many calls.
pub(crate) type Parsed<T> = Result<T, Box<Diagnostic>>;

/// Characters that need quotes.
pub(crate) const RESERVED: &str = "$\"{}[]:=,+#`^?!@*&\\";

/// A place in a text.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    pub(crate) source: &'a Arc<SourceText>,
    /// The text up to where reading ends.
    text: &'a str,
    pub(crate) pos: usize,
}

impl<'a> Cursor<'a> {
    /// The start of a text, after its byte order mark.
    pub(crate) fn new(source: &'a Arc<SourceText>) -> Self {
        let skip = if source.text().starts_with('\u{feff}') {
            3
        } else {
            0
        };
        Self::part(source, skip, source.text().len())
    }

    /// Bytes `start..end` of a text; both must lie between characters.
    pub(crate) fn part(source: &'a Arc<SourceText>, start: usize, end: usize) -> Self {
        Self {
            source,
            text: &source.text()[..end],
            pos: start,
        }
    }

    pub(crate) fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.pos) {
            Some(byte) if byte.is_ascii() => Some(*byte as char),
            Some(_) => self.text[self.pos..].chars().next(),
            None => None,
        }
    }

    pub(crate) fn byte_at(&self, pos: usize) -> Option<u8> {
        self.text.as_bytes().get(pos).copied()
    }

    pub(crate) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    /// Takes `expected` if it is what comes next.
    pub(crate) fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.pos += expected.len();
        }
        found
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.pos..]
    }

    /// The text between two places.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        &self.text[start..end]
    }

    pub(crate) fn end(&self) -> usize {
        self.text.len()
    }

    /// From `start` to here.
    pub(crate) fn span_from(&self, start: usize) -> Span {
        Span::new(self.source, start, self.pos)
    }

    /// The character here.
    pub(crate) fn span(&self) -> Span {
        let len = self.peek().map_or(0, char::len_utf8);
        Span::new(self.source, self.pos, self.pos + len)
    }

    /// A syntax error at the character here.
    pub(crate) fn error(&self, message: impl Into<String>) -> Box<Diagnostic> {
        self.error_at(self.span(), message)
    }

    pub(crate) fn error_at(&self, span: Span, message: impl Into<String>) -> Box<Diagnostic> {
        error(codes::SYNTAX, span, message)
    }

    /// Skips white space on the line; gives what was skipped.
    pub(crate) fn skip_space(&mut self) -> &'a str {
        let start = self.pos;
        while let Some(c) = self.peek() {
            if !is_space(c) {
                break;
            }
            self.pos += c.len_utf8();
        }
        &self.text[start..self.pos]
    }

    pub(crate) fn at_comment(&self) -> bool {
        match self.byte_at(self.pos) {
            Some(b'#') => true,
            Some(b'/') => self.byte_at(self.pos + 1) == Some(b'/'),
            _ => false,
        }
    }

    /// Goes to the end of the line, before its line feed.
    pub(crate) fn skip_line(&mut self) {
        self.pos = match memchr(self.rest()) {
            Some(offset) => self.pos + offset,
            None => self.text.len(),
        };
    }

    /// Skips white space, line ends and comments; says whether a line end was among them.
    pub(crate) fn skip_blank(&mut self) -> bool {
        let mut crossed = false;
        loop {
            self.skip_space();
            if self.peek() == Some('\n') {
                self.pos += 1;
                crossed = true;
            } else if self.at_comment() {
                self.skip_line();
            } else {
                return crossed;
            }
        }
    }
}

fn memchr(text: &str) -> Option<usize> {
    text.bytes().position(|b| b == b'\n')
}

/// White space within a line, as the Java parser sees it.
pub(crate) fn is_space(c: char) -> bool {
    match c {
        ' ' | '\t' | '\r' => true,
        '\n' | '\u{85}' => false,
        '\u{feff}' | '\u{1c}'..='\u{1f}' => true,
        c => !c.is_ascii_graphic() && c.is_whitespace(),
    }
}

/// What a message calls the character that was found.
pub(crate) fn shown(c: Option<char>) -> String {
    match c {
        None => "the end of the file".into(),
        Some('\n') => "the end of the line".into(),
        Some(c) => format!("`{}`", c.escape_debug()),
    }
}

pub(crate) fn error(code: ErrorCode, span: Span, message: impl Into<String>) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(code, message, span))
}

/// Adds what to do about it.
pub(crate) fn help(mut diagnostic: Box<Diagnostic>, text: impl Into<String>) -> Box<Diagnostic> {
    diagnostic.help = Some(text.into());
    diagnostic
}
