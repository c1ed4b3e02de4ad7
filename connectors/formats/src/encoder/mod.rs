//! Rows into messages, whatever their format.

mod change;
mod lines;

use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use seatunnel_api::{Batch, CatalogTable, DataType, Error, Result, TableSchema};

use self::change::Envelope;
use self::lines::Lines;
use crate::avro::AvroEncoder;
use crate::codes;
use crate::options::{Format, FormatOptions};
use crate::protobuf::ProtobufEncoder;
use crate::registry::Registry;

/// What is encoded of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The message's value.
    Value,
    /// Its key.
    Key,
}

/// Encodes the rows of one table, batch by batch: the bytes of all messages lie one behind the other.
pub struct Encoder {
    kind: Kind,
    messages: Messages,
    rejected: Vec<(usize, Error)>,
}

enum Kind {
    Lines(Lines),
    Changes(Lines, Envelope),
    /// A column that holds what the message is.
    Column(usize),
    /// Of these columns.
    Avro(Vec<usize>, Box<AvroEncoder>),
    /// Of these columns.
    Protobuf(Vec<usize>, Box<ProtobufEncoder>),
}

/// The bytes of each row's message.
#[derive(Default)]
pub(crate) struct Messages {
    bytes: Vec<u8>,
    /// Where each message ends, and whether there is one.
    ends: Vec<(usize, bool)>,
}

