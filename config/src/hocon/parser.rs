//! From text to values: objects, lists, and values side by side.
//!
//! A member that can't be read is reported and skipped (`recover.rs`), so that all errors of a file
//! are found in one run.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use seatunnel_api::config::{Diagnostic, Report, SourceText, Span};

use super::lexer::{Cursor, Parsed, error, help, is_space, shown};
use super::limits;
use super::merge::put;
use super::raw::{Raw, RawKind, RawObject};
use crate::codes;

/// What the parsers of a file and of the files that it includes share.
pub(crate) struct Context<'r> {
    pub(super) report: &'r mut Report,
    pub(super) errors: usize,
    pub(super) includes: usize,
    /// The files that are being read, outermost first.
    pub(super) files: Vec<PathBuf>,
}

impl<'r> Context<'r> {
    pub(crate) fn new(report: &'r mut Report) -> Self {
        Self {
            report,
            errors: 0,
            includes: 0,
            files: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, error: Diagnostic) {
        self.errors += 1;
        if self.errors <= limits::ERRORS {
            self.report.push(error);
        }
    }
}

pub(crate) struct Parser<'a, 'c, 'r> {
    pub(super) cursor: Cursor<'a>,
    /// The file that includes start from.
    pub(super) file: Option<&'a Path>,
    pub(super) context: &'c mut Context<'r>,
    /// Keys around the current place.
    pub(super) path: Vec<String>,
    /// Brackets that are open since the current member began, to find its end after an error.
    pub(super) open: Vec<u8>,
    /// Objects and lists around the current place.
    pub(super) depth: usize,
    pub(super) lists: usize,
    /// A block whose closing brace stands where that of a block around it should: the first
    /// suspect when a brace is missing at the end.
    pub(super) suspect: Option<(usize, usize)>,
    /// Whether reading has ended early: then what is still open is no error of its own.
    pub(super) ended: bool,
}

/// What an object's body stands for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Body {
    Object,
    /// SeaTunnel's `source`, `transform` and `sink`: a list of blocks.
    Plugins,
}

impl<'a, 'c, 'r> Parser<'a, 'c, 'r> {
    pub(crate) fn new(
        source: &'a Arc<SourceText>,
        file: Option<&'a Path>,
        context: &'c mut Context<'r>,
    ) -> Self {
        Self::at(Cursor::new(source), file, context)
    }

    pub(crate) fn at(
        cursor: Cursor<'a>,
        file: Option<&'a Path>,
        context: &'c mut Context<'r>,
    ) -> Self {
        Self {
            cursor,
            file,
            context,
            path: Vec::new(),
            open: Vec::new(),
            depth: 0,
            lists: 0,
            suspect: None,
            ended: false,
        }
    }

    /// The whole text: an object, with or without braces.
    pub(crate) fn document(mut self) -> Rc<Raw> {
        self.cursor.skip_blank();
        let start = self.cursor.pos;
        let read = match self.cursor.peek() {
            Some('[') => Err(self.cursor.error("a job file is an object, not a list")),
            Some('{') => {
                self.cursor.pos += 1;
                self.object(Some(start), Body::Object)
            }
            _ => self.object(None, Body::Object),
        };
        let kind = match read {
            Ok(kind) => {
                self.cursor.skip_blank();
                if self.cursor.peek().is_some() {
                    let error = self.cursor.error(format!(
                        "{} stands behind the end of the job file's object",
                        shown(self.cursor.peek())
                    ));
                    self.context
                        .push(*help(error, "is there one `}` too many before it?"));
                }
                kind
            }
            Err(error) => {
                self.context.push(*error);
                RawKind::Object(RawObject::new())
            }
        };
        Raw::new(kind, self.cursor.span_from(start))
    }

    /// One value that fills the whole text. It is no job file, so no key in it means plugin blocks.
    pub(crate) fn single_value(mut self) -> Option<Rc<Raw>> {
        self.lists = 1;
        let read = self.value(false).and_then(|value| {
            self.cursor.skip_blank();
            match self.cursor.peek() {
                None => Ok(value),
                found => Err(self.cursor.error(format!(
                    "{} stands behind the end of the value",
                    shown(found)
                ))),
            }
        });
        read.map_err(|error| self.context.push(*error)).ok()
    }

