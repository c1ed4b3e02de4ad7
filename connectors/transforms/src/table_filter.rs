//! TableFilter: some of the tables.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::options::{Located, OptionEnum, Options};
use seatunnel_api::{
    CatalogTable, Error, PluginInfo, Result, Transform, TransformContext, TransformFactory,
};

use crate::codes;
use crate::columns::Projection;
use crate::java_regex::JavaRegex;
use crate::tables::{Rule, Rules, TablePlan, of_plans, plans};

const NAME: &str = "TableFilter";

/// What becomes of the tables that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
enum PatternMode {
    /// They pass, the others don't.
    Include,
    /// They don't pass, the others do.
    Exclude,
}

/// Which tables pass.
#[derive(Clone, Debug, Options)]
struct TableFilterRule {
    /// The database has to match this Java regular expression as a whole.
    database_pattern: Option<Located<String>>,
    /// The schema has to match this Java regular expression as a whole.
    schema_pattern: Option<Located<String>>,
    /// The table's own name has to match this Java regular expression as a whole.
    table_pattern: Option<Located<String>>,
    /// What becomes of the tables that match all patterns.
    #[option(default = PatternMode::Include)]
    pattern_mode: PatternMode,
}

impl Rule for TableFilterRule {
    fn is_given(&self) -> bool {
        self.database_pattern.is_some()
            || self.schema_pattern.is_some()
            || self.table_pattern.is_some()
    }
}

impl TableFilterRule {
    fn passes(&self, table: &CatalogTable) -> Result<bool> {
        let path = table.path();
        let parts = [
            (&self.database_pattern, path.database.as_deref()),
            (&self.schema_pattern, path.schema.as_deref()),
            (&self.table_pattern, Some(path.table.as_str())),
        ];
        let mut matched = true;
        for (pattern, part) in parts {
            if let Some(pattern) = pattern {
                let regex = JavaRegex::whole(&pattern.value).map_err(|e| e.or_at(&pattern.span))?;
                // A part that the table doesn't have matches no pattern.
                matched &= match part {
                    Some(part) => regex.is_match(part)?,
                    None => false,
                };
            }
        }
        Ok(matched == (self.pattern_mode == PatternMode::Include))
    }
}

crate::options_with_table_rules!(
    /// Lets tables pass by their names.
    "TableFilter",
    TableFilterOptions,
    TableFilterTableRule,
    TableFilterRule
);

/// Makes TableFilter transforms.
pub struct TableFilterFactory;

#[async_trait]
impl TransformFactory for TableFilterFactory {
    type Options = TableFilterOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Lets tables pass by patterns of their names.",
        }
    }

    async fn create(
        &self,
        options: TableFilterOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        let rules: Rules<TableFilterRule> = options.into();
        let mut kept: Vec<TablePlan<Projection>> = Vec::new();
        for (mut plan, chosen) in plans(&rules, &context)? {
            for rule in chosen {
                if !rule.passes(plan.output())? {
                    plan.drop_table();
                }
            }
            kept.push(plan);
        }
        if kept.iter().all(TablePlan::is_dropped) {
            let tables = context.tables.iter();
            let names: Vec<String> = tables.map(|t| t.path().to_string()).collect();
            return Err(
                Error::new(codes::RULE_INVALID, format!("{NAME} lets no table pass")).with_help(
                    format!(
                        "those that come in are: {}; patterns have to match a name as a whole",
                        names.join(", ")
                    ),
                ),
            );
        }
        of_plans(NAME, kept)
    }
}
