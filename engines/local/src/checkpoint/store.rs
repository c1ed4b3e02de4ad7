//! The checkpoints of one run: their numbers, and how long each is kept.

use std::collections::VecDeque;
use std::sync::Arc;

use seatunnel_api::{CheckpointId, Result};
use seatunnel_state::{CheckpointKind, CheckpointStorage};
use tracing::warn;

pub(crate) struct Store {
    storage: Arc<dyn CheckpointStorage>,
    /// The number that was given last.
    last_id: CheckpointId,
    /// Those that make room for newer ones, oldest first: all but savepoints.
    passing: VecDeque<CheckpointId>,
    retained: usize,
    /// Those that could not be stored, as far as we know, since the last that could.
    unsure: Vec<CheckpointId>,
    /// Whether there is one to go back to.
    has_any: bool,
    /// The last whose committables this process has committed.
    committed: CheckpointId,
}

impl Store {
    /// A store with nothing in it yet.
    pub(crate) fn new(storage: Arc<dyn CheckpointStorage>, retained: usize) -> Self {
        Self {
            storage,
            last_id: 0,
            passing: VecDeque::new(),
            retained,
            unsure: Vec::new(),
            has_any: false,
            committed: 0,
        }
    }

    pub(crate) fn storage(&self) -> &dyn CheckpointStorage {
        self.storage.as_ref()
    }

    /// Takes note of what earlier processes have stored.
    pub(crate) async fn take_stock(&mut self) -> Result<()> {
        for id in self.storage.list().await? {
            self.last_id = self.last_id.max(id);
            self.has_any = true;
            let is_savepoint = match self.storage.load(id).await {
                Ok(stored) => stored.kind == CheckpointKind::Savepoint,
                // Nobody can go back to it.
                Err(_) => false,
            };
            if !is_savepoint {
                self.passing.push_back(id);
            }
        }
        Ok(())
    }

    /// Whether there is a checkpoint to go back to.
    pub(crate) fn has_any(&self) -> bool {
        self.has_any
    }

    /// The number of the next checkpoint; each is given once.
    pub(crate) fn next_id(&mut self) -> CheckpointId {
        self.last_id += 1;
        self.last_id
    }

    /// Makes a checkpoint durable.
    pub(crate) async fn store(
        &mut self,
        id: CheckpointId,
        kind: CheckpointKind,
        bytes: &[u8],
    ) -> Result<()> {
        if let Err(error) = self.storage.store(id, kind, bytes).await {
            self.unsure.push(id);
            return Err(error);
        }
        self.unsure.clear();
        self.has_any = true;
        if kind != CheckpointKind::Savepoint {
            self.passing.push_back(id);
        }
        Ok(())
    }

    /// Puts other bytes in the place of a checkpoint that is durable; on an error the old ones stay.
    pub(crate) async fn store_again(
        &self,
        id: CheckpointId,
        kind: CheckpointKind,
        bytes: &[u8],
    ) -> Result<()> {
        self.storage.store(id, kind, bytes).await
    }

    /// All that this checkpoint and those before hold is committed.
    pub(crate) fn committed(&mut self, id: CheckpointId) {
        self.committed = id;
    }

    /// Whether this process has committed what the checkpoint holds.
    pub(crate) fn is_committed(&self, id: CheckpointId) -> bool {
        id <= self.committed
    }

    /// Removes checkpoints that are older than those to be kept.
    pub(crate) async fn tidy(&mut self) {
        while self.passing.len() > self.retained {
            let Some(id) = self.passing.pop_front() else {
                return;
            };
            if let Err(error) = self.storage.remove(id).await {
                warn!(error = %error, "checkpoint {id} is not needed any more and could not be removed");
            }
        }
    }

    /// Whether a checkpoint whose storing failed may be there nevertheless.
    pub(crate) async fn may_hold_unsure(&self) -> bool {
        if self.unsure.is_empty() {
            return false;
        }
        match self.storage.list().await {
            Ok(ids) => self.unsure.iter().any(|id| ids.contains(id)),
            Err(_) => true,
        }
    }
}