    fn enter(&mut self, bracket: u8) -> Parsed<()> {
        self.depth += 1;
        self.open.push(bracket);
        if self.depth + self.path.len() > 2 * limits::DEPTH || self.depth > limits::DEPTH {
            return Err(error(
                codes::TOO_LARGE,
                self.cursor.span(),
                format!("values are nested deeper than {} levels", limits::DEPTH),
            ));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.open.pop();
    }

    /// The body of an object behind its `{` at `open`, or of a root without braces.
    pub(super) fn object(&mut self, open: Option<usize>, body: Body) -> Parsed<RawKind> {
        self.enter(b'}')?;
        let (mut members, mut blocks) = (RawObject::new(), Vec::new());
        loop {
            self.cursor.skip_blank();
            match (self.cursor.peek(), open) {
                (None, None) => break,
                (None, _) if self.ended => break,
                (None, Some(open)) => {
                    let error = self.unclosed(open, '}');
                    self.leave();
                    return Err(error);
                }
                (Some('}'), Some(open)) => {
                    self.note_indentation(open);
                    self.cursor.pos += 1;
                    break;
                }
                (Some('}'), None) => {
                    let error = self.cursor.error("this `}` closes nothing");
                    self.context
                        .push(*help(error, "is there one closing brace too many?"));
                    self.cursor.pos += 1;
                    continue;
                }
                _ => {}
            }
            let start = self.cursor.pos;
            let (path, depth, lists) = (self.path.len(), self.depth, self.lists);
            let outer = std::mem::take(&mut self.open);
            let read = match body {
                Body::Object => self.member(&mut members),
                Body::Plugins => self.block(&mut blocks),
            };
            let read = read.and_then(|()| self.separator(b'}', open.is_some(), start));
            if let Err(error) = read {
                self.path.truncate(path);
                (self.depth, self.lists) = (depth, lists);
                let fatal = error.code == codes::TOO_LARGE;
                self.context.push(*error);
                if fatal || self.context.errors > limits::ERRORS {
                    self.end();
                } else {
                    self.resume(open.is_some());
                }
            }
            self.open = outer;
        }
        self.leave();
        Ok(match body {
            Body::Object => RawKind::Object(members),
            Body::Plugins => RawKind::List(blocks),
        })
    }

    fn member(&mut self, members: &mut RawObject) -> Parsed<()> {
        if let Some(included) = self.include()? {
            for (key, value) in included {
                put(members, key, value);
            }
            return Ok(());
        }
        let (key, value) = self.entry()?;
        self.warn_if_replaced(members, &key, &value);
        put(members, key, value);
        Ok(())
    }

    /// A block of `source`, `transform` or `sink`.
    fn block(&mut self, blocks: &mut Vec<Rc<Raw>>) -> Parsed<()> {
        if let Some(included) = self.include()? {
            blocks.extend(included.into_iter().map(|(k, v)| named_block(k, v)));
            return Ok(());
        }
        let (key, value) = self.entry()?;
        blocks.push(named_block(key, value));
        Ok(())
    }

    /// `key = value`, `key { … }`, `key += value`; a key with `->` gives objects within each other.
    fn entry(&mut self) -> Parsed<(String, Rc<Raw>)> {
        let start = self.cursor.pos;
        let (key, end) = self.key()?;
        let key_span = Span::new(self.cursor.source, start, end);
        self.cursor.skip_blank();
        let mut append = false;
        match self.cursor.peek() {
            Some('{') => {}
            Some('=' | ':') => self.cursor.pos += 1,
            Some('+') if self.cursor.eat("+=") => append = true,
            found => return Err(self.no_separator(&key, &key_span, found)),
        }
        let behind = self.cursor.pos;
        let at_root = self.path.is_empty() && self.lists == 0;
        let plugins = at_root && limits::PLUGIN_BLOCKS.contains(&key[0].as_str());
        let outer = self.path.len();
        self.path.extend(key.iter().cloned());
        if self.depth + self.path.len() > 2 * limits::DEPTH {
            return Err(error(codes::TOO_LARGE, key_span, "this key nests too deep"));
        }
        let mut value = self.value(plugins && !append)?;
        self.path.truncate(outer);
        self.check_same_line(&key_span, behind, &value)?;
        if append {
            let span = value.span.clone();
            let previous = Raw::new(RawKind::Previous, key_span.clone());
            let added = Raw::new(RawKind::List(vec![value]), span.clone());
            value = Raw::new(RawKind::Concat(vec![previous, added]), span);
        }
        let mut value = value.with_key(&key_span);
        let mut key = key.into_iter();
        let first = key.next().unwrap_or_default();
        for inner in key.rev() {
            let object = RawObject::from_iter([(inner, value)]);
            value = Raw::keyed(RawKind::Object(object), key_span.clone(), key_span.clone());
        }
        Ok((first, value))
    }

    /// `a =` with nothing behind it takes the next line's key for its value; then the next line's
    /// `=` is where reading stops, but the mistake is here.
    fn check_same_line(&mut self, key: &Span, behind: usize, value: &Raw) -> Parsed<()> {
        let found = self.cursor.peek();
        if !matches!(found, Some('=' | ':')) || !value.kind.is_plain() {
            return Ok(());
        }
        let start = value.span.start();
        if !self.cursor.slice(behind, start.max(behind)).contains('\n') {
            return Ok(());
        }
        self.cursor.pos = start;
        let name = self.cursor.slice(key.start(), key.end());
        let error = self
            .cursor
            .error_at(key.clone(), format!("`{name}` is given no value"));
        // The next line is a member of its own: go on with it.
        self.context
            .push(*help(error, "write `\"\"` for an empty text"));
        Ok(())
    }

    /// A comma or a line end between two members or items.
    pub(super) fn separator(&mut self, close: u8, closed: bool, start: usize) -> Parsed<()> {
        let crossed = self.cursor.skip_blank();
        match self.cursor.peek() {
            Some(',') => {
                self.cursor.pos += 1;
                self.cursor.skip_blank();
                if self.cursor.peek() == Some(',') {
                    return Err(self.cursor.error("two commas in a row"));
                }
                Ok(())
            }
            None => Ok(()),
            Some('}') if close == b'}' => Ok(()),
            Some(c) if closed && c == close as char => Ok(()),
            Some(_) if crossed => Ok(()),
            // The next line is read on its own after a key without value.
            Some(_) if self.line_start() == Some(self.cursor.pos) => Ok(()),
            Some(c) => {
                let error = self.cursor.error(format!(
                    "expected a comma, a new line or `{}` here, found {}",
                    close as char,
                    shown(Some(c))
                ));
                let line = self.cursor.slice(start, self.cursor.pos);
                Err(help(error, quotes_help(c, line, close)))
            }
        }
    }

    /// Where the text of the current line begins.
    fn line_start(&self) -> Option<usize> {
        let before = self.cursor.slice(0, self.cursor.pos);
        let line = before.rfind('\n').map_or(0, |i| i + 1);
        let text = &before[line..];
        text.chars().all(is_space).then_some(self.cursor.pos)
    }

    pub(super) fn list(&mut self, open: usize) -> Parsed<RawKind> {
        self.enter(b']')?;
        self.lists += 1;
        let mut items = Vec::new();
        loop {
            self.cursor.skip_blank();
            match self.cursor.peek() {
                None if self.ended => break,
                None => return Err(self.unclosed(open, ']')),
                Some(']') => {
                    self.cursor.pos += 1;
                    break;
                }
                _ => {}
            }
            items.push(self.value(false)?);
            self.separator(b']', true, open)?;
        }
        self.lists -= 1;
        self.leave();
        Ok(RawKind::List(items))
    }
}

/// A block of `source`, `transform` or `sink` with its `plugin_name`.
fn named_block(key: String, mut value: Rc<Raw>) -> Rc<Raw> {
    let (span, key_span) = (value.span.clone(), value.key_span.clone());
    let name = Raw::keyed(RawKind::String(key), key_span.clone(), key_span.clone());
    if value.kind.is_unresolved() {
        // `Jdbc = ${defaults} { … }`: a name that the block may replace once it is known.
        let named = RawObject::from_iter([("plugin_name".to_owned(), name)]);
        let named = Raw::new(RawKind::Object(named), span.clone());
        return Raw::keyed(RawKind::Concat(vec![named, value]), span, key_span);
    }
    if let RawKind::Object(members) = &mut Rc::make_mut(&mut value).kind
        && !members.contains_key("plugin_name")
    {
        members.insert("plugin_name".to_owned(), name);
    }
    value
}

fn quotes_help(found: char, line: &str, close: u8) -> String {
    match found {
        ':' | '=' if close == b']' && line.contains('\n') => {
            format!(
                "is the list before it never closed? Else a value with `{found}` in it needs double quotes"
            )
        }
        ':' | '=' => format!("a value with `{found}` in it needs double quotes around all of it"),
        _ => "a value with special characters needs double quotes around all of it".into(),
    }
}
