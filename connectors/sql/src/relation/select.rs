//! SELECT: filter, groups, windows, columns, DISTINCT, ORDER BY, in this order.

use datafusion_expr::{Expr as PlanExpr, LogicalPlanBuilder};
use seatunnel_api::{Column, Result};
use sqlparser::ast::{
    Distinct, OrderBy, Select, SelectItem, SelectItemQualifiedWildcardKind, Spanned,
};
use sqlparser::tokenizer::Span;

use super::aggregate::Calls;
use super::groups::{grouped_by, keys, of_groups, unique, with_windows};
use super::order::{Placed, Sort, placed, sorts};
use super::plan::{Planned, Planner, own_column, unsupported};
use crate::compile::Compiler;
use crate::errors::{from_datafusion, refuse};
use crate::expr::Typed;
use crate::scope::Scope;
use crate::{codes, parse};

/// A column of the result.
pub(super) struct Item {
    pub(super) column: Column,
    pub(super) typed: Typed,
    span: Span,
    text: String,
}

impl Planner<'_> {
    /// Plans a SELECT, and the ORDER BY behind it.
    ///
    /// # Errors
    /// If it doesn't fit the tables, or has what is not supported.
    pub(super) fn select(&self, select: &Select, order: Option<&OrderBy>) -> Result<Planned> {
        refuse_clauses(select)?;
        let from = self.from(&select.from, select.span())?;
        let scope = &from.scope;
        let mut builder = LogicalPlanBuilder::from(from.plan);
        if let Some(condition) = &select.selection {
            for part in Compiler::new(scope).conjuncts(condition)? {
                builder = builder.filter(part).map_err(from_datafusion)?;
            }
        }
        let calls = Calls::default();
        let compiler = Compiler::with_calls(scope, &calls);
        let mut items = items(&select.projection, scope, &compiler)?;
        let keys = keys(&select.group_by, scope, &items)?;
        let mut having = select
            .having
            .as_ref()
            .map(|condition| compiler.condition(condition))
            .transpose()?;
        let mut qualify = select
            .qualify
            .as_ref()
            .map(|condition| compiler.condition(condition))
            .transpose()?;
        let mut sorts = sorts(order, &items, &compiler)?;

        let grouped = !keys.is_empty() || having.is_some() || calls.any_aggregate();
        let mut windows = calls.take_windows();
        if grouped {
            builder = grouped_by(builder, &keys, calls.take_aggregates())?;
            for item in &mut items {
                item.typed.expr = of_groups(&item.typed.expr, &keys, item.span, &item.text)?;
            }
            if let (Some(having), Some(written)) = (&mut having, &select.having) {
                having.expr = of_groups(&having.expr, &keys, written.span(), &written.to_string())?;
            }
            if let (Some(qualify), Some(written)) = (&mut qualify, &select.qualify) {
                qualify.expr =
                    of_groups(&qualify.expr, &keys, written.span(), &written.to_string())?;
            }
            for sort in &mut sorts {
                if let Sort::Hidden {
                    typed, text, span, ..
                } = sort
                {
                    typed.expr = of_groups(&typed.expr, &keys, *span, text)?;
                }
            }
            for window in &mut windows {
                *window = of_groups(window, &keys, select.span(), "a window")?;
            }
        }
        if let Some(having) = having {
            builder = builder.having(having.expr).map_err(from_datafusion)?;
        }
        if !windows.is_empty() {
            builder = with_windows(builder, windows)?;
        }
        if let Some(qualify) = qualify {
            builder = builder.filter(qualify.expr).map_err(from_datafusion)?;
        }
        let key = unique(&keys, &items, select.distinct.is_some());
        let columns: Vec<Column> = items.iter().map(|item| item.column.clone()).collect();
        refuse_twins(&items)?;

        let mut projected: Vec<PlanExpr> = Vec::new();
        for item in items {
            projected.push(item.typed.expr.alias(&item.column.name));
        }
        let Placed { order_by, hidden } = placed(sorts, select.distinct.is_some())?;
        let any_hidden = !hidden.is_empty();
        projected.extend(hidden);
        builder = builder.project(projected).map_err(from_datafusion)?;
        if select.distinct.is_some() {
            builder = builder.distinct().map_err(from_datafusion)?;
        }
        if !order_by.is_empty() {
            builder = builder.sort(order_by).map_err(from_datafusion)?;
        }
        if any_hidden {
            let own = columns.iter().map(|column| own_column(&column.name));
            builder = builder.project(own).map_err(from_datafusion)?;
        }
        Ok(Planned {
            plan: builder.build().map_err(from_datafusion)?,
            columns,
            key,
        })
    }
}

