//! Writing cancelled at every point.

use seatunnel_api::JobContext;
use seatunnel_api::erased::DynSink;

use super::{Target, after_replay, is_exactly_once, rng};
use crate::compare::{EXACTLY, SOME};
use crate::datasets;
use crate::engine::{new_job, until_wait, write};
use crate::fixture::SinkFixture;
use crate::report::{Checked, Findings};

const BATCHES: usize = 3;
const BATCH_ROWS: usize = 40;

/// What the engine still does.
#[derive(Clone, Copy, Debug)]
enum End {
    /// `writer.abort()`.
    Abort,
    /// Nothing: the process is killed.
    Killed,
    /// `prepare_commit`, then `sink.abort(committables)`.
    PreparedThenAbort,
    /// The write is dropped at this wait, then `writer.abort()`.
    DroppedWrite(usize),
    /// The prepare_commit is dropped at this wait, then `writer.abort()`.
    DroppedPrepare(usize),
}

pub(super) async fn anywhere<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let rows = BATCHES * BATCH_ROWS;
    let first = Target::new(fixture, datasets::many(rows, &mut rng()), findings).await?;
    let mut ends = Vec::new();
    for batches in [0, 1, BATCHES] {
        ends.extend([End::Abort, End::Killed, End::PreparedThenAbort].map(|e| (e, batches)));
    }
    for waits in [1, 2, 4] {
        ends.push((End::DroppedWrite(waits), 1));
        ends.push((End::DroppedPrepare(waits), BATCHES));
    }
    for (end, batches) in ends {
        let target = first.another().await?;
        let place = format!("cancelled after {batches} batches: {end:?}");
        let job = new_job();
        let sink = target.sink(&job).await?;
        if let Err(stop) = write_and_cancel(&target, sink.as_ref(), &job, end, batches).await {
            findings.fail(format!("{place}:"));
            return Err(stop);
        }
        let guarantee = sink.guarantee();
        let strict = is_exactly_once(guarantee);
        let (expected, allowed) = if strict { (0, EXACTLY) } else { (rows, SOME) };
        if let Err(what) = target.expect(expected, allowed).await? {
            findings.fail(format!("{place}:\n{what}"));
        }
        drop(sink);
        // The user starts the job again: what the first run left is taken back.
        target.sink(&job).await?.discard_leftovers(&job).await?;
        target.load(target.data().batches(BATCH_ROWS), 1).await?;
        if let Err(what) = target.expect(rows, after_replay(guarantee)).await? {
            findings.fail(format!("{place}, then run from the start:\n{what}"));
        }
    }
    Ok(())
}

async fn write_and_cancel<F: SinkFixture>(
    target: &Target<'_, F>,
    sink: &dyn DynSink,
    job: &JobContext,
    end: End,
    batches: usize,
) -> Checked {
    sink.prepare().await?;
    let mut writer = write::writer(sink, job).await?;
    let all = target.data().batches(BATCH_ROWS);
    for batch in &all[..batches] {
        writer.write(batch.clone()).await?;
    }
    match end {
        End::Killed => return Ok(()),
        End::Abort => {}
        End::PreparedThenAbort => {
            let ready = writer.prepare_commit(1).await?;
            drop(writer);
            return Ok(sink.abort(ready).await?);
        }
        End::DroppedWrite(waits) => {
            if let Some(done) = until_wait(writer.write(all[batches].clone()), waits).await {
                done?;
            }
        }
        End::DroppedPrepare(waits) => {
            if let Some(done) = until_wait(writer.prepare_commit(1), waits).await {
                let ready = done?;
                writer.abort().await?;
                return Ok(sink.abort(ready).await?);
            }
        }
    }
    Ok(writer.abort().await?)
}
