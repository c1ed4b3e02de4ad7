//! Split: a text into several columns.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef};
use async_trait::async_trait;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, PluginInfo, Result, Transform, TransformContext,
    TransformFactory,
};

use crate::columns::{
    as_text, check_text, column_index, missing_option, put_column, rebuilt, refuse_twins, text,
    with_columns,
};
use crate::java_regex::{Flags, JavaRegex};
use crate::tables::{Rule, TableStep, per_table};

const NAME: &str = "Split";

/// What is taken apart.
#[derive(Clone, Debug, Options)]
struct SplitRule {
    /// What stands between the parts: a Java regular expression.
    separator: Option<Located<String>>,
    /// The column to take apart; it stays.
    split_field: Option<Located<String>>,
    /// The columns that get the parts. The last one gets all that is left; a part that is missing
    /// is null. A column that exists is overwritten.
    output_fields: Option<Vec<Located<String>>>,
}

impl Rule for SplitRule {
    fn is_given(&self) -> bool {
        self.separator.is_some() || self.split_field.is_some() || self.output_fields.is_some()
    }
}

impl SplitRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<SplitStep> {
        let missing = |key| missing_option(NAME, key, table);
        let separator = self
            .separator
            .as_ref()
            .ok_or_else(|| missing("separator"))?;
        let field = self
            .split_field
            .as_ref()
            .ok_or_else(|| missing("split_field"))?;
        let outputs = self
            .output_fields
            .as_ref()
            .filter(|names| !names.is_empty())
            .ok_or_else(|| missing("output_fields"))?;
        let from = column_index(NAME, table, field)?;
        check_text(NAME, &table.columns()[from]).map_err(|e| e.or_at(&field.span))?;
        let regex = JavaRegex::new(&separator.value, Flags::default())
            .map_err(|e| e.or_at(&separator.span))?;
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
        Ok(SplitStep {
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            from,
            into,
            regex,
        })
    }
}

struct SplitStep {
    table: Arc<CatalogTable>,
    from: usize,
    /// Positions of the parts' columns, in the order of the parts.
    into: Vec<usize>,
    regex: JavaRegex,
}

impl TableStep for SplitStep {
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
        let mut parts = Vec::with_capacity(self.into.len());
        for row in 0..column.len() {
            parts.clear();
            let mut value = "";
            if column.is_valid(row) {
                value = column.value(row);
                self.regex.split(value, self.into.len(), &mut parts)?;
            }
            for (index, builder) in builders.iter_mut().enumerate() {
                builder.append_option(parts.get(index).map(|(start, end)| &value[*start..*end]));
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
    /// Takes a text apart.
    "Split",
    SplitOptions,
    SplitTableRule,
    SplitRule
);

/// Makes Split transforms.
pub struct SplitFactory;

#[async_trait]
impl TransformFactory for SplitFactory {
    type Options = SplitOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Splits a text column into several.",
        }
    }

    async fn create(
        &self,
        options: SplitOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, SplitRule::step)
    }
}
