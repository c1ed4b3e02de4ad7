//! A job that is ready to run: what every engine takes.

use std::sync::Arc;

use crate::erased::{DynSink, DynSource};
use crate::job::JobContext;
use crate::options::EnvOptions;
use crate::table::CatalogTable;
use crate::transform::Transform;

/// A job's graph with everything in it made: sources, transforms, sinks and the edges between.
#[derive(Clone)]
pub struct JobPlan {
    /// The job.
    pub job: JobContext,
    /// What holds for the whole job.
    pub env: EnvOptions,
    /// The nodes, each behind those it takes rows from.
    pub nodes: Vec<Node>,
}

/// One source, transform or sink of a job.
#[derive(Clone)]
pub struct Node {
    /// What messages and progress call it: `source[0] FakeSource`.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Positions of the nodes that its rows go to; every one gets all of them.
    pub outputs: Vec<usize>,
    /// The tables whose rows come out; for a sink, those that go in.
    pub tables: Vec<Arc<CatalogTable>>,
}

/// What a node is.
#[derive(Clone)]
pub enum NodeKind {
    /// Rows start here.
    Source {
        /// The source.
        source: Arc<dyn DynSource>,
        /// How many readers it gets.
        parallelism: usize,
    },
    /// Rows are changed here.
    Transform(Arc<dyn Transform>),
    /// Rows end here.
    Sink(Arc<dyn DynSink>),
}

impl JobPlan {
    /// Positions of the sources.
    pub fn sources(&self) -> impl Iterator<Item = usize> {
        self.positions(|kind| matches!(kind, NodeKind::Source { .. }))
    }

    /// Positions of the sinks.
    pub fn sinks(&self) -> impl Iterator<Item = usize> {
        self.positions(|kind| matches!(kind, NodeKind::Sink(_)))
    }

    fn positions(&self, wanted: impl Fn(&NodeKind) -> bool) -> impl Iterator<Item = usize> {
        self.nodes
            .iter()
            .enumerate()
            .filter(move |(_, node)| wanted(&node.kind))
            .map(|(index, _)| index)
    }
}
