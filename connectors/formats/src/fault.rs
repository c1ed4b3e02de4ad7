//! What is wrong with one message.

use seatunnel_api::{Error, ErrorCode};

use crate::codes;

/// Why a message can't be read, and where in it.
///
/// Made where the fault is found, without a table and without a format at hand; becomes an [`Error`] in the end.
pub(crate) struct Fault(Box<Details>);

struct Details {
    what: String,
    /// From the innermost name outwards.
    path: Vec<String>,
}

/// Result of a step of decoding.
pub(crate) type Step<T = ()> = Result<T, Fault>;

impl Fault {
    /// A fault, told in a sentence that goes on after "the message is not readable:".
    #[cold]
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(Box::new(Details {
            what: what.into(),
            path: Vec::new(),
        }))
    }

    /// The message ends before its values do.
    #[cold]
    pub(crate) fn short() -> Self {
        Self::new("it ends in the middle of a value")
    }

    /// A value that a column can't hold.
    #[cold]
    pub(crate) fn range(value: impl std::fmt::Display) -> Self {
        Self::new(format!("{value} is out of the range of the column's type"))
    }

    /// Names the field that it is in.
    #[cold]
    pub(crate) fn within(mut self, name: &str) -> Self {
        self.0.path.push(name.to_owned());
        self
    }

    /// As an error of one row.
    #[cold]
    pub(crate) fn into_error(self, format: &str) -> Error {
        let lead = format!("the message is not readable as {format}");
        self.told(codes::UNREADABLE, &lead)
    }

    /// As an error of one row that can't be written.
    #[cold]
    pub(crate) fn into_write_error(self, format: &str) -> Error {
        self.told(
            codes::UNWRITABLE,
            &format!("the row can't be written as {format}"),
        )
    }

    fn told(self, code: ErrorCode, lead: &str) -> Error {
        let Details { what, mut path } = *self.0;
        path.reverse();
        let error = Error::new(code, format!("{lead}: {what}")).of_row();
        match path.is_empty() {
            true => error,
            false => error.with_context("field", path.join(".")),
        }
    }
}
