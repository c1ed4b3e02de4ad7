//! What tables there are, what they look like, and how one is created.

use rusqlite::{Connection, OptionalExtension};
use seatunnel_api::{
    CatalogTable, Column, ConstraintKey, ConstraintKind, DataType, PrimaryKey, SortOrder,
    TablePath, TableSchema,
};

use crate::QUOTE;
use crate::staging::PREFIX;
use crate::types::{declaration, split_declaration};
use seatunnel_jdbc_core::catalog;
use seatunnel_jdbc_core::options::FieldIde;

/// A table or a view as it stands in the file.
#[derive(Clone, Debug)]
pub(crate) struct TableInfo {
    /// Its name as the file spells it.
    pub(crate) name: String,
    /// Whether its rows have a rowid: ordinary tables have, views and `WITHOUT ROWID` tables don't.
    pub(crate) has_rowid: bool,
    /// Its columns, hidden ones left out.
    pub(crate) columns: Vec<ColumnInfo>,
    /// Its keys and indexes, the primary key left out; no partial ones and none on expressions.
    pub(crate) keys: Vec<ConstraintKey>,
}

/// A column as it stands in the file.
#[derive(Clone, Debug)]
pub(crate) struct ColumnInfo {
    pub(crate) name: String,
    /// The declared type; may be empty.
    pub(crate) declared: String,
    pub(crate) not_null: bool,
    pub(crate) default: Option<String>,
    /// Place in the primary key, from 1; 0 if it is not part of it.
    pub(crate) key_place: u32,
    /// Whether SQLite computes it.
    pub(crate) generated: bool,
}

