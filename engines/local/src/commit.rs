//! What happens to what writers have prepared.

use seatunnel_api::plan::{JobPlan, Node, NodeKind};
use seatunnel_api::{Error, Result};
use tracing::warn;

/// What the writers of each sink have prepared, by the sink's position in the plan.
pub(crate) type Committables = Vec<(usize, Vec<Vec<u8>>)>;

/// Attempts at a commit that fails in a way that may pass.
const ATTEMPTS: u32 = 3;

/// Commits all sinks and ends them.
pub(crate) async fn commit(plan: &JobPlan, committables: Committables) -> Result<()> {
    let mut failed: Option<Error> = None;
    for (index, own) in committables {
        let node = &plan.nodes[index];
        let NodeKind::Sink(sink) = &node.kind else {
            continue;
        };
        if failed.is_some() {
            abort_one(node, own).await;
            continue;
        }
        let mut attempt = 1;
        let result = loop {
            match sink.commit(own.clone()).await {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS => attempt += 1,
                result => break result,
            }
        };
        if let Err(error) = result {
            failed = Some(error.with_context("plugin", &node.name));
            // No checkpoint remembers them, so nobody would ever commit the rest.
            abort_one(node, own).await;
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    for index in plan.sinks() {
        let node = &plan.nodes[index];
        if let NodeKind::Sink(sink) = &node.kind {
            let finished = sink.finish().await;
            finished.map_err(|e| e.with_context("plugin", &node.name))?;
        }
    }
    Ok(())
}

/// Takes back what a failed attempt has prepared.
pub(crate) async fn abort(plan: &JobPlan, committables: Committables) {
    for (index, own) in committables {
        abort_one(&plan.nodes[index], own).await;
    }
}

async fn abort_one(node: &Node, committables: Vec<Vec<u8>>) {
    if let NodeKind::Sink(sink) = &node.kind
        && let Err(left) = sink.abort(committables).await
    {
        warn!(sink = %node.name, error = %left, "what was prepared could not be taken back");
    }
}
