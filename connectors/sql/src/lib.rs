//! Sql: a query over the rows that come in, one SELECT with expressions and WHERE.
//!
//! The query is compiled for each table when the job starts: names, types and constant arguments
//! are checked then, by SeaTunnel's rules. What comes out are expressions of DataFusion, with
//! SeaTunnel's functions and operators as its user-defined functions; DataFusion computes them batch
//! by batch, column by column.

mod arithmetic;
mod cast;
mod clock;
pub mod codes;
mod columnar;
mod compile;
mod decimal;
mod deep;
mod dialect;
mod errors;
mod expr;
mod functions;
mod operation;
mod parse;
mod pattern;
mod query;
mod relation;
mod rows;
mod scope;
mod text;

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use seatunnel_api::options::{Located, OptionEnum, Options};
use seatunnel_api::{
    Batch, CatalogTable, Error, PluginInfo, Registry, Relation, RelationContext, Result, Transform,
    TransformContext, TransformFactory,
};
use seatunnel_transforms::codes::RULE_INVALID;
use seatunnel_transforms::columns::{refuse_twins, with_columns};
use seatunnel_transforms::tables::{Rule, TableStep, per_table};

use crate::query::Query;
use crate::relation::SqlRelation;

const NAME: &str = "Sql";

/// Who computes the query. SeaTunnel knows two names; here there is one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SqlEngine {
    /// SeaTunnel's own.
    #[option(name = "ZETA")]
    Zeta,
    /// Another name of it.
    #[option(name = "INTERNAL")]
    Internal,
}

/// The query.
#[derive(Clone, Debug, Options)]
struct SqlRule {
    /// One SELECT over one table, which is called as in `plugin_input`, or `dual`: expressions, WHERE,
    /// `LATERAL VIEW [OUTER] EXPLODE(array) AS name`. Rows keep their kinds. In batch jobs also joins of
    /// several `plugin_input`s, GROUP BY, DISTINCT, UNION, ORDER BY and windows.
    query: Option<Located<String>>,
    /// Of a query that joins, groups or sorts: MiB of memory for the rows that have to be held. What doesn't
    /// fit goes to disk.
    #[option(default = 512, min = 16)]
    memory_mb: usize,
    /// Of a query that joins, groups or sorts: the folder for rows that don't fit into memory; that of the
    /// system for temporary files if not given.
    spill_path: Option<String>,
    /// Who computes it; both names mean the same here.
    #[option(default = SqlEngine::Zeta)]
    #[allow(dead_code, reason = "accepted for compatibility")]
    engine: SqlEngine,
}

impl Rule for SqlRule {
    fn is_given(&self) -> bool {
        self.query.is_some()
    }
}

impl SqlRule {
    fn step(&self, table: &Arc<CatalogTable>, input: Option<&str>) -> Result<SqlStep> {
        let Some(query) = &self.query else {
            return Err(Error::new(
                RULE_INVALID,
                format!("{NAME} needs the option `query` for table {}", table.path()),
            ));
        };
        let compiled = deep::on_deep_stack(|| query::compile(&query.value, table, input))
            .map_err(|e| e.or_at(&query.span))?;
        let columns: Vec<_> = compiled.items.iter().map(|i| i.column.clone()).collect();
        refuse_twins(NAME, table, &columns).map_err(|e| e.or_at(&query.span))?;
        // A key stays on columns of its name, or follows a copy under another name.
        let renamed = |name: &str| {
            let same = columns.iter().find(|c| c.name == name);
            let old = table.schema().index_of(name);
            let copy = compiled.items.iter().find(|i| i.copy_of == old);
            same.or(copy.map(|i| &i.column)).map(|c| c.name.clone())
        };
        let output = with_columns(table, columns.clone(), renamed);
        let output = Arc::new((*output).clone().without_facts());
        Ok(SqlStep {
            table: output,
            query: compiled,
        })
    }
}

struct SqlStep {
    table: Arc<CatalogTable>,
    query: Query,
}

impl TableStep for SqlStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        // What the compiled query can still refuse is a value of a row.
        self.compute(&batch).map_err(|error| match error.code() {
            codes::SQL_VALUE => error.of_row(),
            _ => error,
        })
    }
}

impl SqlStep {
    fn compute(&self, batch: &Batch) -> Result<Option<Batch>> {
        let Some(computed) = self.query.program.run(batch)? else {
            return Ok(None);
        };
        let options = RecordBatchOptions::new().with_row_count(Some(computed.rows));
        let schema = self.table.arrow_schema().clone();
        let records = RecordBatch::try_new_with_options(schema, computed.columns, &options)?;
        Ok(Some(Batch::new(
            self.table.clone(),
            records,
            computed.kinds,
        )))
    }
}

seatunnel_transforms::options_with_table_rules!(
    /// Computes columns and filters rows by a query.
    "Sql",
    SqlOptions,
    SqlTableRule,
    SqlRule
);

/// Makes Sql transforms.
pub struct SqlFactory;

#[async_trait]
impl TransformFactory for SqlFactory {
    type Options = SqlOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Computes columns and filters rows by a SELECT.",
        }
    }

    fn notes(&self) -> &'static str {
        &functions::PAGE
    }

    async fn relation(
        &self,
        options: &SqlOptions,
        context: &RelationContext,
    ) -> Result<Option<Arc<dyn Relation>>> {
        let Some(query) = &options.rule.query else {
            return Ok(None);
        };
        let made = || {
            let Some((parsed, what)) = relation::parse_if_relation(&query.value)? else {
                return Ok(None);
            };
            let limits = relation::Limits {
                memory: options.rule.memory_mb << 20,
                folder: options.rule.spill_path.clone().map(PathBuf::from),
            };
            let relation = SqlRelation::new(&query.value, parsed, what, context, limits)?;
            Ok(Some(Arc::new(relation) as Arc<dyn Relation>))
        };
        deep::on_deep_stack(made).map_err(|e| e.or_at(&query.span))
    }

    async fn create(
        &self,
        options: SqlOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        let input = context.plugin_input.first().map(String::as_str);
        per_table(&options.into(), &context, |rule: &SqlRule, table| {
            rule.step(table, input)
        })
    }
}

/// Adds this transform.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry.transform(SqlFactory)
}
