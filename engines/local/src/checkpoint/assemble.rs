//! Puts the parts of a checkpoint together.

use std::time::{SystemTime, UNIX_EPOCH};

use seatunnel_api::CheckpointId;
use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_translation::DirtySinks;

use super::content::{Content, Encoded, SinkContent, SourceContent, SplitContent};
use super::restore::Restored;
use crate::enumerator_task::SourcePart;
use crate::handle::JobHandle;
use crate::writer_task::Part;
use seatunnel_translation::commit::Committables;
use seatunnel_translation::split_board::Passed;

/// What is the same for all parts.
pub(crate) struct Assembly<'a> {
    pub(crate) plan: &'a JobPlan,
    /// What this attempt went on from: it counts from there.
    pub(crate) restored: Option<&'a Restored>,
    pub(crate) set_aside: SetAside,
}

/// Rows set aside when a checkpoint is begun. About those that are before its barrier: a reader may
/// be at work on a batch that comes behind it, and others follow until it is let in.
pub(crate) struct SetAside {
    /// Of each sink, and of what stands before it, by its position in the plan.
    dirty_rows: Vec<u64>,
    /// By all nodes.
    failed_rows: u64,
    /// By sinks.
    rejected_rows: u64,
}

impl SetAside {
    pub(crate) fn now(dirty: &DirtySinks, handle: &JobHandle) -> Self {
        Self {
            dirty_rows: dirty.rows(),
            failed_rows: handle.failed_rows(),
            rejected_rows: handle.rejected_rows(),
        }
    }
}

/// What comes from the writers.
pub(crate) struct SinkParts<'a> {
    /// All that is prepared and not durable.
    pub(crate) not_durable: &'a Committables,
    /// The parts of the writers.
    pub(crate) parts: &'a [Part],
}

impl Assembly<'_> {
    pub(crate) fn content(
        &self,
        id: CheckpointId,
        finished: bool,
        sources: &[(usize, SourcePart)],
        sinks: &SinkParts<'_>,
    ) -> Content {
        let taken = SystemTime::now().duration_since(UNIX_EPOCH);
        let sources = sources.iter();
        let indexes = self.plan.sinks();
        Content {
            id,
            job: self.plan.job.name.to_string(),
            taken_at: taken.map_or(0, |t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX)),
            finished,
            sources: sources.map(|(index, p)| self.source(*index, p)).collect(),
            sinks: indexes.map(|index| self.sink(index, sinks)).collect(),
            failed_rows: self.set_aside.failed_rows,
            rejected_rows: self.set_aside.rejected_rows,
        }
    }

    fn source(&self, index: usize, part: &SourcePart) -> SourceContent {
        let node = &self.plan.nodes[index];
        let tables = match &node.kind {
            NodeKind::Source { source, .. } => source.tables(),
            _ => Vec::new(),
        };
        let splits = part.progress.splits.iter().map(|split| SplitContent {
            id: split.id.clone(),
            position: Encoded(split.bytes.clone()),
        });
        let passed = self.since_start(index, part.progress.passed);
        SourceContent {
            name: node.name.clone(),
            tables: tables.iter().map(|t| t.path().to_string()).collect(),
            enumerator: Encoded(part.enumerator.clone()),
            splits: splits.collect(),
            rows: passed.rows,
            bytes: passed.bytes,
        }
    }

    fn sink(&self, index: usize, sinks: &SinkParts<'_>) -> SinkContent {
        let own = sinks.not_durable.iter().filter(|(sink, _)| *sink == index);
        let committables = own.flat_map(|(_, committables)| committables);
        let mut passed = Passed::default();
        for part in sinks.parts.iter().filter(|part| part.sink == index) {
            passed += part.passed;
        }
        let passed = self.since_start(index, passed);
        SinkContent {
            name: self.plan.nodes[index].name.clone(),
            committables: committables.cloned().map(Encoded).collect(),
            rows: passed.rows,
            bytes: passed.bytes,
            dirty_rows: self.set_aside.dirty_rows[index],
        }
    }

    /// What has passed a node since the job began.
    fn since_start(&self, index: usize, mut passed: Passed) -> Passed {
        if let Some(restored) = self.restored {
            passed += restored.passed(index);
        }
        passed
    }
}
