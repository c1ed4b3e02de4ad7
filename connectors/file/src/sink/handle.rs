//! A file that need not stay open between writes.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use seatunnel_file_store::{FileWriter, Store, Upload};

/// A file that is written from its start to its end and need not stay open in between, so that a
/// writer can have more files than the operating system, or a store, lets it have open.
pub(crate) struct FileHandle {
    path: PathBuf,
    at: At,
}

enum At {
    /// On this machine.
    Here {
        file: Option<File>,
        /// Bytes written since [`FileHandle::clone_if_written`] gave a handle.
        written: usize,
    },
    /// In a store.
    Store {
        writer: Box<dyn FileWriter>,
        uploads: Uploads,
    },
}

/// The finished uploads of a transaction, by the paths of their files.
#[derive(Clone)]
pub(crate) struct Uploads {
    store: Arc<dyn Store>,
    /// Whether a file is complete as soon as it is closed.
    in_place: bool,
    found: Arc<Mutex<Found>>,
}

#[derive(Default)]
struct Found {
    /// Nobody is going to take them.
    given_up: bool,
    uploads: HashMap<PathBuf, Upload>,
}

impl Uploads {
    /// Those of a transaction that has none yet.
    pub(crate) fn new(store: Arc<dyn Store>, in_place: bool) -> Self {
        Self {
            store,
            in_place,
            found: Arc::default(),
        }
    }

    fn add(&self, path: PathBuf, upload: Upload) -> io::Result<()> {
        if self.in_place {
            return self.store.complete(&path, &upload);
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if !found.given_up {
            found.uploads.insert(path, upload);
            return Ok(());
        }
        drop(found);
        self.store.abort(&path, &upload)
    }

    /// Takes the upload of a file out of them.
    pub(crate) fn take(&self, path: &Path) -> Option<Upload> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.uploads.remove(path)
    }

    /// Aborts them, also those that are finished later.
    ///
    /// # Errors
    /// If one could not be aborted; each is tried.
    pub(crate) fn give_up(&self) -> io::Result<()> {
        let uploads = {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.given_up = true;
            std::mem::take(&mut found.uploads)
        };
        let aborted = uploads
            .iter()
            .map(|(path, upload)| self.store.abort(path, upload));
        aborted.fold(Ok(()), io::Result::and)
    }
}

impl FileHandle {
    /// A file of this machine that was just created.
    pub(crate) fn new(file: File, path: PathBuf) -> Self {
        let file = Some(file);
        Self {
            path,
            at: At::Here { file, written: 0 },
        }
    }

    /// A file of a store that was just begun; what has to be completed goes to the uploads.
    pub(crate) fn in_store(writer: Box<dyn FileWriter>, path: PathBuf, uploads: Uploads) -> Self {
        Self {
            path,
            at: At::Store { writer, uploads },
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that it holds in memory and that [`FileHandle::pause`] gives up.
    pub(crate) fn held(&self) -> usize {
        match &self.at {
            At::Here { .. } => 0,
            At::Store { writer, .. } => writer.held(),
        }
    }

    /// Gives the operating system's handle, and what it holds in memory, back until the next write.
    ///
    /// # Errors
    /// If what it holds can't be put anywhere.
    pub(crate) fn pause(&mut self) -> io::Result<()> {
        match &mut self.at {
            At::Here { file, .. } => *file = None,
            At::Store { writer, .. } => writer.rest()?,
        }
        Ok(())
    }

    /// A second handle, if so many bytes were written since this gave one.
    pub(crate) fn clone_if_written(&mut self, bytes: usize) -> Option<(File, &Path)> {
        let At::Here { file, written } = &mut self.at else {
            return None;
        };
        if *written < bytes {
            return None;
        }
        *written = 0;
        Some((file.as_ref()?.try_clone().ok()?, &self.path))
    }

    /// Waits until all of it is on the disk, or with the store.
    ///
    /// # Errors
    /// If that can't be done.
    pub(crate) fn close(self) -> io::Result<()> {
        match self.at {
            At::Here { file, .. } => match file {
                Some(file) => file.sync_all(),
                None => append(&self.path)?.sync_all(),
            },
            At::Store { writer, uploads } => match writer.finish()? {
                Some(upload) => uploads.add(self.path, upload),
                None => Ok(()),
            },
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

impl Write for FileHandle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.at {
            At::Here { file, written } => {
                let open = match file.take() {
                    Some(open) => open,
                    None => append(&self.path)?,
                };
                let count = file.insert(open).write(bytes)?;
                *written += count;
                Ok(count)
            }
            At::Store { writer, .. } => {
                writer.write(bytes)?;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
