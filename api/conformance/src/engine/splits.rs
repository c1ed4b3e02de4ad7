//! Enumerators, the queue of splits and several readers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use seatunnel_api::erased::{DynEnumerator, DynSource, SplitBytes};
use seatunnel_api::{BatchSize, Boundedness, NextDiscovery};
use tokio::task::JoinSet;

use super::read::{At, Collector, Emission, reader};
use crate::report::{Checked, failed};

/// A split that has been read, and what came of it.
pub(crate) struct ReadSplit {
    pub(crate) split: SplitBytes,
    pub(crate) emissions: Vec<Emission>,
}

impl ReadSplit {
    /// Its last position: what the enumerator is told.
    pub(crate) fn end(&self) -> &[u8] {
        let positions = self.emissions.iter().rev();
        let mut positions = positions.filter_map(|e| e.position.as_deref());
        positions.next().unwrap_or(&self.split.bytes)
    }
}

/// Asks for splits again no later than this, whatever the enumerator says.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Reads a bounded source to its end by so many readers, which take splits from one queue.
pub(crate) async fn read_everything(
    source: &Arc<dyn DynSource>,
    parallelism: usize,
    size: BatchSize,
) -> Checked<Vec<ReadSplit>> {
    if source.boundedness() == Boundedness::Unbounded {
        return failed("the source has no end; lay it out so that it has one in batch mode");
    }
    let mut enumerator = source.enumerator(parallelism, None).await?;
    let mut readers = Vec::new();
    for subtask in 0..parallelism {
        readers.push(reader(source.as_ref(), subtask, parallelism).await?);
    }
    let mut all = Vec::new();
    loop {
        let found = enumerator.discover().await?;
        let queue: VecDeque<SplitBytes> = found.splits.into();
        let queue = Arc::new(Mutex::new(queue));
        let mut tasks = JoinSet::new();
        for mut reader in readers.drain(..) {
            let queue = queue.clone();
            tasks.spawn(async move {
                let mut done = Vec::new();
                loop {
                    let split = queue
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .pop_front();
                    let Some(split) = split else { break };
                    let mut collector = Collector::new(size, At::Never);
                    reader.read(&split.bytes, &mut collector).await?;
                    let emissions = collector.emissions;
                    done.push(ReadSplit { split, emissions });
                }
                Ok::<_, seatunnel_api::Error>((reader, done))
            });
        }
        let mut finished = Vec::new();
        while let Some(joined) = tasks.join_next().await {
            match joined {
                Ok(result) => {
                    let (reader, done) = result?;
                    readers.push(reader);
                    finished.extend(done);
                }
                Err(panic) => return failed(format!("a reader panicked: {panic}")),
            }
        }
        for split in &finished {
            enumerator.split_finished(split.end()).await?;
        }
        let idle = finished.is_empty();
        all.extend(finished);
        if !pause(found.next, idle).await? {
            return Ok(all);
        }
    }
}

/// Waits as the enumerator asks; false at its end.
async fn pause(next: NextDiscovery, idle: bool) -> Checked<bool> {
    match next {
        NextDiscovery::Never => return Ok(false),
        NextDiscovery::After(time) => tokio::time::sleep(time.min(LONGEST_PAUSE)).await,
        NextDiscovery::OnSplitFinished if idle => {
            return failed(
                "the enumerator waits for a split to be read, but has given out none that is not",
            );
        }
        NextDiscovery::OnSplitFinished => {}
    }
    Ok(true)
}

/// All splits that an enumerator still gives, as if each, and each that is `waiting` to be read,
/// were read to its end without a row.
pub(crate) async fn drain(
    enumerator: &mut dyn DynEnumerator,
    mut waiting: Vec<SplitBytes>,
) -> Checked<Vec<SplitBytes>> {
    let mut all = Vec::new();
    loop {
        let found = enumerator.discover().await?;
        all.extend(found.splits.iter().cloned());
        waiting.extend(found.splits);
        let idle = waiting.is_empty();
        for split in waiting.drain(..) {
            enumerator.split_finished(&split.bytes).await?;
        }
        if !pause(found.next, idle).await? {
            return Ok(all);
        }
    }
}
