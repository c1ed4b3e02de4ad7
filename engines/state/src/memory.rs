//! Checkpoints in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use seatunnel_api::{CheckpointId, Error, Result, codes};

use crate::storage::{CheckpointKind, CheckpointStorage, StoredCheckpoint};

/// Keeps checkpoints as long as the process lives; clones share them. For jobs that are embedded in
/// other programs, and for tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage(Arc<Mutex<BTreeMap<CheckpointId, StoredCheckpoint>>>);

impl MemoryStorage {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CheckpointId, StoredCheckpoint>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CheckpointStorage for MemoryStorage {
    async fn store(&self, id: CheckpointId, kind: CheckpointKind, bytes: &[u8]) -> Result<()> {
        let bytes = bytes.to_vec();
        self.lock().insert(id, StoredCheckpoint { id, kind, bytes });
        Ok(())
    }

    async fn list(&self) -> Result<Vec<CheckpointId>> {
        Ok(self.lock().keys().copied().collect())
    }

    async fn load(&self, id: CheckpointId) -> Result<StoredCheckpoint> {
        self.lock().get(&id).cloned().ok_or_else(|| {
            let message = format!("there is no checkpoint {id}");
            Error::new(codes::STATE_INVALID, message)
        })
    }

    async fn remove(&self, id: CheckpointId) -> Result<()> {
        self.lock().remove(&id);
        Ok(())
    }
}
