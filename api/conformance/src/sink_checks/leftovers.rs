//! What a killed process has prepared, and nobody will commit.

use seatunnel_api::erased::{DynSink, DynWriter};
use seatunnel_api::{Batch, CheckpointId, JobContext};

use super::{Target, after_replay, is_exactly_once, rng};
use crate::compare::{EXACTLY, SOME};
use crate::datasets;
use crate::engine::{new_job, task};
use crate::fixture::SinkFixture;
use crate::report::{Checked, Findings};

/// Each of two writers has one batch for each step.
const STEPS: usize = 4;
const WRITERS: usize = 2;
const BATCH_ROWS: usize = 20;

/// Two jobs write to one target. The first is killed with a checkpoint prepared and rows behind it,
/// and run again; the other one has prepared before, and commits at the end.
pub(super) async fn taken_back<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let per_step = WRITERS * BATCH_ROWS;
    let set = datasets::many(STEPS * per_step, &mut rng());
    let target = Target::new(fixture, set, findings).await?;
    let batches = target.data().batches(BATCH_ROWS);
    let step = |number: usize| &batches[(number - 1) * WRITERS..number * WRITERS];
    let (job, other) = (new_job(), new_job());

    let sink = target.sink(&job).await?;
    let guarantee = sink.guarantee();
    sink.prepare().await?;
    let mut writers = open(sink.as_ref(), &job).await?;
    write(&mut writers, step(1)).await?;
    let committed = prepare(&mut writers, 1).await?;
    sink.commit(committed.clone()).await?;
    // One that it hands over, one that it does not.
    write(&mut writers, step(2)).await?;
    prepare(&mut writers, 2).await?;
    write(&mut writers, step(3)).await?;
    drop((writers, sink));

    let neighbour = target.sink(&other).await?;
    let mut writers = open(neighbour.as_ref(), &other).await?;
    write(&mut writers, step(4)).await?;
    let neighbours = prepare(&mut writers, 1).await?;
    drop((writers, neighbour));

    let sink = target.sink(&job).await?;
    sink.commit(committed).await?;
    for time in ["taken back", "taken back once more"] {
        sink.discard_leftovers(&job).await?;
        let strict = is_exactly_once(guarantee);
        let (rows, allowed) = match strict {
            true => (per_step, EXACTLY),
            false => (STEPS * per_step, SOME),
        };
        if let Err(what) = target.expect(rows, allowed).await? {
            findings.fail(format!("what was prepared is {time}:\n{what}"));
        }
    }
    let mut writers = open(sink.as_ref(), &job).await?;
    for (number, checkpoint) in [(2, 3), (3, 4)] {
        write(&mut writers, step(number)).await?;
        sink.commit(prepare(&mut writers, checkpoint).await?)
            .await?;
    }
    for writer in &mut writers {
        writer.close().await?;
    }
    sink.finish().await?;
    drop((writers, sink));
    let neighbour = target.sink(&other).await?;
    if let Err(error) = neighbour.commit(neighbours).await {
        findings.fail(format!(
            "what another job has prepared can't be committed any more:\n{}",
            error.report()
        ));
        return Ok(());
    }
    neighbour.finish().await?;
    drop(neighbour);
    if let Err(what) = target
        .expect(STEPS * per_step, after_replay(guarantee))
        .await?
    {
        findings.fail(format!("both jobs are at their ends:\n{what}"));
    }
    let left = fixture.leftovers(&target.config).await?;
    if !left.is_empty() {
        findings.fail(format!(
            "both jobs are at their ends, and left behind: {}",
            left.join(", ")
        ));
    }
    Ok(())
}

type Writers = Vec<Box<dyn DynWriter>>;

async fn open(sink: &dyn DynSink, job: &JobContext) -> Checked<Writers> {
    let mut writers = Vec::new();
    for subtask in 0..WRITERS {
        writers.push(sink.writer(task(job, subtask, WRITERS)).await?);
    }
    Ok(writers)
}

async fn write(writers: &mut Writers, batches: &[Batch]) -> Checked {
    for (writer, batch) in writers.iter_mut().zip(batches) {
        writer.write(batch.clone()).await?;
    }
    Ok(())
}

async fn prepare(writers: &mut Writers, checkpoint: CheckpointId) -> Checked<Vec<Vec<u8>>> {
    let mut ready = Vec::new();
    for writer in writers {
        ready.extend(writer.prepare_commit(checkpoint).await?);
    }
    Ok(ready)
}
