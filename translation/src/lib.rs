//! What every engine does with batches on their way from a reader to the writers.
//!
//! An engine's task holds one [`Chain`]: it takes the batches of a reader, runs the transforms
//! behind it and says which writers get what comes out.

mod chain;

pub use chain::{Chain, Delivery, Tap};
