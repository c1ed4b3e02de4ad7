//! `catalog_table_rule`: what is known of a table before its rows come.

use std::fmt::Debug;

use seatunnel_api::config::{ConfigValue, Span};
use seatunnel_api::{
    CatalogTable, Column, ConstraintKey, ConstraintKind, Error, Result, SortOrder, TablePath,
};

use crate::codes;
use crate::rules::{find, list, member, read_type, text, texts};

/// Rules on a table; those that are none ask for nothing.
#[derive(Debug)]
pub(crate) struct CatalogTableRule {
    primary_key: Option<(String, Vec<String>)>,
    constraint_keys: Option<Vec<ConstraintKey>>,
    columns: Option<Vec<Column>>,
    identifier: Option<(String, TablePath)>,
    span: Span,
}

const CONSTRAINT_KINDS: &[(&str, ConstraintKind)] = &[
    ("INDEX_KEY", ConstraintKind::Index),
    ("UNIQUE_KEY", ConstraintKind::Unique),
    ("FOREIGN_KEY", ConstraintKind::Foreign),
    ("VECTOR_INDEX_KEY", ConstraintKind::VectorIndex),
];

const SORT_ORDERS: &[(&str, SortOrder)] = &[("ASC", SortOrder::Asc), ("DESC", SortOrder::Desc)];

impl CatalogTableRule {
    pub(crate) fn read(config: &ConfigValue) -> Result<Self> {
        let primary_key = match find(config, "primary_key_rule") {
            Some(rule) => {
                let columns = member(rule, "primary_key_columns")?;
                Some((
                    text(rule, "primary_key_name")?,
                    texts(columns, "primary_key_columns")?,
                ))
            }
            None => None,
        };
        let identifier = match find(config, "table_identifier_rule") {
            Some(rule) => Some((
                text(rule, "catalog_name")?,
                TablePath::parse(&text(rule, "table")?, false),
            )),
            None => None,
        };
        Ok(Self {
            primary_key,
            constraint_keys: read_each(config, "constraint_key_rule", read_constraint_key)?,
            columns: read_each(config, "column_rule", read_column)?,
            identifier,
            span: config.key_or_value_span().clone(),
        })
    }

    /// # Errors
    /// What of the table is not as the rule says.
    pub(crate) fn check(&self, table: &CatalogTable) -> Result<()> {
        self.check_parts(table).map_err(|message| {
            Error::new(codes::TABLE, message)
                .at(&self.span)
                .with_context("table", table.path())
        })
    }

    fn check_parts(&self, table: &CatalogTable) -> Result<(), String> {
        let schema = table.schema();
        if let Some((name, columns)) = &self.primary_key {
            let Some(key) = &schema.primary_key else {
                return Err("the table has no primary key".to_owned());
            };
            if *name != key.name {
                return Err(differ("name of the primary key", &key.name, name));
            }
            if !columns.is_empty() && !same_in_any_order(columns, &key.columns) {
                return Err(differ("columns of the primary key", &key.columns, columns));
            }
        }
        if let Some(keys) = &self.constraint_keys {
            if schema.constraint_keys.is_empty() {
                return Err("the table has no constraint keys".to_owned());
            }
            if !keys.is_empty() && !same_in_any_order(keys, &schema.constraint_keys) {
                return Err(differ("constraint keys", &schema.constraint_keys, keys));
            }
        }
        if let Some(columns) = &self.columns {
            if schema.columns.is_empty() {
                return Err("the table has no columns".to_owned());
            }
            let own: Vec<ColumnView> = schema.columns.iter().map(ColumnView::new).collect();
            let asked: Vec<ColumnView> = columns.iter().map(ColumnView::new).collect();
            if let Some(missing) = asked.iter().find(|c| !own.contains(c)) {
                return Err(match own.iter().find(|c| c.name == missing.name) {
                    Some(found) => differ("column", found, missing),
                    None => format!("the table has no column {:?}", missing.name),
                });
            }
            if let Some(extra) = own.iter().find(|c| !asked.contains(c)) {
                return Err(format!(
                    "the table has a column {:?}, which the rule does not name",
                    extra.name
                ));
            }
            if !asked.is_empty() && asked.len() != own.len() {
                return Err("the rule names a column twice".to_owned());
            }
        }
        if let Some((catalog, path)) = &self.identifier {
            if catalog != table.catalog() {
                return Err(differ("catalog name", table.catalog(), catalog));
            }
            if path != table.path() {
                return Err(differ("table path", table.path(), path));
            }
        }
        Ok(())
    }
}

