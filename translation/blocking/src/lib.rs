//! Jobs, readers and writers for engines that call from threads of their own and carry bytes: Spark,
//! Flink, or whoever embeds connectors in a program that is not asynchronous.
//!
//! All work is done by one set of threads ([`Workers`]); the methods here block, most with a timeout,
//! so that a caller can look in between whether its task was cancelled. What an engine carries from
//! one process to another are bytes: a job ([`JobPayload`]), splits and positions, rows
//! ([`element`]) and what writers have prepared ([`Part`]).

mod codes;
mod dealer;
mod driver;
pub mod element;
mod encoded;
mod enumerator;
pub mod frames;
mod held;
mod job;
mod part;
mod payload;
mod reader;
mod reader_task;
pub mod spark;
mod workers;
mod writer;

pub use dealer::Deal;
pub use driver::Driver;
pub use enumerator::Enumerator;
pub use job::{Job, JobHold, SinkInfo, SourceInfo};
pub use part::Part;
pub use payload::{DriverState, JobPayload};
pub use reader::{Gives, Polled, Reader};
pub use workers::Workers;
pub use writer::Writer;
