//! Runs checks: one by one or all, each with a time limit, a panic being a finding like others.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::checks::{Check, SinkCheck, SourceCheck};
use crate::fixture::{SinkFixture, SourceFixture};
use crate::memory;
use crate::report::{Checked, Findings, Outcome, Report, Stop, Verdict};
use crate::{sink_checks, source_checks};

/// What data is made from unless `CONFORMANCE_SEED` says otherwise.
const SEED: u64 = 20_240_229;

/// A check that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(120);

pub(crate) fn seed() -> u64 {
    let given = std::env::var("CONFORMANCE_SEED").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(SEED)
}

/// Runs these checks of a source.
pub async fn check_source(fixture: impl SourceFixture, checks: &[SourceCheck]) -> Report {
    let fixture = Arc::new(fixture);
    let mut outcomes = Vec::new();
    for check in checks.iter().copied() {
        let reason = fixture.limits().reason_to_leave_out(check.name());
        let fixture = fixture.clone();
        let run = async move {
            let mut findings = Findings::default();
            let ended = source_checks::run(check, fixture.as_ref(), &mut findings).await;
            (findings, ended)
        };
        outcomes.push(outcome(check, check == SourceCheck::Memory, reason, run).await);
    }
    report(format!("source {}", fixture.plugin().1), outcomes)
}

/// Runs these checks of a sink.
pub async fn check_sink(fixture: impl SinkFixture, checks: &[SinkCheck]) -> Report {
    let fixture = Arc::new(fixture);
    let mut outcomes = Vec::new();
    for check in checks.iter().copied() {
        let reason = fixture.limits().reason_to_leave_out(check.name());
        let fixture = fixture.clone();
        let run = async move {
            let mut findings = Findings::default();
            let ended = sink_checks::run(check, fixture.as_ref(), &mut findings).await;
            (findings, ended)
        };
        outcomes.push(outcome(check, check == SinkCheck::Memory, reason, run).await);
    }
    report(format!("sink {}", fixture.plugin().1), outcomes)
}

fn report(subject: String, outcomes: Vec<Outcome>) -> Report {
    Report {
        subject,
        seed: seed(),
        outcomes,
    }
}

async fn outcome<C: Check>(
    check: C,
    alone: bool,
    reason: Option<&'static str>,
    run: impl Future<Output = (Findings, Checked)> + Send + 'static,
) -> Outcome {
    let (name, promise) = (check.name(), check.promise());
    let (mut notes, mut omitted) = (Vec::new(), Vec::new());
    let verdict = match reason {
        Some(reason) => Verdict::LeftOut(reason.to_owned()),
        None => {
            let (_others, _alone) = if alone {
                (None, Some(memory::alone().await))
            } else {
                (Some(memory::among_others().await), None)
            };
            let mut task = tokio::spawn(run);
            match tokio::time::timeout(LONGEST, &mut task).await {
                Err(_) => {
                    task.abort();
                    Verdict::Failed(vec![format!("no end after {} s", LONGEST.as_secs())])
                }
                Ok(Err(panic)) => Verdict::Failed(vec![format!("a panic: {panic}")]),
                Ok(Ok((mut findings, ended))) => {
                    notes.append(&mut findings.notes);
                    omitted.append(&mut findings.omitted);
                    verdict(findings, ended)
                }
            }
        }
    };
    Outcome {
        check: name,
        promise,
        verdict,
        notes,
        omitted,
    }
}

fn verdict(mut findings: Findings, ended: Checked) -> Verdict {
    match ended {
        Err(Stop::Failed(what)) => findings.fail(what),
        Err(Stop::LeftOut(why)) if findings.failures.is_empty() => return Verdict::LeftOut(why),
        _ => {}
    }
    if findings.failures.is_empty() {
        Verdict::Passed
    } else {
        Verdict::Failed(findings.failures)
    }
}

/// What a generated test does: runs one check on a runtime of its own and prints what came of it.
///
/// # Panics
/// If the check fails.
#[doc(hidden)]
pub fn test_source<F: SourceFixture>(make: impl Future<Output = F>, check: SourceCheck) {
    runtime().block_on(async {
        finish(check_source(make.await, &[check]).await);
    });
}

/// What a generated test does, for a sink.
///
/// # Panics
/// If the check fails.
#[doc(hidden)]
pub fn test_sink<F: SinkFixture>(make: impl Future<Output = F>, check: SinkCheck) {
    runtime().block_on(async {
        finish(check_sink(make.await, &[check]).await);
    });
}

/// The report is printed for `cargo test -- --nocapture`. What was left out is said in any case, past
/// the test harness, which keeps what passing tests print.
#[allow(clippy::print_stdout, reason = "the output of a test")]
fn finish(report: Report) {
    let report = report.assert_passed();
    let mut harness = std::io::stderr();
    for outcome in &report.outcomes {
        let what = format!("left out: {}: {}", report.subject, outcome.check);
        if let Verdict::LeftOut(why) = &outcome.verdict {
            let _ = writeln!(harness, "{what}: {why}");
        }
        for omitted in &outcome.omitted {
            let _ = writeln!(harness, "{what} {omitted}");
        }
    }
    println!("{report}");
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made")
}
