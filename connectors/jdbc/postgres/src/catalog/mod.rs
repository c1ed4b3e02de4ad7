//! What the server says about tables. Any number of tables takes one round trip, and one more each
//! where there are types besides those of every day, or partitions.

mod answers;
mod statements;

use std::collections::{BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use seatunnel_api::{CatalogTable, Column, Error, Result, TablePath, codes};
use seatunnel_jdbc_core::catalog::{Catalog, ColumnInfo, NewTable, TableInfo};

use crate::ddl;
use crate::types::{PgType, ReadOptions, Reading};
use crate::wire::{Connection, FieldInfo, ResultSet};
use answers::{Row, add_key, not_understood, to_table, to_type};
use statements::{KINDS, children_sql, tables_sql, types_sql};

/// A table or view, with what only this database has.
#[derive(Clone, Debug)]
pub(crate) struct PgTable {
    /// What all databases have.
    pub(crate) info: TableInfo,
    /// Its number.
    pub(crate) oid: u32,
    /// `r` table, `p` partitioned, `v` view, `m` materialized view, `f` foreign.
    pub(crate) kind: char,
    /// Columns, in the order of `info.columns`.
    pub(crate) columns: Vec<PgColumn>,
    /// Bytes that it takes on disk, without what belongs to it: indexes, partitions.
    pub(crate) bytes: u64,
    /// Bytes of a page.
    pub(crate) page: u64,
    /// Whether the user sees only some of its rows.
    pub(crate) row_security: bool,
    /// Whether there are, or have been, tables below it.
    has_children: bool,
    /// Partitions and tables that inherit, without those that have others below them only.
    pub(crate) children: Vec<Child>,
}

/// A column, with what only this database has.
#[derive(Clone, Debug)]
pub(crate) struct PgColumn {
    /// Its name.
    pub(crate) name: String,
    /// Its number in the table.
    pub(crate) number: i16,
    /// Its declared type as SQL spells it.
    pub(crate) type_name: String,
    /// How it is read.
    pub(crate) reading: Reading,
}

/// A partition, or a table that inherits.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    /// Its schema.
    pub(crate) schema: String,
    /// Its name.
    pub(crate) name: String,
    /// As [`PgTable::kind`].
    pub(crate) kind: char,
    /// As [`PgTable::bytes`].
    pub(crate) bytes: u64,
    /// Whether the user may read it by itself.
    pub(crate) readable: bool,
    /// Rows, by the server's statistics; negative if there are none.
    pub(crate) rows: f64,
}

/// The catalog, through a connection.
pub(crate) struct PgCatalog<'a> {
    pub(crate) connection: &'a mut Connection,
    /// How columns are to be read.
    pub(crate) options: ReadOptions,
    /// Types of rows' own that are here too ([`ddl::own_types`]).
    types: HashSet<String>,
}

impl<'a> PgCatalog<'a> {
    /// Through a connection, with columns read as they are.
    pub(crate) fn new(connection: &'a mut Connection) -> Self {
        Self::reading(connection, ReadOptions::default())
    }

    /// Through a connection.
    pub(crate) fn reading(connection: &'a mut Connection, options: ReadOptions) -> Self {
        Self {
            connection,
            options,
            types: HashSet::new(),
        }
    }

