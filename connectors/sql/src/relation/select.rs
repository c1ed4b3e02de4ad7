//! SELECT: filter, groups, windows, columns, DISTINCT, ORDER BY, in this order.

use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column as PlanColumn, ExprSchema};
use datafusion_expr::{Expr as PlanExpr, LogicalPlanBuilder, SortExpr};
use seatunnel_api::{Column, Result};
use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, OrderBy, OrderByExpr, OrderByKind, Select, SelectItem,
    SelectItemQualifiedWildcardKind, Spanned, Value,
};
use sqlparser::tokenizer::Span;

use super::aggregate::{Calls, of_calls, signed};
use super::plan::{Planned, Planner, own_column, unsupported};
use crate::compile::Compiler;
use crate::errors::{from_datafusion, refuse, to_datafusion};
use crate::expr::Typed;
use crate::scope::Scope;
use crate::{codes, parse};

/// A column of the result.
struct Item {
    column: Column,
    typed: Typed,
    span: Span,
    text: String,
}

/// What the rows are grouped by.
struct Key {
    typed: Typed,
    /// What it is called behind the groups.
    name: String,
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
        let mut order_by: Vec<SortExpr> = Vec::new();
        let mut hidden = false;
        for (at, sort) in sorts.into_iter().enumerate() {
            match sort {
                Sort::Column(name, how) => order_by.push(how.of(own_column(&name))),
                Sort::Hidden {
                    typed,
                    how,
                    span,
                    text,
                } => {
                    if select.distinct.is_some() {
                        return Err(refuse(
                            codes::SQL_UNSUPPORTED,
                            span,
                            format!(
                                "behind DISTINCT, ORDER BY takes columns of the result, and `{text}` is none"
                            ),
                        ));
                    }
                    hidden = true;
                    let name = format!("order{at}");
                    projected.push(typed.expr.alias_qualified(Some(of_calls()), &name));
                    let column = PlanExpr::Column(PlanColumn::new(Some(of_calls()), name));
                    order_by.push(how.of(column));
                }
            }
        }
        builder = builder.project(projected).map_err(from_datafusion)?;
        if select.distinct.is_some() {
            builder = builder.distinct().map_err(from_datafusion)?;
        }
        if !order_by.is_empty() {
            builder = builder.sort(order_by).map_err(from_datafusion)?;
        }
        if hidden {
            let own = columns.iter().map(|column| own_column(&column.name));
            builder = builder.project(own).map_err(from_datafusion)?;
        }
        Ok(Planned {
            plan: builder.build().map_err(from_datafusion)?,
            columns,
            key,
        })
    }

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

/// Groups rows. The columns are then those of the keys, and of the calls in their order.
fn grouped_by(
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
fn with_windows(builder: LogicalPlanBuilder, calls: Vec<PlanExpr>) -> Result<LogicalPlanBuilder> {
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

/// What stands behind GROUP BY: expressions, names of the result, or positions in it.
fn keys(group_by: &GroupByExpr, scope: &Scope, items: &[Item]) -> Result<Vec<Key>> {
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

fn position(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn no_position(expr: &Expr, columns: usize) -> seatunnel_api::Error {
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
fn of_groups(expr: &PlanExpr, keys: &[Key], span: Span, text: &str) -> Result<PlanExpr> {
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
fn unique(keys: &[Key], items: &[Item], distinct: bool) -> Option<Vec<String>> {
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

enum Sort {
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

fn order_exprs(order: &OrderBy) -> Result<&[OrderByExpr]> {
    match &order.kind {
        OrderByKind::All(_) => Err(unsupported("ORDER BY ALL", order.span())),
        OrderByKind::Expressions(written) => match written.iter().find(|w| w.with_fill.is_some()) {
            Some(filled) => Err(unsupported("WITH FILL", filled.span())),
            None => Ok(written),
        },
    }
}

fn sorts(order: Option<&OrderBy>, items: &[Item], compiler: &Compiler<'_>) -> Result<Vec<Sort>> {
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
fn result_column<'c>(
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
