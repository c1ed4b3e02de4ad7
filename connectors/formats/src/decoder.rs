//! Messages into rows, whatever their format.

use std::sync::Arc;

use seatunnel_api::{Batch, CatalogTable, Column, DataType, Error, Result, RowKind, TableSchema};

use crate::avro::{AvroDecoder, Decoded};
use crate::change::{Changes, Filter, Tool};
use crate::codes;
use crate::columns::RowColumns;
use crate::fault::{Fault, Step};
use crate::json::{Dialect, Objects};
use crate::native;
use crate::options::{Format, FormatOptions};
use crate::protobuf::ProtobufDecoder;
use crate::registry::{Registry, SchemaId};
use crate::scalars::push_scalar;
use crate::text::Text;

/// A message as it came.
#[derive(Clone, Debug, Default)]
pub struct Message<'a> {
    /// What it is about.
    pub key: Option<&'a [u8]>,
    /// What it says; nothing for a tombstone.
    pub value: Option<&'a [u8]>,
    /// Names and values.
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// Whose time the timestamp is: true for the broker's, when it took the message.
    pub is_append_time: bool,
    /// Where it came from.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
}

/// The columns of messages of a format where the job file says `declared`. Without a word of it a message is one
/// text, `content`.
pub fn schema_of(options: &FormatOptions, declared: Option<&TableSchema>) -> TableSchema {
    if options.format == Format::Native {
        return native::schema();
    }
    match declared.filter(|schema| !schema.columns.is_empty()) {
        Some(schema) => schema.clone(),
        None => TableSchema::new(vec![Column::new("content", DataType::String)]),
    }
}

/// Collects the rows of one table out of messages.
pub struct Decoder {
    rows: RowColumns,
    kind: Kind,
}

enum Kind {
    Content,
    Json(Objects),
    Text(Text),
    Changes(Changes),
    Avro(Box<AvroDecoder>),
    Protobuf(Box<ProtobufDecoder>),
    Native,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pushed {
    /// Its rows are taken.
    Done,
    /// Nothing was done: [`Decoder::learn`] has to get this schema first, then the message is given again.
    Wants(SchemaId),
}

impl From<Decoded> for Pushed {
    fn from(decoded: Decoded) -> Self {
        match decoded {
            Decoded::Row => Self::Done,
            Decoded::Wants(id) => Self::Wants(id),
        }
    }
}

impl Decoder {
    /// For messages whose rows are of `table`, which has the columns of [`schema_of`]; `declared` says whether the
    /// job file has them.
    ///
    /// # Errors
    /// If the format does not fit the table or can't be read.
    pub fn new(table: Arc<CatalogTable>, options: &FormatOptions, declared: bool) -> Result<Self> {
        let changes = |tool| {
            let filter = options.debezium_record_table_filter.as_ref();
            let filter = filter
                .filter(|_| tool == Tool::Debezium)
                .map(|filter| Filter {
                    database: filter.database_name.clone(),
                    schema: filter.schema_name.clone(),
                    table: filter.table_name.clone(),
                });
            Kind::Changes(Changes::new(tool, &table, filter))
        };
        let kind = match options.format {
            Format::Native => Kind::Native,
            _ if !declared => Kind::Content,
            Format::Json => Kind::Json(Objects::new(&table, Dialect::Plain)),
            Format::Text => Kind::Text(Text::new(&options.field_delimiter)?),
            Format::CanalJson => changes(Tool::Canal),
            Format::DebeziumJson => changes(Tool::Debezium),
            Format::OggJson => changes(Tool::Ogg),
            Format::MaxwellJson => changes(Tool::Maxwell),
            Format::CompatibleKafkaConnectJson => changes(Tool::KafkaConnect),
            Format::Avro => {
                let registry = Registry::new(&options.registry)?;
                let strip = options.strip_schema_registry_header;
                let decoder = AvroDecoder::new(table.clone(), &options.avro, registry, strip)?;
                Kind::Avro(Box::new(decoder))
            }
            Format::Protobuf => {
                let registry = Registry::new(&options.registry)?;
                let strip = options.strip_schema_registry_header;
                let decoder = ProtobufDecoder::new(&table, &options.protobuf, registry, strip)?;
                Kind::Protobuf(Box::new(decoder))
            }
            Format::CompatibleDebeziumJson => {
                return Err(Error::new(
                    codes::SCHEMA,
                    format!(
                        "a source can't read messages of the format {:?}",
                        options.format
                    ),
                ));
            }
        };
        Ok(Self {
            rows: RowColumns::new(table),
            kind,
        })
    }

    /// Takes a message: none, one or several rows.
    ///
    /// # Errors
    /// If it can't be read; nothing of it stays then.
    pub fn push(&mut self, message: &Message<'_>) -> Result<Pushed> {
        let before = self.rows.rows();
        let step = match (&mut self.kind, message.value) {
            (Kind::Native, _) => native::decode(message, &mut self.rows),
            // A tombstone: the key is gone, and the row that it stood for is not told.
            (_, None) => return Ok(Pushed::Done),
            (Kind::Avro(decoder), Some(value)) => {
                return Ok(decoder.decode(value, &mut self.rows)?.into());
            }
            (Kind::Protobuf(decoder), Some(value)) => {
                return Ok(decoder.decode(value, &mut self.rows)?.into());
            }
            (kind, Some(value)) => kind.decode(value, &mut self.rows),
        };
        match step {
            Ok(()) => Ok(Pushed::Done),
            Err(fault) => {
                self.rows.truncate(before);
                Err(fault.into_error(self.kind.name()))
            }
        }
    }

    /// Gets a schema that [`Decoder::push`] wants.
    ///
    /// # Errors
    /// If the schema registry can't be asked: the fault of no message. That it has no such schema is told by the
    /// next [`Decoder::push`].
    pub async fn learn(&mut self, id: SchemaId) -> Result<()> {
        match &mut self.kind {
            Kind::Avro(decoder) => decoder.learn(id).await,
            Kind::Protobuf(decoder) => decoder.learn(id).await,
            _ => Ok(()),
        }
    }

    /// Rows collected.
    pub fn rows(&self) -> usize {
        self.rows.rows()
    }

    /// The rows collected, and none are left.
    ///
    /// # Errors
    /// If a column is larger than 2 GiB.
    pub fn finish(&mut self) -> Result<Batch> {
        self.rows.finish()
    }
}

impl Kind {
    #[inline]
    fn decode(&self, value: &[u8], rows: &mut RowColumns) -> Step {
        match self {
            Self::Json(objects) => objects.decode(value, rows),
            Self::Text(text) => text.decode(value, rows),
            Self::Changes(changes) => changes.decode(value, rows),
            Self::Avro(_) | Self::Protobuf(_) | Self::Native => Err(Fault::new(
                "messages of this format are not read by their value alone",
            )),
            Self::Content => {
                let value = crate::json::text(value)?;
                let column = rows.columns_mut().first_mut();
                let column = column.ok_or_else(|| Fault::new("the table has no column"))?;
                push_scalar(column, &DataType::String, value)?;
                rows.end_row(RowKind::Insert);
                Ok(())
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Content => "text",
            Self::Json(_) => "JSON",
            Self::Text(_) => "delimited text",
            Self::Changes(changes) => changes.name(),
            Self::Avro(_) => "Avro",
            Self::Protobuf(_) => "Protocol Buffers",
            Self::Native => "a message of Kafka",
        }
    }
}
