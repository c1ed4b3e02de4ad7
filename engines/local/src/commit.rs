//! What happens to what writers have prepared.

use std::time::Duration;

use seatunnel_api::Result;
use seatunnel_api::plan::{JobPlan, Node, NodeKind};
use tracing::warn;

/// What the writers of each sink have prepared, by the sink's position in the plan.
pub(crate) type Committables = Vec<(usize, Vec<Vec<u8>>)>;

/// Attempts at a commit that fails in a way that may pass.
const ATTEMPTS: u32 = 5;
/// Before the second attempt; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Commits sink by sink and takes out of `committables` what is done.
pub(crate) async fn commit(plan: &JobPlan, committables: &mut Committables) -> Result<()> {
    while let Some((index, own)) = committables.first() {
        let node = &plan.nodes[*index];
        if let NodeKind::Sink(sink) = &node.kind {
            let mut attempt = 1;
            let mut pause = FIRST_PAUSE;
            loop {
                match sink.commit(own.clone()).await {
                    Ok(()) => break,
                    Err(error) if error.is_retryable() && attempt < ATTEMPTS => {
                        warn!(sink = %node.name, error = %error, "a commit failed and is tried again");
                        tokio::time::sleep(pause).await;
                        attempt += 1;
                        pause *= 2;
                    }
                    Err(error) => return Err(error.with_context("plugin", &node.name)),
                }
            }
        }
        committables.remove(0);
    }
    Ok(())
}

/// Tells all sinks that the job is at its end.
pub(crate) async fn finish(plan: &JobPlan) -> Result<()> {
    for (node, sink) in sinks(plan) {
        let finished = sink.finish().await;
        finished.map_err(|e| e.with_context("plugin", &node.name))?;
    }
    Ok(())
}

/// Takes back what a failed attempt has prepared.
pub(crate) async fn abort(plan: &JobPlan, committables: Committables) {
    for (index, own) in committables {
        let node = &plan.nodes[index];
        if let NodeKind::Sink(sink) = &node.kind
            && let Err(left) = sink.abort(own).await
        {
            warn!(sink = %node.name, error = %left, "what was prepared could not be taken back");
        }
    }
}

/// All sinks of a plan.
pub(crate) fn sinks(
    plan: &JobPlan,
) -> impl Iterator<Item = (&Node, &std::sync::Arc<dyn seatunnel_api::erased::DynSink>)> {
    plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Sink(sink) => Some((node, sink)),
        _ => None,
    })
}
