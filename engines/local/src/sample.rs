//! The first rows after each step of a job, with nothing written.

use std::collections::VecDeque;

use async_trait::async_trait;
use seatunnel_api::erased::SplitBytes;
use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{
    Batch, BatchSize, DirtyRows, Emitter, Error, Metrics, Result, SplitAssigner, TaskContext, codes,
};
use seatunnel_translation::{Chain, DirtySinks, Tap};

/// The first rows that come out of one node.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What the node is called.
    pub node: String,
    /// Its rows, at most as many as asked for.
    pub batches: Vec<Batch>,
}

/// Reads at most `limit` rows of each source, runs them through the transforms and gives what comes
/// out of each source and transform. Sinks are not touched.
///
/// # Errors
/// That of a source or a transform.
pub async fn sample(plan: &JobPlan, limit: usize) -> Result<Vec<Sample>> {
    let metrics: Vec<Metrics> = plan.nodes.iter().map(|_| Metrics::new()).collect();
    let mut taps = vec![Vec::new(); plan.nodes.len()];
    for index in plan.sources() {
        let NodeKind::Source { source, .. } = &plan.nodes[index].kind else {
            continue;
        };
        let mut emitter = SampleEmitter {
            index,
            left: limit,
            chain: Chain::new(plan, index, 0, &metrics, &DirtySinks::none(plan)),
            taps: Taps(&mut taps),
        };
        let context = TaskContext {
            job: plan.job.clone(),
            subtask: 0,
            parallelism: 1,
            metrics: metrics[index].clone(),
            dirty: DirtyRows::off(),
        };
        let mut enumerator = source.enumerator(1, None).await?;
        let mut reader = source.reader(context).await?;
        let mut splits = FirstSplits(enumerator.discover().await?.splits.into());
        match reader.read_assigned(&mut splits, &mut emitter).await {
            Err(error) if emitter.left == 0 && error.code() == codes::CANCELLED => {}
            read => read.map_err(|e| e.with_context("plugin", &plan.nodes[index].name))?,
        }
    }
    let with_rows = plan.nodes.iter().zip(taps);
    Ok(with_rows
        .filter(|(node, _)| !matches!(node.kind, NodeKind::Sink(_)))
        .map(|(node, batches)| Sample {
            node: node.name.clone(),
            batches,
        })
        .collect())
}

/// The splits that a source finds at once.
struct FirstSplits(VecDeque<SplitBytes>);

#[async_trait]
impl SplitAssigner for FirstSplits {
    async fn next(&mut self) -> Result<Option<SplitBytes>> {
        Ok(self.0.pop_front())
    }

    fn try_next(&mut self) -> Option<SplitBytes> {
        self.0.pop_front()
    }

    async fn finished(&mut self, _id: &str) -> Result<()> {
        Ok(())
    }
}

struct Taps<'a>(&'a mut Vec<Vec<Batch>>);

impl Tap for Taps<'_> {
    fn see(&mut self, node: usize, batch: &Batch) {
        self.0[node].push(batch.clone());
    }
}

struct SampleEmitter<'a> {
    index: usize,
    left: usize,
    chain: Chain,
    taps: Taps<'a>,
}

#[async_trait]
impl Emitter for SampleEmitter<'_> {
    async fn emit(&mut self, batch: Batch, _position: Option<Vec<u8>>) -> Result<()> {
        let batch = batch.slice(0, batch.num_rows().min(self.left));
        self.left -= batch.num_rows();
        if !batch.is_empty() {
            self.taps.see(self.index, &batch);
            let mut deliveries = Vec::new();
            self.chain
                .run(batch, &mut deliveries, &mut self.taps)
                .await?;
        }
        if self.left == 0 {
            // Enough: the reader stops as it would for a cancelled job.
            return Err(Error::cancelled());
        }
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        false
    }

    fn batch_size(&self) -> BatchSize {
        BatchSize {
            rows: self.left.max(1),
            ..BatchSize::default()
        }
    }
}
