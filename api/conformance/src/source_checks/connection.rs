//! The connection killed while rows are read.

use seatunnel_api::codes;
use tokio::time::timeout;

use super::{lay, rng};
use crate::compare::EXACTLY;
use crate::datasets;
use crate::engine::read::{At, Collector, batches_of, read_split, reader, rows_of};
use crate::engine::splits::drain;
use crate::fixture::{Connection, SourceFixture};
use crate::report::{Checked, Findings, Stop};

/// More than what fits into the buffers of a connection.
const BYTES: usize = 8 << 20;

pub(super) async fn killed<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let Some(connection) = fixture.connection() else {
        return Err(Stop::LeftOut("there is no connection to kill".to_owned()));
    };
    let laid = lay(fixture, datasets::bulk(1, BYTES, &mut rng()), findings).await?;
    let laid = laid.with_given_values()?;
    for at in [0, 3] {
        let source = laid.open(fixture, 1).await?;
        let mut enumerator = source.enumerator(1, None).await?;
        let splits = drain(enumerator.as_mut(), Vec::new()).await?;
        let mut reader = reader(source.as_ref(), 0, 1).await?;
        let mut collector = Collector::new(batches_of(256), At::Kill(at, connection));
        let place = format!("killed at batch {}", at + 1);
        // What has been read of splits, and where to go on.
        let (mut came, mut left) = (Vec::new(), Vec::new());
        let mut outcome = Ok(());
        for split in splits {
            if outcome.is_err() {
                left.push(split.bytes);
                continue;
            }
            collector.emissions.clear();
            let reading = reader.read(&split.bytes, &mut collector);
            outcome = match timeout(connection.patience(), reading).await {
                Ok(result) => result,
                Err(_) => {
                    let patience = connection.patience();
                    findings.fail(format!("{place}: no end and no error after {patience:?}"));
                    return heal(connection).await;
                }
            };
            match outcome {
                Ok(()) => came.extend(rows_of(&collector.emissions)),
                Err(_) => {
                    let (position, taken) = collector.kept();
                    came.extend(taken);
                    left.push(position.unwrap_or(&split.bytes).to_vec());
                }
            }
        }
        heal(connection).await?;
        match outcome {
            Ok(()) => findings.note(format!("{place}: all rows came")),
            Err(error) if error.code() == codes::INTERNAL || !error.is_retryable() => {
                findings.fail(format!(
                    "{place}: expected an error with a code of its own that may be retried, came\n{}",
                    error.report()
                ));
            }
            Err(error) => findings.note(format!("{place}: {error}")),
        }
        let source = laid.open(fixture, 1).await?;
        for split in left {
            came.extend(rows_of(
                &read_split(source.as_ref(), &split, batches_of(256)).await?,
            ));
        }
        if let Err(what) = laid.expect(1, &came, EXACTLY) {
            findings.fail(format!("{place}, then gone on:\n{what}"));
        }
    }
    Ok(())
}

async fn heal(connection: &dyn Connection) -> Checked {
    Ok(connection.heal().await?)
}
