//! LocalFile source and sink.

mod sink;
mod sink_options;

use seatunnel_api::Registry;

pub use sink::LocalFileSinkFactory;

/// Adds what this crate has to a registry.
pub fn register(registry: Registry) -> Registry {
    registry.sink(LocalFileSinkFactory)
}
