//! Keys, and references to them.

use super::lexer::{Parsed, help, shown};
use super::limits::SEPARATOR;
use super::parser::Parser;
use super::raw::{RawKind, Reference};

impl Parser<'_, '_, '_> {
    /// A key up to what separates it from its value, and where it ends. `->` divides it, unless quoted.
    pub(super) fn key(&mut self) -> Parsed<(Vec<String>, usize)> {
        let start = self.cursor.pos;
        let mut end = start;
        let mut parts: Vec<String> = Vec::new();
        let mut part = String::new();
        // `""` is a key; nothing is not.
        let (mut quoted_empty, mut any) = (false, false);
        let mut space = "";
        loop {
            match self.cursor.peek() {
                None | Some('\n' | '=' | ':' | '{' | '}' | '+' | ',' | ']') => break,
                Some(_) if self.cursor.at_comment() => break,
                Some('"') => {
                    let text = self.quoted()?;
                    part.push_str(space);
                    part.push_str(&text);
                    quoted_empty |= text.is_empty();
                }
                Some(c @ ('$' | '[')) => {
                    let error = self
                        .cursor
                        .error(format!("{} is not allowed in a key", shown(Some(c))));
                    return Err(help(error, "put the key in double quotes"));
                }
                Some(_) => {
                    let text = match self.simple()? {
                        RawKind::String(text) | RawKind::Number(text) => text,
                        RawKind::Bool(b) => b.to_string(),
                        _ => "null".into(),
                    };
                    part.push_str(space);
                    let mut pieces = text.split(SEPARATOR);
                    part.push_str(pieces.next().unwrap_or(""));
                    for piece in pieces {
                        if part.is_empty() && !quoted_empty {
                            return Err(self.bad_path(start));
                        }
                        parts.push(std::mem::take(&mut part));
                        quoted_empty = false;
                        part.push_str(piece);
                    }
                }
            }
            any = true;
            end = self.cursor.pos;
            space = self.cursor.skip_space();
        }
        if !any {
            let found = shown(self.cursor.peek());
            return Err(self.cursor.error(format!("expected a key, found {found}")));
        }
        if part.is_empty() && !quoted_empty {
            return Err(self.bad_path(start));
        }
        parts.push(part);
        Ok((parts, end))
    }

    fn bad_path(&self, start: usize) -> Box<seatunnel_api::config::Diagnostic> {
        self.cursor.error_at(
            self.cursor.span_from(start),
            format!("a key must not begin or end with `{SEPARATOR}`, nor hold two in a row"),
        )
    }

    /// `${path}` or `${?path}` at its `$`.
    pub(super) fn reference(&mut self) -> Parsed<RawKind> {
        let start = self.cursor.pos;
        if !self.cursor.eat("${") {
            let error = self.cursor.error("`$` is not allowed outside quotes");
            return Err(help(
                error,
                "write `${name}` for a variable, or put the value in double quotes",
            ));
        }
        let optional = self.cursor.eat("?");
        self.cursor.skip_space();
        let (path, _) = self.key()?;
        if self.cursor.peek() != Some('}') {
            let error = self.cursor.error(format!(
                "expected `}}` to close `${{`, found {}",
                shown(self.cursor.peek())
            ));
            return Err(help(
                error,
                "`${name}` stands alone; a default, as in `\"${name:default}\"`, works inside double quotes only",
            ));
        }
        self.cursor.pos += 1;
        Ok(RawKind::Reference(Reference {
            path,
            prefix: 0,
            optional,
            text: self.cursor.slice(start, self.cursor.pos).to_owned(),
        }))
    }
}
