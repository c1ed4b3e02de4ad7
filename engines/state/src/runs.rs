//! The runs of jobs on this machine: which there are, who works on them, and how they ended.
//!
//! ```text
//! <state folder>/jobs/<key of the job>/lock             held while a process works on the job
//!                                     /run.json         the newest run
//!                                     /control.sock     the process that works on it, listening
//!                                     /<run>/N.checkpoint
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use seatunnel_api::{Error, Result, codes as api_codes};
use sha2::{Digest, Sha256};

use crate::keeper::{is_url, refuse};
pub use crate::record::{RECORD_VERSION, RunRecord, RunStatus, now_millis};
use crate::{FolderStorage, codes, folder, record};

/// Names another state folder than the one in the user's home.
pub const STATE_VARIABLE: &str = "SEATUNNEL_STATE";

/// What makes two commands the same job.
#[derive(Clone, Debug)]
pub struct JobIdentity {
    /// The job file, as a full path.
    pub file: PathBuf,
    /// The job's name, if the command line gives one.
    pub name: Option<String>,
    /// `KEY=VALUE` of the variables. Only a hash of them is ever written.
    pub variables: Vec<String>,
}

impl JobIdentity {
    /// The name of the job's folder.
    fn key(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |text: &[u8]| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        part(self.file.as_os_str().as_encoded_bytes());
        part(self.name.as_deref().unwrap_or("\0").as_bytes());
        let mut variables: Vec<&String> = self.variables.iter().collect();
        variables.sort();
        for variable in variables {
            part(variable.as_bytes());
        }
        let digest = hash.finalize();
        digest.iter().take(12).map(|b| format!("{b:02x}")).collect()
    }
}

/// The folder that all jobs of a user share.
#[derive(Clone, Debug)]
pub struct StateFolder {
    root: PathBuf,
}

impl StateFolder {
    /// `given` by the job file, else by [`STATE_VARIABLE`], else `.seatunnel` in the user's home. What
    /// is given may be the URL of an object store; then it is no folder.
    ///
    /// # Errors
    /// If there is none of these, or if what is given can't be used.
    pub fn find(given: Option<&str>) -> Result<Self> {
        let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty());
        let here = match given.and_then(|given| given.strip_prefix("file://")) {
            // Without a host.
            Some(path) if path.starts_with('/') => Some(path),
            Some(_) => return Err(refuse(given.unwrap_or_default())),
            None => given.filter(|given| !is_url(given)),
        };
        if !cfg!(feature = "object-store")
            && let (Some(given), None) = (given, here)
        {
            return Err(refuse(given));
        }
        let root = match here {
            Some(given) => PathBuf::from(given),
            None => match (variable(STATE_VARIABLE), variable("HOME")) {
                (Some(folder), _) => PathBuf::from(folder),
                (None, Some(home)) => Path::new(&home).join(".seatunnel"),
                (None, None) => {
                    return Err(Error::new(
                        codes::NOT_WRITTEN,
                        "there is no home folder to keep the state of jobs in",
                    )
                    .with_help(
                        "name a folder with state.dir in env, or in the variable SEATUNNEL_STATE",
                    ));
                }
            },
        };
        let root = std::path::absolute(&root).unwrap_or(root);
        Ok(Self { root })
    }

    /// The folder of a job. Nothing is made yet.
    pub fn job(&self, identity: &JobIdentity) -> JobFolder {
        JobFolder {
            path: self.root.join("jobs").join(identity.key()),
        }
    }

    /// The folder of the job with this [key](JobFolder::key).
    #[cfg(feature = "object-store")]
    pub(crate) fn job_of_key(&self, key: &str) -> JobFolder {
        JobFolder {
            path: self.root.join("jobs").join(key),
        }
    }

    /// All jobs that something is known of, with their newest runs, oldest first.
    ///
    /// # Errors
    /// If the folder can't be read. A job whose record can't be read is left out with a warning.
    pub fn jobs(&self) -> Result<Vec<(JobFolder, RunRecord)>> {
        let folder = self.root.join("jobs");
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|e| not_read(&folder, e))?,
        };
        let mut jobs = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| not_read(&folder, e))?.path();
            let job = JobFolder { path };
            match job.record() {
                Ok(Some(record)) => jobs.push((job, record)),
                Ok(None) => {}
                // One that is damaged hides none of the others.
                Err(error) => tracing::warn!("a job is left out: {error}"),
            }
        }
        jobs.sort_by_key(|(_, record)| record.started);
        Ok(jobs)
    }

    /// The job whose newest run has this number.
    ///
    /// # Errors
    /// If there is none; it lists those that are known.
    pub fn run(&self, id: &str) -> Result<(JobFolder, RunRecord)> {
        let jobs = self.jobs()?;
        let known: Vec<&str> = jobs.iter().map(|(_, record)| record.id.as_str()).collect();
        let known = match known.is_empty() {
            true => "none is known".to_owned(),
            false => format!("known are {}", known.join(", ")),
        };
        let found = jobs.iter().find(|(_, record)| record.id == id).cloned();
        found.ok_or_else(|| {
            Error::new(codes::UNKNOWN_RUN, format!("there is no run {id}: {known}"))
                .with_context("state folder", self.root.display())
                .with_help("`seatunnel --list` shows what there is")
        })
    }
}

