//! What an engine needs of a place for checkpoints.

use async_trait::async_trait;
use seatunnel_api::{CheckpointId, Result};

/// What a checkpoint was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointKind {
    /// To go on from after a failure; makes room for newer ones.
    Checkpoint,
    /// To go on from after a stop.
    Savepoint,
    /// All is read: what is left to do is to commit.
    Final,
}

/// A checkpoint as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Its number.
    pub id: CheckpointId,
    /// What it was taken for.
    pub kind: CheckpointKind,
    /// What it holds; only the engine that took it knows what that means.
    pub bytes: Vec<u8>,
}

/// Where the checkpoints of one run are kept.
#[async_trait]
pub trait CheckpointStorage: Send + Sync {
    /// Keeps a checkpoint, in the place of one with the same number. It is durable on return: there
    /// after a loss of power. After an error it may be there or not, but never a part of it.
    ///
    /// # Errors
    /// If it can't be written.
    async fn store(&self, id: CheckpointId, kind: CheckpointKind, bytes: &[u8]) -> Result<()>;

    /// The numbers of those that are there, from the smallest up; says nothing of whether they can
    /// be read.
    ///
    /// # Errors
    /// If the place can't be reached. One that does not exist is empty.
    async fn list(&self) -> Result<Vec<CheckpointId>>;

    /// Reads one.
    ///
    /// # Errors
    /// [`seatunnel_api::codes::STATE_INVALID`] if it is damaged, foreign or not there; another code
    /// if the place can't be reached.
    async fn load(&self, id: CheckpointId) -> Result<StoredCheckpoint>;

    /// Removes one, if it is there.
    ///
    /// # Errors
    /// If it is there and can't be removed.
    async fn remove(&self, id: CheckpointId) -> Result<()>;
}
