//! The checks of sources.

mod batches;
mod cancel;
mod connection;
mod errors;
mod memory;
mod restore;
mod rows;

use std::sync::Arc;

use fastrand::Rng;
use seatunnel_api::erased::DynSource;
use seatunnel_api::{BatchSize, Value};
use serde_json::Value as Json;

use crate::checks::SourceCheck;
use crate::compare::{Allowed, compare};
use crate::datasets::{Dataset, Rows, ask};
use crate::engine::read::open;
use crate::engine::splits::{ReadSplit, read_everything};
use crate::fixture::{self, SourceFixture};
use crate::report::{Checked, Findings, Stop};
use crate::run::seed;

pub(crate) use errors::judge;

pub(crate) async fn run<F: SourceFixture>(
    check: SourceCheck,
    fixture: &F,
    findings: &mut Findings,
) -> Checked {
    match check {
        SourceCheck::Tables => rows::tables(fixture, findings).await,
        SourceCheck::Types => rows::types(fixture, findings).await,
        SourceCheck::Nulls => rows::nulls(fixture, findings).await,
        SourceCheck::Empty => rows::empty(fixture, findings).await,
        SourceCheck::Wide => rows::wide(fixture, findings).await,
        SourceCheck::LargeValue => rows::large(fixture, findings).await,
        SourceCheck::Splits => rows::splits(fixture, findings).await,
        SourceCheck::Batches => batches::well_formed(fixture, findings).await,
        SourceCheck::Positions => restore::positions(fixture, findings).await,
        SourceCheck::Enumerator => restore::enumerator(fixture, findings).await,
        SourceCheck::Cancel => cancel::anywhere(fixture, findings).await,
        SourceCheck::Errors => errors::of_bad_inputs(fixture, findings).await,
        SourceCheck::Memory => memory::bounded(fixture, findings).await,
        SourceCheck::Connection => connection::killed(fixture, findings).await,
    }
}

fn rng() -> Rng {
    Rng::with_seed(seed())
}

/// Rows laid out for the source.
struct Laid {
    set: Dataset,
    config: Json,
    rows: fixture::Rows,
}

async fn lay<F: SourceFixture>(fixture: &F, rows: Rows, findings: &mut Findings) -> Checked<Laid> {
    let set = ask(fixture, rows, findings);
    let stored = fixture.store(&set.data).await?;
    Ok(Laid {
        set,
        config: stored.config,
        rows: stored.rows,
    })
}

impl Laid {
    async fn open<F: SourceFixture>(
        &self,
        fixture: &F,
        parallelism: usize,
    ) -> Checked<Arc<dyn DynSource>> {
        open(fixture, &self.config, parallelism).await
    }

    /// A failure with `when` before it, if these rows are not those expected of so many readers.
    fn expect(
        &self,
        parallelism: usize,
        came: &[Vec<Value>],
        allowed: Allowed,
    ) -> Result<(), String> {
        let copies = match self.rows {
            fixture::Rows::Once => 1,
            fixture::Rows::PerReader => parallelism,
            fixture::Rows::MadeUp { per_reader } => {
                let expected = per_reader * parallelism;
                return if came.len() == expected {
                    Ok(())
                } else {
                    Err(format!("expected {expected} rows, came {}", came.len()))
                };
            }
        };
        let table = self.set.data.table();
        compare(table, &self.set.expected, copies, came, allowed)
    }

    /// The check compares values: a source that makes them up can't be asked.
    fn with_given_values(self) -> Checked<Self> {
        match self.rows {
            fixture::Rows::MadeUp { .. } => {
                Err(Stop::LeftOut("the source makes its rows up".to_owned()))
            }
            _ => Ok(self),
        }
    }
}

async fn all_rows(
    source: &Arc<dyn DynSource>,
    parallelism: usize,
    size: BatchSize,
) -> Checked<(Vec<Vec<Value>>, usize)> {
    let read = read_everything(source, parallelism, size).await?;
    let rows = read.iter().flat_map(rows_of_split).collect();
    Ok((rows, read.len()))
}

fn rows_of_split(read: &ReadSplit) -> Vec<Vec<Value>> {
    crate::engine::read::rows_of(&read.emissions)
}

fn default_size() -> BatchSize {
    BatchSize::default()
}
