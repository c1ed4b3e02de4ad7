//! Whether rows fit a table.

use seatunnel_api::config::nearest;
use seatunnel_api::{CatalogTable, Error, Result};

use crate::catalog::TableInfo;
use crate::errors;
use crate::target::{Put, Target};

/// For each column of the rows, the place of the target's column it goes into.
///
/// # Errors
/// All differences at once: columns that are missing on either side, computed columns, and a key by
/// which rows are to be replaced but which the table doesn't have.
pub fn fit(target: &Target, info: &TableInfo, table: &CatalogTable) -> Result<Vec<usize>> {
    let mut differences = Vec::new();
    let mut places = Vec::with_capacity(table.columns().len());
    let replaces = target.put == Put::Upsert && !target.only_adds_to(info);
    if info.is_view && replaces {
        differences.push("it is a view, in which rows can't be replaced".to_owned());
    }
    for column in table.columns() {
        let wanted = target.field_ide.apply(&column.name);
        match info.index_of(&wanted) {
            Some(place) if info.columns[place].generated => differences.push(format!(
                "the column `{}` is computed by the table and can't be written",
                info.columns[place].column.name
            )),
            Some(place) => places.push(place),
            None => {
                let near = match nearest(&wanted, info.names()) {
                    Some(near) => format!(", did you mean `{near}`?"),
                    None => String::new(),
                };
                differences.push(format!("the table has no column `{wanted}`{near}"));
            }
        }
    }
    for (place, column) in info.columns.iter().enumerate() {
        if !column.column.nullable
            && !column.filled
            && !column.generated
            && !places.contains(&place)
        {
            differences.push(format!(
                "the rows have no column `{}`, which must not be null and has no default",
                column.column.name
            ));
        }
    }
    if differences.is_empty() && replaces && !target.has_unique_key(info) {
        differences.push(format!(
            "the table has no primary or unique key on ({}), by which rows are to be replaced",
            target.spelled_keys().join(", ")
        ));
    }
    if table.columns().is_empty() {
        differences.push("the rows have no columns".to_owned());
    }
    if differences.is_empty() {
        return Ok(places);
    }
    let all: Vec<String> = info.names().map(|n| format!("`{n}`")).collect();
    Err(Error::new(
        errors::TARGET_UNFIT,
        format!(
            "the rows of {} don't fit the table `{}`: {}",
            table.path(),
            info.path,
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
