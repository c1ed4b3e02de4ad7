//! Sinks that know one table, for jobs that have many.
//!
//! The author writes a sink for a single table. [`per_table`] makes one for each table that comes
//! in, with the placeholders of the options filled in (`${table_name}` and kin), and routes batches.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::config::{ConfigValue, Kind};
use crate::erased::{DynSink, erase_sink};
use crate::error::{Error, Result, codes};
use crate::factory::SinkContext;
use crate::job::{CheckpointId, JobContext, TaskContext};
use crate::options::Options;
use crate::sink::{Guarantee, Readback, Sink, SinkWriter};
use crate::state::{State, StateKind, decode, encode};
use crate::table::{CatalogTable, ConstraintKind};

/// Names that stand for something of the table in a sink's options; `-i` can't set them.
pub const PLACEHOLDERS: &[&str] = &[
    "database_name",
    "schema_name",
    "schema_full_name",
    "table_name",
    "table_full_name",
    "primary_key",
    "unique_key",
    "field_names",
    "partition_keys",
];

/// Makes a sink for each table of the context by `make`, with its options, and one sink of all of
/// them. Every one gets writers of its own: a sink whose writers hold something dear, such as a
/// connection, rather takes all tables at once ([`options_per_table`]).
///
/// # Errors
/// If the options of a table can't be read, or `make` fails.
pub fn per_table<O: Options, S: Sink>(
    plugin: &str,
    context: &SinkContext,
    mut make: impl FnMut(O, &Arc<CatalogTable>) -> Result<S>,
) -> Result<Arc<dyn DynSink>> {
    let mut sinks = Vec::with_capacity(context.tables.len());
    for (table, options) in options_per_table(plugin, context)? {
        let sink = make(options, &table)?;
        sinks.push((table, sink));
    }
    Ok(erase_sink(PerTable {
        sinks: sinks.into(),
    }))
}

/// The options for each table of the context, with `${table_name}` and kin filled in.
///
/// # Errors
/// If the options of a table can't be read.
pub fn options_per_table<O: Options>(
    plugin: &str,
    context: &SinkContext,
) -> Result<Vec<(Arc<CatalogTable>, O)>> {
    let tables = context.tables.iter();
    tables
        .map(|table| {
            let config = fill_placeholders(&context.config, table);
            Ok((table.clone(), O::from_config(plugin, &config)?))
        })
        .collect()
}

/// The same tree with `${table_name}` and kin, also with a default behind a colon, replaced.
pub fn fill_placeholders(config: &ConfigValue, table: &CatalogTable) -> ConfigValue {
    let mut filled = config.clone();
    fill(&mut filled, &|name| placeholder(name, table));
    filled
}

/// The path of a file with `${table_name}` and kin replaced; what is replaced stays one file name.
pub fn fill_path(path: &str, table: &CatalogTable) -> String {
    fill_text(path, &|name| {
        placeholder(name, table).map(|text| text.replace(['/', '\\'], "_"))
    })
}

fn fill(value: &mut ConfigValue, lookup: &dyn Fn(&str) -> Option<String>) {
    match &mut value.kind {
        Kind::String(text) if text.contains("${") => *text = fill_text(text, lookup),
        Kind::List(items) => {
            // A list of one placeholder becomes the list of its parts: primary_keys = ["${primary_key}"].
            let spread: Vec<ConfigValue> = items
                .iter()
                .flat_map(|item| {
                    let whole = item.as_str().and_then(whole_placeholder);
                    match whole.and_then(|(name, default)| {
                        lookup(name).or_else(|| default.map(str::to_owned))
                    }) {
                        Some(text) => text
                            .split(',')
                            .filter(|part| !part.is_empty())
                            .map(|part| {
                                ConfigValue::new(Kind::String(part.to_owned()), item.span.clone())
                            })
                            .collect(),
                        None => {
                            let mut item = item.clone();
                            fill(&mut item, lookup);
                            vec![item]
                        }
                    }
                })
                .collect();
            *items = spread;
        }
        Kind::Object(members) => {
            for member in members.values_mut() {
                fill(member, lookup);
            }
        }
        _ => {}
    }
}

fn whole_placeholder(text: &str) -> Option<(&str, Option<&str>)> {
    let body = text.strip_prefix("${")?.strip_suffix('}')?;
    let (name, default) = match body.split_once(':') {
        Some((name, default)) => (name, Some(default)),
        None => (body, None),
    };
    PLACEHOLDERS.contains(&name).then_some((name, default))
}

fn fill_text(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        out.push_str(&rest[..start]);
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let whole = &rest[start..=start + length];
        rest = &rest[start + length + 1..];
        match whole_placeholder(whole) {
            Some((name, default)) => match (lookup(name), default) {
                (Some(value), _) => out.push_str(&value),
                (None, Some(default)) => out.push_str(default),
                (None, None) => out.push_str(whole),
            },
            None => out.push_str(whole),
        }
    }
    out.push_str(rest);
    out
}

