//! Copy: columns under further names.

use std::sync::Arc;

use async_trait::async_trait;
use indexmap::IndexMap;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    CatalogTable, PluginInfo, Result, Transform, TransformContext, TransformFactory,
};

use crate::columns::{Projection, column_index, missing_option, put_column, with_columns};
use crate::tables::{Rule, per_table};

const NAME: &str = "Copy";

/// What is copied.
#[derive(Clone, Debug, Options)]
#[options(together("src_field", "dest_field"))]
#[options(exclusive("fields", "src_field"))]
struct CopyRule {
    /// New columns and the columns they are copies of: `{ name_copy = name }`. A column that exists
    /// is overwritten.
    fields: Option<IndexMap<String, Located<String>>>,
    /// The one column to copy; `fields` copies several.
    src_field: Option<Located<String>>,
    /// What the copy of `src_field` is called.
    dest_field: Option<String>,
}

impl Rule for CopyRule {
    fn is_given(&self) -> bool {
        self.fields.is_some() || self.src_field.is_some()
    }
}

impl CopyRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<Projection> {
        let pairs: Vec<(&String, &Located<String>)> =
            match (&self.fields, &self.dest_field, &self.src_field) {
                (Some(fields), ..) => fields.iter().collect(),
                (None, Some(to), Some(from)) => vec![(to, from)],
                _ => {
                    return Err(missing_option(NAME, "fields", table));
                }
            };
        let mut columns = table.columns().to_vec();
        let mut sources: Vec<usize> = (0..columns.len()).collect();
        for (to, from) in pairs {
            let source = column_index(NAME, table, from)?;
            let mut column = table.columns()[source].clone();
            column.name = to.clone();
            let at = put_column(&mut columns, column);
            if at == sources.len() {
                sources.push(source);
            } else {
                sources[at] = source;
            }
        }
        let table = with_columns(table, columns, |name| Some(name.to_owned()));
        Ok(Projection::new(table, sources))
    }
}

crate::options_with_table_rules!(
    /// Copies columns.
    "Copy",
    CopyOptions,
    CopyTableRule,
    CopyRule
);

/// Makes [`Copy`](self) transforms.
pub struct CopyFactory;

#[async_trait]
impl TransformFactory for CopyFactory {
    type Options = CopyOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Copies columns to new ones.",
        }
    }

    async fn create(
        &self,
        options: CopyOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, CopyRule::step)
    }
}
