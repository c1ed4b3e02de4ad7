//! Metadata: what is known of a row besides its values, as columns.

use std::iter::repeat_n;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef, StringArray};
use async_trait::async_trait;
use indexmap::IndexMap;
use seatunnel_api::config::nearest;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, Error, PluginInfo, Result, RowKind, RowKinds, Transform,
    TransformContext, TransformFactory,
};

use crate::codes;
use crate::columns::{as_text, check_text, rebuilt, refuse_twins, text, with_columns};
use crate::tables::{Rule, TableStep, per_table};

const NAME: &str = "Metadata";

/// What is known of each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Database,
    Table,
    RowKind,
    Partition,
    /// What some sources tell of each row.
    Fact(&'static str),
}

/// The names that SeaTunnel has, and what they are here; none if that is the source's to say.
const KEYS: &[(&str, Option<Key>)] = &[
    ("Database", Some(Key::Database)),
    ("Table", Some(Key::Table)),
    ("RowKind", Some(Key::RowKind)),
    ("Partition", Some(Key::Partition)),
    ("EventTime", None),
    ("Delay", None),
    ("SourceTimestamp", None),
    ("BinlogFile", None),
    ("BinlogPos", None),
    ("BinlogRow", None),
    ("Gtid", None),
    ("FilePath", None),
    ("FileCreateTime", None),
    ("FileUpdateTime", None),
    ("FileSize", None),
    ("FileType", None),
];

/// Which metadata, and what the columns are called.
#[derive(Clone, Debug, Options)]
struct MetadataRule {
    /// Metadata and the new columns that get it: `{ Table = source_table }`. There are `Database` and
    /// `Table` (names of the table as it comes in), `RowKind` (`+I`, `-U`, `+U` or `-D`) and `Partition`
    /// (the values of the columns that the table is partitioned by, with commas between them). Kafka also
    /// gives `EventTime`, a bigint: milliseconds since 1970 at which a message was sent, or stored, as the topic
    /// has it; files give `FilePath` and `FileType`, the ending of their name.
    #[option(default = IndexMap::new())]
    metadata_fields: IndexMap<String, Located<String>>,
}

impl Rule for MetadataRule {
    fn is_given(&self) -> bool {
        !self.metadata_fields.is_empty()
    }
}

impl MetadataRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<MetadataStep> {
        let mut columns = table.columns().to_vec();
        let mut keys = Vec::new();
        for (name, target) in &self.metadata_fields {
            let (key, data_type) = key(name, table).map_err(|e| e.or_at(&target.span))?;
            let mut column = Column::new(target.value.clone(), data_type);
            if key == Key::RowKind {
                column = column.not_null();
                column.length = Some(2);
            }
            columns.push(column);
            keys.push(key);
        }
        refuse_twins(NAME, table, &columns)?;
        let mut partition = Vec::new();
        if keys.contains(&Key::Partition) {
            for name in table.partition_keys() {
                if let Some(at) = table.schema().index_of(name) {
                    check_text(NAME, &table.columns()[at])?;
                    partition.push(at);
                }
            }
        }
        Ok(MetadataStep {
            database: table.path().database.clone(),
            name: table.path().table.clone(),
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            keys,
            partition,
        })
    }
}

/// What a name stands for, and the type of its values.
fn key(name: &str, table: &CatalogTable) -> Result<(Key, DataType)> {
    let mut told = table.facts().iter();
    if let Some((fact, data_type)) = told.find(|(fact, _)| *fact == name) {
        return Ok((Key::Fact(fact), data_type.clone()));
    }
    match KEYS.iter().find(|(known, _)| *known == name) {
        Some((_, Some(key))) => Ok((*key, DataType::String)),
        Some((_, None)) => Err(Error::new(
            codes::METADATA_UNKNOWN,
            format!(
                "{NAME}: rows of table {} bring no `{name}` ({})",
                table.path(),
                table.catalog()
            ),
        )
        .with_help(available(table))),
        None => {
            // Case counts in SeaTunnel, so the usual mistake is one of case.
            let alike = KEYS
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            let near = alike.map(|(known, _)| *known);
            let near = near.or_else(|| nearest(name, KEYS.iter().map(|(known, _)| *known)));
            Err(Error::new(
                codes::METADATA_UNKNOWN,
                format!("{NAME}: there is no metadata `{name}`"),
            )
            .with_help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => available(table),
            }))
        }
    }
}

