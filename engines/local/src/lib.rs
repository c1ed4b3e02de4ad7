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
//! A source gets `parallelism` readers, which take splits from one queue; the transforms behind it
//! run in the reader's task; each sink gets as many writers as the widest of its sources has
//! readers. Between a reader and a writer stands a channel of a few batches: memory depends on
//! that, never on the input's size. See [`EngineOptions`].

mod attempt;
mod commit;
mod engine;
mod handle;
mod rate_limit;
mod reader_task;
mod sample;
mod split_queue;
pub mod verify;
mod writer_task;

pub use engine::{EngineOptions, LocalEngine};
pub use handle::{JobHandle, JobReport, NodeProgress, NodeRole};
pub use sample::{Sample, sample};
