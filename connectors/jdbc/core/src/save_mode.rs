//! Save modes: what happens to the target before the first row.

use seatunnel_api::{CatalogTable, Error, Result, codes};

use crate::catalog::{Catalog, NewTable, TableInfo, target_missing};
use crate::fit::fit;
use crate::options::{DataSaveMode, SchemaSaveMode};
use crate::target::Target;

/// Carries out the save modes and gives the table as it then is; none where the statement is given,
/// which may write anywhere. What is there is compared with the rows before anything is deleted.
///
/// # Errors
/// If a mode refuses, the rows don't fit, or a statement fails.
pub async fn prepare(
    target: &Target,
    catalog: &mut dyn Catalog,
    table: &CatalogTable,
) -> Result<Option<TableInfo>> {
    if target.query.is_some() {
        // Only what the user wrote is run.
        if target.data_save_mode == DataSaveMode::Custom {
            run_custom_sql(target, catalog).await?;
        }
        return Ok(None);
    }
    let existing = catalog.table(&target.path).await?;
    let created = match (target.schema_save_mode, &existing) {
        (SchemaSaveMode::Recreate, Some(info)) => {
            let drop = format!("DROP TABLE {}", catalog.qualified(&info.path));
            create(target, catalog, table, Some(drop)).await?;
            true
        }
        (SchemaSaveMode::Recreate | SchemaSaveMode::CreateWhenNotExist, None) => {
            create(target, catalog, table, None).await?;
            true
        }
        _ => false,
    };
    let info = match existing {
        Some(info) if !created => info,
        _ => match catalog.table(&target.path).await? {
            Some(info) => info,
            None => return Err(target_missing(catalog, &target.path)),
        },
    };
    fit(target, &info, table)?;
    match target.data_save_mode {
        DataSaveMode::Append => {}
        DataSaveMode::Drop if created => {}
        DataSaveMode::Drop => catalog.truncate(&info).await?,
        DataSaveMode::Custom => run_custom_sql(target, catalog).await?,
        DataSaveMode::ErrorWhenExists => {
            if !created && catalog.has_rows(&info).await? {
                return Err(Error::new(
                    codes::DATA_EXISTS,
                    format!("the table `{}` has rows already", info.path),
                )
                .with_context("in", catalog.place())
                .with_help("empty it, or choose another data_save_mode"));
            }
        }
    }
    Ok(Some(info))
}

/// Whether the save modes would let the rows in as the target is; nothing is changed.
///
/// # Errors
/// Why not.
pub async fn check(target: &Target, catalog: &mut dyn Catalog, table: &CatalogTable) -> Result<()> {
    if target.query.is_some() {
        return Ok(());
    }
    let info = catalog.table(&target.path).await?;
    match (target.schema_save_mode, info) {
        (SchemaSaveMode::Recreate, _) | (SchemaSaveMode::CreateWhenNotExist, None) => {
            let new = new_table(target, table);
            catalog.create_statements(&new).map(drop)
        }
        (_, None) => Err(target_missing(catalog, &target.path)),
        (_, Some(info)) => {
            fit(target, &info, table)?;
            let refuses = target.data_save_mode == DataSaveMode::ErrorWhenExists;
            if refuses && catalog.has_rows(&info).await? {
                return Err(Error::new(
                    codes::DATA_EXISTS,
                    format!("the table `{}` has rows already", info.path),
                )
                .with_context("in", catalog.place()));
            }
            Ok(())
        }
    }
}

fn new_table<'a>(target: &'a Target, table: &'a CatalogTable) -> NewTable<'a> {
    NewTable {
        path: &target.path,
        like: table,
        primary_key: &target.primary_key,
        with_keys: target.create_index,
        field_ide: target.field_ide,
    }
}

async fn create(
    target: &Target,
    catalog: &mut dyn Catalog,
    table: &CatalogTable,
    drop: Option<String>,
) -> Result<()> {
    let statements = catalog.create_statements(&new_table(target, table))?;
    let all: Vec<String> = drop.into_iter().chain(statements).collect();
    catalog
        .run(&all.join(";\n"))
        .await
        .map_err(|e| e.with_context("table", &target.path))
}

async fn run_custom_sql(target: &Target, catalog: &mut dyn Catalog) -> Result<()> {
    match &target.custom_sql {
        Some(sql) => catalog
            .run(sql)
            .await
            .map_err(|e| e.with_context("option", "custom_sql")),
        None => Ok(()),
    }
}
