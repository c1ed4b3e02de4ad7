//! Tables as a server describes them, and what the connector asks of a server's catalog.

use std::collections::HashMap;

use async_trait::async_trait;
use seatunnel_api::config::nearest;
use seatunnel_api::{
    CatalogTable, Column, ConstraintKey, ConstraintKind, Error, PrimaryKey, Result, TablePath,
    TableSchema, codes,
};

use crate::errors;
use crate::options::FieldIde;

/// The option of a [`CatalogTable`] that says which database it is read from, by the dialect's first
/// name: where the target is of the same kind, [`Column::source_type`] means the same there.
pub const DIALECT: &str = "dialect";

/// A table or a view as it stands in the database.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// Its name as the database spells it.
    pub path: TablePath,
    /// Whether it can only be read.
    pub is_view: bool,
    /// Its columns, in order.
    pub columns: Vec<ColumnInfo>,
    /// The primary key.
    pub primary_key: Option<PrimaryKey>,
    /// Unique keys and indexes besides; no partial ones and none on expressions.
    pub keys: Vec<ConstraintKey>,
    /// What its owner says about it.
    pub comment: Option<String>,
    /// How many rows it has, about, where the database's statistics tell.
    pub rows: Option<u64>,
}

/// A column as it stands in the database.
#[derive(Clone, Debug)]
pub struct ColumnInfo {
    /// Name, type as rows of it are read, nullability, default, comment, and the declared type.
    pub column: Column,
    /// Whether the database computes it, so that it can't be written.
    pub generated: bool,
    /// Whether the database fills it when a row doesn't bring it: a default, a sequence.
    pub filled: bool,
}

impl TableInfo {
    /// Place of a column: by its exact name, else in any case where only one fits.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        let names = || self.columns.iter().map(|c| c.column.name.as_str());
        names().position(|n| n == name).or_else(|| {
            let mut fitting = names()
                .enumerate()
                .filter(|(_, n)| n.eq_ignore_ascii_case(name));
            match (fitting.next(), fitting.next()) {
                (Some((index, _)), None) => Some(index),
                _ => None,
            }
        })
    }

    /// Names of its columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.column.name.as_str())
    }

    /// Whether no two rows can have the same values in exactly these columns.
    pub fn is_unique(&self, columns: &[&str]) -> bool {
        let same = |key: &[&str]| {
            key.len() == columns.len() && key.iter().all(|name| columns.contains(name))
        };
        let primary = self.primary_key.iter().map(|key| {
            let names = key.columns.iter().map(String::as_str);
            names.collect::<Vec<_>>()
        });
        let unique = self
            .keys
            .iter()
            .filter(|k| k.kind == ConstraintKind::Unique);
        let others = unique.map(|key| {
            let names = key.columns.iter().map(|(name, _)| name.as_str());
            names.collect::<Vec<_>>()
        });
        primary.chain(others).any(|key| same(&key))
    }

    /// The table as its rows announce it, with the columns that are read of it.
    pub fn to_catalog(&self, path: TablePath, columns: Vec<Column>) -> CatalogTable {
        let is_read = |name: &str| columns.iter().any(|c| c.name == name);
        let primary_key = self
            .primary_key
            .clone()
            .filter(|key| key.columns.iter().all(|name| is_read(name)));
        let constraint_keys = self
            .keys
            .iter()
            .filter(|key| key.columns.iter().all(|(name, _)| is_read(name)))
            .cloned()
            .collect();
        let schema = TableSchema {
            columns,
            primary_key,
            constraint_keys,
        };
        CatalogTable::new("Jdbc", path, schema).with_comment(self.comment.clone())
    }
}

/// A table to be created.
#[derive(Clone, Copy, Debug)]
pub struct NewTable<'a> {
    /// What it is called.
    pub path: &'a TablePath,
    /// The rows it is for.
    pub like: &'a CatalogTable,
    /// Its primary key, as the rows call the columns; may be empty.
    pub primary_key: &'a [String],
    /// Whether it gets the keys and indexes of `like`.
    pub with_keys: bool,
    /// How names of columns are spelled.
    pub field_ide: FieldIde,
}

/// What the sinks of servers ask of a connection, besides writing.
#[async_trait]
pub trait Catalog: Send {
    /// `database db at host:port`, for messages.
    fn place(&self) -> String;

