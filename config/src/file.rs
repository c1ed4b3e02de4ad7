//! Reading a job file's text.

use std::path::Path;

use seatunnel_api::Error;

use crate::codes;

/// The largest job file that is read, in bytes: positions are 32 bits wide, and no job needs more.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The text of a file.
///
/// # Errors
/// If there is no such file, it is a folder, can't be read, is too large, or is not UTF-8; the
/// message names the path.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    let shown = path.display();
    let metadata = std::fs::metadata(path).map_err(|e| unreadable(path, e))?;
    if metadata.is_dir() {
        return Err(Error::new(
            codes::UNREADABLE,
            format!("`{shown}` is a directory, not a job file"),
        ));
    }
    if metadata.len() > MAX_BYTES {
        return Err(Error::new(
            codes::TOO_LARGE,
            format!(
                "the job file `{shown}` is larger than {} MiB",
                MAX_BYTES / (1024 * 1024)
            ),
        ));
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(path, e))?;
    String::from_utf8(bytes).map_err(|e| {
        let valid = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|b| **b == b'\n').count() + 1;
        Error::new(
            codes::UNREADABLE,
            format!("the job file `{shown}` is not UTF-8 text (line {line})"),
        )
        .with_help("save it with the encoding UTF-8")
    })
}

fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    let shown = path.display();
    let message = match cause.kind() {
        std::io::ErrorKind::NotFound => format!("there is no job file `{shown}`"),
        std::io::ErrorKind::PermissionDenied => {
            format!("the job file `{shown}` cannot be read: permission denied")
        }
        _ => format!("the job file `{shown}` cannot be read"),
    };
    Error::new(codes::UNREADABLE, message).with_cause(cause)
}
