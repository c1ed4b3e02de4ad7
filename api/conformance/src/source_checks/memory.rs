//! Memory while many rows are read.

use super::{lay, rng};
use crate::datasets;
use crate::engine::read::{Collector, reader};
use crate::engine::splits::drain;
use crate::fixture::{self, SourceFixture};
use crate::memory::Peak;
use crate::report::{Checked, Findings};
use seatunnel_api::BatchSize;

pub(super) async fn bounded<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let (limit, why) = fixture.limits().memory;
    if let Some(why) = why {
        findings.note(format!("{limit} bytes: {why}"));
    }
    let laid = lay(fixture, datasets::bulk(1, 2 * limit, &mut rng()), findings).await?;
    let expected = match laid.rows {
        fixture::Rows::MadeUp { per_reader } => per_reader,
        _ => laid.set.expected.len(),
    };
    let config = laid.config.clone();
    drop(laid);
    let source = crate::engine::read::open(fixture, &config, 1).await?;
    let mut enumerator = source.enumerator(1, None).await?;
    let peak = Peak::start();
    let splits = drain(enumerator.as_mut(), Vec::new()).await?;
    let mut reader = reader(source.as_ref(), 0, 1).await?;
    let mut rows = 0;
    for split in splits {
        let mut each = |batch: &seatunnel_api::Batch| rows += batch.num_rows();
        let mut collector = Collector::passing(BatchSize::default(), &mut each);
        reader.read(&split.bytes, &mut collector).await?;
    }
    let bytes = peak.bytes();
    findings.note(format!("{} KiB for {rows} rows", bytes >> 10));
    if rows != expected {
        findings.fail(format!("expected {expected} rows, came {rows}"));
    }
    if bytes > limit {
        findings.fail(format!(
            "{rows} rows took {bytes} bytes of memory, expected at most {limit}"
        ));
    }
    Ok(())
}