impl TableInfo {
    /// Looks a table up, in any case; none if it isn't there.
    pub(crate) fn load(connection: &Connection, name: &str) -> rusqlite::Result<Option<Self>> {
        let found = connection
            .prepare_cached(
                "SELECT name, type, wr FROM pragma_table_list \
                 WHERE schema = 'main' AND name = ?1 COLLATE NOCASE",
            )?
            .query_row([name], |row| {
                let (kind, without_rowid): (String, bool) = (row.get(1)?, row.get(2)?);
                Ok((row.get::<_, String>(0)?, kind == "table" && !without_rowid))
            })
            .optional()?;
        let Some((name, has_rowid)) = found else {
            return Ok(None);
        };
        let columns = connection
            .prepare_cached(
                "SELECT name, type, \"notnull\", dflt_value, pk, hidden \
                 FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid",
            )?
            .query_map([&name], |row| {
                Ok(ColumnInfo {
                    name: row.get(0)?,
                    declared: row.get(1)?,
                    not_null: row.get(2)?,
                    default: row.get(3)?,
                    key_place: row.get(4)?,
                    generated: row.get::<_, i64>(5)? != 0,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let keys = load_keys(connection, &name)?;
        Ok(Some(Self {
            name,
            has_rowid,
            columns,
            keys,
        }))
    }

    /// Names of all tables and views, SQLite's own and those of [`super::staging`] left out.
    pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<String>> {
        connection
            .prepare(
                "SELECT name FROM pragma_table_list WHERE schema = 'main' \
                 AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                 ORDER BY name",
            )?
            .query_map([], |row| row.get(0))?
            .filter(|name| !name.as_ref().is_ok_and(|n: &String| n.starts_with(PREFIX)))
            .collect()
    }

    /// A column by name, in any case.
    pub(crate) fn column(&self, name: &str) -> Option<&ColumnInfo> {
        self.columns
            .iter()
            .find(|c| c.name.eq_ignore_ascii_case(name))
    }

    /// Names of the primary key's columns in their order; empty without one.
    pub(crate) fn primary_key(&self) -> Vec<&str> {
        let mut parts: Vec<_> = self.columns.iter().filter(|c| c.key_place > 0).collect();
        parts.sort_by_key(|c| c.key_place);
        parts.into_iter().map(|c| c.name.as_str()).collect()
    }

    /// The table as all databases describe theirs, to be compared with rows.
    pub(crate) fn described(&self) -> catalog::TableInfo {
        let key = self.primary_key();
        // SQLite fills an INTEGER PRIMARY KEY by itself.
        let fills_key = self.has_rowid && key.len() == 1;
        let columns = self.columns.iter().map(|column| catalog::ColumnInfo {
            column: Column {
                nullable: !column.not_null,
                ..Column::new(&column.name, DataType::String)
            },
            generated: column.generated,
            filled: column.default.is_some()
                || (fills_key
                    && column.key_place == 1
                    && column.declared.eq_ignore_ascii_case("INTEGER")),
        });
        catalog::TableInfo {
            path: TablePath::table(&self.name),
            is_view: false,
            columns: columns.collect(),
            primary_key: (!key.is_empty()).then(|| PrimaryKey {
                name: format!("pk_{}", self.name),
                columns: key.into_iter().map(str::to_owned).collect(),
            }),
            keys: self.keys.clone(),
            comment: None,
            rows: None,
        }
    }

    /// A name by which the rowid can be asked for; none if columns have taken them all.
    pub(crate) fn rowid_name(&self) -> Option<&'static str> {
        ["rowid", "_rowid_", "oid"]
            .into_iter()
            .find(|name| self.has_rowid && self.column(name).is_none())
    }

    /// The table as its rows announce it; `columns` are those that are read, with their types.
    pub(crate) fn to_catalog(&self, path: TablePath, columns: Vec<Column>) -> CatalogTable {
        let is_read = |name: &str| columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
        let key = self.primary_key();
        let primary_key = (!key.is_empty() && key.iter().all(|k| is_read(k))).then(|| PrimaryKey {
            name: format!("pk_{}", self.name),
            columns: key.into_iter().map(str::to_owned).collect(),
        });
        let constraint_keys = self
            .keys
            .iter()
            .filter(|k| k.columns.iter().all(|(name, _)| is_read(name)))
            .cloned()
            .collect();
        let schema = TableSchema {
            columns,
            primary_key,
            constraint_keys,
        };
        CatalogTable::new("Jdbc", path, schema)
    }
}

impl ColumnInfo {
    /// What the file says of the column besides its type, put onto a column that is read.
    pub(crate) fn describe(&self, column: &mut Column) {
        let (_, (length, scale)) = split_declaration(&self.declared);
        column.nullable = !self.not_null && self.key_place == 0;
        column.default_value = self.default.clone();
        column.source_type = Some(self.declared.clone());
        column.length = Some(length).filter(|l| *l > 0);
        column.scale = i32::try_from(scale).ok().filter(|s| *s > 0);
    }
}

fn load_keys(connection: &Connection, table: &str) -> rusqlite::Result<Vec<ConstraintKey>> {
    let indexes = connection
        .prepare_cached(
            "SELECT name, \"unique\" FROM pragma_index_list(?1) \
             WHERE origin <> 'pk' AND NOT partial ORDER BY seq DESC",
        )?
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, bool)>>>()?;
    let mut keys = Vec::with_capacity(indexes.len());
    for (name, unique) in indexes {
        let columns = connection
            .prepare_cached(
                "SELECT name, \"desc\" FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno",
            )?
            .query_map([&name], |row| {
                let order = if row.get(1)? {
                    SortOrder::Desc
                } else {
                    SortOrder::Asc
                };
                Ok(row.get::<_, Option<String>>(0)?.map(|name| (name, order)))
            })?
            .collect::<rusqlite::Result<Option<Vec<_>>>>()?;
        if let Some(columns) = columns {
            keys.push(ConstraintKey {
                name,
                kind: if unique {
                    ConstraintKind::Unique
                } else {
                    ConstraintKind::Index
                },
                columns,
            });
        }
    }
    Ok(keys)
}

/// How a table is to be created.
pub(crate) struct NewTable<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its columns and further keys.
    pub(crate) like: &'a CatalogTable,
    /// Its primary key; may be empty.
    pub(crate) primary_key: &'a [String],
    /// Whether it gets keys and indexes.
    pub(crate) with_keys: bool,
    /// How columns are spelled.
    pub(crate) field_ide: FieldIde,
}

impl NewTable<'_> {
    /// The statements that create it.
    pub(crate) fn statements(&self) -> Vec<String> {
        let spelled = |name: &str| QUOTE.name(&self.field_ide.apply(name));
        let is_key = |name: &str| {
            self.with_keys
                && self
                    .primary_key
                    .iter()
                    .any(|k| k.eq_ignore_ascii_case(name))
        };
        let mut lines: Vec<String> = self
            .like
            .columns()
            .iter()
            .map(|column| {
                let wanted = column.sink_type.clone();
                let declared = wanted.unwrap_or_else(|| declaration(column));
                let mut line = format!("{} {declared}", spelled(&column.name));
                if !column.nullable || is_key(&column.name) {
                    line.push_str(" NOT NULL");
                }
                if let Some(default) = column.default_value.as_deref().and_then(default_clause) {
                    line.push_str(&format!(" DEFAULT {default}"));
                }
                line
            })
            .collect();
        let spelled_all =
            |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(", ");
        if self.with_keys && !self.primary_key.is_empty() {
            let columns = spelled_all(&mut self.primary_key.iter().map(|k| spelled(k)));
            lines.push(format!("PRIMARY KEY ({columns})"));
        }
        let table = QUOTE.name(self.name);
        let mut indexes = Vec::new();
        if self.with_keys {
            let known = |key: &&ConstraintKey| {
                let mut names = key.columns.iter();
                names.all(|(n, _)| self.like.schema().index_of(n).is_some())
            };
            for key in self.like.schema().constraint_keys.iter().filter(known) {
                let columns = spelled_all(&mut key.columns.iter().map(|(name, order)| {
                    let descending = if *order == SortOrder::Desc {
                        " DESC"
                    } else {
                        ""
                    };
                    format!("{}{descending}", spelled(name))
                }));
                match key.kind {
                    ConstraintKind::Unique => {
                        let columns = columns.replace(" DESC", "");
                        lines.push(format!("UNIQUE ({columns})"));
                    }
                    ConstraintKind::Index => indexes.push(format!(
                        "CREATE INDEX IF NOT EXISTS {} ON {table} ({columns})",
                        QUOTE.name(&format!("{}_{}", self.name, key.name))
                    )),
                    ConstraintKind::Foreign | ConstraintKind::VectorIndex => {}
                }
            }
        }
        let create = format!("CREATE TABLE {table} (\n  {}\n)", lines.join(",\n  "));
        std::iter::once(create).chain(indexes).collect()
    }
}

