//! How files get to where they belong, and how that is taken back.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_api::{Error, Result, State};
use seatunnel_file_store::{Publishing, Store, Upload, blocking};
use serde::{Deserialize, Serialize};

use super::io_error::io_error;
use super::transaction::{left_behind, remove_file, remove_transaction, remove_transaction_in};
use crate::codes;
use crate::place::Place;

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
    /// In an object store, what has to be completed. Nothing has to be moved then.
    #[serde(default)]
    pub(crate) upload: Option<Upload>,
}

impl FileMove {
    pub(crate) fn new(from: PathBuf, to: PathBuf) -> Self {
        Self {
            from,
            to,
            upload: None,
        }
    }
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
pub(crate) fn commit(place: &Place, committables: &[FileCommittable]) -> Result<()> {
    match place {
        Place::Here => commit_here(committables),
        Place::Store(store) => commit_in(store.as_ref(), committables),
    }
}

fn commit_here(committables: &[FileCommittable]) -> Result<()> {
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
pub(crate) fn abort(place: &Place, committable: &FileCommittable) -> Result<()> {
    if let Place::Store(store) = place {
        return abort_in(store.as_ref(), committable);
    }
    for FileMove { from, to, .. } in &committable.moves {
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
    let FileMove { from, to, .. } = file;
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
fn copy_beside(FileMove { from, to, .. }: &FileMove) -> Result<PathBuf> {
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

/// Files of a store that are committed or aborted at once. Each takes an answer or two of the store.
const AT_ONCE: usize = 8;

/// Does something with each of the files, several at a time; the first error is the one to tell of.
fn each(files: Vec<&FileMove>, work: impl Fn(&FileMove) -> Result<()> + Sync) -> Result<()> {
    let (next, work) = (AtomicUsize::new(0), &work);
    let threads = files.len().min(AT_ONCE);
    let take = || {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(file)?;
        }
        Ok(())
    };
    if threads <= 1 {
        return take();
    }
    blocking(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(take)).collect();
            let results = threads.into_iter().map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            results.fold(Ok(()), Result::and)
        })
    })
}

fn commit_in(store: &dyn Store, committables: &[FileCommittable]) -> Result<()> {
    let files = committables.iter().flat_map(|c| &c.moves).collect();
    each(files, |file| publish(store, file))?;
    match store.publishing() {
        Publishing::Upload => Ok(()),
        Publishing::Rename => committables
            .iter()
            .try_for_each(|c| remove_transaction_in(store, &c.transaction)),
    }
}

/// Makes a file of a store visible, if it is not.
fn publish(store: &dyn Store, file: &FileMove) -> Result<()> {
    let published = match &file.upload {
        Some(upload) => store.complete(&file.to, upload),
        None => store.rename(&file.from, &file.to),
    };
    match (published, &file.upload) {
        (Err(e), None) if e.kind() == io::ErrorKind::NotFound => match store.find(&file.to) {
            Ok(_) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(vanished(file)),
            Err(e) => Err(io_error("look at", &file.to, e)),
        },
        (Err(e), Some(_)) if e.kind() == io::ErrorKind::NotFound => Err(Error::new(
            codes::COMMIT_FAILED,
            format!("the upload of {} is gone before it could be completed", file.to.display()),
        )
        .with_help(
            "nothing but this job may abort its uploads between a failure and the restart: look for a lifecycle rule of the bucket that is quicker than that",
        )),
        (Err(e), _) => Err(io_error("complete", &file.to, e)),
        (Ok(()), _) => Ok(()),
    }
}

fn abort_in(store: &dyn Store, committable: &FileCommittable) -> Result<()> {
    each(committable.moves.iter().collect(), |file| {
        let aborted = match &file.upload {
            Some(upload) => store.abort(&file.to, upload),
            // Names of transactions are unique: what stands there came from here.
            None => match store.find(&file.from) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => store.remove_file(&file.to),
                found => found.map(|_| ()),
            },
        };
        aborted.map_err(|e| left_behind(&file.to, e))
    })?;
    match store.publishing() {
        Publishing::Upload => Ok(()),
        Publishing::Rename => remove_transaction_in(store, &committable.transaction),
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