/// What of a column is compared. No length is length 0, and no comment an empty one.
#[derive(Debug, PartialEq)]
struct ColumnView<'a> {
    name: &'a str,
    data_type: String,
    length: u64,
    nullable: bool,
    default_value: Option<&'a str>,
    comment: &'a str,
}

impl<'a> ColumnView<'a> {
    fn new(column: &'a Column) -> Self {
        Self {
            name: &column.name,
            data_type: column.data_type.to_string(),
            length: column.length.unwrap_or(0),
            nullable: column.nullable,
            default_value: column.default_value.as_deref(),
            comment: column.comment.as_deref().unwrap_or(""),
        }
    }
}

fn differ<T: Debug + ?Sized, U: Debug + ?Sized>(what: &str, found: &T, expected: &U) -> String {
    format!("the {what} of the table is {found:?}, the rule says {expected:?}")
}

fn same_in_any_order<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    let count = |of: &[T], item: &T| of.iter().filter(|other| *other == item).count();
    a.len() == b.len() && a.iter().all(|item| count(a, item) == count(b, item))
}

fn read_each<T>(
    config: &ConfigValue,
    key: &str,
    read: impl Fn(&ConfigValue) -> Result<T>,
) -> Result<Option<Vec<T>>> {
    match find(config, key) {
        Some(items) => list(items, key)?
            .iter()
            .map(read)
            .collect::<Result<_>>()
            .map(Some),
        None => Ok(None),
    }
}

fn word<T: Copy>(config: &ConfigValue, key: &str, words: &[(&str, T)]) -> Result<T> {
    let written = text(config, key)?;
    let found = words.iter().find(|(word, _)| *word == written);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let span = find(config, key)
            .map(|v| v.span.clone())
            .unwrap_or_default();
        Error::new(
            codes::RULE,
            format!(
                "`{key}` is {written:?}, expected one of {}",
                known.join(", ")
            ),
        )
        .at(&span)
    })
}

fn read_constraint_key(config: &ConfigValue) -> Result<ConstraintKey> {
    let columns = member(config, "constraint_key_columns")?;
    Ok(ConstraintKey {
        name: text(config, "constraint_key_name")?,
        kind: word(config, "constraint_key_type", CONSTRAINT_KINDS)?,
        columns: list(columns, "constraint_key_columns")?
            .iter()
            .map(|column| {
                Ok((
                    text(column, "constraint_key_column_name")?,
                    word(column, "constraint_key_sort_type", SORT_ORDERS)?,
                ))
            })
            .collect::<Result<_>>()?,
    })
}

fn read_column(config: &ConfigValue) -> Result<Column> {
    let mut column = Column::new(text(config, "name")?, read_type(member(config, "type")?)?);
    let wrong = |value: &ConfigValue, key: &str, expected: &str| {
        Error::new(codes::RULE, format!("`{key}` must be {expected}")).at(&value.span)
    };
    if let Some(value) = find(config, "column_length") {
        let length = value.scalar_text().and_then(|t| t.trim().parse().ok());
        column.length =
            Some(length.ok_or_else(|| wrong(value, "column_length", "a whole number"))?);
    }
    if let Some(value) = find(config, "nullable") {
        let nullable = value.scalar_text().and_then(|t| t.trim().parse().ok());
        column.nullable = nullable.ok_or_else(|| wrong(value, "nullable", "true or false"))?;
    }
    if let Some(value) = find(config, "default_value") {
        let text = value.scalar_text();
        column.default_value = Some(text.unwrap_or_else(|| value.to_json().to_string()));
    }
    if let Some(value) = find(config, "comment") {
        column.comment = value.scalar_text();
    }
    Ok(column)
}
