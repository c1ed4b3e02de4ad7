//! Driving a sink: prepare, writers, commit, finish, and every way to stop between.

use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSink, DynWriter};
use seatunnel_api::{Batch, CatalogTable, JobContext, SinkContext};
use serde_json::Value as Json;

use super::task;
use crate::fixture::SinkFixture;
use crate::report::{Checked, failed};

/// Makes the sink of a block for a table, as a job does.
pub(crate) async fn open(
    fixture: &impl SinkFixture,
    job: &JobContext,
    config: &Json,
    table: &Arc<CatalogTable>,
) -> Checked<Arc<dyn DynSink>> {
    let (registry, name) = fixture.plugin();
    let Some(factory) = registry.find_sink(name) else {
        return failed(format!("the registry has no sink called {name}"));
    };
    let context = SinkContext {
        job: job.clone(),
        tables: vec![table.clone()],
        config: ConfigValue::from_json(config),
    };
    Ok(factory.create(context).await?)
}

/// The writer of the only task.
pub(crate) async fn writer(
    sink: &dyn DynSink,
    job: &JobContext,
) -> seatunnel_api::Result<Box<dyn DynWriter>> {
    sink.writer(task(job, 0, 1)).await
}

/// A whole job: so many writers take the batches by turns.
pub(crate) async fn load(
    sink: &dyn DynSink,
    job: &JobContext,
    batches: impl IntoIterator<Item = Batch>,
    writers: usize,
) -> seatunnel_api::Result<()> {
    sink.prepare().await?;
    load_prepared(sink, job, batches, writers).await
}

/// The rest of a job after [`DynSink::prepare`].
pub(crate) async fn load_prepared(
    sink: &dyn DynSink,
    job: &JobContext,
    batches: impl IntoIterator<Item = Batch>,
    writers: usize,
) -> seatunnel_api::Result<()> {
    let mut open = Vec::new();
    for subtask in 0..writers {
        open.push(sink.writer(task(job, subtask, writers)).await?);
    }
    let mut result = Ok(());
    for (index, batch) in batches.into_iter().enumerate() {
        result = open[index % writers].write(batch).await;
        if result.is_err() {
            break;
        }
    }
    let mut committables = Vec::new();
    if result.is_ok() {
        for writer in &mut open {
            match writer.prepare_commit(1).await {
                Ok(ready) => committables.extend(ready),
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
    }
    if let Err(error) = result {
        // As engines do: what a failed job leaves is taken back, and the first error counts.
        for writer in &mut open {
            let _ = writer.abort().await;
        }
        let _ = sink.abort(committables).await;
        return Err(error);
    }
    for writer in &mut open {
        writer.close().await?;
    }
    sink.commit(committables).await?;
    sink.finish().await
}
