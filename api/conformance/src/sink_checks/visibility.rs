//! When rows show.

use super::{Target, is_exactly_once, rng};
use crate::compare::EXACTLY;
use crate::datasets;
use crate::engine::{new_job, write};
use crate::fixture::SinkFixture;
use crate::report::{Checked, Findings, Stop};

pub(super) async fn before_commit<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let target = Target::new(fixture, datasets::many(90, &mut rng()), findings).await?;
    let job = new_job();
    let sink = target.sink(&job).await?;
    if !is_exactly_once(sink.guarantee()) {
        let why = format!("the sink promises {:?}", sink.guarantee());
        return Err(Stop::LeftOut(why));
    }
    sink.prepare().await?;
    let mut writer = write::writer(sink.as_ref(), &job).await?;
    let batches = target.data().batches(30);
    for (batch, committed) in batches.into_iter().zip([0, 30, 60]) {
        let checkpoint = committed as u64 / 30 + 1;
        writer.write(batch).await?;
        if let Err(what) = target.expect(committed, EXACTLY).await? {
            findings.fail(format!(
                "after write, before checkpoint {checkpoint}:\n{what}"
            ));
        }
        let ready = writer.prepare_commit(checkpoint).await?;
        if let Err(what) = target.expect(committed, EXACTLY).await? {
            findings.fail(format!(
                "after prepare_commit and before commit of checkpoint {checkpoint}:\n{what}"
            ));
        }
        sink.commit(ready).await?;
        if let Err(what) = target.expect(committed + 30, EXACTLY).await? {
            findings.fail(format!("after commit of checkpoint {checkpoint}:\n{what}"));
        }
    }
    writer.close().await?;
    sink.finish().await?;
    if let Err(what) = target.expect(90, EXACTLY).await? {
        findings.fail(format!("after finish:\n{what}"));
    }
    Ok(())
}
