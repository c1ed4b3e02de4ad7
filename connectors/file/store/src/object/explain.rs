//! What an object store refuses, in the user's terms.

use std::error::Error as _;
use std::io;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use crate::Trouble;

/// How stores say that there is no such bucket or container.
const NO_BUCKET: &[&str] = &["NoSuchBucket", "ContainerNotFound", "bucket does not exist"];
/// How stores say that they don't know the key, or that the secret is not its own.
const WRONG_KEYS: &[&str] = &[
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthenticationFailed",
    "InvalidAuthenticationInfo",
    "InvalidSecurity",
    "InvalidToken",
    "AuthenticationRequired",
    "Server failed to authenticate",
];
/// How Azure says that it knows nothing of what a file is to be made of.
const NO_BLOCKS: &str = "InvalidBlockList";

/// An error of the store called `name`.
pub(super) fn explain(name: &str, error: Error) -> io::Error {
    let said = said(&error);
    let says = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
    if says(NO_BUCKET) {
        return Trouble::new(format!("there is no {name}"))
            .help("create it first, or check the name of the bucket and the endpoint")
            .cause(error)
            .io(io::ErrorKind::NotFound);
    }
    let is_denied = matches!(
        error,
        Error::Unauthenticated { .. } | Error::PermissionDenied { .. }
    );
    match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound.into(),
        _ if said.contains(NO_BLOCKS) => io::ErrorKind::NotFound.into(),
        // Of some requests, only the text has the status.
        _ if is_denied || says(&["status code: 401", "status code: 403"]) => {
            let trouble = match says(WRONG_KEYS) {
                true => Trouble::new(format!("{name} does not accept the credentials"))
                    .help("check key and secret, and that they belong to this endpoint"),
                false => Trouble::new(format!("{name} denies access"))
                    .help("the credentials must allow to list and read there; a sink also to write and delete"),
            };
            trouble.cause(error).io(io::ErrorKind::PermissionDenied)
        }
        _ if is_broken_off(&error) => not_reached(name, error),
        _ if said.contains("status code: 5") => {
            Trouble::new(format!("{name} can't do its work at the moment"))
                .cause(error)
                .io(io::ErrorKind::TimedOut)
        }
        _ => Trouble::new(format!("{name} does not do what it is asked to"))
            .cause(error)
            .io(io::ErrorKind::Other),
    }
}

/// A store that gives no answer.
pub(super) fn not_reached(
    name: &str,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> io::Error {
    Trouble::new(format!("{name} can't be reached"))
        .help("check the endpoint, and that it can be reached from here")
        .cause(cause)
        .io(io::ErrorKind::ConnectionRefused)
}

/// Whether a request did not come through, or its answer.
fn is_broken_off(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<HttpError>() {
            // What is of no known kind was not answered either: a connection that closes while a request waits for it.
            return matches!(
                error.kind(),
                HttpErrorKind::Connect
                    | HttpErrorKind::Interrupted
                    | HttpErrorKind::Request
                    | HttpErrorKind::Timeout
                    | HttpErrorKind::Unknown
            );
        }
        cause = error.source();
    }
    false
}

/// The texts of an error and of those that caused it.
fn said(error: &Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        said.push('\n');
        said.push_str(&cause.to_string());
        source = cause.source();
    }
    said
}
