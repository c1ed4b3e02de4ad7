//! Functions over a window of rows: ROW_NUMBER and its kin, and aggregates with OVER.

use datafusion::functions_window as functions;
use datafusion_common::ScalarValue;
use datafusion_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion_expr::{
    Expr as PlanExpr, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
};
use seatunnel_api::{DataType, Error, Result};
use sqlparser::ast::{
    Expr, Function, Spanned, WindowFrameBound as WrittenBound, WindowFrameUnits as WrittenUnits,
    WindowSpec, WindowType,
};

use super::aggregates::is_aggregate;
use super::order::How;
use crate::codes;
use crate::compile::Compiler;
use crate::errors::refuse;
use crate::expr::Typed;
use crate::parse::plain_arguments;

/// The functions that need a window, for messages.
const FUNCTIONS: &str =
    "ROW_NUMBER, RANK, DENSE_RANK, PERCENT_RANK, CUME_DIST, NTILE, LAG and LEAD";

/// A function with its arguments, and the type that it gives.
struct Called {
    function: WindowFunctionDefinition,
    args: Vec<PlanExpr>,
    filter: Option<Box<PlanExpr>>,
    distinct: bool,
    gives: DataType,
    result: DataType,
}

impl Compiler<'_> {
    /// A call with OVER, as the column that it becomes.
    ///
    /// # Errors
    /// If the function is none for windows, or the window is not supported.
    pub(crate) fn window(&self, expr: &Expr, function: &Function) -> Result<Typed> {
        let unsupported = |what: &str| {
            refuse(
                codes::SQL_UNSUPPORTED,
                expr.span(),
                format!("{what} is not supported: `{expr}`"),
            )
        };
        let Some(calls) = self.calls() else {
            return Err(unsupported("a window here")
                .with_help("conditions on windows stand behind QUALIFY"));
        };
        let spec = match &function.over {
            Some(WindowType::WindowSpec(spec)) if spec.window_name.is_none() => spec,
            _ => return Err(unsupported("a window with a name")),
        };
        let called = self.called(expr, function)?;
        let mut partition_by = Vec::with_capacity(spec.partition_by.len());
        for by in &spec.partition_by {
            partition_by.push(self.expr(by)?.expr);
        }
        let mut order_by = Vec::with_capacity(spec.order_by.len());
        for by in &spec.order_by {
            order_by.push(How::new(by).of(self.expr(&by.expr)?.expr));
        }
        let frame = frame(spec, &unsupported)?;
        let computed = PlanExpr::WindowFunction(Box::new(WindowFunction {
            fun: called.function,
            params: WindowFunctionParams {
                args: called.args,
                partition_by,
                order_by,
                window_frame: frame,
                filter: called.filter,
                null_treatment: None,
                distinct: called.distinct,
            },
        }));
        let typed = Typed::new(calls.window(computed), called.gives);
        Ok(self.converted(typed, &called.result))
    }

    fn called(&self, expr: &Expr, function: &Function) -> Result<Called> {
        let name = function.name.to_string();
        if is_aggregate(&name) {
            let call = self.aggregate_call(expr, function)?;
            if !call.order_by.is_empty() {
                return Err(refuse(
                    codes::SQL_UNSUPPORTED,
                    expr.span(),
                    format!("`{expr}`: the order of a window stands in OVER (… ORDER BY …)"),
                ));
            }
            return Ok(Called {
                function: WindowFunctionDefinition::AggregateUDF(call.function),
                args: call.args,
                filter: call.filter,
                distinct: call.distinct,
                gives: call.gives,
                result: call.result,
            });
        }
        let args: Vec<Typed> = plain_arguments(function)
            .into_iter()
            .map(|arg| self.expr(arg))
            .collect::<Result<_>>()?;
        let whole = |at: usize, otherwise: i64| match args.get(at) {
            None => Ok(otherwise),
            Some(arg) => arg.constant_long().ok_or_else(|| {
                refuse(
                    codes::SQL_TYPE,
                    expr.span(),
                    format!("`{expr}`: argument {} has to be a whole number", at + 1),
                )
            }),
        };
        let none = || takes(expr, &args, 0..=0);
        let number = |value: i64| PlanExpr::Literal(ScalarValue::Int64(Some(value)), None);
        let (function, args, gives) = match name.to_ascii_uppercase().as_str() {
            "ROW_NUMBER" => {
                none()?;
                let function = functions::row_number::row_number_udwf();
                (function, vec![], DataType::BigInt)
            }
            "RANK" => {
                none()?;
                (functions::rank::rank_udwf(), vec![], DataType::BigInt)
            }
            "DENSE_RANK" => {
                none()?;
                let function = functions::rank::dense_rank_udwf();
                (function, vec![], DataType::BigInt)
            }
            "PERCENT_RANK" => {
                none()?;
                let function = functions::rank::percent_rank_udwf();
                (function, vec![], DataType::Double)
            }
            "CUME_DIST" => {
                none()?;
                let function = functions::cume_dist::cume_dist_udwf();
                (function, vec![], DataType::Double)
            }
            "NTILE" => {
                takes(expr, &args, 1..=1)?;
                let parts = vec![number(whole(0, 1)?)];
                (functions::ntile::ntile_udwf(), parts, DataType::BigInt)
            }
            shift @ ("LAG" | "LEAD") => {
                takes(expr, &args, 1..=3)?;
                let function = match shift {
                    "LAG" => functions::lead_lag::lag_udwf(),
                    _ => functions::lead_lag::lead_udwf(),
                };
                let gives = args[0].data_type.clone();
                let mut all = vec![args[0].expr.clone(), number(whole(1, 1)?)];
                if let Some(otherwise) = args.get(2) {
                    all.push(self.converted(otherwise.clone(), &gives).expr);
                }
                (function, all, gives)
            }
            _ => {
                return Err(refuse(
                    codes::SQL_UNKNOWN,
                    expr.span(),
                    format!("{name} is no function for a window"),
                )
                .with_help(format!("there are {FUNCTIONS}, and all aggregates")));
            }
        };
        Ok(Called {
            function: WindowFunctionDefinition::WindowUDF(function),
            args,
            filter: None,
            distinct: false,
            result: gives.clone(),
            gives,
        })
    }
}

