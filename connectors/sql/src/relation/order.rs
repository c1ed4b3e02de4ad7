//! ORDER BY.

use datafusion_expr::{Expr as PlanExpr, SortExpr};
use seatunnel_api::{Column, Result};
use sqlparser::ast::{Expr, OrderBy, OrderByExpr, OrderByKind, Spanned};
use sqlparser::tokenizer::Span;

use super::groups::{no_position, position};
use super::plan::unsupported;
use super::select::Item;
use crate::compile::Compiler;
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
