//! What a source is to read, written by a sink.

use seatunnel_api::Registry;
use seatunnel_api::SinkContext;
use seatunnel_api::config::ConfigValue;
use serde_json::Value as Json;

use crate::data::Data;
use crate::engine::{new_job, write};
use crate::fixture::FixtureResult;

/// Writes all rows by a sink: for [`crate::SourceFixture::store`], where the sink of the same
/// connector passes its own checks.
///
/// # Errors
/// Whatever the sink says.
pub async fn write_by(
    registry: &Registry,
    sink: &str,
    config: &Json,
    data: &Data,
) -> FixtureResult<()> {
    let factory = registry
        .find_sink(sink)
        .ok_or_else(|| format!("the registry has no sink called {sink}"))?;
    let job = new_job();
    let context = SinkContext {
        job: job.clone(),
        tables: vec![data.table().clone()],
        config: ConfigValue::from_json(config),
    };
    let sink = factory.create(context).await?;
    Ok(write::load(sink.as_ref(), &job, data.batches(1_000), 1).await?)
}
