//! Writes batches: encodes them, chooses topics and partitions, and queues records.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, DirtyRows, Error, Result, SinkWriter, codes,
};

use super::channel::Channel;
use super::encode::TableEncoder;
use super::partition::{PartitionChoice, PartitionCounts};
use super::producer::{Queued, Record};
use super::topic::TopicChoice;
use crate::transaction::Prepared;

/// What the writer knows of one table.
pub(super) struct WriterTable {
    pub(super) table: Arc<CatalogTable>,
    pub(super) topic: TopicChoice,
    pub(super) encoder: TableEncoder,
}

/// Writes the rows of one task.
pub(crate) struct KafkaWriter {
    /// Taken out by `abort` and `close`.
    channel: Option<Channel>,
    rows: Rows,
}

/// What turns rows into records.
struct Rows {
    tables: Vec<WriterTable>,
    /// Table of the last batch, since most come from one.
    last: usize,
    partition: PartitionChoice,
    counts: PartitionCounts,
    dirty: DirtyRows,
    /// How many came so far, to name them in messages.
    count: u64,
    /// The topic of a row that puts it together.
    topic: String,
}

impl KafkaWriter {
    pub(super) fn new(
        channel: Channel,
        tables: Vec<WriterTable>,
        partition: PartitionChoice,
        dirty: DirtyRows,
    ) -> Self {
        Self {
            channel: Some(channel),
            rows: Rows {
                tables,
                last: 0,
                partition,
                counts: PartitionCounts::default(),
                dirty,
                count: 0,
                topic: String::new(),
            },
        }
    }
}

impl Rows {
    fn find_table(&mut self, batch: &Batch) -> Result<()> {
        let table = batch.table();
        if Arc::ptr_eq(&self.tables[self.last].table, table) {
            return Ok(());
        }
        let found = self
            .tables
            .iter()
            .position(|t| Arc::ptr_eq(&t.table, table))
            .or_else(|| {
                self.tables
                    .iter()
                    .position(|t| t.table.path() == table.path())
            });
        self.last = found.ok_or_else(|| {
            Error::new(
                codes::INTERNAL,
                "rows came for a table that was not announced",
            )
            .with_context("table", table.path())
        })?;
        Ok(())
    }

    async fn write(&mut self, channel: &mut Channel, batch: &Batch) -> Result<()> {
        self.find_table(batch)?;
        let table = &mut self.tables[self.last];
        if let Some(topic) = table.topic.fixed() {
            table.encoder.prepare(topic).await?;
        } else if table.encoder.needs_topic() {
            return self.write_by_topic(channel, batch).await;
        }
        self.write_part(channel, batch).await
    }

    /// Writes rows whose messages depend on the topics that they choose.
    async fn write_by_topic(&mut self, channel: &mut Channel, batch: &Batch) -> Result<()> {
        let mut text = String::new();
        let mut start = 0;
        while start < batch.num_rows() {
            let table = &mut self.tables[self.last];
            let topics = table.topic.of(batch);
            let topic = match topics.get(start, &mut text) {
                Ok(topic) => topic.to_owned(),
                Err(error) => {
                    self.count += 1;
                    let error = error.with_context("row", self.count);
                    self.dirty.reject(batch, start, error).await?;
                    start += 1;
                    continue;
                }
            };
            let mut end = start + 1;
            while end < batch.num_rows() && topics.get(end, &mut text).is_ok_and(|t| t == topic) {
                end += 1;
            }
            table.encoder.prepare(&topic).await?;
            let part = batch.slice(start, end - start);
            self.write_part(channel, &part).await?;
            start = end;
        }
        Ok(())
    }

    async fn write_part(&mut self, channel: &mut Channel, batch: &Batch) -> Result<()> {
        let Self {
            tables,
            last,
            partition,
            counts,
            dirty,
            count,
            topic,
        } = self;
        let WriterTable {
            topic: choice,
            encoder,
            ..
        } = &mut tables[*last];
        let mut rejected = encoder.encode(batch)?.into_iter().peekable();
        let messages = encoder.messages(batch);
        let topics = choice.of(batch);
        channel.ready().await?;
        let mut queued = 0;
        for row in 0..batch.num_rows() {
            *count += 1;
            if let Some((_, error)) = rejected.next_if(|(rejected, _)| *rejected == row) {
                dirty
                    .reject(batch, row, error.with_context("row", *count))
                    .await?;
                continue;
            }
            let message = messages.get(row);
            let topic = match topics.get(row, topic) {
                Ok(topic) => topic,
                Err(error) => {
                    dirty
                        .reject(batch, row, error.with_context("row", *count))
                        .await?;
                    continue;
                }
            };
            let producer = channel.producer();
            let partition = match message.partition {
                Some(given) => Some(given),
                None => {
                    counts
                        .choose(partition, topic, message.value, producer)
                        .await?
                }
            };
            let mut record = Record {
                topic,
                partition,
                key: message.key,
                value: message.value,
                timestamp: message.timestamp,
                headers: message.headers,
                row: *count,
            };
            loop {
                match producer.queue(record) {
                    Ok(Queued::Yes) => {
                        queued += 1;
                        break;
                    }
                    Ok(Queued::Full(back)) => {
                        record = back;
                        producer.room().await;
                    }
                    Err(error) if error.is_of_row() => {
                        dirty.reject(batch, row, error).await?;
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        channel.count(queued);
        Ok(())
    }
}

#[async_trait]
impl SinkWriter for KafkaWriter {
    type Committable = Prepared;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let channel = self.channel.as_mut().ok_or_else(closed)?;
        match self.rows.write(channel, &batch).await {
            Ok(()) => Ok(()),
            Err(error) => Err(channel.explain(error).await),
        }
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Prepared>> {
        match &mut self.channel {
            Some(channel) => channel.prepare(checkpoint).await,
            None => Err(closed()),
        }
    }

    async fn abort(&mut self) -> Result<()> {
        match self.channel.take() {
            Some(mut channel) => {
                let aborted = channel.abort().await;
                channel.close().await;
                aborted
            }
            None => Ok(()),
        }
    }

    async fn close(&mut self) -> Result<()> {
        if let Some(channel) = self.channel.take() {
            channel.close().await;
        }
        Ok(())
    }
}

fn closed() -> Error {
    Error::new(codes::INTERNAL, "the writer is used after it was closed")
}
