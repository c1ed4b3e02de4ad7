//! Messages into columns.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::FileDescriptor;
use seatunnel_api::{CatalogTable, Result, RowField, RowKind};

use super::input::Input;
use super::options::ProtobufOptions;
use super::plan::Plan;
use super::schema::{compile, invalid, message, message_at};
use crate::avro::Decoded;
use crate::columns::RowColumns;
use crate::fault::{Fault, Step};
use crate::registry::{self, Registry, SchemaId, SchemaKind};

/// Reads messages into the columns of one table.
pub struct ProtobufDecoder {
    columns: Vec<RowField>,
    schemas: Schemas,
}

enum Schemas {
    /// Given; whether a header is passed over where there is one.
    Known { plan: Box<Plan>, strip: bool },
    /// Each message names its own, and which message of it.
    Registry {
        registry: Arc<Registry>,
        files: HashMap<SchemaId, Result<Known, String>>,
    },
}

/// A schema of the registry.
struct Known {
    file: FileDescriptor,
    /// Plans of the messages that came, or why there is none.
    plans: Vec<(Vec<usize>, Result<Plan, String>)>,
}

/// How many schemas a decoder keeps, and how many messages of each: a bound for topics full of broken messages.
const MOST: usize = 1000;
/// How deep messages stand inside of others.
const DEEPEST: u64 = 32;

impl ProtobufDecoder {
    /// For messages into this table. `strip_header`: what serializers with a schema registry put in front is passed over.
    ///
    /// # Errors
    /// If the schema is not valid or doesn't fit the table.
    pub fn new(
        table: &CatalogTable,
        options: &ProtobufOptions,
        registry: Option<Arc<Registry>>,
        strip_header: bool,
    ) -> Result<Self> {
        let columns: Vec<RowField> = table
            .columns()
            .iter()
            .map(|c| RowField {
                name: c.name.clone(),
                data_type: c.data_type.clone(),
            })
            .collect();
        let schemas = match (&options.protobuf_schema, registry) {
            (Some(text), registry) => {
                let file = compile(text, &[])?;
                let message = message(&file, options.protobuf_message_name.as_deref())?;
                Schemas::Known {
                    plan: Box::new(Plan::new(&message, &columns)?),
                    strip: strip_header || registry.is_some(),
                }
            }
            (None, Some(registry)) => Schemas::Registry {
                registry,
                files: HashMap::new(),
            },
            (None, None) => {
                return Err(invalid(
                    "the format protobuf needs the text of a .proto in `protobuf_schema`",
                ));
            }
        };
        Ok(Self { columns, schemas })
    }

    /// Adds the row of a message, or says which schema it takes.
    ///
    /// # Errors
    /// If the message can't be read: then nothing of it stays.
    pub fn decode(&mut self, message: &[u8], rows: &mut RowColumns) -> Result<Decoded> {
        let row = rows.rows();
        let columns = rows.columns_mut();
        let step = match &mut self.schemas {
            Schemas::Known { plan, strip } => match *strip && message.first() == Some(&0) {
                // No message begins with a zero by itself: it would be the field of number 0.
                true => unframed(message).and_then(|(_, _, body)| plan.read(body, columns, row)),
                false => plan.read(message, columns, row),
            },
            Schemas::Registry { files, .. } => match unframed(message) {
                Err(fault) => Err(fault),
                Ok((id, indexes, body)) => match files.get_mut(&id) {
                    None => return Ok(Decoded::Wants(id)),
                    Some(Err(why)) => Err(Fault::new(why.as_str())),
                    Some(Ok(known)) => known
                        .plan(&indexes, &self.columns)
                        .and_then(|plan| plan.read(body, columns, row)),
                },
            },
        };
        match step {
            Ok(()) => {
                rows.end_row(RowKind::Insert);
                Ok(Decoded::Row)
            }
            Err(fault) => {
                rows.rollback();
                Err(fault.into_error("Protocol Buffers"))
            }
        }
    }

    /// Gets a schema that [`ProtobufDecoder::decode`] wants; the message can be given again then.
    ///
    /// # Errors
    /// If the registry can't be asked. That it has no such schema is the message's fault, told by the next `decode`.
    pub async fn learn(&mut self, id: SchemaId) -> Result<()> {
        let Schemas::Registry { registry, files } = &mut self.schemas else {
            return Ok(());
        };
        let known = match registry.schema(id).await? {
            None => Err(format!("the schema registry has no schema {}", id.0)),
            Some(schema) if schema.kind != SchemaKind::Protobuf => Err(format!(
                "its schema {} is none of Protocol Buffers but {}",
                id.0,
                schema.kind.name()
            )),
            Some(schema) => match compile(&schema.text, &schema.references) {
                Ok(file) => Ok(Known {
                    file,
                    plans: Vec::new(),
                }),
                Err(error) => Err(format!("its schema {} can't be read by: {error}", id.0)),
            },
        };
        if files.len() >= MOST {
            files.clear();
        }
        files.insert(id, known);
        Ok(())
    }
}

impl Known {
    fn plan(&mut self, indexes: &[usize], columns: &[RowField]) -> Step<&Plan> {
        let place = match self.plans.iter().position(|(known, _)| known == indexes) {
            Some(place) => place,
            None => {
                let plan = match message_at(&self.file, indexes) {
                    None => Err("its schema has no message at its indexes".to_owned()),
                    Some(message) => Plan::new(&message, columns).map_err(|e| e.to_string()),
                };
                if self.plans.len() >= MOST {
                    self.plans.clear();
                }
                self.plans.push((indexes.to_vec(), plan));
                self.plans.len() - 1
            }
        };
        match &self.plans[place].1 {
            Ok(plan) => Ok(plan),
            Err(why) => Err(Fault::new(why.as_str())),
        }
    }
}

/// The number of the schema, where in it the message is, and the message.
fn unframed(message: &[u8]) -> Step<(SchemaId, Vec<usize>, &[u8])> {
    let (id, rest) = registry::split_header(message)
        .ok_or_else(|| Fault::new("it doesn't begin with the number of a schema"))?;
    let mut input = Input::new(rest);
    let mut number = || -> Step<u64> {
        let zigzag = input.varint()?;
        match zigzag & 1 {
            0 => Ok(zigzag >> 1),
            _ => Err(Fault::new("an index in front of it is less than zero")),
        }
    };
    let indexes = match number()? {
        // The most frequent case in short: the first message.
        0 => vec![0],
        count if count <= DEEPEST => (0..count)
            .map(|_| number().map(|n| usize::try_from(n).unwrap_or(usize::MAX)))
            .collect::<Step<_>>()?,
        count => {
            return Err(Fault::new(format!(
                "it has {count} indexes of messages in front"
            )));
        }
    };
    Ok((id, indexes, input.rest()))
}
