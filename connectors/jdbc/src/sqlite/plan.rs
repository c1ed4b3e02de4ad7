//! How the rows of one table are written: into which table, whether they fit, by which statements.

use rusqlite::Connection;
use seatunnel_api::config::nearest;
use seatunnel_api::{CatalogTable, ConstraintKind, Error, Result};

use super::QUOTE;
use super::catalog::{NewTable, TableInfo};
use super::connection::Location;
use super::types::{Form, affinity, form};
use crate::errors;
use crate::options::{DataSaveMode, FieldIde, JdbcSinkOptions, SchemaSaveMode};
use crate::sql;

/// What the options say about one table.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The table to write into.
    pub(crate) table: String,
    /// The given statement, if statements are not made.
    pub(crate) query: Option<String>,
    /// Columns that tell rows apart, as the rows call them.
    pub(crate) keys: Vec<String>,
    /// The primary key of a created table: `keys`, unless these are but a unique key of the rows.
    pub(crate) primary_key: Vec<String>,
    pub(crate) schema_save_mode: SchemaSaveMode,
    pub(crate) data_save_mode: DataSaveMode,
    pub(crate) custom_sql: Option<String>,
    pub(crate) create_index: bool,
    pub(crate) field_ide: FieldIde,
    pub(crate) put: Put,
    /// Whether the key of a row may change, so that its old key must be deleted.
    pub(crate) keys_change: bool,
}

/// How a row gets into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is inserted.
    Insert,
    /// It replaces the row of its key.
    Upsert,
    /// The row of its key is updated, and if there is none, it is inserted.
    UpdateOrInsert,
}

impl Target {
    /// Reads the options of a table; `name` is what the table is called by them.
    pub(crate) fn new(
        options: &JdbcSinkOptions,
        table: &CatalogTable,
        name: String,
    ) -> Result<Self> {
        let query = match (options.generate_sink_sql, &options.query) {
            (false, None) => {
                return Err(Error::new(
                    errors::OPTION,
                    "Jdbc needs the option `query`, or `generate_sink_sql = true`",
                ));
            }
            (true, _) => None,
            (false, query) => query.clone(),
        };
        if options.is_exactly_once {
            return Err(Error::new(
                errors::OPTION,
                "is_exactly_once is not available for SQLite",
            )
            .with_help("with primary_keys, rows that come twice are there once all the same"));
        }
        let keys = match &options.primary_keys {
            Some(keys) => keys
                .iter()
                .map(|key| column_of(table, key, "primary_keys"))
                .collect::<Result<Vec<_>>>()?,
            None => own_keys(table),
        };
        let unique_only = options.primary_keys.is_none() && table.schema().primary_key.is_none();
        let put =
            if keys.is_empty() || !options.enable_upsert || options.support_upsert_by_insert_only {
                Put::Insert
            } else if options.support_upsert_by_query_primary_key_exist {
                Put::UpdateOrInsert
            } else {
                Put::Upsert
            };
        Ok(Self {
            table: name,
            query,
            primary_key: if unique_only {
                Vec::new()
            } else {
                keys.clone()
            },
            keys,
            schema_save_mode: options.schema_save_mode,
            data_save_mode: options.data_save_mode,
            custom_sql: options.custom_sql.clone(),
            create_index: options.create_index,
            field_ide: options.field_ide,
            put,
            keys_change: options.is_primary_key_updated,
        })
    }

