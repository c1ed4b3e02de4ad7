//! The query: parsed, and checked that it is one SELECT over one table.

use seatunnel_api::{CatalogTable, Column, Result};
use sqlparser::ast::{
    Expr, GroupByExpr, Ident, Query as SqlQuery, Select, SelectItem, SetExpr, Spanned, Statement,
    TableFactor, WildcardAdditionalOptions,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Span;

use crate::codes;
use crate::compile::{Compiler, refuse};
use crate::dialect::ZetaDialect;
use crate::node::{Node, Typed};

/// A query, compiled for a table.
pub(crate) struct Query {
    /// The columns of the result and what they are made of.
    pub(crate) items: Vec<Item>,
    /// Which rows are kept; all if none.
    pub(crate) filter: Option<Typed>,
}

/// A column of the result.
pub(crate) struct Item {
    pub(crate) column: Column,
    pub(crate) value: Typed,
    /// The column of the input that it is a copy of.
    pub(crate) copy_of: Option<usize>,
}

fn unsupported(what: &str, span: Span) -> seatunnel_api::Error {
    refuse(
        codes::SQL_UNSUPPORTED,
        span,
        format!("{what} is not supported"),
    )
    .with_help("the query is one SELECT of expressions from one table, with WHERE")
}

/// Reads a query and compiles it for a table. `input` is what the job calls the table's rows.
pub(crate) fn compile(text: &str, table: &CatalogTable, input: Option<&str>) -> Result<Query> {
    let select = parse(text)?;
    let from = table_name(&select)?;
    let name = from.value.as_str();
    let known = [input.unwrap_or_default(), &table.path().table, "dual"];
    if !known.iter().any(|k| k.eq_ignore_ascii_case(name)) {
        tracing::warn!(
            "Sql: the query reads from `{name}`, the rows that come in are those of `{}`",
            input.unwrap_or(&table.path().table)
        );
    }
    let mut table_names = vec![name.to_owned(), table.path().table.clone()];
    table_names.extend(input.map(str::to_owned));
    let compiler = Compiler { table, table_names };
    let mut items = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::Wildcard(options) => {
                refuse_options(options)?;
                items.extend((0..table.columns().len()).map(|at| copy(table, at)));
            }
            SelectItem::UnnamedExpr(expr) => items.push(named(&compiler, expr, None)?),
            SelectItem::ExprWithAlias { expr, alias } => {
                items.push(named(&compiler, expr, Some(alias))?);
            }
            other => return Err(unsupported(&format!("`{other}`"), other.span())),
        }
    }
    let filter = select
        .selection
        .as_ref()
        .map(|filter| compiler.condition(filter))
        .transpose()?;
    Ok(Query { items, filter })
}

fn copy(table: &CatalogTable, at: usize) -> Item {
    let column = table.columns()[at].clone();
    Item {
        value: Typed::new(Node::Column(at), column.data_type.clone()),
        column,
        copy_of: Some(at),
    }
}

fn named(compiler: &Compiler<'_>, expr: &Expr, alias: Option<&Ident>) -> Result<Item> {
    let value = compiler.expr(expr)?;
    let name = match (alias, expr) {
        (Some(alias), _) => alias.value.clone(),
        (None, Expr::Identifier(name)) => name.value.clone(),
        (None, Expr::CompoundIdentifier(names)) => {
            names.last().map_or_else(String::new, |n| n.value.clone())
        }
        (None, other) => other.to_string(),
    };
    let copy_of = match &*value.node {
        Node::Column(at) => Some(*at),
        _ => None,
    };
    let column = match copy_of {
        Some(at) => {
            let mut column = compiler.table.columns()[at].clone();
            column.name = name;
            column
        }
        None => Column::new(name, value.data_type.clone()),
    };
    Ok(Item {
        column,
        value,
        copy_of,
    })
}

fn parse(text: &str) -> Result<Select> {
    let statements = Parser::parse_sql(&ZetaDialect, text).map_err(|error| {
        let message = error.to_string();
        let message = message.trim_start_matches("sql parser error: ");
        seatunnel_api::Error::new(
            codes::SQL_SYNTAX,
            format!("Sql: the query is not understood: {message}"),
        )
        .with_context("query", text.trim())
    })?;
    let mut statements = statements.into_iter();
    match (statements.next(), statements.next()) {
        (Some(Statement::Query(query)), None) => select(*query),
        (Some(_), None) => Err(unsupported("anything but SELECT", Span::empty())),
        (None, _) => Err(refuse(
            codes::SQL_SYNTAX,
            Span::empty(),
            "the query is empty",
        )),
        (Some(_), Some(second)) => Err(unsupported("a second statement", second.span())),
    }
}

