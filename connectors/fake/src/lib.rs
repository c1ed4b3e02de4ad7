//! FakeSource: rows made up by a declared schema, for tests, demonstrations and benchmarks.
//!
//! Each value is a function of a seed, its column and the number of its row, so that a split can
//! be read from any position: after a restore exactly the rows come that have not come yet.

mod codes;
mod columns;
mod generator;
mod now;
mod numbers;
mod options;
mod plan;
mod random;
mod rows;
mod source;

use seatunnel_api::Registry;

pub use generator::Generator;
pub use options::{
    ContentOptions, FakeMode, FakeRow, FakeRowKind, FakeSourceOptions, TableOptions,
};
pub use source::FakeSourceFactory;

/// Adds the source to a registry.
pub fn register(registry: Registry) -> Registry {
    registry.source(FakeSourceFactory)
}
