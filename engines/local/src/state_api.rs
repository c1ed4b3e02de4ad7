//! Where checkpoints of one run are kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use seatunnel_api::{Error, Result, codes};

/// What a checkpoint was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointKind {
    /// To go on from after a failure.
    Checkpoint,
    /// To go on from after a stop.
    Savepoint,
    /// All is read; what is left is to commit.
    Final,
}

/// A checkpoint as it was stored.
#[derive(Clone, Debug)]
pub struct StoredCheckpoint {
    /// Its number.
    pub id: u64,
    /// What it was taken for.
    pub kind: CheckpointKind,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Where checkpoints of one run are kept.
#[async_trait]
pub trait CheckpointStorage: Send + Sync {
    /// Durable on return.
    async fn store(&self, id: u64, kind: CheckpointKind, bytes: &[u8]) -> Result<()>;
    /// Ids that are there, oldest first; says nothing of whether they can be read.
    async fn list(&self) -> Result<Vec<u64>>;
    /// One that is there.
    async fn load(&self, id: u64) -> Result<StoredCheckpoint>;
    /// Removes one, if it is there.
    async fn remove(&self, id: u64) -> Result<()>;
}

/// Keeps checkpoints as long as the process lives.
#[derive(Clone, Default)]
pub struct MemoryStorage(Arc<Mutex<BTreeMap<u64, StoredCheckpoint>>>);

impl MemoryStorage {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, StoredCheckpoint>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CheckpointStorage for MemoryStorage {
    async fn store(&self, id: u64, kind: CheckpointKind, bytes: &[u8]) -> Result<()> {
        let bytes = bytes.to_vec();
        self.lock().insert(id, StoredCheckpoint { id, kind, bytes });
        Ok(())
    }

    async fn list(&self) -> Result<Vec<u64>> {
        Ok(self.lock().keys().copied().collect())
    }

    async fn load(&self, id: u64) -> Result<StoredCheckpoint> {
        self.lock().get(&id).cloned().ok_or_else(|| {
            let message = format!("there is no checkpoint {id}");
            Error::new(codes::STATE_INVALID, message)
        })
    }

    async fn remove(&self, id: u64) -> Result<()> {
        self.lock().remove(&id);
        Ok(())
    }
}
