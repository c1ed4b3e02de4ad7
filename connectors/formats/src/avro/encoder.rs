//! Rows into messages.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use seatunnel_api::{CatalogTable, DataType, Error, Result};

use super::bind::{Cell, bind};
use super::options::{AvroFraming, AvroOptions};
use super::schema::{self, Derive, Layout};
use super::{SINGLE_OBJECT, fingerprint};
use crate::Part;
use crate::codes;
use crate::registry::{self, Registry, SchemaKind};

/// Writes rows of one table.
pub struct AvroEncoder {
    layout: Layout,
    columns: Vec<(String, DataType)>,
    framing: Framing,
}

enum Framing {
    /// These bytes in front of each message; none, or those of the single-object encoding.
    Always(Vec<u8>),
    /// The number of the schema, asked for by topic.
    Registry {
        registry: Arc<Registry>,
        part: Part,
        schema: String,
        record: String,
        topic: Option<(String, [u8; registry::HEADER])>,
    },
}

/// The record of schemas that follow from columns, as SeaTunnel calls it.
const RECORD: &str = "SeaTunnelRecord";

impl AvroEncoder {
    /// For rows of this table, which are this part of messages.
    ///
    /// # Errors
    /// If the schema is not valid or doesn't fit the table, or a type has no place in Avro.
    pub fn new(
        table: &CatalogTable,
        options: &AvroOptions,
        registry: Option<Arc<Registry>>,
        part: Part,
    ) -> Result<Self> {
        // A schema that is given is that of values.
        let given = options.avro_schema.as_ref();
        let given = given.filter(|_| part == Part::Value);
        let derive = Derive {
            nullable: options.avro_nullable.unwrap_or(true),
            nullable_rows: options.avro_row_nullable,
        };
        let layout = match given {
            Some(text) => schema::parse(text, &[])?.1,
            None => schema::derived(table.columns(), derive)?,
        };
        // Only who shows the schema to others needs names that are valid in Avro.
        let json = || match given {
            Some(text) => Ok(text.clone()),
            None => schema::derived_json(RECORD, table.columns(), derive),
        };
        let framing = match (options.avro_framing, registry) {
            (None | Some(AvroFraming::Confluent), Some(registry)) => {
                let schema = json()?;
                let (parsed, _) = schema::parse(&schema, &[])?;
                let record = parsed.name().map_or_else(String::new, |n| n.fullname(None));
                Framing::Registry {
                    registry,
                    part,
                    schema,
                    record,
                    topic: None,
                }
            }
            (None | Some(AvroFraming::None), _) => Framing::Always(Vec::new()),
            (Some(AvroFraming::SingleObject), _) => {
                let (parsed, _) = schema::parse(&json()?, &[])?;
                Framing::Always([&SINGLE_OBJECT[..], &fingerprint(&parsed)].concat())
            }
            (Some(AvroFraming::Confluent), None) => {
                return Err(Error::new(
                    codes::SCHEMA,
                    "avro_framing = CONFLUENT needs a schema registry that numbers the schema",
                )
                .with_help("set schema_registry_url"));
            }
        };
        let columns = table.columns().iter();
        let encoder = Self {
            layout,
            columns: columns
                .map(|c| (c.name.clone(), c.data_type.clone()))
                .collect(),
            framing,
        };
        // What doesn't fit is found before there are rows.
        let empty = RecordBatch::new_empty(table.arrow_schema().clone());
        encoder.bind(empty.columns())?;
        Ok(encoder)
    }

    /// Whether what stands in front of a message depends on its topic.
    pub fn needs_topic(&self) -> bool {
        matches!(self.framing, Framing::Registry { .. })
    }

    /// Gets what stands in front of the messages of a topic; asks the registry where that takes it.
    /// To be called before the rows for another topic are written; costs nothing when the topic is the same.
    ///
    /// # Errors
    /// If the registry can't be asked, or doesn't take the schema.
    pub async fn prepare(&mut self, to: &str) -> Result<()> {
        let Framing::Registry {
            registry,
            part,
            schema,
            record,
            topic,
        } = &mut self.framing
        else {
            return Ok(());
        };
        if topic.as_ref().is_some_and(|(topic, _)| topic == to) {
            return Ok(());
        }
        let id = registry
            .id(to, *part, record, SchemaKind::Avro, schema)
            .await?;
        *topic = Some((to.to_owned(), registry::header(id)));
        Ok(())
    }

    /// The rows of a batch of the table, ready to be written.
    ///
    /// # Errors
    /// If the batch is none of the table's.
    pub fn rows<'a>(&'a self, arrays: &'a [ArrayRef]) -> Result<AvroRows<'a>> {
        let header = match &self.framing {
            Framing::Always(bytes) => bytes.as_slice(),
            Framing::Registry { topic, .. } => match topic {
                Some((_, header)) => header,
                None => {
                    return Err(Error::new(
                        seatunnel_api::codes::INTERNAL,
                        "rows are to be written before it is known where to",
                    ));
                }
            },
        };
        Ok(AvroRows {
            header,
            root: self.bind(arrays)?,
        })
    }

    fn bind<'a>(&self, arrays: &'a [ArrayRef]) -> Result<Cell<'a>> {
        let columns: Vec<(&str, &DataType)> =
            self.columns.iter().map(|(n, t)| (n.as_str(), t)).collect();
        bind(&self.layout, &columns, arrays)
    }
}

/// The rows of one batch.
pub struct AvroRows<'a> {
    header: &'a [u8],
    root: Cell<'a>,
}

impl AvroRows<'_> {
    /// Writes the message of a row behind what is in `out`.
    ///
    /// # Errors
    /// If the schema has no place for a value of the row; then nothing is written.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        out.extend_from_slice(self.header);
        self.root.write(row, out).map_err(|fault| {
            out.truncate(start);
            fault.into_write_error("Avro")
        })
    }
}