/// A default as SQLite reads it: numbers and quoted texts as they stand, the usual names of the
/// current time, other words as texts. Expressions of other databases are left out: the rows bring
/// their values.
fn default_clause(text: &str) -> Option<String> {
    let text = text.trim();
    let quoted = text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'');
    let inner_is_plain = || !text[1..text.len() - 1].replace("''", "").contains('\'');
    if text.parse::<f64>().is_ok_and(f64::is_finite) || (quoted && inner_is_plain()) {
        return Some(text.to_owned());
    }
    let upper = text.to_ascii_uppercase();
    match upper.as_str() {
        "NULL" | "TRUE" | "FALSE" | "CURRENT_TIMESTAMP" | "CURRENT_DATE" | "CURRENT_TIME" => {
            Some(upper)
        }
        _ if text.contains(['(', ')', '\'', '"', '`', ';']) => None,
        _ => Some(format!("'{text}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_created_table_reads_back_with_its_keys() {
        let mut name = Column::new("Name", DataType::String).not_null();
        name.default_value = Some("nobody".to_owned());
        name.sink_type = Some("NVARCHAR(10)".to_owned());
        let mut schema = TableSchema::new(vec![Column::new("id", DataType::Int), name]);
        schema.constraint_keys = vec![ConstraintKey {
            name: "by_name".to_owned(),
            kind: ConstraintKind::Index,
            columns: vec![("Name".to_owned(), SortOrder::Desc)],
        }];
        let like = CatalogTable::new("test", TablePath::table("t"), schema);
        let new = NewTable {
            name: "t",
            like: &like,
            primary_key: &["id".to_owned()],
            with_keys: true,
            field_ide: FieldIde::Uppercase,
        };
        let connection = Connection::open_in_memory().unwrap();
        for statement in new.statements() {
            connection.execute_batch(&statement).unwrap();
        }
        let info = TableInfo::load(&connection, "T").unwrap().unwrap();
        assert_eq!(info.primary_key(), ["ID"]);
        let described = info.described();
        let key = &described.columns[described.index_of("id").unwrap()].column;
        assert!(info.has_rowid && described.is_unique(&[key.name.as_str()]));
        let column = info.column("name").unwrap();
        assert!(column.not_null);
        assert_eq!(column.name, "NAME");
        assert_eq!(column.declared, "NVARCHAR(10)");
        assert_eq!(column.default.as_deref(), Some("'nobody'"));
        assert_eq!(info.keys.len(), 1);
        assert_eq!(info.keys[0].columns[0].1, SortOrder::Desc);
        assert!(TableInfo::load(&connection, "u").unwrap().is_none());
    }

    #[test]
    fn defaults_of_other_databases_are_taken_only_where_they_mean_the_same() {
        assert_eq!(default_clause("0").as_deref(), Some("0"));
        assert_eq!(default_clause("'it''s'").as_deref(), Some("'it''s'"));
        assert_eq!(
            default_clause("current_timestamp").as_deref(),
            Some("CURRENT_TIMESTAMP")
        );
        assert_eq!(default_clause("nextval('s'::regclass)"), None);
        assert_eq!(default_clause("'a' || 'b'"), None);
    }
}
