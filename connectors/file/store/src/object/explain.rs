//! What an object store refuses, in the user's terms.

use std::error::Error as _;
use std::io;

use object_store::Error;

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
];

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
    match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound.into(),
        Error::Unauthenticated { .. } | Error::PermissionDenied { .. } => {
            let trouble = match says(WRONG_KEYS) {
                true => Trouble::new(format!("{name} does not accept the credentials"))
                    .help("check key and secret, and that they belong to this endpoint"),
                false => Trouble::new(format!("{name} denies access"))
                    .help("the credentials must allow to list and read there; a sink also to write and delete"),
            };
            trouble.cause(error).io(io::ErrorKind::PermissionDenied)
        }
        _ if said.contains("error sending request") || said.contains("onnection refused") => {
            Trouble::new(format!("{name} can't be reached"))
                .help("check the endpoint, and that it can be reached from here")
                .cause(error)
                .io(io::ErrorKind::ConnectionRefused)
        }
        _ => Trouble::new(format!("{name} does not do what it is asked to"))
            .cause(error)
            .io(io::ErrorKind::Other),
    }
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
