//! The connection killed while rows are written.

use seatunnel_api::erased::DynSink;
use seatunnel_api::{Batch, JobContext, codes};
use tokio::time::timeout;

use super::{Target, after_replay, is_exactly_once, rng};
use crate::compare::{EXACTLY, SOME};
use crate::datasets;
use crate::engine::{new_job, write};
use crate::fixture::{Connection, FixtureError, SinkFixture};
use crate::report::{Checked, Findings, Stop};

const ROWS: usize = 2_000;
const BATCH_ROWS: usize = 100;

pub(super) async fn killed<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let Some(connection) = fixture.connection() else {
        return Err(Stop::LeftOut("there is no connection to kill".to_owned()));
    };
    let first = Target::new(fixture, datasets::many(ROWS, &mut rng()), findings).await?;
    for at in [1, 10, ROWS / BATCH_ROWS] {
        let target = first.another().await?;
        let batches = target.data().batches(BATCH_ROWS);
        let place = format!("killed after {at} of {} batches", batches.len());
        let job = new_job();
        let sink = target.sink(&job).await?;
        let (mut cut, mut written) = (Ok(()), false);
        let loading = load(
            sink.as_ref(),
            &job,
            batches,
            at,
            connection,
            &mut cut,
            &mut written,
        );
        let Ok(outcome) = timeout(connection.patience(), loading).await else {
            let patience = connection.patience();
            findings.fail(format!("{place}: no end and no error after {patience:?}"));
            connection.heal().await?;
            return Ok(());
        };
        cut?;
        drop(sink);
        connection.heal().await?;
        let guarantee = target.sink(&job).await?.guarantee();
        let (expected, allowed) = match (&outcome, is_exactly_once(guarantee)) {
            (Ok(()), _) => (ROWS, EXACTLY),
            (Err(_), false) => (ROWS, SOME),
            // The answer to a commit may be lost on its way: then all is there, or nothing.
            (Err(_), true) if written && !target.rows().await?.is_empty() => (ROWS, EXACTLY),
            (Err(_), true) => (0, EXACTLY),
        };
        if let Err(what) = target.expect(expected, allowed).await? {
            findings.fail(format!("{place}:\n{what}"));
        }
        match outcome {
            Ok(()) => findings.note(format!("{place}: all rows came")),
            Err(error) => {
                if error.code() == codes::INTERNAL || !error.is_retryable() {
                    findings.fail(format!(
                        "{place}: expected an error with a code of its own that may be retried, came\n{}",
                        error.report()
                    ));
                }
                findings.note(format!("{place}: {error}"));
                if written && is_exactly_once(guarantee) {
                    continue;
                }
                target.load(target.data().batches(BATCH_ROWS), 1).await?;
                if let Err(what) = target.expect(ROWS, after_replay(guarantee)).await? {
                    findings.fail(format!("{place}, then run from the start:\n{what}"));
                }
            }
        }
    }
    Ok(())
}

/// A job whose connection is cut after so many batches. `written` says whether the commit began.
async fn load(
    sink: &dyn DynSink,
    job: &JobContext,
    batches: Vec<Batch>,
    at: usize,
    connection: &dyn Connection,
    cut: &mut Result<(), FixtureError>,
    written: &mut bool,
) -> seatunnel_api::Result<()> {
    sink.prepare().await?;
    let mut writer = write::writer(sink, job).await?;
    for (index, batch) in batches.into_iter().enumerate() {
        if let Err(error) = writer.write(batch).await {
            let _ = writer.abort().await;
            return Err(error);
        }
        if index + 1 == at {
            *cut = connection.kill().await;
        }
    }
    let ready = match writer.prepare_commit(1).await {
        Ok(ready) => ready,
        Err(error) => {
            let _ = writer.abort().await;
            return Err(error);
        }
    };
    *written = true;
    writer.close().await?;
    sink.commit(ready).await?;
    sink.finish().await
}
