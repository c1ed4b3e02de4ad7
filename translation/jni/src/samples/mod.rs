//! For tests of what crosses to other engines: a source whose rows have values of all types at random,
//! each beside a text that says what it is, and a sink that looks whether values and texts still agree.
//!
//! The other side of the test writes the same texts: see `DataFrameTest.java`.

mod check;
mod source;
mod values;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::options::Options;
use seatunnel_api::{
    PluginInfo, Registry, Result, SinkContext, SinkFactory, SourceContext, SourceFactory,
    erase_sink, erase_source,
};

/// What stands behind the name of a column in that of its text.
const TEXT: &str = "_text";
/// The column with the text of the row's kind.
const KIND_TEXT: &str = "kind_text";

/// Adds both.
pub(crate) fn register(registry: Registry) -> Registry {
    registry.source(SamplesFactory).sink(CheckFactory)
}

/// Rows of all types.
#[derive(Clone, Debug, Options)]
pub(crate) struct SamplesOptions {
    /// How many rows.
    rows: usize,
    /// Others for each number.
    seed: u64,
    /// Whether rows are of all kinds, and not only inserts.
    #[option(default = false)]
    changes: bool,
}

struct SamplesFactory;

#[async_trait]
impl SourceFactory for SamplesFactory {
    type Options = SamplesOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "TypeSamples",
            aliases: &[],
            summary: "Rows of all types, for tests of engines",
        }
    }

    async fn create(
        &self,
        options: SamplesOptions,
        _context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        Ok(erase_source(source::Samples::new(options)))
    }
}

/// It has no options.
#[derive(Clone, Debug, Options)]
pub(crate) struct CheckOptions {}

struct CheckFactory;

#[async_trait]
impl SinkFactory for CheckFactory {
    type Options = CheckOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "TypeCheck",
            aliases: &[],
            summary: "Looks whether the rows of TypeSamples are what they were, for tests of engines",
        }
    }

    async fn create(
        &self,
        _options: CheckOptions,
        context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        Ok(erase_sink(check::Check::new(&context.tables)?))
    }
}
