//! What the server's catalog says of tables.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use seatunnel_api::{
    Column, ConstraintKey, ConstraintKind, PrimaryKey, Result, SortOrder, TablePath,
};
use seatunnel_jdbc_core::catalog::{Catalog, ColumnInfo, NewTable, TableInfo};

use crate::ddl::{self, QUOTE};
use crate::sink::details::literal;
use crate::types::{Declared, Reading};
use crate::wire::{Connection, Failure, ResultSet};

/// So many tables are asked for one by one, which servers answer without a look at others.
const ONE_BY_ONE: usize = 16;

/// A referenced table can't be truncated; nor may who can't drop it.
const NOT_TRUNCATED: &[u16] = &[1701, 1142];

/// The catalog of a connection.
pub(crate) struct MyCatalog<'a> {
    connection: &'a mut Connection,
    reading: Reading,
}

impl<'a> MyCatalog<'a> {
    /// Of tables to write to.
    pub(crate) fn new(connection: &'a mut Connection) -> Self {
        let reading = Reading {
            behaviour: connection.behaviour(),
            blob_as_string: false,
        };
        Self {
            connection,
            reading,
        }
    }

    /// Of tables to read.
    pub(crate) fn for_reading(connection: &'a mut Connection, reading: Reading) -> Self {
        Self {
            connection,
            reading,
        }
    }

    /// Database and name of a table, as the server spells them; none if there is no database.
    fn names(&self, path: &TablePath) -> Option<(String, String)> {
        let own = || self.connection.server().database.clone();
        let (database, table) = match (&path.database, &path.schema) {
            (Some(database), None) => (Some(database.clone()), path.table.clone()),
            // MySQL has no schemas: the dot belongs to the name.
            (Some(database), Some(schema)) => {
                (Some(database.clone()), format!("{schema}.{}", path.table))
            }
            (None, Some(schema)) => (Some(schema.clone()), path.table.clone()),
            (None, None) => (own(), path.table.clone()),
        };
        let spelled = |name: String| match self.connection.server().lower_case_table_names {
            1 => name.to_lowercase(),
            _ => name,
        };
        Some((spelled(database?), spelled(table)))
    }

    fn is_same(&self, a: &str, b: &str) -> bool {
        match self.connection.server().lower_case_table_names {
            0 => a == b,
            _ => a.to_lowercase() == b.to_lowercase(),
        }
    }

    /// Tables and views, in one round trip; none where there is no such table.
    pub(crate) async fn tables(&mut self, paths: &[TablePath]) -> Result<Vec<Option<TableInfo>>> {
        let wanted: Vec<_> = paths.iter().map(|path| self.names(path)).collect();
        let mut by_database: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (database, table) in wanted.iter().flatten() {
            by_database.entry(database).or_default().push(table);
        }
        let count: usize = by_database.values().map(Vec::len).sum();
        if count == 0 {
            return Ok(vec![None; paths.len()]);
        }
        let mut conditions = Vec::new();
        for (database, tables) in by_database {
            let database = literal(database);
            if count <= ONE_BY_ONE {
                conditions.extend(tables.iter().map(|table| {
                    let table = literal(table);
                    format!("TABLE_SCHEMA = {database} AND TABLE_NAME = {table}")
                }));
            } else {
                let tables: Vec<String> = tables.iter().map(|table| literal(table)).collect();
                let tables = tables.join(", ");
                conditions.push(format!(
                    "TABLE_SCHEMA = {database} AND TABLE_NAME IN ({tables})"
                ));
            }
        }
        let statements: Vec<String> = conditions.iter().map(|c| queries(c)).collect();
        let results = self.connection.query(&statements.join("; ")).await?;
        let mut found = Vec::new();
        for group in results.chunks_exact(QUERIES) {
            self.read(group, &mut found);
        }
        Ok(wanted
            .into_iter()
            .map(|wanted| {
                let (database, table) = wanted?;
                let fits = |info: &&TableInfo| {
                    let own = info.path.database.as_deref().unwrap_or_default();
                    self.is_same(own, &database) && self.is_same(&info.path.table, &table)
                };
                found.iter().find(fits).cloned()
            })
            .collect())
    }

