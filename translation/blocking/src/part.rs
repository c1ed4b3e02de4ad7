//! What a writer has made ready for a checkpoint, on its way to whoever commits.

use seatunnel_api::state::{StateKind, decode, encode};
use seatunnel_api::{CheckpointId, Result, State};
use serde::{Deserialize, Serialize};

use crate::encoded::Encoded;

/// What one writer has made ready for one checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The sink's position in the plan.
    pub sink: usize,
    /// Positions and names of all sinks of that plan. Whoever commits may have another plan: the job file may have changed
    /// since the checkpoint. Empty in parts of older versions.
    #[serde(default)]
    pub(crate) sinks: Vec<(usize, String)>,
    /// The writer's number.
    pub subtask: usize,
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// Whether nothing follows from this writer.
    pub last: bool,
    /// Rows that the writer was given since its part before.
    pub rows: u64,
    /// Bytes that they take in their columns.
    pub bytes: u64,
    /// Rows of them that it set aside.
    pub rows_failed: u64,
    pub(crate) committables: Vec<Encoded>,
}

impl State for Part {}

impl Part {
    /// As versioned bytes.
    ///
    /// # Errors
    /// None that a user can meet.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        encode(StateKind::Committable, self)
    }

    /// From bytes.
    ///
    /// # Errors
    /// If they are damaged or of a version that is not known.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        decode(StateKind::Committable, bytes)
    }

    pub(crate) fn into_committables(self) -> impl Iterator<Item = Vec<u8>> {
        self.committables.into_iter().map(|c| c.0)
    }
}
