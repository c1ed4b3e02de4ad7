//! Checks the columns of a batch against field rules.

use std::sync::Arc;

use arrow_array::Array;
use seatunnel_api::{Batch, CatalogTable, DataType, Error, Result, Value};

use crate::codes;
use crate::rules::{FieldRule, RuleKind, ValueRule};
use crate::type_check::fits;
use crate::value_check::{first_beyond, first_not_null, first_null, first_of_length, first_other};

/// Field rules for one table, its columns found and expected values read.
pub(crate) struct FieldChecks {
    table: Arc<CatalogTable>,
    rules: Arc<[FieldRule]>,
    columns: Vec<Option<usize>>,
    /// For each rule, the expected value of each of its value rules.
    expected: Vec<Vec<Option<Result<Value, String>>>>,
}

impl FieldChecks {
    pub(crate) fn new(table: &Arc<CatalogTable>, rules: Arc<[FieldRule]>) -> Self {
        let columns: Vec<Option<usize>> = rules
            .iter()
            .map(|rule| table.schema().index_of(&rule.name))
            .collect();
        let expected = rules
            .iter()
            .zip(&columns)
            .map(|(rule, column)| {
                let own = column.map(|index| &table.columns()[index].data_type);
                let values = rule.values.iter().flatten();
                values
                    .map(|value| {
                        let equals_to = value.equals_to.as_ref()?;
                        own.map(|own| Value::from_config(equals_to, own))
                    })
                    .collect()
            })
            .collect();
        Self {
            table: table.clone(),
            rules,
            columns,
            expected,
        }
    }

    /// `rows_before` is how many rows of the table came before this batch.
    ///
    /// # Errors
    /// The first rule that a row breaks, with the first row that does.
    pub(crate) fn check(&self, batch: &Batch, rows_before: u64) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let Some(column) = self.columns[index] else {
                return Err(self.unusable(rule, format!("there is no column {:?}", rule.name)));
            };
            let Some(asked) = &rule.data_type else {
                return Err(self.unusable(rule, "the rule has no `field_type`".to_owned()));
            };
            let own = &self.table.columns()[column].data_type;
            let array = batch.records().column(column).as_ref();
            if !fits(array, own, asked) {
                let row = (0..array.len())
                    .find(|row| !fits(array.slice(*row, 1).as_ref(), own, asked))
                    .unwrap_or(0);
                let wanted = format!("a value of type {asked}");
                return Err(self.broken(rule, &rule.span, &wanted, own, array, row, rows_before));
            }
            let Some(values) = &rule.values else {
                return Err(self.unusable(rule, "the rule has no `field_value`".to_owned()));
            };
            for (value, expected) in values.iter().zip(&self.expected[index]) {
                if let Some(row) = self.first_break(rule, value, own, array)? {
                    let wanted = describe(value);
                    return Err(self.broken(
                        rule,
                        &value.span,
                        &wanted,
                        own,
                        array,
                        row,
                        rows_before,
                    ));
                }
                match expected {
                    None => {}
                    Some(Ok(expected)) => {
                        if let Some(row) = first_other(array, own, expected) {
                            let wanted = format!("equals_to {expected}");
                            return Err(self.broken(
                                rule,
                                &value.span,
                                &wanted,
                                own,
                                array,
                                row,
                                rows_before,
                            ));
                        }
                    }
                    Some(Err(message)) if first_not_null(array, own).is_some() => {
                        return Err(self.unusable(rule, format!("equals_to: {message}")));
                    }
                    Some(Err(_)) => {}
                }
            }
        }
        Ok(())
    }

    fn first_break(
        &self,
        rule: &FieldRule,
        value: &ValueRule,
        own: &DataType,
        array: &dyn Array,
    ) -> Result<Option<usize>> {
        let Some(kind) = value.kind else {
            return Ok(None);
        };
        let limit = || {
            value
                .limit
                .ok_or_else(|| self.unusable(rule, format!("{} has no `rule_value`", kind.name())))
        };
        Ok(match kind {
            RuleKind::Null => first_not_null(array, own),
            RuleKind::NotNull => first_null(array, own),
            RuleKind::Min => {
                let limit = limit()?;
                first_beyond(array, own, |v| v >= limit)
            }
            RuleKind::Max => {
                let limit = limit()?;
                first_beyond(array, own, |v| v <= limit)
            }
            RuleKind::MinLength => {
                let limit = limit()?;
                first_of_length(array, own, |v| v >= limit)
            }
            RuleKind::MaxLength => {
                let limit = limit()?;
                first_of_length(array, own, |v| v <= limit)
            }
            // No value is enough for a rule on the number of rows.
            RuleKind::MinRow | RuleKind::MaxRow => Some(0),
        })
    }

    /// A rule that can't be checked, which shows when the first row comes.
    fn unusable(&self, rule: &FieldRule, message: String) -> Error {
        Error::new(codes::RULE, message)
            .at(&rule.span)
            .with_context("table", self.table.path())
            .with_context("column", &rule.name)
    }

    #[allow(clippy::too_many_arguments, reason = "all of it goes into the message")]
    fn broken(
        &self,
        rule: &FieldRule,
        span: &seatunnel_api::config::Span,
        wanted: &str,
        own: &DataType,
        array: &dyn Array,
        row: usize,
        rows_before: u64,
    ) -> Error {
        let found = Value::read(array, own, row);
        let shown: String = found.to_string().chars().take(200).collect();
        Error::new(
            codes::BROKEN,
            format!("a row breaks the rule {wanted}: the value is {shown}"),
        )
        .at(span)
        .with_context("table", self.table.path())
        .with_context("row", rows_before + row as u64 + 1)
        .with_context("column", format!("{} {own}", rule.name))
    }
}

fn describe(value: &ValueRule) -> String {
    let name = value.kind.map_or("", RuleKind::name);
    match value.limit {
        Some(limit) => format!("{name} {limit}"),
        None => name.to_owned(),
    }
}
