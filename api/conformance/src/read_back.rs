//! What a sink has written, read by a source.

use seatunnel_api::config::ConfigValue;
use seatunnel_api::{BatchSize, Registry, SourceContext, Value};
use serde_json::Value as Json;

use crate::engine::new_job;
use crate::engine::read::rows_of;
use crate::engine::splits::read_everything;
use crate::fixture::FixtureResult;
use crate::report::Stop;

/// All rows that a source reads: for [`crate::SinkFixture::rows`].
///
/// # Errors
/// Whatever the source says.
pub async fn read_back(
    registry: &Registry,
    source: &str,
    config: &Json,
) -> FixtureResult<Vec<Vec<Value>>> {
    let factory = registry
        .find_source(source)
        .ok_or_else(|| format!("the registry has no source called {source}"))?;
    let context = SourceContext {
        job: new_job(),
        plugin_output: None,
        parallelism: 1,
    };
    let source = factory
        .create(&ConfigValue::from_json(config), context)
        .await?;
    match read_everything(&source, 1, BatchSize::default()).await {
        Ok(read) => Ok(read.iter().flat_map(|r| rows_of(&r.emissions)).collect()),
        Err(Stop::Failed(what) | Stop::LeftOut(what)) => Err(what.into()),
    }
}