/// The folder of one job.
#[derive(Clone, Debug)]
pub struct JobFolder {
    path: PathBuf,
}

/// Held while a process works on a job. The system gives it free however the process ends.
#[derive(Debug)]
pub struct JobLock {
    _file: File,
}

impl JobFolder {
    /// Where the process that works on the job listens.
    pub fn socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder's name, which is the same for the same job wherever it runs.
    #[cfg(feature = "object-store")]
    pub(crate) fn key(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Makes the folder and takes the lock.
    ///
    /// # Errors
    /// [`codes::RUNNING`] if another process works on the job; [`codes::NOT_WRITTEN`] if the folder
    /// can't be made.
    pub fn lock(&self) -> Result<JobLock> {
        let path = self.path.join("lock");
        loop {
            fs::create_dir_all(&self.path).map_err(|e| not_written(&self.path, e))?;
            let opened = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path);
            let file = match opened {
                // Whoever was at its end has just removed the folder.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(|e| not_written(&path, e))?,
            };
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => return Ok(JobLock { _file: file }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(self.taken()),
                Err(TryLockError::Error(error)) => return Err(not_written(&path, error)),
            }
        }
    }

    /// Whether a process works on the job.
    pub fn is_locked(&self) -> bool {
        let Ok(file) = File::options().write(true).open(self.path.join("lock")) else {
            return false;
        };
        matches!(file.try_lock(), Err(TryLockError::WouldBlock))
    }

    fn taken(&self) -> Error {
        let (who, id) = match self.record() {
            Ok(Some(run)) => (
                format!(
                    "process {} has been working on it for {} s, as run {}",
                    run.pid,
                    now_millis().saturating_sub(run.started) / 1_000,
                    run.id
                ),
                run.id,
            ),
            _ => ("another process works on it".to_owned(), "ID".to_owned()),
        };
        Error::new(codes::RUNNING, format!("this job is running already: {who}"))
            .with_context("state folder", self.path.display())
            .with_help(format!(
                "stop it with `seatunnel --cancel {id}`, or with `seatunnel --savepoint {id}` to go on later; \
                 a job of another name (`--name`) may run beside it"
            ))
    }

    /// The newest run, if there is one.
    ///
    /// # Errors
    /// If it is there and can't be read.
    pub fn record(&self) -> Result<Option<RunRecord>> {
        let path = self.path.join("run.json");
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(|e| not_read(&path, e))?,
        };
        let record = record::parse(&bytes).map_err(|error| {
            error
                .with_context("file", path.display())
                .with_help("run the job with --fresh to start over")
        })?;
        Ok(Some(record))
    }

    /// Writes down what is known of the newest run: whole or not at all.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, record: &RunRecord) -> Result<()> {
        let path = self.path.join("run.json");
        let text = serde_json::to_vec_pretty(record).map_err(|e| {
            Error::new(api_codes::INTERNAL, "a run can't be written down").with_cause(e)
        })?;
        folder::put(&path, &text).map_err(|e| not_written(&path, e))
    }

    /// Where the checkpoints of a run are kept.
    pub fn checkpoints(&self, run: &str) -> FolderStorage {
        FolderStorage::new(self.path.join(run))
    }

    /// Removes the checkpoints of a run.
    ///
    /// # Errors
    /// If they are there and can't be removed.
    pub fn remove_checkpoints(&self, run: &str) -> Result<()> {
        let path = self.path.join(run);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(not_written(&path, error)),
            _ => Ok(()),
        }
    }

    /// Forgets the job. Only for who holds its lock.
    ///
    /// # Errors
    /// If the folder can't be removed.
    pub fn remove(&self, _lock: &JobLock) -> Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(not_written(&self.path, error))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a file that is open is still the one of this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => open.ino() == named.ino() && open.dev() == named.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

