//! Targets and rows that must end in an error.

use super::rng;
use crate::datasets::{ask, many};
use crate::engine::{new_job, write};
use crate::fixture::{Bad, SinkFixture};
use crate::report::{Checked, Findings, Stop};
use crate::source_checks::judge;

pub(super) async fn of_bad_targets<F: SinkFixture>(
    fixture: &F,
    findings: &mut Findings,
) -> Checked {
    let targets = fixture.bad_targets().await?;
    if targets.is_empty() {
        findings
            .fail("the fixture gives no bad targets; leave the check out if there can't be any");
    }
    for bad in &targets {
        findings.note(bad.what.clone());
        match load(fixture, bad, findings).await {
            Ok(()) => findings.fail(format!("{}: expected an error, came none", bad.what)),
            Err(Stop::Failed(report) | Stop::LeftOut(report)) => {
                if let Err(what) = judge(bad, &report) {
                    findings.fail(what);
                }
            }
        }
    }
    Ok(())
}

async fn load<F: SinkFixture>(fixture: &F, bad: &Bad, findings: &mut Findings) -> Checked {
    let data = match &bad.data {
        Some(data) => data.clone(),
        None => ask(fixture, many(10, &mut rng()), findings).data,
    };
    let job = new_job();
    let sink = write::open(fixture, &job, &bad.config, data.table()).await?;
    Ok(write::load(sink.as_ref(), &job, data.batches(100), 1).await?)
}
