//! The reader: hands on what its poller has read.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::{
    AssignedSplits, BatchSize, Error, Output, Result, SourceReader, Split, TaskContext,
};

use super::Shared;
use super::consumer::{max_poll_records, reading};
use super::poller::{Decoding, OnError, Polled, Poller};
use super::split::KafkaSplit;
use crate::codes;
use crate::source_options::FormatErrors;

/// Reads all its partitions at once, over one consumer.
pub(crate) struct KafkaReader {
    shared: Arc<Shared>,
    context: TaskContext,
}

impl KafkaReader {
    pub(super) fn new(shared: Arc<Shared>, context: TaskContext) -> Self {
        Self { shared, context }
    }

    /// A poller that will read about as many partitions as its share is.
    fn poller(&self, split: &KafkaSplit, mut size: BatchSize) -> Result<Poller> {
        let share = (split.of as usize).div_ceil(self.context.parallelism.max(1));
        let options = &self.shared.options;
        let config = reading(
            &options.client,
            &self.shared.tables[0].group,
            share,
            !options.commit_on_checkpoint,
        )?;
        if let Some(rows) = max_poll_records(&options.client)? {
            size.rows = size.rows.min(rows);
        }
        let tables = self.shared.tables.iter().map(|table| Decoding {
            table: table.clone(),
            on_error: match table.errors {
                FormatErrors::Skip => OnError::Skip,
                FormatErrors::Fail if self.context.dirty.is_on() => OnError::Keep,
                FormatErrors::Fail => OnError::Fail,
            },
        });
        Poller::start(
            &config,
            tables.collect(),
            size,
            options.reader_cache_queue_size,
        )
    }

    /// Hands on rows; gives the partitions that are at their end with them. `alone` says whether only
    /// one partition is read.
    async fn hand_on(
        &self,
        polled: Polled,
        alone: bool,
        out: &mut Output<'_, KafkaSplit>,
    ) -> Result<Vec<KafkaSplit>> {
        let table = &self.shared.tables[polled.table].table;
        self.context.metrics.failed_rows().add(polled.skipped);
        for (text, error) in polled.rejected {
            self.context.dirty.reject_text(table, &text, error).await?;
        }
        match (polled.batch, polled.positions.as_slice()) {
            // With one split an engine knows which it is the position of.
            (Some(batch), [position]) if alone => out.emit(batch, position).await?,
            (Some(batch), positions) => out.emit_all(batch, positions).await?,
            (None, positions) => out.positions(positions).await?,
        }
        Ok(polled.finished)
    }
}

#[async_trait]
impl SourceReader for KafkaReader {
    type Split = KafkaSplit;

    async fn read(&mut self, split: KafkaSplit, out: &mut Output<'_, KafkaSplit>) -> Result<()> {
        if split.is_done() {
            return Ok(());
        }
        let mut poller = self.poller(&split, out.batch_size())?;
        poller.add(self.shared.table_of(&split)?, split);
        loop {
            let polled = poller.next().await?;
            if !self.hand_on(polled, true, out).await?.is_empty() {
                return Ok(());
            }
        }
    }

    async fn read_assigned(
        &mut self,
        splits: &mut AssignedSplits<'_, KafkaSplit>,
        out: &mut Output<'_, KafkaSplit>,
    ) -> Result<()> {
        let mut poller: Option<Poller> = None;
        let mut open = 0;
        let mut more = true;
        while more || open > 0 {
            let mut new = None;
            tokio::select! {
                split = splits.next(), if more => match split? {
                    Some(split) => new = Some(split),
                    None => more = false,
                },
                polled = next(&mut poller), if open > 0 => {
                    for split in self.hand_on(polled?, false, out).await? {
                        splits.finished(&split.id()).await?;
                        open -= 1;
                    }
                }
            }
            while let Some(split) = new {
                if split.is_done() {
                    out.positions(std::slice::from_ref(&split)).await?;
                    splits.finished(&split.id()).await?;
                } else {
                    let table = self.shared.table_of(&split)?;
                    let poller = match &poller {
                        Some(poller) => poller,
                        None => poller.insert(self.poller(&split, out.batch_size())?),
                    };
                    poller.add(table, split);
                    open += 1;
                }
                new = splits.try_next()?;
            }
        }
        Ok(())
    }
}

async fn next(poller: &mut Option<Poller>) -> Result<Polled> {
    match poller {
        Some(poller) => poller.next().await,
        None => Err(Error::new(
            codes::CLIENT,
            "partitions are read without a consumer",
        )),
    }
}
