//! The one error type that connectors, engines and the launcher share.

use std::error::Error as StdError;
use std::fmt;

use crate::config::{Diagnostic, Report, Span};

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A stable identifier that users can search for, such as `FILE-03`, and what it stands for.
///
/// Every crate lays its codes out as constants in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode {
    /// `AREA-NN`
    pub id: &'static str,
    /// What it stands for, in a few words.
    pub title: &'static str,
}

impl ErrorCode {
    /// Declares a code.
    pub const fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title }
    }
}

/// Codes that any crate may need; those of one connector stand in that connector.
pub mod codes {
    use super::ErrorCode;

    /// An option is missing, has the wrong type, or a value that is not allowed.
    pub const OPTION_INVALID: ErrorCode = ErrorCode::new("API-02", "option not valid");
    /// A declared schema or a type name can't be understood.
    pub const SCHEMA_INVALID: ErrorCode = ErrorCode::new("API-03", "schema not valid");
    /// No connector or transform of that name is built in.
    pub const PLUGIN_UNKNOWN: ErrorCode = ErrorCode::new("API-06", "plugin not known");
    /// A save mode refuses the target as it is.
    pub const SAVE_MODE: ErrorCode = ErrorCode::new("API-09", "save mode refused");
    /// The target already has data.
    pub const DATA_EXISTS: ErrorCode = ErrorCode::new("API-10", "target has data already");
    /// The target does not exist.
    pub const TARGET_MISSING: ErrorCode = ErrorCode::new("API-11", "target does not exist");
    /// A value can't be represented in the type it has to go into.
    pub const VALUE_INVALID: ErrorCode = ErrorCode::new("COMMON-16", "value not representable");
    /// A connector meets a type that it can't carry.
    pub const TYPE_UNSUPPORTED: ErrorCode = ErrorCode::new("COMMON-07", "type not supported");
    /// More rows were rejected than a sink's `dirty.max` allows.
    pub const DIRTY_LIMIT: ErrorCode = ErrorCode::new("COMMON-17", "too many dirty rows");
    /// Rejected rows can't be kept where `dirty.path` says.
    pub const DIRTY_PLACE: ErrorCode = ErrorCode::new("COMMON-18", "dirty rows not kept");
    /// Saved state can't be read back.
    pub const STATE_INVALID: ErrorCode = ErrorCode::new("COMMON-40", "saved state not readable");
    /// The job was asked to stop.
    pub const CANCELLED: ErrorCode = ErrorCode::new("COMMON-41", "cancelled");
    /// A bug of this program or of a connector, never the user's fault.
    pub const INTERNAL: ErrorCode = ErrorCode::new("COMMON-99", "internal error");
}

/// What went wrong: a code, a message in the user's terms, where, why, and what to do.
///
/// Its `Display` is the message alone; [`Error::report`] is the whole story, for the launcher.
pub struct Error(Box<Inner>);

struct Inner {
    code: ErrorCode,
    message: String,
    span: Span,
    context: Vec<(&'static str, String)>,
    help: Option<String>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
    retryable: bool,
    of_row: bool,
    sql_state: Option<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Error {
    /// An error that retrying does not cure.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            span: Span::none(),
            context: Vec::new(),
            help: None,
            cause: None,
            retryable: false,
            of_row: false,
            sql_state: None,
            diagnostics: Vec::new(),
        }))
    }

    /// All errors of a job file as one.
    pub fn from_report(report: Report) -> Self {
        let errors: Vec<Diagnostic> = report
            .diagnostics()
            .iter()
            .filter(|d| d.severity == crate::config::Severity::Error)
            .cloned()
            .collect();
        let code = errors.first().map_or(codes::INTERNAL, |d| d.code);
        let message = match errors.as_slice() {
            [only] => only.message.clone(),
            many => format!("the job file has {} errors", many.len()),
        };
        let mut error = Self::new(code, message);
        error.0.diagnostics = errors;
        error
    }

    /// The job was asked to stop.
    pub fn cancelled() -> Self {
        Self::new(codes::CANCELLED, "the job was cancelled")
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds the error that led to this one.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds where it happened: `("table", "shop.orders")`, `("row", "17001")`. Never a secret.
    #[must_use]
    pub fn with_context(mut self, what: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((what, value.to_string()));
        self
    }

    /// Adds the place in the job file.
    #[must_use]
    pub fn at(mut self, span: &Span) -> Self {
        self.0.span = span.clone();
        self
    }

    /// Adds the place in the job file, if the error doesn't have one.
    #[must_use]
    pub fn or_at(self, span: &Span) -> Self {
        if self.0.span.source().is_some() || !self.0.diagnostics.is_empty() {
            self
        } else {
            self.at(span)
        }
    }

    /// Says that the same work may succeed when tried again: a lost connection, a busy server.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    /// Says that single rows are at fault, and others of the same batch may be fine: the work may
    /// be done again without them. Not to be combined with [`Error::retryable`].
    #[must_use]
    pub fn of_row(mut self) -> Self {
        self.0.of_row = true;
        self
    }

    /// Adds the SQL state (`23505`) that a database gave.
    #[must_use]
    pub fn with_sql_state(mut self, state: impl Into<String>) -> Self {
        self.0.sql_state = Some(state.into());
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The message alone.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same work may succeed when tried again.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether single rows are at fault: marked by [`Error::of_row`], or a value that can't be
    /// represented ([`codes::VALUE_INVALID`]).
    pub fn is_of_row(&self) -> bool {
        self.0.of_row || self.0.code == codes::VALUE_INVALID
    }

    /// The SQL state that a database gave.
    pub fn sql_state(&self) -> Option<&str> {
        self.0.sql_state.as_deref()
    }

    /// Where it happened, as added by [`Error::with_context`].
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.0.context
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The findings in the job file that make up this error.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    /// Everything there is to say, over several lines: code, message, place, context, causes, help.
    pub fn report(&self) -> String {
        let inner = &self.0;
        if !inner.diagnostics.is_empty() {
            return inner
                .diagnostics
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n\n");
        }
        let mut diagnostic =
            Diagnostic::error(inner.code, inner.message.clone(), inner.span.clone());
        diagnostic.help = None;
        let mut text = diagnostic.to_string();
        for (what, value) in &inner.context {
            text.push_str(&format!("\n  = {what}: {value}"));
        }
        if let Some(state) = &inner.sql_state {
            text.push_str(&format!("\n  = SQL state: {state}"));
        }
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            text.push_str(&format!("\n  = caused by: {error}"));
            cause = error.source();
        }
        if let Some(help) = &inner.help {
            text.push_str(&format!("\n  = help: {help}"));
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.message)?;
        for (index, (what, value)) in self.0.context.iter().enumerate() {
            let lead = if index == 0 { " (" } else { ", " };
            write!(f, "{lead}{what} {value}")?;
        }
        if !self.0.context.is_empty() {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .cause
            .as_deref()
            .map(|cause| cause as &(dyn StdError + 'static))
    }
}

impl From<arrow_schema::ArrowError> for Error {
    fn from(error: arrow_schema::ArrowError) -> Self {
        Error::new(codes::INTERNAL, "a column operation failed").with_cause(error)
    }
}
