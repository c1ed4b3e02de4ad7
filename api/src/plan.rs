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
    /// Of a sink: what becomes of rows that are rejected; without it the first one fails the job.
    pub dirty: Option<DirtyPlace>,
}

/// What becomes of the rows that a sink, or what stands before it, rejects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirtyPlace {
    /// The file or folder they are kept in; without it they are counted and logged.
    pub path: Option<String>,
    /// How many are allowed; any number if not given.
    pub max: Option<u64>,
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
