//! Positions in a job file.

use std::fmt;
use std::sync::Arc;

/// The text that values were read from, kept so that an error can show the line it speaks of.
pub struct SourceText {
    name: String,
    text: String,
    line_starts: Vec<u32>,
}

impl SourceText {
    /// `name` is what messages call the text: a file's path as the user gave it, or `-i name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let mut line_starts = vec![0];
        line_starts.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, b)| *b == b'\n')
                .map(|(i, _)| i as u32 + 1),
        );
        Arc::new(Self {
            name: name.into(),
            text,
            line_starts,
        })
    }

    /// What messages call this text.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    pub fn position(&self, offset: u32) -> (u32, u32) {
        let line = self.line_starts.partition_point(|s| *s <= offset).max(1);
        let start = self.line_starts[line - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |s| s.chars().count());
        (line as u32, column as u32 + 1)
    }

    /// The text of a line (from 1), without its line end.
    pub fn line(&self, line: u32) -> &str {
        let index = (line as usize).saturating_sub(1);
        let Some(start) = self.line_starts.get(index) else {
            return "";
        };
        let rest = &self.text[*start as usize..];
        rest.split(['\n', '\r']).next().unwrap_or("")
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may hold secrets: only its name is ever printed.
        f.debug_struct("SourceText")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A byte range of a [`SourceText`], or nowhere ([`Span::none`]) for values that no file holds.
#[derive(Clone, Debug, Default)]
pub struct Span {
    source: Option<Arc<SourceText>>,
    start: u32,
    end: u32,
}

impl Span {
    /// Bytes `start..end` of `source`.
    pub fn new(source: &Arc<SourceText>, start: usize, end: usize) -> Self {
        Self {
            source: Some(source.clone()),
            start: start as u32,
            end: end.max(start) as u32,
        }
    }

    /// The span of a value that was not read from a text.
    pub fn none() -> Self {
        Self::default()
    }

    /// The text this span points into.
    pub fn source(&self) -> Option<&Arc<SourceText>> {
        self.source.as_ref()
    }

    /// Byte offset of the first character.
    pub fn start(&self) -> usize {
        self.start as usize
    }

    /// Byte offset after the last character.
    pub fn end(&self) -> usize {
        self.end as usize
    }

    /// Line and column of the start, both from 1.
    pub fn position(&self) -> Option<(u32, u32)> {
        self.source.as_ref().map(|s| s.position(self.start))
    }
}

/// `file:line:column`
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            None => f.write_str("<no file>"),
            Some(source) => {
                let (line, column) = source.position(self.start);
                write!(f, "{}:{line}:{column}", source.name())
            }
        }
    }
}