fn select(query: SqlQuery) -> Result<Select> {
    let span = query.span();
    let body_span = query.body.span();
    let clauses: [(&str, bool, Span); 6] = [
        (
            "WITH",
            query.with.is_some(),
            query.with.as_ref().map_or(span, Spanned::span),
        ),
        (
            "ORDER BY",
            query.order_by.is_some(),
            query.order_by.as_ref().map_or(span, Spanned::span),
        ),
        (
            "LIMIT or OFFSET",
            query.limit_clause.is_some(),
            query.limit_clause.as_ref().map_or(span, Spanned::span),
        ),
        ("FETCH", query.fetch.is_some(), body_span),
        (
            "FOR",
            !query.locks.is_empty() || query.for_clause.is_some(),
            body_span,
        ),
        ("a pipe", !query.pipe_operators.is_empty(), body_span),
    ];
    for (what, present, span) in clauses {
        if present {
            return Err(unsupported(what, span));
        }
    }
    let select = match *query.body {
        SetExpr::Select(select) => *select,
        SetExpr::SetOperation { op, .. } => return Err(unsupported(&op.to_string(), body_span)),
        _ => return Err(unsupported("anything but SELECT", body_span)),
    };
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(expressions, modifiers) => {
            !expressions.is_empty() || !modifiers.is_empty()
        }
    };
    let expr_span = |expr: &Option<Expr>| expr.as_ref().map_or(body_span, Spanned::span);
    let clauses: [(&str, bool, Span); 10] = [
        ("DISTINCT", select.distinct.is_some(), body_span),
        ("TOP", select.top.is_some(), body_span),
        ("INTO", select.into.is_some(), body_span),
        (
            "LATERAL VIEW",
            !select.lateral_views.is_empty(),
            select
                .lateral_views
                .first()
                .map_or(body_span, |view| view.lateral_view.span()),
        ),
        (
            "PREWHERE",
            select.prewhere.is_some(),
            expr_span(&select.prewhere),
        ),
        ("CONNECT BY", !select.connect_by.is_empty(), body_span),
        ("GROUP BY", grouped, select.group_by.span()),
        (
            "CLUSTER BY, DISTRIBUTE BY or SORT BY",
            !(select.cluster_by.is_empty()
                && select.distribute_by.is_empty()
                && select.sort_by.is_empty()),
            body_span,
        ),
        ("HAVING", select.having.is_some(), expr_span(&select.having)),
        (
            "QUALIFY or WINDOW",
            select.qualify.is_some() || !select.named_window.is_empty(),
            body_span,
        ),
    ];
    for (what, present, span) in clauses {
        if present {
            return Err(unsupported(what, span));
        }
    }
    Ok(select)
}

fn table_name(select: &Select) -> Result<Ident> {
    let [from] = select.from.as_slice() else {
        return Err(match select.from.get(1) {
            Some(second) => unsupported("a second table", second.span()),
            None => refuse(
                codes::SQL_SYNTAX,
                select.span(),
                "the query has no FROM; rows come from the `plugin_input`, or from `dual`",
            ),
        });
    };
    if let Some(join) = from.joins.first() {
        return Err(unsupported("a join", join.span()));
    }
    let TableFactor::Table {
        name,
        alias,
        args: None,
        ..
    } = &from.relation
    else {
        return Err(unsupported(
            "anything but a table behind FROM",
            from.relation.span(),
        ));
    };
    if let Some(alias) = alias {
        return Err(unsupported("another name for the table", alias.name.span));
    }
    match name.0.as_slice() {
        [part] if part.as_ident().is_some() => {
            Ok(part.as_ident().cloned().unwrap_or_else(|| Ident::new("")))
        }
        _ => Err(unsupported("a schema in front of the table", name.span())),
    }
}

fn refuse_options(options: &WildcardAdditionalOptions) -> Result<()> {
    let plain = options.opt_ilike.is_none()
        && options.opt_exclude.is_none()
        && options.opt_except.is_none()
        && options.opt_replace.is_none()
        && options.opt_rename.is_none();
    if plain {
        Ok(())
    } else {
        Err(unsupported("more than `*`", options.span()))
    }
}
