//! The embedded engine: runs a job in this process.
//!
//! ```no_run
//! # async fn example(plan: seatunnel_api::plan::JobPlan) -> seatunnel_api::Result<()> {
//! use seatunnel_engine_local::{JobHandle, LocalEngine};
//!
//! let handle = JobHandle::new(&plan);
//! let report = LocalEngine::default().run(&plan, &handle).await?;
//! println!("{} rows", report.rows_written);
//! # Ok(())
//! # }
//! ```
//!
//! A source gets `parallelism` readers, which take splits from one board; the transforms behind it
//! run in the reader's task; each sink gets as many writers as the widest of its sources has
//! readers. Between a reader and a writer stands a channel of a few batches: memory depends on
//! that, never on the input's size. See [`EngineOptions`].
//!
//! A job that takes checkpoints ([`takes_checkpoints`]) goes on from the last one when it fails, or,
//! run with [`LocalEngine::run_with`] and a storage that outlives it, when its process is killed.

mod alignment;
mod attempt;
mod checkpoint;
pub mod codes;
mod engine;
mod enumerator_task;
mod handle;
mod lane;
mod reader_task;
mod sample;
pub mod verify;
mod writer_task;

pub use checkpoint::{CheckpointRecord, CheckpointStats, JobEnd, takes_checkpoints};
pub use engine::{EngineOptions, LocalEngine, RunState, Start};
pub use handle::{JobHandle, JobReport, NodeProgress, NodeRole};
pub use sample::{Sample, sample};
