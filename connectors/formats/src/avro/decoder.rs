//! Messages into columns.

use std::collections::HashMap;
use std::sync::Arc;

use seatunnel_api::{CatalogTable, Error, Result, RowKind};

use super::options::{AvroFraming, AvroOptions};
use super::plan::Plan;
use super::schema::{self, Derive};
use super::{SINGLE_OBJECT, fingerprint};
use crate::codes;
use crate::columns::RowColumns;
use crate::fault::{Fault, Step};
use crate::registry::{self, Registry, SchemaId, SchemaKind};

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A row was added.
    Row,
    /// Nothing was done: its schema must be learned first.
    Wants(SchemaId),
}

/// Reads messages into the columns of one table.
pub struct AvroDecoder {
    table: Arc<CatalogTable>,
    schemas: Schemas,
}

enum Schemas {
    /// Given, or following from the columns: then there may be two ways, until a message tells.
    Known {
        plans: Vec<Plan>,
        chosen: Option<usize>,
        framing: Framing,
    },
    /// Each message names its own.
    Registry {
        registry: Arc<Registry>,
        /// Plans, or why there is none.
        plans: HashMap<SchemaId, Result<Plan, String>>,
    },
}

enum Framing {
    None,
    /// Five bytes must come first.
    Confluent,
    /// Five bytes may come first.
    MaybeConfluent,
    SingleObject([u8; 8]),
}

/// How many schemas a decoder keeps plans for: a bound for topics full of broken messages.
const MOST_PLANS: usize = 1000;

impl AvroDecoder {
    /// For messages into this table. `strip_header`: five bytes in front, the first of them zero, are
    /// passed over if no framing is set.
    ///
    /// # Errors
    /// If the schema is not valid or doesn't fit the table.
    pub fn new(
        table: Arc<CatalogTable>,
        options: &AvroOptions,
        registry: Option<Arc<Registry>>,
        strip_header: bool,
    ) -> Result<Self> {
        let framing = options.avro_framing;
        if let Some(registry) = registry
            && matches!(framing, None | Some(AvroFraming::Confluent))
        {
            let plans = HashMap::new();
            return Ok(Self {
                table,
                schemas: Schemas::Registry { registry, plans },
            });
        }
        let (plans, print) = match &options.avro_schema {
            Some(text) => {
                let (schema, layout) = schema::parse(text, &[])?;
                let print = Some(fingerprint(&schema));
                (vec![Plan::new(&layout, &table)?], print)
            }
            None => {
                // The older way first: of a message that can be read in both, nothing is known but
                // that its values are all zero or empty or null.
                let ways: &[bool] = match options.avro_nullable {
                    None => &[false, true],
                    Some(false) => &[false],
                    Some(true) => &[true],
                };
                let plans = ways.iter().map(|nullable| {
                    let derive = Derive {
                        nullable: *nullable,
                        nullable_rows: options.avro_row_nullable,
                    };
                    Plan::new(&schema::derived(table.columns(), derive)?, &table)
                });
                (plans.collect::<Result<_>>()?, None)
            }
        };
        let framing = match (framing, print) {
            (None | Some(AvroFraming::None), _) if strip_header => Framing::MaybeConfluent,
            (None | Some(AvroFraming::None), _) => Framing::None,
            (Some(AvroFraming::Confluent), _) => Framing::Confluent,
            (Some(AvroFraming::SingleObject), Some(print)) => Framing::SingleObject(print),
            (Some(AvroFraming::SingleObject), None) => {
                return Err(Error::new(
                    codes::SCHEMA,
                    "avro_framing = SINGLE_OBJECT needs the schema in `avro_schema`",
                ));
            }
        };
        let chosen = (plans.len() == 1).then_some(0);
        Ok(Self {
            table,
            schemas: Schemas::Known {
                plans,
                chosen,
                framing,
            },
        })
    }

