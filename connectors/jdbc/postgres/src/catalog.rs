//! What the server says about tables. Any number of tables takes one round trip.

use async_trait::async_trait;
use seatunnel_api::{
    Column, ConstraintKey, ConstraintKind, Error, PrimaryKey, Result, SortOrder, TablePath, codes,
};
use seatunnel_jdbc_core::catalog::{Catalog, ColumnInfo, NewTable, TableInfo};
use serde::Deserialize;

use crate::ddl;
use crate::types::{PgType, ReadOptions, Reading};
use crate::wire::{Connection, FieldInfo};

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
    /// Whether it is computed from other columns.
    pub(crate) generated: bool,
}

/// A partition, or a table that inherits.
#[derive(Clone, Debug, Deserialize)]
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
}

#[derive(Deserialize)]
struct TableRow {
    n: usize,
    oid: u32,
    schema: String,
    name: String,
    kind: char,
    rows: f64,
    bytes: u64,
    page: u64,
    rls: bool,
    comment: Option<String>,
    columns: Option<Vec<ColumnRow>>,
    keys: Option<Vec<KeyRow>>,
    children: Option<Vec<Child>>,
}

#[derive(Deserialize)]
struct ColumnRow {
    number: i16,
    name: String,
    not_null: bool,
    spelled: String,
    identity: String,
    generated: String,
    default: Option<String>,
    comment: Option<String>,
    #[serde(flatten)]
    kind: TypeRow,
}

#[derive(Deserialize)]
struct TypeRow {
    oid: u32,
    type_name: String,
    type_kind: char,
    modifier: i32,
    dimensions: u32,
    category: char,
    element: Option<ElementRow>,
}

#[derive(Deserialize)]
struct ElementRow {
    oid: u32,
    name: String,
    kind: char,
}

#[derive(Deserialize)]
struct KeyRow {
    name: String,
    primary: bool,
    unique: bool,
    columns: Vec<(String, bool)>,
}

impl TypeRow {
    fn into_type(self) -> PgType {
        // `int2vector` and its kin are arrays only inside.
        let element = self
            .element
            .filter(|_| self.category == 'A')
            .map(|element| {
                Box::new(PgType {
                    oid: element.oid,
                    name: element.name,
                    kind: element.kind,
                    modifier: self.modifier,
                    element: None,
                    dimensions: 0,
                })
            });
        PgType {
            oid: self.oid,
            name: self.type_name,
            kind: self.type_kind,
            modifier: self.modifier,
            element,
            dimensions: self.dimensions,
        }
    }
}

/// The members of [`TypeRow`]; `t` is the type, `b` and `bb` what domains are over, `e` the elements.
const TYPE_MEMBERS: &str = "'oid', coalesce(bb.oid, b.oid, t.oid)::int8, \
    'type_name', coalesce(bb.typname, b.typname, t.typname), \
    'type_kind', coalesce(bb.typtype, b.typtype, t.typtype), \
    'category', coalesce(bb.typcategory, b.typcategory, t.typcategory), \
    'element', CASE WHEN e.oid IS NOT NULL THEN \
        json_build_object('oid', e.oid::int8, 'name', e.typname, 'kind', e.typtype) END";

/// Joins what [`TYPE_MEMBERS`] names to `t`.
const TYPE_JOINS: &str = "LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype \
    LEFT JOIN pg_catalog.pg_type bb ON b.typtype = 'd' AND bb.oid = b.typbasetype \
    LEFT JOIN pg_catalog.pg_type e ON e.oid = coalesce(bb.typelem, b.typelem, t.typelem)";

/// Kinds of `pg_class` that have rows to read.
const KINDS: &str = "'r', 'p', 'v', 'm', 'f'";

impl<'a> PgCatalog<'a> {
    /// Through a connection, with columns read as they are.
    pub(crate) fn new(connection: &'a mut Connection) -> Self {
        Self {
            connection,
            options: ReadOptions::default(),
        }
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
        for row in self.connection.rows(&sql).await? {
            let text = row.first().and_then(Option::as_deref).unwrap_or_default();
            let row: TableRow = serde_json::from_str(text).map_err(|e| {
                Error::new(codes::INTERNAL, "the server's catalog can't be understood")
                    .with_cause(e)
            })?;
            let place = row.n;
            if let Some(slot) = found.get_mut(place) {
                *slot = Some(self.to_table(row, &database));
            }
        }
        Ok(found)
    }

