//! Checkpoints as objects.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, WriteMultipart};
use seatunnel_api::{CheckpointId, Error, Result, codes as api_codes};

use super::lease::Lease;
use super::{JobObjects, failure};
use crate::storage::{CheckpointKind, CheckpointStorage, StoredCheckpoint};
use crate::{codes, frame};

const EXTENSION: &str = ".checkpoint";

/// What goes in one request; what is bigger is sent in parts of this size.
const PART: usize = 16 << 20;

/// The checkpoints of one run. One object each, which is there whole or not at all.
///
/// Only the holder of the job's lease writes: it is asked for before and after, so that a process
/// that lost the job while it was stopped can't go on as if it had a checkpoint.
pub(super) struct ObjectStorage {
    objects: JobObjects,
    run: Path,
    lease: Arc<Lease>,
}

impl ObjectStorage {
    pub(super) fn new(objects: JobObjects, run: &str, lease: Arc<Lease>) -> Self {
        Self {
            run: objects.at(run),
            objects,
            lease,
        }
    }

    fn path(&self, id: CheckpointId) -> Path {
        self.run.clone().join(format!("{id}{EXTENSION}"))
    }

    fn not_written(&self, error: &object_store::Error) -> Error {
        failure(codes::NOT_WRITTEN, &self.objects.url, error)
    }

    async fn put(&self, path: &Path, frame: Vec<u8>) -> Result<()> {
        let store = &self.objects.store;
        if frame.len() > PART {
            let upload = store.put_multipart(path).await;
            let upload = upload.map_err(|error| self.not_written(&error))?;
            let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
            upload.write(&frame);
            let done = upload.finish().await;
            return done.map(|_| ()).map_err(|error| self.not_written(&error));
        }
        // The number is new: what is there is what a request that seemed to fail has left, or of
        // somebody who took the job over.
        let create = PutOptions::from(PutMode::Create);
        let put = store.put_opts(path, frame.clone().into(), create).await;
        match put {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => {
                self.lease.verify().await?;
                let put = store.put(path, frame.into()).await;
                put.map(|_| ()).map_err(|error| self.not_written(&error))
            }
            Err(error) => Err(self.not_written(&error)),
        }
    }
}

#[async_trait]
impl CheckpointStorage for ObjectStorage {
    async fn store(&self, id: CheckpointId, kind: CheckpointKind, bytes: &[u8]) -> Result<()> {
        self.lease.verify().await?;
        let frame = frame::write(id, kind, bytes);
        self.put(&self.path(id), frame).await?;
        self.lease.verify().await
    }

    async fn list(&self) -> Result<Vec<CheckpointId>> {
        let objects = self.objects.store.list(Some(&self.run));
        let objects: Vec<_> = objects
            .try_collect()
            .await
            .map_err(|error| failure(codes::NOT_READ, &self.objects.url, &error))?;
        let number = |path: &Path| path.filename()?.strip_suffix(EXTENSION)?.parse().ok();
        let mut numbers: Vec<_> = objects.iter().filter_map(|o| number(&o.location)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    async fn load(&self, id: CheckpointId) -> Result<StoredCheckpoint> {
        let path = self.path(id);
        let found = self.objects.get(&path).await;
        let found = found.map_err(|error| failure(codes::NOT_READ, &self.objects.url, &error))?;
        let stored = match found {
            Some(bytes) => frame::read(id, &bytes),
            None => Err(Error::new(
                api_codes::STATE_INVALID,
                format!("there is no checkpoint {id}"),
            )),
        };
        stored.map_err(|error| error.with_context("object", self.objects.show(&path)))
    }

    async fn remove(&self, id: CheckpointId) -> Result<()> {
        match self.objects.store.delete(&self.path(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.not_written(&error)),
        }
    }
}
