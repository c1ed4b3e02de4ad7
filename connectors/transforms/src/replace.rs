//! Replace: parts of a text by others.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef};
use async_trait::async_trait;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, Error, PluginInfo, Result, Transform, TransformContext,
    TransformFactory,
};

use crate::codes;
use crate::columns::{as_text, check_text, column_index, put_column, rebuilt, text, with_columns};
use crate::java_regex::{Flags, Groups, JavaRegex, Replacement};
use crate::tables::{Rule, TableStep, per_table};

const NAME: &str = "Replace";

/// What is replaced.
#[derive(Clone, Debug, Options)]
struct ReplaceRule {
    /// The column. One that isn't text becomes text.
    replace_field: Option<Located<String>>,
    /// What is looked for: the text itself, or a Java regular expression with `is_regex`.
    pattern: Option<Located<String>>,
    /// What it is replaced by; with `is_regex`, `$1` stands for a group.
    replacement: Option<Located<String>>,
    /// Whether `pattern` is a regular expression.
    #[option(default = false)]
    is_regex: bool,
    /// Whether only the first match is replaced; counts with `is_regex`.
    #[option(default = false)]
    replace_first: bool,
}

impl Rule for ReplaceRule {
    fn is_given(&self) -> bool {
        self.replace_field.is_some() || self.pattern.is_some() || self.replacement.is_some()
    }
}

impl ReplaceRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<ReplaceStep> {
        let missing = |key: &str| {
            Error::new(
                codes::RULE_INVALID,
                format!("{NAME} needs the option `{key}` for table {}", table.path()),
            )
        };
        let field = self
            .replace_field
            .as_ref()
            .ok_or_else(|| missing("replace_field"))?;
        let pattern = self.pattern.as_ref().ok_or_else(|| missing("pattern"))?;
        let replacement = self
            .replacement
            .as_ref()
            .ok_or_else(|| missing("replacement"))?;
        let at = column_index(NAME, table, field)?;
        check_text(NAME, &table.columns()[at]).map_err(|e| e.or_at(&field.span))?;
        let how = if self.is_regex {
            let regex = JavaRegex::new(&pattern.value, Flags::default())
                .map_err(|e| e.or_at(&pattern.span))?;
            let replacement = regex
                .replacement(&replacement.value)
                .map_err(|e| e.or_at(&replacement.span))?;
            How::Regex {
                regex,
                replacement,
                first_only: self.replace_first,
            }
        } else {
            How::Text {
                pattern: pattern.value.clone(),
                replacement: replacement.value.clone(),
            }
        };
        let mut columns = table.columns().to_vec();
        let mut column = Column::new(field.value.clone(), DataType::String);
        column.nullable = columns[at].nullable;
        put_column(&mut columns, column);
        Ok(ReplaceStep {
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            at,
            how,
        })
    }
}

enum How {
    Text {
        pattern: String,
        replacement: String,
    },
    Regex {
        regex: JavaRegex,
        replacement: Replacement,
        first_only: bool,
    },
}

struct ReplaceStep {
    table: Arc<CatalogTable>,
    at: usize,
    how: How,
}

impl ReplaceStep {
    fn replaced(&self, column: &ArrayRef) -> Result<ArrayRef> {
        let column = as_text(column)?;
        let column = text(&column);
        let mut out = StringBuilder::with_capacity(column.len(), column.value_data().len());
        let mut value = String::new();
        let mut groups = Groups::default();
        for row in 0..column.len() {
            if column.is_null(row) {
                out.append_null();
                continue;
            }
            value.clear();
            let before = column.value(row);
            match &self.how {
                How::Text {
                    pattern,
                    replacement,
                } => {
                    let mut copied = 0;
                    for (start, found) in before.match_indices(pattern.as_str()) {
                        value.push_str(&before[copied..start]);
                        value.push_str(replacement);
                        copied = start + found.len();
                    }
                    value.push_str(&before[copied..]);
                }
                How::Regex {
                    regex,
                    replacement,
                    first_only,
                } => regex.replace(before, replacement, *first_only, &mut groups, &mut value)?,
            }
            out.append_value(&value);
        }
        Ok(Arc::new(out.finish()))
    }
}

impl TableStep for ReplaceStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        let mut columns = batch.records().columns().to_vec();
        columns[self.at] = self.replaced(&columns[self.at])?;
        rebuilt(&self.table, columns, &batch).map(Some)
    }
}

crate::options_with_table_rules!(
    /// Replaces parts of texts.
    "Replace",
    ReplaceOptions,
    ReplaceTableRule,
    ReplaceRule
);

/// Makes Replace transforms.
pub struct ReplaceFactory;

#[async_trait]
impl TransformFactory for ReplaceFactory {
    type Options = ReplaceOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Replaces text in a column, literally or by a regular expression.",
        }
    }

    async fn create(
        &self,
        options: ReplaceOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, ReplaceRule::step)
    }
}