/// What a table's rows bring, for people.
fn available(table: &CatalogTable) -> String {
    let own = KEYS.iter().filter(|(_, key)| key.is_some());
    let told = table.facts().iter().map(|(name, _)| *name);
    let names: Vec<String> = (own.map(|(name, _)| *name).chain(told))
        .map(|name| format!("`{name}`"))
        .collect();
    format!(
        "there are {}; what a source tells of its rows is known up to the first Sql transform and the like",
        names.join(", ")
    )
}

struct MetadataStep {
    table: Arc<CatalogTable>,
    database: Option<String>,
    name: String,
    keys: Vec<Key>,
    /// Positions of the columns that the table is partitioned by.
    partition: Vec<usize>,
}

impl TableStep for MetadataStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        let mut columns: Vec<ArrayRef> = batch.records().columns().to_vec();
        let rows = batch.num_rows();
        for key in &self.keys {
            columns.push(match key {
                Key::Database => same(self.database.as_deref(), rows),
                Key::Table => same(Some(&self.name), rows),
                Key::RowKind => kinds(batch.kinds(), rows),
                Key::Partition => self.partitions(&batch)?,
                Key::Fact(name) => match batch.fact(name) {
                    Some(fact) => fact.column(rows)?,
                    None => {
                        let what = format!(
                            "{NAME}: rows of table {} have lost their `{name}`",
                            batch.table().path()
                        );
                        return Err(Error::new(codes::METADATA_UNKNOWN, what)
                            .with_help("let Metadata be the first transform"));
                    }
                },
            });
        }
        rebuilt(&self.table, columns, &batch).map(Some)
    }
}

impl MetadataStep {
    fn partitions(&self, batch: &Batch) -> Result<ArrayRef> {
        let rows = batch.num_rows();
        if self.partition.is_empty() {
            return Ok(same(None, rows));
        }
        let columns = self.partition.iter();
        let columns = columns
            .map(|at| as_text(batch.records().column(*at)))
            .collect::<Result<Vec<_>>>()?;
        let mut out = StringBuilder::new();
        let mut value = String::new();
        for row in 0..rows {
            value.clear();
            for (count, column) in columns.iter().enumerate() {
                if count > 0 {
                    value.push(',');
                }
                let column = text(column);
                value.push_str(if column.is_valid(row) {
                    column.value(row)
                } else {
                    "null"
                });
            }
            out.append_value(&value);
        }
        Ok(Arc::new(out.finish()))
    }
}

fn same(value: Option<&str>, rows: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter(repeat_n(value, rows)))
}

fn kinds(kinds: &RowKinds, rows: usize) -> ArrayRef {
    match kinds {
        RowKinds::All(kind) => same(Some(kind.short()), rows),
        RowKinds::Each(bytes) => Arc::new(StringArray::from_iter_values(
            bytes.iter().map(|byte| RowKind::from_byte(*byte).short()),
        )),
    }
}

crate::options_with_table_rules!(
    /// Adds columns with the name of the table, the kind of the row and the like.
    "Metadata",
    MetadataOptions,
    MetadataTableRule,
    MetadataRule
);

/// Makes Metadata transforms.
pub struct MetadataFactory;

#[async_trait]
impl TransformFactory for MetadataFactory {
    type Options = MetadataOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Adds columns with what is known of a row: database, table, kind, partition.",
        }
    }

    async fn create(
        &self,
        options: MetadataOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, MetadataRule::step)
    }
}
