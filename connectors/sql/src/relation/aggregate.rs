//! Functions that make one value of many rows: SUM, COUNT and the others.

use std::cell::RefCell;
use std::sync::Arc;

use arrow_schema::{DataType as ArrowType, Field};
use datafusion::functions_aggregate as functions;
use datafusion_common::{Column as PlanColumn, ScalarValue, TableReference};
use datafusion_expr::expr::{AggregateFunction, Sort};
use datafusion_expr::{AggregateUDF, Expr as PlanExpr};
use seatunnel_api::{DataType, Result};
use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, Spanned,
};

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

/// What an aggregate takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Anything, or `*`.
    Rows,
    /// Anything.
    Any,
    /// What can be ordered.
    Ordered,
    /// Numbers; whole ones are added up exactly.
    Sum,
    /// Numbers; decimals stay what they are, others are floats.
    Average,
    /// Numbers, as floats.
    Float,
    /// Conditions.
    Boolean,
    /// Texts, and a text in quotes to put between them.
    Texts,
}

/// An aggregate.
struct Aggregate {
    names: &'static [&'static str],
    takes: Takes,
    function: fn() -> Arc<AggregateUDF>,
    summary: &'static str,
}

const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        names: &["COUNT"],
        takes: Takes::Rows,
        function: functions::count::count_udaf,
        summary: "rows (`COUNT(*)`), or those where the value is not null; `COUNT(DISTINCT x)`",
    },
    Aggregate {
        names: &["SUM"],
        takes: Takes::Sum,
        function: functions::sum::sum_udaf,
        summary: "bigint of whole numbers, and an error if it gets too large; decimals get ten more digits; double of floats",
    },
    Aggregate {
        names: &["AVG", "MEAN"],
        takes: Takes::Average,
        function: functions::average::avg_udaf,
        summary: "a double; decimals get four more digits behind the point",
    },
    Aggregate {
        names: &["MIN"],
        takes: Takes::Ordered,
        function: functions::min_max::min_udaf,
        summary: "the smallest value",
    },
    Aggregate {
        names: &["MAX"],
        takes: Takes::Ordered,
        function: functions::min_max::max_udaf,
        summary: "the largest value",
    },
    Aggregate {
        names: &["MEDIAN"],
        takes: Takes::Float,
        function: functions::median::median_udaf,
        summary: "the value in the middle; all values are held in memory",
    },
    Aggregate {
        names: &["STDDEV", "STDDEV_SAMP"],
        takes: Takes::Float,
        function: functions::stddev::stddev_udaf,
        summary: "standard deviation of a sample",
    },
    Aggregate {
        names: &["STDDEV_POP"],
        takes: Takes::Float,
        function: functions::stddev::stddev_pop_udaf,
        summary: "standard deviation of all",
    },
    Aggregate {
        names: &["VARIANCE", "VAR_SAMP"],
        takes: Takes::Float,
        function: functions::variance::var_samp_udaf,
        summary: "variance of a sample",
    },
    Aggregate {
        names: &["VAR_POP"],
        takes: Takes::Float,
        function: functions::variance::var_pop_udaf,
        summary: "variance of all",
    },
    Aggregate {
        names: &["APPROX_COUNT_DISTINCT", "APPROX_DISTINCT"],
        takes: Takes::Ordered,
        function: functions::approx_distinct::approx_distinct_udaf,
        summary: "about how many different values, in little memory",
    },
    Aggregate {
        names: &["BOOL_AND", "EVERY"],
        takes: Takes::Boolean,
        function: functions::bool_and_or::bool_and_udaf,
        summary: "whether all are true",
    },
    Aggregate {
        names: &["BOOL_OR", "ANY"],
        takes: Takes::Boolean,
        function: functions::bool_and_or::bool_or_udaf,
        summary: "whether one is true",
    },
    Aggregate {
        names: &["STRING_AGG", "LISTAGG"],
        takes: Takes::Texts,
        function: functions::string_agg::string_agg_udaf,
        summary: "the texts, joined: `STRING_AGG(name, ', ' ORDER BY name)`",
    },
    Aggregate {
        names: &["ARRAY_AGG", "COLLECT_LIST"],
        takes: Takes::Any,
        function: functions::array_agg::array_agg_udaf,
        summary: "the values as an array; `ORDER BY` may stand behind the value",
    },
    Aggregate {
        names: &["FIRST_VALUE", "ANY_VALUE"],
        takes: Takes::Any,
        function: functions::first_last::first_value_udaf,
        summary: "the first value; of any row, unless `ORDER BY` stands behind the value",
    },
    Aggregate {
        names: &["LAST_VALUE"],
        takes: Takes::Any,
        function: functions::first_last::last_value_udaf,
        summary: "the last value",
    },
];

fn find(name: &str) -> Option<&'static Aggregate> {
    let mut all = AGGREGATES.iter();
    all.find(|a| a.names.iter().any(|n| n.eq_ignore_ascii_case(name)))
}

/// Whether a function of this name sees all rows.
pub(crate) fn is_aggregate(name: &str) -> bool {
    find(name).is_some()
}

/// The table of all aggregates, for the documentation.
pub(crate) fn page() -> String {
    let mut page = String::from("| call | gives |\n|---|---|\n");
    for aggregate in AGGREGATES {
        page.push_str(&format!(
            "| `{}(value)` | {} |\n",
            aggregate.names.join(" / "),
            aggregate.summary
        ));
    }
    page
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
