//! Checkpoints: how they are taken, what they hold, and how a job goes on from one.

mod assemble;
mod compatibility;
mod content;
mod coordinator;
mod patience;
mod restore;
mod settings;
mod stats;
mod store;

pub use coordinator::JobEnd;
pub(crate) use coordinator::{Coordinator, LeftOver, Tasks};
pub(crate) use restore::{Restored, exactly, newest};
pub(crate) use settings::Settings;
pub use settings::takes_checkpoints;
pub(crate) use stats::StatsCell;
pub use stats::{CheckpointRecord, CheckpointStats};
pub(crate) use store::Store;
