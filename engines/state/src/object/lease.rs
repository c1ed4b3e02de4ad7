//! Who works on a job, where a lock of the system can't tell: on any of several machines.
//!
//! The holder writes the lease anew all the time. Whoever finds a lease watches it: one that stays as
//! it is for the whole term has no holder any more. No clock is compared with another machine's.

use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use object_store::path::Path;
use object_store::{
    Error as StoreError, ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, PutResult,
    UpdateVersion,
};
use seatunnel_api::{Error, Result};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{JobObjects, failure};
use crate::codes;
use crate::runs::{JobFolder, now_millis};

pub(super) const LEASE: &str = "lease.json";

/// How long a lease holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// How often the holder writes it anew.
    pub(crate) renew: Duration,
    /// How long one that nobody renews is respected.
    pub(crate) term: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            renew: Duration::from_secs(5),
            term: Duration::from_secs(30),
        }
    }
}

/// A lease as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Written {
    version: u32,
    /// Of this holding.
    owner: String,
    /// How often it was renewed, so that each renewal is seen.
    renewal: u64,
    host: String,
    pid: u32,
    /// The folder whose lock the holder has, on a start of a machine.
    place: String,
    /// When it was taken, in milliseconds since 1970 on the holder's clock. Only for people.
    since: u64,
}

const VERSION: u32 = 1;

/// The lease of a job, renewed until it is released or dropped.
pub(super) struct Lease {
    objects: JobObjects,
    path: Path,
    terms: Terms,
    state: tokio::sync::Mutex<Held>,
    /// Who has it by now.
    lost: Mutex<Option<String>>,
}

pub(super) struct Held {
    written: Written,
    version: UpdateVersion,
    /// When it was certainly ours.
    at: Instant,
    released: bool,
}