    /// A name as SQL has it, with quotes.
    fn qualified(&self, path: &TablePath) -> String;

    /// A table or view; none if it isn't there. A path without database or schema means the
    /// connection's own.
    ///
    /// # Errors
    /// If the database can't be asked.
    async fn table(&mut self, path: &TablePath) -> Result<Option<TableInfo>>;

    /// All tables and views that a user may mean, for patterns and suggestions.
    ///
    /// # Errors
    /// If the database can't be asked.
    async fn table_names(&mut self) -> Result<Vec<TablePath>>;

    /// Runs statements separated by `;`, in one transaction where the database can.
    ///
    /// # Errors
    /// If one fails.
    async fn run(&mut self, sql: &str) -> Result<()>;

    /// Whether a table has any row.
    ///
    /// # Errors
    /// If the database can't be asked.
    async fn has_rows(&mut self, table: &TableInfo) -> Result<bool>;

    /// Deletes all rows of a table.
    ///
    /// # Errors
    /// If it can't be done.
    async fn truncate(&mut self, table: &TableInfo) -> Result<()>;

    /// The statements that create a table, and its database or schema where they are missing and
    /// the database is one that others create too.
    ///
    /// # Errors
    /// If a type has no counterpart.
    fn create_statements(&self, new: &NewTable<'_>) -> Result<Vec<String>>;
}

/// A catalog that has been asked for many tables at once. Each answer holds for the first question,
/// since the table may be another one afterwards.
pub struct Prefetched<C> {
    /// What is asked for the rest.
    pub catalog: C,
    /// What is known already.
    pub known: HashMap<TablePath, Option<TableInfo>>,
}

#[async_trait]
impl<C: Catalog> Catalog for Prefetched<C> {
    fn place(&self) -> String {
        self.catalog.place()
    }

    fn qualified(&self, path: &TablePath) -> String {
        self.catalog.qualified(path)
    }

    async fn table(&mut self, path: &TablePath) -> Result<Option<TableInfo>> {
        match self.known.remove(path) {
            Some(known) => Ok(known),
            None => self.catalog.table(path).await,
        }
    }

    async fn table_names(&mut self) -> Result<Vec<TablePath>> {
        self.catalog.table_names().await
    }

    async fn run(&mut self, sql: &str) -> Result<()> {
        self.catalog.run(sql).await
    }

    async fn has_rows(&mut self, table: &TableInfo) -> Result<bool> {
        self.catalog.has_rows(table).await
    }

    async fn truncate(&mut self, table: &TableInfo) -> Result<()> {
        self.catalog.truncate(table).await
    }

    fn create_statements(&self, new: &NewTable<'_>) -> Result<Vec<String>> {
        self.catalog.create_statements(new)
    }
}

/// The error of a table that isn't there, with the nearest name that is.
pub async fn missing(catalog: &mut dyn Catalog, path: &TablePath) -> Error {
    let names = catalog.table_names().await.unwrap_or_default();
    let wanted = path.to_string();
    let error = Error::new(
        errors::TABLE_MISSING,
        format!("the table `{wanted}` does not exist"),
    )
    .with_context("in", catalog.place());
    // A name may be near as it stands, or without the parts that the user left out.
    let short: Vec<(String, String)> = names
        .iter()
        .flat_map(|name| {
            let full = name.to_string();
            [
                (name.table.clone(), full.clone()),
                (name.schema_and_table(), full.clone()),
                (full.clone(), full),
            ]
        })
        .collect();
    match nearest(&wanted, short.iter().map(|(short, _)| short.as_str())) {
        Some(near) => {
            let full = short.iter().find(|(short, _)| short == near);
            error.with_help(format!(
                "did you mean `{}`?",
                full.map_or(near, |(_, full)| full)
            ))
        }
        None => error,
    }
}

/// The error of a target that isn't there.
pub fn target_missing(catalog: &dyn Catalog, path: &TablePath) -> Error {
    Error::new(
        codes::TARGET_MISSING,
        format!("the table `{path}` does not exist"),
    )
    .with_context("in", catalog.place())
    .with_help("create it, or set schema_save_mode = CREATE_SCHEMA_WHEN_NOT_EXIST")
}
