//! Rows into messages.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use prost_reflect::MessageDescriptor;
use seatunnel_api::{CatalogTable, DataType, Error, Result};

use super::bind::{Fields, bind};
use super::options::ProtobufOptions;
use super::schema::{compile, indexes_of, invalid, message};
use super::write::varint;
use crate::Part;
use crate::registry::{self, Registry, SchemaKind};

/// Writes rows of one table.
pub struct ProtobufEncoder {
    message: MessageDescriptor,
    columns: Vec<(String, DataType)>,
    registered: Option<Registered>,
    /// In front of each message.
    header: Vec<u8>,
}

struct Registered {
    registry: Arc<Registry>,
    part: Part,
    schema: String,
    topic: Option<String>,
}

impl ProtobufEncoder {
    /// For rows of this table, which are this part of messages.
    ///
    /// # Errors
    /// If the schema is not valid, or has no field for a column, or one of another type.
    pub fn new(
        table: &CatalogTable,
        options: &ProtobufOptions,
        registry: Option<Arc<Registry>>,
        part: Part,
    ) -> Result<Self> {
        let text = options.protobuf_schema.as_ref().ok_or_else(|| {
            invalid("the format protobuf needs the text of a .proto in `protobuf_schema`")
        })?;
        let file = compile(text, &[])?;
        let columns = table.columns().iter();
        let encoder = Self {
            message: message(&file, options.protobuf_message_name.as_deref())?,
            columns: columns
                .map(|c| (c.name.clone(), c.data_type.clone()))
                .collect(),
            registered: registry.map(|registry| Registered {
                registry,
                part,
                schema: text.clone(),
                topic: None,
            }),
            header: Vec::new(),
        };
        // What doesn't fit is found before there are rows.
        let empty = RecordBatch::new_empty(table.arrow_schema().clone());
        encoder.bind(empty.columns())?;
        Ok(encoder)
    }

    /// Whether what stands in front of a message depends on its topic.
    pub fn needs_topic(&self) -> bool {
        self.registered.is_some()
    }

    /// Gets what stands in front of the messages of a topic; asks the registry where that takes it.
    /// To be called before the rows for another topic are written; costs nothing when the topic is the same.
    ///
    /// # Errors
    /// If the registry can't be asked, or doesn't take the schema.
    pub async fn prepare(&mut self, to: &str) -> Result<()> {
        let Some(registered) = &mut self.registered else {
            return Ok(());
        };
        if registered.topic.as_deref() == Some(to) {
            return Ok(());
        }
        let Registered {
            registry,
            part,
            schema,
            ..
        } = &*registered;
        let record = self.message.full_name();
        let id = registry
            .id(to, *part, record, SchemaKind::Protobuf, schema)
            .await?;
        self.header = registry::header(id).to_vec();
        match indexes_of(&self.message).as_slice() {
            // The most frequent case in short: the first message.
            [0] => self.header.push(0),
            indexes => {
                varint((indexes.len() as u64) << 1, &mut self.header);
                for index in indexes {
                    varint((*index as u64) << 1, &mut self.header);
                }
            }
        }
        registered.topic = Some(to.to_owned());
        Ok(())
    }

    /// The rows of a batch of the table, ready to be written.
    ///
    /// # Errors
    /// If the batch is none of the table's.
    pub fn rows<'a>(&'a self, arrays: &'a [ArrayRef]) -> Result<ProtobufRows<'a>> {
        if self.registered.as_ref().is_some_and(|r| r.topic.is_none()) {
            return Err(Error::new(
                seatunnel_api::codes::INTERNAL,
                "rows are to be written before it is known where to",
            ));
        }
        Ok(ProtobufRows {
            header: &self.header,
            fields: self.bind(arrays)?,
        })
    }

    fn bind<'a>(&self, arrays: &'a [ArrayRef]) -> Result<Fields<'a>> {
        let columns: Vec<(&str, &DataType)> =
            self.columns.iter().map(|(n, t)| (n.as_str(), t)).collect();
        bind(&self.message, &columns, arrays)
    }
}

/// The rows of one batch.
pub struct ProtobufRows<'a> {
    header: &'a [u8],
    fields: Fields<'a>,
}

impl ProtobufRows<'_> {
    /// Writes the message of a row behind what is in `out`.
    ///
    /// # Errors
    /// If a field can't hold its value; then nothing is written.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        out.extend_from_slice(self.header);
        self.fields.write(row, out).map_err(|fault| {
            out.truncate(start);
            fault.into_write_error("Protocol Buffers")
        })
    }
}
