//! TableRename: tables under names that are made by rules.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::options::Options;
use seatunnel_api::{
    CatalogTable, Error, PluginInfo, Result, TablePath, Transform, TransformContext,
    TransformFactory,
};

use crate::codes;
use crate::columns::Projection;
use crate::renaming::RenamingOptions;
use crate::tables::{Rule, per_table};

const NAME: &str = "TableRename";

/// How tables are renamed.
#[derive(Clone, Debug, Options)]
struct TableRenameRule {
    #[option(flatten)]
    renaming: RenamingOptions,
}

impl Rule for TableRenameRule {
    fn is_given(&self) -> bool {
        self.renaming.is_given()
    }
}

impl TableRenameRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<Projection> {
        if !self.is_given() {
            return Err(Error::new(
                codes::RULE_INVALID,
                format!(
                    "{NAME} needs one of the options `convert_case`, `prefix`, `suffix` or `replacements_with_regex` for table {}",
                    table.path()
                ),
            ));
        }
        let case = |part: &Option<String>| {
            let part = part.as_deref();
            part.map(|text| match self.renaming.convert_case {
                Some(case) => case.apply(text),
                None => text.to_owned(),
            })
        };
        let old = table.path();
        let path = TablePath {
            database: case(&old.database),
            schema: case(&old.schema),
            table: self.renaming.compile()?.rename(&old.table)?,
        };
        if path.table.is_empty() {
            return Err(Error::new(
                codes::RULE_INVALID,
                format!("{NAME}: table {old} would have no name"),
            ));
        }
        Ok(Projection::moved(table, path))
    }
}

crate::options_with_table_rules!(
    /// Renames tables by rules. Database and schema are changed by `convert_case` alone.
    "TableRename",
    TableRenameOptions,
    TableRenameTableRule,
    TableRenameRule
);

/// Makes TableRename transforms.
pub struct TableRenameFactory;

#[async_trait]
impl TransformFactory for TableRenameFactory {
    type Options = TableRenameOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Renames tables: case, prefix, suffix, patterns.",
        }
    }

    async fn create(
        &self,
        options: TableRenameOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, TableRenameRule::step)
    }
}
