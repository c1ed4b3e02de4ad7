//! What is promised, and by whom.

use seatunnel_api::Guarantee;

use super::Target;
use crate::datasets;
use crate::engine::new_job;
use crate::fixture::SinkFixture;
use crate::report::{Checked, Findings, failed};

pub(super) async fn consistent<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let target = Target::new(fixture, datasets::empty(), findings).await?;
    let own = target.sink(&new_job()).await?.guarantee();
    let (registry, name) = fixture.plugin();
    let Some(factory) = registry.find_sink(name) else {
        return failed(format!("the registry has no sink called {name}"));
    };
    let most = factory.guarantee();
    findings.note(format!("{own:?}"));
    if rank(own) > rank(most) {
        findings.fail(format!(
            "this sink promises {own:?}, its factory at most {most:?}"
        ));
    }
    for guarantee in [own, most] {
        if let Guarantee::Idempotent(text) | Guarantee::ExactlyOnce(text) = guarantee
            && text.trim().is_empty()
        {
            findings.fail(format!("{guarantee:?} does not say on what condition"));
        }
    }
    Ok(())
}

fn rank(guarantee: Guarantee) -> u8 {
    match guarantee {
        Guarantee::AtLeastOnce => 0,
        Guarantee::Idempotent(_) => 1,
        Guarantee::ExactlyOnce(_) => 2,
    }
}
