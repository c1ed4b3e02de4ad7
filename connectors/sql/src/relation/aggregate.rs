//! Functions that make one value of many rows: SUM, COUNT and the others.

use std::cell::RefCell;
use std::sync::Arc;

use arrow_schema::{DataType as ArrowType, Field};
use datafusion_common::{Column as PlanColumn, ScalarValue, TableReference};
use datafusion_expr::expr::{AggregateFunction, Sort};
use datafusion_expr::{AggregateUDF, Expr as PlanExpr};
use seatunnel_api::{DataType, Result};
use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, Spanned,
};

use super::aggregates::{Takes, find};
use super::order::How;
use crate::codes;
use crate::compile::{Compiler, is_number, is_whole};
use crate::errors::{from_datafusion, refuse};
use crate::expr::Typed;

/// What the columns belong to that groups and windows make.
pub(super) fn of_calls() -> TableReference {
    TableReference::bare("#")
}

/// The calls of aggregates and windows in a query, each of which becomes a column of its own.
#[derive(Default)]
pub(crate) struct Calls {
    aggregates: RefCell<Vec<PlanExpr>>,
    windows: RefCell<Vec<PlanExpr>>,
}

impl Calls {
    /// The column of an aggregate: one that was called before has one already.
    pub(super) fn aggregate(&self, call: PlanExpr) -> PlanExpr {
        column(&self.aggregates, "call", call)
    }

    /// The column of a window.
    pub(super) fn window(&self, call: PlanExpr) -> PlanExpr {
        column(&self.windows, "window", call)
    }

    pub(super) fn any_aggregate(&self) -> bool {
        !self.aggregates.borrow().is_empty()
    }

    pub(super) fn take_aggregates(&self) -> Vec<PlanExpr> {
        self.aggregates.take()
    }

    pub(super) fn take_windows(&self) -> Vec<PlanExpr> {
        self.windows.take()
    }
}

fn column(calls: &RefCell<Vec<PlanExpr>>, name: &str, call: PlanExpr) -> PlanExpr {
    let mut calls = calls.borrow_mut();
    let at = calls.iter().position(|known| *known == call);
    let at = at.unwrap_or_else(|| {
        calls.push(call);
        calls.len() - 1
    });
    PlanExpr::Column(PlanColumn::new(Some(of_calls()), format!("{name}{at}")))
}

/// The values of a call as our types have them: DataFusion counts in 64 bits without a sign.
pub(super) fn signed(column: PlanExpr, data_type: &ArrowType) -> PlanExpr {
    match data_type {
        ArrowType::UInt64 => datafusion_expr::cast(column, ArrowType::Int64),
        _ => column,
    }
}

/// A call of an aggregate: the expression that computes it, and what becomes of its value.
pub(super) struct AggregateCall {
    pub(super) function: Arc<AggregateUDF>,
    pub(super) args: Vec<PlanExpr>,
    pub(super) distinct: bool,
    pub(super) filter: Option<Box<PlanExpr>>,
    pub(super) order_by: Vec<Sort>,
    /// The type that the function gives.
    pub(super) gives: DataType,
    /// The type that the query sees.
    pub(super) result: DataType,
}

