//! Memory while many rows are written.

use super::{Target, rng};
use crate::datasets::{self, ask};
use crate::engine::{new_job, write};
use crate::fixture::SinkFixture;
use crate::memory::Peak;
use crate::report::{Checked, Findings};

/// Bytes of each batch.
const BATCH_BYTES: usize = 512 << 10;

pub(super) async fn bounded<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let (limit, why) = fixture.limits().memory;
    if let Some(why) = why {
        findings.note(format!("{limit} bytes: {why}"));
    }
    let mut rng = rng();
    let empty = datasets::bulk(0, 0, &mut rng);
    let target = Target::new(fixture, empty, findings).await?;
    let table = target.table().clone();
    let mut made = 0;
    // Each batch is made when the one before it has been taken.
    let batches = (0..2 * limit / BATCH_BYTES).map(|_| {
        let rows = datasets::bulk(made + 1, BATCH_BYTES, &mut rng);
        let data = ask(fixture, rows, &mut Findings::default()).data;
        made += data.rows().len() as i64;
        let mut batches = data.batches(data.rows().len());
        let (_, records, kinds) = batches.remove(0).into_parts();
        seatunnel_api::Batch::new(table.clone(), records, kinds)
    });
    let job = new_job();
    let sink = target.sink(&job).await?;
    let peak = Peak::start();
    write::load(sink.as_ref(), &job, batches, 1).await?;
    let bytes = peak.bytes();
    findings.note(format!("{} KiB for {made} rows", bytes >> 10));
    let came = target.rows().await?.len();
    if came as i64 != made {
        findings.fail(format!("expected {made} rows, came {came}"));
    }
    if bytes > limit {
        findings.fail(format!(
            "{made} rows took {bytes} bytes of memory, expected at most {limit}"
        ));
    }
    Ok(())
}
