//! What a store has to say about an error.

use std::error::Error;
use std::fmt;
use std::io;

/// What went wrong, in the user's terms; inside of an [`io::Error`].
#[derive(Debug)]
pub struct Trouble {
    message: String,
    help: Option<&'static str>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Trouble {
    /// Something with a message, which never holds a secret.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            cause: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }

    /// Adds what the store or its client said.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// An error of this kind.
    pub fn io(self, kind: io::ErrorKind) -> io::Error {
        io::Error::new(kind, self)
    }

    /// The same error once more; what led to it becomes a text.
    pub(crate) fn copy(error: &io::Error) -> io::Error {
        let Some(trouble) = Self::of(error) else {
            return io::Error::new(error.kind(), error.to_string());
        };
        let mut said = Vec::new();
        let mut cause = trouble.source();
        while let Some(error) = cause {
            said.push(error.to_string());
            cause = error.source();
        }
        let copy = Self {
            message: trouble.message.clone(),
            help: trouble.help,
            cause: (!said.is_empty()).then(|| said.join(": ").into()),
        };
        copy.io(error.kind())
    }

    /// That of an error, if it has one.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&'static str> {
        self.help
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Trouble {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as _)
    }
}