fn refuse_clauses(select: &Select) -> Result<()> {
    let span = select.span();
    let clauses = [
        ("TOP", select.top.is_some()),
        ("INTO", select.into.is_some()),
        ("PREWHERE", select.prewhere.is_some()),
        ("CONNECT BY", !select.connect_by.is_empty()),
        (
            "CLUSTER BY, DISTRIBUTE BY or SORT BY",
            !(select.cluster_by.is_empty()
                && select.distribute_by.is_empty()
                && select.sort_by.is_empty()),
        ),
        ("WINDOW", !select.named_window.is_empty()),
        ("EXCLUDE", select.exclude.is_some()),
        ("AS STRUCT or AS VALUE", select.value_table_mode.is_some()),
        (
            "DISTINCT ON",
            matches!(select.distinct, Some(Distinct::On(_))),
        ),
    ];
    for (what, present) in clauses {
        if present {
            return Err(unsupported(what, span));
        }
    }
    match select.lateral_views.first() {
        None => Ok(()),
        Some(view) => Err(unsupported(
            "LATERAL VIEW in a query that joins or groups",
            view.lateral_view.span(),
        )
        .with_help("take arrays apart in a Sql block before this one")),
    }
}

fn items(projection: &[SelectItem], scope: &Scope, compiler: &Compiler<'_>) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for written in projection {
        let span = written.span();
        match written {
            SelectItem::Wildcard(options) => {
                parse::refuse_options(options)?;
                let merged = scope.merged.iter();
                items.extend(merged.map(|(name, typed)| item(typed.clone(), name, scope, span)));
                for relation in &scope.relations {
                    let mut own = relation.columns.clone();
                    own.retain(|c| scope.merged.iter().all(|(name, _)| *name != c.name));
                    let own = own.iter();
                    items.extend(own.map(|c| item(relation.typed(c), &c.name, scope, span)));
                }
            }
            SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(name),
                options,
            ) => {
                parse::refuse_options(options)?;
                let wanted = name.to_string();
                let wanted = wanted.trim_matches(['"', '`']);
                let mut relations = scope.relations.iter();
                let relation = relations.find(|r| r.names[0].eq_ignore_ascii_case(wanted));
                let relation = relation.ok_or_else(|| {
                    refuse(
                        codes::SQL_UNKNOWN,
                        name.span(),
                        format!("there is no table `{wanted}` behind FROM"),
                    )
                })?;
                let own = relation.columns.iter();
                items.extend(own.map(|c| item(relation.typed(c), &c.name, scope, span)));
            }
            SelectItem::UnnamedExpr(expr) => {
                let name = parse::default_name(expr);
                items.push(item(compiler.expr(expr)?, &name, scope, span));
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                items.push(item(compiler.expr(expr)?, &alias.value, scope, span));
            }
            other => return Err(unsupported(&format!("`{other}`"), span)),
        }
        if let Some(last) = items.last_mut() {
            last.text = written.to_string();
        }
    }
    Ok(items)
}

/// A column of the result; one that is copied keeps what is known of it.
fn item(typed: Typed, name: &str, scope: &Scope, span: Span) -> Item {
    let copied = match &typed.expr {
        PlanExpr::Column(column) => scope.column(column),
        _ => None,
    };
    let mut column = match copied {
        Some(column) => column.clone(),
        None => Column::new(name, typed.data_type.clone()),
    };
    column.name = name.to_owned();
    Item {
        text: name.to_owned(),
        column,
        typed,
        span,
    }
}

fn refuse_twins(items: &[Item]) -> Result<()> {
    for (at, item) in items.iter().enumerate() {
        if items[..at]
            .iter()
            .any(|i| i.column.name == item.column.name)
        {
            return Err(refuse(
                codes::SQL_UNKNOWN,
                item.span,
                format!("the result would have two columns `{}`", item.column.name),
            )
            .with_help(
                "name the columns one by one, and one of them otherwise: a.id, b.id AS b_id",
            ));
        }
    }
    Ok(())
}
