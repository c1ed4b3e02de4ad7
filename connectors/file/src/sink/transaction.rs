//! Where files are written until they are committed.
//!
//! Layout under `tmp_path`: `seatunnel/<job>/<writer>/<transaction>/<partition>/<file>`, as SeaTunnel
//! has it. A transaction holds the files of one writer between two checkpoints. Object stores need no
//! `tmp_path`: what is uploaded is no file until it is committed.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use seatunnel_api::{CheckpointId, Error, Result};
use seatunnel_file_store::{FileWriter, Publishing, Store};

use super::commit::{FileCommittable, FileMove};
use super::handle::{FileHandle, Uploads};
use super::io_error::io_error;
use super::target::Target;
use crate::codes;
use crate::place::Place;

/// The folder of rows that are not partitioned.
const NO_PARTITION: &str = "NON_PARTITION";
/// How many folders above a transaction's belong to this program: writer, job, `seatunnel`.
const OWN_FOLDERS: usize = 3;
/// Another task may clean up an empty folder while this one is about to use it.
const TRIES: usize = 8;

/// Where a writer puts its files.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    /// `T_<job>_<writer>_<subtask>`
    prefix: String,
    place: Place,
    /// Where transactions are; none if files are written where they belong.
    staging: Option<PathBuf>,
    /// Whether files are complete only when they are committed.
    transactional: bool,
    /// Where files belong.
    target: PathBuf,
}

impl Workspace {
    /// The workspace of one writer.
    pub(crate) fn new(target: &Target, job: &str, subtask: usize) -> Self {
        let job = plain(job);
        // A writer that is made again after a failure must not meet the files of its forerunner.
        let mut writer = uuid::Uuid::new_v4().simple().to_string();
        writer.truncate(10);
        let transactional = target.options.is_enable_transaction;
        let uploads = target.root.place.uploads();
        let staging = (transactional && !uploads)
            .then(|| target.tmp_path.join("seatunnel").join(&job).join(&writer));
        Self {
            prefix: format!("{}{writer}_{subtask}", prefix(&job)),
            place: target.root.place.clone(),
            staging,
            transactional,
            target: target.path.clone(),
        }
    }

    /// Begins the transaction that ends with this checkpoint.
    pub(crate) fn begin(&self, checkpoint: CheckpointId) -> Transaction {
        let id = format!("{}_{checkpoint}", self.prefix);
        Transaction {
            folder: self.staging.as_ref().map(|staging| staging.join(&id)),
            uploads: match &self.place {
                Place::Here => None,
                Place::Store(store) => Some(Uploads::new(store.clone(), !self.transactional)),
            },
            place: self.place.clone(),
            transactional: self.transactional,
            target: self.target.clone(),
            id,
            files: Vec::new(),
        }
    }
}