    /// Carries out the save modes. What is there is compared with the rows before anything is deleted.
    pub(crate) fn prepare(
        &self,
        connection: &Connection,
        location: &Location,
        table: &CatalogTable,
    ) -> Result<()> {
        let failed = |e| location.failure(e).with_context("table", &self.table);
        if self.query.is_some() {
            // A given statement may write anywhere: only what the user wrote is run.
            if self.data_save_mode == DataSaveMode::Custom {
                self.run_custom_sql(connection).map_err(failed)?;
            }
            return Plan::new(self, connection, location, table).map(drop);
        }
        let existing = TableInfo::load(connection, &self.table).map_err(failed)?;
        let create = match (self.schema_save_mode, &existing) {
            (SchemaSaveMode::Recreate, Some(info)) => {
                let drop = format!("DROP TABLE {}", QUOTE.name(&info.name));
                connection.execute_batch(&drop).map_err(failed)?;
                true
            }
            (SchemaSaveMode::Recreate | SchemaSaveMode::CreateWhenNotExist, None) => true,
            (SchemaSaveMode::ErrorWhenNotExist, None) => {
                return Err(Error::new(
                    seatunnel_api::codes::TARGET_MISSING,
                    format!("the table `{}` does not exist", self.table),
                )
                .with_context("database", location.path().display())
                .with_help("create it, or set schema_save_mode = CREATE_SCHEMA_WHEN_NOT_EXIST"));
            }
            _ => false,
        };
        if create {
            let new = NewTable {
                name: &self.table,
                like: table,
                primary_key: &self.primary_key,
                with_keys: self.create_index,
                field_ide: self.field_ide,
            };
            for statement in new.statements() {
                connection.execute_batch(&statement).map_err(failed)?;
            }
        }
        Plan::new(self, connection, location, table)?;
        let quoted = QUOTE.name(&self.table);
        match self.data_save_mode {
            DataSaveMode::Append => {}
            DataSaveMode::Drop => connection
                .execute_batch(&format!("DELETE FROM {quoted}"))
                .map_err(failed)?,
            DataSaveMode::Custom => self.run_custom_sql(connection).map_err(failed)?,
            DataSaveMode::ErrorWhenExists => {
                let any = format!("SELECT EXISTS (SELECT 1 FROM {quoted})");
                let any: bool = connection
                    .query_row(&any, [], |row| row.get(0))
                    .map_err(failed)?;
                if any {
                    return Err(Error::new(
                        seatunnel_api::codes::DATA_EXISTS,
                        format!("the table `{}` has rows already", self.table),
                    )
                    .with_context("database", location.path().display())
                    .with_help("empty it, or choose another data_save_mode"));
                }
            }
        }
        Ok(())
    }

    fn run_custom_sql(&self, connection: &Connection) -> rusqlite::Result<()> {
        match &self.custom_sql {
            Some(sql) => connection.execute_batch(sql),
            None => Ok(()),
        }
    }

    /// Whether the rows would fit the table as it is; nothing is changed.
    pub(crate) fn check(
        &self,
        connection: &Connection,
        location: &Location,
        table: &CatalogTable,
    ) -> Result<()> {
        let info = TableInfo::load(connection, &self.table).map_err(|e| location.failure(e))?;
        let created = self.query.is_none()
            && match self.schema_save_mode {
                SchemaSaveMode::Recreate => true,
                SchemaSaveMode::CreateWhenNotExist => info.is_none(),
                SchemaSaveMode::ErrorWhenNotExist | SchemaSaveMode::Ignore => false,
            };
        if created {
            Ok(())
        } else {
            Plan::new(self, connection, location, table).map(drop)
        }
    }
}

/// The key that rows have of themselves: the primary one, else the first unique one.
fn own_keys(table: &CatalogTable) -> Vec<String> {
    let schema = table.schema();
    let keys: Vec<String> = match &schema.primary_key {
        Some(key) => key.columns.clone(),
        None => schema
            .constraint_keys
            .iter()
            .find(|k| k.kind == ConstraintKind::Unique)
            .map(|k| k.columns.iter().map(|(name, _)| name.clone()).collect())
            .unwrap_or_default(),
    };
    if keys.iter().all(|k| schema.index_of(k).is_some()) {
        keys
    } else {
        Vec::new()
    }
}

fn column_of(table: &CatalogTable, name: &str, option: &str) -> Result<String> {
    let mut names = table.schema().names();
    if let Some(found) = names.find(|n| n.eq_ignore_ascii_case(name)) {
        return Ok(found.to_owned());
    }
    let error = Error::new(
        errors::COLUMN_MISSING,
        format!("the rows have no column `{name}`, which {option} names"),
    )
    .with_context("table", table.path());
    Err(match nearest(name, table.schema().names()) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error,
    })
}