impl Compiler<'_> {
    /// A call of an aggregate, as the column that it becomes.
    ///
    /// # Errors
    /// If the arguments don't fit, or rows are not grouped where it stands.
    pub(crate) fn aggregate(&self, expr: &Expr, function: &Function) -> Result<Typed> {
        let Some(calls) = self.calls() else {
            return Err(refuse(
                codes::SQL_UNSUPPORTED,
                expr.span(),
                format!("`{expr}` is made of many rows, and here is asked for a value of each"),
            )
            .with_help(
                "conditions on groups stand behind HAVING; an aggregate can't hold another",
            ));
        };
        let call = self.inner().aggregate_call(expr, function)?;
        let computed = PlanExpr::AggregateFunction(AggregateFunction::new_udf(
            call.function,
            call.args,
            call.distinct,
            call.filter,
            call.order_by,
            None,
        ));
        let typed = Typed::new(calls.aggregate(computed), call.gives);
        Ok(self.converted(typed, &call.result))
    }

    /// Reads the arguments of an aggregate with this compiler.
    pub(super) fn aggregate_call(&self, expr: &Expr, function: &Function) -> Result<AggregateCall> {
        let name = function.name.to_string();
        let Some(aggregate) = find(&name) else {
            return Err(refuse(
                codes::SQL_UNKNOWN,
                expr.span(),
                format!("there is no aggregate {name}"),
            ));
        };
        let refused =
            |what: &str| refuse(codes::SQL_TYPE, expr.span(), format!("`{expr}`: {what}"));
        let unsupported = |what: &str| {
            refuse(
                codes::SQL_UNSUPPORTED,
                expr.span(),
                format!("`{expr}`: {what} is not supported"),
            )
        };
        let FunctionArguments::List(list) = &function.args else {
            return Err(refused("it needs arguments"));
        };
        let mut order_by = Vec::new();
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(written) => {
                    for by in written {
                        order_by.push(How::new(by).of(self.expr(&by.expr)?.expr));
                    }
                }
                other => return Err(unsupported(&format!("{other}"))),
            }
        }
        for by in &function.within_group {
            order_by.push(How::new(by).of(self.expr(&by.expr)?.expr));
        }
        if function.null_treatment.is_some() {
            return Err(unsupported("IGNORE NULLS or RESPECT NULLS"));
        }
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let filter = match &function.filter {
            Some(condition) => Some(Box::new(self.condition(condition)?.expr)),
            None => None,
        };
        let mut args = Vec::with_capacity(list.args.len());
        for arg in &list.args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) => args.push(self.expr(arg)?),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard)
                    if aggregate.takes == Takes::Rows && !distinct => {}
                _ => return Err(unsupported("this form of arguments")),
            }
        }
        let texts = aggregate.takes == Takes::Texts;
        match args.len() {
            0 if aggregate.takes == Takes::Rows && !distinct => {
                let one = PlanExpr::Literal(ScalarValue::Int64(Some(1)), None);
                args.push(Typed::new(one, DataType::BigInt));
            }
            1 => {}
            2 if texts => {}
            _ if texts => return Err(refused("it needs a text, and what stands between")),
            _ => return Err(refused("it needs one argument")),
        }
        let mut args = args.into_iter();
        let first = args.next().ok_or_else(|| refused("it needs an argument"))?;
        let first = self.aggregated(aggregate.takes, first).map_err(|what| {
            let error = refused(&format!("it needs {what}"));
            match what {
                "numbers" => error.with_help("CAST makes numbers of texts"),
                _ => error,
            }
        })?;
        let whole = aggregate.takes == Takes::Sum && is_whole(&first.data_type);
        let first = match whole && first.data_type == DataType::BigInt {
            // Added up in more digits: a sum that is too large is an error and not another number.
            true => {
                let digits = DataType::Decimal {
                    precision: 19,
                    scale: 0,
                };
                self.converted(first, &digits)
            }
            false if whole => self.converted(first, &DataType::BigInt),
            false => first,
        };
        let mut all = vec![first];
        if texts {
            let between = match args.next() {
                Some(between) if between.constant_text().is_some() => between,
                Some(_) => return Err(refused("what stands between has to be a text in quotes")),
                None => crate::expr::constant_text(","),
            };
            all.push(between);
        }
        let function = (aggregate.function)();
        let fields: Vec<_> = all
            .iter()
            .map(|arg| Arc::new(Field::new("", arg.data_type.to_arrow(), true)))
            .collect();
        let gives = function.return_field(&fields).map_err(from_datafusion)?;
        let gives = gives.data_type();
        let gives = match gives {
            // See `signed`.
            ArrowType::UInt64 => Some(DataType::BigInt),
            other => DataType::from_arrow(other),
        }
        .ok_or_else(|| refused(&format!("its result, {gives}, is no type of ours")))?;
        Ok(AggregateCall {
            function,
            args: all.into_iter().map(|arg| arg.expr).collect(),
            distinct,
            filter,
            order_by,
            result: if whole {
                DataType::BigInt
            } else {
                gives.clone()
            },
            gives,
        })
    }

    /// The argument as the aggregate wants it, or what it has to be.
    fn aggregated(&self, takes: Takes, arg: Typed) -> Result<Typed, &'static str> {
        let number = is_number(&arg.data_type);
        let null = arg.data_type == DataType::Null;
        let decimal = matches!(arg.data_type, DataType::Decimal { .. });
        Ok(match takes {
            Takes::Rows | Takes::Any if null => self.converted(arg, &DataType::Int),
            Takes::Rows | Takes::Any => arg,
            Takes::Ordered => match arg.data_type {
                DataType::Array(_)
                | DataType::Map(..)
                | DataType::Row(_)
                | DataType::FloatVector(_) => {
                    return Err("what can be ordered");
                }
                DataType::Null => self.converted(arg, &DataType::Int),
                _ => arg,
            },
            Takes::Sum if decimal || is_whole(&arg.data_type) => arg,
            Takes::Sum if null => self.converted(arg, &DataType::Int),
            Takes::Average if decimal => arg,
            Takes::Sum | Takes::Average | Takes::Float if number || null => {
                self.converted(arg, &DataType::Double)
            }
            Takes::Sum | Takes::Average | Takes::Float => return Err("numbers"),
            Takes::Boolean if arg.data_type == DataType::Boolean => arg,
            Takes::Boolean => return Err("conditions"),
            Takes::Texts if crate::cast::can_cast(&arg.data_type, &DataType::String) => {
                self.converted(arg, &DataType::String)
            }
            Takes::Texts => return Err("texts"),
        })
    }
}
