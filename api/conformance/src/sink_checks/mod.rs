//! The checks of sinks.

mod cancel;
mod changes;
mod connection;
mod errors;
mod guarantee;
mod leftovers;
mod memory;
mod replay;
mod rows;
mod visibility;

use std::sync::Arc;

use fastrand::Rng;
use seatunnel_api::erased::DynSink;
use seatunnel_api::{Batch, CatalogTable, Guarantee, JobContext, Value};
use serde_json::Value as Json;

use crate::checks::SinkCheck;
use crate::compare::{AT_LEAST, Allowed, EXACTLY, compare};
use crate::data::Data;
use crate::datasets::{Dataset, Rows, ask};
use crate::engine::{new_job, write};
use crate::fixture::SinkFixture;
use crate::report::{Checked, Findings};
use crate::run::seed;

pub(crate) async fn run<F: SinkFixture>(
    check: SinkCheck,
    fixture: &F,
    findings: &mut Findings,
) -> Checked {
    match check {
        SinkCheck::Types => rows::types(fixture, findings).await,
        SinkCheck::Nulls => rows::nulls(fixture, findings).await,
        SinkCheck::Empty => rows::empty(fixture, findings).await,
        SinkCheck::Wide => rows::wide(fixture, findings).await,
        SinkCheck::LargeValue => rows::large(fixture, findings).await,
        SinkCheck::Writers => rows::writers(fixture, findings).await,
        SinkCheck::Visibility => visibility::before_commit(fixture, findings).await,
        SinkCheck::Replay => replay::everywhere(fixture, findings).await,
        SinkCheck::Cancel => cancel::anywhere(fixture, findings).await,
        SinkCheck::Leftovers => leftovers::taken_back(fixture, findings).await,
        SinkCheck::RowKinds => changes::in_order(fixture, findings).await,
        SinkCheck::Errors => errors::of_bad_targets(fixture, findings).await,
        SinkCheck::Memory => memory::bounded(fixture, findings).await,
        SinkCheck::Connection => connection::killed(fixture, findings).await,
        SinkCheck::Guarantee => guarantee::consistent(fixture, findings).await,
    }
}

fn rng() -> Rng {
    Rng::with_seed(seed())
}

/// A target of its own for the rows of a check.
struct Target<'a, F> {
    fixture: &'a F,
    config: Json,
    set: Dataset,
}

impl<'a, F: SinkFixture> Target<'a, F> {
    async fn new(fixture: &'a F, rows: Rows, findings: &mut Findings) -> Checked<Self> {
        let set = ask(fixture, rows, findings);
        Self::of(fixture, set).await
    }

    async fn of(fixture: &'a F, set: Dataset) -> Checked<Self> {
        let config = fixture.target(set.data.table()).await?;
        Ok(Self {
            fixture,
            config,
            set,
        })
    }

    /// Another, empty, for the same rows.
    async fn another(&self) -> Checked<Self> {
        let set = Dataset {
            data: self.set.data.in_new_table(),
            expected: self.set.expected.clone(),
        };
        Self::of(self.fixture, set).await
    }

    fn data(&self) -> &Data {
        &self.set.data
    }

    fn table(&self) -> &Arc<CatalogTable> {
        self.set.data.table()
    }

    /// The sink as `job` makes it.
    async fn sink(&self, job: &JobContext) -> Checked<Arc<dyn DynSink>> {
        write::open(self.fixture, job, &self.config, self.table()).await
    }

    /// A whole job of its own.
    async fn load(&self, batches: impl IntoIterator<Item = Batch>, writers: usize) -> Checked {
        let job = new_job();
        let sink = self.sink(&job).await?;
        Ok(write::load(sink.as_ref(), &job, batches, writers).await?)
    }

    async fn rows(&self) -> Checked<Vec<Vec<Value>>> {
        Ok(self.fixture.rows(&self.config, self.table()).await?)
    }

    /// What stands in the target must be the first so many rows.
    async fn expect(&self, rows: usize, allowed: Allowed) -> Checked<Result<(), String>> {
        let expected = &self.set.expected[..rows];
        let came = self.rows().await?;
        Ok(compare(self.table(), expected, 1, &came, allowed))
    }
}

/// What may be in the target after rows have been written again.
fn after_replay(guarantee: Guarantee) -> Allowed {
    match guarantee {
        Guarantee::AtLeastOnce => AT_LEAST,
        Guarantee::Idempotent(_) | Guarantee::ExactlyOnce(_) => EXACTLY,
    }
}

fn is_exactly_once(guarantee: Guarantee) -> bool {
    matches!(guarantee, Guarantee::ExactlyOnce(_))
}