/// The statements for one table and how its columns are bound.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The table's name, for messages.
    pub(crate) table: String,
    /// Each bound column: its place in the rows and how it is handed over. Parameter `i` of a row is
    /// column `i` of these.
    pub(crate) columns: Vec<(usize, Form)>,
    /// Places of the key's columns in `columns`.
    pub(crate) keys: Vec<usize>,
    /// Puts so many rows, largest first; the last puts one.
    pub(crate) puts: Vec<(usize, String)>,
    /// Updates the row of a key: parameters are the columns that are no keys, then the keys.
    pub(crate) update: Option<(String, Vec<usize>)>,
    /// Deletes the row of a key.
    pub(crate) delete: Option<String>,
    /// Whether a row before an update is left alone, because the row after it takes its place.
    pub(crate) updates_in_place: bool,
    /// Whether the row after an update may have another key.
    pub(crate) keys_change: bool,
    /// Whether the statement was given, so that only inserts and updates can be applied.
    pub(crate) given: bool,
}

/// Parameters of one statement, about: more make it no faster.
const PARAMETERS: usize = 2_048;

impl Plan {
    /// Compares rows and table and makes the statements.
    pub(crate) fn new(
        target: &Target,
        connection: &Connection,
        location: &Location,
        table: &CatalogTable,
    ) -> Result<Self> {
        if let Some(query) = &target.query {
            return Self::given(target, query, connection, location, table);
        }
        let info = TableInfo::load(connection, &target.table).map_err(|e| location.failure(e))?;
        let Some(info) = info else {
            return Err(Error::new(
                seatunnel_api::codes::TARGET_MISSING,
                format!("the table `{}` does not exist", target.table),
            )
            .with_context("database", location.path().display()));
        };
        let names = fitting_columns(target, &info, table)?;
        let columns = table
            .columns()
            .iter()
            .zip(&names)
            .enumerate()
            .map(|(place, (column, name))| {
                let declared = info.column(name).map(|c| affinity(&c.declared));
                (place, form(&column.data_type, declared))
            })
            .collect();
        let keys: Vec<usize> = target
            .keys
            .iter()
            .filter_map(|key| table.schema().index_of(key))
            .collect();
        let key_names: Vec<&str> = keys.iter().map(|k| names[*k].as_str()).collect();
        let others: Vec<usize> = (0..names.len()).filter(|i| !keys.contains(i)).collect();
        let quoted = QUOTE.name(&info.name);
        let clause = match target.put {
            Put::Upsert => {
                let key = QUOTE.names(key_names.iter().copied());
                let sets: Vec<String> = others
                    .iter()
                    .map(|i| QUOTE.name(&names[*i]))
                    .map(|name| format!("{name} = excluded.{name}"))
                    .collect();
                if sets.is_empty() {
                    format!(" ON CONFLICT ({key}) DO NOTHING")
                } else {
                    format!(" ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "))
                }
            }
            Put::Insert | Put::UpdateOrInsert => String::new(),
        };
        let list = QUOTE.names(names.iter().map(String::as_str));
        let width = names.len().max(1);
        let most = match target.put {
            Put::UpdateOrInsert => 1,
            Put::Insert | Put::Upsert => (PARAMETERS / width).max(1),
        };
        // Powers of two divide usual batches without rest.
        let most = 1 << most.ilog2();
        let mut sizes = vec![most, most / 8, 1];
        sizes.retain(|size| *size > 0);
        sizes.dedup();
        let puts = sizes
            .into_iter()
            .map(|rows| {
                (
                    rows,
                    sql::insert(&quoted, &list, names.len(), rows, &clause),
                )
            })
            .collect();
        let update = (target.put == Put::UpdateOrInsert).then(|| {
            let changed = if others.is_empty() { &keys } else { &others };
            let sets: Vec<String> = changed
                .iter()
                .map(|i| format!("{} = ?", QUOTE.name(&names[*i])))
                .collect();
            let matches = QUOTE.all_equal(key_names.iter().copied());
            let sql = format!("UPDATE {quoted} SET {} WHERE {matches}", sets.join(", "));
            (sql, changed.iter().chain(&keys).copied().collect())
        });
        let delete = (!keys.is_empty()).then(|| {
            let matches = QUOTE.all_equal(key_names.iter().copied());
            format!("DELETE FROM {quoted} WHERE {matches}")
        });
        Ok(Self {
            table: info.name.clone(),
            columns,
            keys,
            puts,
            update,
            delete,
            updates_in_place: target.put != Put::Insert,
            keys_change: target.keys_change,
            given: false,
        })
    }

    fn given(
        target: &Target,
        query: &str,
        connection: &Connection,
        location: &Location,
        table: &CatalogTable,
    ) -> Result<Self> {
        let failed = |e| location.failure(e).with_context("option", "query");
        let query = sql::without_end(query);
        let statement = connection.prepare(query).map_err(failed)?;
        let wrong = |message: String| {
            Error::new(errors::OPTION, message)
                .with_context("table", table.path())
                .with_context("statement", query)
        };
        let count = statement.parameter_count();
        let width = table.columns().len();
        let mut columns = Vec::with_capacity(count);
        let mut named = false;
        for index in 1..=count {
            let place = match statement.parameter_name(index) {
                Some(name) if name.starts_with([':', '@', '$']) => {
                    named = true;
                    let column = column_of(table, &name[1..], "the query")?;
                    table.schema().index_of(&column).unwrap_or_default()
                }
                _ => index - 1,
            };
            if place >= width || (!named && count != width) {
                return Err(wrong(format!(
                    "the query has {count} parameters, the rows have {width} columns"
                ))
                .with_help(
                    "write a `?` for each column in their order, or name columns: `:name`",
                ));
            }
            columns.push((place, form(&table.columns()[place].data_type, None)));
        }
        if count == 0 {
            return Err(wrong("the query has no parameters".to_owned()).with_help(
                "write a `?` for each column in their order, or name columns: `:name`",
            ));
        }
        let keys = target
            .keys
            .iter()
            .filter_map(|key| table.schema().index_of(key))
            .filter_map(|key| columns.iter().position(|(place, _)| *place == key))
            .collect();
        Ok(Self {
            table: table.path().to_string(),
            columns,
            keys,
            puts: vec![(1, query.to_owned())],
            update: None,
            delete: None,
            updates_in_place: true,
            keys_change: false,
            given: true,
        })
    }
}

