//! Jobs with many tables: which of a transform's rules holds for which table.
//!
//! SeaTunnel's docs, "Multi-Table Transform": an entry of `table_transform` with the table's path
//! comes first, then the transform's own options for tables that `table_match_regex` matches; any
//! other table passes unchanged.
//!
//! [`per_table`] is all that most transforms need, with a [`TableStep`]. One that asks a server to make
//! its steps takes [`plans`] and hands them to [`of_plans`].

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::options::{Located, OptionEnum, Options};
use seatunnel_api::{
    Batch, CatalogTable, Error, Result, Transform, TransformContext, codes as api_codes,
};

use crate::codes;
use crate::java_regex::JavaRegex;

/// What a transform does to the rows of one table.
pub trait TableStep: Send + Sync + 'static {
    /// The table that comes out.
    fn table(&self) -> &Arc<CatalogTable>;

    /// Changes a batch; none if no row is left.
    ///
    /// # Errors
    /// If a row can't be changed as asked.
    fn apply(&self, batch: Batch) -> Result<Option<Batch>>;
}

/// A [`TableStep`] in full: several batches, rows of further tables, waiting for others such as a
/// server. Dropping its future cancels it.
#[async_trait]
pub trait Stage: Send + Sync + 'static {
    /// The table that comes out.
    fn table(&self) -> &Arc<CatalogTable>;

    /// Further tables, whose rows go beside.
    fn tables_beside(&self) -> Vec<Arc<CatalogTable>> {
        Vec::new()
    }

    /// Changes a batch.
    ///
    /// # Errors
    /// If a row can't be changed as asked.
    async fn apply(&self, batch: Batch, out: &mut StageOutput) -> Result<()>;
}

/// What a [`Stage`] makes of a batch.
#[derive(Default)]
pub struct StageOutput {
    /// Rows of [`Stage::table`].
    pub rows: Vec<Batch>,
    /// Rows of [`Stage::tables_beside`].
    pub beside: Vec<Batch>,
}

#[async_trait]
impl<S: TableStep> Stage for S {
    fn table(&self) -> &Arc<CatalogTable> {
        TableStep::table(self)
    }

    async fn apply(&self, batch: Batch, out: &mut StageOutput) -> Result<()> {
        out.rows.extend(TableStep::apply(self, batch)?);
        Ok(())
    }
}

/// What to do with several entries of `table_transform` for one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum RuleMatchMode {
    /// The first entry counts.
    #[option(name = "FIRST_MATCH")]
    FirstMatch,
    /// All entries count, each works on what the one before made.
    #[option(name = "ALL_MATCH")]
    AllMatch,
}

/// Which tables a transform's own options hold for.
#[derive(Clone, Debug, Options)]
pub struct TableMatchOptions {
    /// The tables that are changed: a Java regular expression over the whole path
    /// (`database.schema.table`). Others pass unchanged.
    #[option(since = "2.3.9")]
    pub table_match_regex: Option<Located<String>>,
    /// What several entries of `table_transform` for one table mean; without it they are an error.
    #[option(since = "3.0.0")]
    pub rule_match_mode: Option<RuleMatchMode>,
}

/// The options of a transform that make up one rule.
pub trait Rule {
    /// Whether any of them is given.
    fn is_given(&self) -> bool;
}

/// All options of a transform, as its rules see them.
pub struct Rules<R> {
    /// What messages call the transform.
    pub plugin: &'static str,
    /// Which tables `rule` holds for.
    pub tables: TableMatchOptions,
    /// The transform's own options.
    pub rule: R,
    /// Table paths and rules of their own.
    pub entries: Vec<(Located<String>, R)>,
}