    /// Reads the results of [`queries`].
    fn read(&self, group: &[ResultSet], found: &mut Vec<TableInfo>) {
        let [tables, columns, keys] = group else {
            return;
        };
        let text = |row: &[Option<String>], place: usize| -> String {
            row.get(place).cloned().flatten().unwrap_or_default()
        };
        let columns = by_table(columns);
        let keys = by_table(keys);
        for row in &tables.rows {
            let own = row.get(..2).unwrap_or_default();
            let kind = text(row, 2);
            let is_view = kind.contains("VIEW");
            let own_columns = columns.get(own).into_iter().flatten();
            let own_columns = own_columns.map(|row| self.column(row)).collect();
            let (primary_key, keys) = read_keys(keys.get(own).map_or(&[], Vec::as_slice));
            found.push(TableInfo {
                path: TablePath {
                    database: Some(text(row, 0)),
                    schema: None,
                    table: text(row, 1),
                },
                is_view,
                columns: own_columns,
                primary_key,
                keys,
                comment: Some(text(row, 4)).filter(|c| !c.is_empty() && !is_view),
                rows: row.get(3).cloned().flatten().and_then(|n| n.parse().ok()),
            });
        }
    }

    fn column(&self, row: &[Option<String>]) -> ColumnInfo {
        let text = |place: usize| row.get(place).cloned().flatten();
        let words = |place: usize| text(place).unwrap_or_default();
        let declared = words(3);
        let extra = words(6).to_ascii_uppercase();
        let has = |word: &str| extra.split_whitespace().any(|w| w == word);
        let generated = has("VIRTUAL") || has("STORED") || has("PERSISTENT");
        let mut column: Column = Declared::parse(&declared).column(&words(2), &self.reading);
        if let Some(length) = text(8).and_then(|l| l.parse().ok()) {
            column.length = Some(length);
        }
        column.nullable = words(4) == "YES";
        column.default_value = match self.connection.server().is_mariadb {
            true => text(5).and_then(|d| mariadb_default(&d)),
            false => text(5),
        }
        .filter(|_| !generated);
        column.comment = text(7).filter(|c| !c.is_empty());
        column.source_type = Some(declared);
        ColumnInfo {
            filled: generated || column.default_value.is_some() || has("AUTO_INCREMENT"),
            generated,
            column,
        }
    }

    async fn run_all(&mut self, sql: &str) -> Result<(), Failure> {
        self.connection.query(sql).await.map(|_| ())
    }
}

/// Rows by their first two values: database and table.
fn by_table(result: &ResultSet) -> HashMap<&[Option<String>], Vec<&Vec<Option<String>>>> {
    let mut tables: HashMap<_, Vec<_>> = HashMap::new();
    for row in &result.rows {
        let table = row.get(..2).unwrap_or_default();
        tables.entry(table).or_default().push(row);
    }
    tables
}

/// How many results [`queries`] has.
const QUERIES: usize = 3;

fn queries(condition: &str) -> String {
    format!(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS, TABLE_COMMENT \
         FROM information_schema.TABLES WHERE {condition}; \
         SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, \
         EXTRA, COLUMN_COMMENT, CHARACTER_MAXIMUM_LENGTH \
         FROM information_schema.COLUMNS WHERE {condition} \
         ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION; \
         SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART, \
         COLLATION, INDEX_TYPE FROM information_schema.STATISTICS WHERE {condition} \
         ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"
    )
}