    /// Finds out which types of the rows' own tables are here, for tables to be created.
    ///
    /// # Errors
    /// If the server can't be asked.
    pub(crate) async fn learn_types(&mut self, tables: &[&CatalogTable]) -> Result<()> {
        let names: BTreeSet<&str> = tables.iter().flat_map(|t| ddl::own_types(t)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = names.into_iter().map(ddl::literal).collect();
        let sql = format!(
            "SELECT n FROM unnest(ARRAY[{}]::text[]) n JOIN pg_catalog.pg_type t \
             ON t.oid = to_regtype(n) WHERE t.typtype <> 'p'",
            list.join(", ")
        );
        let rows = self.connection.rows(&sql).await?;
        let found = rows.into_iter().filter_map(|row| row.into_iter().next());
        self.types.extend(found.flatten());
        Ok(())
    }

    /// Tables and views, each in the place of its path; none where it isn't there.
    ///
    /// # Errors
    /// If the server can't be asked, or a path names another database.
    pub(crate) async fn tables(&mut self, paths: &[TablePath]) -> Result<Vec<Option<PgTable>>> {
        let mut found: Vec<Option<PgTable>> = Vec::new();
        found.resize_with(paths.len(), || None);
        if paths.is_empty() {
            return Ok(found);
        }
        let database = self.connection.settings().database().to_owned();
        for path in paths {
            if path.database.as_ref().is_some_and(|d| *d != database) {
                return Err(Error::new(
                    codes::OPTION_INVALID,
                    format!("the table `{path}` is in another database than the connection, which is to `{database}`"),
                )
                .with_context("server", self.connection.place())
                .with_help("name the database in the url; one connection reaches one database"));
            }
        }
        let sql = tables_sql(paths, self.connection.server_version());
        let sets = self.connection.simple(&sql).await?;
        let [places, tables, columns, keys, comments, defaults] = &sets[..] else {
            return Err(not_understood());
        };
        let columns = self.columns(columns, defaults).await?;
        let mut all: HashMap<u32, PgTable> = HashMap::new();
        for row in tables.rows.iter().map(Row) {
            let table = to_table(row, &database)?;
            all.insert(table.oid, table);
        }
        for (oid, info, column) in columns {
            if let Some(table) = all.get_mut(&oid) {
                table.info.columns.push(info);
                table.columns.push(column);
            }
        }
        for row in keys.rows.iter().map(Row) {
            if let Some(table) = all.get_mut(&row.number(0)?) {
                add_key(table, row)?;
            }
        }
        for row in comments.rows.iter().map(Row) {
            let (number, comment) = (row.number::<i16>(1)?, row.text(2).map(str::to_owned));
            let Some(table) = all.get_mut(&row.number(0)?) else {
                continue;
            };
            let place = table.columns.iter().position(|c| c.number == number);
            match place.and_then(|place| table.info.columns.get_mut(place)) {
                Some(info) => info.column.comment = comment,
                None => table.info.comment = comment,
            }
        }
        self.children(&mut all).await?;
        for (slot, row) in found.iter_mut().zip(&places.rows) {
            let row = Row(row);
            if row.text(0).is_some() {
                *slot = all.get(&row.number(0)?).cloned();
            }
        }
        Ok(found)
    }

    /// Columns of tables, each with the number of its table.
    async fn columns(
        &mut self,
        columns: &ResultSet,
        defaults: &ResultSet,
    ) -> Result<Vec<(u32, ColumnInfo, PgColumn)>> {
        let mut expressions: HashMap<(u32, i16), &str> = HashMap::new();
        for row in defaults.rows.iter().map(Row) {
            let column = (row.number(0)?, row.number(1)?);
            expressions.insert(column, row.text(2).unwrap_or_default());
        }
        let fields = columns
            .rows
            .iter()
            .map(|row| {
                let row = Row(row);
                Ok(FieldInfo {
                    name: row.text(2).unwrap_or_default().to_owned(),
                    type_oid: row.number(4)?,
                    type_modifier: row.number(5)?,
                    table_oid: row.number(0)?,
                    attribute: row.number(1)?,
                })
            })
            .collect::<Result<Vec<FieldInfo>>>()?;
        let types = self.types(&fields).await?;
        let mut all = Vec::with_capacity(fields.len());
        for ((row, field), (pg, not_null)) in columns.rows.iter().zip(fields).zip(types) {
            let row = Row(row);
            let reading = Reading::of(&pg, self.options);
            let mut described = Column::new(&field.name, reading.data_type.clone());
            reading.describe(&pg, &mut described);
            let type_name = row.text(8).unwrap_or_default().to_owned();
            described.nullable = !row.is_true(3) && !not_null;
            described.source_type = Some(type_name.clone());
            let is_there = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
            let (is_identity, generated) = (is_there(row.text(6)), is_there(row.text(7)));
            let default = expressions.get(&(field.table_oid, field.attribute));
            described.default_value = default.filter(|_| !generated).map(|d| (*d).to_owned());
            let info = ColumnInfo {
                column: described,
                generated,
                filled: default.is_some() || is_identity,
            };
            let column = PgColumn {
                name: field.name,
                number: field.attribute,
                type_name,
                reading,
            };
            all.push((field.table_oid, info, column));
        }
        Ok(all)
    }

    /// What consists of other tables gets to know of them.
    async fn children(&mut self, tables: &mut HashMap<u32, PgTable>) -> Result<()> {
        let parents: Vec<String> = tables
            .values()
            .filter(|table| table.has_children)
            .map(|table| table.oid.to_string())
            .collect();
        if parents.is_empty() {
            return Ok(());
        }
        for row in self
            .connection
            .rows(&children_sql(&parents.join(", ")))
            .await?
        {
            let row = Row(&row);
            let Some(table) = tables.get_mut(&row.number(0)?) else {
                continue;
            };
            table.children.push(Child {
                schema: row.text(1).unwrap_or_default().to_owned(),
                name: row.text(2).unwrap_or_default().to_owned(),
                kind: row.letter(3),
                rows: row.number(4)?,
                readable: row.is_true(5),
                bytes: row.number(6)?,
            });
        }
        // A partitioned table's own statistics are there only if somebody analysed it.
        for table in tables
            .values_mut()
            .filter(|t| t.kind == 'p' && t.info.rows.is_none())
        {
            let known = table.children.iter().all(|child| child.rows >= 0.0);
            let sum: f64 = table.children.iter().map(|child| child.rows).sum();
            table.info.rows = known.then_some(sum as u64);
        }
        Ok(())
    }

    /// The types of columns, and whether they are of a domain that takes no null. Those of every day
    /// are known without asking.
    ///
    /// # Errors
    /// If the server can't be asked.
    pub(crate) async fn types(&mut self, fields: &[FieldInfo]) -> Result<Vec<(PgType, bool)>> {
        let known = |field: &FieldInfo| PgType::built_in(field.type_oid, field.type_modifier);
        let types: Vec<Option<PgType>> = fields.iter().map(known).collect();
        let asked = types
            .iter()
            .zip(fields)
            .enumerate()
            .filter(|(_, (known, _))| known.is_none());
        let values: Vec<String> = asked
            .map(|(n, (_, field))| {
                let FieldInfo {
                    type_oid,
                    type_modifier,
                    table_oid,
                    attribute,
                    ..
                } = field;
                format!("({n}, {type_oid}::oid, {type_modifier}, {table_oid}::oid, {attribute})")
            })
            .collect();
        let mut types: Vec<Option<(PgType, bool)>> = types
            .into_iter()
            .map(|known| known.map(|pg| (pg, false)))
            .collect();
        if !values.is_empty() {
            for row in self.connection.rows(&types_sql(&values.join(", "))).await? {
                let row = Row(&row);
                let place: usize = row.number(0)?;
                if let Some(slot) = types.get_mut(place) {
                    *slot = Some((to_type(row)?, row.is_true(1)));
                }
            }
        }
        types
            .into_iter()
            .map(|t| t.ok_or_else(not_understood))
            .collect()
    }
}

#[async_trait]
impl Catalog for PgCatalog<'_> {
    fn place(&self) -> String {
        self.connection.place().to_owned()
    }

