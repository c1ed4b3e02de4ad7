//! FROM: tables, queries in parentheses, and joins.

use std::sync::Arc;

use datafusion::datasource::provider_as_source;
use datafusion_common::{JoinType, TableReference};
use datafusion_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder};
use seatunnel_api::{Column, Result};
use sqlparser::ast::{
    Ident, Join, JoinConstraint, JoinOperator, ObjectName, Spanned, TableAlias, TableFactor,
    TableWithJoins,
};
use sqlparser::tokenizer::Span;

use super::inputs::InputProvider;
use super::plan::{Planner, unsupported};
use crate::codes;
use crate::compile::Compiler;
use crate::errors::{from_datafusion, refuse};
use crate::expr::{self, Typed};
use crate::scope::{Relation, Scope};

/// What stands behind FROM: its rows, and what their columns are called.
pub(super) struct From {
    pub(super) plan: LogicalPlan,
    pub(super) scope: Scope,
}

impl Planner<'_> {
    /// Plans what stands behind FROM.
    ///
    /// # Errors
    /// If a table isn't there, or two are called the same.
    pub(super) fn from(&self, tables: &[TableWithJoins], select: Span) -> Result<From> {
        let mut from: Option<From> = None;
        for table in tables {
            let next = self.with_joins(table)?;
            from = Some(match from {
                None => next,
                Some(before) => join(
                    before,
                    next,
                    JoinType::Inner,
                    &JoinConstraint::None,
                    table.span(),
                )?,
            });
        }
        from.ok_or_else(|| {
            refuse(
                codes::SQL_SYNTAX,
                select,
                "the query has no FROM; rows come from the `plugin_input`",
            )
        })
    }

    fn with_joins(&self, table: &TableWithJoins) -> Result<From> {
        let mut from = self.factor(&table.relation)?;
        for join in &table.joins {
            let next = self.factor(&join.relation)?;
            from = self.join(from, next, join)?;
        }
        Ok(from)
    }

    fn factor(&self, factor: &TableFactor) -> Result<From> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                self.table(name, alias.as_ref())
            }
            TableFactor::Derived {
                lateral: false,
                subquery,
                alias,
                sample: None,
            } => {
                let Some(alias) = alias else {
                    return Err(refuse(
                        codes::SQL_SYNTAX,
                        subquery.body.span(),
                        "a query behind FROM needs a name",
                    )
                    .with_help("write (SELECT …) AS name"));
                };
                let planned = self.query(subquery)?;
                named(planned.plan, planned.columns, plain(alias)?)
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => self.with_joins(table_with_joins),
            other => Err(unsupported(
                "anything but a table or a query behind FROM",
                other.span(),
            )),
        }
    }

    fn table(&self, name: &ObjectName, alias: Option<&TableAlias>) -> Result<From> {
        let alias = alias.map(plain).transpose()?;
        if let [part] = name.0.as_slice()
            && let Some(ident) = part.as_ident()
        {
            let mut named_before = self.named.iter().rev();
            let known = named_before.find(|(known, _)| known.eq_ignore_ascii_case(&ident.value));
            if let Some((_, planned)) = known {
                let alias = alias.unwrap_or(ident);
                return named(planned.plan.clone(), planned.columns.clone(), alias);
            }
        }
        let (input, table) = self.tables.find(name)?;
        let last = name.0.last().and_then(|part| part.as_ident());
        let called = alias.or(last).map_or("", |ident| ident.value.as_str());
        let qualifier = TableReference::bare(called);
        let provider = InputProvider {
            input,
            table: table.clone(),
            inputs: self.inputs.clone(),
        };
        let source = provider_as_source(Arc::new(provider));
        let plan = LogicalPlanBuilder::scan(qualifier.clone(), source, None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let relation = Relation {
            names: vec![called.to_owned()],
            qualifier: Some(qualifier),
            columns: table.columns().to_vec(),
            title: format!("`{called}`"),
        };
        Ok(From {
            plan,
            scope: Scope {
                relations: vec![relation],
                ..Scope::default()
            },
        })
    }

    fn join(&self, before: From, next: From, written: &Join) -> Result<From> {
        use JoinOperator as Op;
        let span = written.relation.span();
        let (kind, constraint) = match &written.join_operator {
            Op::Join(on) | Op::Inner(on) => (JoinType::Inner, on),
            Op::Left(on) | Op::LeftOuter(on) => (JoinType::Left, on),
            Op::Right(on) | Op::RightOuter(on) => (JoinType::Right, on),
            Op::FullOuter(on) => (JoinType::Full, on),
            Op::CrossJoin(on) => (JoinType::Inner, on),
            Op::Semi(on) | Op::LeftSemi(on) => (JoinType::LeftSemi, on),
            Op::Anti(on) | Op::LeftAnti(on) => (JoinType::LeftAnti, on),
            _ => return Err(unsupported("this kind of join", span)),
        };
        let crossed = matches!(written.join_operator, Op::CrossJoin(_));
        match (constraint, crossed) {
            (JoinConstraint::None, false) => {
                Err(refuse(codes::SQL_SYNTAX, span, "a join needs ON or USING")
                    .with_help("every row with every row is written CROSS JOIN"))
            }
            (JoinConstraint::Natural, _) => Err(unsupported("NATURAL JOIN", span)
                .with_help("name the columns: JOIN … USING (a, b)")),
            (constraint, _) => join(before, next, kind, constraint, span),
        }
    }
}

