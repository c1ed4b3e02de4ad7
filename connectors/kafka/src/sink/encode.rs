//! Rows of one table as messages.

use std::sync::Arc;

use rdkafka::message::{Header, OwnedHeaders};
use seatunnel_api::config::nearest;
use seatunnel_api::{Batch, CatalogTable, DirtyRows, Error, Result};

use super::text::push_text;
use crate::codes;
use crate::sink_options::KafkaSinkOptions;

/// One message, its parts borrowed from what the encoder has written.
pub(super) struct Message<'a> {
    /// The row of the batch.
    pub(super) row: usize,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    /// Where the row itself chooses.
    pub(super) partition: Option<i32>,
    /// Where the row itself says when: milliseconds since 1970.
    pub(super) timestamp: Option<i64>,
}

/// Encodes the rows of one table.
pub(super) struct TableEncoder {
    keys: Vec<usize>,
    headers: Vec<(String, usize)>,
    values: Vec<String>,
    key_values: Vec<String>,
}

impl TableEncoder {
    /// For rows of this table.
    ///
    /// # Errors
    /// If options name columns that aren't there.
    pub(super) fn new(table: &Arc<CatalogTable>, options: &KafkaSinkOptions) -> Result<Self> {
        let keys = columns(
            table,
            "partition_key_fields",
            options.partition_key_fields.as_deref(),
        )?;
        let headers = columns(
            table,
            "kafka_headers_fields",
            options.kafka_headers_fields.as_deref(),
        )?;
        let name = |index: usize| table.columns()[index].name.clone();
        Ok(Self {
            keys,
            headers: headers
                .into_iter()
                .map(|index| (name(index), index))
                .collect(),
            values: Vec::new(),
            key_values: Vec::new(),
        })
    }

    /// Encodes a batch; what was encoded before is forgotten.
    pub(super) async fn encode(&mut self, batch: &Batch, _dirty: &DirtyRows) -> Result<()> {
        self.values = batch.rows().map(|row| row.to_json()).collect();
        self.key_values.clear();
        if !self.keys.is_empty() {
            for row in 0..batch.num_rows() {
                let mut text = String::from("{");
                for key in &self.keys {
                    if text.len() > 1 {
                        text.push(',');
                    }
                    let column = &batch.table().columns()[*key];
                    text.push_str(&format!(
                        "\"{}\":{}",
                        column.name,
                        batch.row(row).get(*key).to_json(&column.data_type)
                    ));
                }
                text.push('}');
                self.key_values.push(text);
            }
        }
        Ok(())
    }

    /// The messages of the batch in the order of its rows.
    pub(super) fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        self.values.iter().enumerate().map(|(row, value)| Message {
            row,
            key: self.key_values.get(row).map(|k| k.as_bytes()),
            value: Some(value.as_bytes()),
            partition: None,
            timestamp: None,
        })
    }

    /// The headers of a row, if it has any.
    pub(super) fn headers(&self, batch: &Batch, row: usize) -> Option<OwnedHeaders> {
        if self.headers.is_empty() {
            return None;
        }
        let mut headers = OwnedHeaders::new_with_capacity(self.headers.len());
        let mut text = String::new();
        for (name, column) in &self.headers {
            text.clear();
            if push_text(&mut text, batch, row, *column) {
                headers = headers.insert(Header {
                    key: name,
                    value: Some(&text),
                });
            }
        }
        Some(headers)
    }
}

/// Positions of the columns that an option names.
fn columns(table: &CatalogTable, option: &str, names: Option<&[String]>) -> Result<Vec<usize>> {
    let names = names.unwrap_or_default().iter();
    names
        .map(|name| {
            table.schema().index_of(name).ok_or_else(|| {
                let error = Error::new(
                    codes::OPTION,
                    format!("`{option}` names the column `{name}`, which the rows don't have"),
                )
                .with_context("table", table.path());
                match nearest(name, table.schema().names()) {
                    Some(near) => error.with_help(format!("did you mean `{near}`?")),
                    None => error,
                }
            })
        })
        .collect()
}
