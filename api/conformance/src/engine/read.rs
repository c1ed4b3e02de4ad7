//! Reading a split, as far as a check wants it.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynReader, DynSource};
use seatunnel_api::{Batch, BatchSize, Emitter, Error, Result, Row, SourceContext, Value};
use serde_json::Value as Json;
use tokio::sync::Notify;

use super::{new_job, task};
use crate::fixture::{Connection, SourceFixture};
use crate::report::{Checked, failed};

/// A batch and the position after it.
pub(crate) struct Emission {
    pub(crate) batch: Batch,
    pub(crate) position: Option<Vec<u8>>,
}

/// What happens at an emission.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    /// All are taken.
    Never,
    /// This one, counted from 0, and those after it are answered with "cancelled".
    Refuse(usize),
    /// This one is never answered: the reader waits until it is dropped. Says when it is there.
    Stall(usize, &'a Notify),
    /// This one is taken after the connection has been cut.
    Kill(usize, &'a dyn Connection),
}

/// The emitter of the kit: keeps what a reader hands over, or only counts it.
pub(crate) struct Collector<'a> {
    pub(crate) emissions: Vec<Emission>,
    /// Emissions that were offered, the refused ones too.
    pub(crate) offered: usize,
    size: BatchSize,
    /// Whether positions are asked for.
    pub(crate) positions: bool,
    at: At<'a>,
    /// Rows are thrown away after they have been looked at.
    each: Option<&'a mut (dyn FnMut(&Batch) + Send)>,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(size: BatchSize, at: At<'a>) -> Self {
        Self {
            emissions: Vec::new(),
            offered: 0,
            size,
            positions: true,
            at,
            each: None,
        }
    }

    /// Shows each batch and forgets it.
    pub(crate) fn passing(size: BatchSize, each: &'a mut (dyn FnMut(&Batch) + Send)) -> Self {
        let mut collector = Self::new(size, At::Never);
        collector.each = Some(each);
        collector
    }

    /// The last position, and the rows up to it: what a checkpoint would have kept.
    pub(crate) fn kept(&self) -> (Option<&[u8]>, Vec<Vec<Value>>) {
        let last = self.emissions.iter().rposition(|e| e.position.is_some());
        let taken = last.map_or(0, |last| last + 1);
        let position = last.and_then(|last| self.emissions[last].position.as_deref());
        (position, rows_of(&self.emissions[..taken]))
    }
}

#[async_trait]
impl Emitter for Collector<'_> {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        let number = self.offered;
        self.offered += 1;
        match self.at {
            At::Refuse(at) if number >= at => return Err(Error::cancelled()),
            At::Stall(at, there) if number >= at => {
                there.notify_one();
                std::future::pending::<()>().await;
            }
            At::Kill(at, connection) if number == at => {
                if let Err(error) = connection.kill().await {
                    let message = format!("the fixture can't cut the connection: {error}");
                    return Err(Error::new(seatunnel_api::codes::INTERNAL, message));
                }
            }
            _ => {}
        }
        match &mut self.each {
            Some(each) => each(&batch),
            None => self.emissions.push(Emission { batch, position }),
        }
        // Engines hand over to other tasks here; readers must stand being moved.
        tokio::task::yield_now().await;
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        self.positions
    }

    fn batch_size(&self) -> BatchSize {
        self.size
    }
}

pub(crate) fn rows_of(emissions: &[Emission]) -> Vec<Vec<Value>> {
    emissions
        .iter()
        .flat_map(|e| e.batch.rows().map(|row: Row<'_>| row.values()))
        .collect()
}

/// Batches of so many rows.
pub(crate) fn batches_of(rows: usize) -> BatchSize {
    BatchSize {
        rows,
        ..BatchSize::default()
    }
}

/// Makes the source of a block, as a job does.
pub(crate) async fn open(
    fixture: &impl SourceFixture,
    config: &Json,
    parallelism: usize,
) -> Checked<Arc<dyn DynSource>> {
    let (registry, name) = fixture.plugin();
    let Some(factory) = registry.find_source(name) else {
        return failed(format!("the registry has no source called {name}"));
    };
    let context = SourceContext {
        job: new_job(),
        plugin_output: None,
        parallelism,
    };
    Ok(factory
        .create(&ConfigValue::from_json(config), context)
        .await?)
}

/// A reader as the first of so many.
pub(crate) async fn reader(
    source: &dyn DynSource,
    subtask: usize,
    parallelism: usize,
) -> Result<Box<dyn DynReader>> {
    source.reader(task(&new_job(), subtask, parallelism)).await
}

/// Reads a split to its end with a reader of its own.
pub(crate) async fn read_split(
    source: &dyn DynSource,
    split: &[u8],
    size: BatchSize,
) -> Result<Vec<Emission>> {
    let mut collector = Collector::new(size, At::Never);
    let mut reader = reader(source, 0, 1).await?;
    reader.read(split, &mut collector).await?;
    Ok(collector.emissions)
}
