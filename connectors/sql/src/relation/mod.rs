//! Queries that need all rows of their inputs: joins, aggregates, DISTINCT, ORDER BY, UNION.
//!
//! Names, types and functions are those of a query over one table; from them a plan of DataFusion is made,
//! which DataFusion optimizes and runs within a fixed memory.

mod aggregate;
mod aggregates;
mod from;
mod groups;
mod inputs;
mod memory;
mod order;
mod plan;
mod run;
mod select;
mod window;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::{
    BatchStream, CatalogTable, Error, JobMode, PrimaryKey, Relation, RelationContext,
    RelationInputs, Result, TablePath, TableSchema,
};
use seatunnel_transforms::columns::refuse_twins;
use sqlparser::ast::{Expr, GroupByExpr, Query, Select, SetExpr, TableFactor, Visit, Visitor};

pub(crate) use self::aggregate::Calls;
pub(crate) use self::aggregates::{is_aggregate, page};
use self::inputs::Tables;
use self::plan::Planner;
pub(crate) use self::run::Limits;
use crate::deep::on_deep_stack;
use crate::{codes, parse};

/// The part of a query that can't be answered a row at a time, as it is called in SQL.
pub(crate) fn what_needs_all_rows(query: &Query) -> Option<&'static str> {
    let of_body = match query.body.as_ref() {
        SetExpr::Select(select) => of_select(select),
        SetExpr::SetOperation { .. } => Some("UNION, EXCEPT or INTERSECT"),
        _ => None,
    };
    let limit = query.limit_clause.is_some() || query.fetch.is_some();
    let clauses = [
        ("WITH", query.with.is_some()),
        ("ORDER BY", query.order_by.is_some()),
        ("LIMIT", limit),
    ];
    let mut clauses = clauses.into_iter().filter(|(_, present)| *present);
    of_body.or_else(|| clauses.next().map(|(what, _)| what))
}

fn of_select(select: &Select) -> Option<&'static str> {
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(by, modifiers) => !by.is_empty() || !modifiers.is_empty(),
    };
    let joined = select.from.len() > 1 || select.from.iter().any(|from| !from.joins.is_empty());
    let nested = |factor: &TableFactor| !matches!(factor, TableFactor::Table { .. });
    if joined {
        return Some("a join");
    }
    if grouped || select.having.is_some() {
        return Some("GROUP BY");
    }
    if select.distinct.is_some() {
        return Some("DISTINCT");
    }
    if select.from.iter().any(|from| nested(&from.relation)) {
        return Some("a query behind FROM");
    }
    if select.qualify.is_some() {
        return Some("QUALIFY");
    }
    let mut calls = FindCalls(None);
    let _ = select.projection.visit(&mut calls);
    calls.0
}

/// Looks for calls that see more than one row.
struct FindCalls(Option<&'static str>);

impl Visitor for FindCalls {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> std::ops::ControlFlow<()> {
        if let Expr::Function(function) = expr {
            if function.over.is_some() {
                self.0 = Some("a window");
            } else if is_aggregate(&function.name.to_string()) {
                self.0 = Some("an aggregate");
            }
        }
        match self.0 {
            Some(_) => std::ops::ControlFlow::Break(()),
            None => std::ops::ControlFlow::Continue(()),
        }
    }
}

/// A query over all rows of its inputs.
pub(crate) struct SqlRelation {
    query: Query,
    text: String,
    tables: Tables,
    table: Arc<CatalogTable>,
    limits: Limits,
}

impl SqlRelation {
    /// Checks the query against its inputs.
    ///
    /// # Errors
    /// If it is not understood or doesn't fit the tables, or the job never ends.
    pub(crate) fn new(
        text: &str,
        query: Query,
        what: &str,
        context: &RelationContext,
        limits: Limits,
    ) -> Result<Self> {
        if context.job.mode == JobMode::Streaming {
            return Err(Error::new(
                codes::SQL_UNSUPPORTED,
                format!(
                    "Sql: {what} needs all rows of its inputs, and in a streaming job they never end"
                ),
            )
            .with_help(
                "set job.mode = \"BATCH\" in env; a streaming job takes one SELECT of expressions from one table, with WHERE",
            )
            .with_context("query", text.trim()));
        }
        let tables = Tables::new(context);
        let table = on_deep_stack(|| {
            let planned = Planner::new(&tables, None).query(&query)?;
            let first = tables.first_used().unwrap_or_else(TablePath::unnamed);
            let path = match &context.plugin_output {
                Some(name) => TablePath::table(name.clone()),
                None => first,
            };
            let key = planned.key.clone().map(|columns| PrimaryKey {
                name: format!("{}_key", path.table),
                columns,
            });
            let schema = TableSchema {
                columns: planned.columns,
                primary_key: key,
                constraint_keys: Vec::new(),
            };
            let table = CatalogTable::new("Sql", path, schema);
            refuse_twins("Sql", &table, table.columns())
                .map_err(|e| e.with_help("name the columns one by one, with AS"))?;
            Ok(Arc::new(table))
        })?;
        tables.warn_of_unused();
        Ok(Self {
            query,
            text: text.trim().to_owned(),
            tables,
            table,
            limits,
        })
    }
}

#[async_trait]
impl Relation for SqlRelation {
    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.table.clone()]
    }

    async fn rows(&self, inputs: Arc<dyn RelationInputs>) -> Result<Box<dyn BatchStream>> {
        let plan = on_deep_stack(|| {
            let planned = Planner::new(&self.tables, Some(inputs)).query(&self.query);
            planned.map(|planned| planned.plan)
        })?;
        let table = self.table.clone();
        Ok(Box::new(run::Rows::new(
            plan,
            table,
            self.limits.clone(),
            self.text.clone(),
        )))
    }
}

/// Reads a query, if it asks for what needs all rows; also says what that is.
///
/// # Errors
/// If it isn't one query.
pub(crate) fn parse_if_relation(text: &str) -> Result<Option<(Query, &'static str)>> {
    let query = parse::parse(text)?;
    Ok(what_needs_all_rows(&query).map(|what| (query, what)))
}
