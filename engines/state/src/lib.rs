//! What outlives a process of a job: its checkpoints, what is known of its runs, and how to reach
//! the process that works on it.

pub mod codes;
#[cfg(unix)]
pub mod control;
mod folder;
mod frame;
mod keeper;
mod memory;
#[cfg(feature = "object-store")]
mod object;
mod record;
pub mod runs;
mod storage;

pub use folder::FolderStorage;
pub use keeper::{JobKeeper, StatePlace};
pub use memory::MemoryStorage;
pub use storage::{CheckpointKind, CheckpointStorage, StoredCheckpoint};
