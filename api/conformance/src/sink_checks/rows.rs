//! Rows written by a job that nothing disturbs.

use super::{Target, rng};
use crate::compare::EXACTLY;
use crate::datasets::{self, Rows};
use crate::engine::{new_job, write};
use crate::fixture::SinkFixture;
use crate::report::{Checked, Findings};

pub(super) async fn types<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let rows = datasets::types(fixture, findings);
    whole(fixture, rows, 5, findings).await
}

pub(super) async fn nulls<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let rows = datasets::nulls(fixture, findings);
    whole(fixture, rows, 8_192, findings).await
}

pub(super) async fn wide<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let (columns, why) = fixture.limits().columns;
    if let Some(why) = why {
        findings.note(format!("{columns} columns: {why}"));
    }
    whole(fixture, datasets::wide(columns), 4, findings).await
}

pub(super) async fn large<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let (bytes, why) = fixture.limits().value_bytes;
    if let Some(why) = why {
        findings.note(format!("{bytes} bytes: {why}"));
    }
    whole(fixture, datasets::large(bytes, &mut rng()), 1, findings).await
}

async fn whole<F: SinkFixture>(
    fixture: &F,
    rows: Rows,
    batch_rows: usize,
    findings: &mut Findings,
) -> Checked {
    let target = Target::new(fixture, rows, findings).await?;
    target.load(target.data().batches(batch_rows), 1).await?;
    let rows = target.set.expected.len();
    if let Err(what) = target.expect(rows, EXACTLY).await? {
        findings.fail(what);
    }
    Ok(())
}

pub(super) async fn empty<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let target = Target::new(fixture, datasets::empty(), findings).await?;
    target.load(Vec::new(), 2).await?;
    if let Err(what) = target.expect(0, EXACTLY).await? {
        findings.fail(format!("no batch at all:\n{what}"));
    }
    let target = Target::new(fixture, datasets::many(3, &mut rng()), findings).await?;
    let [full] = &target.data().batches(10)[..] else {
        return Ok(());
    };
    let batches = [full.slice(0, 0), full.clone(), full.slice(3, 0)];
    target.load(batches, 1).await?;
    if let Err(what) = target.expect(3, EXACTLY).await? {
        findings.fail(format!("batches without rows between others:\n{what}"));
    }
    Ok(())
}

pub(super) async fn writers<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let first = Target::new(fixture, datasets::many(500, &mut rng()), findings).await?;
    // Eight batches at most: the last of so many writers get none.
    for (writers, batch_rows) in [(1, 500), (1, 7), (2, 63), (4, 40), (9, 63)] {
        let target = first.another().await?;
        target
            .load(target.data().batches(batch_rows), writers)
            .await?;
        if let Err(what) = target.expect(500, EXACTLY).await? {
            findings.fail(format!(
                "{writers} writers, batches of {batch_rows} rows:\n{what}"
            ));
        }
    }
    // Parts of larger batches, as transforms hand them on.
    let target = first.another().await?;
    let job = new_job();
    let sink = target.sink(&job).await?;
    let whole = target.data().batches(500);
    let parts = (0..500).step_by(50).map(|from| whole[0].slice(from, 50));
    write::load(sink.as_ref(), &job, parts, 1).await?;
    if let Err(what) = target.expect(500, EXACTLY).await? {
        findings.fail(format!("slices of a batch:\n{what}"));
    }
    Ok(())
}