/// A job's name as that of a folder.
fn plain(job: &str) -> String {
    let plain = |c: char| c != '/' && c != '\\' && !c.is_control();
    job.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

/// What the names of a job's transactions start with.
fn prefix(job: &str) -> String {
    format!("T_{job}_")
}

/// Deletes what a job has written and not committed.
///
/// # Errors
/// If some could not be deleted.
pub(crate) fn discard_job(target: &Target, job: &str) -> Result<()> {
    match &target.root.place {
        Place::Here => discard_here(&target.tmp_path, job),
        Place::Store(store) => discard_in_store(store.as_ref(), target, &plain(job)),
    }
}

fn discard_in_store(store: &dyn Store, target: &Target, job: &str) -> Result<()> {
    if store.publishing() == Publishing::Upload {
        return match store.abort_unfinished(&target.path, &prefix(job)) {
            Ok(0) => Ok(()),
            Ok(aborted) => {
                tracing::info!(
                    "{aborted} uploads of a process that was killed are given up, below {} in {}",
                    target.path.display(),
                    store.name()
                );
                Ok(())
            }
            // Nothing was ever written there.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(left_behind(&target.path, e)),
        };
    }
    let all = target.tmp_path.join("seatunnel");
    let folder = all.join(job);
    let removed = store.remove_folder(&folder);
    if removed.map_err(|e| left_behind(&folder, e))? {
        tracing::info!(
            "files of a process that was killed are removed: {} in {}",
            folder.display(),
            store.name()
        );
        // It stays if another job has files there.
        store.remove_empty_folder(&all);
    }
    Ok(())
}

fn discard_here(tmp_path: &Path, job: &str) -> Result<()> {
    let all = tmp_path.join("seatunnel");
    let folder = all.join(plain(job));
    match fs::remove_dir_all(&folder) {
        Ok(()) => {
            tracing::info!(
                "files of a process that was killed are removed: {}",
                folder.display()
            );
            // It stays if another job has files there.
            let _ = fs::remove_dir(&all);
            Ok(())
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(left_behind(&folder, e)),
    }
}

/// The files of a writer between two checkpoints. What is not handed over is deleted when it is dropped.
pub(crate) struct Transaction {
    id: String,
    place: Place,
    transactional: bool,
    /// Where files are written; none if that is where they belong.
    folder: Option<PathBuf>,
    /// In a store, what its closed files have to be completed by.
    uploads: Option<Uploads>,
    target: PathBuf,
    files: Vec<FileMove>,
}

impl Transaction {
    /// Creates a file of a partition. `name` gives its name, and others when that one is taken.
    ///
    /// # Errors
    /// If it can't be created.
    pub(crate) fn create(
        &mut self,
        partition: &str,
        name: impl Fn(&str, u32) -> String,
    ) -> Result<FileHandle> {
        let target = self.target.join(partition);
        let folder = match &self.folder {
            None => target.clone(),
            Some(folder) if partition.is_empty() => folder.join(NO_PARTITION),
            Some(folder) => folder.join(partition),
        };
        let (mut taken, mut tries) = (0, 0);
        loop {
            let name = name(&self.id, taken);
            let path = folder.join(&name);
            if let (Place::Store(store), Some(uploads)) = (&self.place, &self.uploads) {
                match begin(store.as_ref(), &path, &self.files, self.transactional) {
                    Ok(writer) => {
                        let file = FileHandle::in_store(writer, path.clone(), uploads.clone());
                        self.files.push(FileMove::new(path, target.join(name)));
                        return Ok(file);
                    }
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => taken += 1,
                    Err(e) => return Err(io_error("create", &path, e)),
                }
                continue;
            }
            // A name may bring a folder with it.
            let parent = path.parent().unwrap_or(&folder);
            let created = fs::create_dir_all(parent)
                .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path));
            match created {
                Ok(file) => {
                    let to = target.join(name);
                    self.files.push(FileMove::new(path.clone(), to));
                    return Ok(FileHandle::new(file, path));
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_file() => taken += 1,
                Err(e) if e.kind() == io::ErrorKind::NotFound && tries < TRIES => tries += 1,
                Err(e) => return Err(io_error("create", &path, e)),
            }
        }
    }

    /// Hands its closed files over to be committed; none if there is nothing to commit.
    pub(crate) fn hand_over(mut self) -> Option<FileCommittable> {
        let mut moves = std::mem::take(&mut self.files);
        if !self.transactional || moves.is_empty() {
            return None;
        }
        if let Some(uploads) = &self.uploads {
            for file in &mut moves {
                file.upload = uploads.take(&file.from);
            }
        }
        let transaction = self.folder.take().unwrap_or_default();
        Some(FileCommittable { transaction, moves })
    }

    /// Deletes its files.
    ///
    /// # Errors
    /// If some could not be deleted; they are named.
    pub(crate) fn discard(&mut self) -> Result<()> {
        let files = std::mem::take(&mut self.files);
        if let Some(uploads) = &self.uploads {
            let given_up = uploads.give_up();
            given_up.map_err(|e| left_behind(&self.target, e))?;
        }
        if files.is_empty() {
            return Ok(());
        }
        if let Place::Store(store) = &self.place {
            return match self.folder.take() {
                Some(folder) => remove_transaction_in(store.as_ref(), &folder),
                None if self.transactional => Ok(()),
                None => files.iter().try_for_each(|file| {
                    let removed = store.remove_file(&file.to);
                    removed.map_err(|e| left_behind(&file.to, e))
                }),
            };
        }
        match self.folder.take() {
            Some(folder) => remove_transaction(&folder),
            None => files.iter().try_for_each(|file| remove_file(&file.to)),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Err(error) = self.discard() {
            tracing::warn!("{}", error.report());
        }
    }
}

/// Begins a file of a store, if the name is free.
fn begin(
    store: &dyn Store,
    path: &Path,
    files: &[FileMove],
    transactional: bool,
) -> io::Result<Box<dyn FileWriter>> {
    if files.iter().any(|file| file.from == path) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    // Names of transactions are unique, others may be those of files that are there.
    if !transactional && store.publishing() == Publishing::Upload {
        match store.find(path) {
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    store.create(path)
}

/// Deletes a transaction's folder in a store, and those above it that are empty then.
pub(crate) fn remove_transaction_in(store: &dyn Store, folder: &Path) -> Result<()> {
    let removed = store.remove_folder(folder);
    removed.map_err(|e| left_behind(folder, e))?;
    let mut above = folder.ancestors().skip(1).take(OWN_FOLDERS);
    above.all(|folder| store.remove_empty_folder(folder));
    Ok(())
}

/// Deletes a transaction's folder, and those above it that are empty then.
pub(crate) fn remove_transaction(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(left_behind(folder, e)),
    }
    for above in folder.ancestors().skip(1).take(OWN_FOLDERS) {
        if fs::remove_dir(above).is_err() {
            break;
        }
    }
    Ok(())
}

pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(left_behind(path, e)),
        _ => Ok(()),
    }
}

pub(crate) fn left_behind(path: &Path, error: io::Error) -> Error {
    Error::new(
        codes::LEFT_BEHIND,
        format!("{} is left over and could not be deleted", path.display()),
    )
    .with_cause(error)
    .with_help("delete it by hand")
}
