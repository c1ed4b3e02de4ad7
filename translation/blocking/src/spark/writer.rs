//! The rows of a DataFrame on their way to sinks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seatunnel_api::plan::NodeKind;
use seatunnel_api::{Batch, CatalogTable, CheckpointId, Error, Result};
use seatunnel_translation::{Chain, Delivery};

use super::plugins;
use crate::codes;
use crate::job::Job;
use crate::part::Part;
use crate::writer::Writer;

/// Takes rows of a DataFrame through the transforms of a job and to writers of its sinks, which are
/// opened at their first rows.
pub struct RowsWriter {
    job: Arc<Job>,
    subtask: usize,
    chain: Chain,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What no writer had room for yet.
    waiting: VecDeque<Delivery>,
    writers: BTreeMap<usize, Writer>,
    /// Of the writers that were asked, those that are not ready.
    preparing: VecDeque<usize>,
    parts: Vec<Part>,
}

impl RowsWriter {
    /// Opens a writer; `subtask` is a number that no other attempt of a task has.
    ///
    /// # Errors
    /// If the source of the job is no DataFrame.
    pub fn open(job: Arc<Job>, subtask: usize) -> Result<Self> {
        let source = Self::source(&job)?;
        Ok(Self {
            chain: Chain::new(job.plan(), source, subtask, job.metrics(), job.dirty()),
            subtask,
            state: Mutex::default(),
            job,
        })
    }

    fn source(job: &Job) -> Result<usize> {
        let suffix = format!(" {}", plugins::ROWS);
        let plan = job.plan();
        let source = plan
            .sources()
            .find(|s| plan.nodes[*s].name.ends_with(&suffix));
        source.ok_or_else(|| Error::new(codes::PLAN_DIFFERS, "the job does not write a DataFrame"))
    }

    /// The table that the rows of the DataFrame are of.
    ///
    /// # Errors
    /// If the source of the job is no DataFrame.
    pub fn table(job: &Job) -> Result<Arc<CatalogTable>> {
        let node = &job.plan().nodes[Self::source(job)?];
        match &node.kind {
            NodeKind::Source { source, .. } => source.tables().into_iter().next(),
            _ => None,
        }
        .ok_or_else(|| Error::new(codes::PLAN_DIFFERS, "a DataFrame has no table"))
    }

    /// Writes rows; false if those before still wait for room, and they must be given again.
    ///
    /// # Errors
    /// If a transform or a writer has failed, with these rows or with some before.
    pub fn write(&self, rows: impl FnOnce() -> Result<Batch>, timeout: Duration) -> Result<bool> {
        let mut state = self.state();
        if !self.deliver(&mut state, timeout)? {
            return Ok(false);
        }
        let mut deliveries = Vec::new();
        let rows = rows()?;
        self.job
            .workers()
            .wait(async { self.chain.run(rows, &mut deliveries, &mut ()).await })?;
        state.waiting.extend(deliveries);
        Ok(true)
    }

    /// Asks the writers to make ready what they were given; false if some rows still wait for room. `last`
    /// if nothing will follow.
    ///
    /// # Errors
    /// If a writer has failed.
    pub fn prepare(&self, checkpoint: CheckpointId, last: bool, timeout: Duration) -> Result<bool> {
        let mut state = self.state();
        if !self.deliver(&mut state, timeout)? {
            return Ok(false);
        }
        for writer in state.writers.values() {
            writer.prepare(checkpoint, last)?;
        }
        state.preparing = state.writers.keys().copied().collect();
        Ok(true)
    }

    /// What [`RowsWriter::prepare`] has led to, if all are ready within this time.
    ///
    /// # Errors
    /// If a writer has failed.
    pub fn prepared(&self, timeout: Duration) -> Result<Option<Vec<Part>>> {
        let mut state = self.state();
        while let Some(sink) = state.preparing.front().copied() {
            let Some(writer) = state.writers.get(&sink) else {
                break;
            };
            let Some(part) = writer.prepared(timeout)? else {
                return Ok(None);
            };
            state.parts.push(part);
            state.preparing.pop_front();
        }
        Ok(Some(std::mem::take(&mut state.parts)))
    }

    /// Throws away what is not prepared.
    pub fn abort(&self) {
        let mut state = self.state();
        state.waiting.clear();
        for writer in state.writers.values() {
            writer.abort();
        }
    }

    fn deliver(&self, state: &mut State, timeout: Duration) -> Result<bool> {
        while let Some((sink, batch)) = state.waiting.front() {
            let writer = match state.writers.entry(*sink) {
                std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
                std::collections::btree_map::Entry::Vacant(vacant) => {
                    let parallelism = self.job.plan().env.parallelism;
                    vacant.insert(Writer::open(
                        self.job.clone(),
                        *sink,
                        self.subtask,
                        parallelism,
                    )?)
                }
            };
            if !writer.write_batch(|| Ok(batch.clone()), timeout)? {
                return Ok(false);
            }
            state.waiting.pop_front();
        }
        Ok(true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