impl Lease {
    /// Takes the lease of a job whose local lock is taken. Waits for the end of one that seems to be
    /// left over.
    ///
    /// # Errors
    /// [`codes::RUNNING`] if another process renews it.
    pub(super) async fn take(
        objects: JobObjects,
        folder: &JobFolder,
        terms: Terms,
    ) -> Result<Arc<Self>> {
        let path = objects.at(LEASE);
        let written = Written {
            version: VERSION,
            owner: Uuid::new_v4().to_string(),
            renewal: 0,
            host: host(),
            pid: std::process::id(),
            place: place(folder.path()),
            since: now_millis(),
        };
        let not_written = |error: &StoreError| failure(codes::NOT_WRITTEN, &objects.url, error);
        loop {
            let begun = Instant::now();
            let mode = match read(&objects, &path).await.map_err(|e| not_written(&e))? {
                None => PutMode::Create,
                Some((other, version)) => {
                    // The folder's lock was free, so its holder is no more.
                    if other
                        .as_ref()
                        .is_none_or(|other| other.place != written.place)
                    {
                        watch(&objects, &path, other.as_ref(), &version, terms).await?;
                    }
                    PutMode::Update(version)
                }
            };
            match put(&objects, &path, &written, mode).await {
                Ok(done) => {
                    let lease = Arc::new(Self {
                        path,
                        terms,
                        state: tokio::sync::Mutex::new(Held {
                            written,
                            version: done.into(),
                            at: begun,
                            released: false,
                        }),
                        lost: Mutex::new(None),
                        objects,
                    });
                    // A store that does not know conditions lets two put theirs; one is left.
                    lease.verify().await?;
                    tokio::spawn(renew(Arc::downgrade(&lease), terms.renew));
                    return Ok(lease);
                }
                // Somebody was quicker.
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                    sleep(terms.renew / 10).await;
                }
                Err(error) => return Err(not_written(&error)),
            }
        }
    }

    /// Looks whether the lease is still ours.
    ///
    /// # Errors
    /// [`codes::RUNNING`] if it is not; [`codes::NOT_WRITTEN`] if the store does not answer.
    pub(super) async fn verify(&self) -> Result<()> {
        self.check_lost()?;
        let mut held = self.state.lock().await;
        let begun = Instant::now();
        let found = read(&self.objects, &self.path).await;
        let found =
            found.map_err(|error| failure(codes::NOT_WRITTEN, &self.objects.url, &error))?;
        match found {
            Some((Some(other), _)) if other.owner == held.written.owner => {
                held.at = begun;
                Ok(())
            }
            Some((other, _)) => Err(self.lose(other.as_ref())),
            None => Err(self.lose(None)),
        }
    }

    /// Gives the job free.
    pub(super) async fn release(&self) {
        if self.verify().await.is_err() {
            return;
        }
        let mut held = self.state.lock().await;
        held.released = true;
        if let Err(error) = self.objects.store.delete(&self.path).await {
            tracing::warn!("{}", failure(codes::NOT_WRITTEN, &self.objects.url, &error));
        }
    }

    /// Writes it anew. False when there is nothing more to renew.
    async fn renew(&self) -> bool {
        let mut held = self.state.lock().await;
        if held.released || self.check_lost().is_err() {
            return false;
        }
        let begun = Instant::now();
        let mut next = held.written.clone();
        next.renewal += 1;
        let mode = PutMode::Update(held.version.clone());
        match put(&self.objects, &self.path, &next, mode).await {
            Ok(done) => {
                held.written = next;
                held.version = done.into();
                held.at = begun;
                true
            }
            Err(StoreError::Precondition { .. } | StoreError::NotFound { .. }) => {
                // Ours too, if an answer was lost.
                match read(&self.objects, &self.path).await {
                    Ok(Some((Some(found), version))) if found.owner == held.written.owner => {
                        held.written = found;
                        held.version = version;
                        true
                    }
                    Ok(found) => {
                        let other = found.and_then(|(other, _)| other);
                        tracing::error!("{}", self.lose(other.as_ref()));
                        false
                    }
                    Err(_) => true,
                }
            }
            Err(error) => {
                if held.at.elapsed() > self.terms.term {
                    tracing::warn!(
                        "the lease of the job was not renewed for {} s: {}",
                        held.at.elapsed().as_secs(),
                        failure(codes::NOT_WRITTEN, &self.objects.url, &error)
                    );
                }
                true
            }
        }
    }

    #[cfg(test)]
    pub(super) async fn stand_still(&self) -> tokio::sync::MutexGuard<'_, Held> {
        self.state.lock().await
    }

    fn lose(&self, other: Option<&Written>) -> Error {
        let who = match other {
            Some(other) => format!("process {} of {}", other.pid, other.host),
            None => "another process".to_owned(),
        };
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(who);
        match self.check_lost() {
            Err(error) => error,
            Ok(()) => Error::new(codes::RUNNING, "the lease is lost"),
        }
    }

    fn check_lost(&self) -> Result<()> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        match &*lost {
            None => Ok(()),
            Some(who) => Err(Error::new(
                codes::RUNNING,
                format!(
                    "{who} has taken the job over, since nothing was heard from this one for {} s",
                    self.terms.term.as_secs()
                ),
            )
            .with_context("state", self.objects.show(&self.path))
            .with_help("nothing more is committed here; the other process goes on from the last checkpoint")),
        }
    }
}

async fn renew(lease: Weak<Lease>, every: Duration) {
    loop {
        sleep(every).await;
        let Some(lease) = lease.upgrade() else { return };
        if !lease.renew().await {
            return;
        }
    }
}

/// Waits until a lease has not changed for its whole term.
async fn watch(
    objects: &JobObjects,
    path: &Path,
    other: Option<&Written>,
    version: &UpdateVersion,
    terms: Terms,
) -> Result<()> {
    let who = match other {
        Some(other) => format!("process {} of {}", other.pid, other.host),
        None => "another process".to_owned(),
    };
    tracing::info!(
        "{who} has worked on this job; it is given {} s to show that it still does",
        terms.term.as_secs()
    );
    let begun = Instant::now();
    while begun.elapsed() < terms.term {
        sleep(terms.renew.min(terms.term / 10)).await;
        let found = read(objects, path).await;
        match found.map_err(|error| failure(codes::NOT_READ, &objects.url, &error))? {
            // Released.
            None => return Ok(()),
            Some((now, newer)) if now.as_ref() != other || newer.e_tag != version.e_tag => {
                return Err(Error::new(
                    codes::RUNNING,
                    format!("this job is running already: {who} works on it"),
                )
                .with_context("state", objects.show(path))
                .with_help(
                    "stop it there with `seatunnel --cancel`, or with `seatunnel --savepoint` to go on later; \
                     a job of another name (`--name`) may run beside it",
                ));
            }
            Some(_) => {}
        }
    }
    tracing::info!("{who} is gone");
    Ok(())
}

