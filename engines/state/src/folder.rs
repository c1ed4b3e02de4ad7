//! Checkpoints in a local folder.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use seatunnel_api::{CheckpointId, Error, Result, codes as api_codes};

use crate::codes;
use crate::frame;
use crate::storage::{CheckpointKind, CheckpointStorage, StoredCheckpoint};

/// Keeps each checkpoint as one file of a folder, which is made when it is needed.
///
/// A file is written beside its place, brought to the disk, renamed, and the folder is brought to
/// the disk: it is there whole or not at all.
#[derive(Clone, Debug)]
pub struct FolderStorage {
    folder: PathBuf,
}

const EXTENSION: &str = "checkpoint";

impl FolderStorage {
    /// Checkpoints in this folder. Nothing is read or made yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, id: CheckpointId) -> PathBuf {
        self.folder.join(format!("{id}.{EXTENSION}"))
    }
}

#[async_trait]
impl CheckpointStorage for FolderStorage {
    async fn store(&self, id: CheckpointId, kind: CheckpointKind, bytes: &[u8]) -> Result<()> {
        let path = self.path(id);
        let frame = frame::write(id, kind, bytes);
        on_thread(move || put(&path, &frame).map_err(|e| not_written(&path, e))).await
    }

    async fn list(&self) -> Result<Vec<CheckpointId>> {
        let folder = self.folder.clone();
        on_thread(move || numbers(&folder).map_err(|e| not_read(&folder, e))).await
    }

    async fn load(&self, id: CheckpointId) -> Result<StoredCheckpoint> {
        let path = self.path(id);
        on_thread(move || match fs::read(&path) {
            Ok(bytes) => {
                frame::read(id, &bytes).map_err(|e| e.with_context("file", path.display()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::new(
                api_codes::STATE_INVALID,
                format!("there is no checkpoint {id}"),
            )
            .with_context("file", path.display())),
            Err(error) => Err(not_read(&path, error)),
        })
        .await
    }

    async fn remove(&self, id: CheckpointId) -> Result<()> {
        let path = self.path(id);
        on_thread(move || match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(not_written(&path, error)),
            _ => Ok(()),
        })
        .await
    }
}

/// Work that blocks, on a thread where it may.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(Error::new(
            api_codes::INTERNAL,
            "work on a checkpoint was not done",
        )),
    }
}

/// Puts bytes into a file, whole or not at all, and on the disk.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = path.with_extension("part");
    let written = write_through(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is half written takes room that may be what is missing.
        let _ = fs::remove_file(&beside);
        return written;
    }
    File::open(folder)?.sync_all()
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Numbers of the checkpoints in a folder, from the smallest up.
fn numbers(folder: &Path) -> io::Result<Vec<CheckpointId>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let path = PathBuf::from(entry?.file_name());
        let is_one = path.extension().is_some_and(|e| e == EXTENSION);
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let (true, Some(Ok(id))) = (is_one, stem.map(str::parse)) {
            numbers.push(id);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn not_written(path: &Path, error: io::Error) -> Error {
    Error::new(
        codes::NOT_WRITTEN,
        format!("{} can't be written: {error}", path.display()),
    )
    .with_cause(error)
}

fn not_read(path: &Path, error: io::Error) -> Error {
    Error::new(
        codes::NOT_READ,
        format!("{} can't be read: {error}", path.display()),
    )
    .with_cause(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn checkpoints_are_kept_replaced_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let storage = FolderStorage::new(folder.path().join("a/b"));
        assert!(storage.list().await.unwrap().is_empty());
        for (id, kind) in [
            (10, CheckpointKind::Checkpoint),
            (9, CheckpointKind::Savepoint),
            (10, CheckpointKind::Final),
        ] {
            storage
                .store(id, kind, format!("{kind:?}").as_bytes())
                .await
                .unwrap();
        }
        assert_eq!(storage.list().await.unwrap(), [9, 10]);
        let last = storage.load(10).await.unwrap();
        assert_eq!(
            (last.kind, &last.bytes[..]),
            (CheckpointKind::Final, &b"Final"[..])
        );
        storage.remove(9).await.unwrap();
        storage.remove(9).await.unwrap();
        assert_eq!(storage.list().await.unwrap(), [10]);
        assert_eq!(
            storage.load(9).await.unwrap_err().code(),
            api_codes::STATE_INVALID
        );
    }

    #[tokio::test]
    async fn a_file_that_is_cut_off_or_foreign_is_listed_and_refused() {
        let folder = tempfile::tempdir().unwrap();
        let storage = FolderStorage::new(folder.path());
        storage
            .store(3, CheckpointKind::Checkpoint, b"content")
            .await
            .unwrap();
        let path = storage.path(3);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        fs::write(storage.path(4), "something else").unwrap();
        fs::write(folder.path().join("notes.txt"), "not ours").unwrap();
        assert_eq!(storage.list().await.unwrap(), [3, 4]);
        for id in [3, 4] {
            let error = storage.load(id).await.unwrap_err();
            assert_eq!(error.code(), api_codes::STATE_INVALID);
            assert!(
                error.to_string().contains(&format!("{id}.checkpoint")),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn what_cant_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let storage = FolderStorage::new(folder.path());
        // A folder that is not empty is where the file should be: it can't be renamed into place.
        fs::create_dir_all(storage.path(5).join("in the way")).unwrap();
        let error = storage
            .store(5, CheckpointKind::Checkpoint, b"content")
            .await;
        assert_eq!(error.unwrap_err().code(), codes::NOT_WRITTEN);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
