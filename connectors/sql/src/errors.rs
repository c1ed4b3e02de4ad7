//! Errors about a place in the query, and errors on their way through DataFusion and back.

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
        DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
            Ok(inner) => ours(inner),
            Err(inner) => Err(DataFusionError::Shared(inner)),
        },
        other => Err(other),
    }
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
    fn an_error_of_datafusion_says_what_it_is() {
        let error = from_datafusion(DataFusionError::Execution("out of ink".to_owned()));
        assert!(error.message().contains("out of ink"));
    }
}
