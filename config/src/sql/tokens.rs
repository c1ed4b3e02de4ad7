//! Words, strings and signs of an SQL text, with their places.

use std::sync::Arc;

use seatunnel_api::config::{Diagnostic, SourceText, Span};

use crate::codes;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name, keyword or number.
    Word,
    /// `'text'`
    Text,
    /// `"name"` or `` `name` ``
    Name,
    /// Any other character.
    Sign(char),
    /// `/* config … */`
    Config,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    /// The token as it is written.
    pub(super) fn text<'a>(&self, source: &'a SourceText) -> &'a str {
        &source.text()[self.start..self.end]
    }

    pub(super) fn span(&self, source: &Arc<SourceText>) -> Span {
        Span::new(source, self.start, self.end)
    }

    pub(super) fn is_word(&self, source: &SourceText, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(source).eq_ignore_ascii_case(word)
    }

    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.kind == TokenKind::Sign(sign)
    }

    /// What a quoted token holds; its own text for others.
    pub(super) fn content(&self, source: &SourceText) -> String {
        let text = self.text(source);
        match self.kind {
            TokenKind::Text | TokenKind::Name => {
                let quote = &text[..1];
                text[1..text.len() - 1].replace(&quote.repeat(2), quote)
            }
            _ => text.to_owned(),
        }
    }
}

/// Cuts a text into tokens; comments are left out. An error ends the text: what follows an open
/// quote can't be told.
pub(super) fn tokens(source: &Arc<SourceText>) -> (Vec<Token>, Option<Diagnostic>) {
    let text = source.text();
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut pos = 0;
    while let Some(c) = text[pos..].chars().next() {
        let start = pos;
        let rest = &text[pos..];
        let kind = match c {
            c if c.is_whitespace() || c == '\u{feff}' => {
                pos += c.len_utf8();
                continue;
            }
            '-' if rest.starts_with("--") => {
                pos += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            '/' if rest.starts_with("/*") => {
                let Some(length) = rest[2..].find("*/") else {
                    let span = Span::new(source, start, start + 2);
                    return (tokens, Some(open_error("this comment", "*/", span)));
                };
                pos += length + 4;
                if !is_config(&rest[2..length + 2]) {
                    continue;
                }
                TokenKind::Config
            }
            '\'' | '"' | '`' => {
                pos += 1;
                loop {
                    let Some(length) = bytes[pos..].iter().position(|b| *b == c as u8) else {
                        let line = rest.find('\n').unwrap_or(rest.len());
                        let span = Span::new(source, start, start + line);
                        let what = "this text";
                        return (tokens, Some(open_error(what, &c.to_string(), span)));
                    };
                    pos += length + 1;
                    // A doubled quote is a quote in the text.
                    if bytes.get(pos) != Some(&(c as u8)) {
                        break;
                    }
                    pos += 1;
                }
                if c == '\'' {
                    TokenKind::Text
                } else {
                    TokenKind::Name
                }
            }
            c if is_word(c) => {
                pos += rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                TokenKind::Word
            }
            c => {
                pos += c.len_utf8();
                TokenKind::Sign(c)
            }
        };
        tokens.push(Token {
            kind,
            start,
            end: pos,
        });
    }
    (tokens, None)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn is_config(comment: &str) -> bool {
    comment
        .trim_start()
        .strip_prefix("config")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

fn open_error(what: &str, close: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        codes::SYNTAX,
        format!("{what} is never closed: `{close}` is missing"),
        span,
    )
}