/// The lease that is there; `None` in it if it can't be understood.
async fn read(
    objects: &JobObjects,
    path: &Path,
) -> object_store::Result<Option<(Option<Written>, UpdateVersion)>> {
    let found = match objects.store.get(path).await {
        Err(StoreError::NotFound { .. }) => return Ok(None),
        found => found?,
    };
    let version = UpdateVersion {
        e_tag: found.meta.e_tag.clone(),
        version: found.meta.version.clone(),
    };
    let bytes = found.bytes().await?;
    Ok(Some((serde_json::from_slice(&bytes).ok(), version)))
}

async fn put(
    objects: &JobObjects,
    path: &Path,
    lease: &Written,
    mode: PutMode,
) -> object_store::Result<PutResult> {
    let text = serde_json::to_vec_pretty(lease).map_err(|e| StoreError::Generic {
        store: "lease",
        source: Box::new(e),
    })?;
    let options = PutOptions::from(mode);
    objects.store.put_opts(path, text.into(), options).await
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = name.ok().or_else(|| std::env::var("HOSTNAME").ok());
    name.map_or_else(
        || "an unknown host".to_owned(),
        |name| name.trim().to_owned(),
    )
}

/// The lock file, on this start of this machine: two that have the same can't both hold its lock.
fn place(folder: &FilePath) -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if let (false, Ok(lock)) = (boot.is_empty(), std::fs::metadata(folder.join("lock"))) {
            return format!("{}/{}:{}", boot.trim(), lock.dev(), lock.ino());
        }
    }
    // Fits to nothing.
    Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use object_store::memory::InMemory;
    use seatunnel_api::{CheckpointId, codes as api_codes};

    use super::*;
    use crate::keeper::{FolderKeeper, JobKeeper};
    use crate::object::StateStore;
    use crate::object::keeper::ObjectKeeper;
    use crate::runs::{JobIdentity, JobLock, StateFolder};
    use crate::storage::CheckpointKind::Checkpoint;

    /// A store, and machines with a folder each.
    struct World {
        store: StateStore,
        machines: Vec<tempfile::TempDir>,
    }

    impl World {
        fn new() -> Self {
            let machine = |_| tempfile::tempdir().unwrap();
            Self {
                store: StateStore {
                    store: Arc::new(InMemory::new()),
                    prefix: Path::from("some/where"),
                    url: "s3://bucket/some/where".to_owned(),
                    terms: Terms::default(),
                },
                machines: (0..2).map(machine).collect(),
            }
        }

        fn folder(&self, machine: usize) -> JobFolder {
            let root = self.machines[machine].path().to_str();
            let identity = JobIdentity {
                file: PathBuf::from("/jobs/a.conf"),
                name: None,
                variables: Vec::new(),
            };
            StateFolder::find(root).unwrap().job(&identity)
        }

        async fn take(&self, machine: usize) -> Result<ObjectKeeper> {
            let folder = self.folder(machine);
            let lock: JobLock = folder.lock()?;
            self.store.take(FolderKeeper { folder, lock }).await
        }
    }

    async fn store(keeper: &impl JobKeeper, id: CheckpointId, bytes: &[u8]) -> Result<()> {
        keeper.checkpoints("7").store(id, Checkpoint, bytes).await
    }

    fn refused(result: Result<impl Sized>) -> String {
        let error = result.err().unwrap();
        assert_eq!(error.code(), codes::RUNNING, "{error}");
        error.to_string()
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_is_worked_on_is_refused_on_another_machine() {
        let world = World::new();
        let first = world.take(0).await.unwrap();
        let told = refused(world.take(1).await);
        assert!(
            told.contains(&format!("process {}", std::process::id())),
            "{told}"
        );
        store(&first, 1, b"goes on").await.unwrap();
        // For as long as it likes.
        sleep(Terms::default().term * 10).await;
        refused(world.take(1).await);
        store(&first, 2, b"goes on").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_is_released_is_free_at_once() {
        let world = World::new();
        let first = world.take(0).await.unwrap();
        first.release().await;
        let begun = Instant::now();
        world.take(1).await.unwrap();
        assert!(begun.elapsed() < Terms::default().term);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_machine_left_is_taken_after_the_term_and_lost_to_it() {
        let world = World::new();
        let first = world.take(0).await.unwrap();
        store(&first, 1, b"first").await.unwrap();
        // Stands still, as a process that is stopped.
        let begun = Instant::now();
        {
            let standing = first.stand_still().await;
            let second = world.take(1).await.unwrap();
            assert!(begun.elapsed() >= Terms::default().term);
            let checkpoints = second.checkpoints("7");
            assert_eq!(checkpoints.list().await.unwrap(), [1]);
            store(&second, 2, b"second").await.unwrap();
            drop(standing);
            for result in [
                store(&first, 2, b"late").await,
                store(&first, 3, b"late").await,
            ] {
                assert!(refused(result).contains("taken the job over"));
            }
            assert_eq!(checkpoints.load(2).await.unwrap().bytes, b"second");
            assert_eq!(checkpoints.list().await.unwrap(), [1, 2]);
            // It gives nothing free that is not its own.
            first.release().await;
            store(&second, 3, b"second").await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_process_of_this_machine_left_is_taken_at_once() {
        let world = World::new();
        let first = world.take(0).await.unwrap();
        refused(world.take(0).await);
        drop(first);
        let begun = Instant::now();
        world.take(0).await.unwrap();
        assert!(begun.elapsed() < Terms::default().renew);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_cant_be_read_holds_for_the_term() {
        let world = World::new();
        let objects = world.store.job(&world.folder(0).key());
        let path = objects.at(LEASE);
        objects.store.put(&path, "{".into()).await.unwrap();
        let begun = Instant::now();
        world.take(0).await.unwrap();
        assert!(begun.elapsed() >= Terms::default().term);
    }

    #[tokio::test(start_paused = true)]
    async fn checkpoints_are_kept_replaced_and_removed() {
        let world = World::new();
        let keeper = world.take(0).await.unwrap();
        let storage = keeper.checkpoints("7");
        assert!(storage.list().await.unwrap().is_empty());
        // More than one request takes, too.
        let large = vec![7; 40 << 20];
        for (id, bytes) in [
            (10, &b"ten"[..]),
            (9, b"nine"),
            (10, b"again"),
            (11, &large),
        ] {
            storage.store(id, Checkpoint, bytes).await.unwrap();
        }
        assert_eq!(storage.list().await.unwrap(), [9, 10, 11]);
        assert_eq!(storage.load(10).await.unwrap().bytes, b"again");
        assert!(storage.load(11).await.unwrap().bytes == large);
        // Another run's.
        assert!(keeper.checkpoints("8").list().await.unwrap().is_empty());
        storage.remove(9).await.unwrap();
        storage.remove(9).await.unwrap();
        let missing = storage.load(9).await.unwrap_err();
        assert_eq!(missing.code(), api_codes::STATE_INVALID);
        let objects = world.store.job(&world.folder(0).key());
        let damaged = objects.at("7").join("10.checkpoint");
        objects.store.put(&damaged, "STCP".into()).await.unwrap();
        let error = storage.load(10).await.unwrap_err();
        assert_eq!(error.code(), api_codes::STATE_INVALID);
        assert!(error.to_string().contains("10.checkpoint"), "{error}");
        keeper.remove().await.unwrap();
        assert!(storage.list().await.unwrap().is_empty());
    }
}