/// The primary key and the others, of rows that tell their columns in order.
fn read_keys(rows: &[&Vec<Option<String>>]) -> (Option<PrimaryKey>, Vec<ConstraintKey>) {
    let mut primary = None;
    let mut keys = Vec::new();
    for group in rows.chunk_by(|a, b| a.get(2) == b.get(2)) {
        let text = |row: &[Option<String>], place: usize| row.get(place).cloned().flatten();
        let name = text(group[0], 2).unwrap_or_default();
        let columns: Option<Vec<String>> = group.iter().map(|row| text(row, 4)).collect();
        // An index on an expression has no column to name.
        let Some(columns) = columns else { continue };
        if name == "PRIMARY" {
            primary = Some(PrimaryKey { name, columns });
            continue;
        }
        let kind = text(group[0], 7).unwrap_or_default();
        let is_partial = group.iter().any(|row| text(row, 5).is_some());
        if is_partial || !matches!(kind.as_str(), "BTREE" | "HASH") {
            continue;
        }
        let order = |row: &[Option<String>]| match text(row, 6).as_deref() {
            Some("D") => SortOrder::Desc,
            _ => SortOrder::Asc,
        };
        let orders = group.iter().map(|row| order(row));
        keys.push(ConstraintKey {
            name,
            kind: match text(group[0], 3).as_deref() {
                Some("0") => ConstraintKind::Unique,
                _ => ConstraintKind::Index,
            },
            columns: columns.into_iter().zip(orders).collect(),
        });
    }
    (primary, keys)
}

/// MariaDB shows defaults as SQL: texts in quotes, and `NULL` for none.
fn mariadb_default(text: &str) -> Option<String> {
    if text == "NULL" {
        return None;
    }
    let inside = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
    Some(match inside {
        Some(inside) => inside.replace("''", "'").replace("\\\\", "\\"),
        None => text.to_owned(),
    })
}