impl Messages {
    /// Forgets all and keeps the memory.
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The buffer to write the next message to; [`Messages::end`] ends it.
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The message is written.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.ends.push((self.bytes.len(), true));
    }

    /// Writes one message for each row; rows that can't be written have none.
    fn each(
        &mut self,
        rows: usize,
        write: impl Fn(usize, &mut Vec<u8>) -> Result<()>,
        rejected: &mut Vec<(usize, Error)>,
    ) -> Result<()> {
        for row in 0..rows {
            match write(row, &mut self.bytes) {
                Ok(()) => self.end(),
                Err(error) if error.is_of_row() => {
                    rejected.push((row, error));
                    self.none();
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The row has no message of its own: nothing is there.
    fn none(&mut self) {
        self.ends.push((self.bytes.len(), false));
    }

    #[inline]
    fn get(&self, row: usize) -> Option<&[u8]> {
        let start = match row {
            0 => 0,
            row => self.ends[row - 1].0,
        };
        let (end, is_there) = self.ends[row];
        is_there.then(|| &self.bytes[start..end])
    }
}

impl Encoder {
    /// For rows of `table`, of which `columns` make up this part of the message.
    ///
    /// Keys of changes are plain JSON: the same for every change of a row, so that all go to one
    /// partition.
    ///
    /// # Errors
    /// If the format can't be written, or not with these columns.
    pub fn new(
        table: &Arc<CatalogTable>,
        columns: &[usize],
        options: &FormatOptions,
        part: Part,
    ) -> Result<Self> {
        let json = || Lines::json(table, columns);
        let changes = |envelope| match part {
            Part::Key => Kind::Lines(json()),
            Part::Value => Kind::Changes(json(), envelope),
        };
        let kind = match options.format {
            Format::Json => Kind::Lines(json()),
            Format::Text => Kind::Lines(Lines::text(table, columns, &options.field_delimiter)?),
            Format::CanalJson => changes(Envelope::DataAndType),
            Format::OggJson => changes(Envelope::DataAndType),
            Format::MaxwellJson => changes(Envelope::DataAndType),
            Format::DebeziumJson => changes(Envelope::BeforeAndAfter),
            Format::CompatibleDebeziumJson | Format::Native => {
                let name = match part {
                    Part::Value => "value",
                    Part::Key => "key",
                };
                Kind::Column(message_column(table, name)?)
            }
            Format::Avro => {
                let registry = Registry::new(&options.registry)?;
                let table = of_columns(table, columns);
                let encoder = AvroEncoder::new(&table, &options.avro, registry, part)?;
                Kind::Avro(columns.to_vec(), Box::new(encoder))
            }
            Format::Protobuf => {
                let registry = Registry::new(&options.registry)?;
                let table = of_columns(table, columns);
                let encoder = ProtobufEncoder::new(&table, &options.protobuf, registry, part)?;
                Kind::Protobuf(columns.to_vec(), Box::new(encoder))
            }
            Format::CompatibleKafkaConnectJson => {
                return Err(Error::new(
                    codes::SCHEMA,
                    format!(
                        "a sink can't write messages of the format {:?}",
                        options.format
                    ),
                ));
            }
        };
        Ok(Self {
            kind,
            messages: Messages::default(),
            rejected: Vec::new(),
        })
    }

    /// Gets ready for messages of a topic: formats whose schemas have numbers ask the schema registry for them.
    /// To be awaited before rows for another topic than before are encoded; costs nothing otherwise.
    ///
    /// # Errors
    /// If the schema registry can't be asked (retryable), or doesn't take the schema.
    pub async fn prepare(&mut self, topic: &str) -> Result<()> {
        match &mut self.kind {
            Kind::Avro(_, encoder) => encoder.prepare(topic).await,
            Kind::Protobuf(_, encoder) => encoder.prepare(topic).await,
            _ => Ok(()),
        }
    }

    /// Encodes a batch; what was encoded before is forgotten.
    ///
    /// # Errors
    /// If the batch can't be put into the format. Single rows that can't are told by
    /// [`Encoder::take_rejected`].
    pub fn encode(&mut self, batch: &Batch) -> Result<()> {
        self.messages.clear();
        self.rejected.clear();
        match &mut self.kind {
            Kind::Lines(lines) => lines.encode(batch, &mut self.messages),
            Kind::Changes(lines, envelope) => lines.encode_in(batch, envelope, &mut self.messages),
            Kind::Column(column) => {
                copy(batch.records().column(*column).as_ref(), &mut self.messages)
            }
            Kind::Avro(columns, encoder) => {
                let records = batch.records().project(columns)?;
                let rows = encoder.rows(records.columns())?;
                let write = |row, out: &mut Vec<u8>| rows.write(row, out);
                self.messages
                    .each(batch.num_rows(), write, &mut self.rejected)?;
            }
            Kind::Protobuf(columns, encoder) => {
                let records = batch.records().project(columns)?;
                let rows = encoder.rows(records.columns())?;
                let write = |row, out: &mut Vec<u8>| rows.write(row, out);
                self.messages
                    .each(batch.num_rows(), write, &mut self.rejected)?;
            }
        }
        Ok(())
    }

    /// Rows of the batch that the format has no place for, in their order, and why. They have no message.
    pub fn take_rejected(&mut self) -> Vec<(usize, Error)> {
        std::mem::take(&mut self.rejected)
    }

    /// Whether messages depend on their topic, so that all rows of one [`Encoder::encode`] must be for one.
    pub fn needs_topic(&self) -> bool {
        match &self.kind {
            Kind::Avro(_, encoder) => encoder.needs_topic(),
            Kind::Protobuf(_, encoder) => encoder.needs_topic(),
            _ => false,
        }
    }

    /// The message of a row of the batch; nothing where a null stands for it.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.messages.get(row)
    }
}

/// The table with these columns only.
fn of_columns(table: &CatalogTable, columns: &[usize]) -> CatalogTable {
    let columns = columns.iter().map(|index| table.columns()[*index].clone());
    table.with_schema(TableSchema::new(columns.collect()))
}

/// A column of text or bytes that holds a message as it is.
fn message_column(table: &CatalogTable, name: &str) -> Result<usize> {
    let found = table.schema().index_of(name);
    found
        .filter(|index| {
            matches!(
                table.columns()[*index].data_type,
                DataType::String | DataType::Bytes
            )
        })
        .ok_or_else(|| {
            Error::new(
                codes::SCHEMA,
                format!("rows of this format need a column `{name}` of text or bytes"),
            )
            .with_context("table", table.path())
        })
}

fn copy(column: &dyn Array, messages: &mut Messages) {
    let mut add = |value: Option<&[u8]>| match value {
        Some(value) => {
            messages.buffer().extend_from_slice(value);
            messages.end();
        }
        None => messages.none(),
    };
    match column.as_string_opt::<i32>() {
        Some(texts) => texts.iter().for_each(|text| add(text.map(str::as_bytes))),
        None => {
            if let Some(bytes) = column.as_binary_opt::<i32>() {
                bytes.iter().for_each(add);
            }
        }
    }
}

#[cfg(test)]
mod tests;
