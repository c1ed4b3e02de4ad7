//! Where files are written until they are committed.
//!
//! Layout under `tmp_path`: `seatunnel/<job>/<writer>/<transaction>/<partition>/<file>`, as SeaTunnel
//! has it. A transaction holds the files of one writer between two checkpoints.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use seatunnel_api::{CheckpointId, Error, Result};

use super::commit::{FileCommittable, FileMove};
use super::io_error::io_error;
use crate::codes;

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
    /// Where transactions are; none if files are written in place.
    staging: Option<PathBuf>,
    /// Where files belong.
    target: PathBuf,
}

impl Workspace {
    /// The workspace of one writer. Without `tmp_path` files are written in place.
    pub(crate) fn new(target: &Path, tmp_path: Option<&Path>, job: &str, subtask: usize) -> Self {
        let job = plain(job);
        // A writer that is made again after a failure must not meet the files of its forerunner.
        let mut writer = uuid::Uuid::new_v4().simple().to_string();
        writer.truncate(10);
        Self {
            prefix: format!("T_{job}_{writer}_{subtask}"),
            staging: tmp_path.map(|tmp| tmp.join("seatunnel").join(&job).join(&writer)),
            target: target.to_owned(),
        }
    }

    /// Begins the transaction that ends with this checkpoint.
    pub(crate) fn begin(&self, checkpoint: CheckpointId) -> Transaction {
        let id = format!("{}_{checkpoint}", self.prefix);
        Transaction {
            folder: self.staging.as_ref().map(|staging| staging.join(&id)),
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

/// Deletes all that a job has under `tmp_path`.
///
/// # Errors
/// If some could not be deleted.
pub(crate) fn discard_job(tmp_path: &Path, job: &str) -> Result<()> {
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
#[derive(Debug)]
pub(crate) struct Transaction {
    id: String,
    /// Where files are written; none if that is where they belong.
    folder: Option<PathBuf>,
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
    ) -> Result<(File, PathBuf)> {
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
            // A name may bring a folder with it.
            let parent = path.parent().unwrap_or(&folder);
            let created = fs::create_dir_all(parent)
                .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path));
            match created {
                Ok(file) => {
                    let to = target.join(name);
                    self.files.push(FileMove {
                        from: path.clone(),
                        to,
                    });
                    return Ok((file, path));
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_file() => taken += 1,
                Err(e) if e.kind() == io::ErrorKind::NotFound && tries < TRIES => tries += 1,
                Err(e) => return Err(io_error("create", &path, e)),
            }
        }
    }

    /// Hands its closed files over to be committed; none if there is nothing to commit.
    pub(crate) fn hand_over(mut self) -> Option<FileCommittable> {
        let moves = std::mem::take(&mut self.files);
        let transaction = self.folder.take()?;
        (!moves.is_empty()).then_some(FileCommittable { transaction, moves })
    }

    /// Deletes its files.
    ///
    /// # Errors
    /// If some could not be deleted; they are named.
    pub(crate) fn discard(&mut self) -> Result<()> {
        let files = std::mem::take(&mut self.files);
        if files.is_empty() {
            return Ok(());
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

fn left_behind(path: &Path, error: io::Error) -> Error {
    Error::new(
        codes::LEFT_BEHIND,
        format!("{} is left over and could not be deleted", path.display()),
    )
    .with_cause(error)
    .with_help("delete it by hand")
}