    /// The types of a statement's columns.
    ///
    /// # Errors
    /// If the server can't be asked.
    pub(crate) async fn types(&mut self, fields: &[FieldInfo]) -> Result<Vec<PgType>> {
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<String> = fields
            .iter()
            .enumerate()
            .map(|(n, field)| {
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
        let sql = format!(
            "SELECT json_build_object(\
                'modifier', CASE WHEN b.oid IS NULL THEN f.m ELSE greatest(t.typtypmod, b.typtypmod) END, \
                'dimensions', greatest(a.attndims, t.typndims), {TYPE_MEMBERS}) \
             FROM (VALUES {}) f(n, o, m, r, a) JOIN pg_catalog.pg_type t ON t.oid = f.o {TYPE_JOINS} \
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = f.r AND a.attnum = f.a ORDER BY f.n",
            values.join(", ")
        );
        let rows = self.connection.rows(&sql).await?;
        rows.iter()
            .map(|row| {
                let text = row.first().and_then(Option::as_deref).unwrap_or_default();
                let row: TypeRow = serde_json::from_str(text).map_err(|e| {
                    Error::new(codes::INTERNAL, "the server's types can't be understood")
                        .with_cause(e)
                })?;
                Ok(row.into_type())
            })
            .collect()
    }

    fn to_table(&self, row: TableRow, database: &str) -> PgTable {
        let mut infos = Vec::new();
        let mut columns = Vec::new();
        for column in row.columns.unwrap_or_default() {
            let pg = column.kind.into_type();
            let reading = Reading::of(&pg, self.options);
            let mut described = Column::new(&column.name, reading.data_type.clone());
            reading.describe(&pg, &mut described);
            described.nullable = !column.not_null;
            described.comment = column.comment;
            described.source_type = Some(column.spelled.clone());
            let generated = !column.generated.is_empty();
            let filled = column.default.is_some() || !column.identity.is_empty();
            described.default_value = column.default.filter(|_| !generated);
            infos.push(ColumnInfo {
                column: described,
                generated,
                filled,
            });
            columns.push(PgColumn {
                name: column.name,
                number: column.number,
                type_name: column.spelled,
                reading,
                generated,
            });
        }
        let mut primary_key = None;
        let mut keys = Vec::new();
        for key in row.keys.unwrap_or_default() {
            if key.primary {
                let columns = key.columns.into_iter().map(|(name, _)| name).collect();
                primary_key = Some(PrimaryKey {
                    name: key.name,
                    columns,
                });
                continue;
            }
            let order = |descending| match descending {
                true => SortOrder::Desc,
                false => SortOrder::Asc,
            };
            keys.push(ConstraintKey {
                name: key.name,
                kind: match key.unique {
                    true => ConstraintKind::Unique,
                    false => ConstraintKind::Index,
                },
                columns: key
                    .columns
                    .into_iter()
                    .map(|(name, d)| (name, order(d)))
                    .collect(),
            });
        }
        let children = row.children.unwrap_or_default();
        // A partitioned table's own statistics are there only if somebody analysed it.
        let rows = if row.rows >= 0.0 {
            Some(row.rows)
        } else if row.kind == 'p' && children.iter().all(|c| c.rows >= 0.0) {
            Some(children.iter().map(|c| c.rows).sum())
        } else {
            None
        };
        PgTable {
            info: TableInfo {
                path: TablePath {
                    database: Some(database.to_owned()),
                    schema: Some(row.schema),
                    table: row.name,
                },
                is_view: matches!(row.kind, 'v' | 'm'),
                columns: infos,
                primary_key,
                keys,
                comment: row.comment,
                rows: rows.map(|rows| rows as u64),
            },
            oid: row.oid,
            kind: row.kind,
            columns,
            bytes: row.bytes,
            page: row.page.max(1),
            row_security: row.rls,
            children,
        }
    }
}

/// One row of JSON for each table that is there.
fn tables_sql(paths: &[TablePath], version: u32) -> String {
    let values: Vec<String> = paths
        .iter()
        .enumerate()
        .map(|(n, path)| {
            let schema = path
                .schema
                .as_deref()
                .map_or("NULL".to_owned(), ddl::literal);
            format!("({n}, {schema}::text, {}::text)", ddl::literal(&path.table))
        })
        .collect();
    // What servers before these versions don't have. 0 is one that doesn't tell its version.
    let since = |wanted: u32, expression, otherwise| match version {
        0 => expression,
        version if version >= wanted => expression,
        _ => otherwise,
    };
    let identity = since(100_000, "a.attidentity", "''");
    let generated = since(120_000, "a.attgenerated", "''");
    let key_columns = since(110_000, "i.indnkeyatts", "i.indnatts");
    format!(
        "SELECT json_build_object('n', w.n, 'oid', c.oid::int8, 'schema', s.nspname, 'name', c.relname, \
           'kind', c.relkind, 'rows', c.reltuples, 'page', current_setting('block_size')::int8, \
           'bytes', CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END, \
           'rls', pg_catalog.row_security_active(c.oid), \
           'comment', pg_catalog.obj_description(c.oid, 'pg_class'), \
           'columns', (SELECT json_agg(json_build_object(\
               'number', a.attnum, 'name', a.attname, 'not_null', a.attnotnull OR (t.typtype = 'd' AND t.typnotnull), \
               'spelled', pg_catalog.format_type(a.atttypid, a.atttypmod), \
               'identity', {identity}, 'generated', {generated}, \
               'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid), \
               'comment', pg_catalog.col_description(c.oid, a.attnum), \
               'modifier', CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE greatest(t.typtypmod, b.typtypmod) END, \
               'dimensions', greatest(a.attndims, t.typndims), {TYPE_MEMBERS}) ORDER BY a.attnum) \
             FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid {TYPE_JOINS} \
             LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
           'keys', (SELECT json_agg(json_build_object('name', ic.relname, 'primary', i.indisprimary, \
               'unique', i.indisunique, 'columns', (\
                 SELECT json_agg(json_build_array(ka.attname, i.indoption[k.place - 1] & 1 = 1) ORDER BY k.place) \
                 FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place) \
                 JOIN pg_catalog.pg_attribute ka ON ka.attrelid = c.oid AND ka.attnum = k.number \
                 WHERE k.place <= {key_columns})) ORDER BY i.indisprimary DESC, i.indisunique DESC, ic.relname) \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid \
             JOIN pg_catalog.pg_am am ON am.oid = ic.relam \
             WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate AND am.amname = 'btree' \
             AND i.indpred IS NULL AND i.indexprs IS NULL), \
           'children', CASE WHEN c.relhassubclass THEN (\
             WITH RECURSIVE below(oid) AS (\
               SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid UNION \
               SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN below ON h.inhparent = below.oid) \
             SELECT json_agg(json_build_object('schema', ls.nspname, 'name', l.relname, 'kind', l.relkind, \
               'rows', l.reltuples, 'readable', pg_catalog.has_table_privilege(l.oid, 'SELECT'), \
               'bytes', CASE WHEN l.relkind = 'r' THEN pg_catalog.pg_relation_size(l.oid) ELSE 0 END) ORDER BY l.oid) \
             FROM below JOIN pg_catalog.pg_class l ON l.oid = below.oid \
             JOIN pg_catalog.pg_namespace ls ON ls.oid = l.relnamespace WHERE l.relkind <> 'p') END) \
         FROM (VALUES {values}) w(n, s, t) \
         JOIN pg_catalog.pg_class c ON c.relname = w.t AND c.relkind IN ({KINDS}) \
         JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace \
         WHERE CASE WHEN w.s IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE s.nspname = w.s END",
        values = values.join(", ")
    )
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
        ddl::create_statements(new)
    }
}
