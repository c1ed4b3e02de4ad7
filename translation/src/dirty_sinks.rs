//! Which sinks of a job take dirty rows.

use std::sync::Arc;

use seatunnel_api::plan::JobPlan;
use seatunnel_api::{DirtyKeeper, DirtyRows, Metrics, Result};

use crate::chain::reached;
use crate::dirty_file::DirtyFile;

/// The places for dirty rows of all sinks of a job, for all attempts at it.
pub struct DirtySinks {
    /// By the sink's position in the plan.
    files: Vec<Option<Arc<DirtyFile>>>,
}

impl DirtySinks {
    /// Makes the places ready.
    ///
    /// # Errors
    /// If a file can't be written.
    pub fn open(plan: &JobPlan) -> Result<Self> {
        let files = plan.nodes.iter().map(|node| {
            let place = node.dirty.as_ref();
            place
                .map(|place| DirtyFile::new(&plan.job, &node.name, place).map(Arc::new))
                .transpose()
        });
        Ok(Self {
            files: files.collect::<Result<_>>()?,
        })
    }

    /// No places: any dirty row is an error.
    pub fn none(plan: &JobPlan) -> Self {
        Self {
            files: vec![None; plan.nodes.len()],
        }
    }

    /// The job is started, perhaps again: rows are counted anew, from what [`DirtySinks::rows`] gave
    /// when the checkpoint was taken that the job goes on from, or from zero.
    pub fn start_attempt(&self, rows: &[u64]) {
        let files = self.files.iter().zip(rows);
        for (file, rows) in files.filter_map(|(file, rows)| Some((file.as_ref()?, rows))) {
            file.start_attempt(*rows);
        }
    }

    /// How many dirty rows each node has so far: only sinks have any.
    pub fn rows(&self) -> Vec<u64> {
        let files = self.files.iter();
        files
            .map(|file| file.as_ref().map_or(0, |file| file.rows()))
            .collect()
    }

    /// Where task number `task` of a source, transform or sink puts its dirty rows: to all sinks
    /// that its rows go to, if all of them take some.
    pub fn of(&self, plan: &JobPlan, node: usize, task: usize, metrics: &Metrics) -> DirtyRows {
        let reached = reached(plan, node);
        let sinks = plan.sinks().filter(|sink| reached[*sink]);
        let keepers: Option<Vec<Arc<dyn DirtyKeeper>>> = sinks
            .map(|sink| Some(self.files[sink].clone()? as Arc<dyn DirtyKeeper>))
            .collect();
        let keepers = keepers.unwrap_or_default();
        DirtyRows::new(keepers, &plan.nodes[node].name, task, metrics.clone())
    }

    /// Makes last what is kept, as far as that is possible: for the end of an attempt.
    ///
    /// # Errors
    /// If a file can't be written.
    pub async fn flush(&self) -> Result<()> {
        let mut result = Ok(());
        for file in self.files.iter().flatten() {
            result = result.and(file.flush().await);
        }
        result
    }

    /// For each sink with dirty rows how many there were, and where they are.
    pub fn summaries(&self) -> Vec<String> {
        let files = self.files.iter().flatten();
        files.filter_map(|file| file.summary()).collect()
    }
}
