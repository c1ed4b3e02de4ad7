//! Console: a sink that prints rows to stdout, in the lines that SeaTunnel's Console writes to its log.

mod render;
mod sink;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSink;
use seatunnel_api::options::Options;
use seatunnel_api::{PluginInfo, Registry, Result, SinkContext, SinkFactory, erase_sink};

use crate::sink::ConsoleSink;

/// Prints rows.
#[derive(Clone, Debug, Options)]
pub struct ConsoleSinkOptions {
    /// Whether rows are printed; if not, they are only counted.
    #[option(key = "log.print.data", default = true)]
    pub print_data: bool,
    /// Milliseconds to wait after each row.
    #[option(key = "log.print.delay.ms", default = 0)]
    pub print_delay_ms: u64,
}

/// Makes sinks that print rows.
pub struct ConsoleSinkFactory;

/// Adds the sink to a registry.
pub fn register(registry: Registry) -> Registry {
    registry.sink(ConsoleSinkFactory)
}

#[async_trait]
impl SinkFactory for ConsoleSinkFactory {
    type Options = ConsoleSinkOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Console",
            aliases: &[],
            summary: "Prints rows to stdout.",
        }
    }

    async fn create(
        &self,
        options: ConsoleSinkOptions,
        context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        Ok(erase_sink(ConsoleSink::new(options, context.tables)))
    }
}
