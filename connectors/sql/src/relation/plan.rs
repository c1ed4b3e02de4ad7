//! WITH, UNION and its kin, LIMIT: what stands around a SELECT.

use std::sync::Arc;

use datafusion_common::Column as PlanColumn;
use datafusion_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder};
use seatunnel_api::{Column, RelationInputs, Result};
use sqlparser::ast::{
    Expr, Fetch, LimitClause, Query, SetExpr, SetOperator, SetQuantifier, Spanned,
};
use sqlparser::tokenizer::Span;

use super::inputs::Tables;
use crate::codes;
use crate::compile::Compiler;
use crate::errors::{from_datafusion, refuse};
use crate::expr::Typed;
use crate::scope::Scope;

/// A query as a plan of DataFusion.
#[derive(Clone)]
pub(super) struct Planned {
    pub(super) plan: LogicalPlan,
    /// The columns that come out, called as in the plan, without a table's name.
    pub(super) columns: Vec<Column>,
    /// Columns that no two rows share.
    pub(super) key: Option<Vec<String>>,
}

/// Makes plans of queries.
pub(super) struct Planner<'a> {
    pub(super) tables: &'a Tables,
    /// Where rows come from; nothing where a query is only checked.
    pub(super) inputs: Option<Arc<dyn RelationInputs>>,
    /// The queries behind WITH, the last one first to be looked at.
    pub(super) named: Vec<(String, Planned)>,
}

/// An error about what can't be done with all rows either.
pub(super) fn unsupported(what: &str, span: Span) -> seatunnel_api::Error {
    refuse(
        codes::SQL_UNSUPPORTED,
        span,
        format!("{what} is not supported"),
    )
}

impl<'a> Planner<'a> {
    pub(super) fn new(tables: &'a Tables, inputs: Option<Arc<dyn RelationInputs>>) -> Self {
        Self {
            tables,
            inputs,
            named: Vec::new(),
        }
    }

    /// Plans a query.
    ///
    /// # Errors
    /// If it doesn't fit the tables, or has what is not supported.
    pub(super) fn query(&self, query: &Query) -> Result<Planned> {
        let mut inner = Planner {
            tables: self.tables,
            inputs: self.inputs.clone(),
            named: self.named.clone(),
        };
        if let Some(with) = &query.with {
            if with.recursive {
                return Err(unsupported("WITH RECURSIVE", with.span()));
            }
            for cte in &with.cte_tables {
                if let Some(column) = cte.alias.columns.first() {
                    return Err(unsupported(
                        "a list of columns behind a name of WITH",
                        column.name.span,
                    ));
                }
                let planned = inner.query(&cte.query)?;
                let name = cte.alias.name.value.clone();
                inner.named.push((name, planned));
            }
        }
        let span = query.body.span();
        if !query.locks.is_empty() || query.for_clause.is_some() {
            return Err(unsupported("FOR", span));
        }
        if !query.pipe_operators.is_empty() {
            return Err(unsupported("a pipe", span));
        }
        let order = query.order_by.as_ref();
        let planned = match query.body.as_ref() {
            SetExpr::Select(select) => inner.select(select, order)?,
            other => {
                let planned = inner.set(other)?;
                inner.sorted(planned, order)?
            }
        };
        limited(planned, query.limit_clause.as_ref(), query.fetch.as_ref())
    }

    fn set(&self, body: &SetExpr) -> Result<Planned> {
        match body {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation {
                op,
                set_quantifier,
                left,
                right,
            } => {
                let all = match set_quantifier {
                    SetQuantifier::All => true,
                    SetQuantifier::Distinct | SetQuantifier::None => false,
                    other => return Err(unsupported(&format!("{op} {other}"), body.span())),
                };
                let (left, right) = (self.set(left)?, self.set(right)?);
                let (left, right) = alike(&op.to_string(), left, right, body.span())?;
                let plan = match op {
                    SetOperator::Union => {
                        let builder = LogicalPlanBuilder::from(left.plan);
                        match all {
                            true => builder.union(right.plan),
                            false => builder.union_distinct(right.plan),
                        }
                        .and_then(LogicalPlanBuilder::build)
                    }
                    SetOperator::Except | SetOperator::Minus => {
                        LogicalPlanBuilder::except(left.plan, right.plan, all)
                    }
                    SetOperator::Intersect => {
                        LogicalPlanBuilder::intersect(left.plan, right.plan, all)
                    }
                };
                let columns = left.columns.into_iter().zip(right.columns);
                let columns = columns.map(|(mut column, other)| {
                    column.nullable |= other.nullable;
                    column
                });
                Ok(Planned {
                    plan: plan.map_err(from_datafusion)?,
                    columns: columns.collect(),
                    key: None,
                })
            }
            other => Err(unsupported("anything but SELECT", other.span())),
        }
    }
}

