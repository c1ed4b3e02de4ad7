//! Save modes: what becomes of a table before rows are written into it.

use rusqlite::Connection;
use seatunnel_api::{CatalogTable, Error, Result};

use crate::QUOTE;
use crate::catalog::{NewTable, TableInfo};
use crate::connection::Location;
use crate::plan::Plan;
use crate::staging;
use seatunnel_jdbc_core::options::{DataSaveMode, SchemaSaveMode};
use seatunnel_jdbc_core::target::Target;

/// Carries out the save modes. What is there is compared with the rows before anything is deleted;
/// where they don't fit, no table is dropped or created.
pub(crate) fn prepare(
    target: &Target,
    connection: &Connection,
    location: &Location,
    table: &CatalogTable,
) -> Result<()> {
    let failed = |e| {
        location
            .failure(e)
            .with_context("table", &target.path.table)
    };
    if target.query.is_some() {
        // A given statement may write anywhere: only what the user wrote is run.
        if target.data_save_mode == DataSaveMode::Custom {
            run_custom_sql(target, connection).map_err(failed)?;
        }
        return Plan::new(target, connection, location, table).map(drop);
    }
    staging::warn_of_leftovers(connection, location, &target.path.table)?;
    let transaction = connection.unchecked_transaction().map_err(failed)?;
    make_table(target, &transaction, location, table)?;
    Plan::new(target, &transaction, location, table)?;
    transaction.commit().map_err(failed)?;
    let quoted = QUOTE.name(&target.path.table);
    match target.data_save_mode {
        DataSaveMode::Append => {}
        DataSaveMode::Drop => connection
            .execute_batch(&format!("DELETE FROM {quoted}"))
            .map_err(failed)?,
        DataSaveMode::Custom => run_custom_sql(target, connection).map_err(failed)?,
        DataSaveMode::ErrorWhenExists => {
            let any = format!("SELECT EXISTS (SELECT 1 FROM {quoted})");
            let any: bool = connection
                .query_row(&any, [], |row| row.get(0))
                .map_err(failed)?;
            if any {
                return Err(Error::new(
                    seatunnel_api::codes::DATA_EXISTS,
                    format!("the table `{}` has rows already", target.path.table),
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
    target: &Target,
    connection: &Connection,
    location: &Location,
    table: &CatalogTable,
) -> Result<()> {
    let failed = |e| {
        location
            .failure(e)
            .with_context("table", &target.path.table)
    };
    let existing = TableInfo::load(connection, &target.path.table).map_err(failed)?;
    let create = match (target.schema_save_mode, &existing) {
        (SchemaSaveMode::Recreate, Some(info)) => {
            let drop = format!("DROP TABLE {}", QUOTE.name(&info.name));
            connection.execute_batch(&drop).map_err(failed)?;
            true
        }
        (SchemaSaveMode::Recreate | SchemaSaveMode::CreateWhenNotExist, None) => true,
        (SchemaSaveMode::ErrorWhenNotExist, None) => {
            return Err(Error::new(
                seatunnel_api::codes::TARGET_MISSING,
                format!("the table `{}` does not exist", target.path.table),
            )
            .with_context("database", location.path().display())
            .with_help("create it, or set schema_save_mode = CREATE_SCHEMA_WHEN_NOT_EXIST"));
        }
        _ => false,
    };
    if create {
        let new = NewTable {
            name: &target.path.table,
            like: table,
            primary_key: &target.primary_key,
            with_keys: target.create_index,
            field_ide: target.field_ide,
        };
        for statement in new.statements() {
            connection.execute_batch(&statement).map_err(failed)?;
        }
    }
    Ok(())
}

fn run_custom_sql(target: &Target, connection: &Connection) -> rusqlite::Result<()> {
    match &target.custom_sql {
        Some(sql) => connection.execute_batch(sql),
        None => Ok(()),
    }
}

/// Whether the rows would fit the table as it is; nothing is changed.
pub(crate) fn check(
    target: &Target,
    connection: &Connection,
    location: &Location,
    table: &CatalogTable,
) -> Result<()> {
    let info = TableInfo::load(connection, &target.path.table).map_err(|e| location.failure(e))?;
    let created = target.query.is_none()
        && match target.schema_save_mode {
            SchemaSaveMode::Recreate => true,
            SchemaSaveMode::CreateWhenNotExist => info.is_none(),
            SchemaSaveMode::ErrorWhenNotExist | SchemaSaveMode::Ignore => false,
        };
    if created {
        Ok(())
    } else {
        Plan::new(target, connection, location, table).map(drop)
    }
}