/// The target's name for each column of the rows.
///
/// # Errors
/// All differences at once.
fn fitting_columns(target: &Target, info: &TableInfo, table: &CatalogTable) -> Result<Vec<String>> {
    let mut differences = Vec::new();
    let mut names = Vec::with_capacity(table.columns().len());
    let target_names = || info.columns.iter().map(|c| c.name.as_str());
    for column in table.columns() {
        let wanted = target.field_ide.apply(&column.name);
        match info.column(&wanted) {
            Some(found) if found.generated => differences.push(format!(
                "the column `{}` is computed by the table and can't be written",
                found.name
            )),
            Some(found) => names.push(found.name.clone()),
            None => {
                let near = match nearest(&wanted, target_names()) {
                    Some(near) => format!(", did you mean `{near}`?"),
                    None => String::new(),
                };
                differences.push(format!("the table has no column `{wanted}`{near}"));
            }
        }
    }
    let single_key = info.primary_key().len() == 1;
    for column in &info.columns {
        let written = names.iter().any(|n| n == &column.name);
        // SQLite fills an INTEGER PRIMARY KEY by itself.
        let filled = column.default.is_some()
            || column.generated
            || (single_key
                && column.key_place == 1
                && info.has_rowid
                && column.declared.eq_ignore_ascii_case("INTEGER"));
        if column.not_null && !written && !filled {
            differences.push(format!(
                "the rows have no column `{}`, which must not be null and has no default",
                column.name
            ));
        }
    }
    let keys: Vec<String> = target
        .keys
        .iter()
        .map(|k| target.field_ide.apply(k))
        .collect();
    if differences.is_empty() && target.put == Put::Upsert && !info.is_unique(&keys) {
        differences.push(format!(
            "the table has no primary or unique key on ({}), by which rows are to be replaced",
            keys.join(", ")
        ));
    }
    if table.columns().is_empty() {
        differences.push("the rows have no columns".to_owned());
    }
    if differences.is_empty() {
        return Ok(names);
    }
    let all: Vec<String> = target_names().map(|n| format!("`{n}`")).collect();
    Err(Error::new(
        errors::TARGET_UNFIT,
        format!(
            "the rows of {} don't fit the table `{}`: {}",
            table.path(),
            info.name,
            differences.join("; ")
        ),
    )
    .with_context("columns of the table", all.join(", "))
    .with_help(
        "map the columns in the job, change the table, or let it be made anew with \
         schema_save_mode = RECREATE_SCHEMA; a table without a unique key is written with \
         support_upsert_by_query_primary_key_exist or enable_upsert = false",
    ))
}
