//! What happens to what writers have prepared.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use seatunnel_api::erased::DynSink;
use seatunnel_api::plan::{JobPlan, Node, NodeKind};
use seatunnel_api::{Error, JobContext, Result, codes};
use tracing::warn;

/// What the writers of each sink have prepared, by the sink's position in the plan.
pub type Committables = Vec<(usize, Vec<Vec<u8>>)>;

/// Attempts at a commit that fails in a way that may pass.
const ATTEMPTS: u32 = 5;
/// Before the second attempt; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Commits sink by sink and takes out of `committables` what is done.
///
/// # Errors
/// Of the first sink that can't, after some attempts.
pub async fn commit(plan: &JobPlan, committables: &mut Committables) -> Result<()> {
    while let Some((index, own)) = committables.first() {
        let node = &plan.nodes[*index];
        if let NodeKind::Sink(sink) = &node.kind {
            let mut attempt = 1;
            let mut pause = FIRST_PAUSE;
            loop {
                match guarded(node, sink.commit(own.clone())).await {
                    Ok(()) => break,
                    Err(error) if error.is_retryable() && attempt < ATTEMPTS => {
                        warn!(sink = %node.name, error = %error, "a commit failed and is tried again");
                        tokio::time::sleep(pause).await;
                        attempt += 1;
                        pause *= 2;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        committables.remove(0);
    }
    Ok(())
}

/// Makes all targets ready.
///
/// # Errors
/// Of the first sink that can't.
pub async fn prepare(plan: &JobPlan) -> Result<()> {
    for (node, sink) in sinks(plan) {
        guarded(node, sink.prepare()).await?;
    }
    Ok(())
}

/// Tells all sinks that the job is at its end.
///
/// # Errors
/// Of the first sink that is not content.
pub async fn finish(plan: &JobPlan) -> Result<()> {
    for (node, sink) in sinks(plan) {
        guarded(node, sink.finish()).await?;
    }
    Ok(())
}

/// Takes back what other processes and attempts have left of the job with this id.
///
/// # Errors
/// Of the first sink that can't.
pub async fn discard_leftovers(plan: &JobPlan, id: &Arc<str>) -> Result<()> {
    let job = JobContext {
        id: id.clone(),
        ..plan.job.clone()
    };
    for (node, sink) in sinks(plan) {
        guarded(node, sink.discard_leftovers(&job)).await?;
    }
    Ok(())
}

/// Takes back what a failed attempt has prepared.
pub async fn abort(plan: &JobPlan, committables: Committables) {
    for (index, own) in committables {
        let node = &plan.nodes[index];
        if let NodeKind::Sink(sink) = &node.kind
            && let Err(left) = guarded(node, sink.abort(own)).await
        {
            warn!(sink = %node.name, error = %left, "what was prepared could not be taken back");
        }
    }
}

/// All sinks of a plan.
pub fn sinks(plan: &JobPlan) -> impl Iterator<Item = (&Node, &Arc<dyn DynSink>)> {
    plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Sink(sink) => Some((node, sink)),
        _ => None,
    })
}

/// What a connector does outside of a task; its panic is an error, and its errors name it.
async fn guarded(node: &Node, step: impl Future<Output = Result<()>>) -> Result<()> {
    match AssertUnwindSafe(step).catch_unwind().await {
        Ok(done) => done.map_err(|e| e.with_context("plugin", &node.name)),
        Err(panic) => Err(panicked(&node.name, panic)),
    }
}

/// An error that comes from a bug: of a connector that panicked.
pub fn panicked(node: &str, panic: Box<dyn std::any::Any + Send>) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Error::new(codes::INTERNAL, format!("{node} panicked: {message}"))
        .with_help("this is a bug of that connector, not of the job; please report it")
}
