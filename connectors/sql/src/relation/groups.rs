//! GROUP BY and windows: what becomes of expressions over rows when rows are grouped.

use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column as PlanColumn, ExprSchema};
use datafusion_expr::{Expr as PlanExpr, LogicalPlanBuilder};
use seatunnel_api::Result;
use sqlparser::ast::{Expr, GroupByExpr, Ident, Spanned, Value};
use sqlparser::tokenizer::Span;

use super::aggregate::{of_calls, signed};
use super::plan::unsupported;
use super::select::Item;
use crate::codes;
use crate::compile::Compiler;
use crate::errors::{from_datafusion, refuse, to_datafusion};
use crate::expr::Typed;
use crate::scope::Scope;

/// What the rows are grouped by.
pub(super) struct Key {
    typed: Typed,
    /// What it is called behind the groups.
    name: String,
}

/// Groups rows. The columns are then those of the keys, and of the calls in their order.
pub(super) fn grouped_by(
    builder: LogicalPlanBuilder,
    keys: &[Key],
    calls: Vec<PlanExpr>,
) -> Result<LogicalPlanBuilder> {
    let mut names: Vec<String> = keys.iter().map(|key| key.name.clone()).collect();
    names.extend((0..calls.len()).map(|at| format!("call{at}")));
    let by: Vec<PlanExpr> = keys.iter().map(|key| key.typed.expr.clone()).collect();
    let grouped = builder.aggregate(by, calls).map_err(from_datafusion)?;
    let columns: Vec<PlanExpr> = grouped
        .schema()
        .iter()
        .zip(&names)
        .map(|((qualifier, field), name)| {
            let column = PlanColumn::new(qualifier.cloned(), field.name());
            let value = signed(PlanExpr::Column(column), field.data_type());
            value.alias_qualified(Some(of_calls()), name)
        })
        .collect();
    grouped.project(columns).map_err(from_datafusion)
}

/// Adds the columns of windows.
pub(super) fn with_windows(
    builder: LogicalPlanBuilder,
    calls: Vec<PlanExpr>,
) -> Result<LogicalPlanBuilder> {
    let before: Vec<PlanExpr> = builder
        .schema()
        .columns()
        .into_iter()
        .map(PlanExpr::Column)
        .collect();
    let names: Vec<_> = calls.iter().map(PlanExpr::qualified_name).collect();
    let plan = builder.build().map_err(from_datafusion)?;
    let plan = LogicalPlanBuilder::window_plan(plan, calls).map_err(from_datafusion)?;
    let schema = plan.schema().clone();
    let mut columns = before;
    for (at, (qualifier, name)) in names.into_iter().enumerate() {
        let column = PlanColumn::new(qualifier, name);
        let field = schema.field_from_column(&column).map_err(from_datafusion)?;
        let value = signed(PlanExpr::Column(column), field.data_type());
        columns.push(value.alias_qualified(Some(of_calls()), format!("window{at}")));
    }
    LogicalPlanBuilder::from(plan)
        .project(columns)
        .map_err(from_datafusion)
}

/// What stands behind GROUP BY: expressions, names of the result, or positions in it.
pub(super) fn keys(group_by: &GroupByExpr, scope: &Scope, items: &[Item]) -> Result<Vec<Key>> {
    let (written, span) = match group_by {
        GroupByExpr::All(_) => return Err(unsupported("GROUP BY ALL", group_by.span())),
        GroupByExpr::Expressions(written, modifiers) => {
            if !modifiers.is_empty() {
                return Err(unsupported("ROLLUP, CUBE or TOTALS", group_by.span()));
            }
            (written, group_by.span())
        }
    };
    let compiler = Compiler::new(scope);
    let mut keys: Vec<Key> = Vec::with_capacity(written.len());
    for expr in written {
        if matches!(
            expr,
            Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_)
        ) {
            return Err(unsupported("ROLLUP, CUBE or GROUPING SETS", span));
        }
        let typed = match position(expr) {
            Some(at) => {
                let item = at.checked_sub(1).and_then(|at| items.get(at));
                let item = item.ok_or_else(|| no_position(expr, items.len()))?;
                item.typed.clone()
            }
            None => match compiler.expr(expr) {
                Ok(typed) => typed,
                // A name that the query itself gives.
                Err(error) => match expr {
                    Expr::Identifier(name) => match named_item(name, items) {
                        Some(item) => item.typed.clone(),
                        None => return Err(error),
                    },
                    _ => return Err(error),
                },
            },
        };
        let of_calls = typed
            .expr
            .column_refs()
            .iter()
            .any(|c| c.relation.as_ref() == Some(&of_calls()));
        if of_calls {
            return Err(refuse(
                codes::SQL_UNSUPPORTED,
                expr.span(),
                format!("rows can't be grouped by an aggregate or a window: `{expr}`"),
            ));
        }
        if keys.iter().all(|key| key.typed.expr != typed.expr) {
            let name = format!("key{}", keys.len());
            keys.push(Key { typed, name });
        }
    }
    Ok(keys)
}

fn named_item<'i>(name: &Ident, items: &'i [Item]) -> Option<&'i Item> {
    items.iter().find(|item| item.column.name == name.value)
}

pub(super) fn position(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn no_position(expr: &Expr, columns: usize) -> seatunnel_api::Error {
    refuse(
        codes::SQL_UNKNOWN,
        expr.span(),
        format!("the result has no column number {expr}, it has {columns}"),
    )
}

/// An expression over rows as one over their groups.
///
/// # Errors
/// If it needs a column that the rows of a group don't share.
pub(super) fn of_groups(expr: &PlanExpr, keys: &[Key], span: Span, text: &str) -> Result<PlanExpr> {
    let shared = expr.clone().transform_down(|part| {
        if let Some(key) = keys.iter().find(|key| key.typed.expr == part) {
            let column = PlanExpr::Column(PlanColumn::new(Some(of_calls()), &key.name));
            return Ok(Transformed::new(column, true, TreeNodeRecursion::Jump));
        }
        match &part {
            PlanExpr::Column(column) if column.relation.as_ref() != Some(&of_calls()) => {
                Err(to_datafusion(
                    refuse(
                        codes::SQL_UNSUPPORTED,
                        span,
                        format!("`{text}`: the rows of a group may differ in `{}`", column.name),
                    )
                    .with_help(format!(
                        "name `{0}` in GROUP BY, or say which value you want: MIN({0}), ANY_VALUE({0})",
                        column.name
                    )),
                ))
            }
            _ => Ok(Transformed::no(part)),
        }
    });
    Ok(shared.map_err(from_datafusion)?.data)
}

/// The columns that no two rows of the result share: all keys of the groups, where none can be null.
pub(super) fn unique(keys: &[Key], items: &[Item], distinct: bool) -> Option<Vec<String>> {
    if keys.is_empty() || distinct {
        return None;
    }
    let (mut names, mut complete) = (Vec::new(), true);
    for (at, _) in keys.iter().enumerate() {
        let name = format!("key{at}");
        let of_key = |item: &&Item| match &item.typed.expr {
            PlanExpr::Column(column) => {
                column.relation.as_ref() == Some(&of_calls()) && column.name == name
            }
            _ => false,
        };
        match items.iter().find(of_key) {
            Some(item) if !item.column.nullable => names.push(item.column.name.clone()),
            _ => complete = false,
        }
    }
    complete.then_some(names)
}
