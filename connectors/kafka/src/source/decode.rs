//! Messages become rows of a table.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use rdkafka::Timestamp;
use rdkafka::message::{BorrowedMessage, Headers, Message as _};
use seatunnel_api::{Batch, CatalogTable, Error, Fact, Result};
use seatunnel_formats::{Decoder, Format, Message, Pushed};
use tokio::runtime::Handle;

use super::tables::{EVENT_TIME, TopicTable};
use crate::codes;

/// Collects the rows of one table.
pub(super) struct TableDecoder {
    table: Arc<CatalogTable>,
    decoder: Decoder,
    /// Headers that are the last columns.
    headers: Vec<(String, StringBuilder)>,
    /// When each row's message was sent or stored.
    times: Int64Builder,
    /// Whether the format looks at more than the value; to ask for the rest costs.
    looks_around: bool,
    /// Bytes of the messages collected.
    bytes: usize,
    /// Where a schema registry is asked, while the thread that decodes waits.
    runtime: Option<Handle>,
}

impl TableDecoder {
    /// For messages of this table.
    ///
    /// # Errors
    /// If the format does not fit the table.
    pub(super) fn new(table: &TopicTable) -> Result<Self> {
        let headers = table.headers.iter();
        Ok(Self {
            table: table.table.clone(),
            decoder: Decoder::new(table.decoded.clone(), &table.format, table.declared)?,
            headers: headers
                .map(|name| (name.clone(), StringBuilder::new()))
                .collect(),
            times: Int64Builder::new(),
            looks_around: table.format.format == Format::Native,
            bytes: 0,
            runtime: Handle::try_current().ok(),
        })
    }

    /// Rows collected.
    pub(super) fn rows(&self) -> usize {
        self.decoder.rows()
    }

    /// Bytes of the messages collected.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a message of a topic: none, one or several rows.
    ///
    /// # Errors
    /// If it can't be read; nothing of it stays.
    pub(super) fn push(&mut self, topic: &str, message: &BorrowedMessage<'_>) -> Result<()> {
        let value = message.payload();
        let before = self.decoder.rows();
        let mut message_of_format = Message {
            value,
            topic,
            partition: message.partition(),
            offset: message.offset(),
            ..Message::default()
        };
        if self.looks_around {
            let time = message.timestamp();
            message_of_format.key = message.key();
            message_of_format.timestamp = time.to_millis();
            message_of_format.is_append_time = matches!(time, Timestamp::LogAppendTime(_));
            if let Some(headers) = message.headers() {
                message_of_format.headers = headers.iter().map(|h| (h.key, h.value)).collect();
            }
        }
        while let Pushed::Wants(schema) = self.decoder.push(&message_of_format)? {
            let runtime = self.runtime.as_ref().ok_or_else(|| {
                Error::new(
                    codes::CLIENT,
                    "a schema can't be asked for outside of a runtime",
                )
            })?;
            runtime.block_on(self.decoder.learn(schema))?;
        }
        self.bytes += value.map_or(0, <[u8]>::len);
        let rows = self.decoder.rows() - before;
        let time = message.timestamp().to_millis().filter(|time| *time >= 0);
        for _ in 0..rows {
            self.times.append_option(time);
        }
        for (name, column) in &mut self.headers {
            let value = message.headers().and_then(|headers| {
                // Of several of one name the last one counts, as in Java's client.
                let named = headers.iter().filter(|header| header.key == name);
                named.last().and_then(|header| header.value)
            });
            for _ in 0..rows {
                column.append_option(value.map(String::from_utf8_lossy));
            }
        }
        Ok(())
    }

    /// The rows collected.
    ///
    /// # Errors
    /// If the columns make no batch.
    pub(super) fn finish(&mut self) -> Result<Batch> {
        self.bytes = 0;
        let batch = self.decoder.finish()?;
        let (_, records, kinds) = batch.into_parts();
        let facts = vec![Fact::each(EVENT_TIME, Arc::new(self.times.finish()))];
        if self.headers.is_empty() {
            return Ok(Batch::new(self.table.clone(), records, kinds).with_facts(facts));
        }
        let mut columns = records.columns().to_vec();
        for (_, column) in &mut self.headers {
            columns.push(Arc::new(column.finish()) as ArrayRef);
        }
        let records = RecordBatch::try_new(self.table.arrow_schema().clone(), columns)?;
        Ok(Batch::new(self.table.clone(), records, kinds).with_facts(facts))
    }
}
