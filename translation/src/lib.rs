//! What every engine does with batches on their way from a reader to the writers.
//!
//! An engine's task holds one [`Chain`]: it takes the batches of a reader, runs the transforms
//! behind it and says which writers get what comes out. [`commit`] is what happens to what writers
//! have prepared.

mod chain;
pub mod commit;
mod dirty_file;
mod dirty_sinks;
pub mod numbers;
mod rate_limit;
mod relation;
mod same_nodes;
pub mod split_board;
pub mod statistic;

pub use chain::{Chain, Delivery, Tap, reached};
pub use dirty_sinks::DirtySinks;
pub use rate_limit::RateLimit;
pub use relation::relation_source;
pub use same_nodes::same_nodes;
