//! LocalFile source and sink.

mod codes;
mod halving;
mod sink;
mod sink_options;
mod source;
mod source_options;

use seatunnel_api::Registry;

pub use sink::LocalFileSinkFactory;
pub use source::LocalFileSourceFactory;

/// Adds what this crate has to a registry.
pub fn register(registry: Registry) -> Registry {
    registry
        .source(LocalFileSourceFactory)
        .sink(LocalFileSinkFactory)
}
