//! ORDER BY.

use datafusion_common::Column as PlanColumn;
use datafusion_expr::{Expr as PlanExpr, LogicalPlanBuilder, SortExpr};
use seatunnel_api::{Column, Result};
use sqlparser::ast::{Expr, OrderBy, OrderByExpr, OrderByKind, Spanned};
use sqlparser::tokenizer::Span;

use super::aggregate::of_calls;
use super::groups::{no_position, position};
use super::plan::{Planned, Planner, own_column, unsupported};
use super::select::Item;
use crate::codes;
use crate::compile::Compiler;
use crate::errors::{from_datafusion, refuse};
use crate::expr::Typed;

/// In which order.
#[derive(Clone, Copy)]
pub(super) struct How {
    ascending: bool,
    nulls_first: bool,
}

impl How {
    /// Nulls are larger than all else, as in PostgreSQL, unless the query says otherwise.
    pub(super) fn new(written: &OrderByExpr) -> Self {
        let ascending = written.options.asc.unwrap_or(true);
        Self {
            ascending,
            nulls_first: written.options.nulls_first.unwrap_or(!ascending),
        }
    }

    pub(super) fn of(self, expr: PlanExpr) -> SortExpr {
        expr.sort(self.ascending, self.nulls_first)
    }
}

pub(super) enum Sort {
    /// A column of the result.
    Column(String, How),
    /// Something else.
    Hidden {
        typed: Typed,
        how: How,
        span: Span,
        text: String,
    },
}

pub(super) fn order_exprs(order: &OrderBy) -> Result<&[OrderByExpr]> {
    match &order.kind {
        OrderByKind::All(_) => Err(unsupported("ORDER BY ALL", order.span())),
        OrderByKind::Expressions(written) => match written.iter().find(|w| w.with_fill.is_some()) {
            Some(filled) => Err(unsupported("WITH FILL", filled.span())),
            None => Ok(written),
        },
    }
}

pub(super) fn sorts(
    order: Option<&OrderBy>,
    items: &[Item],
    compiler: &Compiler<'_>,
) -> Result<Vec<Sort>> {
    let mut sorts = Vec::new();
    let written = order.map(order_exprs).transpose()?.unwrap_or_default();
    for written in written {
        let how = How::new(written);
        let named = result_column(&written.expr, items.iter().map(|item| &item.column))?;
        sorts.push(match named {
            Some(name) => Sort::Column(name, how),
            None => Sort::Hidden {
                typed: compiler.expr(&written.expr)?,
                how,
                span: written.expr.span(),
                text: written.expr.to_string(),
            },
        });
    }
    Ok(sorts)
}

/// An order as the plan has it.
pub(super) struct Placed {
    pub(super) order_by: Vec<SortExpr>,
    /// What it needs beside the columns of the result.
    pub(super) hidden: Vec<PlanExpr>,
}

/// Places an order behind the columns of a SELECT.
///
/// # Errors
/// If it needs what DISTINCT, which stands between, has taken away.
pub(super) fn placed(sorts: Vec<Sort>, distinct: bool) -> Result<Placed> {
    let mut placed = Placed {
        order_by: Vec::new(),
        hidden: Vec::new(),
    };
    for (at, sort) in sorts.into_iter().enumerate() {
        match sort {
            Sort::Column(name, how) => placed.order_by.push(how.of(own_column(&name))),
            Sort::Hidden { span, text, .. } if distinct => {
                return Err(refuse(
                    codes::SQL_UNSUPPORTED,
                    span,
                    format!(
                        "behind DISTINCT, ORDER BY takes columns of the result, and `{text}` is none"
                    ),
                ));
            }
            Sort::Hidden { typed, how, .. } => {
                let name = format!("order{at}");
                let hidden = typed.expr.alias_qualified(Some(of_calls()), &name);
                placed.hidden.push(hidden);
                let column = PlanExpr::Column(PlanColumn::new(Some(of_calls()), name));
                placed.order_by.push(how.of(column));
            }
        }
    }
    Ok(placed)
}

impl Planner<'_> {
    /// Sorts the rows of a query that is not one SELECT.
    ///
    /// # Errors
    /// If something else than a column of the result is asked for.
    pub(super) fn sorted(&self, planned: Planned, order: Option<&OrderBy>) -> Result<Planned> {
        let Some(order) = order else {
            return Ok(planned);
        };
        let mut order_by = Vec::new();
        for written in order_exprs(order)? {
            let name = result_column(&written.expr, planned.columns.iter())?;
            let name = name.ok_or_else(|| {
                refuse(
                    codes::SQL_UNSUPPORTED,
                    written.expr.span(),
                    format!(
                        "behind UNION and its kin, ORDER BY takes columns of the result, and `{}` is none",
                        written.expr
                    ),
                )
            })?;
            order_by.push(How::new(written).of(own_column(&name)));
        }
        let plan = LogicalPlanBuilder::from(planned.plan)
            .sort(order_by)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        Ok(Planned { plan, ..planned })
    }
}

/// The column of the result that an expression of ORDER BY names, or whose position it is.
pub(super) fn result_column<'c>(
    expr: &Expr,
    columns: impl ExactSizeIterator<Item = &'c Column>,
) -> Result<Option<String>> {
    let count = columns.len();
    let mut columns = columns;
    if let Some(at) = position(expr) {
        let column = at.checked_sub(1).and_then(|at| columns.nth(at));
        let column = column.ok_or_else(|| no_position(expr, count))?;
        return Ok(Some(column.name.clone()));
    }
    Ok(match expr {
        Expr::Identifier(name) => columns
            .find(|c| c.name == name.value)
            .map(|c| c.name.clone()),
        _ => None,
    })
}
