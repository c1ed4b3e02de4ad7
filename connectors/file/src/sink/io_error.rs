//! What the operating system refuses, in the user's terms.

use std::io;
use std::path::Path;

use seatunnel_api::{Error, ErrorCode};
use seatunnel_file_store::Trouble;

use crate::codes;

/// An error for something that could not be done with a file or folder.
///
/// `action` completes "can't …": `write`, `create`, `move … to`.
pub(crate) fn io_error(action: &str, path: &Path, error: io::Error) -> Error {
    if let Some(trouble) = Trouble::of(&error) {
        let code = match error.kind() {
            io::ErrorKind::PermissionDenied => codes::NO_PERMISSION,
            _ => codes::WRITE_FAILED,
        };
        let message = format!("can't {action} {}: {trouble}", path.display());
        let help = trouble.advice();
        let told = Error::new(code, message).with_cause(error);
        return match help {
            Some(help) => told.with_help(help),
            None => told,
        };
    }
    let (code, why, help) = explain(&error);
    let message = match why {
        Some(why) => format!("can't {action} {}: {why}", path.display()),
        None => format!("can't {action} {}", path.display()),
    };
    let wrapped = Error::new(code, message).with_cause(error);
    match help {
        Some(help) => wrapped.with_help(help),
        None => wrapped,
    }
}

type Explanation = (ErrorCode, Option<&'static str>, Option<&'static str>);

fn explain(error: &io::Error) -> Explanation {
    match error.kind() {
        io::ErrorKind::StorageFull => (
            codes::DISK_FULL,
            Some("the disk is full"),
            Some("free some space, or choose another `path` and `tmp_path`"),
        ),
        io::ErrorKind::QuotaExceeded => (
            codes::DISK_FULL,
            Some("the disk quota is used up"),
            Some("free some space, or choose another `path` and `tmp_path`"),
        ),
        io::ErrorKind::FileTooLarge => (
            codes::DISK_FULL,
            Some("the file would become larger than allowed"),
            Some(
                "raise the limit (ulimit -f), or lower `batch_size` so that more and smaller files are written",
            ),
        ),
        io::ErrorKind::PermissionDenied => (
            codes::NO_PERMISSION,
            Some("permission denied"),
            Some("the user that runs the job must be allowed to write there"),
        ),
        io::ErrorKind::ReadOnlyFilesystem => (
            codes::NO_PERMISSION,
            Some("the file system is read-only"),
            None,
        ),
        io::ErrorKind::InvalidFilename => (
            codes::WRITE_FAILED,
            Some("the name is not allowed or too long"),
            Some("shorten `file_name_expression`, or part by columns with shorter values"),
        ),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => (
            codes::WRITE_FAILED,
            Some("a file stands where a folder is needed"),
            Some("`path` and `tmp_path` are folders"),
        ),
        _ => (codes::WRITE_FAILED, None, None),
    }
}
