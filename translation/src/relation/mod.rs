//! A relation as engines see it: a source of one split, which reads what stands before it by itself.
//!
//! No engine has to know relations. What stands between the sources and a relation is taken out of the
//! job's graph and runs within the relation's reader: each reading of an input starts the readers of its
//! sources, with the transforms behind them, as tasks of their own.

mod reading;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSource;
use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{
    BatchStream, CatalogTable, Metrics, Output, Relation, RelationInputs, Result, Source,
    SourceReader, Split, State, TaskContext, erase_source,
};
use serde::{Deserialize, Serialize};

use self::reading::{Reader, Reading, SourceReading};
use crate::chain::{Chain, leads_to};
use crate::rate_limit::RateLimit;

/// The source that stands for a relation in a job's graph. `plan` is what stands before it, `inputs` are
/// the positions of the nodes that its inputs are.
pub fn relation_source(
    relation: Arc<dyn Relation>,
    name: &str,
    plan: &JobPlan,
    inputs: &[usize],
) -> Arc<dyn DynSource> {
    erase_source(RelationSource {
        relation,
        name: Arc::from(name),
        upstream: Arc::new(Upstream {
            plan: plan.clone(),
            inputs: inputs.to_vec(),
        }),
    })
}

/// What stands before a relation.
struct Upstream {
    plan: JobPlan,
    inputs: Vec<usize>,
}

impl Upstream {
    /// The sources that rows of an input come from.
    fn sources(&self, input: usize) -> impl Iterator<Item = (usize, Arc<dyn DynSource>, usize)> {
        let leads = leads_to(&self.plan, self.inputs[input]);
        let nodes = self.plan.nodes.iter().enumerate();
        nodes.filter_map(move |(index, node)| match &node.kind {
            NodeKind::Source {
                source,
                parallelism,
            } if leads[index] => Some((index, source.clone(), (*parallelism).max(1))),
            _ => None,
        })
    }
}

struct RelationSource {
    relation: Arc<dyn Relation>,
    name: Arc<str>,
    upstream: Arc<Upstream>,
}

/// All rows of the relation.
#[derive(Clone, Serialize, Deserialize)]
struct Whole;

impl State for Whole {}

impl Split for Whole {
    fn id(&self) -> String {
        "all".to_owned()
    }
}

#[async_trait]
impl Source for RelationSource {
    type Split = Whole;
    type Reader = RelationReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.relation.tables()
    }

    async fn splits(&self, _parallelism: usize) -> Result<Vec<Whole>> {
        Ok(vec![Whole])
    }

    async fn reader(&self, context: TaskContext) -> Result<RelationReader> {
        Ok(RelationReader {
            relation: self.relation.clone(),
            name: self.name.clone(),
            inputs: Arc::new(Inputs {
                metrics: self
                    .upstream
                    .plan
                    .nodes
                    .iter()
                    .map(|_| Metrics::new())
                    .collect(),
                upstream: self.upstream.clone(),
                context,
            }),
        })
    }

    async fn check(&self) -> Result<()> {
        for input in 0..self.upstream.inputs.len() {
            for (index, source, _) in self.upstream.sources(input) {
                let name = &self.upstream.plan.nodes[index].name;
                let checked = source.check().await;
                checked.map_err(|e| e.with_context("plugin", name))?;
            }
        }
        Ok(())
    }
}

struct RelationReader {
    relation: Arc<dyn Relation>,
    name: Arc<str>,
    inputs: Arc<Inputs>,
}

#[async_trait]
impl SourceReader for RelationReader {
    type Split = Whole;

    async fn read(&mut self, _split: Whole, out: &mut Output<'_, Whole>) -> Result<()> {
        let mut rows = self.relation.rows(self.inputs.clone()).await?;
        while let Some(batch) = rows.next().await? {
            // Made anew, the rows may come in another order: there is no position between them.
            out.emit_all(batch, &[]).await?;
        }
        self.inputs.context.dirty.flush().await?;
        let nodes = self.inputs.upstream.plan.nodes.iter();
        let read: Vec<String> = nodes
            .zip(&self.inputs.metrics)
            .filter(|(node, _)| matches!(node.kind, NodeKind::Source { .. }))
            .map(|(node, metrics)| format!("{} of {}", metrics.rows().get(), node.name))
            .collect();
        tracing::info!("{} has read rows: {}", self.name, read.join(", "));
        Ok(())
    }
}

/// The inputs of a relation in its task.
struct Inputs {
    upstream: Arc<Upstream>,
    context: TaskContext,
    /// Of the nodes before the relation.
    metrics: Vec<Metrics>,
}

impl RelationInputs for Inputs {
    fn read(&self, input: usize, table: &Arc<CatalogTable>) -> Vec<Box<dyn BatchStream>> {
        let end = self.upstream.inputs[input];
        let plan = &self.upstream.plan;
        let sources = self
            .upstream
            .sources(input)
            .map(|(index, source, readers)| {
                let name = &plan.nodes[index].name;
                let readers = (0..readers).map(|subtask| Reader {
                    context: TaskContext {
                        job: self.context.job.clone(),
                        subtask,
                        parallelism: readers,
                        metrics: self.metrics[index].clone(),
                        dirty: self.context.dirty.of_stage(name),
                    },
                    chain: Chain::to(plan, index, end, &self.metrics, &self.context.dirty),
                    limit: RateLimit::new(&plan.env),
                });
                SourceReading {
                    name: name.clone(),
                    source,
                    readers: readers.collect(),
                }
            });
        Reading::streams(sources.collect(), table)
    }
}
