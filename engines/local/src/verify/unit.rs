//! What is compared with what: a target table and the tables that go into it.

use std::sync::Arc;

use seatunnel_api::{CatalogTable, ChangesBecome, Column, Error, ReadbackTable, Result, TablePath};

use super::canonical::Canonical;
use super::codes;

/// One target table and what should be in it.
pub(crate) struct Unit {
    /// The sink's name in messages.
    pub(crate) sink: String,
    /// The tables that go in, and where each has the compared columns.
    pub(crate) inputs: Vec<(TablePath, Positions)>,
    /// What the readback's source calls the target, and where it has the compared columns.
    pub(crate) target: (TablePath, Positions),
    /// The compared columns, those of the key first, in its order.
    pub(crate) columns: Vec<UnitColumn>,
    /// How many columns the key has; none if there is no key.
    pub(crate) key: usize,
    pub(crate) changes: ChangesBecome,
    /// Columns that are written, and that the target does not have.
    pub(crate) missing: Vec<String>,
    /// Columns of the target that nothing is written to.
    pub(crate) extra: Vec<String>,
}

/// Where a table has the columns of a unit.
pub(crate) type Positions = Arc<[usize]>;

pub(crate) struct UnitColumn {
    pub(crate) name: String,
    pub(crate) canonical: Canonical,
}

impl Unit {
    /// Works out how tables that go into one target are compared with it.
    ///
    /// # Errors
    /// If no column is on both sides, or the tables that go in have different ones.
    pub(crate) fn new(
        sink: &str,
        inputs: &[(Arc<CatalogTable>, &ReadbackTable)],
        target: &CatalogTable,
    ) -> Result<Self> {
        let context = |error: Error| {
            error
                .with_context("table", target.path())
                .with_context("plugin", sink)
        };
        let Some((first, readback)) = inputs.first() else {
            return Err(context(Error::new(
                codes::NOT_COMPARABLE,
                "no table goes into the target",
            )));
        };
        let written = readback.columns.as_ref();
        let is_written = |c: &&Column| written.is_none_or(|names| names.contains(&c.name));
        let mut names: Vec<&str> = Vec::new();
        let mut missing = Vec::new();
        for column in first.columns().iter().filter(is_written) {
            match position(target, &column.name) {
                Some(_) => names.push(&column.name),
                None => missing.push(column.name.clone()),
            }
        }
        if names.is_empty() {
            return Err(context(
                Error::new(
                    codes::NOT_COMPARABLE,
                    "the target has none of the columns that are written",
                )
                .with_help(format!("its columns are {}", joined(target))),
            ));
        }
        let key = key(&names, first, target);
        names.sort_by_key(|name| key.iter().position(|k| k == name).unwrap_or(usize::MAX));
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let places = |table: &CatalogTable| -> Result<Positions> {
            let all = names.iter().map(|name| {
                position(table, name).ok_or_else(|| {
                    context(Error::new(
                        codes::NOT_COMPARABLE,
                        format!(
                            "tables with different columns go into one: {} has no {name:?}",
                            table.path()
                        ),
                    ))
                })
            });
            all.collect()
        };
        let target_places = places(target)?;
        let input_places = inputs
            .iter()
            .map(|(table, _)| Ok((table.clone(), places(table)?)))
            .collect::<Result<Vec<_>>>()?;
        let columns = names.iter().enumerate().map(|(index, name)| {
            let of_inputs = input_places.iter();
            let mut alike: Vec<&Column> = of_inputs
                .map(|(table, places)| &table.columns()[places[index]])
                .collect();
            alike.push(&target.columns()[target_places[index]]);
            Ok(UnitColumn {
                name: name.clone(),
                canonical: Canonical::of(&alike).map_err(&context)?,
            })
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let others = target.columns().iter().enumerate();
        let extra = others
            .filter(|(index, _)| !target_places.contains(index))
            .map(|(_, column)| column.name.clone())
            .collect();
        Ok(Self {
            sink: sink.to_owned(),
            key: key.len(),
            changes: readback.changes,
            target: (target.path().clone(), target_places),
            inputs: input_places
                .into_iter()
                .map(|(table, places)| (table.path().clone(), places))
                .collect(),
            columns,
            missing,
            extra,
        })
    }

    /// Whether updates and deletes are carried out on the rows of a key.
    pub(crate) fn folds(&self) -> bool {
        self.key > 0 && self.changes == ChangesBecome::Changes
    }
}

/// The key by which rows are told apart, among the compared columns, in their spelling: the
/// target's, since rows that share it can't both be there, else the one of the table that goes in.
fn key(names: &[&str], input: &CatalogTable, target: &CatalogTable) -> Vec<String> {
    for table in [target, input] {
        let Some(key) = &table.schema().primary_key else {
            continue;
        };
        let found: Option<Vec<String>> = key
            .columns
            .iter()
            .map(|column| {
                let exact = names.iter().find(|name| *name == column);
                let name = exact.or_else(|| names.iter().find(|n| n.eq_ignore_ascii_case(column)));
                name.map(|name| (*name).to_owned())
            })
            .collect();
        if let Some(found) = found.filter(|columns| !columns.is_empty()) {
            return found;
        }
    }
    Vec::new()
}

/// Where a table has a column: of this very name, else in another case.
fn position(table: &CatalogTable, name: &str) -> Option<usize> {
    let other_case = || {
        let mut columns = table.columns().iter();
        columns.position(|c| c.name.eq_ignore_ascii_case(name))
    };
    table.schema().index_of(name).or_else(other_case)
}

fn joined(table: &CatalogTable) -> String {
    table.schema().names().collect::<Vec<_>>().join(", ")
}
