//! Where a job's state lies: here, or here and in an object store.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::{Error, Result, codes as api_codes};

use crate::runs::{JobFolder, JobLock, RunRecord, StateFolder};
use crate::storage::CheckpointStorage;

/// What is known of one job, and its checkpoints. Whoever has it is the only one that works on the
/// job.
#[async_trait]
pub trait JobKeeper: Send + Sync {
    /// The newest run, if there is one.
    ///
    /// # Errors
    /// If it is there and can't be read.
    async fn record(&self) -> Result<Option<RunRecord>>;

    /// Writes down what is known of the newest run: whole or not at all.
    ///
    /// # Errors
    /// If it can't be written, or if the job is somebody else's by now.
    async fn write(&self, record: &RunRecord) -> Result<()>;

    /// Where the checkpoints of a run are kept.
    fn checkpoints(&self, run: &str) -> Arc<dyn CheckpointStorage>;

    /// Removes the checkpoints of a run.
    ///
    /// # Errors
    /// If they are there and can't be removed.
    async fn remove_checkpoints(&self, run: &str) -> Result<()>;

    /// Forgets the job.
    ///
    /// # Errors
    /// If something of it can't be removed.
    async fn remove(&self) -> Result<()>;

    /// Lets others work on the job. What is not released is free when the process has ended; of an
    /// object store, some time later.
    async fn release(&self);
}

/// Keeps a job in its folder.
pub(crate) struct FolderKeeper {
    pub(crate) folder: JobFolder,
    pub(crate) lock: JobLock,
}

#[async_trait]
impl JobKeeper for FolderKeeper {
    async fn record(&self) -> Result<Option<RunRecord>> {
        self.folder.record()
    }

    async fn write(&self, record: &RunRecord) -> Result<()> {
        self.folder.write(record)
    }

    fn checkpoints(&self, run: &str) -> Arc<dyn CheckpointStorage> {
        Arc::new(self.folder.checkpoints(run))
    }

    async fn remove_checkpoints(&self, run: &str) -> Result<()> {
        self.folder.remove_checkpoints(run)
    }

    async fn remove(&self) -> Result<()> {
        self.folder.remove(&self.lock)
    }

    async fn release(&self) {}
}

/// Where the state of jobs lies.
///
/// Even with an object store there is a folder: it has the lock and the socket of the processes of
/// this machine, and what they know of their runs.
pub struct StatePlace {
    folder: StateFolder,
    #[cfg(feature = "object-store")]
    store: Option<crate::object::StateStore>,
}

impl StatePlace {
    /// The place that a job file names: a folder or a URL; a folder of the user's if none is given.
    ///
    /// Nothing is reached yet. Credentials of an object store come from the environment, under the
    /// names that the store's own tools have.
    ///
    /// # Errors
    /// If there is no folder, or if the URL is not one of an object store.
    pub fn find(given: Option<&str>) -> Result<Self> {
        Ok(Self {
            folder: StateFolder::find(given)?,
            #[cfg(feature = "object-store")]
            store: given
                .filter(|given| is_url(given))
                .map(crate::object::StateStore::open)
                .transpose()?,
        })
    }

    /// The folder of this machine.
    pub fn folder(&self) -> &StateFolder {
        &self.folder
    }

    /// The folder of the job whose newest run has this number.
    ///
    /// # Errors
    /// If there is none, or if it can't be found out.
    pub async fn run(&self, id: &str) -> Result<JobFolder> {
        match self.folder.run(id) {
            Ok((folder, _)) => Ok(folder),
            Err(unknown) => {
                #[cfg(feature = "object-store")]
                if let Some(store) = &self.store
                    && let Some(key) = store.find(id).await?
                {
                    return Ok(self.folder.job_of_key(&key));
                }
                Err(unknown)
            }
        }
    }

    /// Takes a job.
    ///
    /// # Errors
    /// [`crate::codes::RUNNING`] if another process works on it, [`crate::codes::NOT_WRITTEN`] if
    /// nothing can be kept of it.
    pub async fn take(&self, folder: JobFolder) -> Result<Arc<dyn JobKeeper>> {
        let lock = folder.lock()?;
        let here = FolderKeeper { folder, lock };
        #[cfg(feature = "object-store")]
        if let Some(store) = &self.store {
            return Ok(Arc::new(store.take(here).await?));
        }
        Ok(Arc::new(here))
    }
}

/// Whether a place is not a folder of this machine.
pub(crate) fn is_url(given: &str) -> bool {
    given.contains("://") && !given.starts_with("file://")
}

/// Refuses places that nothing can be kept in.
pub(crate) fn refuse(given: &str) -> Error {
    let error = Error::new(
        api_codes::OPTION_INVALID,
        format!("state can't be kept in `{}`", without_user(given)),
    );
    match cfg!(feature = "object-store") {
        true => error.with_help(
            "give a path, such as /var/lib/seatunnel, or a URL that begins with s3://, gs:// or abfss://",
        ),
        false => error.with_help(
            "give a path, such as /var/lib/seatunnel; object stores are not built into this program",
        ),
    }
}

/// A URL without what may be a password.
pub(crate) fn without_user(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        // The account of Azure's URLs is no user: abfss://container@account.dfs.core.windows.net
        (Some((scheme, _)), Some((_, rest))) if !scheme.starts_with("ab") => {
            format!("{scheme}://{rest}")
        }
        _ => url.to_owned(),
    }
}