fn not_written(path: &Path, error: io::Error) -> Error {
    Error::new(
        codes::NOT_WRITTEN,
        format!("the state of the job can't be kept in {}", path.display()),
    )
    .with_cause(error)
    .with_help("name a folder that can be written with state.dir in env, or in the variable SEATUNNEL_STATE")
}

fn not_read(path: &Path, error: io::Error) -> Error {
    Error::new(
        codes::NOT_READ,
        format!("the state of jobs can't be read from {}", path.display()),
    )
    .with_cause(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(variables: &[&str]) -> JobIdentity {
        JobIdentity {
            file: PathBuf::from("/jobs/a.conf"),
            name: None,
            variables: variables.iter().map(|v| (*v).to_owned()).collect(),
        }
    }

    fn run(id: &str) -> RunRecord {
        RunRecord {
            version: RECORD_VERSION,
            id: id.to_owned(),
            name: "a".to_owned(),
            file: PathBuf::from("/jobs/a.conf"),
            streaming: false,
            status: RunStatus::Running,
            pid: 7,
            started: now_millis(),
            ended: None,
            savepoint: None,
            error: None,
            discard: Vec::new(),
        }
    }

    #[test]
    fn the_same_command_is_the_same_job() {
        let key = |variables| identity(variables).key();
        assert_eq!(key(&["a=1", "b=2"]), key(&["b=2", "a=1"]));
        assert_ne!(key(&["a=1"]), key(&["a=2"]));
        assert_ne!(key(&["a=1", "b"]), key(&["a=1b"]));
        let named = JobIdentity {
            name: Some("x".to_owned()),
            ..identity(&[])
        };
        assert_ne!(named.key(), key(&[]));
    }

    #[test]
    fn one_process_at_a_time_works_on_a_job() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::find(folder.path().to_str()).unwrap();
        let job = state.job(&identity(&[]));
        assert!(!job.is_locked());
        let lock = job.lock().unwrap();
        job.write(&run("17")).unwrap();
        assert!(job.is_locked());
        let error = job.lock().unwrap_err();
        assert_eq!(error.code(), codes::RUNNING);
        assert!(error.to_string().contains("process 7"), "{error}");
        assert_eq!(state.run("17").unwrap().1.pid, 7);
        let error = state.run("18").unwrap_err().to_string();
        assert!(error.contains("known are 17"), "{error}");
        job.remove(&lock).unwrap();
        drop(lock);
        assert!(state.jobs().unwrap().is_empty());
        assert!(job.lock().is_ok());
    }

    #[test]
    fn a_folder_that_can_not_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("jobs"), "a file").unwrap();
        let state = StateFolder::find(folder.path().to_str()).unwrap();
        let error = state.job(&identity(&[])).lock().unwrap_err();
        assert_eq!(error.code(), codes::NOT_WRITTEN);
        assert!(error.to_string().contains("can't be kept in"), "{error}");
    }

    #[test]
    fn a_record_that_can_not_be_read_hides_no_other_job() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::find(folder.path().to_str()).unwrap();
        let (good, newer) = (state.job(&identity(&[])), state.job(&identity(&["a=1"])));
        let _locks = (good.lock().unwrap(), newer.lock().unwrap());
        good.write(&run("17")).unwrap();
        let mut text = serde_json::to_value(run("18")).unwrap();
        text["version"] = 99.into();
        text["status"] = "SOMETHING_NEW".into();
        fs::write(newer.path().join("run.json"), text.to_string()).unwrap();
        let error = newer.record().unwrap_err();
        assert_eq!(error.code(), api_codes::STATE_INVALID);
        assert!(error.to_string().contains("newer release"), "{error}");
        let known: Vec<_> = state.jobs().unwrap().into_iter().map(|j| j.1.id).collect();
        assert_eq!(known, ["17"]);
        fs::write(newer.path().join("run.json"), "{").unwrap();
        assert_eq!(state.jobs().unwrap().len(), 1);
    }

    #[test]
    fn a_url_that_nothing_can_be_kept_in_is_refused() {
        use crate::StatePlace;
        for given in [
            "http://me:secret@host/state",
            "ftp://x",
            "file://host/x",
            "://",
        ] {
            let error = StatePlace::find(Some(given)).map(|_| ()).unwrap_err();
            assert_eq!(error.code(), api_codes::OPTION_INVALID, "{given}");
            let error = error.to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        StatePlace::find(Some("file:///var/lib/seatunnel")).unwrap();
        let built_in = cfg!(feature = "object-store");
        assert_eq!(
            StatePlace::find(Some("s3://bucket/state")).is_ok(),
            built_in
        );
    }
}
