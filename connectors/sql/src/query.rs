//! The query over one table, compiled: what its columns are, and how they are computed from a batch.

use seatunnel_api::{CatalogTable, Column, DataType, Result};
use sqlparser::ast::{Expr as SqlExpr, Ident, LateralView, SelectItem, Spanned};

use crate::codes;
use crate::compile::Compiler;
use crate::errors::refuse;
use crate::expr::Typed;
use crate::parse;
use crate::rows::{RowProgram, View};
use crate::scope::{Relation, Scope};

/// A query, compiled for a table.
pub(crate) struct Query {
    /// The columns of the result.
    pub(crate) items: Vec<Item>,
    /// What computes them.
    pub(crate) program: RowProgram,
}

/// A column of the result.
pub(crate) struct Item {
    pub(crate) column: Column,
    /// The column of the input that it is a copy of.
    pub(crate) copy_of: Option<usize>,
}

/// What becomes a column of the result.
struct Value {
    item: Item,
    typed: Typed,
}

/// Reads a query and compiles it for a table. `input` is what the job calls the table's rows.
///
/// # Errors
/// If the query isn't understood, does more than this, or doesn't fit the table.
pub(crate) fn compile(text: &str, table: &CatalogTable, input: Option<&str>) -> Result<Query> {
    let select = parse::select(parse::parse(text)?)?;
    let (from, alias) = parse::table_names(&select)?;
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
    table_names.extend(alias.map(|alias| alias.value));
    let mut scope = Scope {
        relations: vec![Relation::only(table, table_names)],
        ..Scope::default()
    };
    let filter = select
        .selection
        .as_ref()
        .map(|filter| Compiler::new(&scope).filter(filter))
        .transpose()?;
    let mut views = Vec::with_capacity(select.lateral_views.len());
    for view in &select.lateral_views {
        views.push(lateral_view(view, &mut scope)?);
    }
    let mut values = items(&select.projection, &scope, table, &views)?;
    // SeaTunnel adds the elements to the result, whether they are asked for or not.
    for view in &views {
        if !values.iter().any(|v| v.item.column.name == view.alias) {
            values.extend(named_column(&scope, &view.alias, table, &views));
        }
    }
    let typed: Vec<Typed> = values.iter().map(|v| v.typed.clone()).collect();
    let program = RowProgram::new(table.arrow_schema(), filter, views, typed)?;
    let items = values.into_iter().map(|v| v.item).collect();
    Ok(Query { items, program })
}

/// EXPLODE. What stands behind it sees the elements as a column.
fn lateral_view(view: &LateralView, scope: &mut Scope) -> Result<View> {
    let span = view.lateral_view.span();
    let only = || {
        let what = "LATERAL VIEW of anything but EXPLODE(array)";
        refuse(
            codes::SQL_UNSUPPORTED,
            span,
            format!("{what} is not supported"),
        )
        .with_help("write LATERAL VIEW [OUTER] EXPLODE(array) AS name")
    };
    let SqlExpr::Function(function) = &view.lateral_view else {
        return Err(only());
    };
    if !function.name.to_string().eq_ignore_ascii_case("explode") {
        return Err(only());
    }
    let [array] = parse::plain_arguments(function)[..] else {
        return Err(only());
    };
    // `EXPLODE(array) AS name` or `EXPLODE(array) table AS name`.
    let alias = view.lateral_col_alias.first().cloned();
    let alias = alias.or_else(|| view.lateral_view_name.0.last()?.as_ident().cloned());
    let alias = alias.map_or_else(String::new, |name: Ident| name.value);
    let list = Compiler::new(scope).expr(array)?;
    let DataType::Array(element) = &list.data_type else {
        let what = format!("`{array}` is a {}, EXPLODE needs an array", list.data_type);
        return Err(refuse(codes::SQL_TYPE, span, what).with_help("split and array make arrays"));
    };
    let column = Column::new(alias.clone(), (**element).clone());
    let columns = &mut scope.relations[0].columns;
    match columns.iter_mut().find(|c| c.name == alias) {
        Some(known) => *known = column,
        None => columns.push(column),
    }
    Ok(View {
        list,
        outer: view.outer,
        alias,
    })
}

fn items(
    projection: &[SelectItem],
    scope: &Scope,
    table: &CatalogTable,
    views: &[View],
) -> Result<Vec<Value>> {
    let compiler = Compiler::new(scope);
    let mut values = Vec::new();
    for item in projection {
        match item {
            SelectItem::Wildcard(options) => {
                parse::refuse_options(options)?;
                let columns = scope.relations[0].columns.iter();
                values.extend(columns.filter_map(|c| named_column(scope, &c.name, table, views)));
            }
            SelectItem::UnnamedExpr(expr) => {
                let name = parse::default_name(expr);
                values.push(value(compiler.expr(expr)?, name, table, views));
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let name = alias.value.clone();
                values.push(value(compiler.expr(expr)?, name, table, views));
            }
            other => return Err(parse::unsupported(&format!("`{other}`"), other.span())),
        }
    }
    Ok(values)
}

fn named_column(scope: &Scope, name: &str, table: &CatalogTable, views: &[View]) -> Option<Value> {
    let typed = scope.relations[0].column(name)?;
    Some(value(typed, name.to_owned(), table, views))
}

fn value(typed: Typed, name: String, table: &CatalogTable, views: &[View]) -> Value {
    let copied = typed
        .column_name()
        .filter(|n| views.iter().all(|v| v.alias != *n));
    let copy_of = copied.and_then(|n| table.schema().index_of(n));
    let column = match copy_of {
        Some(at) => {
            let mut column = table.columns()[at].clone();
            column.name = name;
            column
        }
        None => Column::new(name, typed.data_type.clone()),
    };
    Value {
        item: Item { column, copy_of },
        typed,
    }
}
