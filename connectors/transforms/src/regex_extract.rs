//! RegexExtract: the groups of a pattern as columns.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef};
use async_trait::async_trait;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, Error, PluginInfo, Result, Transform, TransformContext,
    TransformFactory,
};

use crate::codes;
use crate::columns::{
    as_text, check_text, column_index, missing_option, put_column, rebuilt, refuse_twins, text,
    with_columns,
};
use crate::java_regex::{Flags, Groups, JavaRegex};
use crate::tables::{Rule, TableStep, per_table};

const NAME: &str = "RegexExtract";

/// What is extracted.
#[derive(Clone, Debug, Options)]
struct RegexExtractRule {
    /// The column that is looked into; it stays.
    source_field: Option<Located<String>>,
    /// A Java regular expression with one group for each column of the result. Its first match in the
    /// text counts.
    regex_pattern: Option<Located<String>>,
    /// The columns that get the groups, in their order. A group that took no part in the match is null;
    /// a column that exists is overwritten.
    output_fields: Option<Vec<Located<String>>>,
    /// What the columns are where the pattern is not found, or the text is null; null if not given.
    default_values: Option<Vec<String>>,
}

impl Rule for RegexExtractRule {
    fn is_given(&self) -> bool {
        self.source_field.is_some() || self.regex_pattern.is_some() || self.output_fields.is_some()
    }
}

impl RegexExtractRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<ExtractStep> {
        let missing = |key| missing_option(NAME, key, table);
        let field = self
            .source_field
            .as_ref()
            .ok_or_else(|| missing("source_field"))?;
        let pattern = self
            .regex_pattern
            .as_ref()
            .ok_or_else(|| missing("regex_pattern"))?;
        let outputs = self
            .output_fields
            .as_ref()
            .filter(|names| !names.is_empty())
            .ok_or_else(|| missing("output_fields"))?;
        let from = column_index(NAME, table, field)?;
        check_text(NAME, &table.columns()[from]).map_err(|e| e.or_at(&field.span))?;
        let regex =
            JavaRegex::new(&pattern.value, Flags::default()).map_err(|e| e.or_at(&pattern.span))?;
        let groups = regex.group_count() - 1;
        if groups != outputs.len() {
            return Err(Error::new(
                codes::RULE_INVALID,
                format!(
                    "{NAME}: the pattern {:?} has {groups} groups, `output_fields` {} columns",
                    pattern.value,
                    outputs.len()
                ),
            )
            .with_help("a group is (…); one that is no column of the result is written (?:…)")
            .at(&pattern.span));
        }
        let defaults = match self.default_values.as_deref() {
            None | Some([]) => vec![None; outputs.len()],
            Some(values) if values.len() == outputs.len() => {
                values.iter().cloned().map(Some).collect()
            }
            Some(values) => {
                return Err(Error::new(
                    codes::RULE_INVALID,
                    format!(
                        "{NAME}: `default_values` has {} values, `output_fields` {} columns",
                        values.len(),
                        outputs.len()
                    ),
                ));
            }
        };
        let parts: Vec<Column> = outputs
            .iter()
            .map(|name| Column::new(name.value.clone(), DataType::String))
            .collect();
        refuse_twins(NAME, table, &parts)?;
        let mut columns = table.columns().to_vec();
        let into = parts
            .into_iter()
            .map(|column| put_column(&mut columns, column))
            .collect();
        Ok(ExtractStep {
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            from,
            into,
            regex,
            defaults,
        })
    }
}

struct ExtractStep {
    table: Arc<CatalogTable>,
    from: usize,
    /// Positions of the groups' columns, in the order of the groups.
    into: Vec<usize>,
    regex: JavaRegex,
    defaults: Vec<Option<String>>,
}

impl TableStep for ExtractStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        let mut columns: Vec<ArrayRef> = batch.records().columns().to_vec();
        let column = as_text(&columns[self.from])?;
        let column = text(&column);
        let bytes = column.value_data().len() / self.into.len();
        let mut builders: Vec<StringBuilder> = self
            .into
            .iter()
            .map(|_| StringBuilder::with_capacity(column.len(), bytes))
            .collect();
        let mut groups = Groups::default();
        for row in 0..column.len() {
            let found = column.is_valid(row)
                && self.regex.captures_at(column.value(row), 0, &mut groups)?;
            for (number, builder) in builders.iter_mut().enumerate() {
                builder.append_option(if found {
                    let value = column.value(row);
                    groups
                        .get(number + 1)
                        .map(|(start, end)| &value[start..end])
                } else {
                    self.defaults[number].as_deref()
                });
            }
        }
        for (at, mut builder) in self.into.iter().zip(builders) {
            let part: ArrayRef = Arc::new(builder.finish());
            if *at < columns.len() {
                columns[*at] = part;
            } else {
                columns.push(part);
            }
        }
        rebuilt(&self.table, columns, &batch).map(Some)
    }
}

crate::options_with_table_rules!(
    /// Takes parts out of a text by a pattern.
    "RegexExtract",
    RegexExtractOptions,
    RegexExtractTableRule,
    RegexExtractRule
);

/// Makes RegexExtract transforms.
pub struct RegexExtractFactory;

#[async_trait]
impl TransformFactory for RegexExtractFactory {
    type Options = RegexExtractOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Takes parts out of a text column by the groups of a regular expression.",
        }
    }

    async fn create(
        &self,
        options: RegexExtractOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, RegexExtractRule::step)
    }
}
