//! The connectors and transforms that a program is built with: one Cargo feature, one line.
//!
//! The launcher and the library that Spark and Flink load have the same.

use seatunnel_api::Registry;

/// All that is built in.
pub fn registry() -> Registry {
    let registry = Registry::new();
    #[cfg(feature = "connector-assert")]
    let registry = seatunnel_connector_assert::register(registry);
    #[cfg(feature = "connector-blackhole")]
    let registry = seatunnel_connector_blackhole::register(registry);
    #[cfg(feature = "connector-console")]
    let registry = seatunnel_connector_console::register(registry);
    #[cfg(feature = "connector-fake")]
    let registry = seatunnel_connector_fake::register(registry);
    #[cfg(feature = "connector-file")]
    let registry = seatunnel_connector_file::register(registry);
    #[cfg(feature = "connector-jdbc")]
    let registry = seatunnel_connector_jdbc::register(registry);
    #[cfg(feature = "connector-kafka")]
    let registry = seatunnel_connector_kafka::register(registry);
    #[cfg(feature = "inmemory")]
    let registry = seatunnel_connector_inmemory::register(registry);
    #[cfg(feature = "transforms")]
    let registry = seatunnel_transforms::register(registry);
    #[cfg(feature = "transform-ai")]
    let registry = seatunnel_transform_ai::register(registry);
    #[cfg(feature = "transform-sql")]
    let registry = seatunnel_transform_sql::register(registry);
    #[cfg(feature = "transform-wasm")]
    let registry = seatunnel_transform_wasm::register(registry);
    registry
}
