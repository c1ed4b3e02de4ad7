//! Blackhole: a sink that keeps nothing, for benchmarks and for jobs whose rows nobody needs.
//!
//! Rows and bytes are counted by the engine, as for every sink.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSink;
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, CheckpointId, Guarantee, PluginInfo, Registry, Result, Sink, SinkContext, SinkFactory,
    SinkWriter, TaskContext, erase_sink,
};

/// Takes rows of any table and forgets them. It has no options.
#[derive(Clone, Debug, Options)]
pub struct BlackholeOptions {}

/// Makes sinks that keep nothing.
pub struct BlackholeSinkFactory;

/// Adds the sink to a registry.
pub fn register(registry: Registry) -> Registry {
    registry.sink(BlackholeSinkFactory)
}

/// There is nothing that could come twice.
const GUARANTEE: Guarantee = Guarantee::ExactlyOnce("always, since nothing is kept");

#[async_trait]
impl SinkFactory for BlackholeSinkFactory {
    type Options = BlackholeOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Blackhole",
            aliases: &[],
            summary: "Takes rows and keeps none.",
        }
    }

    fn guarantee(&self) -> Guarantee {
        GUARANTEE
    }

    async fn create(
        &self,
        _options: BlackholeOptions,
        _context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        Ok(erase_sink(BlackholeSink))
    }
}

struct BlackholeSink;

#[async_trait]
impl Sink for BlackholeSink {
    type Committable = ();
    type Writer = BlackholeWriter;

    async fn writer(&self, _context: TaskContext) -> Result<BlackholeWriter> {
        Ok(BlackholeWriter)
    }

    fn guarantee(&self) -> Guarantee {
        GUARANTEE
    }
}

struct BlackholeWriter;

#[async_trait]
impl SinkWriter for BlackholeWriter {
    type Committable = ();

    async fn write(&mut self, _batch: Batch) -> Result<()> {
        Ok(())
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<()>> {
        Ok(Vec::new())
    }
}