/// Declares the options of a transform whose rules may differ by table: `$options`, with the fields
/// of the rule, those of [`TableMatchOptions`] and `table_transform`.
#[macro_export]
macro_rules! options_with_table_rules {
    ($(#[doc = $doc:literal])* $plugin:literal, $options:ident, $entry:ident, $rule:ty) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, seatunnel_api::options::Options)]
        pub struct $options {
            #[option(flatten)]
            rule: $rule,
            #[option(flatten)]
            tables: $crate::tables::TableMatchOptions,
            /// Rules of single tables, with the same options; they come before those outside.
            #[option(default = Vec::new(), since = "2.3.9")]
            table_transform: Vec<$entry>,
        }

        /// The rule of one table.
        #[derive(Clone, Debug, seatunnel_api::options::Options)]
        struct $entry {
            /// The table: `database.schema.table` or as many of these as it has.
            table_path: seatunnel_api::options::Located<String>,
            #[option(flatten)]
            rule: $rule,
        }

        impl From<$options> for $crate::tables::Rules<$rule> {
            fn from(options: $options) -> Self {
                Self {
                    plugin: $plugin,
                    tables: options.tables,
                    rule: options.rule,
                    entries: options
                        .table_transform
                        .into_iter()
                        .map(|entry| (entry.table_path, entry.rule))
                        .collect(),
                }
            }
        }
    };
}

/// Makes a transform from its rules; `make` turns a rule into what it does to a table.
///
/// # Errors
/// If `make` fails for a table, or the rules contradict each other.
pub fn per_table<R: Rule, S: Stage>(
    rules: &Rules<R>,
    context: &TransformContext,
    mut make: impl FnMut(&R, &Arc<CatalogTable>) -> Result<S>,
) -> Result<Arc<dyn Transform>> {
    let mut made = Vec::with_capacity(context.tables.len());
    for (mut plan, chosen) in plans(rules, context)? {
        for rule in chosen {
            let step = make(rule, plan.output())?;
            plan.push(step);
        }
        made.push(plan);
    }
    of_plans(rules.plugin, made)
}

/// A plan without steps for each table that comes in, and the rules that hold for it, in their order.
///
/// # Errors
/// If the rules contradict each other.
pub fn plans<'r, R: Rule, S: Stage>(
    rules: &'r Rules<R>,
    context: &TransformContext,
) -> Result<Vec<(TablePlan<S>, Vec<&'r R>)>> {
    let matcher = match &rules.tables.table_match_regex {
        Some(pattern) => {
            Some(JavaRegex::whole(&pattern.value).map_err(|e| e.or_at(&pattern.span))?)
        }
        None => None,
    };
    rules.warn_of_entries_without_table(&context.tables);
    let tables = context.tables.iter();
    tables
        .map(|table| {
            let chosen = rules.chosen(&table.path().to_string(), matcher.as_ref())?;
            Ok((TablePlan::new(table.clone()), chosen))
        })
        .collect()
}

/// Makes a transform from what happens to each table that comes in.
///
/// # Errors
/// If two tables of one path but with other columns would come out.
pub fn of_plans<S: Stage>(
    plugin: &'static str,
    plans: Vec<TablePlan<S>>,
) -> Result<Arc<dyn Transform>> {
    let tables = outputs(plugin, &plans)?;
    Ok(Arc::new(PerTable {
        plugin,
        plans,
        tables,
    }))
}

/// The tables that come out: those of one path that a step has made are one table.
fn outputs<S: Stage>(plugin: &str, plans: &[TablePlan<S>]) -> Result<Vec<Arc<CatalogTable>>> {
    let mut tables: Vec<Arc<CatalogTable>> = Vec::with_capacity(plans.len());
    let mut made: HashMap<String, (Arc<CatalogTable>, &CatalogTable)> = HashMap::new();
    for plan in plans {
        let main = plan.output().clone();
        let is_new = main.path() != plan.input.path();
        let beside = plan.steps.iter().flat_map(S::tables_beside);
        let main = std::iter::once((main, is_new)).filter(|_| !plan.dropped);
        for (table, is_new) in main.chain(beside.map(|table| (table, true))) {
            let path = table.path().to_string();
            match made.get(&path) {
                Some((other, input)) if is_new => {
                    if !same_columns(other, &table) {
                        return Err(Error::new(
                            codes::TABLE_TWICE,
                            format!(
                                "{plugin}: two tables {path} with different columns would come out, of {} and of {}",
                                input.path(),
                                plan.input.path()
                            ),
                        )
                        .with_help(format!(
                            "the columns of one are {}, those of the other {}",
                            described(other),
                            described(&table)
                        )));
                    }
                }
                _ => {
                    tables.push(table.clone());
                    made.insert(path, (table, &plan.input));
                }
            }
        }
    }
    Ok(tables)
}

/// Whether rows of one table are rows of the other.
pub fn same_columns(one: &CatalogTable, other: &CatalogTable) -> bool {
    let shape = |table: &CatalogTable| -> Vec<_> {
        let columns = table.columns().iter();
        columns
            .map(|c| (c.name.clone(), c.data_type.clone()))
            .collect()
    };
    shape(one) == shape(other)
}

/// The columns of a table and their types, for messages.
pub fn described(table: &CatalogTable) -> String {
    let columns = table.columns().iter();
    let columns: Vec<String> = columns
        .map(|c| format!("{} {}", c.name, c.data_type))
        .collect();
    columns.join(", ")
}

