//! Messages become columns.

use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use seatunnel_api::{Batch, CatalogTable, Error, Result, RowKinds};

use super::tables::TopicTable;
use crate::codes;

/// Collects the rows of one table.
pub(super) struct TableDecoder {
    table: Arc<CatalogTable>,
    content: StringBuilder,
    headers: Vec<(String, StringBuilder)>,
    bytes: usize,
}

impl TableDecoder {
    /// For messages of this table.
    ///
    /// # Errors
    /// If the format does not fit the table.
    pub(super) fn new(table: &TopicTable) -> Result<Self> {
        if !table.content {
            return Err(Error::new(codes::UNSUPPORTED, "no format is built in"));
        }
        let headers = table
            .headers
            .iter()
            .map(|name| (name.clone(), StringBuilder::new()));
        Ok(Self {
            table: table.table.clone(),
            content: StringBuilder::new(),
            headers: headers.collect(),
            bytes: 0,
        })
    }

    /// Rows collected.
    pub(super) fn rows(&self) -> usize {
        self.content.len()
    }

    /// Bytes of the messages collected.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a message: none, one or several rows.
    ///
    /// # Errors
    /// If it can't be read; nothing of it stays.
    pub(super) fn push(&mut self, message: &BorrowedMessage<'_>) -> Result<()> {
        let Some(value) = message.payload() else {
            return Ok(());
        };
        let text = std::str::from_utf8(value).map_err(|e| {
            Error::new(codes::READ_FAILED, "the message is not valid UTF-8").with_cause(e)
        })?;
        self.content.append_value(text);
        self.bytes += value.len();
        for (name, column) in &mut self.headers {
            let value = message.headers().and_then(|headers| {
                headers
                    .iter()
                    .find(|header| header.key == name)
                    .and_then(|header| header.value)
            });
            column.append_option(value.map(String::from_utf8_lossy));
        }
        Ok(())
    }

    /// The rows collected.
    ///
    /// # Errors
    /// If the columns make no batch.
    pub(super) fn finish(&mut self) -> Result<Batch> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(self.content.finish())];
        for (_, column) in &mut self.headers {
            columns.push(Arc::new(column.finish()));
        }
        self.bytes = 0;
        let records = RecordBatch::try_new(self.table.arrow_schema().clone(), columns)?;
        Ok(Batch::new(self.table.clone(), records, RowKinds::default()))
    }
}
