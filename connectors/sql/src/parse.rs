//! The text of a query: parsed, and checked that it is one SELECT over one table.

use seatunnel_api::{Error, Result};
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident,
    Query as SqlQuery, Select, SetExpr, Spanned, Statement, TableFactor, WildcardAdditionalOptions,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Span;

use crate::codes;
use crate::dialect::ZetaDialect;
use crate::errors::refuse;

/// How deep the parser goes; the compiler, which counts expressions alone, gives up before.
const DEEPEST: usize = 400;

/// An error about a clause that this transform doesn't have.
pub(crate) fn unsupported(what: &str, span: Span) -> Error {
    refuse(
        codes::SQL_UNSUPPORTED,
        span,
        format!("{what} is not supported"),
    )
    .with_help("the query is one SELECT of expressions from one table, with WHERE")
}

/// Reads the text of a query.
///
/// # Errors
/// If it isn't one query.
pub(crate) fn parse(text: &str) -> Result<SqlQuery> {
    let parsed = Parser::new(&ZetaDialect)
        .with_recursion_limit(DEEPEST)
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_statements());
    let statements = parsed.map_err(|error| {
        let message = error.to_string();
        let message = message.trim_start_matches("sql parser error: ");
        Error::new(
            codes::SQL_SYNTAX,
            format!("Sql: the query is not understood: {message}"),
        )
        .with_context("query", text.trim())
    })?;
    let mut statements = statements.into_iter();
    match (statements.next(), statements.next()) {
        (Some(Statement::Query(query)), None) => Ok(*query),
        (Some(_), None) => Err(unsupported("anything but SELECT", Span::empty())),
        (None, _) => Err(refuse(
            codes::SQL_SYNTAX,
            Span::empty(),
            "the query is empty",
        )),
        (Some(_), Some(second)) => Err(unsupported("a second statement", second.span())),
    }
}

/// The SELECT over one table that a query is.
///
/// # Errors
/// If it is more than that, or has clauses that make one row of several.
pub(crate) fn select(query: SqlQuery) -> Result<Select> {
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
    let clauses: [(&str, bool, Span); 9] = [
        ("DISTINCT", select.distinct.is_some(), body_span),
        ("TOP", select.top.is_some(), body_span),
        ("INTO", select.into.is_some(), body_span),
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

/// What the query calls its table: its name, and another one where there is one.
///
/// # Errors
/// If there is more behind FROM than that.
pub(crate) fn table_names(select: &Select) -> Result<(Ident, Option<Ident>)> {
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
    if let Some(column) = alias.as_ref().and_then(|alias| alias.columns.first()) {
        return Err(unsupported(
            "a list of columns behind a table's name",
            column.name.span,
        ));
    }
    let part = match name.0.as_slice() {
        [part] => part.as_ident(),
        _ => None,
    };
    match part {
        Some(part) => Ok((part.clone(), alias.as_ref().map(|alias| alias.name.clone()))),
        None => Err(unsupported("a schema in front of the table", name.span())),
    }
}

/// Refuses what may stand behind `*`.
///
/// # Errors
/// If something does.
pub(crate) fn refuse_options(options: &WildcardAdditionalOptions) -> Result<()> {
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

/// The arguments of a call that has nothing but expressions; none if it has more.
pub(crate) fn plain_arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else {
        return Vec::new();
    };
    let plain = |arg| match arg {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    let args: Option<Vec<&Expr>> = list.args.iter().map(plain).collect();
    args.unwrap_or_default()
}

/// What a column of the result is called if the query doesn't say.
pub(crate) fn default_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.clone(),
        Expr::CompoundIdentifier(names) => {
            names.last().map_or_else(String::new, |n| n.value.clone())
        }
        other => other.to_string(),
    }
}
