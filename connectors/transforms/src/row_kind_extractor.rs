//! RowKindExtractor: what a row does to its table, as a column.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use async_trait::async_trait;
use seatunnel_api::options::{Located, OptionEnum, Options};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, Error, PluginInfo, Result, RowKind, RowKinds, Transform,
    TransformContext, TransformFactory,
};

use crate::codes;
use crate::columns::{rebuilt, with_columns};
use crate::tables::{Rule, TableStep, per_table};

const NAME: &str = "RowKindExtractor";
const DEFAULT_COLUMN: &str = "row_kind";

/// How kinds are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
enum Style {
    /// `+I`, `-U`, `+U`, `-D`
    #[option(name = "SHORT")]
    Short,
    /// `INSERT`, `UPDATE_BEFORE`, `UPDATE_AFTER`, `DELETE`
    #[option(name = "FULL")]
    Full,
}

/// Where the kind goes.
#[derive(Clone, Debug, Options)]
struct RowKindExtractorRule {
    /// What the new column is called; `row_kind` if not given.
    custom_field_name: Option<Located<String>>,
    /// How kinds are written.
    #[option(default = Style::Short)]
    transform_type: Style,
}

impl Rule for RowKindExtractorRule {
    fn is_given(&self) -> bool {
        // The defaults are a rule.
        true
    }
}

impl RowKindExtractorRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<KindColumn> {
        let name = self
            .custom_field_name
            .as_ref()
            .map_or(DEFAULT_COLUMN, |name| name.value.as_str());
        if table.schema().index_of(name).is_some() {
            let error = Error::new(
                codes::COLUMN_TWICE,
                format!(
                    "{NAME}: table {} has a column `{name}` already",
                    table.path()
                ),
            )
            .with_help("choose another name with `custom_field_name`");
            return Err(match &self.custom_field_name {
                Some(given) => error.at(&given.span),
                None => error,
            });
        }
        let mut columns = table.columns().to_vec();
        let mut column = Column::new(name, DataType::String).not_null();
        column.length = Some(13);
        column.comment = Some("What the row did to its table".to_owned());
        columns.push(column);
        Ok(KindColumn {
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            style: self.transform_type,
        })
    }
}

struct KindColumn {
    table: Arc<CatalogTable>,
    style: Style,
}

impl TableStep for KindColumn {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        let text = match self.style {
            Style::Short => RowKind::short,
            Style::Full => RowKind::name,
        };
        let rows = batch.num_rows();
        let kinds: StringArray = (0..rows)
            .map(|row| Some(text(batch.kinds().get(row))))
            .collect();
        let mut columns: Vec<ArrayRef> = batch.records().columns().to_vec();
        columns.push(Arc::new(kinds));
        let (table, records, _) = rebuilt(&self.table, columns, &batch)?.into_parts();
        Ok(Some(Batch::new(table, records, RowKinds::default())))
    }
}

crate::options_with_table_rules!(
    /// Writes the kind of each row into a column and makes all rows inserts.
    "RowKindExtractor",
    RowKindExtractorOptions,
    RowKindExtractorTableRule,
    RowKindExtractorRule
);

/// Makes RowKindExtractor transforms.
pub struct RowKindExtractorFactory;

#[async_trait]
impl TransformFactory for RowKindExtractorFactory {
    type Options = RowKindExtractorOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Writes the kind of each row into a column and makes all rows inserts.",
        }
    }

    async fn create(
        &self,
        options: RowKindExtractorOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, RowKindExtractorRule::step)
    }
}