fn takes(expr: &Expr, args: &[Typed], count: std::ops::RangeInclusive<usize>) -> Result<()> {
    if count.contains(&args.len()) {
        return Ok(());
    }
    let (least, most) = (count.start(), count.end());
    let wants = match (least, most) {
        (0, 0) => "no argument".to_owned(),
        (least, most) if least == most => format!("{least} argument(s)"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    Err(refuse(
        codes::SQL_TYPE,
        expr.span(),
        format!("`{expr}` needs {wants}"),
    ))
}

fn frame(spec: &WindowSpec, unsupported: &dyn Fn(&str) -> Error) -> Result<WindowFrame> {
    let Some(written) = &spec.window_frame else {
        let ordered = !spec.order_by.is_empty();
        return Ok(WindowFrame::new(ordered.then_some(false)));
    };
    let units = match written.units {
        WrittenUnits::Rows => WindowFrameUnits::Rows,
        WrittenUnits::Range => WindowFrameUnits::Range,
        WrittenUnits::Groups => WindowFrameUnits::Groups,
    };
    let rows = |count: &Option<Box<Expr>>| -> Result<ScalarValue> {
        let Some(count) = count else {
            return Ok(ScalarValue::UInt64(None));
        };
        let digits = count.to_string().parse::<u64>().ok();
        match (digits, units) {
            (Some(rows), WindowFrameUnits::Rows | WindowFrameUnits::Groups) => {
                Ok(ScalarValue::UInt64(Some(rows)))
            }
            _ => Err(unsupported("this frame of a window")),
        }
    };
    let bound = |written: &WrittenBound| -> Result<WindowFrameBound> {
        Ok(match written {
            WrittenBound::CurrentRow => WindowFrameBound::CurrentRow,
            WrittenBound::Preceding(count) => WindowFrameBound::Preceding(rows(count)?),
            WrittenBound::Following(count) => WindowFrameBound::Following(rows(count)?),
        })
    };
    let start = bound(&written.start_bound)?;
    let end = match &written.end_bound {
        Some(end) => bound(end)?,
        None => WindowFrameBound::CurrentRow,
    };
    Ok(WindowFrame::new_bounds(units, start, end))
}
