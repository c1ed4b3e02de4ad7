//! TableMerge: the parts of a table that was split as one table.

use std::sync::Arc;

use async_trait::async_trait;
use indexmap::IndexMap;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    CatalogTable, Error, PluginInfo, Result, TablePath, Transform, TransformContext,
    TransformFactory,
};

use crate::codes;
use crate::columns::{Projection, missing_option};
use crate::tables::{Rule, TableStep, described, per_table, same_columns};

const NAME: &str = "TableMerge";

/// What the table is called.
#[derive(Clone, Debug, Options)]
struct TableMergeRule {
    /// The new database; none if not given.
    database: Option<String>,
    /// The new schema; none if not given.
    schema: Option<String>,
    /// The new name.
    table: Option<Located<String>>,
}

impl Rule for TableMergeRule {
    fn is_given(&self) -> bool {
        self.table.is_some()
    }
}

impl TableMergeRule {
    fn step(
        &self,
        table: &Arc<CatalogTable>,
        merged: &mut IndexMap<String, (TablePath, Arc<CatalogTable>)>,
    ) -> Result<Projection> {
        let Some(name) = self.table.as_ref().filter(|t| !t.value.is_empty()) else {
            return Err(missing_option(NAME, "table", table));
        };
        let path = TablePath {
            database: self.database.clone(),
            schema: self.schema.clone(),
            table: name.value.clone(),
        };
        let key = path.to_string();
        let Some((first, whole)) = merged.get(&key) else {
            let step = Projection::moved(table, path);
            let whole = TableStep::table(&step).clone();
            merged.insert(key, (table.path().clone(), whole));
            return Ok(step);
        };
        if !same_columns(whole, table) {
            return Err(Error::new(
                codes::TABLE_TWICE,
                format!(
                    "{NAME}: tables {first} and {} can't be merged, their columns differ",
                    table.path()
                ),
            )
            .with_help(format!(
                "the columns of one are {}, those of the other {}; `table_match_regex` says which tables are merged",
                described(whole),
                described(table)
            ))
            .at(&name.span));
        }
        let all = (0..table.columns().len()).collect();
        Ok(Projection::new(whole.clone(), all))
    }
}

crate::options_with_table_rules!(
    /// Makes several tables one.
    "TableMerge",
    TableMergeOptions,
    TableMergeTableRule,
    TableMergeRule
);

/// Makes TableMerge transforms.
pub struct TableMergeFactory;

#[async_trait]
impl TransformFactory for TableMergeFactory {
    type Options = TableMergeOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Makes several tables with the same columns one; keys are those of the first.",
        }
    }

    async fn create(
        &self,
        options: TableMergeOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        let mut merged = IndexMap::new();
        per_table(&options.into(), &context, |rule: &TableMergeRule, table| {
            rule.step(table, &mut merged)
        })
    }
}
