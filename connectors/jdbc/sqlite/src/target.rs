//! What is to become of one table: the options for it, and its save modes.

use rusqlite::Connection;
use seatunnel_api::config::nearest;
use seatunnel_api::{CatalogTable, ConstraintKind, Error, Result};

use crate::QUOTE;
use crate::catalog::{NewTable, TableInfo};
use crate::connection::Location;
use crate::plan::Plan;
use crate::staging;
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::{DataSaveMode, FieldIde, JdbcSinkOptions, SchemaSaveMode};

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
    /// Whether rows are visible only when their checkpoint is committed.
    pub(crate) exactly_once: bool,
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
        let exactly_once = options.is_exactly_once;
        if exactly_once && (query.is_some() || put == Put::UpdateOrInsert) {
            return Err(Error::new(
                errors::OPTION,
                "is_exactly_once needs generate_sink_sql = true and a target with a unique key",
            ));
        }
        Ok(Self {
            exactly_once,
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

    /// Carries out the save modes. What is there is compared with the rows before anything is deleted;
    /// where they don't fit, no table is dropped or created.
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
        staging::warn_of_leftovers(connection, location, &self.table)?;
        let transaction = connection.unchecked_transaction().map_err(failed)?;
        self.make_table(&transaction, location, table)?;
        Plan::new(self, &transaction, location, table)?;
        transaction.commit().map_err(failed)?;
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

    /// Drops and creates the table as `schema_save_mode` has it.
    fn make_table(
        &self,
        connection: &Connection,
        location: &Location,
        table: &CatalogTable,
    ) -> Result<()> {
        let failed = |e| location.failure(e).with_context("table", &self.table);
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

/// The column of the rows that an option names, in any case.
pub(crate) fn column_of(table: &CatalogTable, name: &str, option: &str) -> Result<String> {
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