/// The name of an alias that is nothing else.
fn plain(alias: &TableAlias) -> Result<&Ident> {
    match alias.columns.first() {
        None => Ok(&alias.name),
        Some(column) => Err(unsupported(
            "a list of columns behind a table's name",
            column.name.span,
        )),
    }
}

fn named(plan: LogicalPlan, columns: Vec<Column>, alias: &Ident) -> Result<From> {
    let qualifier = TableReference::bare(alias.value.as_str());
    let plan = LogicalPlanBuilder::from(plan)
        .alias(qualifier.clone())
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)?;
    let relation = Relation {
        names: vec![alias.value.clone()],
        qualifier: Some(qualifier),
        columns,
        title: format!("`{}`", alias.value),
    };
    Ok(From {
        plan,
        scope: Scope {
            relations: vec![relation],
            ..Scope::default()
        },
    })
}

/// Joins two sides. The rows of `next` are those that are held while those of `before` pass: whoever
/// writes a query names the large table first, and looks things up in those behind JOIN.
fn join(
    before: From,
    next: From,
    kind: JoinType,
    constraint: &JoinConstraint,
    span: Span,
) -> Result<From> {
    for relation in &next.scope.relations {
        let name = &relation.names[0];
        let mut known = before.scope.relations.iter();
        if known.any(|r| r.names[0].eq_ignore_ascii_case(name)) {
            return Err(refuse(
                codes::SQL_UNKNOWN,
                span,
                format!("two tables are called `{name}`"),
            )
            .with_help(format!("give one of them another name: {name} AS other")));
        }
    }
    let mut scope = before.scope.clone();
    scope.relations.extend(next.scope.relations.iter().cloned());
    let mut conditions: Vec<PlanExpr> = Vec::new();
    match constraint {
        JoinConstraint::On(condition) => {
            conditions = Compiler::new(&scope).conjuncts(condition)?;
        }
        JoinConstraint::Using(names) => {
            for name in names {
                let [part] = name.0.as_slice() else {
                    return Err(unsupported("a table's name in USING", name.span()));
                };
                let Some(ident) = part.as_ident() else {
                    return Err(unsupported("this in USING", name.span()));
                };
                let names = std::slice::from_ref(ident);
                let left = before.scope.find(names)?.0;
                let right = next.scope.find(names)?.0;
                let compiler = Compiler::new(&scope);
                let (a, b) = compiler.equal_sides(ident, left.clone(), right.clone())?;
                conditions.push(expr::compare(expr::Comparison::Equal, &a, &b).expr);
                let merged = match kind {
                    JoinType::Right => right,
                    JoinType::Full => {
                        let data_type = a.data_type.clone();
                        expr::coalesce(vec![a, b], data_type)
                    }
                    _ => left,
                };
                let merged = (ident.value.clone(), merged);
                scope
                    .merged
                    .retain(|(known, _): &(String, Typed)| *known != merged.0);
                scope.merged.push(merged);
            }
        }
        JoinConstraint::Natural | JoinConstraint::None => {}
    }
    let held_first = match kind {
        JoinType::Left => JoinType::Right,
        JoinType::Right => JoinType::Left,
        JoinType::LeftSemi => JoinType::RightSemi,
        JoinType::LeftAnti => JoinType::RightAnti,
        other => other,
    };
    let builder = LogicalPlanBuilder::from(next.plan);
    let plan = match conditions.is_empty() {
        true => builder.cross_join(before.plan),
        false => builder.join_on(before.plan, held_first, conditions),
    };
    let plan = plan
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)?;
    let left_count = before.scope.relations.len();
    match kind {
        JoinType::LeftSemi | JoinType::LeftAnti => scope = before.scope,
        _ => {
            for (at, relation) in scope.relations.iter_mut().enumerate() {
                let may_be_missing = match kind {
                    JoinType::Left => at >= left_count,
                    JoinType::Right => at < left_count,
                    JoinType::Full => true,
                    _ => false,
                };
                if may_be_missing {
                    relation.columns.iter_mut().for_each(|c| c.nullable = true);
                }
            }
        }
    }
    Ok(From { plan, scope })
}
