//! FilterRowKind: rows by what they do to their table.

use std::sync::Arc;

use arrow_array::BooleanArray;
use async_trait::async_trait;
use seatunnel_api::options::{OptionEnum, Options};
use seatunnel_api::{
    Batch, CatalogTable, Error, PluginInfo, Result, RowKind, RowKinds, Transform, TransformContext,
    TransformFactory,
};

use crate::codes;
use crate::tables::{Rule, TableStep, per_table};

const NAME: &str = "FilterRowKind";

/// What a row does to its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
enum Kind {
    /// The row is new.
    #[option(name = "INSERT", alias = "+I")]
    Insert,
    /// The row as it was before a change.
    #[option(name = "UPDATE_BEFORE", alias = "-U")]
    UpdateBefore,
    /// The row as it is after a change.
    #[option(name = "UPDATE_AFTER", alias = "+U")]
    UpdateAfter,
    /// The row is gone.
    #[option(name = "DELETE", alias = "-D")]
    Delete,
}

impl From<Kind> for RowKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Insert => RowKind::Insert,
            Kind::UpdateBefore => RowKind::UpdateBefore,
            Kind::UpdateAfter => RowKind::UpdateAfter,
            Kind::Delete => RowKind::Delete,
        }
    }
}

/// What passes.
#[derive(Clone, Debug, Options)]
#[options(exclusive("include_kinds", "exclude_kinds"))]
struct FilterRowKindRule {
    /// The kinds of rows that pass.
    include_kinds: Option<Vec<Kind>>,
    /// The kinds of rows that don't.
    exclude_kinds: Option<Vec<Kind>>,
}

impl Rule for FilterRowKindRule {
    fn is_given(&self) -> bool {
        self.include_kinds.is_some() || self.exclude_kinds.is_some()
    }
}

impl FilterRowKindRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<KindFilter> {
        let (kinds, included) = match (&self.include_kinds, &self.exclude_kinds) {
            (Some(kinds), _) => (kinds, true),
            (None, Some(kinds)) => (kinds, false),
            (None, None) => {
                return Err(Error::new(
                    codes::RULE_INVALID,
                    format!(
                        "{NAME} needs one of the options `include_kinds` or `exclude_kinds` for table {}",
                        table.path()
                    ),
                ));
            }
        };
        let mut passes = [!included; 4];
        for kind in kinds {
            passes[RowKind::from(*kind) as usize] = included;
        }
        Ok(KindFilter {
            table: table.clone(),
            passes,
        })
    }
}

struct KindFilter {
    table: Arc<CatalogTable>,
    /// By the number of the kind.
    passes: [bool; 4],
}

impl TableStep for KindFilter {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        let bytes = match batch.kinds() {
            RowKinds::All(kind) => {
                return Ok(Some(batch.clone()).filter(|_| self.passes[*kind as usize]));
            }
            RowKinds::Each(bytes) => bytes,
        };
        let keep: Vec<bool> = bytes
            .iter()
            .map(|byte| self.passes[RowKind::from_byte(*byte) as usize])
            .collect();
        let keep = BooleanArray::from(keep);
        match keep.true_count() {
            0 => Ok(None),
            all if all == batch.num_rows() => Ok(Some(batch)),
            _ => batch.filter(&keep).map(Some),
        }
    }
}

crate::options_with_table_rules!(
    /// Lets rows pass by their kind.
    "FilterRowKind",
    FilterRowKindOptions,
    FilterRowKindTableRule,
    FilterRowKindRule
);

/// Makes FilterRowKind transforms.
pub struct FilterRowKindFactory;

#[async_trait]
impl TransformFactory for FilterRowKindFactory {
    type Options = FilterRowKindOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Lets rows pass by their kind: inserts, updates, deletes.",
        }
    }

    async fn create(
        &self,
        options: FilterRowKindOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, FilterRowKindRule::step)
    }
}
