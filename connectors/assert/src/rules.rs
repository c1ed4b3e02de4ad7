//! The rules as they stand in the job file.
//!
//! Keys that are not known are left alone, as SeaTunnel does; what is known and wrong is an error
//! that points at it.

use std::collections::BTreeSet;
use std::sync::Arc;

use seatunnel_api::config::{ConfigValue, Span, nearest};
use seatunnel_api::{CatalogTable, DataType, Error, Result};

use crate::catalog::CatalogTableRule;
use crate::codes;

/// All rules of a sink.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) rows: Vec<(String, Vec<ValueRule>)>,
    pub(crate) fields: Vec<(String, Arc<[FieldRule]>)>,
    catalog: Vec<(String, CatalogTableRule)>,
    /// The tables that rows must come from; empty for any.
    pub(crate) table_names: BTreeSet<String>,
    pub(crate) table_names_span: Span,
    /// Whether rules name their tables.
    by_table: bool,
}

/// What the values of one column must be.
#[derive(Debug)]
pub(crate) struct FieldRule {
    pub(crate) name: String,
    /// None where the file gives none, which no row survives.
    pub(crate) data_type: Option<DataType>,
    /// None where the file gives none, which no row survives.
    pub(crate) values: Option<Vec<ValueRule>>,
    pub(crate) span: Span,
}

/// One rule on values, or on the number of rows.
#[derive(Debug)]
pub(crate) struct ValueRule {
    pub(crate) kind: Option<RuleKind>,
    pub(crate) limit: Option<f64>,
    pub(crate) equals_to: Option<ConfigValue>,
    pub(crate) span: Span,
}

/// What a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleKind {
    Null,
    NotNull,
    Min,
    Max,
    MinLength,
    MaxLength,
    MinRow,
    MaxRow,
}

impl RuleKind {
    const NAMES: &[(&str, RuleKind)] = &[
        ("NULL", Self::Null),
        ("NOT_NULL", Self::NotNull),
        ("MIN", Self::Min),
        ("MAX", Self::Max),
        ("MIN_LENGTH", Self::MinLength),
        ("MAX_LENGTH", Self::MaxLength),
        ("MIN_ROW", Self::MinRow),
        ("MAX_ROW", Self::MaxRow),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }
}

impl Rules {
    /// Reads rules for the tables that come in.
    ///
    /// # Errors
    /// If there is no rule, or one can't be understood.
    pub(crate) fn read(config: &ConfigValue, tables: &[Arc<CatalogTable>]) -> Result<Self> {
        if config.as_object().is_none() {
            return Err(wrong_type(config, "rules", "an object"));
        }
        let mut rules = Self {
            rows: Vec::new(),
            fields: Vec::new(),
            catalog: Vec::new(),
            table_names: BTreeSet::new(),
            table_names_span: Span::none(),
            by_table: false,
        };
        match find(config, "tables_configs") {
            Some(of_tables) => {
                rules.by_table = true;
                for of_table in list(of_tables, "tables_configs")? {
                    let path = text(of_table, "table_path")?;
                    rules.read_table(of_table, path)?;
                }
            }
            None => {
                let paths: BTreeSet<String> = tables.iter().map(|t| t.path().to_string()).collect();
                for path in paths {
                    rules.read_table(config, path)?;
                }
            }
        }
        if let Some(names) = find(config, "table-names") {
            rules.table_names = texts(names, "table-names")?.into_iter().collect();
            rules.table_names_span = names.key_or_value_span().clone();
        }
        if rules.rows.is_empty()
            && rules.fields.is_empty()
            && rules.catalog.is_empty()
            && rules.table_names.is_empty()
        {
            return Err(Error::new(codes::RULE, "there is no rule in `rules`")
                .at(config.key_or_value_span())
                .with_help(
                    "give row_rules, field_rules, catalog_table_rule, tables_configs or table-names",
                ));
        }
        Ok(rules)
    }

    fn read_table(&mut self, config: &ConfigValue, path: String) -> Result<()> {
        if let Some(rows) = find(config, "row_rules") {
            let read = value_rules(rows, "row_rules")?;
            replace(&mut self.rows, path.clone(), read);
        }
        if let Some(fields) = find(config, "field_rules") {
            let read: Result<Vec<_>> = list(fields, "field_rules")?
                .iter()
                .map(FieldRule::read)
                .collect();
            replace(&mut self.fields, path.clone(), read?.into());
        }
        if let Some(catalog) = find(config, "catalog_table_rule") {
            let read = CatalogTableRule::read(catalog)?;
            replace(&mut self.catalog, path, read);
        }
        Ok(())
    }

