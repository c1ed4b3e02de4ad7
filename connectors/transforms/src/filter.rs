//! Filter: some columns, or all but some.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    CatalogTable, Error, PluginInfo, Result, Transform, TransformContext, TransformFactory,
};

use crate::codes;
use crate::columns::{Projection, column_index, refuse_twins, with_columns};
use crate::tables::{Rule, per_table};

const NAME: &str = "Filter";

/// What is kept.
#[derive(Clone, Debug, Options)]
#[options(exclusive("include_fields", "exclude_fields"))]
struct FilterRule {
    /// The columns to keep, in the order of the result.
    #[option(fallback("fields"))]
    include_fields: Option<Vec<Located<String>>>,
    /// The columns to leave out.
    exclude_fields: Option<Vec<Located<String>>>,
}

impl Rule for FilterRule {
    fn is_given(&self) -> bool {
        self.include_fields.is_some() || self.exclude_fields.is_some()
    }
}

impl FilterRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<Projection> {
        let positions = |names: &[Located<String>]| -> Result<Vec<usize>> {
            names
                .iter()
                .map(|name| column_index(NAME, table, name))
                .collect()
        };
        let sources = match (&self.include_fields, &self.exclude_fields) {
            (Some(names), _) => positions(names)?,
            (None, Some(names)) => {
                let gone = positions(names)?;
                (0..table.columns().len())
                    .filter(|at| !gone.contains(at))
                    .collect()
            }
            (None, None) => {
                return Err(Error::new(
                    codes::RULE_INVALID,
                    format!(
                        "{NAME} needs one of the options `include_fields` or `exclude_fields` for table {}",
                        table.path()
                    ),
                ));
            }
        };
        if sources.is_empty() {
            return Err(Error::new(
                codes::RULE_INVALID,
                format!("{NAME} would leave no column of table {}", table.path()),
            ));
        }
        let columns: Vec<_> = sources
            .iter()
            .map(|at| table.columns()[*at].clone())
            .collect();
        refuse_twins(NAME, table, &columns)?;
        let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
        let table = with_columns(table, columns, |name| {
            names.iter().find(|kept| *kept == name).cloned()
        });
        Ok(Projection::new(table, sources))
    }
}

crate::options_with_table_rules!(
    /// Keeps or leaves out columns.
    "Filter",
    FilterOptions,
    FilterTableRule,
    FilterRule
);

/// Makes Filter transforms.
pub struct FilterFactory;

#[async_trait]
impl TransformFactory for FilterFactory {
    type Options = FilterOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Keeps some columns or leaves some out.",
        }
    }

    async fn create(
        &self,
        options: FilterOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, FilterRule::step)
    }
}