/// Both sides of UNION and its kin, with columns of the same names and types.
fn alike(op: &str, left: Planned, right: Planned, span: Span) -> Result<(Planned, Planned)> {
    if left.columns.len() != right.columns.len() {
        return Err(refuse(
            codes::SQL_TYPE,
            span,
            format!(
                "{op}: one side has {} columns, the other {}",
                left.columns.len(),
                right.columns.len()
            ),
        ));
    }
    let mut types = Vec::with_capacity(left.columns.len());
    for (a, b) in left.columns.iter().zip(&right.columns) {
        let common = crate::compile::common_column_type(&a.data_type, &b.data_type);
        types.push(common.ok_or_else(|| {
            refuse(
                codes::SQL_TYPE,
                span,
                format!(
                    "{op}: column `{}` is a {}, and the other side's `{}` a {}",
                    a.name, a.data_type, b.name, b.data_type
                ),
            )
            .with_help("make one type of them with CAST")
        })?);
    }
    let names: Vec<String> = left.columns.iter().map(|c| c.name.clone()).collect();
    let shaped = |side: Planned| -> Result<Planned> {
        let scope = Scope::default();
        let compiler = Compiler::new(&scope);
        let mut columns = side.columns;
        let mut items = Vec::with_capacity(columns.len());
        for ((column, data_type), name) in columns.iter_mut().zip(&types).zip(&names) {
            let typed = Typed::column(None, &column.name, column.data_type.clone());
            let typed = compiler.converted(typed, data_type);
            items.push(typed.expr.alias(name));
            if column.data_type != *data_type {
                *column = Column {
                    nullable: column.nullable,
                    ..Column::new(name, data_type.clone())
                };
            }
            column.name.clone_from(name);
        }
        let plan = LogicalPlanBuilder::from(side.plan)
            .project(items)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        Ok(Planned {
            plan,
            columns,
            key: None,
        })
    };
    Ok((shaped(left)?, shaped(right)?))
}

fn limited(
    planned: Planned,
    clause: Option<&LimitClause>,
    fetch: Option<&Fetch>,
) -> Result<Planned> {
    let (mut limit, mut skip) = (None, 0);
    match clause {
        None => {}
        Some(LimitClause::LimitOffset {
            limit: rows,
            offset,
            limit_by,
        }) => {
            if let Some(by) = limit_by.first() {
                return Err(unsupported("LIMIT BY", by.span()));
            }
            limit = rows.as_ref().map(count).transpose()?;
            if let Some(offset) = offset {
                skip = count(&offset.value)?;
            }
        }
        Some(LimitClause::OffsetCommaLimit {
            offset,
            limit: rows,
        }) => {
            limit = Some(count(rows)?);
            skip = count(offset)?;
        }
    }
    if let Some(fetch) = fetch {
        if fetch.with_ties || fetch.percent {
            return Err(unsupported("FETCH with PERCENT or TIES", Span::empty()));
        }
        let rows = fetch.quantity.as_ref().map_or(Ok(1), count)?;
        limit = Some(limit.map_or(rows, |limit: usize| limit.min(rows)));
    }
    if limit.is_none() && skip == 0 {
        return Ok(planned);
    }
    let plan = LogicalPlanBuilder::from(planned.plan)
        .limit(skip, limit)
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)?;
    Ok(Planned { plan, ..planned })
}

/// A number of rows.
fn count(expr: &Expr) -> Result<usize> {
    let scope = Scope::default();
    let typed = Compiler::new(&scope).expr(expr)?;
    let rows = typed.constant_long().and_then(|n| usize::try_from(n).ok());
    rows.ok_or_else(|| {
        refuse(
            codes::SQL_TYPE,
            expr.span(),
            format!("`{expr}` is no number of rows"),
        )
    })
}

/// A column of a plan that is called without a table's name.
pub(super) fn own_column(name: &str) -> PlanExpr {
    PlanExpr::Column(PlanColumn::new_unqualified(name))
}
