//! FieldRename: columns under names that are made by rules.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    CatalogTable, Error, PluginInfo, Result, Transform, TransformContext, TransformFactory,
};

use crate::codes;
use crate::columns::{Projection, refuse_twins, with_columns};
use crate::renaming::RenamingOptions;
use crate::tables::{Rule, per_table};

const NAME: &str = "FieldRename";

/// The new name of one column.
#[derive(Clone, Debug, Options)]
struct SpecificOptions {
    /// The column. One that a table doesn't have is left out for that table.
    field_name: Located<String>,
    /// Its new name, to which no other rule is applied.
    target_name: String,
}

/// How columns are renamed.
#[derive(Clone, Debug, Options)]
struct FieldRenameRule {
    #[option(flatten)]
    renaming: RenamingOptions,
    /// Columns that get a name of their own instead.
    #[option(default = Vec::new())]
    specific: Vec<SpecificOptions>,
}

impl Rule for FieldRenameRule {
    fn is_given(&self) -> bool {
        self.renaming.is_given() || !self.specific.is_empty()
    }
}

impl FieldRenameRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<Projection> {
        if !self.is_given() {
            return Err(Error::new(
                codes::RULE_INVALID,
                format!(
                    "{NAME} needs one of the options `convert_case`, `prefix`, `suffix`, `replacements_with_regex` or `specific` for table {}",
                    table.path()
                ),
            ));
        }
        let renaming = self.renaming.compile()?;
        let mut columns = table.columns().to_vec();
        for column in &mut columns {
            let own = self
                .specific
                .iter()
                .find(|s| s.field_name.value == column.name);
            column.name = match own {
                Some(specific) => specific.target_name.clone(),
                None => renaming.rename(&column.name)?,
            };
            if column.name.is_empty() {
                return Err(Error::new(
                    codes::RULE_INVALID,
                    format!(
                        "{NAME}: a column of table {} would have no name",
                        table.path()
                    ),
                ));
            }
        }
        refuse_twins(NAME, table, &columns)?;
        for specific in &self.specific {
            if table
                .schema()
                .index_of(&specific.field_name.value)
                .is_none()
            {
                tracing::warn!(
                    "{NAME}: `specific` names the column `{}`, which table {} doesn't have",
                    specific.field_name.value,
                    table.path()
                );
            }
        }
        let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
        let sources = (0..columns.len()).collect();
        let new = with_columns(table, columns, |old| {
            let at = table.schema().index_of(old)?;
            Some(names[at].clone())
        });
        Ok(Projection::new(new, sources))
    }
}

crate::options_with_table_rules!(
    /// Renames columns by rules.
    "FieldRename",
    FieldRenameOptions,
    FieldRenameTableRule,
    FieldRenameRule
);

/// Makes FieldRename transforms.
pub struct FieldRenameFactory;

#[async_trait]
impl TransformFactory for FieldRenameFactory {
    type Options = FieldRenameOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Renames columns: case, prefix, suffix, patterns. Keys follow.",
        }
    }

    async fn create(
        &self,
        options: FieldRenameOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, FieldRenameRule::step)
    }
}
