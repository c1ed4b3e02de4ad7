//! Errors about a place in the query, and errors on their way through DataFusion and back.

use std::sync::Arc;

use arrow_schema::ArrowError;
use datafusion_common::DataFusionError;
use seatunnel_api::{Error, ErrorCode};
use sqlparser::tokenizer::Span;

use crate::codes;

/// Where in the query something stands, for messages.
pub(crate) fn place(span: Span) -> String {
    match (span.start.line, span.start.column) {
        (0, _) => String::new(),
        (line, column) => format!(" (line {line}, column {column} of the query)"),
    }
}

/// An error about a part of the query.
pub(crate) fn refuse(code: ErrorCode, span: Span, what: impl std::fmt::Display) -> Error {
    Error::new(code, format!("Sql: {what}{}", place(span)))
}

/// An error of ours, packed so that DataFusion hands it through.
pub(crate) fn to_datafusion(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The error that one of our functions gave to DataFusion, or DataFusion's own as one of ours.
pub(crate) fn from_datafusion(error: DataFusionError) -> Error {
    match ours(error) {
        Ok(error) => error,
        Err(other) => Error::new(
            codes::SQL_VALUE,
            format!("the query can't be computed: {}", other.strip_backtrace()),
        ),
    }
}

fn ours(error: DataFusionError) -> Result<Error, DataFusionError> {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(error) => Ok(*error),
            Err(inner) => match inner.downcast::<DataFusionError>() {
                Ok(inner) => ours(*inner),
                Err(inner) => Err(DataFusionError::External(inner)),
            },
        },
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => ours(*inner),
        DataFusionError::ArrowError(inner, backtrace) => match *inner {
            ArrowError::ExternalError(inner) => ours(DataFusionError::External(inner)),
            other => Err(DataFusionError::ArrowError(Box::new(other), backtrace)),
        },
        DataFusionError::Shared(inner) => match Arc::try_unwrap(inner) {
            Ok(inner) => ours(inner),
            // Others fail for the same reason, and hold it too.
            Err(inner) => match find(&inner) {
                Some(error) => Ok(copied(error)),
                None => Err(DataFusionError::Shared(inner)),
            },
        },
        other => Err(other),
    }
}

/// Our error inside of one of DataFusion.
fn find(error: &DataFusionError) -> Option<&Error> {
    match error {
        DataFusionError::External(inner) => match inner.downcast_ref() {
            Some(error) => Some(error),
            None => match inner.downcast_ref::<DataFusionError>() {
                Some(inner) => find(inner),
                None => find(inner.downcast_ref::<Arc<DataFusionError>>()?),
            },
        },
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => find(inner),
        DataFusionError::Shared(inner) => find(inner),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ExternalError(inner) => match inner.downcast_ref() {
                Some(error) => Some(error),
                None => find(inner.downcast_ref::<DataFusionError>()?),
            },
            _ => None,
        },
        _ => None,
    }
}

/// The same error once more.
fn copied(of: &Error) -> Error {
    let mut error = Error::new(of.code(), of.message());
    if let Some(help) = of.help() {
        error = error.with_help(help);
    }
    if let Some(state) = of.sql_state() {
        error = error.with_sql_state(state);
    }
    if let Some(cause) = std::error::Error::source(of) {
        error = error.with_cause(cause.to_string());
    }
    if of.is_retryable() {
        error = error.retryable();
    }
    if of.is_of_row() {
        error = error.of_row();
    }
    let context = of.context().iter();
    context.fold(error, |error, (what, value)| {
        error.with_context(what, value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_back_as_it_was() {
        let error = Error::new(codes::SQL_TYPE, "no").with_help("yes").of_row();
        let packed = DataFusionError::Context(
            "filter".to_owned(),
            Box::new(DataFusionError::ArrowError(
                Box::new(ArrowError::ExternalError(Box::new(to_datafusion(error)))),
                None,
            )),
        );
        let back = from_datafusion(packed);
        assert_eq!((back.code(), back.help()), (codes::SQL_TYPE, Some("yes")));
        assert!(back.is_of_row());
    }

    #[test]
    fn an_error_that_others_hold_too_comes_back_as_it_was() {
        let error = Error::new(codes::SQL_TYPE, "no")
            .with_help("yes")
            .with_context("row", 7);
        let shared = Arc::new(to_datafusion(error.retryable()));
        let other = shared.clone();
        let back = from_datafusion(DataFusionError::External(Box::new(
            DataFusionError::Shared(shared),
        )));
        assert_eq!((back.code(), back.help()), (codes::SQL_TYPE, Some("yes")));
        assert!(back.is_retryable() && back.context()[0].1 == "7");
        drop(other);
    }

    #[test]
    fn an_error_of_datafusion_says_what_it_is() {
        let error = from_datafusion(DataFusionError::Execution("out of ink".to_owned()));
        assert!(error.message().contains("out of ink"));
    }
}
