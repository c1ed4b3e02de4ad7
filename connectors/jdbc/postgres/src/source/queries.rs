//! Queries and other statements that are read.

use std::sync::Arc;

use seatunnel_api::{CatalogTable, Column, Error, Result, TablePath, TableSchema};
use seatunnel_jdbc_core::options::TableOptions;
use seatunnel_jdbc_core::{errors, sql};

use super::part::{Origin, Part, PartColumn};
use super::tables::{Maker, own};
use crate::catalog::{PgCatalog, PgTable};
use crate::types::{PgType, ReadOptions, Reading};

impl Maker<'_> {
    /// A query, or another statement that gives rows. `known` is the table that the user says it reads.
    pub(super) async fn of_query(
        &mut self,
        query: &str,
        path: Option<TablePath>,
        known: Option<PgTable>,
        wanted: &TableOptions,
    ) -> Result<Part> {
        let query = sql::without_end(query).to_owned();
        let named = |e: Error| e.with_context("query", shortened(&query));
        let prepared = self
            .connection
            .prepare("", &query, &[])
            .await
            .map_err(|failure| named(failure.into()))?;
        if !prepared.parameters.is_empty() {
            return Err(named(Error::new(
                errors::OPTION,
                "the query of a source can't have parameters",
            )));
        }
        let fields = prepared.columns;
        if fields.is_empty() {
            return Err(named(Error::new(
                errors::OPTION,
                "the option `query` of a source must be a query that returns rows",
            )));
        }
        for (place, field) in fields.iter().enumerate() {
            if fields[..place].iter().any(|other| other.name == field.name) {
                return Err(named(
                    Error::new(
                        errors::OPTION,
                        format!("the query has two columns `{}`", field.name),
                    )
                    .with_help("give one of them another name with AS"),
                ));
            }
        }
        let is_query = first_word(&query).is_some_and(|word| {
            ["select", "values", "with", "table"]
                .iter()
                .any(|q| q.eq_ignore_ascii_case(word))
        });
        let types = PgCatalog::new(&mut *self.connection).types(&fields).await?;
        let mut described = Vec::with_capacity(fields.len());
        let mut columns = Vec::with_capacity(fields.len());
        let mut type_names = Vec::with_capacity(fields.len());
        for (field, (pg, _)) in fields.iter().zip(&types) {
            // The result of an expression has as many digits as the server likes.
            let read = ReadOptions {
                rounds: field.table_oid == 0,
                ..self.read
            };
            let mut reading = Reading::of(pg, read);
            if !is_query && reading.cast.is_some() {
                // Nothing can be cast here, but the server can be asked for its text.
                reading = Reading::text();
            }
            let mut column = Column::new(&field.name, reading.data_type.clone());
            reading.describe(pg, &mut column);
            let origin = known
                .as_ref()
                .filter(|t| t.oid == field.table_oid)
                .and_then(|t| {
                    let place = t.columns.iter().position(|c| c.number == field.attribute)?;
                    Some((&t.info.columns[place].column, &t.columns[place]))
                });
            if let Some((known, _)) = origin {
                column.nullable = known.nullable;
                column.comment = known.comment.clone();
                column.default_value = known.default_value.clone();
            }
            let type_name = match origin {
                Some((_, column)) => column.type_name.clone(),
                None => spelled(pg),
            };
            column.source_type = Some(match origin {
                Some(_) => type_name.clone(),
                None => type_name.clone() + &length_of(pg),
            });
            type_names.push(type_name.clone());
            columns.push(PartColumn {
                name: field.name.clone(),
                type_name,
                reading,
            });
            described.push(column);
        }
        let path = match (path, &self.context.plugin_output) {
            (Some(path), _) => path,
            (None, Some(name)) => TablePath::parse(name, true),
            (None, None) => TablePath::unnamed(),
        };
        let table = match &known {
            Some(known) => known.info.to_catalog(path, described),
            None => CatalogTable::new("Jdbc", path, TableSchema::new(described)),
        };
        let table = Arc::new(own(table));
        if !is_query && (self.condition.is_some() || wanted.partition_column.is_some()) {
            return Err(named(Error::new(
                errors::OPTION,
                "where_condition and partition_column need a query that begins with SELECT, WITH, VALUES or TABLE",
            )));
        }
        let key = match &wanted.partition_column {
            Some(column) => Some(self.key(column, &table, &type_names, wanted)?),
            None => None,
        };
        Ok(Part {
            table,
            columns,
            origin: match is_query {
                true => Origin::Query(query),
                false => Origin::Statement(query),
            },
            condition: self.condition.clone(),
            key,
            parts: wanted.partition_num,
        })
    }
}

fn spelled(pg: &PgType) -> String {
    match &pg.element {
        Some(element) => format!("{}[]", element.name),
        None => pg.name.clone(),
    }
}

/// The length that a type has in brackets, where it says how much a value holds.
fn length_of(pg: &PgType) -> String {
    let length = match pg.name.as_str() {
        "bit" | "varbit" => pg.modifier,
        "character varying" | "bpchar" => pg.modifier - 4,
        _ => 0,
    };
    if length > 0 {
        format!("({length})")
    } else {
        String::new()
    }
}

/// Enough of a query to know it again.
fn shortened(query: &str) -> String {
    const ENOUGH: usize = 200;
    match query.char_indices().nth(ENOUGH) {
        None => query.to_owned(),
        Some((end, _)) => format!("{}…", &query[..end]),
    }
}

/// The word that a statement begins with, behind comments and brackets.
fn first_word(query: &str) -> Option<&str> {
    let mut rest = query;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n')?.1;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            // Comments may be within comments.
            let mut depth = 1;
            let mut at = 0;
            while depth > 0 {
                let next = comment[at..].find(['*', '/'])? + at;
                let pair = comment.get(next..next + 2)?;
                (depth, at) = match pair {
                    "/*" => (depth + 1, next + 2),
                    "*/" => (depth - 1, next + 2),
                    _ => (depth, next + 1),
                };
            }
            rest = &comment[at..];
        } else {
            let end = rest
                .find(|c: char| !c.is_alphabetic())
                .unwrap_or(rest.len());
            return (end > 0).then_some(&rest[..end]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_told_by_its_first_word() {
        assert_eq!(
            first_word(" -- a\n ( /* b /* c */ */ SELECT 1"),
            Some("SELECT")
        );
        assert_eq!(first_word("with x as (select 1) table x"), Some("with"));
        assert_eq!(first_word("SHOW all"), Some("SHOW"));
        assert_eq!(first_word("/* never ended"), None);
        assert_eq!(first_word(""), None);
    }

    #[test]
    fn a_long_query_is_shortened() {
        assert_eq!(shortened("select 1"), "select 1");
        assert_eq!(shortened(&"ä".repeat(300)).chars().count(), 201);
    }
}
