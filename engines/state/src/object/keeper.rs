//! A job that is kept in an object store.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use seatunnel_api::{Error, Result, codes as api_codes};

use super::lease::{LEASE, Lease, Terms};
use super::storage::ObjectStorage;
use super::{JobObjects, failure};
use crate::codes;
use crate::keeper::{FolderKeeper, JobKeeper};
use crate::runs::RunRecord;
use crate::storage::CheckpointStorage;

/// Keeps a job in an object store, and in its folder what this machine wants to know of it.
pub(crate) struct ObjectKeeper {
    objects: JobObjects,
    lease: Arc<Lease>,
    here: FolderKeeper,
}

impl ObjectKeeper {
    pub(super) async fn take(
        objects: JobObjects,
        here: FolderKeeper,
        terms: Terms,
    ) -> Result<Self> {
        let lease = Lease::take(objects.clone(), &here.folder, terms).await?;
        Ok(Self {
            objects,
            lease,
            here,
        })
    }

    /// Holds up whatever needs the lease, as long as the answer lives.
    #[cfg(test)]
    pub(super) async fn stand_still(&self) -> tokio::sync::MutexGuard<'_, super::lease::Held> {
        self.lease.stand_still().await
    }

    /// Removes what lies below, the lease excepted.
    async fn remove_below(&self, prefix: &Path) -> Result<()> {
        let not_written =
            |error: object_store::Error| failure(codes::NOT_WRITTEN, &self.objects.url, &error);
        let objects = self.objects.store.list(Some(prefix));
        let objects: Vec<_> = objects.try_collect().await.map_err(not_written)?;
        for object in objects {
            if object.location.filename() == Some(LEASE) {
                continue;
            }
            match self.objects.store.delete(&object.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(not_written(error)),
            }
        }
        Ok(())
    }
}

#[async_trait]
impl JobKeeper for ObjectKeeper {
    async fn record(&self) -> Result<Option<RunRecord>> {
        self.objects.record().await
    }

    async fn write(&self, record: &RunRecord) -> Result<()> {
        self.lease.verify().await?;
        let text = serde_json::to_vec_pretty(record).map_err(|e| {
            Error::new(api_codes::INTERNAL, "a run can't be written down").with_cause(e)
        })?;
        let path = self.objects.at("run.json");
        let put = self.objects.store.put(&path, text.into()).await;
        put.map_err(|error| failure(codes::NOT_WRITTEN, &self.objects.url, &error))?;
        // Only for who asks on this machine.
        if let Err(error) = self.here.write(record).await {
            tracing::warn!("{error}");
        }
        Ok(())
    }

    fn checkpoints(&self, run: &str) -> Arc<dyn CheckpointStorage> {
        let storage = ObjectStorage::new(self.objects.clone(), run, self.lease.clone());
        Arc::new(storage)
    }

    async fn remove_checkpoints(&self, run: &str) -> Result<()> {
        self.lease.verify().await?;
        self.remove_below(&self.objects.at(run)).await
    }

    async fn remove(&self) -> Result<()> {
        self.lease.verify().await?;
        self.remove_below(&self.objects.prefix).await?;
        self.here.remove().await
    }

    async fn release(&self) {
        self.lease.release().await;
    }
}