    fn qualified(&self, path: &TablePath) -> String {
        ddl::qualified(path)
    }

    async fn table(&mut self, path: &TablePath) -> Result<Option<TableInfo>> {
        let mut found = self.tables(std::slice::from_ref(path)).await?;
        Ok(found.pop().flatten().map(|table| table.info))
    }

    async fn table_names(&mut self) -> Result<Vec<TablePath>> {
        // Partitions are part of their table; those who mean one can name it.
        let partition = match self.connection.server_version() {
            1..100_000 => "",
            _ => " AND NOT c.relispartition",
        };
        let sql = format!(
            "SELECT s.nspname, c.relname FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace \
             WHERE c.relkind IN ({KINDS}) AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema'{partition} \
             ORDER BY 1, 2"
        );
        let database = self.connection.settings().database().to_owned();
        let rows = self.connection.rows(&sql).await?;
        let path = |row: Vec<Option<String>>| {
            let mut names = row.into_iter();
            TablePath {
                database: Some(database.clone()),
                schema: names.next().flatten(),
                table: names.next().flatten().unwrap_or_default(),
            }
        };
        Ok(rows.into_iter().map(path).collect())
    }

    async fn run(&mut self, sql: &str) -> Result<()> {
        self.connection.simple(sql).await?;
        Ok(())
    }

    async fn has_rows(&mut self, table: &TableInfo) -> Result<bool> {
        let sql = format!("SELECT FROM {} LIMIT 1", ddl::qualified(&table.path));
        let sets = self.connection.simple(&sql).await?;
        Ok(sets.iter().any(|set| set.affected.is_some_and(|n| n > 0)))
    }

    async fn truncate(&mut self, table: &TableInfo) -> Result<()> {
        let sql = format!("TRUNCATE TABLE {}", ddl::qualified(&table.path));
        self.connection.simple(&sql).await?;
        Ok(())
    }

    fn create_statements(&self, new: &NewTable<'_>) -> Result<Vec<String>> {
        ddl::create_statements(new, &self.types)
    }
}