    /// Checks what is known of a table before any row comes.
    ///
    /// # Errors
    /// If it is not what a rule says.
    pub(crate) fn check_table(&self, table: &CatalogTable) -> Result<()> {
        let path = table.path().to_string();
        self.catalog
            .iter()
            .filter(|(of, _)| *of == path)
            .try_for_each(|(_, rule)| rule.check(table))
    }

    /// The field rules for rows of a table: those under its path. A single table's rules under
    /// `tables_configs` count for all tables.
    pub(crate) fn fields_of(&self, path: &str) -> Option<&Arc<[FieldRule]>> {
        match self.fields.as_slice() {
            [(_, only)] if self.by_table => Some(only),
            all => all.iter().find(|(of, _)| of == path).map(|(_, f)| f),
        }
    }
}

/// A later entry for a table takes the place of an earlier one.
fn replace<T>(all: &mut Vec<(String, T)>, path: String, value: T) {
    match all.iter_mut().find(|(of, _)| *of == path) {
        Some(entry) => entry.1 = value,
        None => all.push((path, value)),
    }
}

impl FieldRule {
    fn read(config: &ConfigValue) -> Result<Self> {
        let data_type = match find(config, "field_type") {
            Some(written) => Some(read_type(written)?),
            None => None,
        };
        let values = match find(config, "field_value") {
            Some(values) => Some(value_rules(values, "field_value")?),
            None => None,
        };
        Ok(Self {
            name: text(config, "field_name")?,
            data_type,
            values,
            span: config.span.clone(),
        })
    }
}

fn value_rules(config: &ConfigValue, what: &str) -> Result<Vec<ValueRule>> {
    list(config, what)?.iter().map(ValueRule::read).collect()
}

impl ValueRule {
    fn read(config: &ConfigValue) -> Result<Self> {
        let kind = match find(config, "rule_type") {
            Some(written) => Some(read_kind(written)?),
            None => None,
        };
        let limit = match find(config, "rule_value") {
            Some(written) => {
                let number = written.scalar_text().and_then(|t| t.trim().parse().ok());
                Some(number.ok_or_else(|| wrong_type(written, "rule_value", "a number"))?)
            }
            None => None,
        };
        Ok(Self {
            kind,
            limit,
            equals_to: find(config, "equals_to").cloned(),
            span: config.span.clone(),
        })
    }
}

fn read_kind(written: &ConfigValue) -> Result<RuleKind> {
    let name = written.scalar_text().unwrap_or_default();
    let known = RuleKind::NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        let error =
            Error::new(codes::RULE, format!("there is no rule type {name:?}")).at(&written.span);
        let names = || RuleKind::NAMES.iter().map(|(known, _)| *known);
        match nearest(&name, names()) {
            Some(near) => error.with_help(format!("did you mean {near}?")),
            None => {
                let names: Vec<_> = names().collect();
                error.with_help(format!("one of {}", names.join(", ")))
            }
        }
    })
}

pub(crate) fn read_type(written: &ConfigValue) -> Result<DataType> {
    DataType::from_config(written)
        .map_err(|message| Error::new(codes::RULE, message).at(&written.span))
}

/// A member; `null` counts as not there.
pub(crate) fn find<'a>(config: &'a ConfigValue, key: &str) -> Option<&'a ConfigValue> {
    config.get(key).filter(|value| !value.is_null())
}

/// A member that must be there.
pub(crate) fn member<'a>(config: &'a ConfigValue, key: &str) -> Result<&'a ConfigValue> {
    if config.as_object().is_none() {
        return Err(wrong_type(config, "a rule", "an object"));
    }
    find(config, key)
        .ok_or_else(|| Error::new(codes::RULE, format!("the rule has no `{key}`")).at(&config.span))
}

/// A text that must be there.
pub(crate) fn text(config: &ConfigValue, key: &str) -> Result<String> {
    let value = member(config, key)?;
    value
        .scalar_text()
        .ok_or_else(|| wrong_type(value, key, "a string"))
}

/// A list of texts.
pub(crate) fn texts(value: &ConfigValue, what: &str) -> Result<Vec<String>> {
    list(value, what)?
        .iter()
        .map(|item| {
            item.scalar_text()
                .ok_or_else(|| wrong_type(item, what, "a list of strings"))
        })
        .collect()
}

pub(crate) fn list<'a>(value: &'a ConfigValue, what: &str) -> Result<&'a [ConfigValue]> {
    value
        .as_list()
        .ok_or_else(|| wrong_type(value, what, "a list"))
}

fn wrong_type(value: &ConfigValue, what: &str, expected: &str) -> Error {
    Error::new(
        codes::RULE,
        format!("`{what}` must be {expected}, is {}", value.type_name()),
    )
    .at(value.key_or_value_span())
}
