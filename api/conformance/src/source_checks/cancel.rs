//! Reading cancelled at every point.

use std::sync::{Arc, Weak};
use std::time::Duration;

use seatunnel_api::erased::SplitBytes;
use seatunnel_api::{CatalogTable, Value, codes};
use tokio::sync::Notify;

use super::{Laid, lay, rng};
use crate::datasets;
use crate::engine::read::{At, Collector, batches_of, read_split, reader, rows_of};
use crate::engine::{splits, until_wait};
use crate::fixture::SourceFixture;
use crate::report::{Checked, Findings, failed};
use crate::values::same;

const BATCH_ROWS: usize = 20;
/// What a cancelled reader leaves to end by itself must end within this time.
const LEFTOVERS: Duration = Duration::from_secs(5);

pub(super) async fn anywhere<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let laid = lay(fixture, datasets::many(150, &mut rng()), findings).await?;
    let split = largest_split(fixture, &laid).await?;
    let source = laid.open(fixture, 1).await?;
    let whole = read_split(source.as_ref(), &split.bytes, batches_of(BATCH_ROWS)).await?;
    let (emissions, reference) = (whole.len(), rows_of(&whole));
    drop((whole, source));

    for at in 0..emissions.min(8) {
        refused(fixture, &laid, &split, at, findings).await?;
        let place = format!("dropped while batch {} was waiting", at + 1);
        let there = Notify::new();
        let stall = At::Stall(at, &there);
        dropped(
            fixture, &laid, &split, stall, 0, &place, &reference, findings,
        )
        .await?;
    }
    for waits in 1..=16 {
        let place = format!("dropped at wait {waits}");
        let ended = dropped(
            fixture,
            &laid,
            &split,
            At::Never,
            waits,
            &place,
            &reference,
            findings,
        );
        if ended.await? {
            break;
        }
    }
    Ok(())
}

async fn largest_split<F: SourceFixture>(fixture: &F, laid: &Laid) -> Checked<SplitBytes> {
    let source = laid.open(fixture, 1).await?;
    let read = splits::read_everything(&source, 1, batches_of(BATCH_ROWS)).await?;
    match read.into_iter().max_by_key(|read| read.emissions.len()) {
        Some(read) => Ok(read.split),
        None => failed("there are rows and no split"),
    }
}

/// The engine says "cancelled" to a batch: the reader passes it on and hands over nothing more.
async fn refused<F: SourceFixture>(
    fixture: &F,
    laid: &Laid,
    split: &SplitBytes,
    at: usize,
    findings: &mut Findings,
) -> Checked {
    let source = laid.open(fixture, 1).await?;
    let mut collector = Collector::new(batches_of(BATCH_ROWS), At::Refuse(at));
    let mut reader = reader(source.as_ref(), 0, 1).await?;
    let place = format!("batch {} was refused", at + 1);
    match reader.read(&split.bytes, &mut collector).await {
        Ok(()) => findings.fail(format!("{place}, and the reader says that all is read")),
        Err(error) if error.code() != codes::CANCELLED => findings.fail(format!(
            "{place}: expected the error that emit gave, came\n{}",
            error.report()
        )),
        Err(_) => {}
    }
    if collector.offered > at + 1 {
        findings.fail(format!("{place}, and the reader offered more"));
    }
    Ok(())
}

/// The read is dropped, at an emission or at a wait. Nothing goes on, and another reader goes on from
/// the last position. True if the read came to its end before.
#[allow(
    clippy::too_many_arguments,
    reason = "what to read, where to stop, what to expect"
)]
async fn dropped<F: SourceFixture>(
    fixture: &F,
    laid: &Laid,
    split: &SplitBytes,
    at: At<'_>,
    waits: usize,
    place: &str,
    reference: &[Vec<Value>],
    findings: &mut Findings,
) -> Checked<bool> {
    let source = laid.open(fixture, 1).await?;
    let table = Arc::downgrade(&source.tables()[0]);
    let mut collector = Collector::new(batches_of(BATCH_ROWS), at);
    let mut reader = reader(source.as_ref(), 0, 1).await?;
    let reading = reader.read(&split.bytes, &mut collector);
    let ended = match at {
        At::Stall(_, there) => tokio::select! {
            ended = reading => Some(ended),
            () = there.notified() => None,
        },
        _ => until_wait(reading, waits).await,
    };
    let ended = match ended {
        None => false,
        Some(Ok(())) => true,
        Some(Err(error)) => return Err(error.into()),
    };
    drop(reader);
    let (position, taken) = collector.kept();
    let position = position.unwrap_or(&split.bytes).to_vec();
    drop((collector, source));
    gone(table, place).await?;
    let source = laid.open(fixture, 1).await?;
    let rest = read_split(source.as_ref(), &position, batches_of(BATCH_ROWS)).await?;
    let came = [taken, rows_of(&rest)].concat();
    let same = came.len() == reference.len()
        && came
            .iter()
            .zip(reference)
            .all(|(a, b)| a.iter().zip(b).all(|(a, b)| same(a, b)));
    if !same {
        findings.fail(format!(
            "{place}: the rows taken and the rest are {} rows, expected the same {} in the same order",
            came.len(),
            reference.len()
        ));
    }
    Ok(ended)
}

/// What holds the table after reader and source are dropped is a task that nobody can stop.
async fn gone(table: Weak<CatalogTable>, place: &str) -> Checked {
    let pause = Duration::from_millis(10);
    for _ in 0..LEFTOVERS.as_millis() / pause.as_millis() {
        if table.strong_count() == 0 {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
    }
    failed(format!(
        "{place}: something goes on after reader and source are dropped"
    ))
}
