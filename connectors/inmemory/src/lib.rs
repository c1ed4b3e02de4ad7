//! InMemory: a sink for tests of jobs. It keeps no row, and fails where its options say so.
//!
//! Its save modes do nothing but say on stdout that they were handled, once for each table.

mod sink;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSink;
use seatunnel_api::options::Options;
use seatunnel_api::{PluginInfo, Registry, Result, SinkContext, SinkFactory, erase_sink};

use crate::sink::InMemorySink;

/// Takes rows, and fails where told.
#[derive(Clone, Debug, Options)]
#[options(together("assert_options_key", "assert_options_value"))]
pub struct InMemorySinkOptions {
    /// Each checkpoint takes four seconds and then fails.
    #[option(default = false)]
    pub throw_exception: bool,
    /// The first row fails as if there were no memory left.
    #[option(default = false)]
    pub throw_out_of_memory: bool,
    /// The first rows of each attempt of a job fail with the next of these messages; once all have
    /// come, none fails.
    pub throw_runtime_exception_list: Option<Vec<String>>,
    /// An option that each table that comes in must have.
    pub assert_options_key: Option<String>,
    /// The value it must have.
    pub assert_options_value: Option<String>,
}

/// Makes sinks that fail when told.
pub struct InMemorySinkFactory;

/// Adds the sink to a registry.
pub fn register(registry: Registry) -> Registry {
    registry.sink(InMemorySinkFactory)
}

#[async_trait]
impl SinkFactory for InMemorySinkFactory {
    type Options = InMemorySinkOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "InMemory",
            aliases: &[],
            summary: "Fails when told, for tests of jobs.",
        }
    }

    async fn create(
        &self,
        options: InMemorySinkOptions,
        context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        Ok(erase_sink(InMemorySink::new(options, context.tables)?))
    }
}
