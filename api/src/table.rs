//! Tables: how they are named, what columns and keys they have.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow_schema::{Field as ArrowField, Schema as ArrowSchema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::types::DataType;

/// Names a table: up to a database, a schema and the table itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TablePath {
    /// The database, where there is one.
    pub database: Option<String>,
    /// The schema inside the database, where there is one.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
}

impl TablePath {
    /// The path of a source that doesn't name its table: `default.default.default`.
    pub fn unnamed() -> Self {
        let word = || "default".to_owned();
        Self {
            database: Some(word()),
            schema: Some(word()),
            table: word(),
        }
    }

    /// A table without database and schema.
    pub fn table(name: impl Into<String>) -> Self {
        Self {
            table: name.into(),
            ..Self::default()
        }
    }

    /// Splits `table`, `database.table` or `database.schema.table`. With `schema_first`, two parts
    /// are `schema.table`. Of more than three parts the rest belongs to the table's name.
    pub fn parse(text: &str, schema_first: bool) -> Self {
        let mut parts = text.splitn(3, '.').map(str::to_owned);
        let own = |s: Option<String>| s.filter(|s| !s.is_empty());
        match (parts.next(), parts.next(), parts.next()) {
            (Some(a), Some(b), Some(c)) => Self {
                database: own(Some(a)),
                schema: own(Some(b)),
                table: c,
            },
            (Some(a), Some(b), None) if schema_first => Self {
                database: None,
                schema: own(Some(a)),
                table: b,
            },
            (Some(a), Some(b), None) => Self {
                database: own(Some(a)),
                schema: None,
                table: b,
            },
            (a, ..) => Self::table(a.unwrap_or_default()),
        }
    }

    /// `schema.table`, or the table alone.
    pub fn schema_and_table(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.table),
            None => self.table.clone(),
        }
    }
}

/// The parts that are there, joined by dots.
impl fmt::Display for TablePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.database, &self.schema].into_iter().flatten() {
            write!(f, "{part}.")?;
        }
        f.write_str(&self.table)
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub data_type: DataType,
    /// Longest value in characters or bytes, where the source knows it.
    pub length: Option<u64>,
    /// Fraction digits of times, where the source knows it.
    pub scale: Option<i32>,
    /// Whether it may hold nulls.
    pub nullable: bool,
    /// The value a row gets that doesn't name one, as text; SQL expressions stand as they are.
    pub default_value: Option<String>,
    /// What the table's owner says about it.
    pub comment: Option<String>,
    /// The type as the source spells it: `varchar(20)`.
    pub source_type: Option<String>,
    /// The type that the user wants in a table that a sink makes, as that database spells it. It goes
    /// before what the sink would choose.
    pub sink_type: Option<String>,
}

impl Column {
    /// A nullable column that is known by name and type only.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self {
            name: name.into(),
            data_type,
            length: None,
            scale: None,
            nullable: true,
            default_value: None,
            comment: None,
            source_type: None,
            sink_type: None,
        }
    }

    /// The same column, not nullable.
    #[must_use]
    pub fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }
}

/// The primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimaryKey {
    /// Name of the constraint.
    pub name: String,
    /// Names of its columns, in order.
    pub columns: Vec<String>,
}

/// What a [`ConstraintKey`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// An index without further meaning.
    Index,
    /// No two rows share it.
    Unique,
    /// Its values stand in another table.
    Foreign,
    /// An index on vectors.
    VectorIndex,
}

/// The order of a column within a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SortOrder {
    /// Ascending.
    #[default]
    Asc,
    /// Descending.
    Desc,
}

/// A key beside the primary one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstraintKey {
    /// Name of the constraint.
    pub name: String,
    /// What it asks for.
    pub kind: ConstraintKind,
    /// Its columns and their order.
    pub columns: Vec<(String, SortOrder)>,
}

/// Columns and keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableSchema {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The primary key, if there is one.
    pub primary_key: Option<PrimaryKey>,
    /// Further keys.
    pub constraint_keys: Vec<ConstraintKey>,
}

