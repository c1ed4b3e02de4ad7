//! What outlives a process of a job: its checkpoints.

pub mod codes;
mod folder;
mod frame;
mod memory;
mod storage;

pub use folder::FolderStorage;
pub use memory::MemoryStorage;
pub use storage::{CheckpointKind, CheckpointStorage, StoredCheckpoint};
