//! Messages that point into a job file.

use std::fmt;

use super::Span;
use super::mask::mask_secrets;
use crate::error::{Error, ErrorCode};

/// Whether a [`Diagnostic`] stops the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The job cannot run.
    Error,
    /// The job runs; the user should still know.
    Warning,
}

/// One finding: what is wrong, where it is written, what to do about it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Whether it stops the job.
    pub severity: Severity,
    /// Stable identifier, such as `CONFIG-03`.
    pub code: ErrorCode,
    /// What is wrong, in the user's terms.
    pub message: String,
    /// Where it is written.
    pub span: Span,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding that stops the job.
    pub fn error(code: ErrorCode, message: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            help: None,
        }
    }

    /// A finding that the job survives.
    pub fn warning(code: ErrorCode, message: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, span)
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Lines longer than this are cut around the caret, so that a generated file gives readable messages.
const MAX_LINE: usize = 160;

/// Several lines: the message, `file:line:column`, the line itself with a caret, the help.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{word}[{}]: {}", self.code.id, self.message)?;
        if let Some(source) = self.span.source() {
            let (line, column) = source.position(self.span.start() as u32);
            let gutter = line.to_string().len();
            let skip = (column as usize).saturating_sub(MAX_LINE / 2);
            // A key that is cut off still says whether its value is a secret.
            let ahead = skip.min(MAX_LINE);
            let text = source.line(line).chars().skip(skip - ahead);
            let text = mask_secrets(&text.take(ahead + MAX_LINE).collect::<String>());
            let shown: String = text.chars().skip(ahead).collect();
            let shown = shown.replace('\t', " ");
            let before = column as usize - 1 - skip;
            let span_len = source
                .text()
                .get(self.span.start()..self.span.end())
                .map_or(1, |s| s.split('\n').next().unwrap_or("").chars().count());
            let room = shown.chars().count().saturating_sub(before);
            let carets = "^".repeat(span_len.min(room).max(1));
            write!(
                f,
                "\n{:gutter$}--> {}:{line}:{column}\n{:gutter$} |\n{line} | {shown}\n{:gutter$} | {:before$}{carets}",
                "",
                source.name(),
                "",
                "",
                "",
            )?;
            if let Some(help) = &self.help {
                write!(f, "\n{:gutter$} = help: {help}", "")?;
            }
        } else if let Some(help) = &self.help {
            write!(f, "\n  = help: {help}")?;
        }
        Ok(())
    }
}

/// Collects all findings of a job file, so that a user sees them at once and not one a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// An empty report.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Adds an error.
    pub fn error(&mut self, code: ErrorCode, message: impl Into<String>, span: &Span) {
        self.push(Diagnostic::error(code, message, span.clone()));
    }

    /// Adds a warning.
    pub fn warning(&mut self, code: ErrorCode, message: impl Into<String>, span: &Span) {
        self.push(Diagnostic::warning(code, message, span.clone()));
    }

    /// Everything found, in the order it was found.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether something found stops the job.
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|d| d.severity == Severity::Error)
    }

    /// Takes the warnings out, for logging.
    pub fn take_warnings(&mut self) -> Vec<Diagnostic> {
        let (warnings, errors) = std::mem::take(&mut self.diagnostics)
            .into_iter()
            .partition(|d| d.severity == Severity::Warning);
        self.diagnostics = errors;
        warnings
    }

    /// Adds all findings of another report.
    pub fn merge(&mut self, other: Report) {
        self.diagnostics.extend(other.diagnostics);
    }

    /// `Err` with all errors found so far, if there is one.
    pub fn into_result(self) -> Result<(), Error> {
        if self.has_errors() {
            Err(Error::from_report(self))
        } else {
            Ok(())
        }
    }
}

/// The name nearest to what was written, if it is near enough to be a slip of the hand.
///
/// Case, `-`, `_` and `.` don't count as differences; otherwise a third of the letters may differ.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    fn plain(s: &str) -> String {
        s.chars()
            .filter(|c| !matches!(c, '-' | '_' | '.' | ' '))
            .flat_map(char::to_lowercase)
            .collect()
    }
    let target = plain(written);
    let limit = (target.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&target, &plain(name)), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
