//! What every engine does with batches on their way from a reader to the writers.
//!
//! An engine's task holds one [`Chain`]: it takes the batches of a reader, runs the transforms
//! behind it and says which writers get what comes out.

mod chain;
mod dirty_file;
mod dirty_sinks;

pub use chain::{Chain, Delivery, Tap, reached};
pub use dirty_sinks::DirtySinks;
