//! The transforms behind a reader, fused into its task.

use std::sync::Arc;

use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{Batch, Metrics, Result, Transform};

/// Sees every batch that comes out of a node, for samples and counts.
pub trait Tap: Send {
    /// A batch has come out of the node at this position of the plan.
    fn see(&mut self, node: usize, batch: &Batch);
}

impl Tap for () {
    fn see(&mut self, _node: usize, _batch: &Batch) {}
}

/// A batch and the sink it goes to, as its position in the plan.
pub type Delivery = (usize, Batch);

enum Step {
    Transform {
        transform: Arc<dyn Transform>,
        metrics: Metrics,
        outputs: Vec<usize>,
    },
    Sink,
    /// A node of the plan that this source doesn't reach.
    Elsewhere,
}

/// All that happens between one source and the sinks it reaches, ready to run in a task.
///
/// The graph is walked per batch, depth first, so that rows reach every sink in the order they were
/// read in. Nothing is buffered.
pub struct Chain {
    steps: Vec<Step>,
    first: Vec<usize>,
}

impl Chain {
    /// The chain of the source at position `source`. `metrics` are those of the plan's nodes;
    /// a transform's count the rows that come out of it.
    pub fn new(plan: &JobPlan, source: usize, metrics: &[Metrics]) -> Self {
        let reached = reached(plan, source);
        let steps = plan
            .nodes
            .iter()
            .enumerate()
            .map(|(index, node)| match &node.kind {
                _ if !reached[index] => Step::Elsewhere,
                NodeKind::Transform(transform) => Step::Transform {
                    transform: transform.clone(),
                    metrics: metrics[index].clone(),
                    outputs: node.outputs.clone(),
                },
                NodeKind::Sink(_) => Step::Sink,
                NodeKind::Source { .. } => Step::Elsewhere,
            })
            .collect();
        Self {
            steps,
            first: plan.nodes[source].outputs.clone(),
        }
    }

    /// Positions of the sinks that the chain leads to.
    pub fn sinks(&self) -> impl Iterator<Item = usize> {
        self.steps
            .iter()
            .enumerate()
            .filter(|(_, step)| matches!(step, Step::Sink))
            .map(|(index, _)| index)
    }

    /// Runs a batch of the source through the chain; what reaches sinks is added to `deliveries`.
    ///
    /// # Errors
    /// That of a transform.
    pub async fn run(
        &self,
        batch: Batch,
        deliveries: &mut Vec<Delivery>,
        tap: &mut dyn Tap,
    ) -> Result<()> {
        let mut waiting: Vec<Delivery> = Vec::new();
        let mut results = Vec::new();
        fan_out(&mut waiting, &self.first, batch);
        while let Some((index, batch)) = waiting.pop() {
            match &self.steps[index] {
                Step::Transform {
                    transform,
                    metrics,
                    outputs,
                } => {
                    transform.apply(batch, &mut results).await?;
                    for result in results.drain(..).rev().filter(|b| !b.is_empty()) {
                        metrics.rows().add(result.num_rows() as u64);
                        tap.see(index, &result);
                        fan_out(&mut waiting, outputs, result);
                    }
                }
                Step::Sink => deliveries.push((index, batch)),
                Step::Elsewhere => {}
            }
        }
        Ok(())
    }
}

/// Puts a batch on the stack for each output, the first on top.
fn fan_out(waiting: &mut Vec<Delivery>, outputs: &[usize], batch: Batch) {
    for output in outputs.iter().rev() {
        waiting.push((*output, batch.clone()));
    }
}

/// Which nodes the rows of `source` come to.
fn reached(plan: &JobPlan, source: usize) -> Vec<bool> {
    let mut reached = vec![false; plan.nodes.len()];
    // Nodes stand behind those they take rows from: one pass is enough.
    reached[source] = true;
    for index in source..plan.nodes.len() {
        if reached[index] {
            for output in &plan.nodes[index].outputs {
                reached[*output] = true;
            }
        }
    }
    reached
}