impl<R: Rule> Rules<R> {
    /// The rules that hold for a table, in their order; none if it passes unchanged.
    fn chosen(&self, path: &str, matcher: Option<&JavaRegex>) -> Result<Vec<&R>> {
        let mut own = self.entries.iter().filter(|(of, _)| of.value == path);
        if let Some((_, first)) = own.next() {
            let others: Vec<&(Located<String>, R)> = own.collect();
            return match (self.tables.rule_match_mode, others.first()) {
                (_, None) | (Some(RuleMatchMode::FirstMatch), _) => Ok(vec![first]),
                (Some(RuleMatchMode::AllMatch), _) => Ok(std::iter::once(first)
                    .chain(others.into_iter().map(|(_, rule)| rule))
                    .collect()),
                (None, Some((again, _))) => Err(Error::new(
                    codes::RULE_INVALID,
                    format!("{}: table {path} has two rules", self.plugin),
                )
                .with_help("say with `rule_match_mode` what that means: FIRST_MATCH or ALL_MATCH")
                .at(&again.span)),
            };
        }
        let matched = match matcher {
            Some(matcher) => matcher.is_match(path)?,
            // Rules for single tables alone leave the other tables as they are.
            None => self.entries.is_empty() || self.rule.is_given(),
        };
        Ok(if matched {
            vec![&self.rule]
        } else {
            Vec::new()
        })
    }

    fn warn_of_entries_without_table(&self, tables: &[Arc<CatalogTable>]) {
        for (path, _) in &self.entries {
            if !tables.iter().any(|t| t.path().to_string() == path.value) {
                let known: Vec<String> = tables.iter().map(|t| t.path().to_string()).collect();
                tracing::warn!(
                    "{}: `table_transform` has a rule for table {}, which doesn't come in; the tables are: {}",
                    self.plugin,
                    path.value,
                    known.join(", ")
                );
            }
        }
    }
}

/// What happens to the rows of one table that comes in.
pub struct TablePlan<S> {
    input: Arc<CatalogTable>,
    steps: Vec<S>,
    dropped: bool,
}

impl<S: Stage> TablePlan<S> {
    /// Nothing yet.
    pub fn new(input: Arc<CatalogTable>) -> Self {
        Self {
            input,
            steps: Vec::new(),
            dropped: false,
        }
    }

    /// The table that comes out.
    pub fn output(&self) -> &Arc<CatalogTable> {
        self.steps.last().map_or(&self.input, Stage::table)
    }

    /// Adds a step, behind those that are there.
    pub fn push(&mut self, step: S) {
        self.steps.push(step);
    }

    /// Leaves the table and its rows out.
    pub fn drop_table(&mut self) {
        self.dropped = true;
    }

    /// Whether the table is left out.
    pub fn is_dropped(&self) -> bool {
        self.dropped
    }
}

struct PerTable<S> {
    plugin: &'static str,
    plans: Vec<TablePlan<S>>,
    tables: Vec<Arc<CatalogTable>>,
}

impl<S: Stage> PerTable<S> {
    fn plan(&self, table: &Arc<CatalogTable>) -> Result<&TablePlan<S>> {
        self.plans
            .iter()
            .find(|plan| Arc::ptr_eq(&plan.input, table))
            .or_else(|| {
                // A source may announce a table and make an equal one again for its batches.
                self.plans
                    .iter()
                    .find(|plan| plan.input.path() == table.path())
                    .filter(|plan| plan.input.schema() == table.schema())
            })
            .ok_or_else(|| {
                Error::new(
                    api_codes::INTERNAL,
                    format!(
                        "{}: rows of table {} come in, which was not announced like this",
                        self.plugin,
                        table.path()
                    ),
                )
            })
    }
}

#[async_trait]
impl<S: Stage> Transform for PerTable<S> {
    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.tables.clone()
    }

    async fn apply(&self, batch: Batch, out: &mut Vec<Batch>) -> Result<()> {
        let plan = self.plan(batch.table())?;
        if plan.dropped {
            return Ok(());
        }
        let mut rows = vec![batch];
        let mut output = StageOutput::default();
        for step in &plan.steps {
            for batch in rows.drain(..) {
                step.apply(batch, &mut output).await?;
            }
            std::mem::swap(&mut rows, &mut output.rows);
        }
        out.append(&mut rows);
        out.append(&mut output.beside);
        Ok(())
    }
}
