//! FieldMapper: the columns that are named, in that order, under new names.

use std::sync::Arc;

use async_trait::async_trait;
use indexmap::IndexMap;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    CatalogTable, PluginInfo, Result, Transform, TransformContext, TransformFactory,
};

use crate::columns::{Projection, column_index, missing_option, refuse_twins, with_columns};
use crate::tables::{Rule, per_table};

const NAME: &str = "FieldMapper";

/// What is mapped.
#[derive(Clone, Debug, Options)]
struct FieldMapperRule {
    /// Columns of the input and what they are called in the result: `{ id = id, name = new_name }`.
    /// The result has these columns alone, in this order.
    field_mapper: Option<IndexMap<String, Located<String>>>,
}

impl Rule for FieldMapperRule {
    fn is_given(&self) -> bool {
        self.field_mapper.is_some()
    }
}

impl FieldMapperRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<Projection> {
        let Some(mapper) = &self.field_mapper else {
            return Err(missing_option(NAME, "field_mapper", table));
        };
        let mut columns = Vec::with_capacity(mapper.len());
        let mut sources = Vec::with_capacity(mapper.len());
        for (from, to) in mapper {
            let from = Located {
                value: from.clone(),
                span: to.span.clone(),
            };
            let source = column_index(NAME, table, &from)?;
            let mut column = table.columns()[source].clone();
            column.name = to.value.clone();
            columns.push(column);
            sources.push(source);
        }
        refuse_twins(NAME, table, &columns)?;
        let table = with_columns(table, columns, |name| {
            mapper.get(name).map(|to| to.value.clone())
        });
        Ok(Projection::new(table, sources))
    }
}

crate::options_with_table_rules!(
    /// Chooses, orders and renames columns.
    "FieldMapper",
    FieldMapperOptions,
    FieldMapperTableRule,
    FieldMapperRule
);

/// Makes FieldMapper transforms.
pub struct FieldMapperFactory;

#[async_trait]
impl TransformFactory for FieldMapperFactory {
    type Options = FieldMapperOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Chooses, orders and renames columns.",
        }
    }

    async fn create(
        &self,
        options: FieldMapperOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, FieldMapperRule::step)
    }
}