impl TableSchema {
    /// A schema without keys.
    pub fn new(columns: Vec<Column>) -> Self {
        Self {
            columns,
            ..Self::default()
        }
    }

    /// Position of a column by its exact name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// Names of all columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.name.as_str())
    }
}

/// A table as sources announce it and as it travels with the data.
///
/// Made once and shared: its Arrow schema is built at the start, so that batches only count references.
#[derive(Clone, Debug)]
pub struct CatalogTable {
    catalog: String,
    path: TablePath,
    schema: TableSchema,
    arrow: SchemaRef,
    partition_keys: Vec<String>,
    comment: Option<String>,
    options: BTreeMap<String, String>,
    facts: Vec<(&'static str, DataType)>,
}

impl PartialEq for CatalogTable {
    fn eq(&self, other: &Self) -> bool {
        self.catalog == other.catalog
            && self.path == other.path
            && self.schema == other.schema
            && self.partition_keys == other.partition_keys
            && self.comment == other.comment
    }
}

impl CatalogTable {
    /// A table; `catalog` is the name of what the table comes from, often the connector's.
    pub fn new(catalog: impl Into<String>, path: TablePath, schema: TableSchema) -> Self {
        let arrow = Arc::new(ArrowSchema::new(
            schema
                .columns
                .iter()
                .map(|c| {
                    // Nullability is checked where rows enter a table, not by Arrow: a filter or an
                    // outer source may still bring nulls, and that error must name the column.
                    ArrowField::new(&c.name, c.data_type.to_arrow(), true)
                })
                .collect::<Vec<_>>(),
        ));
        Self {
            catalog: catalog.into(),
            path,
            schema,
            arrow,
            partition_keys: Vec::new(),
            comment: None,
            options: BTreeMap::new(),
            facts: Vec::new(),
        }
    }

    /// The same table under another schema, keeping what else is known of it.
    #[must_use]
    pub fn with_schema(&self, schema: TableSchema) -> Self {
        let mut table = Self::new(self.catalog.clone(), self.path.clone(), schema);
        table.comment = self.comment.clone();
        table.options = self.options.clone();
        table.facts = self.facts.clone();
        table.partition_keys = self
            .partition_keys
            .iter()
            .filter(|k| table.schema.index_of(k).is_some())
            .cloned()
            .collect();
        table
    }

    /// The same table under another path.
    #[must_use]
    pub fn with_path(mut self, path: TablePath) -> Self {
        self.path = path;
        self
    }

    /// With a comment.
    #[must_use]
    pub fn with_comment(mut self, comment: Option<String>) -> Self {
        self.comment = comment;
        self
    }

    /// With the columns it is partitioned by.
    #[must_use]
    pub fn with_partition_keys(mut self, keys: Vec<String>) -> Self {
        self.partition_keys = keys;
        self
    }

    /// With an option that its source knows of it.
    #[must_use]
    pub fn with_option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(key.into(), value.into());
        self
    }

    /// With a [`Fact`](crate::Fact) that its source gives of each row, and the type of its values.
    #[must_use]
    pub fn with_fact(mut self, name: &'static str, data_type: DataType) -> Self {
        self.facts.push((name, data_type));
        self
    }

    /// Without facts: for rows that are others than the source's.
    #[must_use]
    pub fn without_facts(mut self) -> Self {
        self.facts.clear();
        self
    }

    /// What the table comes from.
    pub fn catalog(&self) -> &str {
        &self.catalog
    }

    /// Its name.
    pub fn path(&self) -> &TablePath {
        &self.path
    }

    /// Columns and keys.
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.schema.columns
    }

    /// The Arrow schema that every batch of this table has.
    pub fn arrow_schema(&self) -> &SchemaRef {
        &self.arrow
    }

    /// The columns it is partitioned by.
    pub fn partition_keys(&self) -> &[String] {
        &self.partition_keys
    }

    /// What its owner says about it.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// What its source knows of it besides.
    pub fn options(&self) -> &BTreeMap<String, String> {
        &self.options
    }

    /// What its source tells of each row besides the values: names and types.
    pub fn facts(&self) -> &[(&'static str, DataType)] {
        &self.facts
    }
}
