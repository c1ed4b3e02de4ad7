//! Sources and sinks of files, on this machine and in stores.

mod codes;
mod halving;
mod place;
mod sink;
mod sink_options;
mod source;
mod source_options;
mod stores;

use seatunnel_api::Registry;

pub use sink::LocalFileSinkFactory;
pub use source::LocalFileSourceFactory;

/// Adds what this crate has to a registry.
pub fn register(registry: Registry) -> Registry {
    let registry = registry
        .source(LocalFileSourceFactory)
        .sink(LocalFileSinkFactory);
    stores::register(registry)
}
