//! Replace: parts of a text by others.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use async_trait::async_trait;
use memchr::memmem::Finder;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, Error, PluginInfo, Result, Transform, TransformContext,
    TransformFactory, codes as api_codes,
};

use crate::columns::{
    as_text, check_text, column_index, missing_option, put_column, rebuilt, text, with_columns,
};
use crate::java_regex::{Flags, Groups, JavaRegex, Replacement};
use crate::replace_bytes::Bytes;
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
        let missing = |key| missing_option(NAME, key, table);
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
        let plain_byte = match pattern.value.as_bytes() {
            [byte] if !self.is_regex => Some(Bytes::new([*byte])),
            _ => None,
        };
        let how = if let Some(bytes) = plain_byte {
            How::Bytes {
                bytes,
                replacement: replacement.value.clone(),
            }
        } else if self.is_regex {
            let regex = JavaRegex::new(&pattern.value, Flags::default())
                .map_err(|e| e.or_at(&pattern.span))?;
            let replacement = regex
                .replacement(&replacement.value)
                .map_err(|e| e.or_at(&replacement.span))?;
            match (regex.single_bytes(), replacement.plain()) {
                (Some(bytes), Some(plain)) if !self.replace_first => How::Bytes {
                    bytes: Bytes::new(bytes),
                    replacement: plain.to_owned(),
                },
                _ => How::Regex {
                    regex,
                    replacement,
                    first_only: self.replace_first,
                },
            }
        } else {
            How::Text {
                finder: Finder::new(&pattern.value).into_owned(),
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
    Bytes {
        bytes: Bytes,
        replacement: String,
    },
    Text {
        finder: Finder<'static>,
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
        let changed = match &self.how {
            How::Bytes { bytes, replacement } => {
                return bytes.replaced(&column, replacement.as_bytes());
            }
            How::Text {
                finder,
                replacement,
            } if !finder.needle().is_empty() => {
                return replace_text(&column, finder, replacement.as_bytes());
            }
            How::Text { replacement, .. } => each_value(text(&column), |value, out| {
                // Nothing stands before each character, and at the end.
                for c in value.chars() {
                    out.push_str(replacement);
                    out.push(c);
                }
                out.push_str(replacement);
                Ok(())
            }),
            How::Regex {
                regex,
                replacement,
                first_only,
            } => {
                let mut groups = Groups::default();
                each_value(text(&column), |value, out| {
                    regex.replace(value, replacement, *first_only, &mut groups, out)
                })
            }
        };
        Ok(Arc::new(changed?))
    }
}

/// The column with each value replaced by what `change` appends to one text of all values.
fn each_value(
    column: &StringArray,
    mut change: impl FnMut(&str, &mut String) -> Result<()>,
) -> Result<StringArray> {
    let mut out = String::with_capacity(column.value_data().len());
    let mut offsets = Vec::with_capacity(column.len() + 1);
    offsets.push(0);
    for row in 0..column.len() {
        if column.is_valid(row) {
            change(column.value(row), &mut out)?;
        }
        offsets.push(out.len());
    }
    strings(out.into_bytes(), &offsets, column)
}

/// Looks through all values at once; what lies between two places that are replaced is copied as a
/// whole. A column in which nothing is found stays as it is.
fn replace_text(column: &ArrayRef, finder: &Finder<'_>, replacement: &[u8]) -> Result<ArrayRef> {
    let strings_in = text(column);
    let offsets = strings_in.value_offsets();
    let bounds = |row: usize| offsets[row] as usize;
    let (start, end) = (bounds(0), bounds(column.len()));
    let data = &strings_in.value_data()[..end];
    let mut out = Vec::new();
    let mut ends = Vec::with_capacity(column.len() + 1);
    ends.push(0);
    // Bytes that values before have become longer, as a number that wraps where they became shorter.
    let mut longer = 0_usize;
    let (mut row, mut copied, mut from) = (0, start, start);
    loop {
        let found = finder.find(&data[from..]).map(|at| from + at);
        let reached = found.unwrap_or(end);
        while row < column.len() && bounds(row + 1) <= reached {
            ends.push((bounds(row + 1) - start).wrapping_add(longer));
            row += 1;
        }
        let Some(at) = found else { break };
        let behind = at + finder.needle().len();
        if row < column.len() && behind <= bounds(row + 1) {
            out.extend_from_slice(&data[copied..at]);
            out.extend_from_slice(replacement);
            longer = longer
                .wrapping_add(replacement.len())
                .wrapping_sub(finder.needle().len());
            (copied, from) = (behind, behind);
        } else {
            // The end of one value and the start of the next.
            from = at + 1;
        }
    }
    if copied == start {
        return Ok(column.clone());
    }
    out.extend_from_slice(&data[copied..]);
    Ok(Arc::new(strings(out, &ends, strings_in)?))
}

/// Values that end at these places, null where `of` is.
pub(crate) fn strings(bytes: Vec<u8>, ends: &[usize], of: &StringArray) -> Result<StringArray> {
    if i32::try_from(bytes.len()).is_err() {
        let message = format!("{NAME}: the values of a batch become larger than 2 GiB");
        return Err(Error::new(api_codes::VALUE_INVALID, message));
    }
    let ends: Vec<i32> = ends.iter().map(|end| *end as i32).collect();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
    Ok(StringArray::try_new(
        offsets,
        Buffer::from_vec(bytes),
        of.nulls().cloned(),
    )?)
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