fn placeholder(name: &str, table: &CatalogTable) -> Option<String> {
    let path = table.path();
    let schema = table.schema();
    let unnamed = |text: &Option<String>| text.clone().filter(|t| t != "default");
    let value = match name {
        "database_name" => unnamed(&path.database)?,
        "schema_name" => unnamed(&path.schema)?,
        "schema_full_name" => [&path.database, &path.schema]
            .into_iter()
            .filter_map(unnamed)
            .collect::<Vec<_>>()
            .join("."),
        "table_name" => path.table.clone(),
        "table_full_name" => path.to_string(),
        "primary_key" => schema.primary_key.as_ref()?.columns.join(","),
        "unique_key" => schema
            .constraint_keys
            .iter()
            .filter(|k| k.kind == ConstraintKind::Unique)
            .flat_map(|k| k.columns.iter().map(|(name, _)| name.as_str()))
            .collect::<Vec<_>>()
            .join(","),
        "field_names" => schema.names().collect::<Vec<_>>().join(","),
        "partition_keys" => table.partition_keys().join(","),
        _ => return None,
    };
    Some(value).filter(|v| !v.is_empty())
}

struct PerTable<S> {
    sinks: Arc<[(Arc<CatalogTable>, S)]>,
}

/// A committable of one table's sink.
#[derive(Serialize, Deserialize)]
struct TableCommittable {
    table: String,
    bytes: Vec<u8>,
}

impl State for TableCommittable {}

impl<S: Sink> PerTable<S> {
    /// Committables of each table in the order of the tables.
    fn by_table(&self, all: Vec<TableCommittable>) -> Result<Vec<(usize, Vec<S::Committable>)>> {
        let mut sorted: Vec<Vec<S::Committable>> = self.sinks.iter().map(|_| Vec::new()).collect();
        for one in all {
            let index = self
                .sinks
                .iter()
                .position(|(table, _)| table.path().to_string() == one.table)
                .ok_or_else(|| {
                    Error::new(
                        codes::STATE_INVALID,
                        "a committable belongs to a table that this job does not write",
                    )
                    .with_context("table", &one.table)
                })?;
            sorted[index].push(decode(StateKind::Committable, &one.bytes)?);
        }
        let with_any = sorted.into_iter().enumerate();
        Ok(with_any.filter(|(_, c)| !c.is_empty()).collect())
    }
}

#[async_trait]
impl<S: Sink> Sink for PerTable<S> {
    type Committable = TableCommittable;
    type Writer = PerTableWriter<S>;

    async fn prepare(&self) -> Result<()> {
        for (_, sink) in self.sinks.iter() {
            sink.prepare().await?;
        }
        Ok(())
    }

    async fn writer(&self, context: TaskContext) -> Result<Self::Writer> {
        let mut writers = HashMap::with_capacity(self.sinks.len());
        for (table, sink) in self.sinks.iter() {
            let writer = sink.writer(context.clone()).await?;
            writers.insert(table.path().to_string(), writer);
        }
        Ok(PerTableWriter {
            writers,
            last: None,
        })
    }

    async fn commit(&self, committables: Vec<TableCommittable>) -> Result<()> {
        for (index, own) in self.by_table(committables)? {
            self.sinks[index].1.commit(own).await?;
        }
        Ok(())
    }

    async fn abort(&self, committables: Vec<TableCommittable>) -> Result<()> {
        for (index, own) in self.by_table(committables)? {
            self.sinks[index].1.abort(own).await?;
        }
        Ok(())
    }

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        for (_, sink) in self.sinks.iter() {
            sink.discard_leftovers(job).await?;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        for (_, sink) in self.sinks.iter() {
            sink.finish().await?;
        }
        Ok(())
    }

    async fn check(&self) -> Result<()> {
        for (_, sink) in self.sinks.iter() {
            sink.check().await?;
        }
        Ok(())
    }

    async fn readback(&self) -> Result<Option<Vec<Readback>>> {
        let mut all = Vec::with_capacity(self.sinks.len());
        for (_, sink) in self.sinks.iter() {
            match sink.readback().await? {
                Some(own) => all.extend(own),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }

    fn guarantee(&self) -> Guarantee {
        let first = self.sinks.first();
        first.map_or(Guarantee::AtLeastOnce, |(_, sink)| sink.guarantee())
    }
}

struct PerTableWriter<S: Sink> {
    writers: HashMap<String, S::Writer>,
    /// The table of the last batch and its name, since most batches come from one table.
    last: Option<(Arc<CatalogTable>, String)>,
}

#[async_trait]
impl<S: Sink> SinkWriter for PerTableWriter<S> {
    type Committable = TableCommittable;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        let known = self
            .last
            .as_ref()
            .is_some_and(|(table, _)| Arc::ptr_eq(table, batch.table()));
        if !known {
            let name = batch.table().path().to_string();
            self.last = Some((batch.table().clone(), name));
        }
        let name = self.last.as_ref().map_or("", |(_, name)| name);
        match self.writers.get_mut(name) {
            Some(writer) => writer.write(batch).await,
            None => Err(Error::new(
                codes::INTERNAL,
                "rows came for a table that was not announced",
            )
            .with_context("table", name)),
        }
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<TableCommittable>> {
        let mut all = Vec::new();
        for (table, writer) in &mut self.writers {
            for committable in writer.prepare_commit(checkpoint).await? {
                all.push(TableCommittable {
                    table: table.clone(),
                    bytes: encode(StateKind::Committable, &committable)?,
                });
            }
        }
        Ok(all)
    }

    async fn abort(&mut self) -> Result<()> {
        let mut first_error = Ok(());
        for writer in self.writers.values_mut() {
            first_error = first_error.and(writer.abort().await);
        }
        first_error
    }

    async fn close(&mut self) -> Result<()> {
        for writer in self.writers.values_mut() {
            writer.close().await?;
        }
        Ok(())
    }
}
