//! DefineSinkType: the types that columns get in tables that a sink makes.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    CatalogTable, Error, PluginInfo, Result, Transform, TransformContext, TransformFactory,
};

use crate::codes;
use crate::columns::{Projection, column_index, missing_option, with_columns};
use crate::tables::{Rule, per_table};

const NAME: &str = "DefineSinkType";

/// The type of one column.
#[derive(Clone, Debug, Options)]
struct ColumnType {
    /// The column.
    column: Located<String>,
    /// Its type, as the sink's database spells it: `nvarchar2(10)`.
    #[option(key = "type")]
    sink_type: String,
}

/// Types of columns.
#[derive(Clone, Debug, Options)]
struct DefineSinkTypeRule {
    /// The columns and their types.
    columns: Option<Vec<ColumnType>>,
}

impl Rule for DefineSinkTypeRule {
    fn is_given(&self) -> bool {
        self.columns.is_some()
    }
}

impl DefineSinkTypeRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<Projection> {
        let Some(types) = &self.columns else {
            return Err(missing_option(NAME, "columns", table));
        };
        let mut columns = table.columns().to_vec();
        for defined in types {
            let at = column_index(NAME, table, &defined.column)?;
            if defined.sink_type.trim().is_empty() {
                return Err(Error::new(
                    codes::RULE_INVALID,
                    format!("{NAME}: the type of `{}` is empty", defined.column.value),
                )
                .at(&defined.column.span));
            }
            columns[at].sink_type = Some(defined.sink_type.trim().to_owned());
        }
        let all = (0..columns.len()).collect();
        let table = with_columns(table, columns, |name| Some(name.to_owned()));
        Ok(Projection::new(table, all))
    }
}

crate::options_with_table_rules!(
    /// Says which types columns get in a table that the sink makes.
    "DefineSinkType",
    DefineSinkTypeOptions,
    DefineSinkTypeTableRule,
    DefineSinkTypeRule
);

/// Makes DefineSinkType transforms.
pub struct DefineSinkTypeFactory;

#[async_trait]
impl TransformFactory for DefineSinkTypeFactory {
    type Options = DefineSinkTypeOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Says which types columns get in a table that the sink makes.",
        }
    }

    async fn create(
        &self,
        options: DefineSinkTypeOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, DefineSinkTypeRule::step)
    }
}