    /// Adds the row of a message, or says which schema it takes.
    ///
    /// # Errors
    /// If the message can't be read: then nothing of it stays.
    pub fn decode(&mut self, message: &[u8], rows: &mut RowColumns) -> Result<Decoded> {
        let step = match &mut self.schemas {
            Schemas::Known {
                plans,
                chosen,
                framing,
            } => unframed(framing, message)
                .and_then(|message| read_known(plans, chosen, message, rows)),
            Schemas::Registry { plans, .. } => match registry::split_header(message) {
                None => Err(Fault::new("it doesn't begin with the number of a schema")),
                Some((id, body)) => match plans.get(&id) {
                    None => return Ok(Decoded::Wants(id)),
                    Some(Ok(plan)) => plan.read(body, rows.columns_mut()),
                    Some(Err(why)) => Err(Fault::new(why.as_str())),
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
                Err(fault.into_error("Avro"))
            }
        }
    }

    /// Adds the row at the front of data in which one stands behind the other, with nothing between them; gives what
    /// is behind it. For a decoder whose schema is given.
    ///
    /// # Errors
    /// If it can't be read: then nothing of it stays, and where the next one begins is not known.
    pub fn decode_first<'a>(&self, data: &'a [u8], rows: &mut RowColumns) -> Result<&'a [u8]> {
        let step = match &self.schemas {
            Schemas::Known { plans, .. } if plans.len() == 1 => {
                plans[0].read_first(data, rows.columns_mut())
            }
            _ => Err(Fault::new("no schema is given")),
        };
        match step {
            Ok(rest) => {
                rows.end_row(RowKind::Insert);
                Ok(rest)
            }
            Err(fault) => {
                rows.rollback();
                Err(fault.into_error("Avro"))
            }
        }
    }

    /// Gets a schema that [`AvroDecoder::decode`] wants; the message can be given again then.
    ///
    /// # Errors
    /// If the registry can't be asked. That it has no such schema is the message's fault, told by the next `decode`.
    pub async fn learn(&mut self, id: SchemaId) -> Result<()> {
        let Schemas::Registry { registry, plans } = &mut self.schemas else {
            return Ok(());
        };
        let found = registry.schema(id).await?;
        let plan = match found {
            None => Err(format!("the schema registry has no schema {}", id.0)),
            Some(schema) if schema.kind != SchemaKind::Avro => Err(format!(
                "its schema {} is none of Avro but {}",
                id.0,
                schema.kind.name()
            )),
            Some(found) => {
                let references: Vec<String> = found
                    .references
                    .iter()
                    .map(|(_, text)| text.clone())
                    .collect();
                schema::parse(&found.text, &references)
                    .and_then(|(_, layout)| Plan::new(&layout, &self.table))
                    .map_err(|e| format!("its schema {} can't be read by: {e}", id.0))
            }
        };
        if plans.len() >= MOST_PLANS {
            plans.clear();
        }
        plans.insert(id, plan);
        Ok(())
    }
}

fn unframed<'a>(framing: &Framing, message: &'a [u8]) -> Step<&'a [u8]> {
    match framing {
        Framing::None => Ok(message),
        Framing::Confluent => registry::split_header(message)
            .map(|(_, body)| body)
            .ok_or_else(|| Fault::new("it doesn't begin with the number of a schema")),
        Framing::MaybeConfluent => {
            Ok(registry::split_header(message).map_or(message, |(_, body)| body))
        }
        Framing::SingleObject(print) => {
            let rest = message
                .strip_prefix(&SINGLE_OBJECT)
                .ok_or_else(|| Fault::new("it doesn't begin with C3 01"))?;
            rest.strip_prefix(print)
                .ok_or_else(|| Fault::new("it is of another schema than that of `avro_schema`"))
        }
    }
}

fn read_known(
    plans: &[Plan],
    chosen: &mut Option<usize>,
    message: &[u8],
    rows: &mut RowColumns,
) -> Step {
    if let Some(plan) = chosen.and_then(|index| plans.get(index)) {
        return plan.read(message, rows.columns_mut());
    }
    let mut first = None;
    let mut fits = Vec::with_capacity(plans.len());
    for (index, plan) in plans.iter().enumerate() {
        match plan.read(message, rows.columns_mut()) {
            Ok(()) => fits.push(index),
            Err(fault) => first = first.or(Some(fault)),
        }
        rows.rollback();
    }
    match (fits.as_slice(), first) {
        ([], Some(fault)) => Err(fault),
        ([only], _) => {
            *chosen = Some(*only);
            plans[*only].read(message, rows.columns_mut())
        }
        ([one, ..], _) => plans[*one].read(message, rows.columns_mut()),
        ([], None) => Err(Fault::new("there is no schema")),
    }
}
