//! The transforms behind a reader, fused into its task.

use std::sync::Arc;

use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{Batch, DirtyRows, Metrics, Result, Transform};

use crate::dirty_sinks::DirtySinks;

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
        dirty: DirtyRows,
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
    /// The chain of the source at position `source`, for task number `task`. `metrics` are those of
    /// the plan's nodes; a transform's count the rows that come out of it. Rows that a transform
    /// rejects go to `dirty`.
    pub fn new(
        plan: &JobPlan,
        source: usize,
        task: usize,
        metrics: &[Metrics],
        dirty: &DirtySinks,
    ) -> Self {
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
                    dirty: dirty.of(plan, index, task, &metrics[index]),
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

    /// The chain from the source at position `source` to the node at position `end`, whose rows are
    /// delivered. Rows that a transform rejects go to `dirty`.
    pub fn to(
        plan: &JobPlan,
        source: usize,
        end: usize,
        metrics: &[Metrics],
        dirty: &DirtyRows,
    ) -> Self {
        let delivered = plan.nodes.len();
        let leads = leads_to(plan, end);
        let outputs = |index: usize| -> Vec<usize> {
            if index == end {
                return vec![delivered];
            }
            let outputs = plan.nodes[index].outputs.iter();
            outputs.copied().filter(|next| leads[*next]).collect()
        };
        let nodes = plan.nodes.iter().enumerate();
        let steps = nodes.map(|(index, node)| match &node.kind {
            NodeKind::Transform(transform) if leads[index] => Step::Transform {
                transform: transform.clone(),
                metrics: metrics[index].clone(),
                dirty: dirty.of_stage(&node.name),
                outputs: outputs(index),
            },
            _ => Step::Elsewhere,
        });
        Self {
            steps: steps.chain([Step::Sink]).collect(),
            first: outputs(source),
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
                    dirty,
                    outputs,
                } => {
                    if dirty.is_on() {
                        apply_to_good_rows(transform.as_ref(), dirty, batch, &mut results).await?;
                    } else {
                        transform.apply(batch, &mut results).await?;
                    }
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

/// Applies a transform to the rows that it can change, in their order; the others are rejected. A
/// batch with a dirty row is halved until the row is alone: a transform keeps no state, so it may
/// see rows again.
async fn apply_to_good_rows(
    transform: &dyn Transform,
    dirty: &DirtyRows,
    batch: Batch,
    results: &mut Vec<Batch>,
) -> Result<()> {
    let mut parts = vec![batch];
    while let Some(part) = parts.pop() {
        let done = results.len();
        let Err(error) = transform.apply(part.clone(), results).await else {
            continue;
        };
        results.truncate(done);
        match part.num_rows() {
            _ if !error.is_of_row() => return Err(error),
            0 => return Err(error),
            1 => dirty.reject(&part, 0, error).await?,
            rows => {
                let half = rows / 2;
                parts.push(part.slice(half, rows - half));
                parts.push(part.slice(0, half));
            }
        }
    }
    Ok(())
}

/// Puts a batch on the stack for each output, the first on top.
fn fan_out(waiting: &mut Vec<Delivery>, outputs: &[usize], batch: Batch) {
    for output in outputs.iter().rev() {
        waiting.push((*output, batch.clone()));
    }
}

/// From which nodes rows come to the node at position `end`, itself among them.
pub(crate) fn leads_to(plan: &JobPlan, end: usize) -> Vec<bool> {
    let mut leads = vec![false; plan.nodes.len()];
    leads[end] = true;
    // Nodes stand behind those they take rows from: one pass is enough.
    for index in (0..end).rev() {
        leads[index] = plan.nodes[index].outputs.iter().any(|next| leads[*next]);
    }
    leads
}

/// Which nodes the rows of the node at position `source` come to, itself among them.
pub fn reached(plan: &JobPlan, source: usize) -> Vec<bool> {
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