#[async_trait]
impl Catalog for MyCatalog<'_> {
    fn place(&self) -> String {
        self.connection.place().to_owned()
    }

    fn qualified(&self, path: &TablePath) -> String {
        match self.names(path) {
            Some((database, table)) => {
                format!("{}.{}", QUOTE.name(&database), QUOTE.name(&table))
            }
            None => QUOTE.name(&path.table),
        }
    }

    async fn table(&mut self, path: &TablePath) -> Result<Option<TableInfo>> {
        let found = self.tables(std::slice::from_ref(path)).await?;
        Ok(found.into_iter().next().flatten())
    }

    async fn table_names(&mut self) -> Result<Vec<TablePath>> {
        let rows = self
            .connection
            .rows(
                "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA NOT IN \
                 ('information_schema', 'performance_schema', 'mysql', 'sys') \
                 ORDER BY TABLE_SCHEMA, TABLE_NAME",
            )
            .await?;
        let path = |row: Vec<Option<String>>| {
            let mut values = row.into_iter().flatten();
            Some(TablePath {
                database: values.next(),
                schema: None,
                table: values.next()?,
            })
        };
        Ok(rows.into_iter().filter_map(path).collect())
    }

    async fn run(&mut self, sql: &str) -> Result<()> {
        Ok(self.run_all(sql).await?)
    }

    async fn has_rows(&mut self, table: &TableInfo) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", self.qualified(&table.path));
        Ok(!self.connection.rows(&sql).await?.is_empty())
    }

    async fn truncate(&mut self, table: &TableInfo) -> Result<()> {
        let name = self.qualified(&table.path);
        match self.run_all(&format!("TRUNCATE TABLE {name}")).await {
            Err(Failure::Server(error)) if NOT_TRUNCATED.contains(&error.errno) => {
                Ok(self.run_all(&format!("DELETE FROM {name}")).await?)
            }
            other => Ok(other?),
        }
    }

    fn create_statements(&self, new: &NewTable<'_>) -> Result<Vec<String>> {
        let exact = ddl::exact_collation(&self.connection.server().version);
        ddl::create_statements(new, exact)
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_jdbc_testkit::{Database, MariaDb};

    use super::*;
    use crate::wire::Purpose;
    use crate::wire::tests::{odd_server, of};

    async fn open(db: &Database) -> Connection {
        Connection::open(&of(db, ""), Purpose::Sink).await.unwrap()
    }

    fn paths(texts: &[&str]) -> Vec<TablePath> {
        texts
            .iter()
            .map(|text| TablePath::parse(text, false))
            .collect()
    }

    #[tokio::test]
    async fn tables_are_found_alone_and_many_at_once() {
        let db = MariaDb::shared().database("catalog");
        let names: Vec<String> = (0..40).map(|n| format!("t{n}")).collect();
        let create: Vec<String> = names
            .iter()
            .map(|name| format!("CREATE TABLE {name} (id INT PRIMARY KEY, {name}_own TEXT)"))
            .collect();
        db.sql(&create.join("; "));
        db.sql("CREATE VIEW seen AS SELECT id FROM t1");
        let mut connection = open(&db).await;
        let mut catalog = MyCatalog::new(&mut connection);
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        for count in [1, 3, 40] {
            let mut wanted = paths(&all[..count]);
            wanted.push(TablePath::table("T1"));
            let found = catalog.tables(&wanted).await.unwrap();
            for (name, info) in all.iter().zip(&found[..count]) {
                let info = info.as_ref().unwrap();
                assert_eq!(info.path.to_string(), format!("{}.{name}", db.name()));
                let columns: Vec<&str> = info.names().collect();
                assert_eq!(columns, ["id".to_owned(), format!("{name}_own")]);
                assert!(info.is_unique(&["id"]) && !info.is_view);
            }
            assert!(found[count].is_none(), "names of tables have a case here");
        }
        let other = paths(&["seen", "mysql.user", "nowhere.t1"]);
        let found = catalog.tables(&other).await.unwrap();
        assert!(found[0].as_ref().unwrap().is_view);
        assert!(found[1].is_some() && found[2].is_none());
        assert!(
            catalog
                .table_names()
                .await
                .unwrap()
                .iter()
                .any(|path| path.table == "t39")
        );
    }

    #[tokio::test]
    async fn names_in_any_case_where_the_server_takes_them_so() {
        let db = odd_server().database("catalog");
        db.sql("CREATE TABLE Mixed (Id INT)");
        let mut connection = open(&db).await;
        let mut catalog = MyCatalog::new(&mut connection);
        let upper = format!("{}.MIXED", db.name().to_uppercase());
        let found = catalog.tables(&paths(&["Mixed", &upper])).await.unwrap();
        for info in found {
            assert_eq!(info.unwrap().path.table, "mixed");
        }
    }

    #[tokio::test]
    async fn a_table_that_others_point_at_is_emptied_all_the_same() {
        let db = MariaDb::shared().database("catalog");
        db.sql(
            "CREATE TABLE a (id INT PRIMARY KEY) ENGINE InnoDB; \
             CREATE TABLE b (id INT, FOREIGN KEY (id) REFERENCES a (id)) ENGINE InnoDB; \
             INSERT INTO a VALUES (1)",
        );
        let mut connection = open(&db).await;
        let mut catalog = MyCatalog::new(&mut connection);
        let info = catalog
            .table(&TablePath::table("a"))
            .await
            .unwrap()
            .unwrap();
        assert!(catalog.has_rows(&info).await.unwrap());
        catalog.truncate(&info).await.unwrap();
        assert!(!catalog.has_rows(&info).await.unwrap());
    }

    #[tokio::test]
    async fn what_the_server_fills_and_computes_is_known() {
        let db = MariaDb::shared().database("catalog");
        db.sql(
            "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT AS (a + 1) VIRTUAL, \
             c INT DEFAULT 3, d DATETIME DEFAULT NOW() ON UPDATE NOW(), e INT NOT NULL)",
        );
        let mut connection = open(&db).await;
        let mut catalog = MyCatalog::new(&mut connection);
        let info = catalog
            .table(&TablePath::table("t"))
            .await
            .unwrap()
            .unwrap();
        let of = |pick: fn(&ColumnInfo) -> bool| -> Vec<&str> {
            let picked = info.columns.iter().filter(|c| pick(c));
            picked.map(|c| c.column.name.as_str()).collect()
        };
        assert_eq!(of(|c| c.generated), ["b"]);
        assert_eq!(of(|c| c.filled), ["id", "b", "c", "d"]);
        assert_eq!(of(|c| !c.column.nullable), ["id", "e"]);
    }

    #[test]
    fn defaults_of_mariadb_lose_their_quotes() {
        assert_eq!(mariadb_default("NULL"), None);
        assert_eq!(mariadb_default("'it''s'").as_deref(), Some("it's"));
        assert_eq!(mariadb_default("''").as_deref(), Some(""));
        assert_eq!(
            mariadb_default("current_timestamp()").as_deref(),
            Some("current_timestamp()")
        );
        assert_eq!(mariadb_default("7").as_deref(), Some("7"));
    }
}
