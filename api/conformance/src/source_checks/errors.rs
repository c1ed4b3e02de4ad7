//! Inputs that must end in an error.

use std::sync::Arc;

use seatunnel_api::{Error, codes};

use crate::engine::read::{batches_of, open};
use crate::engine::splits::read_everything;
use crate::fixture::{Bad, SourceFixture};
use crate::report::{Checked, Findings, Stop};

pub(super) async fn of_bad_inputs<F: SourceFixture>(
    fixture: &F,
    findings: &mut Findings,
) -> Checked {
    let inputs = fixture.bad_inputs().await?;
    if inputs.is_empty() {
        findings.fail("the fixture gives no bad inputs; leave the check out if there can't be any");
    }
    for bad in &inputs {
        findings.note(bad.what.clone());
        match read(fixture, bad).await {
            Ok(rows) => findings.fail(format!(
                "{}: expected an error, came {rows} rows and none",
                bad.what
            )),
            Err(Stop::Failed(report) | Stop::LeftOut(report)) => {
                if let Err(what) = judge(bad, &report) {
                    findings.fail(what);
                }
            }
        }
    }
    Ok(())
}

async fn read<F: SourceFixture>(fixture: &F, bad: &Bad) -> Checked<usize> {
    let source = open(fixture, &bad.config, 1).await?;
    let source = Arc::clone(&source);
    let read = read_everything(&source, 1, batches_of(100)).await?;
    let rows = read.iter().flat_map(|r| &r.emissions);
    Ok(rows.map(|e| e.batch.num_rows()).sum())
}

/// Whether the story of an error tells what it must.
pub(crate) fn judge(bad: &Bad, report: &str) -> Result<(), String> {
    let internal = Error::new(codes::INTERNAL, "").code().id;
    let mut lacks = Vec::new();
    if report.contains("panicked") {
        lacks.push("no panic".to_owned());
    }
    if report.contains(internal) {
        lacks.push("a code of its own".to_owned());
    }
    for text in &bad.mentions {
        if !report.contains(text) {
            lacks.push(format!("the text {text:?}"));
        }
    }
    match lacks.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{}: expected {} in\n{report}",
            bad.what,
            lacks.join(", ")
        )),
    }
}
