//! A process that ends at every point of a job, and the one that takes over.

use super::{Target, after_replay, rng};
use crate::datasets;
use crate::engine::{new_job, write};
use crate::fixture::SinkFixture;
use crate::report::{Checked, Findings};

/// Batches of a job; each is followed by a checkpoint.
const BATCHES: usize = 4;
const BATCH_ROWS: usize = 25;

/// Where the process ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// After a batch was written, before its checkpoint. It is read and written again.
    Written,
    /// After prepare_commit, the checkpoint being incomplete: what was prepared is taken back, and
    /// the batch is written again.
    PreparedInVain,
    /// After prepare_commit, the checkpoint being complete: what was prepared is committed.
    Prepared,
    /// After commit, before anybody knew: it is committed again.
    Committed,
}

pub(super) async fn everywhere<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let rows = BATCHES * BATCH_ROWS;
    let first = Target::new(fixture, datasets::many(rows, &mut rng()), findings).await?;
    for end in [
        End::Written,
        End::PreparedInVain,
        End::Prepared,
        End::Committed,
    ] {
        for at in 0..BATCHES {
            let target = first.another().await?;
            let place = format!(
                "the process ended at batch {} of {BATCHES}: {end:?}",
                at + 1
            );
            match crash_and_go_on(&target, end, at).await {
                Ok(Ok(())) => {}
                Ok(Err(what)) => findings.fail(format!("{place}:\n{what}")),
                Err(stop) => {
                    findings.fail(format!("{place}:"));
                    return Err(stop);
                }
            }
        }
    }
    Ok(())
}

async fn crash_and_go_on<F: SinkFixture>(
    target: &Target<'_, F>,
    end: End,
    at: usize,
) -> Checked<Result<(), String>> {
    let job = new_job();
    let batches = target.data().batches(BATCH_ROWS);
    let sink = target.sink(&job).await?;
    sink.prepare().await?;
    let mut writer = write::writer(sink.as_ref(), &job).await?;
    // What the last complete checkpoint holds: an engine commits it again, to be sure.
    let mut last = Vec::new();
    for (batch, checkpoint) in batches[..at].iter().zip(1..) {
        writer.write(batch.clone()).await?;
        last = writer.prepare_commit(checkpoint).await?;
        sink.commit(last.clone()).await?;
    }
    let next = at as u64 + 1;
    writer.write(batches[at].clone()).await?;
    let prepared = match end {
        End::Written => Vec::new(),
        _ => writer.prepare_commit(next).await?,
    };
    if end == End::Committed {
        sink.commit(prepared.clone()).await?;
    }
    drop((writer, sink));

    let sink = target.sink(&job).await?;
    let go_on = match end {
        End::Written => {
            sink.commit(last).await?;
            at
        }
        End::PreparedInVain => {
            sink.commit(last).await?;
            sink.abort(prepared).await?;
            at
        }
        End::Prepared | End::Committed => {
            sink.commit(prepared.clone()).await?;
            sink.commit(prepared).await?;
            at + 1
        }
    };
    let mut writer = write::writer(sink.as_ref(), &job).await?;
    for (batch, checkpoint) in batches[go_on..].iter().zip(next + 1..) {
        writer.write(batch.clone()).await?;
        let ready = writer.prepare_commit(checkpoint).await?;
        sink.commit(ready).await?;
    }
    writer.close().await?;
    sink.finish().await?;
    let allowed = after_replay(sink.guarantee());
    target.expect(target.set.expected.len(), allowed).await
}
