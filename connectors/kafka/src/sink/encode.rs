//! Rows of one table as messages.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, Int32Array, Int64Array, MapArray};
use rdkafka::message::{Header, OwnedHeaders};
use seatunnel_api::config::nearest;
use seatunnel_api::{Batch, CatalogTable, DataType, Error, Result};
use seatunnel_formats::{Encoder, Format, Part};

use super::text::push_text;
use crate::codes;
use crate::sink_options::KafkaSinkOptions;

/// One message, its parts borrowed from what the encoder has written.
pub(super) struct Message<'a> {
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    /// Where the row itself chooses.
    pub(super) partition: Option<i32>,
    /// Where the row itself says when: milliseconds since 1970.
    pub(super) timestamp: Option<i64>,
    pub(super) headers: Option<OwnedHeaders>,
}

/// Encodes the rows of one table.
pub(super) struct TableEncoder {
    value: Encoder,
    key: Option<Encoder>,
    headers: Headers,
    native: Option<Native>,
}

/// Where headers come from.
enum Headers {
    None,
    /// A column each.
    Columns(Vec<(String, usize)>),
    /// A map of all.
    Map(usize),
}

/// Columns of rows that say where and when a message is.
#[derive(Clone, Copy)]
struct Native {
    partition: Option<usize>,
    timestamp: Option<usize>,
}

/// What a batch has in the columns of [`Native`] and in a map of headers.
struct NativeColumns<'a> {
    partition: Option<&'a Int32Array>,
    timestamp: Option<&'a Int64Array>,
}

impl TableEncoder {
    /// For rows of this table.
    ///
    /// # Errors
    /// If options name columns that aren't there, or the format does not fit the table.
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
        let in_value: Vec<usize> = (0..table.columns().len())
            .filter(|index| !headers.contains(index))
            .collect();
        let of_type = |name: &str, data_type: &DataType| {
            let index = table.schema().index_of(name)?;
            (table.columns()[index].data_type == *data_type).then_some(index)
        };
        let is_native = options.format.format == Format::Native;
        let has_key = match options.format.format {
            Format::Native | Format::CompatibleDebeziumJson => {
                table.schema().index_of("key").is_some()
            }
            _ => !keys.is_empty(),
        };
        let value = Encoder::new(table, &in_value, &options.format, Part::Value)?;
        let key = match has_key {
            true => Some(Encoder::new(table, &keys, &options.format, Part::Key)?),
            false => None,
        };
        let map = DataType::Map(Box::new(DataType::String), Box::new(DataType::String));
        let headers = match of_type("headers", &map).filter(|_| is_native) {
            Some(index) => Headers::Map(index),
            None if headers.is_empty() => Headers::None,
            None => {
                let name = |index: usize| table.columns()[index].name.clone();
                Headers::Columns(
                    headers
                        .into_iter()
                        .map(|index| (name(index), index))
                        .collect(),
                )
            }
        };
        Ok(Self {
            value,
            key,
            headers,
            native: is_native.then(|| Native {
                partition: of_type("partition", &DataType::Int),
                timestamp: of_type("timestamp", &DataType::BigInt),
            }),
        })
    }

    /// Whether messages depend on their topic: then [`TableEncoder::prepare`] comes before each
    /// [`TableEncoder::encode`] of rows for another topic.
    pub(super) fn needs_topic(&self) -> bool {
        self.value.needs_topic()
    }

    /// Gets ready for messages of a topic.
    ///
    /// # Errors
    /// If a schema registry can't be asked, or refuses.
    pub(super) async fn prepare(&mut self, topic: &str) -> Result<()> {
        self.value.prepare(topic).await?;
        match &mut self.key {
            Some(key) => key.prepare(topic).await,
            None => Ok(()),
        }
    }

    /// Encodes a batch; what was encoded before is forgotten. Gives the rows that the format has no place for,
    /// in their order, and why.
    ///
    /// # Errors
    /// If the batch can't be put into the format.
    pub(super) fn encode(&mut self, batch: &Batch) -> Result<Vec<(usize, Error)>> {
        self.value.encode(batch)?;
        let mut rejected = self.value.take_rejected();
        if let Some(key) = &mut self.key {
            key.encode(batch)?;
            rejected.extend(key.take_rejected());
            rejected.sort_by_key(|(row, _)| *row);
            rejected.dedup_by_key(|(row, _)| *row);
        }
        Ok(rejected)
    }

    /// The messages of the batch that was encoded, by their rows.
    pub(super) fn messages<'a>(&'a self, batch: &'a Batch) -> Messages<'a> {
        let column = |index: Option<usize>| Some(batch.records().column(index?).as_ref());
        Messages {
            encoder: self,
            batch,
            native: self.native.map(|native| NativeColumns {
                partition: column(native.partition).map(AsArray::as_primitive::<Int32Type>),
                timestamp: column(native.timestamp).map(AsArray::as_primitive::<Int64Type>),
            }),
        }
    }
}

/// The messages of a batch.
pub(super) struct Messages<'a> {
    encoder: &'a TableEncoder,
    batch: &'a Batch,
    native: Option<NativeColumns<'a>>,
}

impl<'a> Messages<'a> {
    /// The message of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Message<'a> {
        let encoder = self.encoder;
        let (partition, timestamp) = match &self.native {
            None => (None, None),
            Some(native) => (
                native
                    .partition
                    .filter(|c| c.is_valid(row))
                    .map(|c| c.value(row)),
                native
                    .timestamp
                    .filter(|c| c.is_valid(row))
                    .map(|c| c.value(row)),
            ),
        };
        Message {
            key: encoder.key.as_ref().and_then(|key| key.get(row)),
            value: encoder.value.get(row),
            // What Java's client has for messages without one.
            partition: partition.filter(|p| *p >= 0),
            timestamp: timestamp.filter(|t| *t >= 0),
            headers: self.headers(row),
        }
    }

    fn headers(&self, row: usize) -> Option<OwnedHeaders> {
        let mut text = String::new();
        match &self.encoder.headers {
            Headers::None => None,
            Headers::Columns(columns) => {
                let mut headers = OwnedHeaders::new_with_capacity(columns.len());
                for (name, column) in columns {
                    text.clear();
                    if push_text(&mut text, self.batch, row, *column) {
                        headers = headers.insert(Header {
                            key: name,
                            value: Some(&text),
                        });
                    }
                }
                Some(headers)
            }
            Headers::Map(column) => {
                let map = self.batch.records().column(*column).as_map();
                map.is_valid(row).then(|| of_map(map, row))
            }
        }
    }
}

fn of_map(map: &MapArray, row: usize) -> OwnedHeaders {
    let names = map.keys().as_string::<i32>();
    let values = map.values().as_string::<i32>();
    let offsets = map.value_offsets();
    let range = offsets[row] as usize..offsets[row + 1] as usize;
    let mut headers = OwnedHeaders::new_with_capacity(range.len());
    for entry in range {
        headers = headers.insert(Header {
            key: names.value(entry),
            value: values.is_valid(entry).then(|| values.value(entry)),
        });
    }
    headers
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
