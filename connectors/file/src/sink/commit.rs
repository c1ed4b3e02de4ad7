//! How files get to where they belong, and how that is taken back.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use seatunnel_api::{Error, Result, State};
use serde::{Deserialize, Serialize};

use super::io_error::io_error;
use super::transaction::{remove_file, remove_transaction};
use crate::codes;

/// What a writer has closed and the coordinator moves to where it belongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileCommittable {
    /// The folder of the transaction.
    pub(crate) transaction: PathBuf,
    /// The files, in the order they were begun.
    pub(crate) moves: Vec<FileMove>,
}

/// A file, where it was written and where it belongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileMove {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
}

impl State for FileCommittable {}

/// A file that is ready to be renamed.
struct Ready<'a> {
    source: PathBuf,
    file: &'a FileMove,
}

/// Moves the files to where they belong. Doing it again changes nothing.
///
/// Files that lie on another file system than their target are first copied beside it, under hidden
/// names: a disk that fills up shows before any file is visible, and half a file is never seen.
///
/// # Errors
/// If a file can't be moved; those moved before stay, and a further call goes on.
pub(crate) fn commit(committables: &[FileCommittable]) -> Result<()> {
    let mut ready = Vec::new();
    for file in committables.iter().flat_map(|c| &c.moves) {
        match make_ready(file) {
            Ok(source) => ready.extend(source.map(|source| Ready { source, file })),
            Err(error) => {
                for Ready { source, file } in ready {
                    if source != file.from {
                        remove_file(&source)?;
                    }
                }
                return Err(error);
            }
        }
    }
    let mut folders = BTreeSet::new();
    for Ready { source, file } in &ready {
        let renamed = match fs::rename(source, &file.to) {
            // Folders of one file system that are mounted in two places.
            Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
                let part = copy_beside(file)?;
                fs::rename(part, &file.to)
            }
            renamed => renamed,
        };
        renamed.map_err(|e| io_error(&format!("move {} to", source.display()), &file.to, e))?;
        folders.extend(file.to.parent());
    }
    for folder in folders {
        sync_folder(folder)?;
    }
    committables
        .iter()
        .try_for_each(|c| remove_transaction(&c.transaction))
}

/// Deletes the files, also those that a broken-off commit has moved.
///
/// # Errors
/// If some could not be deleted; they are named.
pub(crate) fn abort(committable: &FileCommittable) -> Result<()> {
    for FileMove { from, to } in &committable.moves {
        remove_file(&part_of(to))?;
        // Names of transactions are unique: what stands there came from here.
        if !exists(from)? && exists(to)? {
            remove_file(to)?;
        }
    }
    remove_transaction(&committable.transaction)
}

/// What has to be renamed to bring a file where it belongs; none if it is there.
fn make_ready(file: &FileMove) -> Result<Option<PathBuf>> {
    let FileMove { from, to } = file;
    let found = match fs::metadata(from) {
        Ok(found) => found,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return if exists(to)? {
                Ok(None)
            } else {
                Err(vanished(file))
            };
        }
        Err(e) => return Err(io_error("look at", from, e)),
    };
    let folder = to.parent().unwrap_or(Path::new("/"));
    let target = fs::create_dir_all(folder).and_then(|()| fs::metadata(folder));
    let target = target.map_err(|e| io_error("create", folder, e))?;
    if found.dev() == target.dev() {
        return Ok(Some(from.clone()));
    }
    copy_beside(file).map(Some)
}

/// The hidden name beside a target that it is copied to.
fn part_of(to: &Path) -> PathBuf {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    to.with_file_name(format!(".{name}.part"))
}

/// Copies a file beside its target under a hidden name.
fn copy_beside(FileMove { from, to }: &FileMove) -> Result<PathBuf> {
    let part = part_of(to);
    let copied = File::open(from).and_then(|mut source| {
        let mut copy = File::create(&part)?;
        io::copy(&mut source, &mut copy)?;
        copy.sync_all()
    });
    match copied {
        Ok(()) => Ok(part),
        Err(error) => {
            remove_file(&part)?;
            let action = format!("copy {} to", from.display());
            Err(io_error(&action, to, error))
        }
    }
}

fn vanished(file: &FileMove) -> Error {
    let (from, to) = (file.from.display(), file.to.display());
    Error::new(
        codes::COMMIT_FAILED,
        format!("{from} is gone before it could be moved to {to}"),
    )
    .with_help(
        "nothing but this job may clean up `tmp_path` between a failure and the restart; a folder that survives a reboot is safer than /tmp",
    )
}

fn exists(path: &Path) -> Result<bool> {
    path.try_exists().map_err(|e| io_error("look at", path, e))
}

/// Waits until the names in a folder are on the disk.
fn sync_folder(folder: &Path) -> Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some file systems know no such thing.
        Err(e)
            if !matches!(
                e.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Err(io_error("write", folder, e))
        }
        _ => Ok(()),
    }
}
